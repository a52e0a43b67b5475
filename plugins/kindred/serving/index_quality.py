"""Measure an index by queries: recall and latency by search parameter, and whether it is used."""

import logging
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import distances, eligible
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.recall import found_shares
from kindred.progress.steps import step
from kindred.serving.index_build import BuiltIndex
from kindred.serving.index_kinds import IndexKind
from kindred.serving.probes import choose_probes, recall_interval, tuning_customers
from kindred.serving.rebuild import MAX_RECALL_LOSS, Canary
from kindred.warehouse import statements
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

PUBLISHED_CUSTOMERS = 500
TIMED_CUSTOMERS = 100
STREAM = 2
"""Random stream of these samples; the plan and the graph use other streams of the same seed."""


@dataclass(frozen=True)
class SweepPoint:
    """Results at one value of probes or ef_search on the tuning sample, queried one by one."""

    search_value: int
    recall: float
    p50_milliseconds: float
    p95_milliseconds: float


@dataclass(frozen=True)
class IndexQuality:
    """Recall and latency at the chosen search value, on customers not used to choose it."""

    search_value: int
    k: int
    recall_at_k: float
    recall_low: float
    recall_high: float
    recall_sample: int
    query_milliseconds: float
    p50_milliseconds: float
    p95_milliseconds: float
    is_index_used: bool
    sweep: tuple[SweepPoint, ...]

    def sweep_as_json(self, search_parameter: str) -> list[dict[str, Any]]:
        """The points by ascending search value, which is named after the parameter."""
        points = (asdict(point) for point in sorted(self.sweep, key=lambda p: p.search_value))
        return [{search_parameter: point.pop("search_value"), **point} for point in points]


@dataclass(frozen=True)
class IndexProbe:
    """Queries a generation's index to measure it; ``distinct``: its distinct vectors, if known."""

    database: Database
    table: str
    embeddings: Embeddings
    kind: IndexKind
    k: int
    distinct: Distinct | None = None

    def shares(self, sample: NDArray[np.int64], kth: np.ndarray, search_value: int) -> np.ndarray:
        """The share of each sampled customer's true neighbours that the index finds, float64."""
        return found_shares(self.kind.metric, self._distances(sample, search_value), kth)

    def milliseconds(self, sample: NDArray[np.int64], search_value: int) -> NDArray[np.float64]:
        """The duration of each sampled customer's query, run one after the other."""
        took = np.empty(len(sample))
        limit = self.kind.limit(self.k)
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            for number, customer in enumerate(self._keys(sample)):
                started = time.perf_counter()
                self.database.rows(
                    "serving/nearest_of_one", {"customer": customer, "k": limit}, **self._names
                )
                took[number] = (time.perf_counter() - started) * 1000
        return took

    def is_used(self, index: str, row: int, search_value: int) -> bool:
        """Whether the planner uses the index at this search value."""
        parameters = {"customer": self._keys(np.array([row]))[0], "k": self.kind.limit(self.k)}
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            query = statements.compose("serving/nearest_of_one", **self._names)
            plan = self.database.value("serving/explain_query", parameters, statement=query)
        return index in _indexes(plan[0]["Plan"])

    def _distances(self, sample: NDArray[np.int64], search_value: int) -> NDArray[np.float32]:
        """(sample, k) distances of the neighbours that the index finds; infinite for missing ones.

        Recomputed here to be comparable with exact distances, as the server sums in float32.
        """
        limit = self.kind.limit(self.k)
        parameters = {"customers": self._keys(sample), "k": limit}
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            rows = self.database.rows("serving/nearest_by_index", parameters, **self._names)
        position = np.array([row[0] for row in rows], dtype=np.int64) - 1
        keys = self.embeddings.key_type.from_python([row[1] for row in rows])
        found = np.searchsorted(self.embeddings.customers, keys)
        rank = np.arange(len(rows)) - np.searchsorted(position, position)
        result = np.full((len(sample), limit), np.inf, dtype=np.float32)
        vectors, metric = self.embeddings.vectors, self.kind.metric
        result[position, rank] = distances(metric, vectors[sample[position]], vectors[found])
        return np.sort(result, axis=1)[:, : self.k]

    def _keys(self, rows: NDArray[np.int64]) -> list[Any]:
        return list(self.embeddings.key_type.to_python(self.embeddings.customers[rows]))

    @property
    def _names(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "key_type": sql.SQL(self.embeddings.key_type.value),
            **self.kind.query_names(),
        }


