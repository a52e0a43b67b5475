"""Advisory locks, and runs that meet: of one date, of three dates."""

import logging
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
import pytest

from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.errors import LockTimeoutError, SupersededError
from kindred.run.context import Run, open_run
from kindred.spec.model import Spec
from kindred.tasks import run_task
from kindred.warehouse.database import Database, connect
from kindred.warehouse.locks import Resource, locked

DAYS = ("2026-01-05T02:00", "2026-01-06T02:00", "2026-01-07T02:00")


@pytest.fixture(scope="module")
def dsn(make_database: Callable[[str], str]) -> str:
    return make_database("locks")


@contextmanager
def named_session(dsn: str, name: str) -> Iterator[Database]:
    with connect(dsn, connection_id="test", application_name=name) as database:
        yield database


def hold(dsn: str, name: str, held: "threading.Event | multiprocessing.synchronize.Event") -> None:
    """Take the lock and keep it until the process ends."""
    with (
        named_session(dsn, name) as database,
        locked(database, "kindred", Resource.PUBLISH, wait_seconds=5),
    ):
        held.set()
        time.sleep(60)


def test_a_second_session_waits_and_says_for_whom(
    dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kindred.warehouse.locks")
    order = []
    with named_session(dsn, "kindred default first") as first, ThreadPoolExecutor() as pool:
        with locked(first, "kindred", Resource.PUBLISH, wait_seconds=5):

            def second() -> None:
                with (
                    named_session(dsn, "kindred default second") as database,
                    locked(database, "kindred", Resource.PUBLISH, wait_seconds=10),
                ):
                    order.append("second")

            waiting = pool.submit(second)
            time.sleep(0.6)
            assert not waiting.done()
            order.append("first")
        waiting.result(timeout=5)
    assert order == ["first", "second"]
    assert any(
        message.startswith("waiting for kindred default first (pid ")
        and message.endswith("which holds publish of kindred")
        for message in caplog.messages
    )


def test_locks_within_one_another_share_a_session_and_end_one_by_one(dsn: str) -> None:
    def is_free(resource: Resource) -> bool:
        with named_session(dsn, "kindred default other") as other:
            try:
                with locked(other, "kindred", resource, wait_seconds=0):
                    return True
            except LockTimeoutError:
                return False

    with named_session(dsn, "kindred default both") as database:
        with locked(database, "kindred", Resource.PUBLISH, wait_seconds=5):
            with locked(database, "kindred", Resource.LOAD, wait_seconds=5):
                assert len(database.guards) == 1
                assert not is_free(Resource.LOAD)
            assert is_free(Resource.LOAD)
            with (
                pytest.raises(ValueError, match="of the block"),
                locked(database, "kindred", Resource.LOAD, wait_seconds=5),
            ):
                raise ValueError("of the block")
            assert is_free(Resource.LOAD)
            assert not is_free(Resource.PUBLISH)
        assert is_free(Resource.PUBLISH)
        assert database.guards == []


def test_the_limit_ends_the_wait_and_names_the_holder(dsn: str) -> None:
    with (
        named_session(dsn, "kindred default 2026-01-05T02:00 publish") as first,
        named_session(dsn, "kindred default other") as second,
        locked(first, "kindred", Resource.EXTRACT, wait_seconds=0),
    ):
        started = time.monotonic()
        with (
            pytest.raises(
                LockTimeoutError,
                match=r"extract of kindred has been held by kindred default 2026-01-05T02:00"
                r" publish \(pid \d+\) for more than 1 s; .* clear this task",
            ),
            locked(second, "kindred", Resource.EXTRACT, wait_seconds=1),
        ):
            pytest.fail("the lock was given twice")
        assert 1 <= time.monotonic() - started < 3
        with locked(second, "kindred", Resource.PUBLISH, wait_seconds=0):
            pass
        with locked(second, "kindred_other", Resource.EXTRACT, wait_seconds=0):
            pass


def test_the_lock_is_given_back_after_an_error(dsn: str) -> None:
    with named_session(dsn, "first") as first, named_session(dsn, "second") as second:
        with (
            pytest.raises(psycopg2.Error, match="division by zero"),
            locked(first, "kindred", Resource.LOAD, wait_seconds=0),
            first.transaction(),
        ):
            first.connection.cursor().execute("select 1 / 0")
        with locked(second, "kindred", Resource.LOAD, wait_seconds=0):
            pass


def test_the_lock_of_a_killed_process_is_free(dsn: str) -> None:
    context = multiprocessing.get_context("fork")
    held = context.Event()
    process = context.Process(target=hold, args=(dsn, "kindred default doomed", held))
    process.start()
    assert held.wait(timeout=10)
    with named_session(dsn, "kindred default heir") as database:
        with (
            pytest.raises(LockTimeoutError, match="kindred default doomed"),
            locked(database, "kindred", Resource.PUBLISH, wait_seconds=0),
        ):
            pytest.fail("the lock was given twice")
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        started = time.monotonic()
        with locked(database, "kindred", Resource.PUBLISH, wait_seconds=10):
            assert time.monotonic() - started < 7


@pytest.fixture(scope="module")
def original(make_laboratory: Callable[..., Laboratory]) -> Laboratory:
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(400))
    laboratory.fit(make_spec(), DAYS[0])
    return laboratory


