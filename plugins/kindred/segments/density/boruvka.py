"""The minimum spanning tree by mutual reachability, from the neighbour graph and exact search."""

import logging

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kindred.errors import DataError
from kindred.neighbours.compiled import compiled
from kindred.progress.steps import step
from kindred.segments.density.boruvka_edges import Edges, comes_first
from kindred.segments.density.boruvka_search import OutsideSearch
from kindred.segments.density.reachability import Reachability

log = logging.getLogger(__name__)


def spanning_tree(reach: Reachability, *, threads: int = 1) -> Edges:
    """The minimum spanning tree of all points by mutual reachability distance.

    Returns
    -------
    Edges
        One fewer than there are points, sorted by weight, then by the ranks of the points, which
        makes the tree unique; ``low`` and ``high`` are the numbers of the points, of which the
        first has the lower rank. The weight of a pair is the maximum of its distance and both core
        distances. The number of threads and the order of the lists do not change the result.

    Raises
    ------
    DataError
        A distance overflows float32.

    Notes
    -----
    Borůvka's algorithm (1926). Each round adds the first (smallest) edge out of a component. That
    edge is in the neighbour lists of the component's points, unless a list is too short: a list
    leaves it in doubt if its last distance is at most the weight of the component's best known
    edge. Points with such lists are searched. Each round grows only the quarter of the components
    that have the fewest of them, so large components are rarely searched.

    If the graph is exact, the tree is exact up to `boruvka_search.EXACT_POINTS` points. Above that,
    components that already have an edge are searched in nearby lists only; in measurements this
    gave a different edge for fewer than one point in ten thousand.
    """
    count = len(reach.points)
    component = np.arange(count, dtype=np.int32)
    search = OutsideSearch(reach, threads)
    active = component.copy()
    known = np.ascontiguousarray(reach.distances[:, -1])
    point_of = np.argsort(reach.rank).astype(np.int32)
    rounds: list[Edges] = []
    while (components := int(component.max(initial=0)) + 1) > 1:
        best = Edges.none(components)
        is_open = np.zeros(len(active), dtype=np.bool_)
        scan_lists(
            active, reach.neighbours, reach.distances, reach.core, reach.rank, component,
            best.low, best.high, best.weight, is_open,
        )  # fmt: skip
        active = active[is_open]
        is_grown, queries = _to_search(known, reach.core, component, best)
        with step(f"edges out of {components} components from {len(queries)} points"):
            search.improve(queries, component, best)
        known[queries] = best.weight[component[queries]]
        rounds.append(best.at(np.flatnonzero(is_grown)))
        _require_finite(rounds[-1])
        log.info("%d components, searched for edges from %d points", components, len(queries))
        ends = (point_of[rounds[-1].low], point_of[rounds[-1].high])
        component = _joined(component, components, ends)
    tree = _sorted(rounds)
    return Edges(point_of[tree.low], point_of[tree.high], tree.weight)


def _to_search(
    known: np.ndarray, core: np.ndarray, component: np.ndarray, best: Edges
) -> tuple[np.ndarray, np.ndarray]:
    """The components to grow in this round, and their points that have to be searched."""
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


@compiled
def scan_lists(
    active: np.ndarray,
    neighbours: np.ndarray,
    distances: np.ndarray,
    core: np.ndarray,
    rank: np.ndarray,
    component: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    weight: np.ndarray,
    is_open: np.ndarray,
) -> None:
    """Find the first edge out of every component in the active points' lists, in both directions.

    Sets ``is_open`` bool (active,) for points that still have neighbours in other components.
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
            if reached > max(weight[own], weight[component[other]]):
                continue
            first, second = min(rank[point], rank[other]), max(rank[point], rank[other])
            for c in (own, component[other]):
                if comes_first(reached, first, second, weight[c], low[c], high[c]):
                    weight[c], low[c], high[c] = reached, first, second


def _joined(
    component: np.ndarray, components: int, ends: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The component of each point after the points at both ends of edges are joined."""
    shape = (components, components)
    joining = (component[ends[0]], component[ends[1]])
    links = coo_array((np.ones(len(ends[0]), dtype=np.int8), joining), shape=shape)
    joined: np.ndarray = connected_components(links, directed=False)[1].astype(np.int32)
    return np.asarray(joined[component])


def _sorted(rounds: list[Edges]) -> Edges:
    """The edges of all rounds without duplicates: two components may choose the same edge."""
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
