"""Tasks that are ended at every try, and a run whose date another run takes over."""

import pytest
from customers import AS_OFS, BEGINNING, DATES, space_spec
from killed_tasks import kill, reserved, wait_until_backend_is_gone, wait_until_blocked
from real_airflow import RealAirflow, Space, failed_tasks, wait_for

from kindred.local.rest import Order

TRIES = 3  # the DAG's two retries
PUBLISHED = (
    "customer_embeddings",
    "customer_clusters",
    "customer_lookalikes",
    "published_snapshots",
)


@pytest.fixture(scope="module", autouse=True)
def _fitted(airflow: RealAirflow) -> None:
    """Encoders of before the first date: every run lands its own windows."""
    for name in ("lost", "twice"):
        airflow.laboratory.fit(space_spec(name), BEGINNING.isoformat())


def test_tasks_that_are_killed_at_every_try(airflow):
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


def test_run_whose_date_another_run_takes_over(airflow):
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
