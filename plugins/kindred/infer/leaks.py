"""Leaks: columns known only after an outcome, which would make similarity use hindsight."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from kindred.infer.column_names import names_outcome
from kindred.infer.columns import Column

MAX_AUC = 0.95
MIN_OF_EACH_OUTCOME = 20  # rows below which one column may predict well by chance
_QUANTILES, _FOLDS, _SEED = 50, 5, 20_180_401

Outcome = NDArray[np.bool_]


def best_aucs(columns: Sequence[Column], labels: Sequence[Column]) -> dict[str, tuple[float, str]]:
    """How well each column alone predicts a label of two values (AUC), and which one best."""
    best = {column.name: (0.5, "") for column in columns}
    for label in labels:
        rows, outcome = binary_outcome(label)
        for column in columns:
            auc = auc_alone(column, rows, outcome)
            if auc > best[column.name][0]:
                best[column.name] = auc, label.name
    return best


def find_leaks(
    columns: Sequence[Column],
    labels: Sequence[Column],
    aucs: Mapping[str, tuple[float, str]] | None = None,
) -> dict[str, str]:
    """The columns whose name or values alone give a label away, each with the reason."""
    leaks: dict[str, str] = {}
    for column in columns:
        for label in labels:
            if names_outcome(column.name, label.name):
                leaks[column.name] = f"suspected leak: its name contains label {label.name!r}"
    for name, (auc, best) in (best_aucs(columns, labels) if aucs is None else aucs).items():
        if auc > MAX_AUC and name not in leaks:
            leaks[name] = f"suspected leak: predicts label {best!r} by itself (AUC {auc:.2f})"
    return leaks


def binary_outcome(label: Column) -> tuple[NDArray[np.intp], Outcome]:
    """The rows where a label of two values is known, and where it has the second value.

    Returns
    -------
    rows : intp array of shape (known,)
    outcome : bool array of shape (known,)
        Both are empty for a label that does not have two values, each often enough.
    """
    rows = np.flatnonzero(label.codes >= 0)
    outcome = label.codes[rows] == 1
    if label.distinct != 2 or min(outcome.sum(), (~outcome).sum()) < MIN_OF_EACH_OUTCOME:
        return rows[:0], outcome[:0]
    return rows, outcome


def auc_alone(column: Column, rows: NDArray[np.intp], outcome: Outcome) -> float:
    """How well one column predicts an outcome: area under the ROC curve, 0.5 is chance.

    Each row is scored by the rate of the outcome among rows with the same value (numbers: in the
    same of 50 quantiles; null counts as a value) in the other four of five folds, so that a column
    with many values does not score well by memorizing.

    Parameters
    ----------
    rows : intp array of shape (n,)
        The rows of the column to use.
    outcome : bool array of shape (n,)

    Returns
    -------
    float
        Between 0 and 1; 0.5 if there are no rows.
    """
    if not len(rows):
        return 0.5
    groups = _groups(column)[rows]
    folds = np.random.default_rng(_SEED).permutation(len(rows)) % _FOLDS
    scores = np.empty(len(rows))
    for fold in range(_FOLDS):
        inside = folds == fold
        others, width = groups[~inside], int(groups.max()) + 1
        seen = np.bincount(others, minlength=width)
        with_outcome = np.bincount(others, weights=outcome[~inside], minlength=width)
        rates = (with_outcome + outcome[~inside].mean()) / (seen + 1)
        scores[inside] = rates[groups[inside]]
    return float(roc_auc_score(outcome, scores))


def _groups(column: Column) -> NDArray[np.intp]:
    """The group of each row's value as a number from 0; nulls are the last group."""
    codes = column.codes
    if column.numbers is not None and column.distinct > _QUANTILES:
        numbers = column.of_rows(column.numbers, np.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _QUANTILES + 1)[1:-1]))
        groups = np.where(np.isnan(column.numbers), -1, np.searchsorted(edges, column.numbers))
        codes = column.of_rows(groups, -1)
    elif column.is_temporal and column.distinct > _QUANTILES:
        times = column.of_rows(column.times, np.datetime64("NaT"))
        ranks = pd.Series(times).rank()
        codes = np.floor((ranks / len(ranks) * _QUANTILES).fillna(-1).to_numpy()).astype(np.intp)
    return np.where(codes < 0, codes.max() + 1, codes).astype(np.intp)
