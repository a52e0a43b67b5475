"""The columns that raise a member's score most."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.crossfit import ROWS_AT_ONCE
from kindred.audiences.folds import Rows
from kindred.audiences.methods import Model
from kindred.audiences.trained import REASONS
from kindred.neighbours.threads import cut, in_threads


def columns_of(blocks: Mapping[str, tuple[int, int]], dimensions: int) -> NDArray[np.int32]:
    """The column of each dimension, int32 (d,): its number in the order of the blocks, or -1."""
    columns = np.full(dimensions, -1, dtype=np.int32)
    for number, (start, stop) in enumerate(blocks.values()):
        columns[start:stop] = number
    return columns


def reasons_of(
    parts: Sequence[tuple[Sequence[Model], float]],
    vectors: NDArray[np.float32],
    rows: Rows,
    folds: NDArray[np.int8],
    blocks: Mapping[str, tuple[int, int]],
    threads: int,
) -> NDArray[np.int16]:
    """The columns that add most to the scores of some rows, int16 (rows, 3), -1 for none.

    ``parts``: of each family the models per fold, and the spread of its scores, by which its parts
    are divided so that the families of a blend count alike.
    """
    columns = columns_of(blocks, vectors.shape[1])
    reasons = np.full((len(rows), REASONS), -1, dtype=np.int16)

    def work(start: int, stop: int) -> None:
        block = np.asarray(vectors[rows[start:stop]], dtype=np.float32)
        for fold in np.unique(folds[start:stop]):
            inside = np.flatnonzero(folds[start:stop] == fold)
            total = np.zeros((len(inside), len(blocks)))
            for models, spread in parts:
                found = models[fold].parts(block[inside], columns, len(blocks))
                total += found / spread if spread > 0.0 else found
            reasons[start + inside] = _largest(total)

    in_threads(work, cut(len(rows), ROWS_AT_ONCE), threads, "finding reasons")
    return reasons


def _largest(parts: NDArray[np.float64]) -> NDArray[np.int16]:
    """The columns of the largest positive parts, int16 (rows, 3); the first of equal ones."""
    count = min(REASONS, parts.shape[1])
    found = np.full((len(parts), REASONS), -1, dtype=np.int16)
    best = np.argsort(-parts, axis=1, kind="stable")[:, :count]
    found[:, :count] = np.where(np.take_along_axis(parts, best, axis=1) > 0.0, best, -1)
    return found
