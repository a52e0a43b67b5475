"""Which date of a backfill of ``latest_only`` computes the snapshot."""

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from kindred.backfills.backfill_plan import windows_of
from kindred.errors import WindowError
from kindred.run.latest_only import (
    LaterRun,
    Snapshots,
    airflow_command,
    conf_of,
    is_followed,
    names_another_date,
)
from unit.spec_content import spec

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
CREATED = datetime(2026, 4, 10, 12, tzinfo=UTC)
NOW = CREATED + timedelta(hours=1)
DURING, BEFORE = CREATED + timedelta(minutes=20), CREATED - timedelta(minutes=20)


@dataclass
class Airflow:
    """Runs of one DAG by logical date, with the state of each."""

    runs: dict[datetime, tuple[str, bool, datetime | None]]

    def newest_before(self, moment, state):
        found = [d for d, run in self.runs.items() if d < moment and state in (None, run[0])]
        if not found:
            return None
        _, is_latest_only, ended_at = self.runs[max(found)]
        return LaterRun(max(found), is_latest_only, ended_at)

    def is_followed(self, logical_date):
        return is_followed(
            logical_date,
            logical_date + DAY,
            created_at=CREATED,
            now=NOW,
            newest_before=self.newest_before,
        )


def date(number):
    return FIRST + number * DAY


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_any_order_the_last_date_alone_is_computed(order):
    airflow = Airflow({date(n): ("queued", True, None) for n in range(4)})
    computed = []
    for minutes, number in enumerate(order, start=1):
        airflow.runs[date(number)] = ("running", True, None)
        if not airflow.is_followed(date(number)):
            computed.append(number)
        airflow.runs[date(number)] = ("success", True, CREATED + timedelta(minutes=minutes))
    assert computed == [3]


@pytest.mark.parametrize(
    "later",
    [
        ("running", False, None),  # tonight's
        ("queued", False, None),
        ("success", False, DURING),
        ("success", True, BEFORE),  # of an earlier backfill
        ("failed", True, BEFORE),
        ("failed", True, None),
    ],
)
@pytest.mark.parametrize("distance", [1, 2, 30])
def test_runs_of_others_do_not_stand_for_the_last_date(later, distance):
    assert not Airflow({FIRST: ("running", True, None), date(distance): later}).is_followed(FIRST)


def test_a_failed_last_date_is_still_the_one_to_compute():
    runs = {FIRST: ("running", True, None), date(1): ("failed", True, DURING)}
    assert Airflow(runs).is_followed(FIRST)


def test_a_date_that_waits_is_found_behind_those_of_others():
    runs = {date(n): ("queued", n == 3, None) for n in range(1, 9)}
    assert Airflow({FIRST: ("running", True, None), **runs}).is_followed(FIRST)


def test_no_run_has_a_later_date():
    assert not Airflow({FIRST: ("running", True, None)}).is_followed(FIRST)
    assert not Airflow({}).is_followed(FIRST)


def test_a_named_date_decides_alone():
    assert names_another_date(date(0), date(3))
    assert not names_another_date(date(3), date(3))
    with pytest.raises(WindowError, match=r"latest_as_of 2026-03-04.* as_of 2026-03-05.* is later"):
        names_another_date(date(4), date(3))


def test_the_command_line_of_a_backfill():
    conf = conf_of(Snapshots.LATEST_ONLY, date(2))
    words = shlex.split(airflow_command("customer_similarity", [date(1), date(0)], conf))
    assert words[:5] == ["airflow", "backfill", "create", "--dag-id", "customer_similarity"]
    options = dict(zip(words[5::2], words[6::2], strict=True))
    assert options["--from-date"] == "2026-03-01T02:00:00+00:00"
    assert options["--to-date"] == "2026-03-02T02:00:00+00:00"
    assert json.loads(options["--dag-run-conf"]) == {
        "snapshots": "latest_only",
        "latest_as_of": "2026-03-03T02:00:00+00:00",
    }
    assert conf_of(Snapshots.ALL, date(2)) == {"snapshots": "all"}


def test_a_range_without_a_date_names_the_space_whose_schedule_has_none():
    told = r"^space profile: .*contains no as_of of the schedule.*SPACE=name"
    with pytest.raises(WindowError, match=told):
        windows_of(spec("schedule", "0 2 1 * *"), "2026-03-02", "2026-03-09")
