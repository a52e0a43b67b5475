"""How neighbours become a score: constants with reasons, and parameters that are measured."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kindred.spec.metrics import Metric

MIN_BUYING_NEIGHBOURS = 5
"""Neighbours that must own an item before it is recommended because of them."""

PSEUDO_NEIGHBOURS = 5.0
"""Neighbours of average similarity who own as much as everyone, added to the real ones. So a share
among few neighbours is shrunk towards everyone's."""


class Method(IntEnum):
    """Why an item is on a customer's list. ``NONE`` fills the rest of a list that is too short."""

    NONE = 0
    NEIGHBOURS = 1
    PROFILE = 2
    POPULAR = 3
    REPURCHASE = 4


@dataclass(frozen=True)
class Parameters:
    """What is chosen on an earlier split of the same data.

    ``neighbours``: how many of the nearest count. ``sharpness``: the power of the similarity that
    weights a neighbour. ``lift_share``: 0 ranks items by their share among the neighbours, 1 by
    their lift; in between by share^(1 - s) * lift^s, which is the popularity exponent of RP3beta
    (Paudel et al. 2017).
    """

    neighbours: int = 200
    sharpness: int = 2
    lift_share: float = 0.0


def grid(neighbours: int) -> list[Parameters]:
    """The parameters to try, the simplest first; ``neighbours`` are the most of them."""
    widths = [neighbours, max(1, neighbours // 2)]
    return [Parameters(*found) for found in product(widths, (2, 1, 3), (0.0, 0.1, 0.25))]


def similarities(metric: Metric, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Similarities from 0 to 1 from distances as `NeighbourGraph` has them; 0 for NaN.

    Cosine: 1 - distance, at least 0. Euclidean: 1 / (1 + d / m), with m the mean distance of the
    customer's own neighbours; inner product: relative to the customer's own largest, at least 0.
    """
    if not distances.shape[1]:
        return np.zeros(distances.shape, dtype=np.float32)
    known = np.where(np.isnan(distances), np.float32(0.0), distances)
    if metric is Metric.COSINE:
        found = 1.0 - known
    elif metric is Metric.L2:
        means = known.mean(axis=1, keepdims=True)
        found = 1.0 / (1.0 + known / np.where(means > 0.0, means, 1.0))
    else:
        largest = -known.min(axis=1, keepdims=True)
        found = -known / np.where(largest > 0.0, largest, 1.0)
    found = np.where(np.isnan(distances), 0.0, np.clip(found, 0.0, 1.0))
    return found.astype(np.float32)


def weights_of(similar: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
    """The weights of the nearest neighbours that count, float32 (customers, neighbours)."""
    kept = similar[:, : parameters.neighbours]
    return np.asarray(kept**parameters.sharpness, dtype=np.float32)
