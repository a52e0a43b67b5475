"""Two-level training of lists, and assignment of every point to a list."""

from collections.abc import Sequence
from dataclasses import dataclass

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

FEWEST_CUSTOMERS = 5
"""A stored centroid is the mean of at least so many customers: none is one person's vector."""

BLOCK = 4096
"""Points that a thread compares with all upper centroids at a time."""


@dataclass(frozen=True)
class ListTree:
    """Two levels of centroids: each upper centroid has its own lower ones, one per list.

    ``upper`` float32 (upper, dimensions); ``centroids`` float32 (lists, dimensions), of which
    ``starts[i]`` to ``starts[i + 1]`` are below upper centroid i; ``starts`` int64 (upper + 1,).
    """

    upper: np.ndarray
    starts: np.ndarray
    centroids: np.ndarray

    def lists_of(self, points: np.ndarray, *, threads: int = 1) -> Lists:
        """Assign every point to the list of a near centroid; some lists may be empty.

        ``points`` float32 (points, dimensions), as `tiles.searchable` returns them, in content
        order. The list of a point depends on nothing but the point and the tree.
        """
        assignment = self.below(points, threads)
        # Near the borders between upper centroids, the tree's list may not be the nearest one.
        near = nearest_lists(self.centroids, SETTLING_LISTS, is_product=False, threads=threads)
        for _ in range(2):
            groups = group_points(assignment, len(self.centroids))
            assignment = _nearest(points, groups, self.centroids, near, threads)
        return Lists(self.centroids, *group_points(assignment, len(self.centroids)))

    def below(self, points: np.ndarray, threads: int) -> np.ndarray:
        """The nearest lower centroid below the nearest upper one, int32 (points,)."""
        groups = group_points(nearest_of_all(points, self.upper, threads), len(self.upper))
        lower = np.split(np.arange(len(self.centroids), dtype=np.int32), self.starts[1:-1])
        return _nearest(points, groups, self.centroids, lower, threads)


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
    return train_tree(points, seed=seed, threads=threads).lists_of(points, threads=threads)


def train_tree(
    points: np.ndarray,
    *,
    seed: int,
    customers: np.ndarray | None = None,
    list_size: float | None = None,
    threads: int = 1,
) -> ListTree:
    """Train centroids, about one per ``list_size`` (`LIST_SIZE`) points, on a seeded sample.

    ``customers`` int64 (points,): the number of customers at each point. If it is given, every
    centroid is the mean of at least `FEWEST_CUSTOMERS` customers of the sample; lists that had
    fewer are left out, and their points go to the next list.
    """
    count = max(1, int(len(points) / (list_size or LIST_SIZE)))
    size = min(len(points), count * POINTS_PER_CENTROID)
    picked = np.sort(np.random.default_rng(seed).choice(len(points), size=size, replace=False))
    tree = _train(points[picked], count, seed, threads)
    if customers is None:
        return tree
    return _without_few(tree, points[picked], customers[picked], threads)


def _train(sample: np.ndarray, count: int, seed: int, threads: int) -> ListTree:
    with one_library_thread():
        upper = _kmeans(sample, max(1, round(count**0.5)), seed)
    order, starts = group_points(nearest_of_all(sample, upper, threads), len(upper))
    lower = list(upper[:, None])

    def train(first: int, last: int) -> None:
        for number in range(first, last):
            rows = order[starts[number] : starts[number + 1]]
            share = max(1, round(count * len(rows) / len(sample)))
            if len(rows):
                lower[number] = _kmeans(sample[rows], min(share, len(rows)), seed)

    in_threads(train, cut(len(lower), 1), threads, "training lists", "groups")
    sizes = [len(part) for part in lower]
    return ListTree(upper, np.cumsum([0, *sizes]), np.ascontiguousarray(np.concatenate(lower)))


