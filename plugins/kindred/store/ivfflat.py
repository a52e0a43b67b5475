"""The IVFFlat index of a generation: built with its own memory, measured, its probes chosen."""

import logging
import math
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.errors import DataError
from kindred.graph.distances import distances, eligible
from kindred.graph.exact import exact_neighbours
from kindred.metrics import OPERATORS, Metric
from kindred.store.database import Database
from kindred.store.embeddings import Embeddings

log = logging.getLogger(__name__)

MIN_INDEXED_ROWS = 1_000  # pgvector's rule gives one list below; a scan of so few is quicker
PARALLEL_WORKERS = 2
MEASURED_CUSTOMERS = 200
FOUND_TOLERANCE = 1e-6


@dataclass(frozen=True)
class IndexReport:
    """How an index was built and how good it was measured to be.

    ``recall_at_k`` is on ``recall_sample`` customers with the index itself at ``probes`` lists; all
    of it is None for a table small enough to be scanned.
    """

    method: str
    lists: int | None = None
    probes: int | None = None
    k: int | None = None
    recall_at_k: float | None = None
    recall_sample: int | None = None
    query_milliseconds: float | None = None
    build_seconds: float | None = None
    index_bytes: int | None = None


def usual_lists(rows: int) -> int:
    """Pgvector's rule of thumb: rows / 1000 up to a million rows, the square root above.

    Source: the README of pgvector, "IVFFlat".
    """
    return max(1, rows // 1000 if rows <= 1_000_000 else math.isqrt(rows))


def build_index(
    database: Database, table: str, embeddings: Embeddings, metric: Metric, *, memory_mb: int
) -> IndexReport:
    """Build the index of a loaded generation; small tables get none.

    Raises
    ------
    DataError
        when the server left the index invalid.
    """
    rows = len(embeddings.customers)
    if rows < MIN_INDEXED_ROWS:
        return IndexReport("exact scan")
    lists = usual_lists(rows)
    index = f"{table}_ivfflat"
    started = time.monotonic()
    with database.transaction():
        database.run(
            "embeddings/configure_build", {"memory_mb": memory_mb, "workers": PARALLEL_WORKERS}
        )
        database.run(
            "embeddings/create_index",
            index=index,
            table=table,
            operator_class=sql.SQL(OPERATORS[metric].operator_class),
            lists=sql.Literal(lists),
        )
    seconds = time.monotonic() - started
    usable, index_bytes = database.row("embeddings/index_state", {"index": index}) or (False, 0)
    if not usable:
        raise DataError(f"index {index} is invalid after its build; clear task 'build_embeddings'")
    log.info("built %s with %d lists over %d rows in %.1f s", index, lists, rows, seconds)
    return IndexReport("ivfflat", lists, build_seconds=seconds, index_bytes=index_bytes)


def measure_index(
    database: Database,
    table: str,
    embeddings: Embeddings,
    metric: Metric,
    report: IndexReport,
    *,
    k: int,
    target_recall: float,
    seed: int,
) -> IndexReport:
    """Find the fewest probes (by doubling) whose recall@k on the real index reaches the target."""
    candidates = np.flatnonzero(eligible(metric, embeddings.vectors))
    if report.lists is None or len(candidates) == 0:
        return report
    size = min(MEASURED_CUSTOMERS, len(candidates))
    sample = np.sort(np.random.default_rng(seed).choice(candidates, size, replace=False))
    k = min(k + 1, len(candidates))  # an index query finds the customer itself, too
    queries = embeddings.vectors[sample]
    _, exact = exact_neighbours(queries, embeddings.vectors[candidates], metric, k)
    probes = 1
    while True:
        started = time.monotonic()
        distance = _distances_by_index(database, table, embeddings, metric, sample, k, probes)
        milliseconds = (time.monotonic() - started) * 1000 / size
        limit = exact[:, -1:] + FOUND_TOLERANCE * np.abs(exact[:, -1:])
        recall = float((distance <= limit).sum() / exact.size)
        log.info("recall@%d %.4f at %d of %d lists", k, recall, probes, report.lists)
        if recall >= target_recall or probes >= report.lists:
            break
        probes = min(probes * 2, report.lists)
    return replace(
        report,
        probes=probes,
        k=k,
        recall_at_k=recall,
        recall_sample=size,
        query_milliseconds=milliseconds,
    )


def _distances_by_index(
    database: Database,
    table: str,
    embeddings: Embeddings,
    metric: Metric,
    sample: NDArray[np.int64],
    k: int,
    probes: int,
) -> NDArray[np.float32]:
    """(sample, k) distances of what the index finds, recomputed here; infinite where it found less.

    The server adds up in float32; recomputed distances can be held against the exact ones.
    """
    key_type = embeddings.key_type
    with database.transaction():
        database.run("embeddings/configure_query", {"probes": probes})
        rows = database.rows(
            "embeddings/nearest_by_index",
            {"customers": key_type.to_python(embeddings.customers[sample]), "k": k},
            table=table,
            key_type=sql.SQL(key_type.value),
            operator=sql.SQL(OPERATORS[metric].operator),
        )
    position = np.array([row[0] for row in rows], dtype=np.int64) - 1
    keys = key_type.from_python([row[1] for row in rows])
    found = np.searchsorted(embeddings.customers, keys)
    rank = np.arange(len(rows)) - np.searchsorted(position, position)
    result = np.full((len(sample), k), np.inf, dtype=np.float32)
    result[position, rank] = distances(
        metric, embeddings.vectors[sample[position]], embeddings.vectors[found]
    )
    return result
