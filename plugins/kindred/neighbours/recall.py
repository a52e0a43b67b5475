"""The recall of a graph, with its confidence interval."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.truth import Truth
from kindred.spec.metrics import Metric

RELATIVE_TOLERANCE = 1e-6
COSINE_TOLERANCE = 1e-12
"""For parallel vectors: their cosine distance is 0 except for rounding, so no ratio is useful."""

RESAMPLES = 2000
INTERVAL_STREAM = 4
"""Random stream of the resampling; other streams of the same seed draw the samples."""


@dataclass(frozen=True)
class Recall:
    """Mean share of true neighbours found, with its 95 % interval and sample size."""

    recall_at_k: float
    low: float
    high: float
    sample_size: int


def recall_of(
    truth: Truth, metric: Metric, graph: NeighbourGraph, *, is_tuned: bool, seed: int
) -> Recall:
    """The recall of a graph among the sampled customers.

    Parameters
    ----------
    truth : Truth
        Of the graph's vectors, with the graph's k.
    metric : Metric
    graph : NeighbourGraph
        Its distances must be those of `kindred.neighbours.distances.distances`.
    is_tuned : bool
        Whether the search was tuned on a part of the sample, which then does not count.
    seed : int

    Returns
    -------
    Recall
        The interval is the bootstrap percentile interval over customers (Efron & Tibshirani 1993,
        chapter 13). If all shares in the sample are 1, the bootstrap would give a width of 0; the
        lower end is then 1 - 3/sample_size by the rule of three (Hanley & Lippman-Hand 1983), which
        counts all neighbours of a customer with a missing one as lost. If the sample is everyone,
        both ends are the recall. Without neighbours the recall is 1.
    """
    if graph.neighbours.shape[1] == 0:
        return Recall(1.0, 1.0, 1.0, 0)
    part = truth.measuring if is_tuned else np.arange(len(truth.rows))
    shares = found_shares(metric, graph.distances[truth.rows[part]], truth.kth[part])
    recall = float(shares.mean())
    if len(part) == int(graph.eligible.sum()):
        return Recall(recall, recall, recall, len(part))
    low, high = _interval(shares, np.random.default_rng([seed, INTERVAL_STREAM]))
    return Recall(recall, low, high, len(part))


def found_shares(metric: Metric, distances: np.ndarray, kth: np.ndarray) -> np.ndarray:
    """The share of each customer's neighbours that are as near as the exact k-th one.

    Parameters
    ----------
    distances : ndarray of float32, shape (rows, k)
    kth : ndarray of float32, shape (rows,)
        Distance of the exact k-th neighbour; negative under inner product.

    Returns
    -------
    ndarray of float64, shape (rows,)
        A neighbour counts if its distance <= kth + 1e-6 * abs(kth).
    """
    limits = kth.astype(np.float64)
    limits = limits + RELATIVE_TOLERANCE * np.abs(limits)
    if metric is Metric.COSINE:
        limits = limits + COSINE_TOLERANCE
    return np.asarray((distances <= limits[:, None]).mean(axis=1))


def _interval(shares: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """95 % interval of the mean, clipped so that it contains the mean and stays in [0, 1]."""
    size = len(shares)
    mean = float(shares.mean())
    if mean == 1.0:
        return max(0.0, 1.0 - 3.0 / size), 1.0
    # Only the number of draws of each distinct share matters, so draw these counts directly.
    values, counts = np.unique(shares, return_counts=True)
    means = generator.multinomial(size, counts / size, size=RESAMPLES) @ values / size
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.clip(low, 0.0, mean)), float(np.clip(high, mean, 1.0))
