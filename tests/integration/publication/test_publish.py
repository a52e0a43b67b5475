"""Publish under readers: they see whole snapshots only, and never wait for a new date."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql

from integration.publishing import (
    CURRENT,
    build,
    day,
    opened,
    publish_day,
    published_rows,
)
from integration.readers import Report, polling
from integration.warehouse import Laboratory, make_spec, moment
from kindred.errors import LockTimeoutError
from kindred.warehouse import partitions

log = logging.getLogger(__name__)

K = 5
LIMIT_MILLISECONDS = 200.0


def assert_whole(report: Report, expected: dict[str, tuple[int, int]]) -> list[str]:
    """Every result was one snapshot in full; returns the snapshots in the order they were seen."""
    assert report.errors == []
    seen = []
    for result, _ in report.results:
        assert len(result) == 1, (report.mode, result)
        as_of, rows, customers = result[0]
        assert expected[as_of] == (rows, customers), report.mode
        seen.append(as_of)
    return seen


def assert_never_waited(report: Report) -> None:
    """No poll took 200 ms, beyond what a query without any table took in between at times."""
    noise = report.slowest_control_milliseconds
    assert report.longest_lock_wait_milliseconds < LIMIT_MILLISECONDS, report
    assert report.slowest_milliseconds < LIMIT_MILLISECONDS + noise, report


def note(report: Report) -> None:
    """The figures, for whoever runs with --log-cli-level=INFO."""
    log.info(
        "%s: %d polls, slowest %.1f ms (of a query without table %.1f), longest lock wait %.1f ms",
        report.mode,
        report.polls,
        report.slowest_milliseconds,
        report.slowest_control_milliseconds,
        report.longest_lock_wait_milliseconds,
    )


@contextmanager
def session(laboratory: Laboratory) -> Iterator["psycopg2.extensions.cursor"]:
    """A reader's session that begins transactions by itself."""
    with closing(psycopg2.connect(laboratory.warehouse_dsn)) as connection:
        yield connection.cursor()


def fetch(cursor: "psycopg2.extensions.cursor", statement: str) -> list[tuple[Any, ...]]:
    cursor.execute(statement)
    return cursor.fetchall()


def test_readers_see_whole_snapshots_while_new_dates_are_published(published: Laboratory) -> None:
    published.environment["KINDRED_KEEP_NIGHTS"] = "0"
    days = range(6, 10)
    for number in days:
        build(published, make_spec(), number)
    modes = ("plain", "prepared", "prepared in transactions", "repeatable read")
    with polling(published.warehouse_dsn, *modes) as reports:
        for number in days:
            assert publish_day(published, number) == {"published": True, "is_current": True}
            time.sleep(0.3)
    expected = published_rows(published)
    newest = str(moment(day(9)))
    for report in reports:
        seen = assert_whole(report, expected)
        assert seen == sorted(seen)
        assert len(seen) >= len(days) - 2
        assert report.polls > 50
        assert_never_waited(report)
        if report.mode == "repeatable read":
            assert report.changes_within_transaction == 0
        else:
            assert seen[-1] == newest
        note(report)


CURRENT_CLUSTERS = "select as_of, count(*) from bi.clusters_current group by as_of"


def test_a_prepared_statement_in_an_open_transaction_never_finds_nothing(
    built: Laboratory,
) -> None:
    """Such a statement keeps its plan, which does not know a partition attached since."""
    with session(built) as cursor:
        cursor.execute(f"prepare reading as {CURRENT}")
        cursor.execute(f"prepare reading_clusters as {CURRENT_CLUSTERS}")
        before = [fetch(cursor, "execute reading") for _ in range(8)][-1]
        clusters_before = [fetch(cursor, "execute reading_clusters") for _ in range(8)][-1]
        publish_day(built, 6)
        within = fetch(cursor, "execute reading")
        clusters_within = fetch(cursor, "execute reading_clusters")
        cursor.connection.commit()
        after = fetch(cursor, "execute reading")
        clusters_after = fetch(cursor, "execute reading_clusters")
    old, new = moment(day(5)), moment(day(6))
    assert before == [(old, published_rows(built)[str(old)][0])]
    assert after == [(new, published_rows(built)[str(new)][0])]
    assert within in (before, after)
    assert clusters_within in (clusters_before, clusters_after)
    assert len(clusters_after) == 1
    assert clusters_after[0][0] == new


def test_a_repeatable_read_transaction_keeps_its_snapshot(built: Laboratory) -> None:
    with session(built) as cursor:
        cursor.execute("begin isolation level repeatable read; select 1")
        publish_day(built, 6)
        assert fetch(cursor, CURRENT) == [
            (moment(day(5)), published_rows(built)[str(moment(day(5)))][0])
        ]
        assert fetch(cursor, "select as_of from bi.snapshots where is_current") == [
            (moment(day(5)),)
        ]


