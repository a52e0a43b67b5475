"""What has changed since an earlier snapshot of the same encoder, by distinct vectors."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.threads import cut

ROWS_AT_ONCE = 1 << 16

NONE = np.int32(-1)


@dataclass(frozen=True)
class Snapshot:
    """Customers in ascending order of their keys, (rows,), and their vectors and distinct vectors.

    ``vectors`` float32 (rows, dimensions).
    """

    customers: np.ndarray
    vectors: np.ndarray
    distinct: Distinct


@dataclass(frozen=True)
class Changes:
    """The difference of two snapshots.

    A distinct vector is unchanged if both have it, with the same customers. ``earlier_rows`` int32
    (rows,): the row of each customer in the earlier snapshot, or -1; ``is_same`` bool (rows,):
    whether the customer had the same vector there. ``is_changed`` bool (distinct,). ``gone`` int32:
    the distinct vectors of the earlier snapshot that have changed.
    """

    earlier_rows: np.ndarray
    is_same: np.ndarray
    is_changed: np.ndarray
    gone: np.ndarray

    @property
    def count(self) -> int:
        """The number of changed vectors in both snapshots."""
        return int(self.is_changed.sum()) + len(self.gone)


def find_changes(earlier: Snapshot, new: Snapshot) -> Changes:
    """Compare two snapshots, vectors bit by bit."""
    earlier_rows = _rows_of(earlier.customers, new.customers)
    known = np.flatnonzero(earlier_rows >= 0)
    is_same = np.zeros(len(new.customers), dtype=np.bool_)
    for start, stop in cut(len(known), ROWS_AT_ONCE):
        rows = known[start:stop]
        before = earlier.vectors[earlier_rows[rows]]
        equal = new.vectors[rows].view(np.uint32) == before.view(np.uint32)
        is_same[rows] = equal.all(axis=1)
    sizes, earlier_sizes = new.distinct.sizes, earlier.distinct.sizes
    same = np.flatnonzero(is_same[new.distinct.members])
    groups = np.repeat(np.arange(len(sizes)), sizes)[same]
    is_whole = np.bincount(groups, minlength=len(sizes)) == sizes
    group_of = np.full(len(earlier.customers), NONE, dtype=np.int32)
    group_of[earlier.distinct.members] = np.repeat(np.arange(len(earlier_sizes)), earlier_sizes)
    # Where all customers of a vector are the same, they shared one vector before, too.
    whole = np.flatnonzero(is_whole)
    before = group_of[earlier_rows[new.distinct.first_rows[whole]]]
    is_equal = earlier_sizes[before] == sizes[whole]
    is_changed = np.ones(len(sizes), dtype=np.bool_)
    is_changed[whole[is_equal]] = False
    is_gone = np.ones(len(earlier_sizes), dtype=np.bool_)
    is_gone[before[is_equal]] = False
    return Changes(earlier_rows, is_same, is_changed, np.flatnonzero(is_gone).astype(np.int32))


def rows_now(earlier_rows: np.ndarray, count: int) -> np.ndarray:
    """The row now of each of ``count`` earlier rows, int32, or -1: the inverse of earlier_rows."""
    out = np.full(count, NONE, dtype=np.int32)
    known = np.flatnonzero(earlier_rows >= 0)
    out[earlier_rows[known]] = known
    return out


def _rows_of(earlier: np.ndarray, new: np.ndarray) -> np.ndarray:
    if not len(earlier):
        return np.full(len(new), NONE, dtype=np.int32)
    at = np.minimum(np.searchsorted(earlier, new), len(earlier) - 1)
    return np.where(earlier[at] == new, at, NONE).astype(np.int32)