@pytest.fixture
def shop(original: Laboratory, copy_laboratory: Callable[[Laboratory], Laboratory]) -> Laboratory:
    """Customers, and an encoder."""
    return copy_laboratory(original)


def run_as_airflow_would(laboratory: Laboratory, spec: Spec, as_of: str, run_id: str) -> str:
    """All stages; each belongs to its run, and is tried again after an error, twice."""
    laboratory = replace(laboratory)
    run = laboratory.begin(spec, as_of, run_id=run_id)
    steps = laboratory.steps(run)
    for stage, arguments in steps:
        for attempt in range(3):
            try:
                run = open_run(laboratory.deployment, spec.space, run.as_of, run_id)
                laboratory.last_result = run_task(run, stage, **arguments)
                break
            except SupersededError:
                return "superseded"
            except Exception:
                if attempt == 2:
                    raise
    return "published"


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("other", [make_spec(), make_spec(k=3)], ids=["same spec", "other spec"])
def test_two_runs_of_one_date_at_once(shop: Laboratory, seed: int, other: Spec) -> None:
    """The one that began last publishes; the other one stops, or has published before."""
    specs = {"first": make_spec(), "second": other}
    pause = random.Random(seed).uniform(0, 0.4)

    def start(run_id: str) -> str:
        time.sleep(pause * (run_id == "second"))
        return run_as_airflow_would(shop, specs[run_id], DAYS[0], run_id)

    with ThreadPoolExecutor() as pool:
        futures = {run_id: pool.submit(start, run_id) for run_id in specs}
        ends = {run_id: future.result(timeout=60) for run_id, future in futures.items()}
    [(last,)] = shop.query("select run_id from kindred.snapshot_builds")
    assert ends[last] == "published"
    assert set(ends.values()) <= {"published", "superseded"}
    after = shop.hashes()
    shop.run(specs[last], DAYS[0])
    assert shop.hashes() == after
    leftovers = shop.query("select relname from pg_class where relname ~ '(_next|landing_.*)$'")
    assert leftovers == []


def test_a_run_that_was_taken_over_changes_nothing(shop: Laboratory) -> None:
    old = shop.run(make_spec(), DAYS[0], until="publish", run_id="old")
    new = shop.run(make_spec(k=3), DAYS[0], until="publish", run_id="new")
    stages: list[tuple[str, Callable[[Run], object]]] = [
        ("publish", lambda run: run_task(run, "publish")),
        ("quality_gate", lambda run: run_task(run, "quality_gate")),
        ("merge_graph", lambda run: run_task(run, "merge_graph")),
        ("open", lambda run: run.reopened()),
    ]
    facts = open_run(shop.deployment, "default", moment(DAYS[0])).build.facts
    for _, attempt in stages:
        with pytest.raises(SupersededError, match="another run than 'old' has begun to build"):
            attempt(old)
    assert open_run(shop.deployment, "default", moment(DAYS[0])).build.facts == facts
    assert shop.query("select count(*) from bi.lookalikes") == [(0,)]
    assert run_task(new, "publish")["published"]
    [(rows, customers)] = shop.query("select lookalikes, customers from bi.snapshots")
    assert rows == 3 * customers


def test_three_dates_at_once_give_what_they_give_one_after_the_other(
    shop: Laboratory, make_laboratory: Callable[..., Laboratory]
) -> None:
    for as_of in DAYS:
        shop.run(make_spec(), as_of)
    other = make_laboratory(beside=shop)
    other.fit(make_spec(), DAYS[0])
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(replace(other).run, make_spec(), as_of) for as_of in DAYS]
        states = [run.result(timeout=60).build.state for run in runs]
    assert states == ["published"] * 3
    assert other.hashes() == shop.hashes()
    assert other.query("select as_of from bi.snapshots where is_current") == [(moment(DAYS[-1]),)]
