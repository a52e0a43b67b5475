"""Builds of the index that are killed: readers notice nothing, and the next try comes through."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Event

import psycopg2
import pytest
from psycopg2 import sql

from integration.readers import polling
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.run.context import open_run
from kindred.serving import task as stage
from kindred.tasks import run_task
from kindred.warehouse.database import Database

FIRST, SECOND = "2026-01-25T02:00", "2026-01-26T02:00"
ROWS = 6_000
LISTS = 400
"""Far more than is good, so that every phase of the build takes its time."""

TRIES = 20
PHASES = (
    *(pytest.param(p, marks=pytest.mark.soak) for p in ("performing k-means", "loading tuples")),
    "assigning tuples",
)
DIED = (psycopg2.OperationalError, psycopg2.InterfaceError)
SERVED = [[5, 5]]
SPEC = make_spec(clustering={"algorithms": ["kmeans"]}, refit="never", rebuild="always")
# In the server, since a short phase would be over between two questions of ours.
END_AT_PHASE = """
    do $$
    declare
      is_ended boolean := false;
      began timestamptz := clock_timestamp();
    begin
      while clock_timestamp() < began + interval '500 ms' loop
        perform pg_stat_clear_snapshot();
        select pg_terminate_backend(building.pid) into is_ended
        from pg_stat_progress_create_index as building
        join pg_stat_activity as activity using (pid)
        where building.datname = current_database()
          and building.phase like '%' || {phase}
          and activity.query ~ 'using ivfflat';
        exit when is_ended;
      end loop;
    end $$
"""
FOUND = """
    select tables.relname, count(indexes.indexrelid)
    from pg_class as tables
    left join pg_index as indexes
      on indexes.indrelid = tables.oid and indexes.indisvalid and indexes.indisready
      and not indexes.indisprimary
    where tables.relkind = 'r' and tables.relname ~ '^customer_embeddings_'
    group by 1 order by 1
"""


@pytest.fixture(scope="module")
def large_plans():
    """Plans of many lists."""
    plan_index = stage.plan_index

    def plan(*given, **named):
        made = plan_index(*given, **named)
        return replace(made, chosen=replace(made.chosen, lists=LISTS))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "plan_index", plan)
        yield


@pytest.fixture(scope="module")
def shop(make_laboratory, large_plans):
    """A published date, and the next one, about to build its index."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(ROWS))
    laboratory.run(SPEC, FIRST)
    laboratory.run(SPEC, SECOND, until="build_embeddings")
    laboratory.parts = laboratory.last_result  # of merge_graph
    return laboratory


def opened(laboratory):
    return open_run(laboratory.deployment, "default", moment(SECOND))


def build(laboratory):
    return run_task(opened(laboratory), "build_embeddings")


def end_in_phase(laboratory, phase: str, building: Future) -> None:
    """End the session that builds as soon as it is in a phase."""
    with closing(psycopg2.connect(laboratory.warehouse_dsn)) as connection:
        connection.autocommit = True
        statement = sql.SQL(END_AT_PHASE).format(phase=sql.Literal(phase))
        with connection.cursor() as cursor:
            while not building.done():
                cursor.execute(statement)


def kill_in_phase(laboratory, phase: str) -> int:
    """Build until one was killed in a phase, which may be over too soon; returns the tries."""
    for tried in range(1, TRIES + 1):
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(build, laboratory)
            end_in_phase(laboratory, phase, building)
            if building.exception(timeout=60) is not None:
                assert isinstance(building.exception(), DIED), building.exception()
                return tried
    pytest.fail(f"no build was seen in phase {phase!r} in {TRIES} tries")


def assert_nothing_is_left(laboratory, generation: int) -> None:
    """The tables that serve and that wait for publish, each with its one index."""
    [(serving,)] = laboratory.query(
        "select table_name from kindred.index_builds where state = 'serving'"
    )
    tables = sorted({serving, f"customer_embeddings_g{generation}"})
    assert laboratory.query(FOUND) == [(table, 1) for table in tables]
    bad = "select count(*) from pg_index where not (indisvalid and indisready and indislive)"
    assert laboratory.query(bad) == [(0,)]
    states = laboratory.query(
        "select state, count(*) from kindred.index_builds where table_name is not null"
        " and state <> 'serving' group by 1"
    )
    assert states == [("ready", 1)]


