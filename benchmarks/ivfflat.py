"""The planned IVFFlat index against pgvector's rule of thumb and against HNSW, in one run.

One table of n seeded customers of d dimensions (`benchmarks.customers`; with ``--data=mixed`` those
of `benchmarks.mixed_customers` through the encoder, about 100 dimensions) on an embedded server;
the indexes are built on it one after another, each dropped before the next.

- **rule of thumb**: lists = rows / 1000 (the square root above a million), with 10 probes and with
  the square root of the lists. The baseline is the first of the two with a recall of 0.95.
- **planned**: `plan_index` for 0.001 less than the baseline's recall (at least 0.95) within
  ``memory`` MB, then the build and the choice of probes on the real index, as in build_embeddings.
  With a million customers, halving the baseline's query time takes some 5,000 lists, whose k-means
  needs 5 GB: hence the default of ``memory``. A quarter of it is enough for half as many lists.
- **half**: the same lists with halfvec.
- **HNSW**: m 16, ef_construction 64, ef_search 40.

Recall is measured for the k nearest others of 4,000 customers against exact search; these are not
used for planning or tuning. p50 and p95 are for the statement of ``bi.similar_customers`` for a
thousand of them, one query at a time over a local socket: the best of five rounds with the same
customers, which reduces the influence of other load.

**Memory**: the memory that the server says it needs when it gets nine tenths of the forecast.
"""

import re
import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psycopg2 import errors, sql

from benchmarks.generations import Bench, make_rows, server_for_bench
from benchmarks.report import Report, arguments, timed
from benchmarks.vectors import CUSTOMERS, make_vectors, report_name
from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.truth import find_truth
from kindred.serving import index_build
from kindred.serving.hnsw import EF_CONSTRUCTION, EF_SEARCH, LINKS, HnswChoice, graph_memory_bytes
from kindred.serving.index_kinds import IndexKind
from kindred.serving.index_plan import Candidate, IndexPlan, forecast_mb, plan_index, usual_lists
from kindred.serving.index_quality import IndexProbe, measure_index
from kindred.serving.ivfflat_memory import build_memory_bytes, reported_mb
from kindred.spec.index_methods import Method, Precision
from kindred.spec.metrics import Metric

SEED = 20_180_401
HELD_OUT = 99
QUERIES = 4_000
TIMED = 1_000
ROUNDS = 5
RECALL_GIVEN_UP = 0.001
MIN_RECALL = 0.95
METRIC = Metric.L2


@dataclass(frozen=True)
class Asked:
    """A loaded table, and customers to query with their exact k-th distances."""

    running: Bench
    index: IndexProbe
    sample: NDArray[np.int64]
    kth: NDArray[np.float32]
    distinct: Distinct

    def measure(self, search_value: int) -> dict[str, float]:
        """Recall and latency at a number of probes, or at an ef_search."""
        recall = float(self.index.shares(self.sample, self.kth, search_value).mean())
        rounds = [self.index.milliseconds(self.sample[:TIMED], search_value) for _ in range(ROUNDS)]
        p50, p95 = np.min([np.quantile(took, [0.5, 0.95]) for took in rounds], axis=0)
        return {"recall": recall, "p50_ms": float(p50), "p95_ms": float(p95)}

    def drop(self, index: str) -> None:
        """Drop an index, so that the planner cannot choose between two."""
        self.running.database.execute(sql.SQL("drop index {}").format(sql.Identifier(index)))


def load(running: Bench, n: int, d: int, k: int, data: str = CUSTOMERS) -> Asked:
    """Fill the table and find the exact neighbours of the held-out customers."""
    rows = replace(make_rows(n, 1), vectors=make_vectors(data, n, d))
    table = running.load(rows)
    distinct = find_distinct(rows.vectors, eligible(METRIC, rows.vectors))
    queries = min(QUERIES, n)
    sample = np.random.default_rng([SEED, HELD_OUT]).choice(n, queries, replace=False)
    _, exact = exact_neighbours(
        rows.vectors[sample], rows.vectors, METRIC, k, exclude=sample, distinct=distinct, threads=2
    )
    kind = IndexKind(METRIC, rows.vectors.shape[1])
    index = IndexProbe(running.database, table, rows, kind, k)
    return Asked(running, index, sample, exact[:, -1], distinct)


