"""Gradient boosting of small trees on vectors; the same bits for the same rows in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.populations import LEAST_SEEDS
from kindred.audiences.trees import add_paths, add_trees, grow

BINS = 64
"""Bins of a dimension, of about equal numbers of people."""

PENALTY = 1.0
"""Added to a leaf's curvature, as XGBoost's ``lambda`` is by default."""

COLUMN_SHARE = 0.3
"""Share of the dimensions that a tree may use: as good as all on real tables, in half the time."""

SEED = 20_180_401

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """How large the trees are, how many, and how much of a leaf's value counts."""

    depth: int
    trees: int
    rate: float


SHAPES = (Shape(3, 100, 0.1), Shape(5, 100, 0.05))
"""Tried shapes; the second sees more of how columns act together."""


@dataclass(frozen=True, eq=False)
class Binned:
    """Vectors in bins: ``bins`` uint8 (n, d), and per dimension the upper ends but the last."""

    bins: NDArray[np.uint8]
    ends: tuple[Vectors, ...]

    @classmethod
    def of(cls, vectors: Vectors) -> "Binned":
        """Bins of about equal numbers of rows; at most 64 distinct values keep one each."""
        bins = np.empty(vectors.shape, dtype=np.uint8)
        ends = []
        for column in range(vectors.shape[1]):
            values = np.ascontiguousarray(vectors[:, column])
            ends.append(_ends(np.sort(values)))
            bins[:, column] = np.searchsorted(ends[-1], values, side="left")
        return cls(bins, tuple(ends))

    @property
    def counts(self) -> NDArray[np.int32]:
        """Bins per dimension, int32 (d,)."""
        return np.array([len(ends) + 1 for ends in self.ends], dtype=np.int32)


def _ends(ordered: Vectors) -> Vectors:
    distinct = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    if len(distinct) > BINS:
        at = np.linspace(0, len(ordered) - 1, BINS + 1)[1:].astype(np.intp)
        distinct = np.unique(ordered[at])
    return np.asarray(distinct[:-1])


@dataclass(frozen=True, eq=False)
class Trees:
    """Fitted trees, each complete, as `trees.grow` makes them.

    ``start``: log odds before the first; ``features`` int32 and ``thresholds`` float32
    (trees, inner nodes): a larger value goes right; ``values`` float64 (trees, nodes).
    """

    start: float
    features: NDArray[np.int32]
    thresholds: Vectors
    values: Floats

    def scores(self, vectors: Vectors) -> Floats:
        """Log odds, float64 (rows,)."""
        margins = np.full(len(vectors), self.start)
        add_trees(vectors, self.features, self.thresholds, self.values, margins)
        return margins

    def parts(self, vectors: Vectors, columns: NDArray[np.int32], count: int) -> Floats:
        """What the splits by each of ``count`` columns add to the log odds, float64 (rows, count).

        Saabas (2014): what each split on a row's path changes of the mean.
        """
        parts = np.zeros((len(vectors), count))
        add_paths(vectors, self.features, self.thresholds, self.values, columns, parts)
        return parts

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON."""
        return {
            "start": self.start,
            "features": self.features.tolist(),
            "thresholds": self.thresholds.tolist(),
            "values": self.values.tolist(),
        }


def fit_trees(
    binned: Binned,
    is_positive: NDArray[np.bool_],
    weights: Floats,
    rows: NDArray[np.int32],
    shape: Shape,
) -> Trees:
    """Fit trees to some rows, int32 (m,), of binned vectors.

    ``is_positive`` bool and ``weights`` float64 (n,) are of all binned rows. A leaf is of at least
    `LEAST_SEEDS` people.
    """
    counts = binned.counts
    # At least one column, if only to fill the arrays: one of a single bin is never split.
    useful = np.flatnonzero(counts > 1) if (counts > 1).any() else np.arange(1)
    width = max(1, min(len(useful), max(3, round(COLUMN_SHARE * len(useful)))))
    rng = np.random.default_rng(SEED)
    chosen = [np.sort(rng.permutation(useful)[:width]) for _ in range(shape.trees)]
    positive, total = float(weights[rows][is_positive[rows]].sum()), float(weights[rows].sum())
    start = float(np.log(positive / (total - positive)))
    inner = 2**shape.depth - 1
    features = np.full((shape.trees, inner), -1, dtype=np.int32)
    cuts = np.zeros((shape.trees, inner), dtype=np.uint8)
    values = np.zeros((shape.trees, 2 * inner + 1))
    grow(
        binned.bins,
        is_positive,
        weights,
        rows,
        np.array(chosen, dtype=np.int32),
        counts,
        start,
        shape.rate,
        PENALTY,
        LEAST_SEEDS,
        features,
        cuts,
        values,
    )
    thresholds = np.zeros((shape.trees, inner), dtype=np.float32)
    for tree, node in zip(*np.nonzero(features >= 0), strict=True):
        thresholds[tree, node] = binned.ends[features[tree, node]][cuts[tree, node]]
    return Trees(start, features, thresholds, values)
