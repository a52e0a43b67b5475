"""The neighbour graph: the k nearest other customers of n customers, against other libraries.

Vectors are those of `benchmarks.customers` (seeded; low intrinsic dimension and one-hot blocks), or
with ``--data=mixed`` those of `benchmarks.mixed_customers` through the encoder (about 100
dimensions); metric l2. All sides use the same vectors in one run, each in its own process with all
cores.

- **kindred**: the tasks ``plan_graph``, ``search_graph`` (one shard after another, each on all
  cores) and the writing part of ``merge_graph``, including their artefacts; the plan finds distinct
  vectors, trains and tunes. Compiled code is loaded from the cache, which small graphs fill
  beforehand. Measuring the published recall is listed separately, since no other side does it.
- **FAISS IVFFlat**: training (64 points per list), adding and `index.search` in id order, with the
  fewest probes whose recall on the same sample is not below ours; the time to find the probes does
  not count. Each nlist is timed on 20,000 queries; the best one runs on all rows three times,
  alternating with kindred. Medians of wall and of CPU seconds are compared.
- **FAISS HNSW, usearch, pynndescent**: at the same recall, if they finish within the time limit.
  pgvector: one LATERAL query on each of two connections for 2,000 customers, extrapolated.
- **exact**: ``exact: true`` at 200,000 customers, `faiss.knn`, and the bare matrix products.

Memory is the process's ``VmHWM``; two tasks may run at once, so twice a shard's memory is compared
with the target. Growth is measured from n / 10 and to 3 n. Recall is measured on 2,000 customers
that Kindred was not tuned on. In addition, the exact search of bigann's 500 queries must equal its
ground truth, and the published interval must cover the true recall in 20 seeds on three sets.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.customers import make_customers, make_mixture
from benchmarks.graph_pgvector import pgvector_lateral
from benchmarks.graph_rivals import (
    Figures,
    Truth,
    bare_products,
    exact_faiss,
    faiss_hnsw,
    faiss_ivf,
    nn_descent,
    usearch_hnsw,
)
from benchmarks.processes import Alone, measure_alone, measure_within
from benchmarks.report import Report, arguments, data_file, median_seconds
from benchmarks.vectors import CUSTOMERS, MIXED, make_vectors, report_name
from kindred.encoding.vectors import VECTORS
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.graph_artefacts import read_graph, read_plan, read_truth
from kindred.neighbours.recall import Recall, recall_of
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import merge_shards, search_shard
from kindred.neighbours.search_plan import plan_graph as plan
from kindred.neighbours.task import plan_graph, published_recall, put_together, search_graph
from kindred.neighbours.truth import find_truth
from kindred.run.builds import Build
from kindred.run.context import SEED, Deployment, Run
from kindred.settings import Settings
from kindred.spec.metrics import Metric
from kindred.spec.model import spec_from_dict

AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
LISTS = (1000, 2000, 4000, 8000)
EXACT_ROWS = 200_000
COVERED_ROWS = 40_000
SEEDS = 20
ROUNDS = 3


class StoredLists:
    """In place of a warehouse: the lists of an encoder that was fitted on this snapshot."""

    def __init__(self) -> None:
        self._row: tuple[Any, ...] | None = None

    def value(self, name: str, parameters: Any) -> Any:
        """When the encoder was fitted; that its snapshots share lists."""
        return AS_OF if name == "encoding/fitted_as_of" else True

    def row(self, name: str, parameters: Any) -> tuple[Any, ...] | None:
        """The lists."""
        return self._row

    def run(self, name: str, parameters: dict[str, Any]) -> None:
        """Store the lists, as the warehouse gives them back."""
        names = ("dimensions", "upper", "starts", "centroids", "rungs", "candidate_recall")
        stored = [parameters[name] for name in names]
        self._row = (*stored[:4], stored[4].adapted, stored[5])


class RunWithoutWarehouse(Run):
    """A run without a warehouse: its tasks record nothing."""

    @contextmanager
    def warehouse(self, stage: str) -> Iterator[Any]:
        """What knows the lists of an encoder, and nothing else."""
        yield StoredLists()

    def record_forecast(self, stage: str, megabytes: int) -> None:
        """Do nothing; the forecast is in the log."""


@dataclass(frozen=True)
class Job:
    """A graph to build: the folder of its artefacts, and the settings of the spec."""

    folder: str
    k: int
    exact: bool = False

    def opened(self) -> Run:
        """The run as a task opens it, but without a warehouse."""
        source = {"table": "customers", "key": "customer_id", "updated_at": "updated_at"}
        content = {
            "space": "default",
            "source": source,
            "features": {"income": "numeric"},
            "k": self.k,
            "exact": self.exact,
            "clustering": {"algorithms": ["kmeans"]},
        }
        build = Build("bench", "building", AS_OF, content, "bench", 1, False, {})
        settings = Settings(artifacts=self.folder)
        place = Deployment(lambda name: "", settings)
        return RunWithoutWarehouse(place, spec_from_dict(content, where="benchmark"), AS_OF, build)


def run_plan(job: Job) -> list[int]:
    return plan_graph(job.opened())


def run_shard(job: Job, shard: int) -> dict[str, Any]:
    return search_graph(job.opened(), shard)


def run_merge(job: Job) -> str:
    return put_together(job.opened())


def run_recall(job: Job) -> dict[str, Any]:
    run = job.opened()
    return asdict(published_recall(run, read_graph(run), read_plan(run).method))


def write_customers(job: Job, n: int, d: int, data: str = CUSTOMERS) -> str:
    """Write the artefact ``vectors``; return the path of its array."""
    folder = job.opened().folder
    vectors = make_vectors(data, n, d)
    # Of another encoder than the run's, so that no round goes on from the truth of the one before.
    folder.write(VECTORS, {"customers": np.arange(n), "vectors": vectors}, {"encoder_version": 0})
    return str(Path(folder.path) / VECTORS / "vectors.npy")


def measure_kindred(report: Report, job: Job, n: int, name: str = "kindred") -> dict[str, Any]:
    """Run the tasks one after another; return their time, memory and recall."""
    planned = measure_alone(run_plan, job)
    shards = [measure_alone(run_shard, job, shard) for shard in planned.result]
    merged = measure_alone(run_merge, job)
    recall = measure_alone(run_recall, job)
    searching = sum(shard.seconds for shard in shards)
    figures = {
        "rows": n,
        "shards": len(shards),
        "training": planned.seconds,
        "searching": searching,
        "merging": merged.seconds,
        "seconds": planned.seconds + searching + merged.seconds,
        "recall": recall.result["recall_at_k"],
        "low": recall.result["low"],
        "high": recall.result["high"],
        "measuring_recall": recall.seconds,
        "cpu_seconds": planned.cpu_seconds
        + merged.cpu_seconds
        + sum(s.cpu_seconds for s in shards),
        "peak_mb": max(planned.peak_rss_mb, merged.peak_rss_mb, *(s.peak_rss_mb for s in shards)),
        "two_tasks_mb": max(
            planned.peak_rss_mb, merged.peak_rss_mb, 2 * max(s.peak_rss_mb for s in shards)
        ),
    }
    shown = ("rows", "seconds", "recall", "peak_mb")
    details = {key: value for key, value in figures.items() if key not in shown}
    report.measure(name, **{key: figures[key] for key in shown}, details=as_text(details))
    return figures


def measure_rivals(
    report: Report, job: Job, path: str, truth: Truth, n: int, ours: dict[str, Any]
) -> tuple[float, float]:
    """Measure FAISS IVFFlat and pgvector at our recall, and compare with the targets.

    Returns the medians of our seconds and of FAISS's.
    """
    tried = [
        report_rival(
            report, "FAISS IVFFlat", n, measure_alone(faiss_ivf, path, truth, lists, False)
        )
        for lists in LISTS
        if lists <= n // 39
    ]
    best = min(tried, key=lambda figures: figures["seconds"])["lists"]
    rounds, rivals = [ours], []
    for number in range(ROUNDS):
        alone = measure_alone(faiss_ivf, path, truth, best, True)
        report_rival(report, "FAISS IVFFlat, best", n, alone)
        rivals.append({**alone.result, "cpu_seconds": alone.cpu_seconds})
        if number:
            rounds.append(measure_kindred(report, job, n))
    medians = {}
    for name in ("seconds", "cpu_seconds"):
        kindred, rival = (median_seconds([one[name] for one in runs]) for runs in (rounds, rivals))
        medians[name] = kindred, rival
        report.measure(f"medians of {name}", rows=n, details=f"{kindred:.4g} and {rival:.4g}")
        report.at_most(f"{name} / FAISS IVFFlat", kindred / rival, 0.5)
    pgvector = measure_alone(pgvector_lateral, path, truth)
    seconds = report_rival(report, "pgvector LATERAL", n, pgvector)["seconds"]
    report.at_least("pgvector LATERAL / seconds", seconds / ours["seconds"], 40)
    return medians["seconds"]


def measure_slow_rivals(report: Report, path: str, truth: Truth, n: int, limit: int) -> list[float]:
    """Measure NN-descent and HNSW; return the seconds of those that finish within the limit."""
    threads = len(os.sched_getaffinity(0))
    found = []
    for name, work, given in (
        ("pynndescent", nn_descent, (path, truth, threads)),
        ("FAISS HNSW", faiss_hnsw, (path, truth)),
        ("usearch", usearch_hnsw, (path, truth, threads)),
    ):
        alone = measure_within(limit, work, *given)
        if alone is None:
            report.measure(name, rows=n, details=f"not done in {limit} s")
        else:
            found.append(report_rival(report, name, n, alone)["seconds"])
    return found


def report_rival(report: Report, name: str, rows: int, alone: Alone[Figures]) -> Figures:
    """Report another library; return its figures."""
    figures = dict(alone.result)
    seconds, recall = figures.pop("seconds"), figures.pop("recall", None)
    figures["cpu seconds"] = alone.cpu_seconds
    report.measure(
        name,
        rows=rows,
        seconds=seconds,
        recall=recall,
        peak_mb=alone.peak_rss_mb,
        details=as_text(figures),
    )
    return alone.result


def as_text(figures: dict[str, Any]) -> str:
    """Format figures for one column."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in figures.items()
    )


