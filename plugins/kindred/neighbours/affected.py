"""Which points may have other neighbours now, because a point near them has changed."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.distinct import positions_in
from kindred.neighbours.list_training import group_points
from kindred.neighbours.scan import UNIT
from kindred.neighbours.threads import cut, in_threads

PIECES = 64


@dataclass(frozen=True)
class ChangedPoints:
    """Points that have come or gone, as `tiles.searchable` returns them, and their lists.

    ``points`` float32 (changed, dimensions), ``lists`` int (changed,).
    """

    points: np.ndarray
    lists: np.ndarray


def find_affected(
    points: np.ndarray,
    starts: np.ndarray,
    near: np.ndarray,
    limits: np.ndarray,
    changed: ChangedPoints,
    *,
    is_product: bool,
    threads: int,
) -> np.ndarray:
    """Mark each point that a changed point in a list near its own is near enough to.

    Parameters
    ----------
    points : ndarray of float32, shape (points, dimensions)
        As `tiles.searchable` returns them, in the order of their lists.
    starts : ndarray of int64, shape (lists + 1,)
        Of the lists, which ``near`` int32 (lists, width) numbers from 0.
    limits : ndarray of float32, shape (points,)
        A score up to it is near enough; NaN: none is, infinity: the point is marked anyway.
    changed : ChangedPoints
    is_product : bool
        Whether scores are negative inner products instead of squared distances.
    threads : int

    Returns
    -------
    ndarray of bool, shape (points,)
        Scores are compared with a margin for all rounding, so some are marked without need.
    """
    count = 1 + max(int(near.max(initial=0)), int(changed.lists.max(initial=0)))
    order, changed_starts = group_points(changed.lists, count)
    # A score is at most the limit if q·x - |x|²/2 is at least (|q|² - limit)/2, or -limit: one
    # matrix product with a column more. Around their centre vectors are short, so is the margin.
    origin = np.zeros(points.shape[1], dtype=np.float32)
    if not is_product and len(points):
        origin = points.mean(axis=0, dtype=np.float64).astype(np.float32)
    chosen = changed.points[order] - origin
    squares = _squares(chosen)
    halves = np.zeros_like(squares) if is_product else squares / 2.0
    columns = np.column_stack([chosen, -halves]).astype(np.float32)
    is_affected = np.isposinf(limits)

    def mark(first: int, last: int) -> None:
        for own in range(first, last):
            block = slice(starts[own], starts[own + 1])
            nearby = positions_in(changed_starts, near[own])
            if not len(nearby) or block.start == block.stop:
                continue
            queries = points[block] - origin
            own_squares, least = _squares(queries), limits[block].astype(np.float64)
            needed = -least if is_product else (own_squares - least) / 2.0
            # Each sum of d terms is off by less than (d + 3) units of the sum of their absolute
            # values (Higham 2002, section 3.1), and so is the score that the limit was taken from.
            lengths = np.sqrt(own_squares) + np.sqrt(squares[nearby].max())
            margin = 4.0 * UNIT * (columns.shape[1] + 3) * lengths**2
            rows = np.column_stack([queries, np.ones(len(queries), dtype=np.float32)])
            best = (columns[nearby] @ rows.T).max(axis=0)
            is_affected[block] |= best >= needed - margin

    pieces = cut(len(near), max(1, len(near) // PIECES))
    in_threads(mark, pieces, threads, "finding whom changes affect", "lists")
    return is_affected


def _squares(points: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(points, dtype=np.float64).sum(axis=1))
