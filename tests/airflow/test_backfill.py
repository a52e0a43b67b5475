"""Three dates forward, backward, in parallel, and with killed tasks: always the same tables."""

from contextlib import ExitStack

import pytest
from customers import AS_OFS, BEGINNING, DATES, customers_at, space_spec
from killed_tasks import (
    kill,
    reserved,
    reserved_part,
    wait_until_backend_is_gone,
    wait_until_blocked,
)
from real_airflow import DagRun, RealAirflow, Space, failed_tasks, wait_for

from kindred.local.rest import Order
from kindred.store.partitions import aside_name

ORDERS = {
    "forward": Order.FORWARD,
    "backward": Order.BACKWARD,
    "parallel": Order.PARALLEL,
}
TRIES = 3  # the DAG's two retries
PUBLISHED = (
    "customer_embeddings",
    "customer_clusters",
    "customer_lookalikes",
    "published_snapshots",
)
Backfill = tuple[Space, list[DagRun]]


def start_backfill(airflow: RealAirflow, name: str, order: Order) -> Backfill:
    space = airflow.space(name)
    return space, space.backfill(DATES, order)


@pytest.fixture(scope="session")
def started(airflow: RealAirflow) -> dict[str, Backfill]:
    """All dates of the undisturbed spaces, under way at the same time."""
    for name in (*ORDERS, "killed", "lost", "twice"):
        # Before the first date: every run lands its own windows, and all share one encoder.
        airflow.laboratory.fit(space_spec(name), BEGINNING.isoformat())
    return {name: start_backfill(airflow, name, order) for name, order in ORDERS.items()}


@pytest.fixture(scope="session")
def killed(airflow: RealAirflow, started: dict[str, Backfill]) -> Backfill:
    """Dates of which four tasks were ended in their middle."""
    space = Space(airflow, "killed")
    aside = aside_name("customer_lookalikes", AS_OFS[1])
    with ExitStack() as publish, ExitStack() as validate, ExitStack() as load:
        # After its partitions are attached, before the snapshot is current.
        publish.enter_context(reserved(space, "cluster_lineage"))
        space, runs = start_backfill(airflow, "killed", Order.FORWARD)
        backend = wait_until_blocked(runs[0], "publish")
        validate.enter_context(reserved(space, "rejected_rows"))
        assert space.query("select count(*) from {space}.customer_lookalikes") == [(300 * 5,)]
        assert space.current() == (None, None, 0)
        kill(runs[0], "publish")
        wait_until_backend_is_gone(space, backend)
        publish.close()
        # Inside the transaction that moves rows into the history.
        backend = wait_until_blocked(runs[1], "validate")
        load.enter_context(reserved_part(space, aside, "000"))
        kill(runs[1], "validate")
        wait_until_backend_is_gone(space, backend)
        validate.close()
        # After the COPY, before its commit.
        backend = wait_until_blocked(runs[1], "load_lookalikes")
        validate.enter_context(reserved(space, "rejected_rows"))
        kill(runs[1], "load_lookalikes")
        wait_until_backend_is_gone(space, backend)
        load.close()
        # This time the server ends the session, not the machine the task.
        backend = wait_until_blocked(runs[2], "validate")
        space.query("select pg_terminate_backend(%s)", [backend])
    return space, runs


def test_killed_tasks_are_tried_again(killed):
    _, runs = killed
    assert [run.wait() for run in runs] == ["success"] * 3
    tries = [{entry["task_id"]: entry["try_number"] for entry in run.tasks()} for run in runs]
    again = [{task for task, number in tried.items() if number > 1} for tried in tries]
    assert again == [{"publish"}, {"validate", "load_lookalikes"}, {"validate"}]


