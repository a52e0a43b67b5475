"""Scores of vectors: sums in the order of the dimensions, whatever the block of rows."""

import numpy as np

from kindred.neighbours.compiled import compiled


@compiled
def add_products(vectors: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """Add to ``out`` float64 (m,) the products of ``vectors`` float32 (m, d) and ``weights``."""
    for i in range(len(vectors)):
        total = 0.0
        for j in range(len(weights)):
            total += vectors[i, j] * weights[j]
        out[i] += total


@compiled
def add_product_parts(
    vectors: np.ndarray,
    origin: np.ndarray,
    weights: np.ndarray,
    columns: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Add each dimension's product, from ``origin``, to its column in ``parts``.

    ``parts`` float64 (m, columns); ``columns`` int32 (d,): a dimension's column, -1 for none.
    """
    for i in range(len(vectors)):
        for j in range(len(weights)):
            if columns[j] >= 0:
                parts[i, columns[j]] += (vectors[i, j] - origin[j]) * weights[j]


@compiled
def _length(vector: np.ndarray, origin: np.ndarray) -> float:
    square = 0.0
    for j in range(len(origin)):
        value = vector[j] - origin[j]
        square += value * value
    return float(np.sqrt(square))


@compiled
def best_cosines(
    vectors: np.ndarray,
    origin: np.ndarray,
    directions: np.ndarray,
    cosines: np.ndarray,
    groups: np.ndarray,
) -> None:
    """The largest cosine between a vector, from ``origin``, and one of the unit ``directions``.

    Fills ``cosines`` float64 and ``groups`` int16 (m,); 0 and 0 for a vector at the origin.
    """
    for i in range(len(vectors)):
        length = _length(vectors[i], origin)
        if not length > 0.0:
            continue
        best = -2.0
        for g in range(len(directions)):
            total = 0.0
            for j in range(len(origin)):
                total += (vectors[i, j] - origin[j]) * directions[g, j]
            cosine = total / length
            if cosine > best:
                best = cosine
                groups[i] = g
        cosines[i] = best


@compiled
def add_cosine_parts(
    vectors: np.ndarray,
    origin: np.ndarray,
    directions: np.ndarray,
    groups: np.ndarray,
    columns: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Add each dimension's part of the cosine to direction ``groups`` to its column in ``parts``.

    ``columns`` and ``parts`` as in `add_product_parts`.
    """
    for i in range(len(vectors)):
        length = _length(vectors[i], origin)
        if not length > 0.0:
            continue
        for j in range(len(origin)):
            if columns[j] >= 0:
                value = (vectors[i, j] - origin[j]) * directions[groups[i], j]
                parts[i, columns[j]] += value / length
