"""Exact search of all points for the first edge out of a component.

A list is skipped only if a lower bound proves that all its points are too far away. There are two
bounds: the ball around the list's centroid, and a plane that separates the list from the queries,
perpendicular to the line from the queries' mean to the list's centroid.
"""

from typing import NamedTuple

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.tiles import padded_size, score_buffer, score_group
from kindred.segments.density.boruvka_state import (
    COSINE,
    NORMALISED,
    PointIndex,
    RoundState,
    euclidean,
    list_buffer,
    load_group,
    search_list,
    slack_of,
)

PLANES_FROM = 32
"""Queries of a piece from which planes pay off: they cost as much as scanning four queries."""


class Planes(NamedTuple):
    """Separating planes: where each list begins on the line from ``middle`` to its centroid.

    ``middle`` float32 (dimensions,) is the mean of the queries. ``shift`` and ``slope`` are float64
    (lists,): a query with squared distance m to the mean and c to a list's centroid is at least
    ``shift`` + ``slope`` (c - m) from every point of the list. ``shift`` is -infinity for lists
    without a plane.
    """

    middle: np.ndarray
    shift: np.ndarray
    slope: np.ndarray


@compiled
def search_outside(
    queries: np.ndarray,
    piece_starts: np.ndarray,
    first: int,
    last: int,
    index: PointIndex,
    state: RoundState,
) -> None:
    """Find the first edge out of the component for the pieces from ``first`` to ``last``.

    Piece p is ``queries[piece_starts[p]:piece_starts[p + 1]]``: points of one component that lie
    near each other. Edges heavier than ``bound`` may be missed.
    """
    lists, dimensions = index.centroids.shape
    scores = list_buffer(index.list_starts)
    near = score_buffer(padded_size(lists))
    least = np.empty((4, lists), dtype=np.float64)
    group = np.empty((4, dimensions), dtype=np.float32)
    nearest = np.empty(lists, dtype=np.float64)
    planes = Planes(np.zeros(dimensions, dtype=np.float32), np.empty(lists), np.empty(lists))
    for piece in range(first, last):
        start, stop = piece_starts[piece], piece_starts[piece + 1]
        planes.shift[:], planes.slope[:] = -np.inf, 0.0
        if stop - start >= PLANES_FROM:
            _lay_planes(queries[start:stop], index, scores, group, planes)
        for q in range(start, stop, 4):
            _search_group(
                queries[q : min(q + 4, stop)], piece, index, state, planes, scores, near, least,
                nearest, group,
            )  # fmt: skip


@compiled
def _search_group(
    queries: np.ndarray,
    piece: int,
    index: PointIndex,
    state: RoundState,
    planes: Planes,
    scores: np.ndarray,
    near: np.ndarray,
    least: np.ndarray,
    nearest: np.ndarray,
    group: np.ndarray,
) -> None:
    """Search up to four queries in all lists that may hold a point that is near enough."""
    own = state.component[queries[0]]
    moved = NORMALISED if index.kind == COSINE else 0.0
    load_group(queries, index.points, group)
    score_group(group, index.centroid_tile, padded_size(least.shape[1]), False, near)
    nearest[:] = np.inf
    for r in range(len(queries)):
        _bound_lists(near[r], index.radii, group[r], planes, least[r], nearest)
    for number in _visits(nearest, state.bound[own]):
        limit = state.bound[own]
        # With a million customers, all but a few dozen lists are skipped here.
        if nearest[number] > limit + moved:
            continue
        if state.only_component[number] != own and index.least_core[number] <= limit:
            search_list(queries, number, least[:, number], piece, index, state, scores, group)


@compiled
def _visits(nearest: np.ndarray, bound: np.float32) -> np.ndarray:
    """The order in which to visit lists: nearest first if no edge is known yet, else as stored."""
    if bound < np.inf:
        return np.arange(len(nearest))
    return np.argsort(nearest)


@compiled
def _lay_planes(
    queries: np.ndarray, index: PointIndex, scores: np.ndarray, group: np.ndarray, planes: Planes
) -> None:
    """Compute each list's plane from the smallest projection of its points onto the line to it."""
    planes.middle[:] = 0.0
    for query in queries:
        for d in range(len(planes.middle)):
            planes.middle[d] += index.points[query, d] / np.float32(len(queries))
    for r in range(4):
        group[r] = planes.middle
    slack = slack_of(len(planes.middle))
    for number in range(len(index.centroids)):
        apart = np.float64(euclidean(planes.middle, index.centroids[number]))
        if apart <= 0.0:
            continue
        begin, end = index.list_starts[number], index.list_starts[number + 1]
        tile = index.values[index.offsets[number] : index.offsets[number + 1]]
        score_group(group, tile, padded_size(end - begin), False, scores)
        least = np.inf
        for i in range(end - begin):
            far, own = np.float64(scores[0, i]), np.float64(index.to_centroid[begin + i])
            place = far + apart * apart - own - slack * (far + apart * apart + own)
            least = min(least, place)
        planes.slope[number] = 1.0 / (2.0 * apart)
        planes.shift[number] = (least - apart * apart * (1.0 + slack)) * planes.slope[number]


@compiled
def _bound_lists(
    near: np.ndarray,
    radii: np.ndarray,
    query: np.ndarray,
    planes: Planes,
    least: np.ndarray,
    nearest: np.ndarray,
) -> None:
    """Fill ``least`` with a lower bound of the distance from the query to each list's points.

    ``nearest`` is lowered to the minimum over several queries.
    """
    slack = slack_of(len(query))
    to_middle = np.float64(euclidean(query, planes.middle)) ** 2 * (1.0 + slack)
    for number in range(len(radii)):
        score = np.float64(near[number])
        ball = np.sqrt(score) * (1.0 - slack) - radii[number] * (1.0 + slack)
        gap = planes.shift[number] + planes.slope[number] * (score * (1.0 - slack) - to_middle)
        least[number] = max(ball, gap)
        nearest[number] = min(nearest[number], least[number])
