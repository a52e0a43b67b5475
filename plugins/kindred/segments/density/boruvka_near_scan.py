"""Search of nearby lists for the first edge out of a component: faster, nearly always exact."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.list_training import gather_columns
from kindred.neighbours.tiles import padded_size, score_buffer, score_group
from kindred.segments.density.boruvka_state import (
    PointIndex,
    RoundState,
    list_buffer,
    load_group,
    outside_ball,
    search_list,
    slack_of,
)


@compiled
def search_near(
    queries: np.ndarray,
    piece_starts: np.ndarray,
    first: int,
    last: int,
    near_lists: np.ndarray,
    visits: int,
    index: PointIndex,
    state: RoundState,
) -> None:
    """Like `search_outside`, but searches at most ``visits`` lists near the queries' own list.

    ``near_lists`` int32 (lists, width) holds the lists near each list, nearest first. Lists whose
    points are all in the queries' component do not count. All points of a piece are in one list.
    """
    dimensions = index.points.shape[1]
    scores = list_buffer(index.list_starts)
    near = score_buffer(padded_size(visits))
    tile = np.zeros(dimensions * padded_size(visits), dtype=np.float32)
    group = np.empty((4, dimensions), dtype=np.float32)
    least = np.empty(4, dtype=np.float64)
    slack = slack_of(dimensions)
    for piece in range(first, last):
        start, stop = piece_starts[piece], piece_starts[piece + 1]
        home = np.searchsorted(index.list_starts, queries[start], side="right") - 1
        lists = _lists_outside(near_lists[home], visits, queries[start], index, state)
        gather_columns(index.centroids, lists, tile)
        for q in range(start, stop, 4):
            some = queries[q : min(q + 4, stop)]
            load_group(some, index.points, group)
            score_group(group, tile, padded_size(len(lists)), False, near)
            for i in range(len(lists)):
                for r in range(4):
                    least[r] = outside_ball(near[r, i], index.radii[lists[i]], slack)
                search_list(some, lists[i], least, piece, index, state, scores, group)


@compiled
def _lists_outside(
    near: np.ndarray, visits: int, query: int, index: PointIndex, state: RoundState
) -> np.ndarray:
    """The first lists with points outside the query's component and small enough core distances."""
    own = state.component[query]
    lists = np.empty(visits, dtype=np.int32)
    seen = count = 0
    for number in near:
        if seen == visits:
            break
        if state.only_component[number] != own:
            seen += 1
            if index.least_core[number] <= state.bound[own]:
                lists[count] = number
                count += 1
    return lists[:count]
