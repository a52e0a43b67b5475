"""Loading embeddings: how close Kindred comes to a bare COPY of the same rows.

All sides in one run on one embedded server with its usual settings, but with explicit vacuum
instead of autovacuum: n customers of d dimensions with bigint keys, medians of five rounds. Wall
seconds are measured for:

- **bare COPY**: one ``COPY … FROM STDIN`` (binary) of all n rows, encoded beforehand, into an empty
  heap table without keys, until its commit.
- **all**: ``serving.generations.load_generation`` as task build_embeddings calls it: encoding,
  table, COPY, primary key, ANALYZE.
- **1 %**: ``compare_with_serving`` over all n serving rows, ``stage_delta`` and ``apply_delta``
  with their commits, as build_embeddings and publish call them. One customer in a hundred has a new
  vector and a later time; these differ from round to round. What was staged is dropped after the
  measurement, as ``clean_up`` does.
- **nothing**: the same three steps with equal rows. The table's newest ``xmin`` and
  ``pg_stat_user_tables`` must show that no row was written.
- **Kindred, execute_values, UPDATE each**: u changed rows by ``stage_delta`` and ``apply_delta``,
  by ``execute_values`` with ``ON CONFLICT DO UPDATE`` (pages of 1,000), and by one ``UPDATE … SET
  embedding = '[…]'`` per customer; each in one transaction, from arrays to committed rows. The time
  includes formatting vectors as text, or Kindred's encoding. The ways alternate on one table with
  its primary key; the written rows are checked.

The first write to a page after a checkpoint also writes a full page image (8 kB), whatever the way.
If the column ``checkpoint`` says "earlier", the pages were written and vacuumed after the last
checkpoint, and the kernel has flushed what was written, as it has a day later; if it says "just
before", a checkpoint was forced before the measurement. The targets for rows changed in place refer
to "earlier"; the figures for "just before" are listed beside them.

In these measurements the serving tables have no IVFFlat index, because its cost depends on the
lists and not on the way of loading; 1 % with the index is measured once, without a target.
"""

import os
import sys

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extras import execute_values

from benchmarks.generations import (
    BLOCK_ROWS,
    SEED,
    Bench,
    as_text,
    changed_rows,
    make_rows,
    server_for_bench,
)
from benchmarks.report import Report, arguments, median_seconds, timed
from kindred.encoding.embeddings import Embeddings
from kindred.serving import index_build
from kindred.serving.difference import Difference
from kindred.serving.index_plan import plan_index
from kindred.spec.metrics import Metric

ROUNDS = 5
PAGE_ROWS = 1_000
UPDATE_ONE = (
    "update {} set embedding = %s, updated_at = to_timestamp(%s / 1000000.0) where customer_id = %s"
)
UPSERT_PAGE = (
    "insert into {} (embedding, updated_at, encoder_version, customer_id) values %s"
    " on conflict (customer_id) do update set embedding = excluded.embedding,"
    " updated_at = excluded.updated_at, encoder_version = excluded.encoder_version"
)
PAGE_TEMPLATE = "(%s, to_timestamp(%s / 1000000.0), 1, %s)"
JUST_BEFORE, EARLIER = "just before", "earlier"


def one_in_a_hundred(n: int, number: int) -> NDArray[np.int64]:
    """Positions of 1 % of the customers, different ones in every round."""
    return np.arange(number % 100, n, 100)


def measure_nights(bench: Bench, rows: Embeddings) -> dict[str, dict[str, list[float]]]:
    """Seconds of the bare COPY and of nights, by round; moment of the checkpoint -> way."""
    just_before: dict[str, list[float]] = {"bare COPY": [], "all": [], "1 %": []}
    earlier: dict[str, list[float]] = {"1 %": [], "nothing": []}
    data = b"".join(rows.chunks(slice(None), BLOCK_ROWS))
    serving = bench.load(rows)
    for number in range(ROUNDS):
        just_before["bare COPY"].append(bench.bare_copy(data, rows.vectors.shape[1]))
        bench.checkpoint()
        took, table = timed(bench.load, rows)
        just_before["all"].append(took)
        bench.drop(table)
        rows = touch_all_pages(bench, serving, rows)
        rows, took = measure_night(bench, serving, rows, number)
        earlier["1 %"].append(took)
        earlier["nothing"].append(measure_quiet_night(bench, serving, rows))
        bench.vacuum(serving)
        bench.checkpoint()
        rows, took = measure_night(bench, serving, rows, number + ROUNDS)
        just_before["1 %"].append(took)
    bench.drop(serving)
    return {JUST_BEFORE: just_before, EARLIER: earlier}


