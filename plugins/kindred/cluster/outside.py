"""The nearest pair between a group of points and all others, in mutual reachability: compiled.

Exact: what is skipped is proved to be farther. A list is skipped where its ball, or the plane
across the line between its centroid and that of the queries, keeps it away from the query.
"""

from typing import NamedTuple

import numpy as np

from kindred.graph.compiled import compiled
from kindred.graph.rows import KINDS, exact_distance
from kindred.graph.tiles import padded_size, score_buffer, score_group
from kindred.metrics import Metric

COSINE = KINDS[Metric.COSINE]

UNIT = 2.0**-24
"""The largest relative error of one float32 operation."""

NORMALISED = 8.0 * UNIT
"""How far rounding to unit vectors of float32 moves a distance under cosine, at most."""

PLANES_FROM = 32
"""Queries from which the planes pay: they cost as much as four queries against everything."""


class Searched(NamedTuple):
    """All points, as `reachability.Reachability` has them, and their lists as tiles.

    ``kind`` is the metric's. ``values``, ``offsets`` and ``list_starts`` are those of
    `tiles.Tiles`, ``centroid_tile`` the values of one tile of all centroids. ``to_centroid``
    float32 (points,) is the squared distance to the own centroid, ``radii`` and ``least_core``
    float32 (lists,) the largest distance and the least core distance of a list.
    """

    kind: int
    vectors: np.ndarray
    points: np.ndarray
    values: np.ndarray
    offsets: np.ndarray
    list_starts: np.ndarray
    centroids: np.ndarray
    centroid_tile: np.ndarray
    to_centroid: np.ndarray
    radii: np.ndarray
    core: np.ndarray
    least_core: np.ndarray


class Wanted(NamedTuple):
    """What a round of searches looks for, and what it has found.

    ``component`` int32 (points,); ``only_component`` int32 (lists,), -1 for a list of several;
    ``bound`` float32 (components,): the weight of an edge out of each, which falls as shorter ones
    are found, also by other threads. ``weight``, ``low`` and ``high`` (pieces,) are the first edge
    found for each piece, infinity to begin with.
    """

    component: np.ndarray
    only_component: np.ndarray
    bound: np.ndarray
    weight: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Planes(NamedTuple):
    """Where lists begin on the line from the mean of some queries to each centroid.

    ``middle`` float32 (dimensions,) is the mean; ``places`` and ``apart`` float64 (lists,) are the
    least place of a list's points on that line, and the length of it, 0 where there is none.
    """

    middle: np.ndarray
    places: np.ndarray
    apart: np.ndarray


@compiled
def comes_first(
    weight: np.float32, low: int, high: int, weight2: np.float32, low2: int, high2: int
) -> bool:
    """Whether an edge is before another one in the order (weight, points) of all edges."""
    if weight != weight2:
        return bool(weight < weight2)
    if low != low2:
        return bool(low < low2)
    return bool(high < high2)


@compiled
def euclidean(left: np.ndarray, right: np.ndarray) -> np.float32:
    """The Euclidean distance of two points."""
    return exact_distance(0, left, right)


@compiled
def reached(kind: int, left: np.ndarray, right: np.ndarray) -> np.float32:
    """The distance of `reachability.euclidean_of`, bit by bit, by the metric's kind."""
    distance = exact_distance(kind, left, right)
    if kind == COSINE:
        return np.float32(np.sqrt(2.0 * max(np.float64(distance), 0.0)))
    return distance


@compiled
def list_radii(
    points: np.ndarray,
    list_starts: np.ndarray,
    centroids: np.ndarray,
    to_centroid: np.ndarray,
    radii: np.ndarray,
) -> None:
    """Fill the squared distance of every point to its centroid, and the radius of every list."""
    for number in range(len(centroids)):
        for i in range(list_starts[number], list_starts[number + 1]):
            distance = euclidean(points[i], centroids[number])
            to_centroid[i] = distance * distance
            radii[number] = max(radii[number], distance)


@compiled
def search_outside(
    queries: np.ndarray,
    piece_starts: np.ndarray,
    first: int,
    last: int,
    searched: Searched,
    wanted: Wanted,
) -> None:
    """The first edge that leads out of the component, for the pieces from ``first`` to ``last``.

    Piece p is ``queries[piece_starts[p]:piece_starts[p + 1]]``, points of one component, near each
    other. An edge that does not come before the one of ``bound`` may be missing.
    """
    lists, dimensions = searched.centroids.shape
    widest = padded_size(np.max(searched.list_starts[1:] - searched.list_starts[:-1]))
    scores = score_buffer(widest)
    near = score_buffer(padded_size(lists))
    least = np.empty((4, lists), dtype=np.float64)
    group = np.empty((4, dimensions), dtype=np.float32)
    planes = Planes(np.empty(dimensions, dtype=np.float32), np.empty(lists), np.zeros(lists))
    for piece in range(first, last):
        start, stop = piece_starts[piece], piece_starts[piece + 1]
        planes.apart[:] = 0.0
        if stop - start >= PLANES_FROM:
            _lay_planes(queries[start:stop], searched, scores, group, planes)
        for q in range(start, stop, 4):
            _search_group(
                queries[q : min(q + 4, stop)], piece, searched, wanted, planes, scores, near, least,
                group,
            )  # fmt: skip


