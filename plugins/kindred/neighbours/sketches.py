"""Points shortened to their first principal components, whose distances are never longer.

Whoever looks for the nearest of all points meets hardly one that is near, and a third of the
dimensions tells, if they are those in which the points differ most. Only the others are scored in
full. The components save time and decide nothing.
"""

import math
from dataclasses import dataclass

import numpy as np

from kindred.neighbours.compiled import compiled, compiled_for_sums
from kindred.neighbours.threads import cut
from kindred.neighbours.tiles import GROUP, insert, padded_size, score_buffer, score_group
from kindred.run.threads import one_library_thread

EXPLAINED = 0.92
"""Share of the variance that a sketch keeps: a mixed table of 100 dimensions needs 28 for it, and
hardly one point in a thousand is then scored (docs/graph.md)."""

SAMPLE = 20_000
TRIED = 64
"""Points of the sample whose nearest are looked for among the others."""

SCORE_COST = 20.0
"""Cost of scoring one point by itself, as the time to score one of a tile."""

WORTH = 0.7
"""Cost of a search by sketches, as a share of one without, up to which it is made."""

POINTS_AT_ONCE = 1 << 14

UNIT = 2.0**-24
"""The largest relative error of one float32 operation."""


@dataclass(frozen=True)
class Axes:
    """A middle and orthonormal directions, float64 (dimensions,) and (dimensions, width)."""

    middle: np.ndarray
    directions: np.ndarray

    def sketch(self, points: np.ndarray) -> np.ndarray:
        """Sketches of points, float32 (points, width)."""
        out = np.empty((len(points), self.directions.shape[1]), dtype=np.float32)
        with one_library_thread():
            for start, stop in cut(len(points), POINTS_AT_ONCE):
                out[start:stop] = (points[start:stop] - self.middle) @ self.directions
        return out

    def longest(self, points: np.ndarray) -> float:
        """The greatest distance of a point from the middle."""
        most = 0.0
        for start, stop in cut(len(points), POINTS_AT_ONCE):
            block = points[start:stop] - self.middle
            most = max(most, float(np.einsum("ij,ij->i", block, block).max()))
        return math.sqrt(most)


def find_axes(points: np.ndarray) -> Axes | None:
    """The first principal components of a sample of the points; None if sketches save too little.

    They save little where all components matter about as much, or where the points are so far from
    one another that their nearest are not much nearer than the rest.
    """
    sample = points[:: max(1, len(points) // SAMPLE)].astype(np.float64)
    middle = sample.mean(axis=0)
    sample -= middle
    with one_library_thread():
        variances, directions = np.linalg.eigh(sample.T @ sample)
    explained = np.cumsum(variances[::-1])
    width = int(np.searchsorted(explained, EXPLAINED * explained[-1])) + 1
    width = min(points.shape[1], -(-width // GROUP) * GROUP)
    axes = Axes(middle, np.ascontiguousarray(directions[:, ::-1][:, :width]))
    cost = width / points.shape[1]
    if cost < WORTH:
        cost += SCORE_COST * _share_near(sample, axes.directions)
    return axes if cost < WORTH else None


def _share_near(sample: np.ndarray, directions: np.ndarray) -> float:
    """The share of points whose sketches are no farther than the nearest point is."""
    tried = sample[:: max(1, len(sample) // TRIED)]
    with one_library_thread():
        nearest = np.partition(_squares(tried, sample), 1, axis=1)[:, 1:2]
        sketched = _squares(tried @ directions, sample @ directions)
    return float((sketched <= nearest).mean())


def _squares(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.square(ones).sum(axis=1)[:, None] + np.square(others).sum(axis=1)
    return np.asarray(lengths - 2.0 * (ones @ others.T))


@dataclass(frozen=True)
class Slack:
    """How much longer than the points' distance that of their sketches may be, through rounding.

    If the squared distance of two points, summed in float32 in any order, is at most s, that of
    their sketches is at most (sqrt(s) (1 + ``relative``) + ``absolute``)^2.
    """

    relative: float
    absolute: float

    @classmethod
    def of(cls, dimensions: int, longest: float) -> "Slack":
        """For points of so many dimensions, at most so far from the middle.

        A sum of d float32 terms has a relative error of less than d + 3 units (Higham 2002, section
        3.1), and its root half of that; a value of a sketch has one unit. These are four times as
        much.
        """
        return cls(4.0 * UNIT * (dimensions + 8), 8.0 * UNIT * longest)


@compiled_for_sums
def squared_distance(left: np.ndarray, right: np.ndarray) -> np.float32:
    """The squared distance of two points in float32, summed in whatever order is fastest."""
    total = np.float32(0.0)
    for d in range(len(left)):
        difference = left[d] - right[d]
        total += difference * difference
    return total


@compiled
def longest_sketch(limit: np.float32, relative: float, absolute: float) -> np.float32:
    """The most that the squared distance of sketches is if that of their points is ``limit``."""
    longest = np.sqrt(np.float64(limit)) * (1.0 + relative) + absolute
    return np.float32(longest * longest * (1.0 + 2.0 * UNIT))


@compiled
def keep_near(
    sketched: np.ndarray,
    count: int,
    first: int,
    query: np.ndarray,
    points: np.ndarray,
    relative: float,
    absolute: float,
    kept: np.ndarray,
    ids: np.ndarray,
) -> None:
    """Like `tiles.keep_best`, from the scores of sketches; only points that may be near are scored.

    ``sketched`` is a row of a `tiles.score_buffer`: of the sketches of the ``points`` from
    ``first`` on.
    """
    last = len(kept) - 1
    limit = kept[last]
    bound = longest_sketch(limit, relative, absolute)
    for start in range(0, count, 64):
        block = sketched[start : start + 64]
        near = 0
        for j in range(64):
            near += block[j] <= bound
        if near:
            for j in range(min(64, count - start)):
                if block[j] <= bound:
                    point = first + start + j
                    score = squared_distance(query, points[point])
                    if score < limit or (score == limit and point < ids[last]):
                        insert(score, point, kept, ids)
                        limit = kept[last]
                        bound = longest_sketch(limit, relative, absolute)


@compiled
def scan_sketches(
    queries: np.ndarray,
    sketched_queries: np.ndarray,
    points: np.ndarray,
    values: np.ndarray,
    offsets: np.ndarray,
    starts: np.ndarray,
    relative: float,
    absolute: float,
    kept: np.ndarray,
    ids: np.ndarray,
) -> None:
    """Like `tiles.scan_tiles`, where the tiles are those of the sketches of the ``points``."""
    scores = score_buffer(padded_size(np.max(starts[1:] - starts[:-1])))
    group = np.empty((4, sketched_queries.shape[1]), dtype=np.float32)
    for tile in range(len(starts) - 1):
        first, count = starts[tile], starts[tile + 1] - starts[tile]
        block = values[offsets[tile] : offsets[tile + 1]]
        for q in range(0, len(queries), 4):
            for r in range(4):
                group[r] = sketched_queries[min(q + r, len(queries) - 1)]
            score_group(group, block, padded_size(count), False, scores)
            for r in range(min(4, len(queries) - q)):
                keep_near(
                    scores[r],
                    count,
                    first,
                    queries[q + r],
                    points,
                    relative,
                    absolute,
                    kept[q + r],
                    ids[q + r],
                )
