"""Samples, folds and ties by keyed hash: the same whatever the order of the rows."""

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
"""Parts for cross-fitting: each model sees four fifths of the seeds."""

MOST_SAMPLED = 100_000
"""Customers of the pool, or of those without the seeds' mark, that are looked at at most."""

OTHERS_PER_SEED, LEAST_OTHERS = 10, 20_000
"""Others that a model sees per seed, and that it always sees if there are so many: ten times as
many as the seeds leave a tenth of the variance that is theirs, and halve the time of a hundred
thousand."""

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int32]


def remixed(hashes: Hashes, purpose: int) -> Hashes:
    """Hashes for one purpose, independent of those for others (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = hashes + np.uint64(0x9E3779B97F4A7C15) * np.uint64(purpose)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def in_hash_order(rows: Rows, hashes: Hashes) -> Rows:
    """Rows by ascending hash."""
    return np.asarray(rows[np.argsort(hashes[rows], kind="stable")], dtype=np.int32)


def most_others(seeds: int) -> int:
    """The others that a model of so many seeds learns from at most."""
    return min(MOST_SAMPLED, max(LEAST_OTHERS, OTHERS_PER_SEED * seeds))


def sample(rows: Rows, hashes: Hashes, most: int = MOST_SAMPLED) -> Rows:
    """At most so many of the rows, those of the lowest hashes, by ascending hash."""
    if len(rows) > most:
        found = hashes[rows]
        rows = rows[found <= np.partition(found, most - 1)[most - 1]]
    return in_hash_order(rows, hashes)[:most]


def folds_of(ordered: Rows) -> NDArray[np.int8]:
    """The fold of each of some rows in hash order: ranges of hashes, of equal numbers of rows.

    So every group has equal folds, and few customers change theirs when some come or go.
    """
    return np.asarray(np.arange(len(ordered)) * FOLDS // max(1, len(ordered)), dtype=np.int8)
