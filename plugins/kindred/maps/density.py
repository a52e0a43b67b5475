"""How many customers are in each cell of a grid over the map, in all and by segment."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, frexp, ldexp

import numpy as np
from numpy.typing import NDArray

MOST_COLUMNS, MOST_ROWS = 72, 96
"""Cells from left to right and from bottom to top; they are square."""

SEGMENTS_TOLD_APART = 12
"""Labels below are counted for themselves: the largest segments, as label 0 is the largest."""

OTHERS = -1
"""The label of everybody else: in a smaller segment, or in none."""

EVERYBODY = "everybody"
"""In place of an algorithm: all customers, whatever their segment."""

_LABELS = 1 + SEGMENTS_TOLD_APART
_BLOCK = 1_000_000
"""Customers at once, so that the memory does not grow with their number."""

_STEPS = 16
_COORDINATE_BITS = 24
_SMALLEST = 1e-6


@dataclass(frozen=True, eq=False)
class CellCounts:
    """Customers per cell and label; int32 (n,) each, by column, row and label."""

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    labels: NDArray[np.int32]
    customers: NDArray[np.int32]


def cell_size(places: NDArray[np.float32]) -> float:
    """The side of the cells of a map with these places, float32 (customers, 2).

    At most `MOST_COLUMNS` by `MOST_ROWS` of them hold all places. It is rounded up to a sixteenth
    of a power of two, so that it stays while the map hardly changes, and is no distance between two
    customers. A cell begins at a whole multiple of it, in every snapshot of that size.
    """
    if not len(places):
        return 1.0
    low, high = (edge.astype(np.float64) for edge in (places.min(axis=0), places.max(axis=0)))
    width, height = high - low
    least = max(width / (MOST_COLUMNS - 1), height / (MOST_ROWS - 1), _SMALLEST)
    farthest = float(np.abs([low, high]).max())
    # So that the number of a cell fits into four bytes, however far from the origin it is.
    mantissa, exponent = frexp(max(least, ldexp(farthest, -_COORDINATE_BITS)))
    return ldexp(ceil(mantissa * _STEPS) / _STEPS, exponent)


def count_cells(
    places: NDArray[np.float32], size: float, labels: Mapping[str, NDArray[np.int32]]
) -> dict[str, CellCounts]:
    """Count customers per cell: all of them, and by segment of each algorithm.

    Parameters
    ----------
    places : ndarray of float32, shape (customers, 2)
    size : float
        As `cell_size` says; x belongs to column floor(x / size).
    labels : algorithm -> ndarray of int32, shape (customers,)
        0 is the largest segment, -1 is noise.

    Returns
    -------
    dict
        By algorithm, and by `EVERYBODY`, in which all have the label `OTHERS`.
    """
    if not len(places):
        nobody = CellCounts(*(np.empty(0, np.int32) for _ in range(4)))
        return dict.fromkeys((EVERYBODY, *labels), nobody)
    first, last = (_cells(edge, size) for edge in (places.min(axis=0), places.max(axis=0)))
    rows = int(last[1] - first[1]) + 1
    slots = (int(last[0] - first[0]) + 1) * rows * _LABELS
    totals = {name: np.zeros(slots, np.int64) for name in (EVERYBODY, *labels)}
    for start in range(0, len(places), _BLOCK):
        block = slice(start, start + _BLOCK)
        column, row = (_cells(places[block], size) - first).T
        numbers = _LABELS * (column * rows + row)
        totals[EVERYBODY] += np.bincount(numbers, minlength=slots)
        for name, found in labels.items():
            own = found[block]
            told = np.where((own < 0) | (own >= SEGMENTS_TOLD_APART), OTHERS, own)
            totals[name] += np.bincount(numbers + told + 1, minlength=slots)
    return {name: _counted(counts, first, rows) for name, counts in totals.items()}


def _cells(places: NDArray[np.float32], size: float) -> NDArray[np.int64]:
    return np.floor(places.astype(np.float64) / size).astype(np.int64)


def _counted(counts: NDArray[np.int64], first: NDArray[np.int64], rows: int) -> CellCounts:
    found = np.flatnonzero(counts)
    cell, label = np.divmod(found, _LABELS)
    column, row = np.divmod(cell, rows)
    return CellCounts(
        (column + first[0]).astype(np.int32),
        (row + first[1]).astype(np.int32),
        (label - 1).astype(np.int32),
        counts[found].astype(np.int32),
    )
