"""How much a pass over neighbours finds of what lists miss, tried on a part of the vectors."""

from dataclasses import replace
from typing import Any

import numpy as np

from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.list_points import ListPoints
from kindred.neighbours.refined_graph import RecallSample
from kindred.neighbours.refining import refine
from kindred.neighbours.search import find_candidates
from kindred.neighbours.search_plan import EXACT, plan_graph
from kindred.neighbours.truth import find_truth
from kindred.spec.metrics import Metric

TRIED = 40_000
"""Vectors of the trial: two seconds of processor time at 100 dimensions."""

TRIED_GAIN = 4.0
"""The trial's lists miss this many times as many neighbours as the target allows: about as many as
the lists of a snapshot will leave to the pass."""

LEAST_TRIED = 0.5
"""Recall of the trial's lists, at least."""

CAUTION = 0.65
"""Share of the trial's gain that is counted on. Among 300,000 vectors of a mixed table the gain was
0.8 of that among 100,000; the rest is a margin, since another pass costs more than a few probes."""

LEAST_GAIN, MOST_GAIN = 1.5, 6.0
"""Below the least, a pass costs more than the probes it saves; above the most, recall before the
pass would be so low that the trial says little about it."""


def candidate_recall(
    vectors: np.ndarray,
    distinct: Distinct,
    metric: Metric,
    k: int,
    target_recall: float,
    *,
    seed: int,
    threads: int,
) -> float | None:
    """The recall of lists alone from which a pass over neighbours reaches the target.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    distinct : Distinct
        The distinct eligible vectors, of which a seeded part is tried.
    metric : Metric
    k : int
        Neighbours that the target refers to.
    target_recall : float
    seed : int
    threads : int
        Does not change the result.

    Returns
    -------
    float or None
        None if a pass is not worth it. On tables of clustered customers it finds four fifths of
        what lists miss; on vectors of very different lengths it finds next to nothing, and an
        inner product has no such neighbours at all.
    """
    if metric is Metric.INNER_PRODUCT:
        return None
    gain = CAUTION * _gain(_part(vectors, distinct, seed), metric, k, target_recall, seed, threads)
    return None if gain < LEAST_GAIN else 1.0 - min(MOST_GAIN, gain) * (1.0 - target_recall)


def _part(vectors: np.ndarray, distinct: Distinct, seed: int) -> np.ndarray:
    count = len(distinct.first_rows)
    picked = np.random.default_rng(seed).choice(count, min(TRIED, count), replace=False)
    return np.asarray(vectors[distinct.first_rows[distinct.content_order[np.sort(picked)]]])


def _gain(
    part: np.ndarray, metric: Metric, k: int, target_recall: float, seed: int, threads: int
) -> float:
    """The share of neighbours that lists miss, by the share that is still missing after a pass."""
    tried = max(LEAST_TRIED, 1.0 - TRIED_GAIN * (1.0 - target_recall))
    distinct = find_distinct(part, np.ones(len(part), dtype=np.bool_))
    truth = find_truth(part, metric, k, distinct, seed=seed, measuring_size=0, threads=threads)
    options: Any = {"shards": 1, "seed": seed, "distinct": distinct, "threads": threads}
    plan = plan_graph(part, metric, k, target_recall=tried, truth=truth, **options)
    if plan.method == EXACT:
        return 1.0
    plan = replace(plan, is_refined=True)
    found = find_candidates(plan, part, 0, threads=threads)
    points = ListPoints(part, distinct, metric, plan.arrays["list_order"])
    refined = refine(points.searchable, found, threads=threads)
    sample = RecallSample.of(plan, points, truth, threads)
    before, after = (1.0 - float(sample.shares(each).mean()) for each in (found, refined))
    return before / max(1.0 / truth.neighbours.size, after)