def test_a_published_date_is_not_replaced_under_a_transaction_that_would_find_it_empty(
    published: Laboratory,
) -> None:
    """To a transaction from before the load the new rows are invisible."""
    hurried = replace(published, environment={"KINDRED_LOCK_WAIT_SECONDS": "1"})
    with session(published) as cursor:
        cursor.connection.set_session(isolation_level="REPEATABLE READ")
        cursor.execute("set application_name = 'monthly report'; select 1")
        build(published, make_spec(k=3), 5)
        with pytest.raises(LockTimeoutError, match=r"monthly report \(pid \d+\).*clear task"):
            publish_day(hurried, 5)
        assert fetch(cursor, CURRENT)[0][1] == K * published_rows(published)[str(moment(day(5)))][1]
        cursor.connection.rollback()
    assert publish_day(hurried, 5)["published"]
    assert published.query(CURRENT)[0][1] == 3 * published_rows(published)[str(moment(day(5)))][1]


@dataclass
class HeldOpen:
    """A 20 s query on the current lookalikes, and what happened while it was open."""

    laboratory: Laboratory
    rows_expected: int = 0
    publish_seconds: float = 0.0
    reports: list[Report] = field(default_factory=list)
    refusal: LockTimeoutError | None = None
    hashes: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    result: list[tuple[Any, ...]] = field(default_factory=list)
    thread: threading.Thread | None = None
    connection: "psycopg2.extensions.connection | None" = None

    def query(self, ready: threading.Event) -> None:
        """One statement that reads the whole table and takes 20 s over it."""
        with session(self.laboratory) as cursor:
            cursor.execute("set application_name = 'long query'")
            cursor.connection.commit()
            statement = """
                select as_of, count(*) from (
                  select as_of, pg_sleep(20.0 / count(*) over ()) from bi.lookalikes_current
                ) as slow group by as_of"""
            self.connection = cursor.connection
            ready.set()
            started = time.monotonic()
            with suppress(psycopg2.errors.QueryCanceled):
                self.result = fetch(cursor, statement)
            self.seconds = time.monotonic() - started


@pytest.fixture(scope="module")
def held_open(
    original_build: Laboratory, copy_laboratory: Callable[[Laboratory], Laboratory]
) -> Iterator[HeldOpen]:
    """The long query runs on beside the tests of this module; the last of them waits for it."""
    laboratory = copy_laboratory(original_build)
    held = HeldOpen(laboratory)
    held.rows_expected = published_rows(laboratory)[str(moment(day(5)))][0]
    ready = threading.Event()
    held.thread = threading.Thread(target=held.query, args=(ready,), daemon=True)
    held.thread.start()
    ready.wait()
    time.sleep(0.5)
    with polling(laboratory.warehouse_dsn, "plain", "prepared") as held.reports:
        started = time.monotonic()
        publish_day(laboratory, 6)
        held.publish_seconds = time.monotonic() - started
        build(laboratory, make_spec(k=3), 5)
        held.hashes.append(laboratory.hashes())
        hurried = replace(laboratory, environment={"KINDRED_LOCK_WAIT_SECONDS": "1"})
        try:
            publish_day(hurried, 5)
        except LockTimeoutError as error:
            held.refusal = error
        held.hashes.append(laboratory.hashes())
    assert held.thread.is_alive()
    yield held
    if held.thread.is_alive() and held.connection is not None:
        held.connection.cancel()  # a test was left out, or failed
    held.thread.join(timeout=10)


def test_a_new_date_is_published_beside_a_long_query(held_open: HeldOpen) -> None:
    assert held_open.publish_seconds < 10
    for report in held_open.reports:
        assert_whole(report, published_rows(held_open.laboratory))
        assert_never_waited(report)
        note(report)


def test_a_published_date_waits_for_a_long_query_and_gives_up_clearly(held_open: HeldOpen) -> None:
    assert held_open.refusal is not None
    assert re.search(r"long query \(pid \d+\)", str(held_open.refusal))
    assert "clear task 'publish'" in str(held_open.refusal)
    assert held_open.hashes[0] == held_open.hashes[1]


def test_a_published_date_is_replaced_between_short_waits(replaced: Laboratory) -> None:
    """A session that has read the table holds it; others pass between the tries to replace it."""
    as_of = str(moment(day(5)))
    rows, customers = published_rows(replaced)[as_of]
    with session(replaced) as cursor:
        cursor.execute("select count(*) from bi.lookalikes_current")
        with polling(replaced.warehouse_dsn, "plain", "prepared", "repeatable read") as reports:
            worker = threading.Thread(target=publish_day, args=(replaced, 5))
            worker.start()
            time.sleep(3.0)
            assert worker.is_alive()
            assert fetch(cursor, CURRENT) == [(moment(day(5)), rows)]
            cursor.connection.commit()
            worker.join(timeout=10)
            assert not worker.is_alive()
            time.sleep(0.3)
    assert published_rows(replaced)[as_of] == (3 * customers, customers)
    for report in reports:
        seen = [result for result, _ in report.results]
        assert seen == [[[as_of, rows, customers]], [[as_of, 3 * customers, customers]]]
        note(report)
        assert 10 < report.longest_lock_wait_milliseconds < LIMIT_MILLISECONDS
        assert report.errors == []
        assert report.changes_within_transaction == 0 or report.mode != "repeatable read"


