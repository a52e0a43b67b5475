"""Search for the first edges out of components, on several threads."""

import numpy as np

from kindred.neighbours.candidate_rows import KINDS
from kindred.neighbours.inverted_lists import nearest_lists
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import make_tiles
from kindred.segments.density.boruvka_edges import Edges, offer
from kindred.segments.density.boruvka_exact_scan import search_outside
from kindred.segments.density.boruvka_near_scan import search_near
from kindred.segments.density.boruvka_state import Searched, Wanted, list_radii
from kindred.segments.density.reachability import Reachability
from kindred.spec.metrics import Metric

PIECE = 256
"""Queries searched one after another by one thread; they lie near each other."""

PIECES_AT_ONCE = 4
"""Pieces of one call: some hundred queries are some milliseconds of work."""

EXACT_POINTS = 200_000
"""Points up to which all of them are searched, if need be: seconds grow with their square."""

NEAR_LISTS = 256
"""Lists near each list among which those with points outside are looked for above."""

VISITS = 32
"""Lists with points outside that a point is searched in above."""


class OutsideSearch:
    """Search for the first edge that leads out of a component; exact up to `EXACT_POINTS`."""

    def __init__(self, reach: Reachability, threads: int) -> None:
        self._reach = reach
        self._threads = threads
        self._searched: Searched | None = None
        self._near = np.empty((0, 0), dtype=np.int32)

    def improve(self, queries: np.ndarray, component: np.ndarray, best: Edges) -> None:
        """Put the first edges out of the components of the queries into ``best``.

        ``queries`` int32, rising, are all points of their components that may have an edge that
        comes before the component's own in ``best``, (components,).
        """
        if len(queries) == 0:
            return
        self._searched = searched = self._searched or _make_searched(self._reach)
        if len(component) > EXACT_POINTS:
            self._search_near(queries[best.weight[component[queries]] < np.inf], component, best)
            queries = queries[best.weight[component[queries]] == np.inf]
        queries = queries[np.argsort(component[queries], kind="stable")]
        starts = _pieces(component[queries])
        wanted = self._wanted(component, best, len(starts) - 1)

        def search(first: int, last: int) -> None:
            search_outside(queries, starts, first, last, searched, wanted)

        in_threads(search, cut(len(starts) - 1, PIECES_AT_ONCE), self._threads)
        _take(queries[starts[:-1]], wanted, best)

    def _search_near(self, queries: np.ndarray, component: np.ndarray, best: Edges) -> None:
        """Search near lists only, for components that have an edge already."""
        searched = self._searched or _make_searched(self._reach)
        if self._near.size == 0:
            self._near = nearest_lists(
                self._reach.centroids, NEAR_LISTS, is_product=False, threads=self._threads
            )
        home = np.searchsorted(self._reach.list_starts, queries, side="right")
        order = np.lexsort((component[queries], home))
        queries = queries[order]
        starts = _pieces(component[queries] + np.int64(len(component)) * home[order])
        wanted = self._wanted(component, best, len(starts) - 1)

        def search(first: int, last: int) -> None:
            search_near(queries, starts, first, last, self._near, VISITS, searched, wanted)

        in_threads(search, cut(len(starts) - 1, PIECES_AT_ONCE), self._threads)
        _take(queries[starts[:-1]], wanted, best)

    def _wanted(self, component: np.ndarray, best: Edges, pieces: int) -> Wanted:
        only = _only_component(component, self._reach.list_starts)
        found = Edges.none(pieces)
        return Wanted(component, only, best.weight.copy(), found.weight, found.low, found.high)


def _take(first_queries: np.ndarray, wanted: Wanted, best: Edges) -> None:
    """Keep what was found for the pieces where it comes before the best of the component."""
    offer(
        wanted.component[first_queries], wanted.low, wanted.high, wanted.weight,
        best.low, best.high, best.weight,
    )  # fmt: skip


def _make_searched(reach: Reachability) -> Searched:
    tiles = make_tiles(reach.points, reach.list_starts, Metric.L2)
    whole = np.array([0, len(reach.centroids)], dtype=np.int64)
    to_centroid = np.empty(len(reach.points), dtype=np.float32)
    radii = np.zeros(len(reach.centroids), dtype=np.float32)
    list_radii(reach.points, reach.list_starts, reach.centroids, to_centroid, radii)
    return Searched(
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
        _least(reach.core, reach.list_starts),
    )


def _pieces(component: np.ndarray) -> np.ndarray:
    """Where pieces of at most `PIECE` queries of one component begin, and the end."""
    if len(component) == 0:
        return np.zeros(1, dtype=np.int64)
    is_new = np.r_[True, component[1:] != component[:-1]]
    begins = np.flatnonzero(is_new)
    within = np.arange(len(component)) - np.repeat(begins, np.diff(np.r_[begins, len(component)]))
    return np.append(np.flatnonzero(within % PIECE == 0), len(component))


def _only_component(component: np.ndarray, list_starts: np.ndarray) -> np.ndarray:
    """The component that all points of a list are in; -1 where there are several, or no point."""
    least = _least(component, list_starts)
    most = -_least(-component, list_starts)
    return np.where(least == most, least, -1).astype(np.int32)


def _least(values: np.ndarray, list_starts: np.ndarray) -> np.ndarray:
    """The least value of each list; the largest there is for an empty one."""
    out = np.full(len(list_starts) - 1, values.max(), dtype=values.dtype)
    is_filled = np.diff(list_starts) > 0
    out[is_filled] = np.minimum.reduceat(values, list_starts[:-1][is_filled])
    return out