def truth_of(job: Job, recall: float) -> Truth:
    """The sample for the published recall, and its exact k-th distances."""
    truth = read_truth(job.opened())
    return Truth(truth.rows[truth.measuring], truth.kth[truth.measuring], recall, job.k)


def measure_exact(report: Report, folder: str, n: int, options: Any) -> None:
    """Compare ``exact: true`` with faiss.knn and with the bare matrix products."""
    k = options.k
    job = Job(folder, k, exact=True)
    path = write_customers(job, n, options.d, options.data)
    ours = measure_kindred(report, job, n, "kindred, exact")
    seconds = report_rival(report, "faiss.knn", n, measure_alone(exact_faiss, path, k))["seconds"]
    report_rival(report, "matrix products alone", n, measure_alone(bare_products, path))
    report.at_most("exact: seconds / faiss.knn", ours["seconds"] / seconds, 1.0)


def measure_ground_truth(report: Report, k: int) -> None:
    """Exact search of 500 SIFT vectors: distances equal those of the published neighbours."""
    with np.load(data_file("bigann10k.npz")) as data:
        base, queries = data["base"].astype(np.float32), data["queries"].astype(np.float32)
        known = data["groundtruth"]
    k = min(10 * k, known.shape[1])
    _, distances = exact_neighbours(queries, base, Metric.L2, k)
    squares = np.square(queries[:, None] - base[known[:, :k]]).sum(axis=2, dtype=np.float64)
    equal = float((distances == np.sqrt(squares).astype(np.float32)).mean())
    report.measure("bigann10k", rows=len(base), recall=equal, details=f"{len(queries)} queries")
    report.at_least("bigann10k: equal to the ground truth", equal, 1.0)