def test_a_replacement_that_meets_readers_until_the_limit_changes_nothing(
    replaced: Laboratory,
) -> None:
    before = replaced.hashes()
    hurried = replace(replaced, environment={"KINDRED_LOCK_WAIT_SECONDS": "1"})
    with session(replaced) as cursor:
        cursor.execute("select count(*) from bi.lookalikes_current")
        with pytest.raises(LockTimeoutError, match=r"readers have held.*clear this task"):
            publish_day(hurried, 5)
        assert replaced.hashes() == before
        assert opened(replaced, 5).build.state == "building"
    publish_day(hurried, 5)
    assert replaced.hashes() != before


def test_similar_customers_answers_all_through_the_swap_of_generations(
    published: Laboratory,
) -> None:
    spec = make_spec(rewrite_share=0.0)
    days = range(6, 9)
    for number in days:
        build(published, spec, number)
    with polling(published.warehouse_dsn, "similar", "similar in transactions") as reports:
        for number in days:
            publish_day(published, number)
            time.sleep(0.2)
    retired = "select count(*) from bi.index_builds where state = 'retired'"
    assert published.query(retired) == [(len(days),)]
    for report in reports:
        assert report.errors == []
        assert [result for result, _ in report.results] == [[[K, K]]]
        assert report.polls > 50
        assert_never_waited(report)


def test_a_generation_is_kept_until_no_transaction_can_read_it(published: Laboratory) -> None:
    spec = make_spec(rewrite_share=0.0)
    generations = (
        "select relname from pg_class"
        " where relname ~ '^customer_embeddings_g[0-9]+$' and relkind = 'r' order by 1"
    )
    similar = "select lookalike_id from bi.similar_customers(1, 5)"
    expected = published.query(similar)
    with session(published) as cursor:
        cursor.connection.set_session(isolation_level="REPEATABLE READ")
        cursor.execute("select 1")
        published.run(spec, day(6))
        assert fetch(cursor, similar) == expected
        assert len(published.query(generations)) == 2
    published.run(spec, day(7))
    assert len(published.query(generations)) == 1


def test_attach_does_not_read_the_rows(shop: Laboratory) -> None:
    build(shop, make_spec(), 5)
    with opened(shop, 5).warehouse("test") as database:
        database.connection.cursor().execute("set client_min_messages = debug1")
        with database.transaction():
            partitions.attach(
                database, moment(day(5)), ["customer_clusters", "customer_lookalikes"]
            )
        notices = [n for n in database.connection.notices if "partition constraint" in n]
    assert len(notices) == 2
    assert all("is implied by existing constraints" in notice for notice in notices)


NEWEST = "(select max(as_of) from bi.snapshots where status = 'published')"


@pytest.mark.parametrize(
    "relation",
    [
        "bi.lookalikes_current",
        "bi.clusters_current",
        "bi.lookalikes where as_of = '2026-01-07T02:00:00Z'",
        "bi.clusters where as_of = '2026-01-07T02:00:00Z'",
        f"bi.lookalikes where as_of = {NEWEST}",
        f"bi.clusters where as_of = {NEWEST}",
    ],
)
def test_one_partition_is_read(three_days: Laboratory, relation: str) -> None:
    counting = "explain (analyze, costs off) select count(distinct customer_id) from {}"
    plan = three_days.query(sql.SQL(counting).format(sql.SQL(relation)))
    scans = [line for (line,) in plan if re.search(r" on customer_\w+_\d{8}t\d{6}", line)]
    read = {
        re.search(r"_(\d{8}t\d{6})", line)[1]  # type: ignore[index]
        for line in scans
        if "never executed" not in line
    }
    assert read == {"20260107t020000"}


@pytest.fixture(scope="module")
def three_days(
    original_night: Laboratory, copy_laboratory: Callable[[Laboratory], Laboratory]
) -> Laboratory:
    laboratory = copy_laboratory(original_night)
    for number in (6, 7):
        laboratory.run(make_spec(), day(number))
    return laboratory


def test_the_long_query_returns_one_whole_old_snapshot(held_open: HeldOpen) -> None:
    assert held_open.thread is not None
    held_open.thread.join(timeout=60)
    assert held_open.seconds > 15
    assert held_open.result == [(moment(day(5)), held_open.rows_expected)]
    assert publish_day(held_open.laboratory, 5) == {"published": True, "is_current": False}
    replaced, customers = published_rows(held_open.laboratory)[str(moment(day(5)))]
    assert replaced == 3 * customers
