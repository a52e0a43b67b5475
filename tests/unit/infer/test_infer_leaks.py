"""Columns that give an outcome away, and columns that only seem to."""

import numpy as np
import pytest

from kindred.infer.leaks import auc_alone, binary_outcome, find_leaks
from unit.text_columns import typed

ROWS = 2000
RNG = np.random.default_rng(3)
LABEL = RNG.random(ROWS) < 0.3
CHURN = typed("churn", ["Yes" if flag else "No" for flag in LABEL])


def column(name, values):
    return typed(name, [str(value) for value in values])


LEAKS = {
    "a number": np.where(LABEL, 100, 0) + RNG.normal(0, 10, ROWS).round(3),
    "its opposite": np.where(LABEL, 0, 100) + RNG.normal(0, 10, ROWS).round(3),
    "numbers on both sides": np.where(LABEL, RNG.choice([-9, 9], ROWS), 0) + RNG.normal(0, 1, ROWS),
    "a category": np.where(LABEL, "closed", "open"),
    "a date that only churned customers have": np.where(
        LABEL, [f"2020-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(ROWS)], ""
    ),
    "a few codes": np.where(LABEL, RNG.integers(1, 3, ROWS), RNG.integers(4, 9, ROWS)),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_column_that_tells_the_outcome_is_found(case):
    leaks = find_leaks([column("status", LEAKS[case])], [CHURN])
    assert "predicts label 'churn' by itself (AUC" in leaks["status"]


HARMLESS = {
    "noise": RNG.normal(0, 1, ROWS),
    "a value of its own for every row": [f"c{n}" for n in range(ROWS)],
    "many categories": RNG.integers(0, 500, ROWS).astype(str),
    "a good predictor": np.where(LABEL, 1.5, 0) + RNG.normal(0, 1, ROWS),
    "a constant": ["x"] * ROWS,
    "nulls": [""] * ROWS,
}


@pytest.mark.parametrize("case", HARMLESS)
def test_other_columns_are_not(case):
    assert find_leaks([column("status", HARMLESS[case])], [CHURN]) == {}


def test_the_area_is_that_of_the_curve():
    rows, outcome = binary_outcome(CHURN)
    assert auc_alone(column("x", LEAKS["a category"]), rows, outcome) == pytest.approx(1)
    assert auc_alone(column("x", HARMLESS["noise"]), rows, outcome) == pytest.approx(0.5, abs=0.06)
    good = auc_alone(column("x", HARMLESS["a good predictor"]), rows, outcome)
    assert good == pytest.approx(0.856, abs=0.02)  # Phi(1.5 / sqrt 2)


def test_names_are_looked_at_too():
    leaks = find_leaks([column("Churn Reason", HARMLESS["noise"])], [CHURN])
    assert leaks == {"Churn Reason": "suspected leak: its name contains label 'churn'"}


@pytest.mark.parametrize("values", [["a", "b", "c"] * 500, ["a"] * 1490 + ["b"] * 10, ["a"] * 1500])
def test_a_label_that_is_not_binary_predicts_nothing(values):
    rows, outcome = binary_outcome(column("label", values))
    assert len(rows) == len(outcome) == 0
    assert find_leaks([column("x", values)], [column("label", values)]) == {}
