"""The plan of an index: its kind, lists and probes, with expected recall, cost, memory and time."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kindred.errors import SettingsError, ValueRangeError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.truth import Truth, find_truth
from kindred.progress.steps import step
from kindred.serving.candidates import Curve, measure_lists
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
"""Below this many rows a scan is faster than any index; pgvector's rule gives them one list."""

MULTIPLES = (1, 2, 4, 6)
"""Candidate numbers of lists as multiples of pgvector's rule of thumb, in addition to the square
root of the rows. With more, a build of a million rows takes over ten minutes and makes queries only
a tenth cheaper."""

CENTROID_COST = 0.3
QUERY_COST = 600.0
"""Cost of comparing one centroid, and fixed cost of a query, in scanned rows (about 0.19 us each).
Measured on 100,000 customers of 32 dimensions with 50 to 1,000 lists, pgvector 0.8.6, 2 cores."""

APART = 1.25
"""A candidate has so many times the lists of the one before it: nearer ones cost queries the same,
and each takes about three seconds of training for a million customers."""

WORTH = 0.95
"""Doubling the lists must make a query 5 % cheaper, since it takes four times the memory."""

TRAINING_NANOSECONDS = 100.0
ASSIGNMENT_NANOSECONDS = 27.0
ROW_NANOSECONDS = 1_000.0
"""Per sampled row and list, per row and list, and per row; measured as above with two workers."""

PARALLEL_WORKERS = 2
"""Of a build, beside the session's own process."""

MEASURED_DIMENSIONS = 32
FIXED_DIMENSIONS = 16
PAGE_BYTES = 8_192
ROW_BYTES = 64  # header, key, time, version and line pointer
INLINE_BYTES = 2_000  # the vector of a longer row is stored out of line (TOAST)


@dataclass(frozen=True)
class Candidate:
    """One number of lists with the fewest probes that reach the target.

    ``query_cost`` is in scanned rows; ``memory_mb`` is rounded as pgvector reports it.
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
    """The index to build, or the reason for none; ``chosen`` is None for an exact scan.

    ``usual_lists`` is pgvector's rule of thumb; ``largest_lists`` is the most lists that the memory
    allows. ``method`` and ``precision`` are those of the spec.
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
    truth: Truth | None = None,
) -> IndexPlan:
    """Choose lists and probes by measuring candidates outside the database, or links by memory.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    k : int
        Neighbours per query.
    target_recall : float
        The share of the true k nearest customers that the index must find.
    memory_mb : int
        ``maintenance_work_mem`` of the build.
    distinct : Distinct, optional
        The distinct eligible vectors, if they are known.
    truth : Truth, optional
        Sampled customers and their k exact neighbours, if they are known; those who choose tell
        how many probes each number of lists would need.

    Returns
    -------
    IndexPlan
        The cheapest candidate whose build fits in memory; for HNSW, the most links that fit. An
        exact scan if the spec asks for it, or if there are too few rows or distinct vectors:
        pgvector trains each list on 50 rows.

    Raises
    ------
    SettingsError
        No index of this width fits in memory, or pgvector cannot index this width or these values.
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
    truth = truth or find_truth(
        vectors, metric, k, distinct, seed=seed, measuring_size=0, threads=threads
    )
    candidates = []
    for lists in candidate_lists(rows, min(largest, most)):
        with step(f"planning an index of {lists} lists"):
            curve = measure_lists(vectors, metric, truth, lists, seed=seed)
        candidates.append(_candidate(curve, target_recall, rows, dimensions, precision))
        log.info("planned: %s", candidates[-1])
    chosen = choose(candidates)
    return asked(largest, tuple(candidates), chosen, _reason(chosen, largest, memory_mb))


def candidate_lists(rows: int, most: int) -> list[int]:
    """Numbers of lists to measure, around the rules of thumb, at most ``most``, ascending."""
    wanted = {math.isqrt(rows), *(usual_lists(rows) * multiple for multiple in MULTIPLES)}
    found: list[int] = []
    for lists in sorted(min(max(2, lists), most) for lists in wanted):
        if not found or lists >= APART * found[-1]:
            found.append(lists)
    return found


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """Choose the candidate with the cheapest query, if its extra lists are worth their memory."""
    chosen = candidates[0]
    for candidate in candidates[1:]:
        steps = math.log2(candidate.lists / chosen.lists)
        if candidate.query_cost <= chosen.query_cost * WORTH**steps:
            chosen = candidate
    return chosen


def build_seconds(lists: int, rows: int, dimensions: int) -> float:
    """Forecast of the build time; the rounds of k-means and the machine may make it off by half."""
    trained = min(rows, sample_rows(lists)) * lists * TRAINING_NANOSECONDS
    assigned = rows * lists * ASSIGNMENT_NANOSECONDS
    width = (FIXED_DIMENSIONS + dimensions) / (FIXED_DIMENSIONS + MEASURED_DIMENSIONS)
    return (trained + assigned + rows * ROW_NANOSECONDS) * width * 1e-9


def table_pages(rows: int, dimensions: int) -> int:
    """Estimated pages of a generation; for a small one, they limit pgvector's training sample."""
    vector = 8 + 4 * dimensions
    row_bytes = ROW_BYTES + (vector if vector + ROW_BYTES <= INLINE_BYTES else 0)
    return max(1, -(-rows * row_bytes // PAGE_BYTES))


def forecast_mb(
    lists: int, rows: int, dimensions: int, precision: Precision = Precision.SINGLE
) -> int:
    """Megabytes of a build, rounded as pgvector reports them."""
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
        query_cost=QUERY_COST + CENTROID_COST * curve.lists + scanned,
        memory_mb=forecast_mb(curve.lists, rows, dimensions, precision),
        build_seconds=build_seconds(curve.lists, rows, dimensions),
    )


def _too_few(distinct: int) -> str:
    return f"{distinct} distinct vectors, an index wants {ROWS_PER_LIST} a list and two lists"


def _check_values(vectors: np.ndarray) -> None:
    largest, most = float(np.abs(vectors).max()), float(np.finfo(np.float16).max)
    if largest > most:
        raise ValueRangeError(
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
