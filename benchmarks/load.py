"""Loading embeddings: how near Kindred's ways come to a bare COPY of the same rows.

All sides in one run on one embedded server with its usual settings (but no autovacuum, which would
come in between): n customers of d dimensions with bigint keys, medians of five rounds, a checkpoint
before each measurement. Timed are, by the wall:

- **bare COPY**: one ``COPY … FROM STDIN`` (binary) of all n rows into an empty heap table without
  keys, from memory that was encoded before the clock started, until its commit.
- **all rows changed**: ``store.embeddings.load_generation`` as task build_embeddings calls it:
  encoding, table, COPY, primary key, ANALYZE.
- **1 % changed**: ``compare_with_serving`` over all n serving rows, ``stage_delta`` and
  ``apply_delta`` with their commits, as build_embeddings and publish call them. One customer in a
  hundred has a new vector and a later time, others in every round.
- **nothing changed**: the same three with equal rows. That no row was written is read from the
  table's newest ``xmin`` and from ``pg_stat_user_tables``.
- **u changed rows**: ``stage_delta`` and ``apply_delta``, against one ``UPDATE … SET embedding =
  '[…]'`` a customer and against ``execute_values`` with ``ON CONFLICT DO UPDATE`` (pages of 1,000),
  each in one transaction, from arrays to committed rows: making the texts of the vectors is in it,
  as is Kindred's encoding. The ways take turns at one table with its primary key, whose pages have
  been written since the last checkpoint; right after one, each way pays the same full page images
  besides (8 kB a page met), which is measured too, without a target. What a way has written is
  compared with what it should have.

The serving tables have no IVFFlat index in the figures above, since its cost depends on the lists
and not on the way of loading; 1 % changed with the index is measured besides, without a target.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extras import execute_values

from benchmarks.processes import embedded_server, execute, new_database, postgres_version
from benchmarks.report import Report, arguments, machine, median_seconds, timed
from kindred.encode.difference import Difference
from kindred.metrics import Metric
from kindred.spec import spec_from_dict
from kindred.store import embeddings, ivfflat
from kindred.store.binary import RowStream
from kindred.store.database import Database, connect
from kindred.store.embeddings import COLUMNS, Embeddings
from kindred.store.keys import KeyType
from kindred.store.space import create_space

SEED = 20_180_401
ROUNDS = 5
BLOCK_ROWS = 50_000
PAGE_ROWS = 1_000
AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
UPDATE_ONE = (
    "update {} set embedding = %s, updated_at = to_timestamp(%s / 1000000.0) where customer_id = %s"
)
UPSERT_PAGE = (
    "insert into {} (embedding, updated_at, encoder_version, customer_id) values %s"
    " on conflict (customer_id) do update set embedding = excluded.embedding,"
    " updated_at = excluded.updated_at, encoder_version = excluded.encoder_version"
)
PAGE_TEMPLATE = "(%s, to_timestamp(%s / 1000000.0), 1, %s)"
NEWEST_WRITE = "select count(*), max(xmin::text::bigint) from {}"
STATISTICS = (
    "select n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables"
    " where relid = to_regclass(quote_ident(%s))"
)
JUST_BEFORE, EARLIER = "just before", "earlier"


def make_rows(n: int, d: int) -> Embeddings:
    """Customers with seeded vectors, in key order."""
    random = np.random.default_rng(SEED)
    vectors = random.standard_normal((n, d), dtype=np.float32)
    updated_at = FIRST_TIME + random.integers(0, TEN_DAYS, n)
    return Embeddings(KeyType.BIGINT, np.arange(1, n + 1), vectors, updated_at, 1)


def changed_rows(rows: Embeddings, chosen: NDArray[np.int64], seed: int) -> Embeddings:
    """The same customers, the chosen ones with another vector and a later time."""
    vectors, updated_at = rows.vectors.copy(), rows.updated_at.copy()
    shape = (len(chosen), vectors.shape[1])
    vectors[chosen] = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    updated_at[chosen] += TEN_DAYS
    return replace(rows, vectors=vectors, updated_at=updated_at)


def as_text(rows: Embeddings, chosen: NDArray[np.int64]) -> list[tuple[str, int, int]]:
    """Vector as pgvector reads it, microseconds and key of some rows, as a program would have."""
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
        """A new generation; returns its table."""
        return embeddings.load_generation(
            self.database, rows, as_of=AS_OF, metric=Metric.L2, block_rows=BLOCK_ROWS
        )[1]

    def compare(self, table: str, rows: Embeddings) -> int:
        """What a night does that changes some rows; returns how many it wrote."""
        difference = embeddings.compare_with_serving(
            self.database, table, rows, block_rows=BLOCK_ROWS
        )
        self.write_changes(table, rows, difference)
        return difference.changed_rows

    def write_changes(self, table: str, rows: Embeddings, difference: Difference) -> None:
        """Stage and apply a difference."""
        embeddings.stage_delta(self.database, "delta", rows, difference, block_rows=BLOCK_ROWS)
        with self.database.transaction():
            embeddings.apply_delta(self.database, table, "delta")

    def bare_copy(self, data: bytes, d: int) -> float:
        """Seconds of one COPY into a heap table."""
        table = "bare"
        self.database.run("embeddings/drop_table", table=table)
        self.database.run("embeddings/create_generation", table=table, dimensions=sql.Literal(d))
        self.checkpoint()
        seconds, _ = timed(self.database.copy_in, table, COLUMNS, RowStream([data]))
        return seconds

    def checkpoint(self) -> None:
        """Begin each measurement with nothing left to write."""
        self.database.execute(sql.SQL("checkpoint"))

    def drop(self, table: str) -> None:
        """Drop a table."""
        self.database.run("embeddings/drop_table", table=table)

    def writes(self, table: str) -> list[tuple[object, ...]]:
        """What moves when a row of the table is written."""
        with self.database.connection.cursor() as cursor:
            cursor.execute("select pg_stat_force_next_flush()")
            cursor.execute(sql.SQL(NEWEST_WRITE).format(sql.Identifier(table)))
            found = cursor.fetchall()
            cursor.execute(STATISTICS, (table,))
            return [*found, *cursor.fetchall()]


@contextmanager
def server_for_bench(**parameters: int) -> Iterator[Bench]:
    """A server of its own, and a session in it."""
    with embedded_server() as server:
        dsn = new_database(server, "warehouse")
        execute(dsn, "alter system set autovacuum = off")
        execute(dsn, "select pg_reload_conf()")
        with open_bench(dsn, **parameters) as running:
            yield running


@contextmanager
def open_bench(dsn: str, **parameters: int) -> Iterator[Bench]:
    """A session in the schema that ``prepare`` makes."""
    with connect(dsn, connection_id="bench", application_name="bench") as database:
        with database.transaction():
            create_space(database, SPEC, KeyType.BIGINT)
        given = {**parameters, "rounds": ROUNDS, "seed": SEED}
        used = machine(postgresql=postgres_version(dsn))
        yield Bench(database, Report("load", given, used))


def one_in_a_hundred(n: int, number: int) -> NDArray[np.int64]:
    """Positions of 1 % of the customers, others in every round."""
    return np.arange(number % 100, n, 100)


def measure_nights(bench: Bench, rows: Embeddings) -> dict[str, list[float]]:
    """Seconds of the bare COPY and of nights that change all, some and no rows, round by round."""
    seconds: dict[str, list[float]] = {way: [] for way in ("bare COPY", "all", "1 %", "nothing")}
    data = b"".join(rows.chunks(slice(None), BLOCK_ROWS))
    serving = bench.load(rows)
    for number in range(ROUNDS):
        seconds["bare COPY"].append(bench.bare_copy(data, rows.vectors.shape[1]))
        bench.checkpoint()
        took, table = timed(bench.load, rows)
        seconds["all"].append(took)
        bench.drop(table)
        chosen = one_in_a_hundred(len(rows.customers), number)
        new = changed_rows(rows, chosen, number)
        seconds["1 %"].append(measure_night(bench, serving, new, expected=len(chosen)))
        before = bench.writes(serving)
        seconds["nothing"].append(measure_night(bench, serving, new, expected=0))
        if bench.writes(serving) != before:
            raise AssertionError("a night that changes nothing wrote to the serving table")
        rows = new
    bench.drop(serving)
    return seconds


def measure_night(bench: Bench, table: str, rows: Embeddings, *, expected: int) -> float:
    """Seconds of a night; what it wrote is checked."""
    bench.checkpoint()
    seconds, written = timed(bench.compare, table, rows)
    if written != expected:
        raise AssertionError(f"{written} rows were written, {expected} had changed")
    return seconds


def measure_indexed_night(bench: Bench, rows: Embeddings) -> float:
    """Seconds of a night that changes 1 % where the serving table has its IVFFlat index."""
    table = bench.load(rows)
    ivfflat.build_index(bench.database, table, rows, Metric.L2, memory_mb=256)
    chosen = one_in_a_hundred(len(rows.customers), 0)
    seconds = measure_night(bench, table, changed_rows(rows, chosen, 0), expected=len(chosen))
    bench.drop(table)
    return seconds


def measure_changes(bench: Bench, rows: Embeddings, u: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of writing u changed rows in three ways; where the last checkpoint was -> way."""
    ways = {"Kindred": upsert, "execute_values": upsert_pages, "UPDATE each": update_each}
    found: dict[str, dict[str, list[float]]] = {}
    random = np.random.default_rng(SEED)
    table = bench.load(rows)
    rows = touch_all_pages(bench, table, rows)
    for checkpoint in (EARLIER, JUST_BEFORE):
        found[checkpoint] = {way: [] for way in ways}
        for way in [way for _ in range(ROUNDS) for way in ways]:
            if checkpoint == JUST_BEFORE:
                bench.checkpoint()
            chosen = np.sort(random.choice(len(rows.customers), u, replace=False))
            rows = changed_rows(rows, chosen, int(random.integers(2**31)))
            took, _ = timed(ways[way], bench, table, rows, chosen)
            found[checkpoint][way].append(took)
            if bench.compare(table, rows):
                raise AssertionError(f"{way}: the table does not hold what was written")
    bench.drop(table)
    return found


