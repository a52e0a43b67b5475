"""pgvector's distances, computed in float64 in a fixed order."""

import numpy as np

from kindred.spec.metrics import Metric

PAIRS_AT_ONCE = 1 << 15
"""Pairs per block; two float64 blocks of 80 dimensions take about 40 MB."""


def distances(metric: Metric, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Distance of each pair of rows, as pgvector's operator returns it.

    Parameters
    ----------
    metric : Metric
        l2: ``<->``; cosine: ``<=>`` (1 - cos); ip: ``<#>`` (the negative inner product).
    left, right : ndarray of float, shape (pairs, dimensions)

    Returns
    -------
    ndarray of float32, shape (pairs,)
        Summed over the dimensions one by one in float64, so that a distance depends only on the
        pair and is symmetric. NaN for a zero vector under cosine.
    """
    out = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), PAIRS_AT_ONCE):
        stop = start + PAIRS_AT_ONCE
        out[start:stop] = _block(metric, left[start:stop], right[start:stop])
    return out


def pair_distances(
    metric: Metric, queries: np.ndarray, base: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Distances of ``queries[rows]`` to ``base[columns]`` without gathering all pairs at once.

    Returns float32 of shape (pairs,), as `distances` does.
    """
    out = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        stop = start + PAIRS_AT_ONCE
        out[start:stop] = _block(metric, queries[rows[start:stop]], base[columns[start:stop]])
    return out


def eligible(metric: Metric, vectors: np.ndarray) -> np.ndarray:
    """Which customers have distances to others: all but zero vectors under cosine.

    Returns bool of shape (rows,). A vector is zero if its squared length is 0 in float64.
    """
    if metric is not Metric.COSINE:
        return np.ones(len(vectors), dtype=np.bool_)
    # The square of the smallest float32 is well inside float64, so only true zeros give zero.
    return np.asarray(vectors.any(axis=1), dtype=np.bool_)


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors, float32 of shape (rows, dimensions); zero vectors stay zero."""
    out = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), PAIRS_AT_ONCE):
        block = np.asarray(vectors[start : start + PAIRS_AT_ONCE], dtype=np.float64)
        lengths = np.sqrt(_sum_of_products(block, block))
        out[start : start + PAIRS_AT_ONCE] = block / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    return out


def _block(metric: Metric, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    left = np.asarray(left, dtype=np.float64)
    right = np.asarray(right, dtype=np.float64)
    if metric is Metric.L2:
        difference = left - right
        return np.asarray(np.sqrt(_sum_of_products(difference, difference)))
    products = _sum_of_products(left, right)
    if metric is Metric.INNER_PRODUCT:
        return 0.0 - products
    lengths = np.sqrt(_sum_of_products(left, left) * _sum_of_products(right, right))
    # pgvector clamps the cosine too; np.divide leaves NaN for zero vectors without a warning.
    cosine = np.divide(products, lengths, out=np.full(len(left), np.nan), where=lengths > 0.0)
    return np.asarray(1.0 - np.clip(cosine, -1.0, 1.0))


def _sum_of_products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    # Not einsum or matmul, whose order of summation depends on shape and library.
    total = np.zeros(len(left), dtype=np.float64)
    for column_left, column_right in zip(left.T, right.T, strict=True):
        total += column_left * column_right
    return total
