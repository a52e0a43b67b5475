"""Why two customers are similar: their distance, split into the shares of the columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.spec.metrics import Metric


@dataclass(frozen=True)
class ColumnShare:
    """What one column adds to the distance of a pair, and its share of the whole."""

    column: str
    contribution: float
    share: float


def explain_pair(
    column_blocks: Mapping[str, tuple[int, int]],
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    metric: Metric = Metric.L2,
) -> list[ColumnShare]:
    """Split the distance of two customers by column, the largest contribution first.

    Parameters
    ----------
    column_blocks : mapping of str to (start, stop)
        The slices of an encoder.
    first, second : ndarray of float32, shape (dimensions,)
        The customers' vectors.
    metric : Metric
        What the contributions add up to: the squared distance for l2, the distance for cosine and
        inner product.

    Returns
    -------
    list of ColumnShare
        Their contributions sum to that within 1e-5. The shares are of the sum of all absolute
        contributions, so they sum to 1 where no contribution is negative (inner products can be);
        all are 0 for two customers who do not differ.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    if metric is Metric.COSINE:
        # |a/|a| - b/|b||^2 / 2 = 1 - cos(a, b); a zero vector has no direction.
        a, b = (v / (np.linalg.norm(v) or 1.0) for v in (a, b))
    each = -(a * b) if metric is Metric.INNER_PRODUCT else np.square(a - b)
    if metric is Metric.COSINE:
        each = each / 2.0
    contributions = {
        column: float(each[start:stop].sum()) for column, (start, stop) in column_blocks.items()
    }
    whole = sum(map(abs, contributions.values())) or 1.0
    ordered = sorted(contributions.items(), key=lambda item: (-item[1], item[0]))
    return [ColumnShare(column, value, abs(value) / whole) for column, value in ordered]
