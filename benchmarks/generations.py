"""Generations of embeddings for benchmarks: seeded rows, a server, and the changes of a night."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from benchmarks.processes import embedded_server, execute, new_database, postgres_version
from benchmarks.report import Report, machine, timed
from kindred.encoding.embeddings import Embeddings
from kindred.serving import generations
from kindred.serving.difference import Difference
from kindred.serving.generations import COLUMNS
from kindred.spec.metrics import Metric
from kindred.spec.model import spec_from_dict
from kindred.warehouse.copy_writer import RowStream
from kindred.warehouse.database import Database, connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space

SEED = 20_180_401
BLOCK_ROWS = 50_000
AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
FIRST_TIME = 1_750_000_000_000_000  # microseconds since 1970
TEN_DAYS = 864_000_000_000  # microseconds
SPEC = spec_from_dict(
    {
        "space": "default",
        "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        "features": {"income": "numeric"},
    },
    where="benchmark",
)
NEWEST_WRITE = "select count(*), max(xmin::text::bigint) from {}"
STATISTICS = (
    "select n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables"
    " where relid = to_regclass(quote_ident(%s))"
)


def make_rows(n: int, d: int) -> Embeddings:
    """Customers with seeded vectors, in key order."""
    random = np.random.default_rng(SEED)
    vectors = random.standard_normal((n, d), dtype=np.float32)
    updated_at = FIRST_TIME + random.integers(0, TEN_DAYS, n)
    return Embeddings(KeyType.BIGINT, np.arange(1, n + 1), vectors, updated_at, 1)


def changed_rows(rows: Embeddings, chosen: NDArray[np.int64], seed: int) -> Embeddings:
    """The same customers; the chosen ones have another vector and a later time."""
    vectors, updated_at = rows.vectors.copy(), rows.updated_at.copy()
    shape = (len(chosen), vectors.shape[1])
    vectors[chosen] = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    updated_at[chosen] += TEN_DAYS
    return replace(rows, vectors=vectors, updated_at=updated_at)


def as_text(rows: Embeddings, chosen: NDArray[np.int64]) -> list[tuple[str, int, int]]:
    """Vector in pgvector's text format, microseconds and key of some rows."""
    return [
        (f"[{','.join(map(str, rows.vectors[row].tolist()))}]", int(updated_at), int(key))
        for row, updated_at, key in zip(
            chosen, rows.updated_at[chosen], rows.customers[chosen], strict=True
        )
    ]


@dataclass(frozen=True)
class Bench:
    """A session in a space's schema and the report."""

    database: Database
    report: Report

    def load(self, rows: Embeddings) -> str:
        """Load a new generation; return its table."""
        return generations.load_generation(
            self.database, rows, as_of=AS_OF, metric=Metric.L2, block_rows=BLOCK_ROWS
        )[1]

    def compare(self, table: str, rows: Embeddings) -> int:
        """Compare, stage and apply like a night that changes some rows; return the rows written."""
        difference = generations.compare_with_serving(
            self.database, table, rows, block_rows=BLOCK_ROWS
        )
        self.write_changes(table, rows, difference)
        return difference.changed_rows

    def write_changes(self, table: str, rows: Embeddings, difference: Difference) -> None:
        """Stage and apply a difference."""
        generations.stage_delta(self.database, "delta", rows, difference, block_rows=BLOCK_ROWS)
        with self.database.transaction():
            generations.apply_delta(self.database, table, "delta")

    def bare_copy(self, data: bytes, d: int) -> float:
        """Seconds of one COPY into a heap table."""
        table = "bare"
        self.database.run("warehouse/drop_table", table=table)
        self.database.run("serving/create_generation", table=table, dimensions=sql.Literal(d))
        self.checkpoint()
        seconds, _ = timed(self.database.copy_in, table, COLUMNS, RowStream([data]))
        return seconds

    def checkpoint(self) -> None:
        """Checkpoint, so that a measurement starts without dirty pages."""
        self.database.execute(sql.SQL("checkpoint"))

    def vacuum(self, table: str) -> None:
        """Vacuum, as ``clean_up`` does between two nights."""
        self.database.execute(sql.SQL("vacuum {}").format(sql.Identifier(table)))

    def drop(self, table: str) -> None:
        """Drop a table."""
        self.database.run("warehouse/drop_table", table=table)

    def drop_delta(self) -> None:
        """Drop what a night staged, as ``clean_up`` does: each run stages under a new name."""
        self.drop("delta")

    def writes(self, table: str) -> list[tuple[object, ...]]:
        """Counters that change when a row of the table is written."""
        with self.database.connection.cursor() as cursor:
            cursor.execute("select pg_stat_force_next_flush()")
            cursor.execute(sql.SQL(NEWEST_WRITE).format(sql.Identifier(table)))
            found = cursor.fetchall()
            cursor.execute(STATISTICS, (table,))
            return [*found, *cursor.fetchall()]


@contextmanager
def server_for_bench(**parameters: int | str) -> Iterator[Bench]:
    """A server of its own, and a session in it."""
    with embedded_server() as server:
        dsn = new_database(server, "warehouse")
        execute(server.dsn("postgres"), "alter system set autovacuum = off")
        execute(server.dsn("postgres"), "select pg_reload_conf()")
        with open_bench(dsn, **parameters) as running:
            yield running


@contextmanager
def open_bench(dsn: str, **parameters: int | str) -> Iterator[Bench]:
    """A session in the schema that ``prepare`` makes."""
    with connect(dsn, connection_id="bench", application_name="bench") as database:
        with database.transaction():
            create_space(database, SPEC, KeyType.BIGINT)
        given = {**parameters, "seed": SEED}
        used = machine(postgresql=postgres_version(dsn))
        yield Bench(database, Report("load", given, used))
