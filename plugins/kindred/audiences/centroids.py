"""Rank by direction: the cosine to the seeds' centroid, or to the nearest of several centroids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.populations import LEAST_SEEDS

GROUPS = (2, 4, 8)
"""Numbers of centroids that are tried."""
ITERATIONS = 20

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Centroids:
    """Unit ``directions`` float64 (groups, d) from an ``origin`` float64 (d,).

    With one direction it is what ``bi.lookalike_audience`` computes.
    """

    origin: Floats
    directions: Floats

    def scores(self, vectors: Vectors) -> Floats:
        """The cosine to the nearest direction, float64 (rows,), from -1 to 1."""
        return self._nearest(vectors)[0]

    def groups(self, vectors: Vectors) -> NDArray[np.int16]:
        """The nearest direction, int16 (rows,)."""
        return self._nearest(vectors)[1]

    def parts(self, vectors: Vectors, columns: NDArray[np.int32], count: int) -> Floats:
        """What each of ``count`` columns adds to the score, float64 (rows, count)."""
        # Imported here because numba takes half a second to import, and most tasks never need it.
        from kindred.audiences.kernels import add_cosine_parts

        parts = np.zeros((len(vectors), count))
        add_cosine_parts(
            vectors, self.origin, self.directions, self.groups(vectors), columns, parts
        )
        return parts

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON."""
        return {"origin": self.origin.tolist(), "directions": self.directions.tolist()}

    def _nearest(self, vectors: Vectors) -> tuple[Floats, NDArray[np.int16]]:
        # Imported here because numba takes half a second to import, and most tasks never need it.
        from kindred.audiences.kernels import best_cosines

        cosines, groups = np.zeros(len(vectors)), np.zeros(len(vectors), dtype=np.int16)
        best_cosines(vectors, self.origin, self.directions, cosines, groups)
        return cosines, groups


def fit_centroids(
    vectors: Vectors, is_seed: NDArray[np.bool_], weights: Floats, most: int
) -> Centroids:
    """At most so many centroids of the seeds, each of at least `LEAST_SEEDS`.

    Spherical k-means (Dhillon & Modha 2001) from the most different seeds. One centroid where the
    seeds have no direction from all customers' mean is zero: all scores are then equal.
    """
    wide = vectors.astype(np.float64)
    origin = (wide * weights[:, None]).sum(axis=0) / weights.sum()
    seeds = wide[is_seed] - origin
    labels = _labels(_units(seeds), min(most, len(seeds) // (2 * LEAST_SEEDS)))
    kept = [g for g in range(labels.max() + 1) if (labels == g).sum() >= LEAST_SEEDS]
    means = [seeds[labels == g].mean(axis=0) for g in kept] or [seeds.mean(axis=0)]
    return Centroids(origin, _units(np.array(means)))


def _units(rows: Floats) -> Floats:
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    # Seeds whose mean is the centroid of all have no direction, only the rounding of one.
    least = 1e-6 * lengths.max(initial=0.0)
    units = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > least)
    return np.asarray(units, dtype=np.float64)


def _labels(units: Floats, groups: int) -> NDArray[np.intp]:
    """The group of each seed."""
    if groups < 2:
        return np.zeros(len(units), dtype=np.intp)
    first = units @ units.mean(axis=0)
    centers = units[[int(np.argmin(first))]]
    while len(centers) < groups:
        near = (units @ centers.T).max(axis=1)
        centers = np.vstack([centers, units[int(np.argmin(near))]])
    labels = np.zeros(len(units), dtype=np.intp)
    for _ in range(ITERATIONS):
        found = np.argmax(units @ centers.T, axis=1)
        if np.array_equal(found, labels):
            break
        labels = found
        sums = np.zeros_like(centers)
        np.add.at(sums, labels, units)
        centers = _units(sums)
    return labels
