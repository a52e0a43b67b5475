"""Two dates of CDNOW forward with killed tasks, and in parallel: always the same tables.

Three dates at once, without Airflow: ``test_locks.py``.
"""

from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import cdnow_shop
import customers
import pandas as pd
import pytest
from cdnow_shop import AS_OFS, DATES, REFUSED, K, customers_at, spec_of
from customers import space_spec
from killed_tasks import (
    kill,
    reserved,
    reserved_part,
    wait_until_backend_is_gone,
    wait_until_blocked,
)
from real_airflow import DagRun, RealAirflow, Space, failed_tasks, wait_for

from benchmarks.backfilled import Backfilled, moves_back
from kindred.warehouse.partitions import aside_name, partition_name
from local.rest import Order

KILLED, PARALLEL, UNDISTURBED = "killed", "parallel", "in_order"
SPACES = (KILLED, PARALLEL, UNDISTURBED)
TRIES = 3  # the DAG's two retries
PUBLISHED = (
    "customer_embeddings",
    "customer_clusters",
    "customer_lookalikes",
    "published_snapshots",
)
Backfill = tuple[Space, list[DagRun]]


@dataclass(frozen=True)
class Left:
    """What a backfill has left, before anything else is done to its space."""

    hashes: dict[str, str]
    links: dict[str, str]
    moves: list[datetime]


@dataclass(frozen=True)
class Begun:
    """A backfill without a killed task, and what goes on beside the tests."""

    parallel: Backfill | None
    killed: Future[Backfill] | None
    lost: Future[None]
    twice: Future[None]


def begin(airflow: RealAirflow) -> Begun:
    """Everything at the same time; all that share an encoder get it before."""
    for name in ("lost", "twice"):
        airflow.laboratory.fit(space_spec(name), customers.BEGINNING.isoformat())
    airflow.laboratory.run(space_spec("lost"), customers.AS_OFS[0].replace(tzinfo=None).isoformat())
    parallel = begin_parallel(airflow) if cdnow_shop.path().is_file() else None
    return Begun(
        parallel,
        airflow.meanwhile(kill_in_backfill, airflow) if parallel else None,
        airflow.meanwhile(kill_at_every_try, airflow),
        airflow.meanwhile(take_over, airflow),
    )


def begin_parallel(airflow: RealAirflow) -> Backfill:
    cdnow_shop.fill_source(airflow.laboratory, cdnow_shop.read_purchases())
    for name in SPACES:
        # Before the first date: every run lands its own windows, and all share one encoder.
        airflow.laboratory.fit(spec_of(name), DATES[0].isoformat())
        backfilled(airflow, name).watch()
    return start_backfill(airflow, PARALLEL, Order.PARALLEL)


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    """What was bought."""
    return cdnow_shop.read_purchases()


def backfilled(airflow: RealAirflow, name: str) -> Backfilled:
    return Backfilled(airflow.laboratory.deployment, spec_of(name))


def start_backfill(airflow: RealAirflow, name: str, order: Order) -> Backfill:
    space = airflow.space(name)
    return space, space.backfill(DATES, order)


def kill_in_backfill(airflow: RealAirflow) -> Backfill:
    """Dates of which four tasks were ended in their middle."""
    space = Space(airflow, KILLED)
    aside = aside_name("customer_lookalikes", AS_OFS[1])
    with ExitStack() as publish, ExitStack() as validate, ExitStack() as load:
        # After its partitions are attached, before the snapshot is current.
        publish.enter_context(reserved(space, "cluster_lineage"))
        space, runs = start_backfill(airflow, KILLED, Order.FORWARD)
        backend = wait_until_blocked(runs[0], "publish")
        validate.enter_context(reserved(space, "rejected_rows"))
        rows = customers_at(cdnow_shop.read_purchases(), AS_OFS[0]) * K
        assert space.query("select count(*) from {space}.customer_lookalikes") == [(rows,)]
        assert space.current() == (None, None, 0)
        kill(runs[0], "publish")
        wait_until_backend_is_gone(space, backend)
        publish.close()
        # Inside the transaction that moves rows into the history.
        backend = wait_until_blocked(runs[1], "validate")
        load.enter_context(reserved_part(space, aside, "000"))
        kill(runs[1], "validate")
        wait_until_backend_is_gone(space, backend)
        # In the next try the server ends the session, not the machine the task.
        backend = wait_until_blocked(runs[1], "validate")
        space.query("select pg_terminate_backend(%s)", [backend])
        wait_until_backend_is_gone(space, backend)
        validate.close()
        # After the COPY, before its commit.
        backend = wait_until_blocked(runs[1], "load_lookalikes")
        kill(runs[1], "load_lookalikes")
        wait_until_backend_is_gone(space, backend)
    return space, runs


@pytest.fixture(scope="module")
def parallel(begun_here: Begun, purchases: pd.DataFrame) -> Backfill:
    """All dates of the space without a killed task."""
    assert begun_here.parallel is not None
    return begun_here.parallel


