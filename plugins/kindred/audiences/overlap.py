"""How much each asked person stands for in a pool that was not asked: weights by propensity.

Whom a campaign asks is no random sample. The responders among them say of the pool what they say of
those asked, if each counts as often as people like them are in the pool and not among the asked.
"""

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.boosting import Binned, Shape, fit_trees
from kindred.audiences.crossfit import cross_scores
from kindred.audiences.folds import FOLDS, Rows, remixed, sample
from kindred.audiences.methods import Model
from kindred.audiences.people import People
from kindred.audiences.regression import fit_regressions
from kindred.neighbours.threads import cut, in_threads

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

PROPENSITY = 5  # purpose of hashes
COMPARED = 10_000
"""Of the asked, and of the pool, who are compared."""

SHAPE, STRENGTH = Shape(3, 50, 0.2), 0.1
"""As where it is looked for people of the pool who are unlike the asked."""

LEAST_COMPARED = 100
"""Of either, below which nothing can be said of how they differ."""

FEW = 100.0
"""Seeds that the held-out ones must count as, as of seeds at all."""


def pool_weights(
    vectors: Vectors, people: People, hashes: NDArray[np.uint64], threads: int
) -> Floats:
    """How much each judged seed stands for in the part of the pool that was not asked.

    ``vectors`` float32 (customers, d), ``hashes`` uint64 (customers,). Returns float64 (seeds,), in
    the order of ``people.judges.seeds``: the ratio of densities of pool and asked, by a model that
    has not seen the person (of two, the one that tells held-out people apart better), cut at the
    mean times the root of their number (Ionides 2008), so that nobody decides alone. Their mean
    is 1.
    """
    populations = people.populations
    assert populations.contacted is not None
    unasked = np.setdiff1d(populations.pool, populations.contacted)
    target = unasked if len(unasked) else populations.pool
    mixed = remixed(hashes, PROPENSITY)
    pool = sample(target.astype(np.int32), mixed, COMPARED)
    asked, own = people.examples[people.is_inside], people.weights[people.is_inside]
    judged = people.judges.rows[people.judges.seeds]
    if min(len(asked), len(pool)) < LEAST_COMPARED:
        return np.ones(len(judged))
    ratios = _ratios(vectors, people.folds, asked, own, pool, mixed, judged, threads)
    weights = np.minimum(ratios, ratios.mean() * len(ratios) ** 0.5)
    return np.asarray(weights / weights.mean())


def effective(weights: Floats) -> float:
    """As how many equal ones they count (Kish 1965)."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def overlap_warning(weights: Floats | None) -> tuple[str, ...]:
    """Too few of the asked are like the pool."""
    if weights is None or effective(weights) >= min(FEW, 0.5 * len(weights)):
        return ()
    return (
        f"the asked and the pool overlap too little: the {len(weights)} seeds count as"
        f" {effective(weights):.0f} of the pool, and the measured quality is a guess; ask some"
        " people at random",
    )


def _ratios(
    vectors: Vectors,
    folds: NDArray[np.int8],
    asked: Rows,
    weights: Floats,
    pool: Rows,
    mixed: NDArray[np.uint64],
    judged: Rows,
    threads: int,
) -> Floats:
    """The ratio of densities of pool and asked where each of the judged is."""
    fitted = sample(asked, mixed, COMPARED)
    rows = np.concatenate([fitted, pool])
    is_pool = np.arange(len(rows)) >= len(fitted)
    order = np.argsort(asked)
    at_asked = order[np.searchsorted(asked, fitted, sorter=order)]
    own = np.concatenate([weights[at_asked], np.ones(len(pool))])
    x = np.ascontiguousarray(vectors[rows], np.float32)
    binned = Binned.of(x)
    found: list[tuple[Model, Model] | None] = [None] * FOLDS
    losses = np.zeros((FOLDS, 2))

    def work(start: int, stop: int) -> None:
        for fold in range(start, stop):
            learnt = folds[rows] != fold
            balanced = _balanced(own, is_pool, learnt)
            [regression] = fit_regressions(
                x[learnt], is_pool[learnt], balanced[learnt], (STRENGTH,)
            )
            at = np.flatnonzero(learnt).astype(np.int32)
            both: tuple[Model, Model] = regression, fit_trees(binned, is_pool, balanced, at, SHAPE)
            for number, model in enumerate(both):
                odds = model.scores(x[~learnt])
                wrong = np.logaddexp(0.0, np.where(is_pool[~learnt], -odds, odds))
                losses[fold, number] = float((balanced[~learnt] * wrong).sum())
            found[fold] = both

    in_threads(work, cut(FOLDS, 1), threads)
    chosen = int(np.argmin(losses.sum(axis=0)))  # of equal ones the regression
    better = [both[chosen] for both in found if both is not None]
    odds = cross_scores(better, vectors, judged, folds[judged], threads)
    return np.asarray(np.exp(np.clip(odds, -30.0, 30.0)))


def _balanced(weights: Floats, is_pool: NDArray[np.bool_], learnt: NDArray[np.bool_]) -> Floats:
    """Weights with which asked and pool are as many, so that odds are the ratio of densities."""
    balanced = weights.copy()
    for used in (learnt, ~learnt):
        for side in (is_pool & used, ~is_pool & used):
            total = weights[side].sum()
            if total > 0.0:
                balanced[side] *= used.sum() / total
    return balanced
