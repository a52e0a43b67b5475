"""Search of distinct vectors in the lists near their own."""

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.inverted_lists import Lists, list_edges
from kindred.neighbours.list_kernel import search_lists
from kindred.neighbours.list_points import ListPoints
from kindred.neighbours.results import Candidates, Found
from kindred.neighbours.search_plan import SPARE_CANDIDATES
from kindred.neighbours.threads import in_threads
from kindred.neighbours.tiles import make_tiles
from kindred.spec.metrics import Metric

QUERIES_AT_ONCE = 4096


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
        self._tiles = make_tiles(self._points.searchable, lists.starts, metric)

    def nearest(self, start: int, stop: int, width: int, *, threads: int = 1) -> Found:
        """The nearest customers of the vectors from ``start`` to ``stop`` in list order.

        Both are starts of lists, or the end of the last one. ``width`` must be at most the number
        of eligible customers.
        """
        found = self.candidates(start, stop, width + SPARE_CANDIDATES, threads=threads)
        return self._points.nearest(np.arange(start, stop), found.points, width, threads=threads)

    def candidates(self, start: int, stop: int, count: int, *, threads: int = 1) -> Candidates:
        """The ``count`` nearest vectors of those from ``start`` to ``stop``."""
        scores = np.full((stop - start, count), np.inf, dtype=np.float32)
        points = np.full((stop - start, count), -1, dtype=np.int32)
        lists, tiles = self._lists, self._tiles

        def search(first: int, last: int) -> None:
            block = slice(lists.starts[first] - start, lists.starts[last] - start)
            search_lists(
                first,
                last,
                self._points.searchable[lists.starts[first] : lists.starts[last]],
                lists.starts[first : last + 1] - lists.starts[first],
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

        in_threads(search, self._pieces(start, stop), threads, "searching lists", "lists")
        return Candidates(start, points, scores)

    def _pieces(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Cut the lists into pieces of about `QUERIES_AT_ONCE` vectors."""
        starts = self._lists.starts
        edges = list_edges(starts, np.append(np.arange(start, stop, QUERIES_AT_ONCE), stop))
        numbers = np.unique(np.searchsorted(starts, edges))
        return list(zip(numbers[:-1].tolist(), numbers[1:].tolist(), strict=True))