def recall_of_sample(
    vectors: np.ndarray, metric: Metric, graph: NeighbourGraph, size: int, seed: int
) -> Recall:
    """The recall of a graph among some of its customers."""
    k, distinct = graph.neighbours.shape[1], find_distinct(vectors, eligible(metric, vectors))
    truth = find_truth(
        vectors, metric, k, distinct, seed=seed, tuning_size=0, measuring_size=size, threads=2
    )
    return recall_of(truth, metric, graph, is_tuned=True, seed=seed)


def measure_intervals(report: Report, k: int) -> None:
    """Count how often the published interval covers the recall over all customers."""
    n = COVERED_ROWS
    for name, vectors, metric in (
        ("customers, l2", make_customers(n), Metric.L2),
        ("customers, cosine", make_customers(n, seed=8), Metric.COSINE),
        ("round groups, l2", make_mixture(n, 16), Metric.L2),
    ):
        made = plan(vectors, metric, k, target_recall=0.95, shards=1, seed=SEED, threads=2)
        graph = merge_shards(made, [search_shard(made, vectors, 0, threads=2)])
        true = recall_of_sample(vectors, metric, graph, n, seed=0).recall_at_k
        found = [recall_of_sample(vectors, metric, graph, 1000, seed) for seed in range(SEEDS)]
        covered = sum(recall.low <= true <= recall.high for recall in found)
        report.measure(name, rows=n, recall=true, details=f"{covered} of {SEEDS} intervals cover")
        report.at_least(f"{name}: intervals that cover", covered, 17)


