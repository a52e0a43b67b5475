"""Distinct vectors: customers with equal vectors are searched once, then expanded to rows."""

from dataclasses import dataclass

import numpy as np

KEYS_AT_ONCE = 1 << 22
"""Sort keys (8 bytes) per block when candidates are expanded to rows."""

_NO_KEY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_LOW_HALF = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_SIGN = np.uint32(0x8000_0000)


@dataclass(frozen=True)
class Distinct:
    """The distinct vectors of the eligible customers, in the order of their first row.

    ``first_rows`` int32 (distinct,); ``members`` int32 (eligible,): the rows of vector i are
    ``members[starts[i]:starts[i + 1]]``, ascending; ``content_order`` int32 (distinct,): the
    vectors in the order of their bytes, which does not depend on the order of the customers.
    """

    first_rows: np.ndarray
    starts: np.ndarray
    members: np.ndarray
    content_order: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Number of customers per vector, int64 (distinct,)."""
        return np.diff(self.starts)

    def members_of(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``starts`` and ``members`` after the vectors are renumbered in the given order."""
        sizes = self.sizes[order]
        starts = np.zeros(len(order) + 1, dtype=np.int64)
        np.cumsum(sizes, out=starts[1:])
        return starts, self.members[positions_in(self.starts, order)]


def positions_in(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """All positions of the chosen ranges, int64; range i is ``starts[i]`` to ``starts[i + 1]``."""
    first, sizes = starts[chosen], starts[chosen + 1] - starts[chosen]
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(first - (ends - sizes), sizes))


def find_distinct(vectors: np.ndarray, eligible: np.ndarray) -> Distinct:
    """Group equal rows among the eligible ones; 0.0 and -0.0 are equal.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    eligible : ndarray of bool, shape (rows,)
    """
    rows = np.flatnonzero(eligible).astype(np.int32)
    content = np.ascontiguousarray(vectors[rows] + np.float32(0.0))
    order = np.argsort(content.view(np.dtype((np.void, content.strides[0]))).ravel(), kind="stable")
    content = content[order]
    is_new = np.ones(len(rows), dtype=np.bool_)
    is_new[1:] = (content[1:] != content[:-1]).any(axis=1)
    by_first_row = np.argsort(order[is_new])
    content_order = np.empty(len(by_first_row), dtype=np.int32)
    content_order[by_first_row] = np.arange(len(by_first_row), dtype=np.int32)
    group = np.empty(len(rows), dtype=np.int32)
    group[order] = content_order[np.cumsum(is_new) - 1]
    starts = np.zeros(len(by_first_row) + 1, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=len(by_first_row)), out=starts[1:])
    return Distinct(
        first_rows=rows[order[is_new][by_first_row]],
        starts=starts,
        members=rows[np.argsort(group, kind="stable")],
        content_order=content_order,
    )


def select_rows(
    distinct: Distinct, candidates: np.ndarray, distances: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Expand candidate vectors to customers and keep the nearest of them.

    Parameters
    ----------
    distinct : Distinct
    candidates : ndarray of int, shape (queries, candidates)
        Distinct vectors, each at most once per query; -1 for none.
    distances : ndarray of float32, shape (queries, candidates)
    width : int
        Customers to keep per query.

    Returns
    -------
    rows : ndarray of int32, shape (queries, width)
        Sorted by (distance, row); -1 if there are too few customers at the candidates.
    distances : ndarray of float32, shape (queries, width)
    """
    # At most `width` customers of one vector can be kept: those with the smallest rows.
    counts = np.where(candidates >= 0, np.minimum(distinct.sizes[candidates], width), 0)
    rows = np.empty((len(candidates), width), dtype=np.int32)
    kept = np.empty((len(candidates), width), dtype=np.float32)
    step = max(1, KEYS_AT_ONCE // max(width, int(counts.sum(axis=1).max(initial=1))))
    for start in range(0, len(candidates), step):
        block = slice(start, start + step)
        keys = _expanded_keys(distinct, candidates[block], distances[block], counts[block], width)
        if keys.shape[1] > width:
            keys = np.partition(keys, width - 1, axis=1)[:, :width]
        keys.sort(axis=1)
        rows[block], kept[block] = _unpack(keys)
    return rows, kept


def drop_own(
    rows: np.ndarray, distances: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Remove each query's own row from its nearest rows; if it is not there, remove the last one.

    Shapes (queries, width) become (queries, width - 1).
    """
    is_own = rows == own[:, None]
    is_own[~is_own.any(axis=1), -1] = True
    shape = (len(rows), rows.shape[1] - 1)
    return rows[~is_own].reshape(shape), distances[~is_own].reshape(shape)


def _expanded_keys(
    distinct: Distinct,
    candidates: np.ndarray,
    distances: np.ndarray,
    counts: np.ndarray,
    width: int,
) -> np.ndarray:
    totals = counts.sum(axis=1)
    keys = np.full((len(candidates), max(width, int(totals.max()))), _NO_KEY, dtype=np.uint64)
    flat = counts.ravel()
    ends = np.cumsum(flat)
    within = np.arange(ends[-1]) - np.repeat(ends - flat, flat)
    members = distinct.members[np.repeat(distinct.starts[candidates.ravel()], flat) + within]
    is_used = np.arange(keys.shape[1]) < totals[:, None]
    keys[is_used] = _packed(np.repeat(distances.ravel(), flat), members)
    return keys


def _packed(distances: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """One unsigned integer that sorts as (distance, row)."""
    bits = (distances + np.float32(0.0)).view(np.uint32)
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered.astype(np.uint64) << _HALF) | rows.astype(np.uint64)


def _unpack(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ordered = (keys >> _HALF).astype(np.uint32)
    bits = np.where(ordered & _SIGN, ordered ^ _SIGN, ~ordered)
    is_none = keys == _NO_KEY
    rows = (keys & _LOW_HALF).astype(np.uint32).view(np.int32)
    return np.where(is_none, np.int32(-1), rows), np.where(
        is_none, np.float32(np.nan), bits.view(np.float32)
    )
