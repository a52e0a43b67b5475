"""Segments of many customers: HDBSCAN from the neighbour graph, and k-means, against others.

Metric l2, graphs of 20 neighbours, ``min_samples`` 10, ``min_cluster_size`` 100 (20 for Caravan,
where 100 finds nothing); every way in its own process. Compiled code is loaded from the cache.

- **Agreement**: at 10,000, 20,000 and 30,000 customers of two seeded sets (`make_customers`: low
  intrinsic dimension and one-hot blocks; `make_uneven`: round groups from dense to sparse, and some
  noise) and on all of Caravan: the adjusted Rand index (ARI) of the labels with those of the exact
  `hdbscan` library, and the difference of the noise shares. Kindred's seconds exclude the graph,
  which the lookalikes need anyway; the graph's seconds are listed separately. scikit-learn's
  HDBSCAN and fast_hdbscan run if they finish within the time limit.
  With ``--data=mixed`` the set is `benchmarks.mixed_customers` through the encoder (about 100
  dimensions) at the same sizes instead, and fast_hdbscan clusters as many as **Many**.
- **Libraries**: whether fast_hdbscan or scikit-learn could replace Kindred's density clustering,
  at 30,000, 300,000 and n customers: see `benchmarks.cluster_libraries`.
- **Planted**: ARI of the groups of `make_uneven` with the clusters, over the clustered customers.
- **Many**: n customers: seconds and peak memory without the graph.
- **K-means** with k = 40 on as many: inertia against scikit-learn's full k-means; and ``k: auto``
  on eight planted groups, over several seeds.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from benchmarks import cluster_rivals as ways
from benchmarks import tables
from benchmarks.cluster_libraries import SIZES as LIBRARY_SIZES
from benchmarks.cluster_libraries import measure_libraries
from benchmarks.cluster_rivals import Found
from benchmarks.customers import Vectors, make_customers, make_uneven
from benchmarks.processes import measure_alone, measure_within
from benchmarks.report import Report, arguments
from benchmarks.vectors import CUSTOMERS, MIXED, make_vectors, report_name
from kindred.encoding.encoder import fit_encoder
from kindred.segments.kmeans.kmeans import cluster_kmeans
from kindred.spec.clustering import KMeansSettings
from kindred.spec.features import Kind
from kindred.spec.metrics import Metric

WIDTH, RECALL_K, MIN_SAMPLES = 20, 10, 10
MIN_CLUSTER_SIZE = {"Caravan": 20}
SIZES = (10_000, 20_000, 30_000)
K = 40
PLANTED, SEEDS = 8, 10
MAX_SECONDS = {CUSTOMERS: 150.0, MIXED: 45.0}  # of HDBSCAN beyond the graph, for a million
RIVALS: dict[str, Callable[..., Found]] = {
    "scikit-learn": ways.scikit_learn_hdbscan,
    "fast_hdbscan": ways.fast_hdbscan,
}


def save(folder: str, name: str, vectors: Vectors) -> str:
    """Write vectors for the other processes; return the path."""
    path = f"{folder}/{name.replace(' ', '_').replace(',', '')}.npy"
    np.save(path, vectors, allow_pickle=False)
    return path


def caravan_vectors() -> Vectors:
    """All customers of the insurer, encoded by the inferred spec."""
    table = tables.caravan()
    features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
    return fit_encoder(features, table.frame).transform(table.frame)


def report_row(report: Report, what: str, found: Found, exact: Found | None, **more: Any) -> None:
    """Report one row of the table."""
    report.measure(
        what,
        rows=len(found.labels),
        clusters=found.clusters,
        noise=found.noise_share,
        ari=None if exact is None else adjusted_rand_score(exact.labels, found.labels),
        seconds=found.seconds,
        **more,
    )


def measure_agreement(report: Report, name: str, path: str, options: Any) -> Found:
    """Cluster one set in all ways; return Kindred's result."""
    size = MIN_CLUSTER_SIZE.get(name, 100)
    threads = len(os.sched_getaffinity(0))
    graph_seconds = measure_alone(ways.make_graph, path, WIDTH, RECALL_K, threads).result
    alone = measure_alone(ways.kindred_hdbscan, path, size, MIN_SAMPLES, threads)
    found = alone.result
    exact = measure_alone(ways.library_hdbscan, path, size, MIN_SAMPLES).result
    report_row(report, f"{name}: hdbscan", exact, None)
    more = {"cpu": alone.cpu_seconds, "graph": graph_seconds, "peak_mb": alone.peak_rss_mb}
    report_row(report, f"{name}: kindred", found, exact, **more)
    for rival, way in RIVALS.items() if options.rivals else ():
        other = measure_within(options.limit, way, path, size, MIN_SAMPLES)
        if other is not None:
            report_row(report, f"{name}: {rival}", other.result, exact, peak_mb=other.peak_rss_mb)
    label = f"{name}, {len(found.labels):,}"
    report.at_least(f"{label}: ARI", adjusted_rand_score(exact.labels, found.labels), 0.98)
    difference = abs(found.noise_share - exact.noise_share)
    report.at_most(f"{label}: difference of noise shares", difference, 0.02)
    if len(found.labels) == max(SIZES):
        report.at_least(f"{label}: times faster", exact.seconds / found.seconds, 10.0)
    return found