def test_tasks_that_are_killed_at_every_try(airflow, started):
    space = Space(airflow, "lost")
    with reserved(space, "rejected_rows"):
        run = airflow.space("lost").trigger(end=AS_OFS[0].isoformat())
        for _ in range(TRIES):
            backend = wait_until_blocked(run, "validate")
            kill(run, "validate")
            wait_until_backend_is_gone(space, backend)
        assert run.wait() == "failed"
    states = run.states()
    assert failed_tasks(states) == {"validate"}
    assert states["finish"] == "upstream_failed"
    assert run.tries("validate") == TRIES
    snapshot = space.snapshot(AS_OFS[0])
    assert snapshot["status"] == "failed"
    assert snapshot["failed_task"] == "validate"
    assert "ended without a word" in snapshot["failure"]
    assert space.query("select * from {space}.rejected_rows where updated_at is not null") == []

    run.clear_task("validate", downstream=True)
    assert run.wait() == "success"
    snapshot = space.snapshot(AS_OFS[0])
    assert (snapshot["status"], snapshot["customers"]) == ("published", 300)
    assert (snapshot["failed_task"], snapshot["failure"]) == (None, None)
    assert space.leftovers() == []

    # A shard of the graph, as on a machine without memory: the published snapshot still serves.
    before = space.hashes()
    run = space.trigger(end=AS_OFS[1].isoformat())
    wait_for(lambda: run.states().get("plan_graph") == "success", run.describe)
    with reserved(space, "snapshot_builds"):  # where a task notes what it took, once it is through
        for _ in range(TRIES):
            backend = wait_until_blocked(run, "search_graph")
            kill(run, "search_graph")
            wait_until_backend_is_gone(space, backend)
    assert run.wait() == "failed"
    assert failed_tasks(run.states()) == {"search_graph"}
    snapshot = space.snapshot(AS_OFS[1])
    assert (snapshot["status"], snapshot["failed_task"]) == ("failed", "search_graph")
    assert "ended without a word (was it killed?)" in snapshot["failure"]
    assert space.current() == (AS_OFS[0], AS_OFS[0], 300 * 5)
    after = space.hashes()
    assert all(after[table] == before[table] for table in PUBLISHED)


def test_run_whose_date_another_run_takes_over(airflow, started):
    space = airflow.space("twice")
    with reserved(space, "rejected_rows"):
        first = space.trigger(end=AS_OFS[0].isoformat())
        wait_until_blocked(first, "validate")
        [second] = space.backfill(DATES[:1], Order.FORWARD)
        wait_for(lambda: second.states()["prepare"] == "success", second.describe)
    assert [first.wait(), second.wait()] == ["success", "success"]
    assert first.states()["publish"] == "skipped"
    assert (len(first.asset_events()), len(second.asset_events())) == (0, 1)
    snapshot = space.snapshot(AS_OFS[0])
    assert (snapshot["status"], snapshot["customers"]) == ("published", 300)
    assert space.current() == (AS_OFS[0], AS_OFS[0], 300 * 5)
    assert space.leftovers() == []


def test_any_order_ends_in_equal_tables(airflow, started, killed):
    for name, (_, runs) in {**started, "killed": killed}.items():
        assert [run.wait() for run in runs] == ["success"] * 3, name
    hashes = {name: space.hashes() for name, (space, _) in {**started, "killed": killed}.items()}
    for name in ("backward", "parallel", "killed"):
        assert hashes[name] == hashes["forward"], name


def test_killed_tasks_have_no_second_effect(started, killed):
    space, runs = killed
    undisturbed, others = started["forward"]
    assert [run.wait() for run in (*runs, *others)] == ["success"] * 6
    for query in (
        "select as_of, algorithm, event, from_cluster_id, to_cluster_id, from_size, to_size, shared"
        " from {space}.cluster_lineage order by 1, 2, 3, 4, 5",
        "select as_of, algorithm, customer_id, cluster_id from {space}.customer_clusters"
        " order by 1, 2, 3",
        "select algorithm, cluster_id, born_as_of from {space}.cluster_ids order by 1, 2",
        "select window_start, window_end, rows_read, rows_landed, rows_rejected"
        " from {space}.extracted_windows order by 1",
        "select as_of, state, rows from {space}.index_builds order by generation",
    ):
        assert space.query(query) == undisturbed.query(query)
    assert [len(run.asset_events()) for run in runs] == [1, 1, 1]
    assert space.leftovers() == []


def test_snapshots_are_those_of_their_dates(started):
    for space, runs in started.values():
        assert [run.wait() for run in runs] == ["success"] * 3
        found = [space.snapshot(as_of) for as_of in AS_OFS]
        assert [snapshot["customers"] for snapshot in found] == [300, 375, 439]
        assert [snapshot["customers"] for snapshot in found] == [*map(customers_at, AS_OFS)]
        assert [snapshot["rows_rejected"] for snapshot in found] == [2, 2, 3]
        assert {snapshot["status"] for snapshot in found} == {"published"}
        assert {snapshot["encoder_version"] for snapshot in found} == {1}
        assert space.current() == (AS_OFS[-1], AS_OFS[-1], 439 * 5)
        assert space.leftovers() == []
