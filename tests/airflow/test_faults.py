"""Faults in the middle of tasks, on the real Airflow; ``make faults`` does the same to every task.

A killed server is in ``tests/integration/warehouse/test_server_killed.py``: here it would hold the
metadata of Airflow too.
"""

from concurrent.futures import Future

import pytest
from chosen_faults import CHOSEN, SPEC
from real_airflow import RealAirflow

from benchmarks.faults.case import Case, Outcome, run_undisturbed
from benchmarks.faults.customers import IN_PLACE, fill_source
from benchmarks.faults.one_run import play_one_after_the_other
from benchmarks.faults.room import open_room
from local.credentials import load_credentials
from local.environment import SOURCE


def begin(airflow: RealAirflow) -> Future[dict[Case, Outcome]]:
    """All cases in one run, once there is an undisturbed run to hold it against."""
    return airflow.meanwhile(play_cases, airflow)


def play_cases(airflow: RealAirflow) -> dict[Case, Outcome]:
    local = airflow.local
    fill_source(local.server.dsn(SOURCE))
    room = open_room(local, local.server, load_credentials(local.layout), airflow.closing)
    reference = run_undisturbed(room, IN_PLACE.spec("undisturbed"))
    return play_one_after_the_other(room, SPEC, CHOSEN, reference)


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: f"{case.fault} in {case.task}")
def test_fault_in_the_middle_of_a_task_leaves_nothing(begun_here, case):
    outcome = begun_here.result()[case]
    assert outcome.problems == ()
    assert outcome.done
    assert outcome.tries > 1 or case.fault == "twice"
    assert outcome.polls > 0
