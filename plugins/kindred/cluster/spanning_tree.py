"""The minimum spanning tree in mutual reachability, from the neighbour graph and exact search."""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kindred.cluster.outside import Searched, Wanted, comes_first, list_radii, search_outside
from kindred.cluster.reachability import Reachability
from kindred.errors import DataError
from kindred.graph.compiled import compiled
from kindred.graph.rows import KINDS
from kindred.graph.threads import cut, in_threads
from kindred.graph.tiles import make_tiles
from kindred.metrics import Metric

log = logging.getLogger(__name__)

PIECE = 256
"""Queries searched one after another by one thread; they lie near each other."""

PIECES_AT_ONCE = 4


@dataclass(frozen=True)
class Edges:
    """Pairs of points ``low`` < ``high``, int32, and their ``weight``, float32; all (edges,)."""

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    @classmethod
    def none(cls, count: int) -> "Edges":
        """Room for edges, each behind every real one."""
        return cls(
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.iinfo(np.int32).max, dtype=np.int32),
            np.full(count, np.inf, dtype=np.float32),
        )

    def at(self, rows: np.ndarray) -> "Edges":
        """Some of the edges."""
        return Edges(self.low[rows], self.high[rows], self.weight[rows])


def spanning_tree(reach: Reachability, *, threads: int = 1) -> Edges:
    """The minimum spanning tree of all points by the mutual reachability distance.

    Parameters
    ----------
    reach : Reachability
    threads : int
        Changes no result.

    Returns
    -------
    Edges
        One fewer than points, in the order (weight, low, high), which makes the tree unique. The
        weight of a pair is the largest of its distance and both core distances.

    Raises
    ------
    DataError
        A distance overflows float32.

    Notes
    -----
    Borůvka's algorithm (1926). The first edge out of a component is in its points' lists, unless a
    point may have a neighbour outside that its list was too short to hold: a point of which nothing
    is known beyond a distance that is below the weight of the component's first known edge. Those
    points are searched exactly. Each round grows the quarter of the components that have fewest of
    them, so the large ones are hardly ever searched. The tree is exact if the lists are.
    """
    count = len(reach.points)
    component = np.arange(count, dtype=np.int32)
    known = np.ascontiguousarray(reach.distances[:, -1])
    search = OutsideSearch(reach, threads)
    active = component.copy()
    rounds: list[Edges] = []
    while (components := int(component.max(initial=0)) + 1) > 1:
        best = Edges.none(components)
        is_open = np.zeros(len(active), dtype=np.bool_)
        scan_lists(
            active, reach.neighbours, reach.distances, reach.core, component,
            best.low, best.high, best.weight, is_open,
        )  # fmt: skip
        active = active[is_open]
        is_grown, queries = _to_search(known, reach.core, component, best)
        search.improve(queries, component, best)
        known[queries] = best.weight[component[queries]]
        rounds.append(best.at(np.flatnonzero(is_grown)))
        _require_finite(rounds[-1])
        log.info("%d components, %d points searched outside theirs", components, len(queries))
        component = _joined(component, components, rounds[-1])
    return _sorted(rounds)


def _to_search(
    known: np.ndarray, core: np.ndarray, component: np.ndarray, best: Edges
) -> tuple[np.ndarray, np.ndarray]:
    """Which components grow, and their points whose lists leave the first edge in doubt."""
    limit = best.weight[component]
    in_doubt = np.flatnonzero((known <= limit) & (core <= limit)).astype(np.int32)
    doubts = np.bincount(component[in_doubt], minlength=len(best.weight))
    quarter = (len(doubts) - 1) // 4
    is_grown = doubts <= np.partition(doubts, quarter)[quarter]
    return is_grown, in_doubt[is_grown[component[in_doubt]]]


def _require_finite(edges: Edges) -> None:
    if not np.isfinite(edges.weight).all():
        raise DataError(
            "vectors: a distance is too large for float32, so no segment can be found; look for"
            " huge values in the encoded columns, and give them 'clip' or 'transform: log1p'"
        )


class OutsideSearch:
    """Exact search for the first edge that leads out of a component."""

    def __init__(self, reach: Reachability, threads: int) -> None:
        self._reach = reach
        self._threads = threads
        self._searched: Searched | None = None

    def improve(self, queries: np.ndarray, component: np.ndarray, best: Edges) -> None:
        """Put the first edges out of the components of the queries into ``best``.

        ``queries`` int32, rising, are all points of their components that may have an edge that
        comes before the component's own in ``best``, (components,).
        """
        if len(queries) == 0:
            return
        self._searched = searched = self._searched or _make_searched(self._reach)
        queries = queries[np.argsort(component[queries], kind="stable")]
        starts = _pieces(component[queries])
        only = _only_component(component, self._reach.list_starts)
        found = Edges.none(len(starts) - 1)
        wanted = Wanted(component, only, best.weight.copy(), found.weight, found.low, found.high)

        def search(first: int, last: int) -> None:
            search_outside(queries, starts, first, last, searched, wanted)

        in_threads(search, cut(len(starts) - 1, PIECES_AT_ONCE), self._threads)
        first_queries = queries[starts[:-1]]
        offer(component[first_queries], found.low, found.high, found.weight,
              best.low, best.high, best.weight)  # fmt: skip


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


@compiled
def scan_lists(
    active: np.ndarray,
    neighbours: np.ndarray,
    distances: np.ndarray,
    core: np.ndarray,
    component: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    weight: np.ndarray,
    is_open: np.ndarray,
) -> None:
    """The first edge out of every component in the lists of the active points, both ways.

    ``is_open`` bool (active,) tells which points still have neighbours outside.
    """
    for at in range(len(active)):
        point = active[at]
        own = component[point]
        for j in range(neighbours.shape[1]):
            other = neighbours[point, j]
            if other < 0 or component[other] == own:
                continue
            is_open[at] = True
            reached = max(distances[point, j], core[point], core[other])
            first, second = min(point, other), max(point, other)
            for c in (own, component[other]):
                if comes_first(reached, first, second, weight[c], low[c], high[c]):
                    weight[c], low[c], high[c] = reached, first, second


@compiled
def offer(
    component: np.ndarray,
    found_low: np.ndarray,
    found_high: np.ndarray,
    found_weight: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Keep the found edges that come before the best of their component."""
    for i in range(len(component)):
        c = component[i]
        if comes_first(found_weight[i], found_low[i], found_high[i], weight[c], low[c], high[c]):
            weight[c], low[c], high[c] = found_weight[i], found_low[i], found_high[i]


def _pieces(component: np.ndarray) -> np.ndarray:
    """Where pieces of at most `PIECE` queries of one component begin, and the end."""
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


def _joined(component: np.ndarray, components: int, edges: Edges) -> np.ndarray:
    shape = (components, components)
    ends = (component[edges.low], component[edges.high])
    links = coo_array((np.ones(len(edges.low), dtype=np.int8), ends), shape=shape)
    joined: np.ndarray = connected_components(links, directed=False)[1].astype(np.int32)
    return np.asarray(joined[component])


def _sorted(rounds: list[Edges]) -> Edges:
    """The edges of all rounds, once each: two components may choose the same one."""
    if not rounds:
        return Edges.none(0)
    low, high, weight = (
        np.concatenate([getattr(edges, name) for edges in rounds])
        for name in ("low", "high", "weight")
    )
    order = np.lexsort((high, low, weight))
    low, high, weight = low[order], high[order], weight[order]
    is_new = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    return Edges(low[is_new], high[is_new], weight[is_new])