def measure_sets(report: Report, folder: str, options: Any) -> None:
    """Measure both synthetic sets at all sizes, and Caravan; or the mixed one at all sizes."""
    d = options.d
    if options.data == MIXED:
        for rows in SIZES:
            path = save(folder, f"mixed {rows}", make_vectors(MIXED, rows, d))
            measure_agreement(report, MIXED, path, options)
        return
    for rows in SIZES:
        path = save(folder, f"customers {rows}", make_customers(rows, d))
        measure_agreement(report, "customers", path, options)
        vectors, groups = make_uneven(rows, d)
        found = measure_agreement(
            report, "uneven", save(folder, f"uneven {rows}", vectors), options
        )
        both = (groups >= 0) & (found.labels >= 0)
        planted = adjusted_rand_score(groups[both], found.labels[both])
        report.at_least(f"uneven, {rows:,}: ARI with the planted groups", planted, 0.9)
    measure_agreement(report, "Caravan", save(folder, "Caravan", caravan_vectors()), options)


def measure_many(report: Report, path: str, n: int, options: Any) -> None:
    """HDBSCAN of many customers; fast_hdbscan beside it is compared with our labels."""
    threads = len(os.sched_getaffinity(0))
    graph_seconds = measure_alone(ways.make_graph, path, WIDTH, RECALL_K, threads).result
    alone = measure_alone(ways.kindred_hdbscan, path, 100, MIN_SAMPLES, threads)
    more = {"cpu": alone.cpu_seconds, "graph": graph_seconds, "peak_mb": alone.peak_rss_mb}
    report_row(report, "many", alone.result, None, **more)
    limit = MAX_SECONDS[options.data]
    report.at_most(f"hdbscan of {n:,}: seconds", alone.result.seconds, limit)
    report.at_most(f"hdbscan of {n:,}: peak MB", alone.peak_rss_mb, 8 * 1024)
    if options.data == MIXED and options.rivals:
        other = measure_within(options.limit, ways.fast_hdbscan, path, 100, MIN_SAMPLES)
        if other is not None:
            more = {"cpu": other.cpu_seconds, "peak_mb": other.peak_rss_mb}
            report_row(report, "many: fast_hdbscan", other.result, alone.result, **more)


def measure_kmeans(report: Report, path: str, n: int) -> None:
    """K-means of many customers, by Kindred and by scikit-learn."""
    threads = len(os.sched_getaffinity(0))
    alone = measure_alone(ways.kindred_kmeans, path, K, threads)
    other = measure_alone(ways.scikit_learn_kmeans, path, K)
    ratio = alone.result.inertia / other.result.inertia
    for name, found in (("kmeans: kindred", alone), ("kmeans: scikit-learn", other)):
        more = {"cpu": found.cpu_seconds, "peak_mb": found.peak_rss_mb}
        report_row(report, name, found.result, None, **more, inertia=found.result.inertia)
    report.at_most(f"kmeans of {n:,}: seconds", alone.result.seconds, 20.0)
    report.at_most(f"kmeans of {n:,}: inertia / scikit-learn's", ratio, 1.01)


def measure_chosen_k(report: Report, d: int) -> None:
    """``k: auto`` on sets with a known number of groups."""
    chosen = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        centers = random.standard_normal((PLANTED, d))
        groups = random.choice(PLANTED, 5000, p=random.dirichlet(np.full(PLANTED, 5.0)))
        vectors = centers[groups] + 0.5 * random.standard_normal((5000, d))
        settings = KMeansSettings(k=None)
        found = cluster_kmeans(vectors.astype(np.float32), settings, Metric.L2, seed=seed)
        chosen.append(found.figures["k"])
    report.measure("k: auto", rows=5000, details=" ".join(str(k) for k in chosen))
    farthest = max(abs(k - PLANTED) for k in chosen)
    report.at_most(f"k: auto, {PLANTED} planted: farthest of {SEEDS}", farthest, 1)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=32, limit=300, rivals=1, data=CUSTOMERS)
    report = Report(report_name("cluster", options.data), {**vars(options), "seed": ways.SEED})
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        warm = save(folder, "warm", make_customers(40_000, options.d))
        measure_alone(ways.make_graph, warm, WIDTH, RECALL_K, 2)
        measure_alone(ways.kindred_hdbscan, warm, 100, MIN_SAMPLES, 2)
        measure_alone(ways.kindred_kmeans, warm, K, 2)
        measure_chosen_k(report, options.d)
        measure_sets(report, folder, options)
        for rows in [size for size in LIBRARY_SIZES if size < options.n]:
            vectors = make_vectors(options.data, rows, options.d)
            measure_libraries(report, save(folder, f"libraries {rows}", vectors), options)
        path = save(folder, "many", make_vectors(options.data, options.n, options.d))
        measure_kmeans(report, path, options.n)
        measure_many(report, path, options.n, options)
        measure_libraries(report, path, options)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