def assert_served(reports) -> None:
    for report in reports:
        assert report.errors == []
        assert [result for result, _ in report.results] == [SERVED]
        assert report.longest_lock_wait_milliseconds < 500


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_a_phase_of_the_build(shop, phase):
    with polling(shop.warehouse_dsn, "similar", "similar in transactions") as reports:
        kill_in_phase(shop, phase)
        built = build(shop)
    assert built["mode"] == "generation"
    assert_nothing_is_left(shop, built["generation"])
    assert_served(reports)
    [(lists, is_used)] = shop.query(
        "select lists, is_index_used is not null from bi.index_builds where generation = %s",
        (built["generation"],),
    )
    assert (lists, is_used) == (LISTS, True)


@pytest.mark.soak
def test_killed_while_it_initializes(shop, monkeypatch):
    """That phase is over at once, but for a session that keeps new indexes out of the catalogue."""
    run = Database.run

    def run_blocked(database, name, *given, **names):
        if name != "serving/create_index":
            return run(database, name, *given, **names)
        monkeypatch.setattr(Database, "run", run)
        with closing(psycopg2.connect(database.connection.dsn)) as other:
            other.cursor().execute("lock table pg_catalog.pg_index in exclusive mode")
            return run(database, name, *given, **names)

    with polling(shop.warehouse_dsn, "similar") as reports:
        monkeypatch.setattr(Database, "run", run_blocked)
        assert kill_in_phase(shop, "initializing") == 1
        built = build(shop)
    assert_nothing_is_left(shop, built["generation"])
    assert_served(reports)


def end_after(monkeypatch, statement: str) -> None:
    """End a session when it has run a statement and not committed yet, once."""
    run = Database.run

    def run_and_end(database, name, *given, **names):
        result = run(database, name, *given, **names)
        if name == statement:
            monkeypatch.setattr(Database, "run", run)
            with closing(psycopg2.connect(database.connection.dsn)) as other:
                pid = database.connection.info.backend_pid
                other.cursor().execute("select pg_terminate_backend(%s, 10000)", (pid,))
        return result

    monkeypatch.setattr(Database, "run", run_and_end)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("warehouse/add_key", marks=pytest.mark.soak),
        "serving/create_index",
        pytest.param("serving/finish_generation", marks=pytest.mark.soak),
    ],
)
def test_killed_before_a_commit_of_the_build(shop, monkeypatch, statement):
    with polling(shop.warehouse_dsn, "similar") as reports:
        end_after(monkeypatch, statement)
        with pytest.raises(DIED):
            build(shop)
        built = build(shop)
    assert_nothing_is_left(shop, built["generation"])
    assert_served(reports)


def test_a_build_under_way_is_waited_for_and_not_started_twice(shop, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    [(builds,)] = shop.query("select max(generation) from kindred.index_builds")
    plan_index, is_planning, is_waited_for = stage.plan_index, Event(), Event()

    def plan(*given, **named):
        is_planning.set()
        assert is_waited_for.wait(timeout=30)
        return plan_index(*given, **named)

    monkeypatch.setattr(stage, "plan_index", plan)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(build, shop)
        assert is_planning.wait(timeout=30)
        second = pool.submit(build, shop)
        while "waiting for kindred default 2026-01-26T02:00 build_embeddings" not in caplog.text:
            assert not second.done()
            time.sleep(0.01)
        is_waited_for.set()
        found = [first.result(timeout=60), second.result(timeout=60)]
    assert found == [{"mode": "generation", "generation": builds + 1}] * 2
    assert "another try has just staged the embeddings" in caplog.text
    assert_nothing_is_left(shop, builds + 1)
    assert build(shop)["generation"] == builds + 2, "a task that is cleared builds anew"


def test_killed_before_the_commit_of_the_swap(shop, monkeypatch):
    """Readers have the old generation until the new one is theirs, at whatever moment they ask."""
    current = "select as_of from bi.snapshots where is_current"
    generation = build(shop)["generation"]
    run_task(opened(shop), "cluster", algorithm="kmeans")
    run_task(opened(shop), "profile_clusters")
    for part in shop.parts:
        run_task(opened(shop), "load_lookalikes", part=part)
    run_task(opened(shop), "place_customers")
    run_task(opened(shop), "quality_gate")
    with polling(shop.warehouse_dsn, "similar", "similar in transactions") as reports:
        for statement in ("serving/set_serving", "publication/set_current"):
            end_after(monkeypatch, statement)
            with pytest.raises(DIED):
                run_task(opened(shop), "publish")
            assert shop.query(current) == [(moment(FIRST),)]
            assert_nothing_is_left(shop, generation)
        run_task(opened(shop), "publish")
        assert shop.query(current) == [(moment(SECOND),)]
    assert_served(reports)
    run_task(opened(shop), "clean_up")
    assert shop.query(FOUND) == [(f"customer_embeddings_g{generation}", 1)]
