"""IVFFlat lists as segments: time to read the lists of n customers from the index.

One table of n seeded customers of d dimensions (`benchmarks.customers`) on an embedded server, with
an index whose number of lists follows pgvector's rule of thumb.

- **read**: `read_lists`, from the pages of the index to the list of every customer; the median of
  three rounds, and the slowest compared with the target.
- **cluster**: distances to the centroids, sizes and labels of all customers, after reading.
- **k-means outside**: the fallback if the pages cannot be read, with as many lists.

Every customer must be found in exactly one list. To check the lists, a sample of 10,000 customers
is compared with all centroids, in float64.
"""

import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.customers import make_customers
from benchmarks.generations import BLOCK_ROWS, SPEC, Bench, make_rows, server_for_bench
from benchmarks.report import Report, arguments, median_seconds, timed
from kindred.encoding.embeddings import Embeddings
from kindred.segments.lists.index_pages import IndexLists, open_index, read_lists
from kindred.segments.lists.list_clusters import cluster_into_lists, clusters_of_lists
from kindred.serving.index_kinds import IndexKind
from kindred.serving.index_plan import Candidate, forecast_mb, usual_lists
from kindred.spec.metrics import Metric
from local.page_reader import install_page_reader

SEED = 20_180_401
ROUNDS = 3
COMPARED = 10_000
METRIC = Metric.L2
INDEX = "generation_ivfflat"


def build(running: Bench, table: str, rows: Embeddings, lists: int) -> float:
    """Build an index with this many lists and enough memory; return seconds."""
    needed_mb = forecast_mb(lists, *rows.vectors.shape)
    memory_mb = 2 * needed_mb + 64
    kind = IndexKind(METRIC, rows.vectors.shape[1])
    chosen = Candidate(lists, 1, 0.0, 0.0, 0.0, needed_mb, 0.0)

    def create() -> None:
        with running.database.transaction():
            running.database.run(
                "warehouse/configure_build", {"memory_mb": memory_mb, "workers": 2}
            )
            running.database.run(
                "serving/create_index",
                index=INDEX,
                table=table,
                **kind.index_names(chosen),
            )

    return timed(create)[0]


def read(running: Bench, table: str, rows: Embeddings) -> IndexLists:
    """The list of every customer, as task cluster reads it."""
    pages = open_index(running.database, SPEC.internal_schema, table)
    if pages is None:
        raise SystemExit(f"nothing to read: {table} has no index")
    with running.database.transaction():
        running.database.run("warehouse/repeatable_read")
        return read_lists(pages, rows.key_type, rows.customers, block_rows=BLOCK_ROWS)


def share_of_nearest(vectors: NDArray[np.float32], found: IndexLists) -> float:
    """Share of a sample whose list has the nearest centroid, up to rounding in float32."""
    size = min(COMPARED, len(vectors))
    sample = np.random.default_rng(SEED).choice(len(vectors), size, replace=False)
    centroids = found.centroids.astype(np.float64)
    is_nearest = np.empty(size, dtype=bool)
    for number, row in enumerate(sample):
        distances = ((centroids - vectors[row]) ** 2).sum(axis=1)
        is_nearest[number] = distances[found.lists[row]] <= distances.min() * (1 + 1e-5)
    return float(is_nearest.mean())


def measure_all(report: Report, running: Bench, rows: Embeddings, lists: int) -> None:
    """Measure every way, and compare with the targets."""
    table = running.load(rows)
    install_page_reader(running.database.connection.dsn, SPEC.internal_schema)
    report.measure("build", lists=lists, seconds=build(running, table, rows, lists))
    rounds = [timed(lambda: read(running, table, rows)) for _ in range(ROUNDS)]
    found = rounds[-1][1]
    seconds = [took for took, _ in rounds]
    report.measure("read", lists=len(found.centroids), seconds=median_seconds(seconds))
    vectors = rows.vectors
    took, _ = timed(
        lambda: clusters_of_lists(vectors, METRIC, found.centroids, found.lists, method="read")
    )
    report.measure("cluster", lists=lists, seconds=took)
    outside, made = timed(
        lambda: cluster_into_lists(vectors, METRIC, lists, seed=SEED, why="to compare")
    )
    count = int(made.labels.max()) + 1
    report.measure("k-means outside", lists=count, seconds=outside)
    report.at_most("read and cluster: seconds", max(seconds) + took, 10)
    report.at_least("customers found in a list", float((found.lists >= 0).mean()), 1)
    report.at_least("customers in the nearest list", share_of_nearest(vectors, found), 1)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=32)
    with server_for_bench(**vars(options)) as running:
        report = Report("partitions", running.report.parameters, running.report.machine)
        rows = replace(make_rows(options.n, 1), vectors=make_customers(options.n, options.d))
        measure_all(report, running, rows, usual_lists(options.n))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
