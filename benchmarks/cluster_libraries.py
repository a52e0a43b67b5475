"""Whether a library could replace Kindred's density clustering: both sides on the same customers.

- **HDBSCAN**: Kindred and fast_hdbscan, which gets the vectors or Kindred's graph: seconds beyond
  the graph, peak memory, the adjusted Rand index (ARI) against the exact `hdbscan` library (up to
  `EXACT` customers; above, against Kindred), and the ARI of a second run with the rows in another
  order and on another number of threads. Each is measured as it comes, and with what makes it
  repeatable.
- **DBSCAN**: Kindred and scikit-learn's, with the eps that Kindred chooses.
"""

import os
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from benchmarks import cluster_rivals as ways
from benchmarks.processes import Alone, measure_alone, measure_within
from benchmarks.report import Report

WIDTH, RECALL_K, MIN_SAMPLES, MIN_CLUSTER_SIZE = 20, 10, 10, 100
EXACT = 30_000
SIZES = (EXACT, 300_000)
GIVEN: tuple[ways.Given, ...] = ("vectors", "graph")


def measure_libraries(report: Report, path: str, options: Any) -> None:
    """Measure both sides on the vectors of a file, and on the same in another order."""
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    order = np.random.default_rng(ways.SEED).permutation(len(vectors))
    other = f"{path}.other.npy"
    np.save(other, vectors[order], allow_pickle=False)
    threads = len(os.sched_getaffinity(0))
    graph = measure_alone(ways.make_graph, path, WIDTH, RECALL_K, threads).result
    measure_alone(ways.make_graph, other, WIDTH, RECALL_K, threads)
    report.measure(f"graph, {len(vectors):,}", seconds=graph)
    _measure_hdbscan(report, path, other, order, options)
    _measure_dbscan(report, path, options)


def _measure_hdbscan(
    report: Report, path: str, other: str, order: np.ndarray, options: Any
) -> None:
    count, threads = len(order), len(os.sched_getaffinity(0))
    sizes = (MIN_CLUSTER_SIZE, MIN_SAMPLES)
    ours = measure_alone(ways.kindred_hdbscan, path, *sizes, threads)
    again = measure_alone(ways.kindred_hdbscan, other, *sizes, 1)
    truth, name = ours.result, "Kindred"
    if count <= EXACT:
        truth, name = measure_alone(ways.library_hdbscan, path, *sizes).result, "hdbscan"
        _row(report, f"hdbscan, {count:,}", truth, None, seconds=truth.seconds)
        agreement = adjusted_rand_score(truth.labels, ours.result.labels)
        report.at_least(f"{count:,}: ARI with hdbscan", agreement, 0.98)
    repeated = _again(ours.result, again.result, order)
    _row(report, f"Kindred, {count:,}", ours.result, truth, again=repeated, **_costs(ours))
    report.at_least(f"{count:,}: ARI in another order, on one thread", repeated, 1.0)
    for given in GIVEN if options.rivals else ():
        for is_repeatable in (False, True):
            way = (ways.fast_hdbscan, path, *sizes, given, is_repeatable)
            found = measure_within(options.limit, *way)
            if found is None:
                continue
            second = measure_within(
                options.limit, ways.fast_hdbscan, other, *sizes, given, is_repeatable
            )
            what = (
                f"fast_hdbscan of the {given}, {'repeatable, ' if is_repeatable else ''}{count:,}"
            )
            figures = _costs(found)
            if second is not None:
                figures["again"] = _again(found.result, second.result, order)
            _row(report, what, found.result, truth, than=name, **figures)


def _measure_dbscan(report: Report, path: str, options: Any) -> None:
    threads = len(os.sched_getaffinity(0))
    ours = measure_alone(ways.kindred_dbscan, path, MIN_SAMPLES, threads)
    found, eps = ours.result
    costs = {"seconds": found.seconds, "cpu": ours.cpu_seconds, "peak_mb": ours.peak_rss_mb}
    _row(report, f"DBSCAN: Kindred, {len(found.labels):,}", found, None, eps=eps, **costs)
    if options.rivals:
        other = measure_within(options.limit, ways.scikit_learn_dbscan, path, eps, MIN_SAMPLES)
        if other is not None:
            what = f"DBSCAN: scikit-learn, {len(found.labels):,}"
            _row(report, what, other.result, found, eps=eps, **_costs(other))


def _costs(alone: Alone[ways.Found]) -> dict[str, float]:
    return {
        "seconds": alone.result.seconds,
        "cpu": alone.cpu_seconds,
        "peak_mb": alone.peak_rss_mb,
    }


def _again(found: ways.Found, other: ways.Found, order: np.ndarray) -> float:
    """The ARI of the labels with those of the same customers in another order."""
    return float(adjusted_rand_score(found.labels[order], other.labels))


def _row(
    report: Report, what: str, found: ways.Found, truth: ways.Found | None, **figures: Any
) -> None:
    ari = None if truth is None else adjusted_rand_score(truth.labels, found.labels)
    clusters, noise = found.clusters, found.noise_share
    report.measure(what, clusters=clusters, noise=noise, ari=ari, **figures)
