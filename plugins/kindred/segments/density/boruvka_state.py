"""Data of the search for edges out of a component, and the kernels that read it."""

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
"""Under cosine, the most that rounding unit vectors to float32 can change a distance."""


class PointIndex(NamedTuple):
    """All points, as in `reachability.Reachability`, and their lists as tiles.

    ``kind`` is the metric's number in `candidate_rows.KINDS`. ``values``, ``offsets`` and
    ``list_starts`` are those of `tiles.Tiles`; ``centroid_tile`` is one tile of all centroids.
    ``to_centroid`` float32 (points,) is the squared distance to the point's own centroid. ``radii``
    and ``least_core`` float32 (lists,) are the largest distance to the centroid and the smallest
    core distance in a list. ``rank`` int32 (points,) decides ties.
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
    rank: np.ndarray
    least_core: np.ndarray


class RoundState(NamedTuple):
    """The components in one round of searches, and the edges found so far.

    ``component`` int32 (points,). ``only_component`` int32 (lists,): the component of all points of
    a list, -1 if it has several. ``bound`` float32 (components,): the smallest weight known of an
    edge out of each component; all threads lower it as they find lighter edges. ``weight``, ``low``
    and ``high`` (pieces,): the first edge found for each piece; the initial weight is infinity.
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
    """The distance as `reachability.euclidean_of` computes it, bit for bit."""
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
    """Compute the squared distance of every point to its centroid, and the radius of every list."""
    for number in range(len(centroids)):
        for i in range(list_starts[number], list_starts[number + 1]):
            distance = euclidean(points[i], centroids[number])
            to_centroid[i] = distance * distance
            radii[number] = max(radii[number], distance)


@compiled
def slack_of(dimensions: int) -> float:
    """Relative error allowed for a sum of squares in float32, with a safety factor.

    The error is below (d + 3) units (Higham 2002, section 3.1). The distance it is compared with is
    rounded, too.
    """
    return 4.0 * UNIT * (dimensions + 3)


@compiled
def list_buffer(list_starts: np.ndarray) -> np.ndarray:
    """A buffer for the scores of four queries against the longest list."""
    return score_buffer(padded_size(np.max(list_starts[1:] - list_starts[:-1])))


@compiled
def load_group(queries: np.ndarray, points: np.ndarray, group: np.ndarray) -> None:
    """Copy up to four queries into ``group``; the last one fills the remaining rows."""
    for r in range(4):
        group[r] = points[queries[min(r, len(queries) - 1)]]


@compiled
def search_list(
    queries: np.ndarray,
    number: int,
    least: np.ndarray,
    piece: int,
    index: PointIndex,
    state: RoundState,
    scores: np.ndarray,
    group: np.ndarray,
) -> None:
    """Search up to four queries in one list, unless it is too far from all of them.

    ``least`` float64 (4,) is a lower bound of each query's distance to the list's points; ``group``
    holds the queries' coordinates.
    """
    moved = NORMALISED if index.kind == COSINE else 0.0
    limit = state.bound[state.component[queries[0]]]
    is_near = False
    for r in range(len(queries)):
        if index.core[queries[r]] <= limit and least[r] <= limit + moved:
            is_near = True
    if not is_near:
        return
    begin, end = index.list_starts[number], index.list_starts[number + 1]
    tile = index.values[index.offsets[number] : index.offsets[number + 1]]
    score_group(group, tile, padded_size(end - begin), False, scores)
    for r in range(len(queries)):
        _keep_first(scores[r], begin, end, queries[r], piece, index, state)


@compiled
def _keep_first(
    scores: np.ndarray,
    begin: int,
    end: int,
    query: int,
    piece: int,
    index: PointIndex,
    state: RoundState,
) -> None:
    """Keep the first edge from the query to a point of the list, if it sorts before the piece's."""
    own = state.component[query]
    limit = state.bound[own]
    core = index.core
    if core[query] > limit:
        return
    largest = _score_of(limit, index)
    for start in range(0, end - begin, 64):
        block = scores[start : start + 64]
        # Hardly any block holds a point that is near enough; see `tiles.keep_best`.
        near = 0
        for j in range(64):
            near += block[j] <= largest
        if near:
            for j in range(min(64, end - begin - start)):
                other = begin + start + j
                if block[j] <= largest and state.component[other] != own:
                    _keep_pair(query, other, piece, index, state)
            largest = _score_of(state.bound[own], index)


@compiled
def _keep_pair(query: int, other: int, piece: int, index: PointIndex, state: RoundState) -> None:
    """Keep an edge if it sorts before the piece's, and lower the bound of its component."""
    own, core = state.component[query], index.core
    if core[other] > state.bound[own]:
        return
    distance = reached(index.kind, index.vectors[query], index.vectors[other])
    weight = max(distance, core[query], core[other])
    low = min(index.rank[query], index.rank[other])
    high = max(index.rank[query], index.rank[other])
    if weight <= state.bound[own] and comes_first(
        weight, low, high, state.weight[piece], state.low[piece], state.high[piece]
    ):
        state.weight[piece], state.low[piece], state.high[piece] = weight, low, high
        if weight < state.bound[own]:
            state.bound[own] = weight


@compiled
def _score_of(limit: np.float32, index: PointIndex) -> np.float32:
    """The largest score of a pair whose distance is at most ``limit``."""
    moved = NORMALISED if index.kind == COSINE else 0.0
    farthest = np.float64(limit) + moved
    return np.float32(farthest * farthest * (1.0 + slack_of(index.points.shape[1])))