def touch_all_pages(bench: Bench, table: str, rows: Embeddings) -> Embeddings:
    """Change every twentieth row after a checkpoint: a page holds more rows than that."""
    bench.checkpoint()
    chosen = np.arange(0, len(rows.customers), 20)
    rows = changed_rows(rows, chosen, SEED)
    upsert(bench, table, rows, chosen)
    return rows


def upsert(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """Kindred's way: the difference by COPY, then one statement."""
    difference = Difference(np.zeros(len(rows.customers), dtype=bool))
    difference.is_new[chosen] = True
    bench.write_changes(table, rows, difference)


def upsert_pages(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """INSERT … ON CONFLICT with many rows a statement, as psycopg2 offers it."""
    statement = sql.SQL(UPSERT_PAGE).format(sql.Identifier(table))
    with bench.database.transaction(), bench.database.connection.cursor() as cursor:
        execute_values(cursor, statement, as_text(rows, chosen), PAGE_TEMPLATE, PAGE_ROWS)


def update_each(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """One UPDATE a customer."""
    statement = sql.SQL(UPDATE_ONE).format(sql.Identifier(table))
    with bench.database.transaction(), bench.database.connection.cursor() as cursor:
        text = statement.as_string(cursor)
        for row in as_text(rows, chosen):
            cursor.execute(text, row)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=32, u=20_000)
    rows = make_rows(options.n, options.d)
    with server_for_bench(n=options.n, d=options.d, u=options.u) as running:
        report = running.report
        changes: dict[str, dict[str, float]] = {}
        nights = note(report, measure_nights(running, rows), options.n)
        for when, seconds in measure_changes(running, rows, options.u).items():
            changes[when] = note(report, seconds, options.u, when)
        indexed = measure_indexed_night(running, rows)
        note(report, {"1 %, with IVFFlat index": [indexed]}, options.n)
    bare, usual = nights["bare COPY"], changes[EARLIER]
    report.at_most("all rows changed / bare COPY", nights["all"] / bare, 2.0)
    report.at_most("1 % changed / bare COPY", nights["1 %"] / bare, 1.3)
    report.at_most("nothing changed / bare COPY", nights["nothing"] / bare, 1.2)
    report.at_least("UPDATE each / Kindred", usual["UPDATE each"] / usual["Kindred"], 15.0)
    report.at_least("execute_values / Kindred", usual["execute_values"] / usual["Kindred"], 3.0)
    return report.finish()


def note(
    report: Report, seconds: dict[str, list[float]], rows: int, checkpoint: str = JUST_BEFORE
) -> dict[str, float]:
    """Report the ways of one comparison; returns their medians."""
    medians = {way: median_seconds(rounds) for way, rounds in seconds.items()}
    for way, median in medians.items():
        report.measure(
            way,
            rows=rows,
            checkpoint=checkpoint,
            seconds=median,
            fastest=min(seconds[way]),
            slowest=max(seconds[way]),
            rows_per_second=round(rows / median),
        )
    return medians


if __name__ == "__main__":
    sys.exit(main())
