"""What training an audience gives: the ranked members, and how good the ranking is."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]

REASONS = 3
"""Columns that are named per member."""


class Ranking(StrEnum):
    """What a row of quality is about."""

    PUBLISHED = "published"
    CENTROID = "centroid"
    RANDOM = "random"


@dataclass(frozen=True)
class QualityRow:
    """One ranking, cut at one size.

    ``size``: share of the pool, (0, 1]; ``customers``: how many that are; ``seeds``: those held out
    and judged. ``recall``: share of them that would be among these customers; ``lift``: recall
    over ``size``. The intervals are of 95 %, for the unknown people of the same kind in the pool;
    all six are None where no seed could be judged. ``predicted``: mean probability of these
    customers, None without probabilities; ``predicted_lift``: over the mean of the pool.
    ``effective_seeds``: as how many the seeds count that are weighted towards the pool, else None.
    """

    ranking: Ranking
    size: float
    customers: int
    seeds: int
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    predicted: float | None = None
    predicted_lift: float | None = None
    effective_seeds: float | None = None


@dataclass(frozen=True)
class CalibrationRow:
    """One tenth of those whose answer is known, by probability; ``decile`` 1 is the most probable.

    ``predicted``: mean of the probabilities; ``observed``: share of seeds, with its 95 % interval.
    """

    decile: int
    customers: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained audience.

    Members are in the order of their rank, best first, and cut at the largest size.

    Attributes
    ----------
    method : str
        The method that was chosen, in words.
    order : ndarray of int32, shape (members,)
        Rows of the snapshot.
    scores : ndarray of float64, shape (members,)
        Never rising. The share of the pool that is less like the seeds, from 0 to 1, before ties.
    percentiles : ndarray of float64, shape (members,)
        Share of the pool that ranks no higher, in percent: 100 for the first, (0, 100].
    probabilities : ndarray of float64, shape (members,), or None
        Calibrated, from 0 to 1; only where it is known who said no.
    pool : int
        Customers who were ranked.
    sizes, counts, cutoffs : tuple
        For each size, ascending: the share of the pool, members up to it, the score of the last.
    quality : tuple of QualityRow
        For each size, and each tenth of the pool: the published ranking, the centroid's and a
        random one.
    calibration : tuple of CalibrationRow
        Empty without probabilities.
    brier, brier_base : float or None
        Mean squared error of the probabilities, and of the base rate.
    columns : tuple of str
        The columns that ``reasons`` numbers.
    reasons : ndarray of int16, shape (members, 3)
        The columns that raise a member's score most, -1 for none.
    warnings : tuple of str
        Sentences for readers; they name public columns and counts, nobody.
    state : dict
        The model as plain JSON. No vector in it is of fewer than 20 seeds.
    """

    method: str
    order: Rows
    scores: Floats
    percentiles: Floats
    probabilities: Floats | None
    pool: int
    sizes: tuple[float, ...]
    counts: tuple[int, ...]
    cutoffs: tuple[float, ...]
    quality: tuple[QualityRow, ...]
    calibration: tuple[CalibrationRow, ...]
    brier: float | None
    brier_base: float | None
    columns: tuple[str, ...]
    reasons: NDArray[np.int16]
    warnings: tuple[str, ...]
    state: dict[str, Any] = field(default_factory=dict)
