"""Search of lists for the first edge out of a component.

A list is skipped only if a lower bound proves that all its points are too far away. There are two
bounds: the ball around the list's centroid, and a plane that separates the list from the queries,
perpendicular to the line from the queries' mean to the list's centroid. In a hundred dimensions,
balls hardly ever skip a list, and planes most lists.
"""

from typing import NamedTuple

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.list_training import gather_columns
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


class Buffers(NamedTuple):
    """Memory that the pieces of a call share; ``widest`` is the largest number of lists searched.

    ``tile`` holds the centroids of the lists, ``scores`` float32 (4, longest list), ``near``
    float32, ``least`` float64, both (4, ``widest``), ``nearest`` float64 (``widest``,), ``group``
    float32 (4, dimensions).
    """

    tile: np.ndarray
    scores: np.ndarray
    near: np.ndarray
    least: np.ndarray
    nearest: np.ndarray
    group: np.ndarray


@compiled
def search_outside(
    queries: np.ndarray,
    piece_starts: np.ndarray,
    first: int,
    last: int,
    near_lists: np.ndarray,
    visits: int,
    index: PointIndex,
    state: RoundState,
) -> None:
    """Find the first edge out of the component for the pieces from ``first`` to ``last``.

    Piece p is ``queries[piece_starts[p]:piece_starts[p + 1]]``: points of one component that lie
    near each other. Edges heavier than ``bound`` may be missed. ``near_lists`` int32 (lists, width)
    holds the lists near each list, nearest first: the first ``visits`` of them with points outside
    the component are searched, near the list of the piece's first query. Without any (width 0), all
    lists are searched.
    """
    lists, dimensions = index.centroids.shape
    widest = min(lists, visits) if near_lists.shape[1] else lists
    buffers = Buffers(
        np.zeros(dimensions * padded_size(widest), dtype=np.float32),
        list_buffer(index.list_starts),
        score_buffer(padded_size(widest)),
        np.empty((4, widest), dtype=np.float64),
        np.empty(widest, dtype=np.float64),
        np.empty((4, dimensions), dtype=np.float32),
    )
    planes = Planes(np.zeros(dimensions, dtype=np.float32), np.empty(widest), np.empty(widest))
    everything = np.arange(lists).astype(np.int32)
    for piece in range(first, last):
        some = queries[piece_starts[piece] : piece_starts[piece + 1]]
        chosen, tile = everything, index.centroid_tile
        if near_lists.shape[1]:
            home = np.searchsorted(index.list_starts, some[0], side="right") - 1
            chosen = _lists_outside(near_lists[home], widest, state.component[some[0]], state)
            tile = buffers.tile
            gather_columns(index.centroids, chosen, tile)
        planes.shift[:], planes.slope[:] = -np.inf, 0.0
        if len(some) >= PLANES_FROM:
            _lay_planes(some, chosen, index, state, buffers, planes)
        for q in range(0, len(some), 4):
            _search_group(some[q : q + 4], piece, chosen, tile, index, state, planes, buffers)


@compiled
def _lists_outside(nearby: np.ndarray, most: int, own: int, state: RoundState) -> np.ndarray:
    """The first lists with points outside the component."""
    lists = np.empty(most, dtype=np.int32)
    count = 0
    for number in nearby:
        if count == most:
            break
        if state.only_component[number] != own:
            lists[count] = number
            count += 1
    return lists[:count]


@compiled
def _search_group(
    queries: np.ndarray,
    piece: int,
    lists: np.ndarray,
    tile: np.ndarray,
    index: PointIndex,
    state: RoundState,
    planes: Planes,
    buffers: Buffers,
) -> None:
    """Search up to four queries in all lists that may hold a point that is near enough."""
    own = state.component[queries[0]]
    moved = NORMALISED if index.kind == COSINE else 0.0
    load_group(queries, index.points, buffers.group)
    score_group(buffers.group, tile, padded_size(len(lists)), False, buffers.near)
    nearest = buffers.nearest[: len(lists)]
    nearest[:] = np.inf
    for r in range(len(queries)):
        query, near, least = buffers.group[r], buffers.near[r], buffers.least[r]
        _bound_lists(near, lists, index.radii, query, planes, least, nearest)
    for i in _visits(nearest, state.bound[own]):
        limit = state.bound[own]
        # With a million customers, all but a few dozen lists are skipped here.
        if nearest[i] <= limit + moved and _may_hold(lists[i], own, index, state):
            least = buffers.least[:, i]
            search_list(
                queries, lists[i], least, piece, index, state, buffers.scores, buffers.group
            )


@compiled
def _may_hold(number: int, own: int, index: PointIndex, state: RoundState) -> bool:
    """Whether a list has points outside the component, and a core distance that is small enough."""
    is_outside = state.only_component[number] != own
    return bool(is_outside and index.least_core[number] <= state.bound[own])


@compiled
def _visits(nearest: np.ndarray, bound: np.float32) -> np.ndarray:
    """The order in which to visit lists: nearest first if no edge is known yet, else as given."""
    if bound < np.inf:
        return np.arange(len(nearest))
    return np.argsort(nearest)


@compiled
def _lay_planes(
    queries: np.ndarray,
    lists: np.ndarray,
    index: PointIndex,
    state: RoundState,
    buffers: Buffers,
    planes: Planes,
) -> None:
    """Compute each list's plane from the smallest projection of its points onto the line to it."""
    scores, middle = buffers.scores, planes.middle
    middle[:] = 0.0
    for query in queries:
        for d in range(len(middle)):
            middle[d] += index.points[query, d] / np.float32(len(queries))
    for r in range(4):
        buffers.group[r] = middle
    slack, own = slack_of(len(middle)), state.component[queries[0]]
    for i in range(len(lists)):
        number = lists[i]
        apart = np.float64(euclidean(middle, index.centroids[number]))
        if apart <= 0.0 or not _may_hold(number, own, index, state):
            continue
        begin, end = index.list_starts[number], index.list_starts[number + 1]
        tile = index.values[index.offsets[number] : index.offsets[number + 1]]
        score_group(buffers.group, tile, padded_size(end - begin), False, scores)
        least = np.inf
        for j in range(end - begin):
            far, near = np.float64(scores[0, j]), np.float64(index.to_centroid[begin + j])
            place = far + apart * apart - near - slack * (far + apart * apart + near)
            least = min(least, place)
        planes.slope[i] = 1.0 / (2.0 * apart)
        planes.shift[i] = (least - apart * apart * (1.0 + slack)) * planes.slope[i]


@compiled
def _bound_lists(
    near: np.ndarray,
    lists: np.ndarray,
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
    for i in range(len(lists)):
        score = np.float64(near[i])
        ball = np.sqrt(score) * (1.0 - slack) - radii[lists[i]] * (1.0 + slack)
        gap = planes.shift[i] + planes.slope[i] * (score * (1.0 - slack) - to_middle)
        least[i] = max(ball, gap)
        nearest[i] = min(nearest[i], least[i])
