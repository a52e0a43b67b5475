"""All neighbours by pgvector: LATERAL queries over an IVFFlat index on two connections."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
from psycopg2 import sql

from benchmarks.graph_rivals import Figures, Ids, Truth, Vectors, least
from benchmarks.processes import embedded_server, execute, new_database
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows

SQL = Path(__file__).with_name("sql")
SAMPLE = 2_000
CONNECTIONS = 2
LISTS = 1_000  # pgvector's advice for a million rows
TUNED_ON = 200
COPY = "copy vectors (customer_id, embedding) from stdin (format binary)"
BLOCK_ROWS = 50_000
CREATE_INDEX = (
    f"create index on vectors using ivfflat (embedding vector_l2_ops) with (lists = {LISTS})"
)


def pgvector_lateral(path: str, truth: Truth) -> Figures:
    """Build the index, and extrapolate the query for a sample to all rows."""
    vectors = np.load(path, mmap_mode="r")
    with embedded_server() as server:
        dsn = new_database(server, "rival")
        load(dsn, vectors)
        started = time.perf_counter()
        execute(dsn, CREATE_INDEX)
        built = time.perf_counter() - started
        execute(dsn, "create index on vectors (customer_id)")
        execute(dsn, "vacuum analyze vectors")
        tuned = truth.rows[:TUNED_ON]

        def reaches(probes: int) -> bool:
            found = neighbours(dsn, tuned, truth.k + 1, probes)
            part = Truth(tuned, truth.kth[:TUNED_ON], truth.recall, truth.k)
            return part.recall_of(vectors, found) >= truth.recall

        probes = least(reaches, LISTS)
        sample = np.random.default_rng(3).choice(
            len(vectors), min(SAMPLE, len(vectors)), replace=False
        )
        started = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            parts = np.array_split(sample, CONNECTIONS)
            list(pool.map(lambda rows: neighbours(dsn, rows, truth.k + 1, probes), parts))
        searching = (time.perf_counter() - started) * len(vectors) / len(sample)
    return {
        "lists": LISTS,
        "probes": probes,
        "training": built,
        "searching": searching,
        "seconds": built + searching,
        "scaled_from": len(sample),
    }


def load(dsn: str, vectors: Vectors) -> None:
    """Fill the table by binary COPY."""
    statement = sql.SQL((SQL / "create_vectors.sql").read_text(encoding="utf-8"))
    blocks = (
        encode_rows(
            [
                Column(Field.INT8, np.arange(start, min(start + BLOCK_ROWS, len(vectors)))),
                Column(Field.VECTOR, np.asarray(vectors[start : start + BLOCK_ROWS])),
            ]
        )
        for start in range(0, len(vectors), BLOCK_ROWS)
    )
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement.format(dimensions=sql.Literal(vectors.shape[1])))
        cursor.copy_expert(COPY, RowStream(blocks))


def neighbours(dsn: str, rows: Ids, width: int, probes: int) -> Ids:
    """Ids (rows, width) from one query in its own session; -1 if there are fewer."""
    statement = (SQL / "lateral_neighbours.sql").read_text(encoding="utf-8")
    found = np.full((len(rows), width), -1, dtype=np.int64)
    slot_of = {int(row): slot for slot, row in enumerate(rows)}
    filled = np.zeros(len(rows), dtype=np.int64)
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("select set_config('ivfflat.probes', %s, false)", (str(probes),))
        cursor.execute(statement, {"width": width, "customers": [int(row) for row in rows]})
        for customer, neighbour, _ in cursor:
            slot = slot_of[customer]
            found[slot, filled[slot]] = neighbour
            filled[slot] += 1
    return found
