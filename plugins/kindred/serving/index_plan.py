"""The plan of an index: which kind, how many lists and probes, what it will find, cost and need."""

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from kindred.errors import SettingsError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.serving.candidates import Curve, find_truth, measure_lists
from kindred.serving.hnsw import HnswChoice, choose_hnsw
from kindred.serving.ivfflat_memory import (
    ROWS_PER_LIST,
    build_memory_bytes,
    largest_lists,
    reported_mb,
    sample_rows,
)
from kindred.spec.index_methods import Method, Precision, check_dimensions
from kindred.spec.metrics import Metric

log = logging.getLogger(__name__)

MIN_INDEXED_ROWS = 1_000
"""Rows below which a scan is quicker than any index; pgvector's rule gives them one list."""

MULTIPLES = (1, 2, 4, 6)
"""Candidates, as multiples of pgvector's rule of thumb; the square root of the rows is another.
Beyond, a build of a million rows takes over ten minutes, to save another tenth of a query."""

CENTRE_COST = 0.3
QUERY_COST = 600.0
"""A centre compared, and what every query costs anyway, in scanned rows (about 0.19 us each).
Measured on 100,000 customers of 32 dimensions with 50 to 1,000 lists, pgvector 0.8.6, 2 cores."""

WORTH = 0.95
"""Twice the lists must save a twentieth of a query, since they take four times the memory."""

TRAINING_NANOSECONDS = 100.0
ASSIGNMENT_NANOSECONDS = 27.0
ROW_NANOSECONDS = 1_000.0
"""Of a sampled row and a list, a row and a list, a row; measured as above with two workers."""

MEASURED_DIMENSIONS = 32
FIXED_DIMENSIONS = 16
PAGE_BYTES = 8_192
ROW_BYTES = 64  # header, key, time, version and line pointer
INLINE_BYTES = 2_000  # a longer row is stored apart, and a pointer of it here


@dataclass(frozen=True)
class Candidate:
    """One number of lists with the fewest probes that reach the target.

    ``query_cost`` is in scanned rows; ``memory_mb`` as pgvector would report it.
    """

    lists: int
    probes: int
    recall: float
    scanned_rows: float
    query_cost: float
    memory_mb: int
    build_seconds: float


@dataclass(frozen=True)
class IndexPlan:
    """What to build, or why nothing; ``chosen`` is None for an exact scan.

    ``usual_lists`` is pgvector's rule of thumb, ``largest_lists`` what the memory allows.
    ``method`` and ``precision`` are those that the spec asks for.
    """

    rows: int
    dimensions: int
    target_recall: float
    k: int
    memory_mb: int
    usual_lists: int
    largest_lists: int
    candidates: tuple[Candidate, ...]
    chosen: Candidate | HnswChoice | None
    reason: str
    method: Method = Method.IVFFLAT
    precision: Precision = Precision.SINGLE

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values, to be stored."""
        return asdict(self)


def usual_lists(rows: int) -> int:
    """Pgvector's rule of thumb: rows / 1000 up to a million rows, the square root above.

    Source: the README of pgvector, "IVFFlat".
    """
    return max(1, rows // 1000 if rows <= 1_000_000 else math.isqrt(rows))


def plan_index(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    *,
    target_recall: float,
    memory_mb: int,
    seed: int,
    threads: int = 1,
    method: Method = Method.IVFFLAT,
    precision: Precision = Precision.SINGLE,
    distinct: Distinct | None = None,
) -> IndexPlan:
    """Choose lists and probes by measuring candidates outside the database, or the size of a graph.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    k : int
        Neighbours that a query asks for.
    target_recall : float
        Of the true k nearest others, the share that the index shall find.
    memory_mb : int
        ``maintenance_work_mem`` of the build.
    seed : int
    threads : int
    method : Method
    precision : Precision
    distinct : Distinct, optional
        The distinct eligible vectors, if they are known.

    Returns
    -------
    IndexPlan
        The cheapest candidate whose build fits the memory; for HNSW the most links that do. An
        exact scan where it is asked for, and where the table or its distinct rows are few: pgvector
        wants 50 rows a list.

    Raises
    ------
    SettingsError
        when no index of this width fits the memory, or pgvector indexes no such width or values.
    """
    rows, dimensions = vectors.shape
    asked = partial(
        IndexPlan,
        *(rows, dimensions, target_recall, k, memory_mb, usual_lists(rows)),
        method=method,
        precision=precision,
    )
    if method is Method.EXACT:
        return asked(0, (), None, "index: exact")
    if rows < MIN_INDEXED_ROWS:
        return asked(0, (), None, f"{rows} rows, an index wants {MIN_INDEXED_ROWS}")
    distinct = distinct or find_distinct(vectors, eligible(metric, vectors))
    most = len(distinct.first_rows) // ROWS_PER_LIST
    if most < 2:
        return asked(0, (), None, _too_few(len(distinct.first_rows)))
    check_dimensions(dimensions, method, precision)
    if precision is Precision.HALF:
        _check_values(vectors)
    if method is Method.HNSW:
        graph = choose_hnsw(len(distinct.first_rows), dimensions, precision, memory_mb)
        return asked(0, (), graph, f"the graph fits {memory_mb} MB")
    pages = table_pages(rows, dimensions)
    largest = largest_lists(memory_mb, dimensions, rows=rows, pages=pages, precision=precision)
    if largest < 2:
        raise SettingsError(_too_little_memory(rows, dimensions, precision, memory_mb))
    truth = find_truth(vectors, metric, k, distinct, seed=seed, threads=threads)
    candidates = []
    for lists in candidate_lists(rows, min(largest, most)):
        curve = measure_lists(vectors, metric, truth, lists, seed=seed)
        candidates.append(_candidate(curve, target_recall, rows, dimensions, precision))
        log.info("planned: %s", candidates[-1])
    chosen = choose(candidates)
    return asked(largest, tuple(candidates), chosen, _reason(chosen, largest, memory_mb))


def candidate_lists(rows: int, most: int) -> list[int]:
    """Numbers of lists to measure around the rules of thumb, none above ``most``, ascending."""
    wanted = {math.isqrt(rows), *(usual_lists(rows) * multiple for multiple in MULTIPLES)}
    return sorted({min(max(2, lists), most) for lists in wanted})


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """The cheapest query; more lists must save enough to be worth their memory."""
    chosen = candidates[0]
    for candidate in candidates[1:]:
        steps = math.log2(candidate.lists / chosen.lists)
        if candidate.query_cost <= chosen.query_cost * WORTH**steps:
            chosen = candidate
    return chosen


def build_seconds(lists: int, rows: int, dimensions: int) -> float:
    """Forecast of the build; k-means' rounds and the machine make it good to about a half."""
    trained = min(rows, sample_rows(lists)) * lists * TRAINING_NANOSECONDS
    assigned = rows * lists * ASSIGNMENT_NANOSECONDS
    width = (FIXED_DIMENSIONS + dimensions) / (FIXED_DIMENSIONS + MEASURED_DIMENSIONS)
    return (trained + assigned + rows * ROW_NANOSECONDS) * width * 1e-9


