"""Exact neighbours among the rows that serve, from those of a new snapshot and what it changes."""

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.truth import Truth, find_truth
from kindred.serving.difference import Difference
from kindred.spec.metrics import Metric

SAMPLE = 500
LEAST = 250
"""Fewer customers whose neighbours are known are not enough: all neighbours are searched."""

STREAM = 3
"""Random stream of the canary's sample; the truth's samples use other streams of the seed."""

Sample = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Rows of embeddings, int64 (n,), and the exact distance from each to its k-th other customer."""


def sample_serving(
    truth: Truth | None,
    new: Embeddings,
    difference: Difference,
    serving: Embeddings,
    metric: Metric,
    k: int,
    *,
    seed: int,
    threads: int = 1,
) -> Sample:
    """Up to `SAMPLE` rows of ``serving`` with their exact k-th distances; none if k is too large.

    ``truth``: of the ``new`` snapshot by the same metric; used if it has k neighbours.
    """
    if truth is not None and truth.neighbours.shape[1] == k:
        known = kth_in_serving(truth, new, difference, serving, metric, seed=seed)
        if len(known[0]) >= LEAST:
            return known
    distinct = find_distinct(serving.vectors, eligible(metric, serving.vectors))
    if len(distinct.members) <= k:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    exact = find_truth(
        serving.vectors,
        metric,
        k,
        distinct,
        seed=seed,
        tuning_size=0,
        measuring_size=SAMPLE,
        threads=threads,
    )
    return exact.rows, exact.kth


def kth_in_serving(
    truth: Truth,
    new: Embeddings,
    difference: Difference,
    serving: Embeddings,
    metric: Metric,
    *,
    seed: int,
) -> Sample:
    """Sampled rows of ``serving`` whose exact k-th distances follow from the truth of ``new``.

    A neighbour that the new snapshot has not changed serves, too. Among those and the rows that it
    replaces are the nearest rows that serve, as far out as the truth reaches. Customers who change
    themselves, and those with fewer than k neighbours that far out, are left out.
    """
    chosen = np.random.default_rng([seed, STREAM]).permutation(truth.measuring)
    chosen = chosen[~difference.is_new[truth.rows[chosen]]][:SAMPLE]
    rows, neighbours, reach = truth.rows[chosen], truth.neighbours[chosen], truth.distances[chosen]
    near = [np.where(difference.is_new[neighbours], np.float32(np.inf), reach)]
    if difference.replaced:
        replaced = np.concatenate([vectors for _, vectors, _ in difference.replaced])
        near.append(exact_neighbours(new.vectors[rows], replaced, metric, reach.shape[1])[1])
    kth = np.sort(np.concatenate(near, axis=1), axis=1)[:, reach.shape[1] - 1]
    is_known = kth <= reach[:, -1]
    found = np.searchsorted(serving.customers, new.customers[rows[is_known]])
    return found, kth[is_known]
