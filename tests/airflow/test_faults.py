"""Faults in the middle of tasks, on the real Airflow; ``make faults`` does the same to every task.

A killed server is in ``tests/integration/warehouse/test_server_killed.py``: here it would hold the
metadata of Airflow too.
"""

from concurrent.futures import Future

import pytest
from chosen_faults import CHOSEN
from real_airflow import RealAirflow

from benchmarks.faults.case import Case, Outcome, play, run_undisturbed
from benchmarks.faults.customers import IN_PLACE, fill_source
from benchmarks.faults.room import open_room
from local.credentials import load_credentials
from local.environment import SOURCE


def begin(airflow: RealAirflow) -> Future[dict[Case, Future[Outcome]]]:
    """All cases at the same time, once there is an undisturbed run to hold them against."""
    return airflow.meanwhile(begin_cases, airflow)


def begin_cases(airflow: RealAirflow) -> dict[Case, Future[Outcome]]:
    local = airflow.local
    fill_source(local.server.dsn(SOURCE))
    room = open_room(local, local.server, load_credentials(local.layout), airflow.closing)
    reference = run_undisturbed(room, IN_PLACE.spec("undisturbed"))
    return {
        case: airflow.meanwhile(play, room, case, reference, middle)
        for case, middle in CHOSEN.items()
    }


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: f"{case.fault} in {case.task}")
def test_fault_in_the_middle_of_a_task_leaves_nothing(begun_here, case):
    outcome = begun_here.result()[case].result()
    assert outcome.problems == ()
    assert outcome.done
    assert outcome.tries > 1 or case.fault == "twice"
    assert outcome.polls > 0