@pytest.fixture(scope="module")
def killed(begun_here: Begun, purchases: pd.DataFrame) -> Backfill:
    assert begun_here.killed is not None
    return begun_here.killed.result()


@pytest.fixture(scope="module")
def undisturbed(airflow: RealAirflow, parallel: Backfill) -> Space:
    """The same dates, one after the other, in this process: nothing else may be in their tables."""
    for as_of in AS_OFS:
        moment = as_of.replace(tzinfo=None).isoformat()
        airflow.laboratory.run(spec_of(UNDISTURBED), moment, may_fit=False)
    return Space(airflow, UNDISTURBED)


@pytest.fixture(scope="module")
def left(
    airflow: RealAirflow, parallel: Backfill, killed: Backfill, undisturbed: Space
) -> dict[str, Left]:
    """All ways at their end."""
    for space, runs in (parallel, killed):
        assert [run.wait() for run in runs] == ["success"] * 2, space.name
    found = {name: backfilled(airflow, name) for name in SPACES}
    return {
        name: Left(space.hashes(), space.links(), space.moves()) for name, space in found.items()
    }


def kill_at_every_try(airflow: RealAirflow) -> None:
    """A shard of the second date's graph, as on a machine without memory; the first date serves."""
    space = airflow.space("lost")
    before = space.hashes()
    with ExitStack() as reservation:
        run = space.trigger(end=customers.AS_OFS[1].isoformat())
        wait_for(lambda: run.states().get("plan_graph") == "success", run.describe)
        # Where a task notes what it took, once it is through.
        reservation.enter_context(reserved(space, "snapshot_builds"))
        kill_every_try(run, "search_graph")
    assert run.wait() == "failed"
    assert failed_tasks(run.states()) == {"search_graph"}
    assert run.states()["finish"] == "upstream_failed"
    assert run.tries("search_graph") == TRIES
    snapshot = space.snapshot(customers.AS_OFS[1])
    assert (snapshot["status"], snapshot["failed_task"]) == ("failed", "search_graph")
    assert "ended without a word (was it killed?)" in snapshot["failure"]
    assert space.current() == (customers.AS_OFS[0], customers.AS_OFS[0], 300 * 5)
    after = space.hashes()
    assert all(after[table] == before[table] for table in PUBLISHED)

    run.clear_task("search_graph", downstream=True)
    assert run.wait() == "success"
    snapshot = space.snapshot(customers.AS_OFS[1])
    assert (snapshot["status"], snapshot["customers"]) == ("published", 375)
    assert (snapshot["failed_task"], snapshot["failure"]) == (None, None)
    assert space.leftovers() == []


def kill_every_try(run: DagRun, task_id: str) -> None:
    """End each try of a task that waits for what is reserved."""
    for _ in range(TRIES):
        backend = wait_until_blocked(run, task_id)
        kill(run, task_id)
        wait_until_backend_is_gone(run.space, backend)


def take_over(airflow: RealAirflow) -> None:
    space = airflow.space("twice")
    with reserved(space, "rejected_rows"):
        first = space.trigger(end=customers.AS_OFS[0].isoformat())
        wait_until_blocked(first, "validate")
        [second] = space.backfill(customers.DATES[:1], Order.FORWARD)
        wait_for(lambda: second.states()["prepare"] == "success", second.describe)
    assert [first.wait(), second.wait()] == ["success", "success"]
    assert first.states()["publish"] == "skipped"
    assert (len(first.asset_events()), len(second.asset_events())) == (0, 1)
    snapshot = space.snapshot(customers.AS_OFS[0])
    assert (snapshot["status"], snapshot["customers"]) == ("published", 300)
    assert space.current() == (customers.AS_OFS[0], customers.AS_OFS[0], 300 * 5)
    assert space.leftovers() == []


def test_tasks_that_are_killed_at_every_try(begun_here):
    begun_here.lost.result()


@pytest.mark.soak
def test_a_task_that_lands_is_killed_at_every_try(airflow, begun_here):
    """The third date; the shard of `kill_at_every_try` computes."""
    begun_here.lost.result()
    space = airflow.space("lost")
    before, refused = space.hashes(), space.query("select * from {space}.rejected_rows")
    with reserved(space, "rejected_rows"):
        run = space.trigger(end=customers.AS_OFS[2].isoformat())
        kill_every_try(run, "validate")
        assert run.wait() == "failed"
    states = run.states()
    assert failed_tasks(states) == {"validate"}
    assert states["finish"] == "upstream_failed"
    assert run.tries("validate") == TRIES
    snapshot = space.snapshot(customers.AS_OFS[2])
    assert (snapshot["status"], snapshot["failed_task"]) == ("failed", "validate")
    assert "ended without a word" in snapshot["failure"]
    assert space.query("select * from {space}.rejected_rows") == refused
    after = space.hashes()
    assert all(after[table] == before[table] for table in PUBLISHED)

    run.clear_task("prepare", downstream=True)
    assert run.wait() == "success"
    snapshot = space.snapshot(customers.AS_OFS[2])
    assert (snapshot["status"], snapshot["customers"]) == ("published", 439)
    assert space.leftovers() == []


