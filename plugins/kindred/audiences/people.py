"""Who takes part in training an audience: examples, judges, and the pool, in folds."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.choice import Judges
from kindred.audiences.folds import (
    FOLDS,
    Rows,
    folds_of,
    in_hash_order,
    most_others,
    remixed,
    sample,
)
from kindred.audiences.populations import LEAST_SEEDS, Populations
from kindred.audiences.status import Status
from kindred.errors import AudienceError

FOLD, SAMPLE, TIE = 1, 2, 3  # purposes of hashes
LEAST_PLACED = 50
"""People per fold below which places of different folds are too coarse to be merged."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class People:
    """The people of an audience.

    Attributes
    ----------
    examples : ndarray of int32, shape (m,)
        Rows to learn from: the seeds, then at most 100,000 of the others, in hash order.
    is_seed, weights : ndarray of bool and float64, shape (m,)
        The others weigh as many as they stand for.
    is_inside : ndarray of bool, shape (m,)
        Whether they meet the pool's conditions: what holds of others need not hold of the pool.
        All of them, if too few seeds do.
    folds : ndarray of int8, shape (customers,)
        Of everybody.
    judges : Judges
        The seeds, and those out of whom they are to stand: at most 100,000 of the pool.
    ranked : Judges
        The whole pool, and the seeds and others whose answers calibrate probabilities.
    has_whole_pool : bool
        Whether the judges' reference is the whole pool.
    populations : Populations
        As given.
    """

    examples: Rows
    is_seed: NDArray[np.bool_]
    weights: Floats
    is_inside: NDArray[np.bool_]
    folds: NDArray[np.int8]
    judges: Judges
    ranked: Judges
    has_whole_pool: bool
    populations: Populations

    @property
    def warnings(self) -> tuple[str, ...]:
        """Seeds that the pool's conditions leave out."""
        judged = len(self.populations.judged)
        if judged >= LEAST_SEEDS:
            return ()
        return (
            f"{judged} of the seeds meet the pool's conditions, too few to judge by: the quality is"
            " that of all seeds",
        )

    def weighted(self, seed_weights: Floats) -> "People":
        """The same with judged seeds that stand for more or fewer than one."""
        return replace(self, judges=replace(self.judges, seed_weights=seed_weights))

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return int(self.is_seed.sum())


def people_of(populations: Populations, hashes: NDArray[np.uint64]) -> People:
    """Sample, and deal into folds, by keyed hashes uint64 (customers,).

    Raises
    ------
    AudienceError
        There are fewer than 20 seeds, nobody to rank, or nobody to tell the seeds from.
    """
    others = _others(populations, len(hashes))
    _require(populations, others)
    by_fold, by_sample, ties = (remixed(hashes, purpose) for purpose in (FOLD, SAMPLE, TIE))
    folds = _folds(populations, others, by_fold)
    seeds = in_hash_order(populations.seeds, by_sample)
    sampled = sample(others, by_sample, most_others(len(seeds)))
    examples = np.concatenate([seeds, sampled])
    is_seed = np.arange(len(examples)) < len(seeds)
    weights = np.where(is_seed, 1.0, len(others) / max(1, len(sampled)))
    judged = populations.judged if len(populations.judged) >= LEAST_SEEDS else populations.seeds
    is_inside = _meeting_conditions(populations, examples, judged)

    def judges(reference_rows: Rows, reference_weights: Floats) -> Judges:
        is_judge = np.zeros(len(hashes), dtype=bool)
        is_judge[examples] = is_judge[reference_rows] = True
        rows = np.flatnonzero(is_judge).astype(np.int32)
        reference = np.zeros(len(rows))
        reference[np.searchsorted(rows, reference_rows)] = reference_weights
        own = folds[rows]
        is_coarse = len(reference_rows) < LEAST_PLACED * FOLDS
        groups = np.zeros_like(own) if is_coarse else own
        found = np.searchsorted(rows, judged)
        found = found[np.argsort(ties[rows[found]], kind="stable")]
        return Judges(rows, ties[rows], own, groups, reference, found)

    whole = judges(populations.pool, np.ones(len(populations.pool)))
    some = sample(populations.pool, by_sample)
    is_sampled = len(some) < len(populations.pool)
    compared = judges(some, np.ones(len(some))) if is_sampled else whole
    return People(
        examples,
        is_seed,
        weights,
        is_inside,
        folds,
        compared,
        whole,
        compared is whole,
        populations,
    )


def _meeting_conditions(
    populations: Populations, examples: Rows, judged: Rows
) -> NDArray[np.bool_]:
    """Which examples meet the pool's conditions; all, unless answers are known and seeds judged."""
    others = populations.judged_others
    if others is None or len(populations.judged) < LEAST_SEEDS:
        return np.ones(len(examples), dtype=bool)
    return np.isin(examples, np.concatenate([judged, others]))


def _others(populations: Populations, customers: int) -> Rows:
    """Those the seeds are told from."""
    if populations.others is not None:
        return populations.others
    is_other = np.ones(customers, dtype=bool)
    is_other[populations.seeds] = False
    is_other[populations.excluded] = False
    return np.flatnonzero(is_other).astype(np.int32)


def _require(populations: Populations, others: Rows) -> None:
    seeds = len(populations.seeds)
    if seeds < LEAST_SEEDS:
        raise AudienceError(
            Status.TOO_FEW_SEEDS, f"{seeds} seeds can be used, and {LEAST_SEEDS} are needed"
        )
    if not len(populations.pool):
        raise AudienceError(Status.NOBODY_IN_THE_POOL, "nobody is left in the pool to be ranked")
    if not len(others):
        raise AudienceError(
            Status.FAILED,
            "everybody whose answer is known is a seed: there is nobody to tell the seeds from",
        )


def _folds(populations: Populations, others: Rows, hashes: NDArray[np.uint64]) -> NDArray[np.int8]:
    """The fold of everybody, dealt among the seeds, the others and the rest."""
    group = np.zeros(len(hashes), dtype=np.int8)
    group[others] = 1
    group[populations.seeds] = 2
    folds = np.zeros(len(hashes), dtype=np.int8)
    for number in range(3):
        ordered = in_hash_order(np.flatnonzero(group == number).astype(np.int32), hashes)
        folds[ordered] = folds_of(ordered)
    return folds