def measure_night(
    bench: Bench, table: str, rows: Embeddings, number: int
) -> tuple[Embeddings, float]:
    """Change 1 % of the customers and check the written rows; return the new rows and seconds."""
    chosen = one_in_a_hundred(len(rows.customers), number)
    rows = changed_rows(rows, chosen, number)
    seconds, written = timed(bench.compare, table, rows)
    bench.drop_delta()
    if written != len(chosen):
        raise AssertionError(f"{written} rows were written, {len(chosen)} had changed")
    return rows, seconds


def measure_quiet_night(bench: Bench, table: str, rows: Embeddings) -> float:
    """Seconds of a night that changes nothing; checks that it writes nothing."""
    before = bench.writes(table)
    seconds, written = timed(bench.compare, table, rows)
    bench.drop_delta()
    if written or bench.writes(table) != before:
        raise AssertionError("a night that changes nothing wrote to the serving table")
    return seconds


def measure_indexed_night(bench: Bench, rows: Embeddings) -> float:
    """Seconds of a night that changes 1 % of a serving table with an IVFFlat index."""
    table = bench.load(rows)
    plan = plan_index(
        rows.vectors, Metric.L2, 10, target_recall=0.95, memory_mb=256, seed=SEED, threads=2
    )
    index_build.build_index(bench.database, table, plan, Metric.L2)
    bench.checkpoint()
    _, seconds = measure_night(bench, table, rows, 0)
    bench.drop(table)
    return seconds


def measure_changes(bench: Bench, rows: Embeddings, u: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of writing u changed rows in three ways; moment of the checkpoint -> way."""
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
            bench.drop_delta()
            if bench.compare(table, rows):
                raise AssertionError(f"{way}: the table does not hold what was written")
            bench.drop_delta()
    bench.drop(table)
    return found


def touch_all_pages(bench: Bench, table: str, rows: Embeddings) -> Embeddings:
    """After a checkpoint, change every twentieth row (pages hold more rows), and vacuum."""
    bench.checkpoint()
    chosen = np.arange(0, len(rows.customers), 20)
    rows = changed_rows(rows, chosen, SEED)
    upsert(bench, table, rows, chosen)
    bench.drop_delta()
    bench.vacuum(table)
    os.sync()
    return rows


def upsert(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """Kindred's way: the difference by COPY, then one statement."""
    difference = Difference(np.zeros(len(rows.customers), dtype=bool))
    difference.is_new[chosen] = True
    bench.write_changes(table, rows, difference)


def upsert_pages(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """INSERT … ON CONFLICT with many rows per statement, as psycopg2 provides it."""
    statement = sql.SQL(UPSERT_PAGE).format(sql.Identifier(table))
    with bench.database.transaction(), bench.database.connection.cursor() as cursor:
        execute_values(cursor, statement, as_text(rows, chosen), PAGE_TEMPLATE, PAGE_ROWS)


def update_each(bench: Bench, table: str, rows: Embeddings, chosen: NDArray[np.int64]) -> None:
    """One UPDATE per customer."""
    statement = sql.SQL(UPDATE_ONE).format(sql.Identifier(table))
    with bench.database.transaction(), bench.database.connection.cursor() as cursor:
        text = statement.as_string(cursor)
        for row in as_text(rows, chosen):
            cursor.execute(text, row)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=32, u=20_000)
    rows = make_rows(options.n, options.d)
    with server_for_bench(n=options.n, d=options.d, u=options.u, rounds=ROUNDS) as running:
        report = running.report
        changes: dict[str, dict[str, float]] = {}
        nights = {
            when: report_row(report, seconds, options.n, when)
            for when, seconds in measure_nights(running, rows).items()
        }
        for when, seconds in measure_changes(running, rows, options.u).items():
            changes[when] = report_row(report, seconds, options.u, when)
        indexed = measure_indexed_night(running, rows)
        report_row(report, {"1 %, with IVFFlat index": [indexed]}, options.n)
    bare, usual = nights[JUST_BEFORE]["bare COPY"], changes[EARLIER]
    report.at_most("all rows changed / bare COPY", nights[JUST_BEFORE]["all"] / bare, 2.0)
    report.at_most("1 % changed / bare COPY", nights[EARLIER]["1 %"] / bare, 1.3)
    report.at_most("nothing changed / bare COPY", nights[EARLIER]["nothing"] / bare, 1.2)
    report.at_least("UPDATE each / Kindred", usual["UPDATE each"] / usual["Kindred"], 15.0)
    report.at_least("execute_values / Kindred", usual["execute_values"] / usual["Kindred"], 3.0)
    return report.finish()


def report_row(
    report: Report, seconds: dict[str, list[float]], rows: int, checkpoint: str = JUST_BEFORE
) -> dict[str, float]:
    """Report the ways of one comparison; return their medians."""
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
