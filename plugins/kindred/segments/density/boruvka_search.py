"""Multithreaded search for the first edges out of components."""

import numpy as np

from kindred.neighbours.candidate_rows import KINDS
from kindred.neighbours.inverted_lists import nearest_lists
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import make_tiles
from kindred.segments.density.boruvka_edges import Edges, offer
from kindred.segments.density.boruvka_scan import search_outside
from kindred.segments.density.boruvka_state import PointIndex, RoundState, list_radii
from kindred.segments.density.reachability import Reachability
from kindred.spec.metrics import Metric

PIECE = 256
"""Queries that one thread searches in a row; they lie near each other."""

PIECES_AT_ONCE = 4
"""Pieces per kernel call: several hundred queries are a few milliseconds of work."""

EXACT_POINTS = 200_000
"""Up to this many points the search is exact; its time grows with the square of the points."""

NEAR_LISTS = 256
"""Above `EXACT_POINTS`: nearby lists considered for each list."""

VISITS = 32
"""Above `EXACT_POINTS`: lists with points of other components that are searched per point."""

EVERYWHERE = np.empty((0, 0), dtype=np.int32)


class OutsideSearch:
    """Searches for the first edge out of a component; exact up to `EXACT_POINTS` points."""

    def __init__(self, reach: Reachability, threads: int) -> None:
        self._reach = reach
        self._threads = threads
        self._index: PointIndex | None = None
        self._near = EVERYWHERE

    def improve(self, queries: np.ndarray, component: np.ndarray, best: Edges) -> None:
        """Update ``best``, (components,), with the first edges out of the queries' components.

        ``queries`` int32, ascending, must contain every point of these components that may have an
        edge which sorts before the component's edge in ``best``.
        """
        if len(queries) == 0:
            return
        self._index = self._index or _make_index(self._reach)
        if len(component) > EXACT_POINTS:
            self._search_near(queries[best.weight[component[queries]] < np.inf], component, best)
            queries = queries[best.weight[component[queries]] == np.inf]
        queries = queries[np.argsort(component[queries], kind="stable")]
        self._search(queries, _pieces(component[queries]), EVERYWHERE, component, best)

    def _search_near(self, queries: np.ndarray, component: np.ndarray, best: Edges) -> None:
        """Search nearby lists only, for components that already have an edge."""
        if self._near.size == 0:
            self._near = nearest_lists(
                self._reach.centroids, NEAR_LISTS, is_product=False, threads=self._threads
            )
        home = np.searchsorted(self._reach.list_starts, queries, side="right")
        order = np.lexsort((component[queries], home))
        queries = queries[order]
        starts = _pieces(component[queries] + np.int64(len(component)) * home[order])
        self._search(queries, starts, self._near, component, best)

    def _search(
        self,
        queries: np.ndarray,
        starts: np.ndarray,
        near: np.ndarray,
        component: np.ndarray,
        best: Edges,
    ) -> None:
        index = self._index or _make_index(self._reach)
        state = self._round_state(component, best, len(starts) - 1)

        def search(first: int, last: int) -> None:
            search_outside(queries, starts, first, last, near, VISITS, index, state)

        pieces = cut(len(starts) - 1, PIECES_AT_ONCE)
        what = "searching near lists" if near.size else "searching everywhere"
        in_threads(search, pieces, self._threads, what, "pieces")
        _take(queries[starts[:-1]], state, best)

    def _round_state(self, component: np.ndarray, best: Edges, pieces: int) -> RoundState:
        only = _only_component(component, self._reach.list_starts)
        found = Edges.none(pieces)
        return RoundState(component, only, best.weight.copy(), found.weight, found.low, found.high)


def _take(first_queries: np.ndarray, state: RoundState, best: Edges) -> None:
    """Update ``best`` with the edges found for the pieces, where they sort first."""
    offer(
        state.component[first_queries], state.low, state.high, state.weight,
        best.low, best.high, best.weight,
    )  # fmt: skip


def _make_index(reach: Reachability) -> PointIndex:
    tiles = make_tiles(reach.points, reach.list_starts, Metric.L2)
    whole = np.array([0, len(reach.centroids)], dtype=np.int64)
    to_centroid = np.empty(len(reach.points), dtype=np.float32)
    radii = np.zeros(len(reach.centroids), dtype=np.float32)
    list_radii(reach.points, reach.list_starts, reach.centroids, to_centroid, radii)
    return PointIndex(
        KINDS[reach.metric],
        reach.vectors,
        reach.points,
        tiles.values,
        tiles.offsets,
        tiles.starts,
        reach.centroids,
        make_tiles(reach.centroids, whole, Metric.L2).values,
        to_centroid,
        radii,
        reach.core,
        reach.rank,
        _least(reach.core, reach.list_starts),
    )


def _pieces(component: np.ndarray) -> np.ndarray:
    """Start of each piece (at most `PIECE` queries of one component), followed by the end."""
    if len(component) == 0:
        return np.zeros(1, dtype=np.int64)
    is_new = np.r_[True, component[1:] != component[:-1]]
    begins = np.flatnonzero(is_new)
    within = np.arange(len(component)) - np.repeat(begins, np.diff(np.r_[begins, len(component)]))
    return np.append(np.flatnonzero(within % PIECE == 0), len(component))


def _only_component(component: np.ndarray, list_starts: np.ndarray) -> np.ndarray:
    """The component of each list's points; -1 for lists with several components or no point."""
    least = _least(component, list_starts)
    most = -_least(-component, list_starts)
    return np.where(least == most, least, -1).astype(np.int32)


def _least(values: np.ndarray, list_starts: np.ndarray) -> np.ndarray:
    """The minimum of each list; for an empty list, the maximum of all values."""
    out = np.full(len(list_starts) - 1, values.max(), dtype=values.dtype)
    is_filled = np.diff(list_starts) > 0
    out[is_filled] = np.minimum.reduceat(values, list_starts[:-1][is_filled])
    return out
