"""Search of near lists for the first edge out of a component: far quicker, and nearly always it."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.list_training import gather_columns
from kindred.neighbours.tiles import padded_size, score_buffer, score_group
from kindred.segments.density.boruvka_state import (
    Searched,
    Wanted,
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
    searched: Searched,
    wanted: Wanted,
) -> None:
    """As `search_outside`, in no more than so many of the lists near to that of the queries.

    ``near_lists`` int32 (lists, width), nearest first; lists without points outside do not count.
    All points of a piece are of one list, too.
    """
    dimensions = searched.points.shape[1]
    scores = list_buffer(searched.list_starts)
    near = score_buffer(padded_size(visits))
    tile = np.zeros(dimensions * padded_size(visits), dtype=np.float32)
    group = np.empty((4, dimensions), dtype=np.float32)
    least = np.empty(4, dtype=np.float64)
    slack = slack_of(dimensions)
    for piece in range(first, last):
        start, stop = piece_starts[piece], piece_starts[piece + 1]
        home = np.searchsorted(searched.list_starts, queries[start], side="right") - 1
        lists = _lists_outside(near_lists[home], visits, queries[start], searched, wanted)
        gather_columns(searched.centroids, lists, tile)
        for q in range(start, stop, 4):
            some = queries[q : min(q + 4, stop)]
            load_group(some, searched.points, group)
            score_group(group, tile, padded_size(len(lists)), False, near)
            for i in range(len(lists)):
                for r in range(4):
                    least[r] = outside_ball(near[r, i], searched.radii[lists[i]], slack)
                search_list(some, lists[i], least, piece, searched, wanted, scores, group)


@compiled
def _lists_outside(
    near: np.ndarray, visits: int, query: int, searched: Searched, wanted: Wanted
) -> np.ndarray:
    """The first lists with points outside the query's component, and of cores small enough."""
    own = wanted.component[query]
    lists = np.empty(visits, dtype=np.int32)
    seen = count = 0
    for number in near:
        if seen == visits:
            break
        if wanted.only_component[number] != own:
            seen += 1
            if searched.least_core[number] <= wanted.bound[own]:
                lists[count] = number
                count += 1
    return lists[:count]
