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


RIDGE = 1e-3
"""Penalty of the coefficients, so that places which tell the answers apart have finite ones."""

EDGE = 1e-6
"""Places this near to 0 or 1 count as so near: their logarithm is finite."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How places become probabilities, and how well that holds.

    ``coefficients`` float64 (4,): those of `_terms`. ``brier``: mean squared error of the
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
    more. On asked halves of six real tables that was better than isotonic regression and Platt's
    method. All arrays are (m,), of those whose answer is known. The rows of the calibration are of
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
    """Three that rise with the place, and 1; float64 (rows, 4)."""
    within = np.clip(places, EDGE, 1.0 - EDGE)
    terms = [np.log(within), -np.log1p(-within), within, np.ones(len(places))]
    return np.column_stack(terms)


def _probabilities(places: Floats, coefficients: Floats) -> Floats:
    margins = (_terms(places) * coefficients).sum(axis=1)
    return np.asarray(1.0 / (1.0 + np.exp(-margins)))


def _fitted(places: Floats, is_seed: NDArray[np.bool_], weights: Floats) -> Floats:
    """The coefficients; those of the terms are not negative."""
    penalty = np.array([RIDGE, RIDGE, RIDGE, 0.0])
    base = float(np.average(is_seed, weights=weights))
    terms, answers = _terms(places), is_seed.astype(np.float64)
    start = np.array([0.0, 0.0, 0.0, np.log(base / (1.0 - base))])
    least = np.array([0.0, 0.0, 0.0, -np.inf])
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