def main() -> int:
    options = arguments(
        __doc__, n=1_000_000, d=32, k=10, limit=900, rivals=1, growth=1, data=CUSTOMERS
    )
    n, d, k = options.n, options.d, options.k
    report = Report(report_name("graph", options.data), {**vars(options), "seed": SEED})
    measure_ground_truth(report, k)
    measure_intervals(report, k)
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        for job in (Job(f"{folder}/warm", k), Job(f"{folder}/warm_exact", k, exact=True)):
            write_customers(job, COVERED_ROWS, d)
            measure_kindred(Report("compiling", {}), job, COVERED_ROWS, "compiling")
        job = Job(f"{folder}/{n}", k)
        path = write_customers(job, n, d, options.data)
        ours = measure_kindred(report, job, n)
        report.at_least("recall", ours["recall"], 0.99)
        report.at_most("MB of two tasks", ours["two_tasks_mb"], 3 * 1024)
        truth = truth_of(job, ours["recall"])
        if options.rivals:
            kindred, faiss = measure_rivals(report, job, path, truth, n, ours)
        measure_exact(report, f"{folder}/exact", min(n, EXACT_ROWS), options)
        if options.growth:
            measure_growth(report, folder, options, ours["seconds"])
        if options.rivals:
            rivals = [faiss, *measure_slow_rivals(report, path, truth, n, options.limit)]
            if options.data == MIXED:
                report.at_least("best rival / seconds", min(rivals) / kindred, 3.0)
    return report.finish()


def measure_growth(report: Report, folder: str, options: Any, seconds: float) -> None:
    """Measure at a tenth and at three times the size; report exponents of the growth."""
    n = options.n
    found = {n: seconds}
    for rows in (n // 10, 3 * n):
        job = Job(f"{folder}/{rows}", options.k)
        write_customers(job, rows, options.d, options.data)
        found[rows] = measure_kindred(report, job, rows)["seconds"]
    for small, large in ((n // 10, n), (n, 3 * n)):
        exponent = np.log(found[large] / found[small]) / np.log(large / small)
        report.at_most(f"growth from {small:,} to {large:,}: exponent", exponent, 1.25)


if __name__ == "__main__":
    sys.exit(main())