def measure_index(
    probe: IndexProbe,
    built: BuiltIndex,
    *,
    planned: int,
    most: int,
    target_recall: float,
    seed: int,
    threads: int = 1,
) -> IndexQuality:
    """Choose the smallest search value that reaches the target, and measure the index with it.

    The search starts at the ``planned`` value and goes up to ``most``.
    """
    tuning, published, kth = _samples(probe, seed, threads)
    points: list[SweepPoint] = []

    def recall_of(search_value: int) -> float:
        with step(f"measuring {built.name} at {probe.kind.search_parameter} {search_value}"):
            shares = probe.shares(tuning, kth[tuning], search_value)
            took = probe.milliseconds(tuning[:TIMED_CUSTOMERS], search_value)
        points.append(SweepPoint(search_value, float(shares.mean()), *_middle_and_end(took)))
        log.info("recall@%d on %d customers: %s", probe.k, len(tuning), points[-1])
        return points[-1].recall

    search_value = choose_probes(recall_of, planned, most, target_recall)
    shares = probe.shares(published, kth[published], search_value)
    took = probe.milliseconds(published, search_value)
    is_used = probe.is_used(built.name, int(published[0]), search_value)
    if shares.mean() < target_recall - MAX_RECALL_LOSS:
        log.warning("%s: recall %.3f, target %.3f", built.name, shares.mean(), target_recall)
    if not is_used:
        name = probe.kind.search_parameter
        log.warning(
            "the planner scans instead of using %s at %s %d", built.name, name, search_value
        )
    low, high = recall_interval(shares)
    return IndexQuality(
        search_value,
        probe.k,
        float(shares.mean()),
        low,
        high,
        len(published),
        float(took.mean()),
        *_middle_and_end(took),
        is_used,
        tuple(points),
    )


def measure_canary(
    probe: IndexProbe, search_value: int, *, seed: int, threads: int = 1
) -> Canary | None:
    """The recall of an index at its stored search value; None if there are too few customers."""
    rows = np.flatnonzero(eligible(probe.kind.metric, probe.embeddings.vectors))
    if len(rows) <= probe.k:
        return None
    size = min(PUBLISHED_CUSTOMERS, len(rows))
    sample = np.random.default_rng([seed, STREAM]).choice(rows, size, replace=False)
    shares = probe.shares(sample, _kth(probe, sample, threads), search_value)
    return Canary(float(shares.mean()), *recall_interval(shares), size)


def _samples(
    probe: IndexProbe, seed: int, threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], np.ndarray]:
    """Rows to choose the search value by, other rows to measure, exact k-th distances by row."""
    vectors = probe.embeddings.vectors
    rows = np.flatnonzero(eligible(probe.kind.metric, vectors))
    wanted = tuning_customers(len(rows))
    size = min(wanted + PUBLISHED_CUSTOMERS, len(rows))
    chosen = np.random.default_rng([seed, STREAM]).choice(rows, size, replace=False)
    kth = np.full(len(vectors), np.nan, dtype=np.float32)
    kth[chosen] = _kth(probe, chosen, threads)
    part = wanted / (wanted + PUBLISHED_CUSTOMERS)
    tuning, published = np.split(chosen, [int(size * part)])
    return tuning, published, kth


def _kth(probe: IndexProbe, sample: NDArray[np.int64], threads: int) -> np.ndarray:
    """Exact distance from each sampled customer to its k-th nearest other customer."""
    vectors = probe.embeddings.vectors
    _, exact = exact_neighbours(
        vectors[sample],
        vectors,
        probe.kind.metric,
        probe.k,
        exclude=sample,
        distinct=probe.distinct,
        threads=threads,
    )
    return np.asarray(exact[:, -1])


def _middle_and_end(milliseconds: NDArray[np.float64]) -> tuple[float, float]:
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95])
    return float(p50), float(p95)


def _indexes(plan: dict[str, Any]) -> set[str]:
    """Names of all indexes in a query plan."""
    inner = [_indexes(part) for part in plan.get("Plans", [])]
    return {plan.get("Index Name", "")}.union(*inner)
