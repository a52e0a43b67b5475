"""Leaks: columns known only after an outcome, which would make similarity use hindsight."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    groups, folds = _groups(column)[rows], _folds(len(rows))
    width = int(groups.max()) + 1
    cells = groups * _FOLDS + folds
    seen = np.bincount(cells, minlength=width * _FOLDS).reshape(width, _FOLDS)
    positive = np.bincount(cells[outcome], minlength=width * _FOLDS).reshape(width, _FOLDS)
    seen_elsewhere = seen.sum(axis=1, keepdims=True) - seen
    positive_elsewhere = positive.sum(axis=1, keepdims=True) - positive
    means = positive_elsewhere.sum(axis=0) / seen_elsewhere.sum(axis=0)
    scores = (positive_elsewhere + means) / (seen_elsewhere + 1)
    is_used = seen > 0
    return _area(scores[is_used], positive[is_used], (seen - positive)[is_used])


@lru_cache(maxsize=1)
def _folds(rows: int) -> NDArray[np.intp]:
    return np.random.default_rng(_SEED).permutation(rows) % _FOLDS


def _area(
    scores: NDArray[np.float64], positive: NDArray[np.intp], negative: NDArray[np.intp]
) -> float:
    """The area under the ROC curve of rows with equal scores, of which so many have the outcome."""
    _, ranks = np.unique(scores, return_inverse=True)
    above, below = np.bincount(ranks, weights=positive), np.bincount(ranks, weights=negative)
    lower = np.cumsum(below) - below
    return float((above * (lower + below / 2)).sum() / (above.sum() * below.sum()))


def _groups(column: Column) -> NDArray[np.intp]:
    """The group of each row's value as a number from 0; nulls are the last group."""
    groups = np.arange(column.distinct, dtype=np.intp)
    if column.distinct > _QUANTILES and column.numbers is not None:
        groups = _quantile_groups(column.numbers, column.counts)
    elif column.distinct > _QUANTILES and column.is_temporal:
        groups = _quantile_groups(column.times.astype(np.int64), column.counts)
        groups[np.isnat(column.times)] = -1
    codes = column.of_rows(groups, -1)
    return np.where(codes < 0, codes.max(initial=0) + 1, codes)


def _quantile_groups(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """The quantile of each distinct value among all rows, -1 for NaN; equal groups of rows."""
    order = np.argsort(values, kind="stable")
    known = order[~np.isnan(values[order])]
    ranks = np.cumsum(counts[known]) - (counts[known] + 1) / 2
    groups = np.full(len(values), -1, dtype=np.intp)
    groups[known] = np.floor(ranks / max(counts[known].sum(), 1) * _QUANTILES)
    return groups
