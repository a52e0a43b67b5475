"""Edges that lead out of a component of points: what their search goes through, and keeps."""

from typing import NamedTuple

import numpy as np

from kindred.neighbours.candidate_rows import KINDS, exact_distance
from kindred.neighbours.compiled import compiled
from kindred.neighbours.tiles import padded_size, score_buffer, score_group
from kindred.segments.density.boruvka_edges import comes_first
from kindred.spec.metrics import Metric

COSINE = KINDS[Metric.COSINE]

UNIT = 2.0**-24
"""The largest relative error of one float32 operation."""

NORMALISED = 8.0 * UNIT
"""How far rounding to unit vectors of float32 moves a distance under cosine, at most."""


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
def slack_of(dimensions: int) -> float:
    """How far, relative to itself, a sum of squares in float32 may be off, twice over.

    Less than (d + 3) units (Higham 2002, section 3.1), and the distance it is compared with is
    rounded too.
    """
    return 4.0 * UNIT * (dimensions + 3)


@compiled
def list_buffer(list_starts: np.ndarray) -> np.ndarray:
    """Room for the scores of four queries against any list."""
    return score_buffer(padded_size(np.max(list_starts[1:] - list_starts[:-1])))


@compiled
def load_group(queries: np.ndarray, points: np.ndarray, group: np.ndarray) -> None:
    """Up to four queries side by side; the last one fills up."""
    for r in range(4):
        group[r] = points[queries[min(r, len(queries) - 1)]]


@compiled
def search_list(
    queries: np.ndarray,
    number: int,
    least: np.ndarray,
    piece: int,
    searched: Searched,
    wanted: Wanted,
    scores: np.ndarray,
    group: np.ndarray,
) -> None:
    """Up to four queries against one list, unless it is too far from all of them.

    ``least`` float64 (4,): no point of the list is nearer to the query; ``group`` holds their
    points.
    """
    moved = NORMALISED if searched.kind == COSINE else 0.0
    limit = wanted.bound[wanted.component[queries[0]]]
    is_near = False
    for r in range(len(queries)):
        if searched.core[queries[r]] <= limit and least[r] <= limit + moved:
            is_near = True
    if not is_near:
        return
    begin, end = searched.list_starts[number], searched.list_starts[number + 1]
    tile = searched.values[searched.offsets[number] : searched.offsets[number + 1]]
    score_group(group, tile, padded_size(end - begin), False, scores)
    for r in range(len(queries)):
        _keep_first(scores[r], begin, end, queries[r], piece, searched, wanted)


@compiled
def outside_ball(score: np.float32, radius: np.float32, slack: float) -> float:
    """How far from a query the points of a list are at least, by its centroid's score."""
    return float(np.sqrt(np.float64(score)) * (1.0 - slack) - radius * (1.0 + slack))


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
    for start in range(0, end - begin, 64):
        block = scores[start : start + 64]
        # Hardly any block holds one that is near enough; see `tiles.keep_best`.
        near = 0
        for j in range(64):
            near += block[j] <= largest
        if near:
            for j in range(min(64, end - begin - start)):
                other = begin + start + j
                if block[j] <= largest and wanted.component[other] != own:
                    _keep_pair(query, other, piece, searched, wanted)
            largest = _score_of(wanted.bound[own], searched)


@compiled
def _keep_pair(query: int, other: int, piece: int, searched: Searched, wanted: Wanted) -> None:
    """Keep an edge if it comes before the piece's, and lower the bound of its component."""
    own, core = wanted.component[query], searched.core
    if core[other] > wanted.bound[own]:
        return
    distance = reached(searched.kind, searched.vectors[query], searched.vectors[other])
    weight = max(distance, core[query], core[other])
    low, high = min(query, other), max(query, other)
    if weight <= wanted.bound[own] and comes_first(
        weight, low, high, wanted.weight[piece], wanted.low[piece], wanted.high[piece]
    ):
        wanted.weight[piece], wanted.low[piece], wanted.high[piece] = weight, low, high
        if weight < wanted.bound[own]:
            wanted.bound[own] = weight


@compiled
def _score_of(limit: np.float32, searched: Searched) -> np.float32:
    """The largest score that a pair at a distance can have."""
    moved = NORMALISED if searched.kind == COSINE else 0.0
    farthest = np.float64(limit) + moved
    return np.float32(farthest * farthest * (1.0 + slack_of(searched.points.shape[1])))
