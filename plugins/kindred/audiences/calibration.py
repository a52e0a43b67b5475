"""Probabilities: places in the ranking, calibrated by those whose answer is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.folds import FOLDS
from kindred.audiences.intervals import interval_of_share
from kindred.audiences.regression import by_gradients
from kindred.audiences.trained import CalibrationRow

Floats = NDArray[np.float64]

TENTHS = 10

RIDGE, RAMP_RIDGE = 1e-3, 3.0
"""Penalties of the coefficients, so that places which tell the answers apart have finite ones; that
of the ramps also keeps a few answers from bending the curve."""

EDGE = 1e-6
"""Places this near to 0 or 1 count as so near: their logarithm is finite."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How places become probabilities, and how well that holds.

    ``coefficients`` float64: those of `_terms`. ``brier``: mean squared error of the
    probabilities of people who were not used to calibrate them; ``brier_base``: that of everybody's
    rate.
    """

    coefficients: Floats
    rows: tuple[CalibrationRow, ...]
    brier: float
    brier_base: float

    def probabilities(self, places: Floats) -> Floats:
        """The probabilities of places, float64 (rows,); they never fall when a place rises."""
        return _probabilities(places, self.coefficients)

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON."""
        return {"coefficients": self.coefficients.tolist()}


def calibrate(
    places: Floats, is_seed: NDArray[np.bool_], weights: Floats, folds: NDArray[np.int8]
) -> Calibration:
    """Fit the log odds of the answers to the places, which are cross-fitted.

    As beta calibration (Kull, Silva Filho & Flach 2017) does to probabilities, with a linear term
    and a ramp per tenth of the places more: where a ranking finds nearly all seeds in its first
    third, the odds fall steeply in the middle, where the logarithms are flat. On asked halves of
    real tables the linear term alone was better than isotonic regression and Platt's method.

    All arrays are (m,), of those whose answer is known. The rows of the calibration are of
    probabilities from the answers of the other folds.
    """
    held_out = np.empty(len(places))
    for fold in range(FOLDS):
        inside = folds == fold
        fitted = _fitted(places[~inside], is_seed[~inside], weights[~inside])
        held_out[inside] = _probabilities(places[inside], fitted)
    base = float(np.average(is_seed, weights=weights))
    return Calibration(
        _fitted(places, is_seed, weights),
        tuple(_tenths(held_out, places, is_seed, weights)),
        float(np.average(np.square(held_out - is_seed), weights=weights)),
        base * (1.0 - base),
    )


def _terms(places: Floats) -> Floats:
    """Three that rise with the place, a ramp per tenth of the places, and 1; float64 (rows, 14)."""
    within = np.clip(places, EDGE, 1.0 - EDGE)
    ramps = [np.clip(TENTHS * within - tenth, 0.0, 1.0) for tenth in range(TENTHS)]
    smooth = [np.log(within), -np.log1p(-within), within]
    return np.column_stack([*smooth, *ramps, np.ones(len(places))])


def _probabilities(places: Floats, coefficients: Floats) -> Floats:
    margins = (_terms(places) * coefficients).sum(axis=1)
    return np.asarray(1.0 / (1.0 + np.exp(-margins)))


def _fitted(places: Floats, is_seed: NDArray[np.bool_], weights: Floats) -> Floats:
    """The coefficients; those of the terms are not negative."""
    penalty = np.array([RIDGE, RIDGE, RIDGE, *[RAMP_RIDGE] * TENTHS, 0.0])
    base = float(np.average(is_seed, weights=weights))
    terms, answers = _terms(places), is_seed.astype(np.float64)
    start, least = np.zeros_like(penalty), np.zeros_like(penalty)
    start[-1], least[-1] = np.log(base / (1.0 - base)), -np.inf
    return by_gradients(terms, answers, weights, penalty, start, least)


def _tenths(
    probabilities: Floats, places: Floats, is_seed: NDArray[np.bool_], weights: Floats
) -> list[CalibrationRow]:
    order = np.lexsort((-places, -probabilities))
    # By weight: others who were not sampled stand behind those who were.
    share = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    tenth = np.minimum((TENTHS * share).astype(np.int64), TENTHS - 1)
    rows = []
    for decile in range(TENTHS):
        inside = order[tenth == decile]
        if not len(inside):
            continue
        own = weights[inside]
        observed = float(np.average(is_seed[inside], weights=own))
        people = float(own.sum() ** 2 / np.square(own).sum())  # Kish's effective number
        low, high = interval_of_share(observed * people, people)
        predicted = float(np.average(probabilities[inside], weights=own))
        rows.append(CalibrationRow(decile + 1, len(inside), predicted, observed, low, high))
    return rows
