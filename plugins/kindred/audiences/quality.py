"""How good a ranking is: the held-out seeds that it finds, per size."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.choice import Judges, found, weighted_mean
from kindred.audiences.folds import FOLDS
from kindred.audiences.intervals import interval_of_share
from kindred.audiences.methods import CENTROID, Method
from kindred.audiences.overlap import effective
from kindred.audiences.trained import QualityRow, Ranking

Floats = NDArray[np.float64]

TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


def quality_rows(
    sizes: Sequence[float],
    places: Mapping[Method, Floats],
    judges: Judges,
    choices: Sequence[Method],
    probabilities: Floats | None,
    pool: int,
) -> tuple[QualityRow, ...]:
    """The quality per size, and per tenth of the pool, of the chosen method, centroid and chance.

    Parameters
    ----------
    sizes : sequence of float
        Shares of the pool.
    places, judges
        The places of the judged by each method.
    choices : sequence of Method
        The choice without each fold: the seeds of a fold are judged by it, so that they had no say.
    probabilities : ndarray of float64, shape (pool,), optional
        Of the whole pool, in the order of the rank.
    pool : int
        Customers in it.
    """
    folds = judges.folds[judges.seeds]
    rows = []
    weights = judges.seed_weights
    counting_as = None if weights is None else effective(weights)
    for size in sorted({*sizes, *TENTHS}):
        customers = customers_of(size, pool)
        share = customers / pool
        chosen = np.zeros(len(judges.seeds), dtype=bool)
        for fold in range(FOLDS):
            inside = folds == fold
            chosen[inside] = found(places[choices[fold]], judges.seeds[inside], share)
        hits = {
            Ranking.PUBLISHED: _counts(chosen, weights),
            Ranking.CENTROID: _counts(found(places[CENTROID], judges.seeds, share), weights),
            Ranking.RANDOM: (share * len(judges.seeds), float(len(judges.seeds))),
        }
        for ranking, (count, sure) in hits.items():
            own = probabilities if ranking is Ranking.PUBLISHED else None
            row = _row(ranking, size, share, customers, count, sure, len(judges.seeds), own)
            rows.append(replace(row, effective_seeds=counting_as))
    return tuple(rows)


def row_at(quality: Sequence[QualityRow], size: float) -> QualityRow:
    """The row of the published ranking at one of its sizes."""
    return next(one for one in quality if one.size == size and one.ranking is Ranking.PUBLISHED)


def customers_of(size: float, pool: int) -> int:
    """The customers that a share of the pool is: at least one."""
    return min(pool, max(1, round(size * pool)))


def _counts(hits: NDArray[np.bool_], weights: Floats | None) -> tuple[float, float]:
    """Hits, and of how many: with weights, as many as are as sure as these."""
    if weights is None or not len(hits):
        return float(hits.sum()), float(len(hits))
    share, error = weighted_mean(hits, weights)
    count = effective(weights)
    if error > 0.0:
        count = min(count, share * (1.0 - share) / error**2)
    return share * count, count


def _row(
    ranking: Ranking,
    size: float,
    share: float,
    customers: int,
    hits: float,
    sure: float,
    seeds: int,
    probabilities: Floats | None,
) -> QualityRow:
    predicted = predicted_lift = None
    others = float(seeds)
    if probabilities is not None:
        predicted, mean = float(probabilities[:customers].mean()), float(probabilities.mean())
        predicted_lift = predicted / mean if mean > 0.0 else None
        others = max(1.0, min(others, float(probabilities.sum())))
    recall = low = high = None
    if seeds:
        recall = hits / sure
        low, high = interval_of_share(hits, sure, others)
    lift, lift_low, lift_high = (
        None if value is None else value / share for value in (recall, low, high)
    )
    return QualityRow(
        ranking=ranking,
        size=size,
        customers=customers,
        seeds=seeds,
        recall=recall,
        recall_low=low,
        recall_high=high,
        lift=lift,
        lift_low=lift_low,
        lift_high=lift_high,
        predicted=predicted,
        predicted_lift=predicted_lift,
    )
