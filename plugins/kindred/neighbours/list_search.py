"""Search of distinct vectors by lists, which returns neighbouring customers."""

import numpy as np

from kindred.neighbours.candidate_rows import KINDS, nearest_rows
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact_search import ExactSearch
from kindred.neighbours.inverted_lists import Lists, list_edges
from kindred.neighbours.list_kernel import search_lists
from kindred.neighbours.results import Found
from kindred.neighbours.threads import in_threads
from kindred.neighbours.tiles import make_tiles, searchable
from kindred.spec.metrics import Metric

SPARE_CANDIDATES = 5
"""Extra candidates, so that float32 rounding hardly ever decides about a neighbour."""

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
        self._kind = KINDS[metric]
        self._lists = lists
        self._near = near
        self._probes = probes
        self._exact = ExactSearch(vectors, distinct, lists.order, metric)
        self._points = vectors[distinct.first_rows[lists.order]]
        self._searchable = searchable(self._points, metric)
        self._tiles = make_tiles(self._searchable, lists.starts, metric)
        self._starts, self._members = distinct.members_of(lists.order)

    def nearest(
        self,
        start: int,
        stop: int,
        width: int,
        *,
        threads: int = 1,
    ) -> Found:
        """The nearest customers of the vectors at positions ``start`` to ``stop`` in list order.

        Both must be starts of lists. ``width`` must be at most the number of eligible customers.
        """
        rows = np.empty((stop - start, width), dtype=np.int32)
        distances = np.empty((stop - start, width), dtype=np.float32)

        def search(first: int, last: int) -> None:
            block = slice(first - start, last - start)
            self._search(first, last, rows[block], distances[block])

        in_threads(search, self._pieces(start, stop), threads, "searching lists")
        short = np.flatnonzero(rows[:, -1] < 0)
        if short.size:
            points = self._lists.order[start + short]
            rows[short], distances[short] = self._exact.nearest_of(points, width, threads)
        return rows, distances

    def _search(self, start: int, stop: int, rows: np.ndarray, distances: np.ndarray) -> None:
        lists, tiles = self._lists, self._tiles
        first, last = np.searchsorted(lists.starts, [start, stop])
        count = rows.shape[1] + SPARE_CANDIDATES
        kept = np.full((stop - start, count), np.inf, dtype=np.float32)
        ids = np.full((stop - start, count), -1, dtype=np.int32)
        search_lists(
            first,
            last,
            self._searchable,
            tiles.values,
            tiles.offsets,
            tiles.starts,
            tiles.is_product,
            lists.centroids,
            self._near,
            self._probes,
            kept,
            ids,
        )
        points = self._points
        nearest_rows(
            self._kind,
            points[start:stop],
            points,
            ids,
            self._starts,
            self._members,
            rows,
            distances,
        )

    def _pieces(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Cut the range into whole lists with about `QUERIES_AT_ONCE` vectors each."""
        wanted = np.append(np.arange(start, stop, QUERIES_AT_ONCE), stop)
        edges = np.unique(list_edges(self._lists.starts, wanted))
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
