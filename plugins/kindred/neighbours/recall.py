"""The recall of a graph, with its confidence interval."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.results import NeighbourGraph
from kindred.spec.metrics import Metric

RELATIVE_TOLERANCE = 1e-6
COSINE_TOLERANCE = 1e-12
"""For parallel vectors: their cosine distance is 0 except for rounding, so no ratio is useful."""

RESAMPLES = 2000
PUBLISHED_STREAM = 1
"""Random stream of the published sample; tuning uses another stream of the same seed."""


@dataclass(frozen=True)
class Recall:
    """Mean share of true neighbours found, with its 95 % interval and sample size."""

    recall_at_k: float
    low: float
    high: float
    sample_size: int


def measure_recall(
    vectors: np.ndarray,
    metric: Metric,
    graph: NeighbourGraph,
    *,
    sample_size: int = 1000,
    seed: int,
    distinct: Distinct | None = None,
    threads: int = 1,
) -> Recall:
    """Measure a graph against exact search on a random sample of customers.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    graph : NeighbourGraph
        Its distances must be those of `kindred.neighbours.distances.distances`.
    sample_size : int
        Customers to compare; all eligible ones if there are fewer.
    seed : int
        With the same seed, the sample is still independent of the one used for tuning.
    distinct : Distinct, optional
        The distinct eligible vectors, if known.
    threads : int

    Returns
    -------
    Recall
        The interval is the bootstrap percentile interval over customers (Efron & Tibshirani 1993,
        chapter 13). If all shares in the sample are 1, the bootstrap would give a width of 0; the
        lower end is then 1 - 3/sample_size by the rule of three (Hanley & Lippman-Hand 1983), which
        counts all neighbours of a customer with a missing one as lost. If the sample is everyone,
        both ends are the recall. Without neighbours the recall is 1.
    """
    rows = np.flatnonzero(graph.eligible)
    k = graph.neighbours.shape[1]
    if k == 0:
        return Recall(1.0, 1.0, 1.0, 0)
    generator = np.random.default_rng([seed, PUBLISHED_STREAM])
    is_everyone = len(rows) <= sample_size
    sample = rows if is_everyone else np.sort(generator.choice(rows, sample_size, replace=False))
    _, exact = exact_neighbours(
        vectors[sample], vectors, metric, k, exclude=sample, distinct=distinct, threads=threads
    )
    shares = found_shares(metric, graph.distances[sample], exact[:, -1])
    recall = float(shares.mean())
    if is_everyone:
        return Recall(recall, recall, recall, len(sample))
    low, high = _interval(shares, generator)
    return Recall(recall, low, high, len(sample))


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