def table_pages(rows: int, dimensions: int) -> int:
    """About how many pages a generation takes; pgvector's sample of a small one depends on it."""
    vector = 8 + 4 * dimensions
    row_bytes = ROW_BYTES + (vector if vector + ROW_BYTES <= INLINE_BYTES else 0)
    return max(1, -(-rows * row_bytes // PAGE_BYTES))


def forecast_mb(
    lists: int, rows: int, dimensions: int, precision: Precision = Precision.SINGLE
) -> int:
    """Megabytes of a build, as pgvector would report them."""
    pages = table_pages(rows, dimensions)
    needed = build_memory_bytes(lists, dimensions, rows=rows, pages=pages, precision=precision)
    return reported_mb(needed)


def _candidate(
    curve: Curve, target_recall: float, rows: int, dimensions: int, precision: Precision
) -> Candidate:
    probes = curve.fewest_probes(target_recall)
    scanned = float(curve.scanned_rows[probes - 1])
    return Candidate(
        lists=curve.lists,
        probes=probes,
        recall=float(curve.recall[probes - 1]),
        scanned_rows=scanned,
        query_cost=QUERY_COST + CENTRE_COST * curve.lists + scanned,
        memory_mb=forecast_mb(curve.lists, rows, dimensions, precision),
        build_seconds=build_seconds(curve.lists, rows, dimensions),
    )


def _too_few(distinct: int) -> str:
    return f"{distinct} distinct vectors, an index wants {ROWS_PER_LIST} a list and two lists"


def _check_values(vectors: np.ndarray) -> None:
    largest, most = float(np.abs(vectors).max()), float(np.finfo(np.float16).max)
    if largest > most:
        raise SettingsError(
            f"a vector has a value of {largest:g}, 'index_precision: half' holds up to {most:g}:"
            " give the feature a clip or a transform, or say 'index_precision: single'"
        )


def _too_little_memory(rows: int, dimensions: int, precision: Precision, memory_mb: int) -> str:
    needed = forecast_mb(2, rows, dimensions, precision)
    return (
        f"an IVFFlat index over {rows} vectors of {dimensions} dimensions needs at least"
        f" {needed} MB to build, KINDRED_MAINTENANCE_WORK_MEM_MB is {memory_mb}: raise it to"
        f" {needed} or more; nothing has been changed"
    )


def _reason(chosen: Candidate, largest: int, memory_mb: int) -> str:
    if chosen.lists == largest:
        return f"the most lists that {memory_mb} MB can build"
    return "the cheapest query of those measured"