def test_run_whose_date_another_run_takes_over(begun_here):
    begun_here.twice.result()


def test_killed_tasks_are_tried_again(killed):
    _, runs = killed
    assert [run.wait() for run in runs] == ["success"] * 2
    tries = [{entry["task_id"]: entry["try_number"] for entry in run.tasks()} for run in runs]
    again = [{task for task, number in tried.items() if number > 1} for tried in tries]
    assert again == [{"publish"}, {"validate", "load_lookalikes"}]
    assert runs[1].tries("validate") == TRIES


def test_every_way_ends_in_equal_tables(left):
    """Any other order, without Airflow: ``test_five_nights.py``."""
    assert left[KILLED].hashes == left[PARALLEL].hashes == left[UNDISTURBED].hashes


def test_killed_tasks_have_no_second_effect(undisturbed, killed, left):
    space, runs = killed
    assert left[KILLED].links == left[UNDISTURBED].links
    for query in (
        "select window_start, window_end, rows_read, rows_landed, rows_rejected"
        " from {space}.extracted_windows order by 1",
        "select as_of, state, rows from {space}.index_builds order by generation",
    ):
        assert space.query(query) == undisturbed.query(query)
    assert [len(run.asset_events()) for run in runs] == [1, 1]
    assert space.leftovers() == []


def test_what_is_current_never_moves_backwards(left):
    assert left[UNDISTURBED].moves == left[KILLED].moves == AS_OFS
    assert moves_back(left[PARALLEL].moves) == 0
    assert left[PARALLEL].moves[-1] == AS_OFS[-1]


def test_snapshots_are_those_of_their_dates(parallel, undisturbed, left, purchases):
    for space in (undisturbed, parallel[0]):
        found = [space.snapshot(as_of) for as_of in AS_OFS]
        assert [snapshot["customers"] for snapshot in found] == [1178, 1167]
        expected = [customers_at(purchases, as_of) for as_of in AS_OFS]
        assert [snapshot["customers"] for snapshot in found] == expected
        assert [snapshot["rows_rejected"] for snapshot in found] == REFUSED
        assert {snapshot["status"] for snapshot in found} == {"published"}
        assert {snapshot["encoder_version"] for snapshot in found} == {1}
        assert space.current() == (AS_OFS[-1], AS_OFS[-1], expected[-1] * K)
        assert space.leftovers() == []


def test_ids_lineage_and_names_are_equal_once_linked_anew(airflow, left):
    changes = {name: backfilled(airflow, name).relink() for name in left}
    assert changes[UNDISTURBED] == changes[KILLED] == []
    for name in left:
        space = backfilled(airflow, name)
        assert space.links() == left[UNDISTURBED].links, name
        assert space.hashes() == left[name].hashes, name


def partitions(space: Space) -> list[tuple[int]]:
    """The tables of the first date, by numbers that a table made anew has not."""
    names = [partition_name(f"customer_{part}", AS_OFS[0]) for part in ("clusters", "lookalikes")]
    text = "select oid from pg_class where relnamespace = %s::regnamespace and relname = any (%s)"
    return space.query(f"{text} order by relname", [space.schema, names])


@pytest.mark.soak
def test_a_date_that_runs_again_is_replaced_only_if_it_has_changed(
    airflow, parallel, killed, left, purchases
):
    """A row has come late; one space does not look for it, and the other one reads all again."""
    same, other = killed[0], parallel[0]
    before = {space.name: (partitions(space), space.hashes()) for space in (same, other)}
    cdnow_shop.fill_source(airflow.laboratory, purchases, cdnow_shop.late_row())
    end = AS_OFS[0].isoformat()
    runs = [same.trigger(end=end), other.trigger(end=end, full_extract=True)]
    assert airflow.wait(runs) == ["success"] * 2
    assert (partitions(same), same.hashes()) == before[same.name]
    tables, hashes = before[other.name]
    assert not set(partitions(other)) & set(tables)
    assert {name for name, digest in other.hashes().items() if digest == hashes[name]} == {
        "rejected_rows",
        "encoder_versions",
        "customer_embeddings",
    }
    assert other.snapshot(AS_OFS[0])["customers"] == customers_at(purchases, AS_OFS[0]) + 1
    assert [other.snapshot(as_of)["late_customers"] for as_of in AS_OFS] == [0, 1]
    for space in (same, other):
        assert space.current() == (AS_OFS[-1], AS_OFS[-1], customers_at(purchases, AS_OFS[-1]) * K)
        assert backfilled(airflow, space.name).moves() == left[space.name].moves
        assert space.leftovers() == []
