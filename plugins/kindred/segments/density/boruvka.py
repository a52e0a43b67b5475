"""The minimum spanning tree in mutual reachability, from the neighbour graph and exact search."""

import logging

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kindred.errors import DataError
from kindred.neighbours.compiled import compiled
from kindred.segments.density.boruvka_edges import Edges, comes_first
from kindred.segments.density.boruvka_search import OutsideSearch
from kindred.segments.density.reachability import Reachability

log = logging.getLogger(__name__)


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
    is known beyond a distance that is not above the weight of the component's first known edge.
    Those points are searched. Each round grows the quarter of the components that have fewest of
    them, so the large ones are hardly ever searched. The tree is exact if the graph is, up to
    `outside_search.EXACT_POINTS`; above, near lists alone are searched for components that have an
    edge already, which gave another edge for fewer than one point in ten thousand.
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
