"""Faults in the middle of tasks, on the real Airflow; ``make faults`` does the same to every task.

A killed server is in ``tests/integration/warehouse/test_server_killed.py``: here it would hold the
metadata of Airflow too.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from chosen_faults import CHOSEN
from real_airflow import RealAirflow

from benchmarks.faults.case import Case, Outcome, play, run_undisturbed
from benchmarks.faults.customers import IN_PLACE, fill_source
from benchmarks.faults.room import Room, open_room
from local.credentials import load_credentials
from local.environment import SOURCE


@pytest.fixture(scope="module")
def room(airflow: RealAirflow, server) -> Iterator[Room]:
    local = airflow.local
    fill_source(server.dsn(SOURCE))
    with ExitStack() as stack:
        yield open_room(local, server, load_credentials(local.layout), stack)


@pytest.fixture(scope="module")
def outcomes(room: Room) -> Iterator[dict[Case, Future[Outcome]]]:
    """All cases at the same time."""
    reference = run_undisturbed(room, IN_PLACE.spec("undisturbed"))
    with ThreadPoolExecutor(len(CHOSEN)) as pool:
        yield {
            case: pool.submit(play, room, case, reference, middle)
            for case, middle in CHOSEN.items()
        }


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: f"{case.fault} in {case.task}")
def test_fault_in_the_middle_of_a_task_leaves_nothing(outcomes, case):
    outcome = outcomes[case].result()
    assert outcome.problems == ()
    assert outcome.done
    assert outcome.tries > 1 or case.fault == "twice"
    assert outcome.polls > 0
