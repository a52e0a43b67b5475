"""Probabilities: places in the ranking, calibrated by those whose answer is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from kindred.audiences.folds import FOLDS
from kindred.audiences.intervals import interval_of_share
from kindred.audiences.trained import CalibrationRow

Floats = NDArray[np.float64]

TENTHS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """How places become probabilities, and how well that holds.

    ``places`` and ``rates`` float64 (m,): both ascending; between them, rates are interpolated.
    ``brier``: mean squared error of the probabilities of people who were not used to calibrate
    them; ``brier_base``: that of everybody's rate.
    """

    places: Floats
    rates: Floats
    rows: tuple[CalibrationRow, ...]
    brier: float
    brier_base: float

    def probabilities(self, places: Floats) -> Floats:
        """The probabilities of places, float64 (rows,); they never fall when a place rises."""
        return np.asarray(np.interp(places, self.places, self.rates))

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON: a person's place is rounded to a thousandth."""
        return {"places": np.round(self.places, 3).tolist(), "rates": self.rates.tolist()}


def calibrate(
    places: Floats, is_seed: NDArray[np.bool_], weights: Floats, folds: NDArray[np.int8]
) -> Calibration:
    """Fit an isotonic regression of the answers on the places, which are cross-fitted.

    All arrays are (m,), of those whose answer is known. The rows of the calibration are of
    probabilities from the answers of the other folds.
    """
    everybody = np.ones(len(places), dtype=bool)
    held_out = np.empty(len(places))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any():
            held_out[inside] = np.interp(
                places[inside], *_isotonic(places, is_seed, weights, ~inside)
            )
    base = float(np.average(is_seed, weights=weights))
    return Calibration(
        *_isotonic(places, is_seed, weights, everybody),
        tuple(_tenths(held_out, places, is_seed, weights)),
        float(np.average(np.square(held_out - is_seed), weights=weights)),
        base * (1.0 - base),
    )


def _isotonic(
    places: Floats, is_seed: NDArray[np.bool_], weights: Floats, used: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    model = IsotonicRegression(out_of_bounds="clip")
    model.fit(places[used], is_seed[used].astype(np.float64), sample_weight=weights[used])
    return np.asarray(model.X_thresholds_), np.asarray(model.y_thresholds_)


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
