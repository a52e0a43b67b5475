"""Measure an index by queries: recall and latency by search parameter, and whether it is used."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import distances
from kindred.neighbours.recall import found_shares
from kindred.neighbours.truth import Truth
from kindred.progress.steps import step
from kindred.serving.index_build import BuiltIndex
from kindred.serving.index_kinds import IndexKind
from kindred.serving.probes import (
    PUBLISHED_CUSTOMERS,
    TUNING_CUSTOMERS,
    SampledRecall,
    choose_probes,
    recall_interval,
)
from kindred.serving.rebuild import MAX_RECALL_LOSS, Canary
from kindred.spec.index_methods import Method
from kindred.warehouse import statements
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

TIMED_CUSTOMERS = 50
"""Of every value that is tried; of the chosen one, all published customers are timed."""

STREAM = 2
"""Random stream of these samples; the truth's samples use other streams of the same seed."""


@dataclass(frozen=True)
class SweepPoint:
    """Results at one value of probes or ef_search: recall among so many customers, and latency."""

    search_value: int
    recall: float
    customers: int
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
    """Queries a generation's index to measure it."""

    database: Database
    table: str
    embeddings: Embeddings
    kind: IndexKind
    k: int

    def shares(self, sample: NDArray[np.int64], kth: np.ndarray, search_value: int) -> np.ndarray:
        """The share of each sampled customer's true neighbours that the index finds, float64."""
        parameters = {"customers": self._keys(sample), "k": self.kind.limit(self.k)}
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            found = self.database.rows("serving/nearest_by_index", parameters, **self._names)
        rows = [(position - 1, key) for position, key in found]
        return found_shares(self.kind.metric, self._distances(sample, rows), kth)

    def milliseconds(self, sample: NDArray[np.int64], search_value: int) -> NDArray[np.float64]:
        """The duration of each sampled customer's query, run one after the other."""
        return self._one_by_one(sample, search_value)[1]

    def timed_shares(
        self, sample: NDArray[np.int64], kth: np.ndarray, search_value: int
    ) -> tuple[np.ndarray, NDArray[np.float64]]:
        """The `shares` and the `milliseconds` of the same queries, as readers ask them."""
        answers, took = self._one_by_one(sample, search_value)
        rows = [
            (position, key)
            for position, (own, found) in enumerate(zip(self._keys(sample), answers, strict=True))
            for key in [key for key in found if str(key) != str(own)][: self.kind.limit(self.k)]
        ]
        return found_shares(self.kind.metric, self._distances(sample, rows), kth), took

    def _one_by_one(
        self, sample: NDArray[np.int64], search_value: int
    ) -> tuple[list[list[Any]], NDArray[np.float64]]:
        """The keys that each query finds, its own among them, and its duration."""
        answers, took = [], np.empty(len(sample))
        limit = self.kind.limit(self.k)
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            for number, customer in enumerate(self._keys(sample)):
                started = time.perf_counter()
                rows = self.database.rows(
                    "serving/nearest_of_one", {"customer": customer, "k": limit}, **self._names
                )
                took[number] = (time.perf_counter() - started) * 1000
                answers.append([row[0] for row in rows])
        return answers, took

    def is_used(self, index: str, row: int, search_value: int) -> bool:
        """Whether the planner uses the index at this search value."""
        parameters = {"customer": self._keys(np.array([row]))[0], "k": self.kind.limit(self.k)}
        with self.database.transaction():
            self.kind.configure(self.database, search_value)
            query = statements.compose("serving/nearest_of_one", **self._names)
            plan = self.database.value("serving/explain_query", parameters, statement=query)
        return index in _indexes(plan[0]["Plan"])

    def _distances(
        self, sample: NDArray[np.int64], rows: Sequence[tuple[int, Any]]
    ) -> NDArray[np.float32]:
        """(sample, k) distances of the neighbours that the index finds; infinite for missing ones.

        ``rows``: a position in the sample, ascending, and the key of a neighbour. Recomputed here
        to be comparable with exact distances, as the server sums in float32.
        """
        position = np.array([row[0] for row in rows], dtype=np.int64)
        keys = self.embeddings.key_type.from_python([row[1] for row in rows])
        found = np.searchsorted(self.embeddings.customers, keys)
        rank = np.arange(len(rows)) - np.searchsorted(position, position)
        result = np.full((len(sample), self.kind.limit(self.k)), np.inf, dtype=np.float32)
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
    truth: Truth,
    *,
    planned: int,
    most: int,
    target_recall: float,
    seed: int,
) -> IndexQuality:
    """Choose the smallest search value that reaches the target, and measure the index with it.

    The search starts just below the ``planned`` value, because going up takes fewer queries than
    going down, and ends at ``most``. ``truth`` has the probe's k; those who measure have no part in
    the choice.
    """
    generator = np.random.default_rng([seed, STREAM])
    tuning = generator.permutation(truth.choosing)[:TUNING_CUSTOMERS]
    published = generator.permutation(truth.measuring)[:PUBLISHED_CUSTOMERS]
    grows = probe.kind.method is Method.IVFFLAT
    points: list[SweepPoint] = []

    def shares_of(chosen: NDArray[np.int64], search_value: int) -> NDArray[np.float64]:
        part = tuning[chosen]
        return probe.shares(truth.rows[part], truth.kth[part], search_value)

    sampled = SampledRecall(len(tuning), target_recall, shares_of, grows)

    def recall_of(search_value: int) -> float:
        with step(f"measuring {built.name} at {probe.kind.search_parameter} {search_value}"):
            recall, customers = sampled.measure(search_value)
            took = probe.milliseconds(truth.rows[tuning[:TIMED_CUSTOMERS]], search_value)
        points.append(SweepPoint(search_value, recall, customers, *_middle_and_end(took)))
        log.info("recall@%d: %s", probe.k, points[-1])
        return recall

    start = planned - 1 - planned // 10 if grows else planned
    search_value = choose_probes(recall_of, start, most, target_recall)
    rows = truth.rows[published]
    shares, took = probe.timed_shares(rows, truth.kth[published], search_value)
    is_used = probe.is_used(built.name, int(rows[0]), search_value)
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
    probe: IndexProbe, sample: NDArray[np.int64], kth: np.ndarray, search_value: int
) -> Canary | None:
    """The recall of an index at its stored search value; None if there are too few customers.

    ``sample`` and ``kth``: rows of the probe's embeddings, and the exact distance of the k-th
    nearest other customer of each.
    """
    if not len(sample):
        return None
    shares = probe.shares(sample, kth, search_value)
    return Canary(float(shares.mean()), *recall_interval(shares), len(sample))


def _middle_and_end(milliseconds: NDArray[np.float64]) -> tuple[float, float]:
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95])
    return float(p50), float(p95)


def _indexes(plan: dict[str, Any]) -> set[str]:
    """Names of all indexes in a query plan."""
    inner = [_indexes(part) for part in plan.get("Plans", [])]
    return {plan.get("Index Name", "")}.union(*inner)