@compiled
def _search_group(
    queries: np.ndarray,
    piece: int,
    searched: Searched,
    wanted: Wanted,
    planes: Planes,
    scores: np.ndarray,
    near: np.ndarray,
    least: np.ndarray,
    group: np.ndarray,
) -> None:
    """Up to four queries against all lists that may hold something near enough."""
    moved = NORMALISED if searched.kind == COSINE else 0.0
    own = wanted.component[queries[0]]
    for r in range(4):
        group[r] = searched.points[queries[min(r, len(queries) - 1)]]
    score_group(group, searched.centroid_tile, padded_size(least.shape[1]), False, near)
    for r in range(len(queries)):
        _bound_lists(near[r], searched.radii, group[r], planes, least[r])
    for number in _visits(least, wanted.bound[own]):
        limit = wanted.bound[own]
        if wanted.only_component[number] == own or searched.least_core[number] > limit:
            continue
        is_near = False
        for r in range(len(queries)):
            if searched.core[queries[r]] <= limit and least[r, number] <= limit + moved:
                is_near = True
        if not is_near:
            continue
        begin, end = searched.list_starts[number], searched.list_starts[number + 1]
        tile = searched.values[searched.offsets[number] : searched.offsets[number + 1]]
        score_group(group, tile, padded_size(end - begin), False, scores)
        for r in range(len(queries)):
            _keep_first(scores[r], begin, end, queries[r], piece, searched, wanted)


@compiled
def _visits(least: np.ndarray, bound: np.float32) -> np.ndarray:
    """The lists in their own order, or, where no edge is known yet, the nearest first."""
    if bound < np.inf:
        return np.arange(least.shape[1])
    return np.argsort(least[0])


@compiled
def _lay_planes(
    queries: np.ndarray, searched: Searched, scores: np.ndarray, group: np.ndarray, planes: Planes
) -> None:
    """For each list the least place of its points on the line from the queries' mean to it."""
    planes.middle[:] = 0.0
    for query in queries:
        for d in range(len(planes.middle)):
            planes.middle[d] += searched.points[query, d] / np.float32(len(queries))
    for r in range(4):
        group[r] = planes.middle
    slack = _slack(len(planes.middle))
    for number in range(len(searched.centroids)):
        apart = np.float64(euclidean(planes.middle, searched.centroids[number]))
        if apart <= 0.0:
            continue
        begin, end = searched.list_starts[number], searched.list_starts[number + 1]
        tile = searched.values[searched.offsets[number] : searched.offsets[number + 1]]
        score_group(group, tile, padded_size(end - begin), False, scores)
        least = np.inf
        for i in range(end - begin):
            far, own = np.float64(scores[0, i]), np.float64(searched.to_centroid[begin + i])
            place = far + apart * apart - own - slack * (far + apart * apart + own)
            least = min(least, place)
        planes.apart[number] = apart
        planes.places[number] = least / (2.0 * apart)


@compiled
def _slack(dimensions: int) -> float:
    """How far, relative to itself, a sum of squares in float32 may be off, twice over.

    Less than (d + 3) units (Higham 2002, section 3.1), and the distance it is compared with is
    rounded too.
    """
    return 4.0 * UNIT * (dimensions + 3)


@compiled
def _bound_lists(
    near: np.ndarray, radii: np.ndarray, query: np.ndarray, planes: Planes, least: np.ndarray
) -> None:
    """A distance below which no point of a list is from the query, for every list."""
    slack = _slack(len(query))
    to_middle = np.float64(euclidean(query, planes.middle)) ** 2
    for number in range(len(radii)):
        score = np.float64(near[number])
        least[number] = np.sqrt(score) * (1.0 - slack) - radii[number] * (1.0 + slack)
        if planes.apart[number] > 0.0:
            between = planes.apart[number] * planes.apart[number]
            place = to_middle + between - score + slack * (to_middle + between + score)
            gap = planes.places[number] - place / (2.0 * planes.apart[number])
            least[number] = max(least[number], gap)


@compiled
def _keep_first(
    scores: np.ndarray,
    begin: int,
    end: int,
    query: int,
    piece: int,
    searched: Searched,
    wanted: Wanted,
) -> None:
    """Keep the first edge from the query to points of a list, if it comes before the piece's."""
    own = wanted.component[query]
    limit = wanted.bound[own]
    core = searched.core
    if core[query] > limit:
        return
    largest = _score_of(limit, searched)
    for i in range(end - begin):
        other = begin + i
        if scores[i] > largest or wanted.component[other] == own or core[other] > limit:
            continue
        distance = reached(searched.kind, searched.vectors[query], searched.vectors[other])
        weight = max(distance, core[query], core[other])
        low, high = min(query, other), max(query, other)
        if weight <= limit and comes_first(
            weight, low, high, wanted.weight[piece], wanted.low[piece], wanted.high[piece]
        ):
            wanted.weight[piece], wanted.low[piece], wanted.high[piece] = weight, low, high
            if weight < wanted.bound[own]:
                wanted.bound[own] = weight
            limit = wanted.bound[own]
            largest = _score_of(limit, searched)


@compiled
def _score_of(limit: np.float32, searched: Searched) -> np.float32:
    """The largest score that a pair at a distance can have."""
    moved = NORMALISED if searched.kind == COSINE else 0.0
    farthest = np.float64(limit) + moved
    return np.float32(farthest * farthest * (1.0 + _slack(searched.points.shape[1])))