def _without_few(
    tree: ListTree, sample: np.ndarray, customers: np.ndarray, threads: int
) -> ListTree:
    """Leave out the lists of few customers, and move all centroids to the means of their points."""
    found = np.bincount(tree.below(sample, threads), customers, len(tree.centroids))
    kept = np.flatnonzero(found >= FEWEST_CUSTOMERS)
    owners = np.repeat(np.arange(len(tree.upper)), np.diff(tree.starts))[kept]
    uppers, sizes = np.unique(owners, return_counts=True)
    rest = ListTree(tree.upper[uppers], np.cumsum([0, *sizes]), tree.centroids[kept])
    # A list that is kept loses no point, as there are only fewer centroids to compare it with.
    order, starts = group_points(rest.below(sample, threads), len(kept))
    return ListTree(
        _means(sample, order, starts[rest.starts]), rest.starts, _means(sample, order, starts)
    )


def _means(sample: np.ndarray, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    groups = np.split(order, starts[1:-1])
    means = [sample[rows].mean(axis=0, dtype=np.float64) for rows in groups]
    return np.array(means, dtype=np.float32)


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


def group_points(assignment: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points by group, each in ascending order: ``order`` int32, ``starts`` int64 (count + 1,)."""
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(assignment, minlength=count), out=starts[1:])
    return np.argsort(assignment, kind="stable").astype(np.int32), starts


def nearest_of_all(points: np.ndarray, centroids: np.ndarray, threads: int) -> np.ndarray:
    """The nearest of all centroids, int32 (points,); depends on the point and centroids alone."""
    starts = np.append(np.arange(0, len(points), BLOCK), len(points))
    every = np.arange(len(centroids), dtype=np.int32)
    groups = np.arange(len(points), dtype=np.int32), starts
    return _nearest(points, groups, centroids, [every] * (len(starts) - 1), threads)


def _nearest(
    points: np.ndarray,
    groups: tuple[np.ndarray, np.ndarray],
    centroids: np.ndarray,
    near: Sequence[np.ndarray] | np.ndarray,
    threads: int,
) -> np.ndarray:
    """The nearest of the ``near`` centroids of each point's group, int32 (points,)."""
    order, starts = groups
    out = np.empty(len(points), dtype=np.int32)

    def find(first: int, last: int) -> None:
        ends = np.cumsum([0, *(len(ids) for ids in near[first:last])])
        ids = np.concatenate(near[first:last])
        assign_nearest(points, order, starts[first : last + 1], centroids, ids, ends, out)

    pieces = cut(len(near), max(1, len(near) // 64))
    in_threads(find, pieces, threads, "filling lists", "groups")
    return out


@compiled
def gather_columns(rows: np.ndarray, chosen: np.ndarray, tile: np.ndarray) -> None:
    """Transpose the chosen rows into a tile of ``padded_size(len(chosen))`` columns."""
    columns = padded_size(len(chosen))
    for i in range(len(chosen)):
        for d in range(rows.shape[1]):
            tile[d * columns + i] = rows[chosen[i], d]


@compiled
def assign_nearest(
    points: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    centroids: np.ndarray,
    near: np.ndarray,
    near_starts: np.ndarray,
    out: np.ndarray,
) -> None:
    """Store in ``out`` the nearest of ``near[near_starts[i]:near_starts[i + 1]]`` for group i.

    The points of group i are ``order[starts[i]:starts[i + 1]]``.
    """
    columns = padded_size(np.max(near_starts[1:] - near_starts[:-1]))
    tile = np.zeros(points.shape[1] * columns, dtype=np.float32)
    scores = score_buffer(columns)
    group = np.empty((4, points.shape[1]), dtype=np.float32)
    best = np.empty(1, dtype=np.float32)
    nearest = np.empty(1, dtype=np.int32)
    for i in range(len(starts) - 1):
        rows = order[starts[i] : starts[i + 1]]
        ids = near[near_starts[i] : near_starts[i + 1]]
        gather_columns(centroids, ids, tile)
        for q in range(0, len(rows), 4):
            for r in range(4):
                group[r] = points[rows[min(q + r, len(rows) - 1)]]
            score_group(group, tile, padded_size(len(ids)), False, scores)
            for r in range(min(4, len(rows) - q)):
                best[0] = np.inf
                nearest[0] = 0
                keep_best(scores[r], len(ids), 0, best, nearest)
                out[rows[q + r]] = ids[nearest[0]]
