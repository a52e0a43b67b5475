"""Search of a list's points in nearby lists, all queries of the list at once."""

import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.list_training import gather_columns
from kindred.neighbours.tiles import keep_best, padded_size, score_buffer, score_group

FEW_PROBES = 64
"""Up to this many probes, inserting the best in order is faster than a partition."""


@compiled
def search_lists(
    first: int,
    last: int,
    queries: np.ndarray,
    query_starts: np.ndarray,
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
    """Find candidates for points of the lists ``first`` to ``last``.

    Each query is searched in those ``probes`` of its list's ``near`` lists whose centroids are
    nearest to it. Those of list ``first + i`` are ``queries[query_starts[i]:query_starts[i + 1]]``.
    ``values``, ``offsets`` and ``starts`` are the tiles of all points, one per list, and ``ids``
    are positions in list order. ``kept`` float32 and ``ids`` int32, (queries, candidates), must be
    initialised with infinity and -1.
    """
    widest = max(np.max(starts[1:] - starts[:-1]), np.max(query_starts[1:] - query_starts[:-1]))
    columns = padded_size(near.shape[1])
    scores = score_buffer(max(padded_size(widest), columns))
    group = np.empty((4, queries.shape[1]), dtype=np.float32)
    tile = np.zeros(queries.shape[1] * columns, dtype=np.float32)
    coarse = np.empty((widest, scores.shape[1]), dtype=np.float32)
    best = np.empty(probes, dtype=np.float32)
    best_ids = np.empty(probes, dtype=np.int32)
    limits = np.empty(widest, dtype=np.float32)
    looking = np.empty(widest, dtype=np.int64)
    for own in range(first, last):
        origin = query_starts[own - first]
        rows = queries[origin : query_starts[own - first + 1]]
        gather_columns(centroids, near[own], tile)
        _coarse_scores(rows, tile, columns, is_product, group, scores, coarse)
        for i in range(len(rows)):
            limits[i] = limit_of(coarse[i], near.shape[1], probes, best, best_ids)
        for n in range(near.shape[1]):
            other = near[own, n]
            count = starts[other + 1] - starts[other]
            size = 0
            for i in range(len(rows)):
                if coarse[i, n] <= limits[i]:
                    looking[size] = i
                    size += 1
            if size == 0 or count == 0:
                continue
            block = values[offsets[other] : offsets[other + 1]]
            for q in range(0, size, 4):
                for r in range(4):
                    group[r] = rows[looking[min(q + r, size - 1)]]
                score_group(group, block, padded_size(count), is_product, scores)
                for r in range(min(4, size - q)):
                    row = origin + looking[q + r]
                    keep_best(scores[r], count, starts[other], kept[row], ids[row])


@compiled
def _coarse_scores(
    rows: np.ndarray,
    tile: np.ndarray,
    columns: int,
    is_product: bool,
    group: np.ndarray,
    scores: np.ndarray,
    coarse: np.ndarray,
) -> None:
    for q in range(0, len(rows), 4):
        for r in range(4):
            group[r] = rows[min(q + r, len(rows) - 1)]
        score_group(group, tile, columns, is_product, scores)
        for r in range(min(4, len(rows) - q)):
            coarse[q + r] = scores[r]


@compiled
def limit_of(
    scores: np.ndarray, count: int, n: int, best: np.ndarray, ids: np.ndarray
) -> np.float32:
    """The n-th smallest of the first ``count`` scores; ``best`` and ``ids`` are buffers for n."""
    if n >= count:
        return np.float32(np.inf)
    if n > FEW_PROBES:
        return np.float32(np.partition(scores[:count], n - 1)[n - 1])
    best[:] = np.inf
    keep_best(scores, count, 0, best, ids)
    return np.float32(best[n - 1])
