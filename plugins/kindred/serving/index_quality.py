"""How good an index is, measured on itself: recall and latency by effort, and that it is used."""

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
"""Random stream of these samples: the plan and the graph use others of the same seed."""


@dataclass(frozen=True)
class SweepPoint:
    """One effort (probes or ef_search) on the tuning sample; latencies of one query at a time."""

    effort: int
    recall: float
    p50_milliseconds: float
    p95_milliseconds: float


@dataclass(frozen=True)
class IndexQuality:
    """Recall at the chosen effort, on customers that had no part in choosing it."""

    effort: int
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

    def sweep_as_json(self, effort: str) -> list[dict[str, Any]]:
        """The points in the order of the effort, which goes by its own name, as plain values."""
        points = (asdict(point) for point in sorted(self.sweep, key=lambda p: p.effort))
        return [{effort: point.pop("effort"), **point} for point in points]


@dataclass(frozen=True)
class IndexOf:
    """A generation and its index, to be asked; ``distinct``: its distinct vectors, if known."""

    database: Database
    table: str
    embeddings: Embeddings
    kind: IndexKind
    k: int
    distinct: Distinct | None = None

    def shares(self, sample: NDArray[np.int64], kth: np.ndarray, effort: int) -> np.ndarray:
        """Share of each sampled customer's true neighbours that the index finds, float64."""
        return found_shares(self.kind.metric, self._distances(sample, effort), kth)

    def milliseconds(self, sample: NDArray[np.int64], effort: int) -> NDArray[np.float64]:
        """How long each sampled customer's query takes, one after the other."""
        took = np.empty(len(sample))
        limit = self.kind.limit(self.k)
        with self.database.transaction():
            self.kind.configure(self.database, effort)
            for number, customer in enumerate(self._keys(sample)):
                started = time.perf_counter()
                self.database.rows(
                    "serving/nearest_of_one", {"customer": customer, "k": limit}, **self._names
                )
                took[number] = (time.perf_counter() - started) * 1000
        return took

    def is_used(self, index: str, row: int, effort: int) -> bool:
        """Whether the planner answers by the index, with this effort."""
        parameters = {"customer": self._keys(np.array([row]))[0], "k": self.kind.limit(self.k)}
        with self.database.transaction():
            self.kind.configure(self.database, effort)
            asked = statements.compose("serving/nearest_of_one", **self._names)
            plan = self.database.value("serving/explain_query", parameters, statement=asked)
        return index in _indexes(plan[0]["Plan"])

    def _distances(self, sample: NDArray[np.int64], effort: int) -> NDArray[np.float32]:
        """(sample, k) distances of what the index finds; infinite where it found less.

        Recomputed here, since the server adds up in float32 and exact ones are held against them.
        """
        limit = self.kind.limit(self.k)
        parameters = {"customers": self._keys(sample), "k": limit}
        with self.database.transaction():
            self.kind.configure(self.database, effort)
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
    asked: IndexOf,
    built: BuiltIndex,
    *,
    planned: int,
    most: int,
    target_recall: float,
    seed: int,
    threads: int = 1,
) -> IndexQuality:
    """Choose the least effort that reaches the target, up to ``most``, and measure the index at it.

    The search begins at the ``planned`` effort.
    """
    tuning, published, kth = _samples(asked, seed, threads)
    points: list[SweepPoint] = []

    def recall_of(effort: int) -> float:
        shares = asked.shares(tuning, kth[tuning], effort)
        took = asked.milliseconds(tuning[:TIMED_CUSTOMERS], effort)
        points.append(SweepPoint(effort, float(shares.mean()), *_middle_and_end(took)))
        log.info("recall@%d on %d customers: %s", asked.k, len(tuning), points[-1])
        return points[-1].recall

    effort = choose_probes(recall_of, planned, most, target_recall)
    shares = asked.shares(published, kth[published], effort)
    took = asked.milliseconds(published, effort)
    is_used = asked.is_used(built.name, int(published[0]), effort)
    if shares.mean() < target_recall - MAX_RECALL_LOSS:
        log.warning("%s finds %.3f, %.3f was wanted", built.name, shares.mean(), target_recall)
    if not is_used:
        name = asked.kind.effort
        log.warning("the planner does not use %s at %s %d: it scans", built.name, name, effort)
    low, high = recall_interval(shares)
    return IndexQuality(
        effort,
        asked.k,
        float(shares.mean()),
        low,
        high,
        len(published),
        float(took.mean()),
        *_middle_and_end(took),
        is_used,
        tuple(points),
    )


def measure_canary(asked: IndexOf, effort: int, *, seed: int, threads: int = 1) -> Canary | None:
    """The recall of an index at its stored effort; None where there is nobody to ask for."""
    rows = np.flatnonzero(eligible(asked.kind.metric, asked.embeddings.vectors))
    if len(rows) <= asked.k:
        return None
    size = min(PUBLISHED_CUSTOMERS, len(rows))
    sample = np.random.default_rng([seed, STREAM]).choice(rows, size, replace=False)
    shares = asked.shares(sample, _kth(asked, sample, threads), effort)
    return Canary(float(shares.mean()), *recall_interval(shares), size)


def _samples(
    asked: IndexOf, seed: int, threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], np.ndarray]:
    """Rows to choose the effort by, other rows to publish from, and exact k-th distances by row."""
    vectors = asked.embeddings.vectors
    rows = np.flatnonzero(eligible(asked.kind.metric, vectors))
    wanted = tuning_customers(len(rows))
    size = min(wanted + PUBLISHED_CUSTOMERS, len(rows))
    chosen = np.random.default_rng([seed, STREAM]).choice(rows, size, replace=False)
    kth = np.full(len(vectors), np.nan, dtype=np.float32)
    kth[chosen] = _kth(asked, chosen, threads)
    part = wanted / (wanted + PUBLISHED_CUSTOMERS)
    tuning, published = np.split(chosen, [int(size * part)])
    return tuning, published, kth


def _kth(asked: IndexOf, sample: NDArray[np.int64], threads: int) -> np.ndarray:
    """Distance of each sampled customer's exact k-th other."""
    vectors = asked.embeddings.vectors
    _, exact = exact_neighbours(
        vectors[sample],
        vectors,
        asked.kind.metric,
        asked.k,
        exclude=sample,
        distinct=asked.distinct,
        threads=threads,
    )
    return np.asarray(exact[:, -1])


def _middle_and_end(milliseconds: NDArray[np.float64]) -> tuple[float, float]:
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95])
    return float(p50), float(p95)


def _indexes(plan: dict[str, Any]) -> set[str]:
    """Names of all indexes in a plan."""
    inner = [_indexes(part) for part in plan.get("Plans", [])]
    return {plan.get("Index Name", "")}.union(*inner)
