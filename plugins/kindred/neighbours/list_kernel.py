"""Search of points in the lists near their own: choose the lists, then go through them.

A list's tile is larger than a core's first cache, and loading it takes longer than scoring it
against a few points. So all points of a piece that chose a list are scored against it in one go.
"""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.list_training import gather_columns
from kindred.neighbours.tiles import keep_best, padded_size, score_buffer, score_group

FEW_PROBES = 64
"""Up to this many probes, inserting the best in order is faster than a partition."""


@compiled
def search_lists(
    queries: np.ndarray,
    own: np.ndarray,
    values: np.ndarray,
    offsets: np.ndarray,
    starts: np.ndarray,
    is_product: bool,
    centroids: np.ndarray,
    near: np.ndarray,
    probes: int,
    kept: np.ndarray,
    ids: np.ndarray,
) -> None:
    """Find candidates for points, the nearest first, then those at lower positions.

    Each of the ``queries`` float32 (queries, dimensions), whose lists are ``own`` int32 (queries,),
    ascending, is searched in those ``probes`` of its list's ``near`` lists whose centroids are
    nearest to it. ``values``, ``offsets`` and ``starts`` are the tiles of all points, one per list,
    and ``ids`` are positions in list order. ``kept`` float32 and ``ids`` int32, (queries,
    candidates), must be initialised with infinity and -1.
    """
    probes = min(probes, near.shape[1])
    chosen = np.empty((len(queries), probes), dtype=np.int32)
    _choose_lists(queries, own, is_product, centroids, near, chosen)
    scores = score_buffer(padded_size(np.max(starts[1:] - starts[:-1])))
    group = np.empty((4, queries.shape[1]), dtype=np.float32)
    # The nearest list first: it tells the limit that hardly any point of the others is below.
    for first, last in ((0, 1), (1, probes)):
        ends, looking = _by_list(chosen[:, first:last], len(centroids))
        begin = 0
        for other in range(len(centroids)):
            end, count = ends[other], starts[other + 1] - starts[other]
            block = values[offsets[other] : offsets[other + 1]]
            for q in range(begin, end, 4):
                for r in range(4):
                    group[r] = queries[looking[min(q + r, end - 1)]]
                score_group(group, block, padded_size(count), is_product, scores)
                for r in range(min(4, end - q)):
                    row = looking[q + r]
                    keep_best(scores[r], count, starts[other], kept[row], ids[row])
            begin = end


@compiled
def _choose_lists(
    queries: np.ndarray,
    own: np.ndarray,
    is_product: bool,
    centroids: np.ndarray,
    near: np.ndarray,
    chosen: np.ndarray,
) -> None:
    """Fill in the lists to search each query in, int32 (queries, probes); no list twice."""
    width, probes = near.shape[1], chosen.shape[1]
    columns = padded_size(width)
    tile = np.zeros(queries.shape[1] * columns, dtype=np.float32)
    group = np.empty((4, queries.shape[1]), dtype=np.float32)
    scores = score_buffer(columns)
    best = np.empty(probes, dtype=np.float32)
    ranks = np.empty(probes, dtype=np.int32)
    start = 0
    while start < len(queries):
        lists = near[own[start]]
        stop = np.searchsorted(own, own[start], side="right")
        gather_columns(centroids, lists, tile)
        for q in range(start, stop, 4):
            for r in range(4):
                group[r] = queries[min(q + r, stop - 1)]
            score_group(group, tile, columns, is_product, scores)
            for r in range(min(4, stop - q)):
                _rank_first(scores[r], width, best, ranks)
                for a in range(probes):
                    chosen[q + r, a] = lists[ranks[a]]
        start = stop


@compiled
def _rank_first(scores: np.ndarray, count: int, best: np.ndarray, ranks: np.ndarray) -> None:
    """The positions of the best of ``count`` scores; of equal ones, the first."""
    n = len(best)
    if n <= FEW_PROBES:
        best[:] = np.inf
        keep_best(scores, count, 0, best, ranks)
        return
    limit = np.partition(scores[:count], n - 1)[n - 1]
    filled = 0
    for a in range(count):
        if scores[a] < limit:
            ranks[filled] = a
            filled += 1
    for a in range(count):
        if filled < n and scores[a] == limit:
            ranks[filled] = a
            filled += 1


@compiled
def _by_list(chosen: np.ndarray, lists: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that chose each list, in order: where each list's rows end, and all rows."""
    ends = np.zeros(lists + 1, dtype=np.int64)
    for row in range(chosen.shape[0]):
        for a in range(chosen.shape[1]):
            ends[chosen[row, a] + 1] += 1
    for other in range(lists):
        ends[other + 1] += ends[other]
    rows = np.empty(chosen.size, dtype=np.int32)
    for row in range(chosen.shape[0]):
        for a in range(chosen.shape[1]):
            other = chosen[row, a]
            rows[ends[other]] = row
            ends[other] += 1
    return ends, rows
