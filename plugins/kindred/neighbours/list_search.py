"""Search of distinct vectors in the lists near their own."""

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.inverted_lists import Lists
from kindred.neighbours.list_kernel import search_lists
from kindred.neighbours.list_points import ListPoints
from kindred.neighbours.results import Candidates, Found
from kindred.neighbours.search_plan import SPARE_CANDIDATES
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import make_tiles
from kindred.spec.metrics import Metric

LARGEST_PIECE, SMALLEST_PIECE = 4096, 64
PROBES_AT_ONCE = 1 << 19
"""Vectors searched together, which share the lists that they load into the cache. Limiting their
probes bounds what the choice of lists takes per thread: 4 MB up to 8,192 probes per vector."""


class ListSearch:
    """Searches nearby lists for neighbours; exact search for vectors with too few candidates."""

    def __init__(
        self,
        vectors: np.ndarray,
        distinct: Distinct,
        metric: Metric,
        lists: Lists,
        near: np.ndarray,
        probes: int,
    ) -> None:
        self._lists = lists
        self._near = near
        self._probes = probes
        self._points = ListPoints(vectors, distinct, metric, lists.order)
        self._own = np.repeat(np.arange(len(near), dtype=np.int32), np.diff(lists.starts))
        self._tiles = make_tiles(self._points.searchable, lists.starts, metric)

    def nearest(self, start: int, stop: int, width: int, *, threads: int = 1) -> Found:
        """The nearest customers of the vectors from ``start`` to ``stop`` in list order.

        ``width`` must be at most the number of eligible customers.
        """
        found = self.candidates(start, stop, width + SPARE_CANDIDATES, threads=threads)
        return self._points.nearest(np.arange(start, stop), found.points, width, threads=threads)

    def candidates(self, start: int, stop: int, count: int, *, threads: int = 1) -> Candidates:
        """The ``count`` nearest vectors of those from ``start`` to ``stop``."""
        scores = np.full((stop - start, count), np.inf, dtype=np.float32)
        points = np.full((stop - start, count), -1, dtype=np.int32)
        lists, tiles = self._lists, self._tiles

        def search(first: int, last: int) -> None:
            block = slice(first - start, last - start)
            search_lists(
                self._points.searchable[first:last],
                self._own[first:last],
                tiles.values,
                tiles.offsets,
                tiles.starts,
                tiles.is_product,
                lists.centroids,
                self._near,
                self._probes,
                scores[block],
                points[block],
            )

        size = max(SMALLEST_PIECE, min(LARGEST_PIECE, PROBES_AT_ONCE // self._probes))
        pieces = [(start + first, start + last) for first, last in cut(stop - start, size)]
        in_threads(search, pieces, threads, "searching lists")
        return Candidates(start, points, scores)
