"""The centroid of all customers, from which the directions of audiences are measured."""

import numpy as np
from numpy.typing import NDArray


def centroid_of_customers(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of all customers' vectors, float32 (dimensions,), summed in float64.

    ``vectors`` is float32 (customers, dimensions) with at least one row.
    """
    return np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)