def measure_rule(report: Report, asked: Asked, memory_mb: int) -> dict[str, float]:
    """Measure the rule of thumb at both numbers of probes; return the baseline's figures."""
    rows = asked.index.embeddings
    lists = usual_lists(len(rows.customers))
    built = build(asked, plan_of(rows, asked.index.k, lists, memory_mb))
    tried = []
    for probes in sorted({min(10, lists), max(1, round(lists**0.5))}):
        tried.append(asked.measure(probes))
        report.measure("rule of thumb", **seen(built), probes=probes, **tried[-1])
    asked.drop(built.name)
    return next((found for found in tried if found["recall"] >= MIN_RECALL), tried[-1])


def measure_planned(
    report: Report, asked: Asked, target_recall: float, memory_mb: int
) -> dict[str, float]:
    """Measure the plan, its expected recall, and the index as the task builds it."""
    rows = asked.index.embeddings
    truth = find_truth(rows.vectors, METRIC, asked.index.k, asked.distinct, seed=SEED, threads=2)
    planning, plan = timed(
        lambda: plan_index(
            rows.vectors,
            METRIC,
            asked.index.k,
            target_recall=target_recall,
            memory_mb=memory_mb,
            seed=SEED,
            threads=2,
            distinct=asked.distinct,
            truth=truth,
        )
    )
    if not isinstance(plan.chosen, Candidate):
        raise SystemExit(f"nothing to measure: {plan.reason}")
    chosen = plan.chosen
    for candidate in plan.candidates:
        report.measure("candidate", **promised(candidate))
    report.measure("plan", **promised(chosen), seconds=planning)
    measure_memory(report, asked, chosen)
    built = build(asked, plan)
    at_plan = asked.measure(chosen.probes)
    report.measure("as planned", **seen(built), probes=chosen.probes, **at_plan)
    choosing, quality = timed(
        lambda: measure_index(
            asked.index,
            built,
            truth,
            planned=chosen.probes,
            most=chosen.lists,
            target_recall=target_recall,
            seed=SEED,
        )
    )
    found = asked.measure(quality.search_value)
    report.measure("planned", **seen(built), probes=quality.search_value, **found, seconds=choosing)
    asked.drop(built.name)
    difference = abs(at_plan["recall"] - chosen.recall)
    report.at_most("planned: recall off its promise", difference, 0.01)
    return {"lists": chosen.lists, "probes": quality.search_value, **found}


def measure_memory(report: Report, asked: Asked, chosen: Candidate) -> None:
    """Compare the forecast with the error of a server that gets a tenth less."""
    rows, dimensions = asked.index.embeddings.vectors.shape
    needed = build_memory_bytes(chosen.lists, dimensions, rows=rows)
    given = {"memory_kb": int(0.9 * needed / 1024)}
    database = asked.index.database
    try:
        with database.transaction(), database.connection.cursor() as cursor:
            cursor.execute("set local maintenance_work_mem = %(memory_kb)s", given)
            database.run(
                "serving/create_index",
                index="too_large",
                table=asked.index.table,
                **asked.index.kind.index_names(chosen),
            )
        raise SystemExit("the server built an index with less memory than it should need")
    except errors.ProgramLimitExceeded as error:
        reported = int(re.findall(r"memory required is (\d+) MB", str(error))[0])
    report.measure("memory", lists=chosen.lists, forecast_mb=chosen.memory_mb, server_mb=reported)
    off = abs(chosen.memory_mb / reported - 1)
    report.at_most("memory: forecast off the server's figure", off, 0.1)


