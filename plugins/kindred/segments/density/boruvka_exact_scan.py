"""Exact search of all points for the first edge out of a component.

What is skipped is proved to be farther: a list whose ball, or the plane across the line between its
centroid and that of the queries, keeps it away from them.
"""

from typing import NamedTuple

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.tiles import padded_size, score_buffer, score_group
from kindred.segments.density.boruvka_state import (
    COSINE,
    NORMALISED,
    Searched,
    Wanted,
    euclidean,
    list_buffer,
    load_group,
    search_list,
    slack_of,
)

PLANES_FROM = 32
"""Queries from which the planes pay: they cost as much as four queries against everything."""


class Planes(NamedTuple):
    """Where lists begin on the lines from the mean of some queries to the centroids.

    ``middle`` float32 (dimensions,) is the mean. A query with squared distances m to the mean and
    c to a list's centroid is at least ``shift`` + ``slope`` (c - m) from all points of the list;
    both float64 (lists,), and ``shift`` is -infinity where there is no line.
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
    searched: Searched,
    wanted: Wanted,
) -> None:
    """The first edge that leads out of the component, for the pieces from ``first`` to ``last``.

    Piece p is ``queries[piece_starts[p]:piece_starts[p + 1]]``, points of one component, near each
    other. An edge that does not come before the one of ``bound`` may be missing.
    """
    lists, dimensions = searched.centroids.shape
    scores = list_buffer(searched.list_starts)
    near = score_buffer(padded_size(lists))
    least = np.empty((4, lists), dtype=np.float64)
    group = np.empty((4, dimensions), dtype=np.float32)
    nearest = np.empty(lists, dtype=np.float64)
    planes = Planes(np.zeros(dimensions, dtype=np.float32), np.empty(lists), np.empty(lists))
    for piece in range(first, last):
        start, stop = piece_starts[piece], piece_starts[piece + 1]
        planes.shift[:], planes.slope[:] = -np.inf, 0.0
        if stop - start >= PLANES_FROM:
            _lay_planes(queries[start:stop], searched, scores, group, planes)
        for q in range(start, stop, 4):
            _search_group(
                queries[q : min(q + 4, stop)], piece, searched, wanted, planes, scores, near, least,
                nearest, group,
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
    nearest: np.ndarray,
    group: np.ndarray,
) -> None:
    """Up to four queries against all lists that may hold something near enough."""
    own = wanted.component[queries[0]]
    moved = NORMALISED if searched.kind == COSINE else 0.0
    load_group(queries, searched.points, group)
    score_group(group, searched.centroid_tile, padded_size(least.shape[1]), False, near)
    nearest[:] = np.inf
    for r in range(len(queries)):
        _bound_lists(near[r], searched.radii, group[r], planes, least[r], nearest)
    for number in _visits(nearest, wanted.bound[own]):
        limit = wanted.bound[own]
        # Of a million customers' lists all but some dozen end here.
        if nearest[number] > limit + moved:
            continue
        if wanted.only_component[number] != own and searched.least_core[number] <= limit:
            search_list(queries, number, least[:, number], piece, searched, wanted, scores, group)


@compiled
def _visits(nearest: np.ndarray, bound: np.float32) -> np.ndarray:
    """The lists in their own order, or, where no edge is known yet, the nearest first."""
    if bound < np.inf:
        return np.arange(len(nearest))
    return np.argsort(nearest)


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
    slack = slack_of(len(planes.middle))
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
    """A distance below which no point of a list is from the query, for every list.

    ``nearest`` keeps the least of several queries.
    """
    slack = slack_of(len(query))
    to_middle = np.float64(euclidean(query, planes.middle)) ** 2 * (1.0 + slack)
    for number in range(len(radii)):
        score = np.float64(near[number])
        ball = np.sqrt(score) * (1.0 - slack) - radii[number] * (1.0 + slack)
        gap = planes.shift[number] + planes.slope[number] * (score * (1.0 - slack) - to_middle)
        least[number] = max(ball, gap)
        nearest[number] = min(nearest[number], least[number])
