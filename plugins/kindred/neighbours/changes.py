"""Which customers have the same vector as in an earlier snapshot of the same encoder."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.threads import cut

ROWS_AT_ONCE = 1 << 16

NONE = np.int32(-1)


@dataclass(frozen=True)
class Changes:
    """The difference of two snapshots.

    ``rows_now`` int32 (earlier rows,): the row now of each customer whose vector has stayed the
    same, else -1; ``arrived`` int64: the rows of all others, ascending.
    """

    rows_now: np.ndarray
    arrived: np.ndarray


def find_changes(
    earlier_customers: np.ndarray,
    earlier_vectors: np.ndarray,
    customers: np.ndarray,
    vectors: np.ndarray,
) -> Changes:
    """Compare two snapshots, vectors bit by bit.

    ``customers`` are keys in ascending order, (rows,); ``vectors`` float32 (rows, dimensions).
    """
    earlier_rows = _rows_of(earlier_customers, customers)
    known = np.flatnonzero(earlier_rows >= 0)
    is_same = np.zeros(len(customers), dtype=np.bool_)
    for start, stop in cut(len(known), ROWS_AT_ONCE):
        rows = known[start:stop]
        before = earlier_vectors[earlier_rows[rows]]
        equal = vectors[rows].view(np.uint32) == before.view(np.uint32)
        is_same[rows] = equal.all(axis=1)
    same = np.flatnonzero(is_same)
    rows_now = np.full(len(earlier_customers), NONE, dtype=np.int32)
    rows_now[earlier_rows[same]] = same
    return Changes(rows_now, np.flatnonzero(~is_same))


def _rows_of(earlier: np.ndarray, new: np.ndarray) -> np.ndarray:
    if not len(earlier):
        return np.full(len(new), NONE, dtype=np.int32)
    at = np.minimum(np.searchsorted(earlier, new), len(earlier) - 1)
    return np.where(earlier[at] == new, at, NONE).astype(np.int32)