def measure_hnsw(report: Report, asked: Asked, memory_mb: int) -> None:
    """HNSW with pgvector's defaults."""
    rows, dimensions = asked.index.embeddings.vectors.shape
    chosen = HnswChoice(LINKS[0], EF_CONSTRUCTION, EF_SEARCH, memory_mb, 0.0)
    plan = replace(plan_of(asked.index.embeddings, asked.index.k, 1, memory_mb), chosen=chosen)
    kind = IndexKind(METRIC, dimensions, Method.HNSW)
    built = build(asked, replace(plan, method=kind.method))
    needed = reported_mb(graph_memory_bytes(rows, dimensions, kind.precision, chosen.m))
    found = replace(asked, index=replace(asked.index, kind=kind)).measure(chosen.ef_search)
    report.measure("HNSW", **seen(built), ef_search=chosen.ef_search, **found, forecast_mb=needed)
    asked.drop(built.name)


def measure_half(report: Report, asked: Asked, lists: int, probes: int, memory_mb: int) -> None:
    """The planned lists and probes on an index of halfvec."""
    rows = asked.index.embeddings
    half = IndexKind(METRIC, rows.vectors.shape[1], precision=Precision.HALF)
    plan = replace(plan_of(rows, asked.index.k, lists, memory_mb), precision=half.precision)
    built = build(asked, plan)
    found = replace(asked, index=replace(asked.index, kind=half)).measure(probes)
    report.measure("half", **seen(built), probes=probes, **found)
    asked.drop(built.name)


def plan_of(rows: Embeddings, k: int, lists: int, memory_mb: int) -> IndexPlan:
    """A plan with a given number of lists."""
    n, d = rows.vectors.shape
    memory = forecast_mb(lists, n, d)
    chosen = Candidate(lists, 1, 0.0, 0.0, 0.0, memory, 0.0)
    return IndexPlan(
        n, d, 0.0, k, max(memory_mb, memory + 1), lists, lists, (chosen,), chosen, "the rule"
    )


def build(asked: Asked, plan: IndexPlan) -> index_build.BuiltIndex:
    """Build an index of the table, which must have enough rows."""
    built = index_build.build_index(asked.index.database, asked.index.table, plan, METRIC)
    if built is None:
        raise SystemExit(f"nothing to measure: {plan.reason}")
    return built


def seen(built: index_build.BuiltIndex) -> dict[str, float]:
    """Figures of a built index."""
    lists = {} if built.lists is None else {"lists": built.lists}
    size = built.index_bytes / 2**20
    return {**lists, "build_seconds": built.build_seconds, "size_mb": size}


def promised(candidate: Candidate) -> dict[str, float]:
    """Expected figures of a candidate."""
    return {
        "lists": candidate.lists,
        "build_seconds": candidate.build_seconds,
        "probes": candidate.probes,
        "recall": candidate.recall,
        "scanned_rows": candidate.scanned_rows,
        "forecast_mb": candidate.memory_mb,
    }


def measure_all(report: Report, asked: Asked, memory_mb: int, *, with_others: bool) -> None:
    """Measure all sides, and compare the planned index with its targets."""
    rule = measure_rule(report, asked, memory_mb)
    wanted = max(MIN_RECALL, rule["recall"] - RECALL_GIVEN_UP)
    planned = measure_planned(report, asked, wanted, memory_mb)
    report.at_most("planned: p50 / rule of thumb", planned["p50_ms"] / rule["p50_ms"], 0.5)
    report.at_least("planned: recall - rule of thumb", planned["recall"] - rule["recall"], -0.002)
    if with_others:
        measure_half(report, asked, int(planned["lists"]), int(planned["probes"]), memory_mb)
        measure_hnsw(report, asked, memory_mb)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=32, k=10, memory=6144, others=1, data=CUSTOMERS)
    name = report_name("ivfflat", options.data)
    with server_for_bench(**vars(options)) as running:
        report = Report(name, running.report.parameters, running.report.machine)
        asked = load(running, options.n, options.d, options.k, options.data)
        measure_all(report, asked, options.memory, with_others=bool(options.others))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
