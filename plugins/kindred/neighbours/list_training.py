"""Two-level training of lists, and assignment of every point to a list."""

import faiss
import numpy as np

from kindred.neighbours.compiled import compiled
from kindred.neighbours.inverted_lists import LIST_SIZE, Lists, nearest_lists
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import keep_best, padded_size, score_buffer, score_group
from kindred.run.threads import one_library_thread

POINTS_PER_CENTROID = 32
"""Training points per list; training on all 128 points per list was not better."""

TRAINING_ROUNDS = 8

SETTLING_LISTS = 64
"""Lists near a point's current one among which its nearest list is searched."""

BLOCK = 4096
"""Points per matrix product. Fixed, so that results do not depend on the product's shape."""


def train_lists(points: np.ndarray, *, seed: int, threads: int = 1) -> Lists:
    """Train centroids on a seeded sample, and assign every point to the list of a near centroid.

    Parameters
    ----------
    points : ndarray of float32, shape (points, dimensions)
        As `tiles.searchable` returns them, in content order; at least one.
    seed : int
    threads : int

    Returns
    -------
    Lists
        About one list per `LIST_SIZE` points; some may be empty. Time grows as n^1.5, with a small
        constant: on two levels, a point is compared with about 2 sqrt(lists) centroids.
    """
    count = max(1, len(points) // LIST_SIZE)
    size = min(len(points), count * POINTS_PER_CENTROID)
    picked = np.sort(np.random.default_rng(seed).choice(len(points), size=size, replace=False))
    tree = _Tree(points[picked], count, seed, threads)
    assignment = tree.assign(points, threads)
    # Near the borders between upper centroids, the tree's list may not be the nearest one.
    for _ in range(2):
        lists = _by_list(points, tree.centroids, assignment)
        assignment = _settled(points, lists, threads)
    return _by_list(points, tree.centroids, assignment)


class _Tree:
    """Two levels of centroids: each upper centroid has its own lower ones."""

    def __init__(self, sample: np.ndarray, count: int, seed: int, threads: int) -> None:
        upper = max(1, round(count**0.5))
        with one_library_thread():
            self._upper = _kmeans(sample, upper, seed)
        members = _groups(_nearest(sample, self._upper, threads), len(self._upper))
        lower = list(self._upper[:, None])

        def train(first: int, last: int) -> None:
            for number in range(first, last):
                rows = members[number]
                share = max(1, round(count * len(rows) / len(sample)))
                if len(rows):
                    lower[number] = _kmeans(sample[rows], min(share, len(rows)), seed)

        in_threads(train, cut(len(lower), 1), threads, "training lists", "groups")
        self._starts = np.cumsum([0, *(len(part) for part in lower)])
        self.centroids = np.ascontiguousarray(np.concatenate(lower))

    def assign(self, points: np.ndarray, threads: int) -> np.ndarray:
        """The nearest lower centroid below the nearest upper one, int32 (points,)."""
        out = np.empty(len(points), dtype=np.int32)
        members = _groups(_nearest(points, self._upper, threads), len(self._upper))

        def assign(first: int, last: int) -> None:
            for number in range(first, last):
                rows, (start, stop) = members[number], self._starts[number : number + 2]
                out[rows] = start + _nearest_here(points[rows], self.centroids[start:stop])

        in_threads(assign, cut(len(members), 1), threads, "filling lists", "groups")
        return out


def _kmeans(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    kmeans = faiss.Kmeans(
        points.shape[1],
        count,
        niter=TRAINING_ROUNDS,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=2 * POINTS_PER_CENTROID,
    )
    kmeans.train(points)
    return np.ascontiguousarray(kmeans.centroids, dtype=np.float32)


def _nearest(points: np.ndarray, centroids: np.ndarray, threads: int) -> np.ndarray:
    out = np.empty(len(points), dtype=np.int32)

    def find(start: int, stop: int) -> None:
        out[start:stop] = _nearest_here(points[start:stop], centroids)

    in_threads(find, cut(len(points), BLOCK), threads, "grouping for lists")
    return out


def _nearest_here(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    out = np.empty(len(points), dtype=np.int32)
    for start, stop in cut(len(points), BLOCK):
        out[start:stop] = faiss.knn(points[start:stop], centroids, 1)[1][:, 0]
    return out


def _groups(assignment: np.ndarray, count: int) -> list[np.ndarray]:
    """The positions in each group, ascending."""
    order = np.argsort(assignment, kind="stable")
    ends = np.cumsum(np.bincount(assignment, minlength=count))
    return np.split(order, ends[:-1])


def _by_list(points: np.ndarray, centroids: np.ndarray, assignment: np.ndarray) -> Lists:
    starts = np.zeros(len(centroids) + 1, dtype=np.int64)
    np.cumsum(np.bincount(assignment, minlength=len(centroids)), out=starts[1:])
    order = np.argsort(assignment, kind="stable").astype(np.int32)
    return Lists(centroids, order, starts)


def _settled(points: np.ndarray, lists: Lists, threads: int) -> np.ndarray:
    """The nearest of the lists near each point's current list, int32 (points,)."""
    near = nearest_lists(lists.centroids, SETTLING_LISTS, is_product=False, threads=threads)
    out = np.empty(len(points), dtype=np.int32)

    def settle(first: int, last: int) -> None:
        _settle(
            points,
            lists.order,
            lists.starts[first : last + 1],
            lists.centroids,
            near[first:last],
            out,
        )

    count = len(lists.centroids)
    in_threads(settle, cut(count, max(1, count // 64)), threads, "settling lists", "lists")
    return out


@compiled
def gather_columns(rows: np.ndarray, chosen: np.ndarray, tile: np.ndarray) -> None:
    """Transpose the chosen rows into a tile of ``padded_size(len(chosen))`` columns."""
    columns = padded_size(len(chosen))
    for i in range(len(chosen)):
        for d in range(rows.shape[1]):
            tile[d * columns + i] = rows[chosen[i], d]


@compiled
def _settle(
    points: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    centroids: np.ndarray,
    near: np.ndarray,
    out: np.ndarray,
) -> None:
    columns = padded_size(near.shape[1])
    tile = np.zeros(points.shape[1] * columns, dtype=np.float32)
    scores = score_buffer(columns)
    group = np.empty((4, points.shape[1]), dtype=np.float32)
    best = np.empty(1, dtype=np.float32)
    nearest = np.empty(1, dtype=np.int32)
    for i in range(len(starts) - 1):
        rows = order[starts[i] : starts[i + 1]]
        gather_columns(centroids, near[i], tile)
        for q in range(0, len(rows), 4):
            for r in range(4):
                group[r] = points[rows[min(q + r, len(rows) - 1)]]
            score_group(group, tile, columns, False, scores)
            for r in range(min(4, len(rows) - q)):
                best[0] = np.inf
                nearest[0] = 0
                keep_best(scores[r], near.shape[1], 0, best, nearest)
                out[rows[q + r]] = near[i, nearest[0]]
