"""Every task of a published run once more, alone and with what follows; ``make soak`` runs this."""

import pytest
from customers import AS_OFS
from real_airflow import DagRun, RealAirflow
from test_dag_policy import FLOW

APRIL = AS_OFS[-1]
OF_AUDIENCES = ("list_audiences", "train_audience", "join_audiences")


def begin(airflow: RealAirflow) -> DagRun:
    return airflow.space("scheduled").trigger(end=APRIL.isoformat())


@pytest.fixture(scope="module")
def published(begun_here: DagRun) -> tuple[DagRun, dict[str, str]]:
    """A run, and a hash of each table that it has left."""
    assert begun_here.wait() == "success"
    return begun_here, begun_here.space.hashes()


@pytest.mark.parametrize("downstream", [False, True], ids=["alone", "and what follows"])
@pytest.mark.parametrize("task_id", [*FLOW, *OF_AUDIENCES])
def test_task_again(published, task_id, downstream):
    run, hashes = published
    run.clear_task(task_id, downstream=downstream)
    assert run.wait() == "success"
    assert run.space.hashes() == hashes
    if downstream:  # what is left by a task alone, the next clean_up drops
        assert run.space.leftovers() == []
