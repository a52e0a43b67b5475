"""Search of distinct vectors by lists, which returns neighbouring customers."""

import numpy as np

from kindred.neighbours.affected import ChangedPoints, find_affected
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
        self._metric = metric
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
        positions: np.ndarray,
        width: int,
        *,
        threads: int = 1,
    ) -> Found:
        """The nearest customers of the vectors at ascending ``positions`` in list order.

        ``width`` must be at most the number of eligible customers. A limit is infinite where any
        change can change what was found.
        """
        rows = np.empty((len(positions), width), dtype=np.int32)
        distances = np.empty((len(positions), width), dtype=np.float32)
        limits = np.empty(len(positions), dtype=np.float32)

        def search(first: int, last: int) -> None:
            block = slice(first, last)
            limits[block] = self._search(positions[block], rows[block], distances[block])

        in_threads(search, self._pieces(positions), threads, "searching lists")
        short = np.flatnonzero(rows[:, -1] < 0)
        if short.size:
            points = self._lists.order[positions[short]]
            exact = self._exact.nearest_of(points, width, threads)
            rows[short], distances[short], limits[short] = exact.rows, exact.distances, np.inf
        return Found(rows, distances, limits)

    def affected(
        self,
        first: int,
        last: int,
        changed: np.ndarray,
        lists_of_changed: np.ndarray,
        limits: np.ndarray,
        *,
        threads: int = 1,
    ) -> np.ndarray:
        """Whether a changed point may change what was found for the lists ``first`` to ``last``.

        Parameters
        ----------
        first, last : int
        changed : ndarray of float32, shape (changed, dimensions)
            Vectors that have come or gone.
        lists_of_changed : ndarray of int, shape (changed,)
        limits : ndarray of float32, shape (points of these lists,)
            As `nearest` returned them; NaN where it does not matter.

        Returns
        -------
        ndarray of bool, shape (points of these lists,)
        """
        starts = self._lists.starts[first : last + 1]
        return find_affected(
            self._searchable[starts[0] : starts[-1]],
            starts - starts[0],
            self._near[first:last],
            limits,
            ChangedPoints(searchable(changed, self._metric), lists_of_changed),
            is_product=self._tiles.is_product,
            threads=threads,
        )

    def _search(self, positions: np.ndarray, rows: np.ndarray, distances: np.ndarray) -> np.ndarray:
        lists, tiles = self._lists, self._tiles
        first, last = np.searchsorted(lists.starts, positions[[0, -1]], side="right").tolist()
        count = rows.shape[1] + SPARE_CANDIDATES
        kept = np.full((len(positions), count), np.inf, dtype=np.float32)
        ids = np.full((len(positions), count), -1, dtype=np.int32)
        search_lists(
            first - 1,
            last,
            self._searchable[positions],
            np.searchsorted(positions, lists.starts[first - 1 : last + 1]),
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
        nearest_rows(
            self._kind,
            self._points[positions],
            self._points,
            ids,
            self._starts,
            self._members,
            rows,
            distances,
        )
        return np.asarray(kept[:, -1])

    def _pieces(self, positions: np.ndarray) -> list[tuple[int, int]]:
        """Cut the positions into those of whole lists, about `QUERIES_AT_ONCE` each."""
        wanted = np.append(np.arange(0, len(positions), QUERIES_AT_ONCE), len(positions))
        edges = np.unique(list_edges(np.searchsorted(positions, self._lists.starts), wanted))
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
