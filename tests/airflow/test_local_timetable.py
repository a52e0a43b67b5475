"""The timetable of a schedule with a time zone, as Airflow's scheduler and backfills read it."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from customers import space_spec, write_spec

pytestmark = [
    pytest.mark.usefixtures("early", "airflow_library"),
    # Of how Airflow reads .airflowignore, when it looks for plugins.
    pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning"),
]

BERLIN = {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def timetable(airflow_library, repository, tmp_path_factory):
    """That of a parsed DAG, as the scheduler gets it from Airflow's database."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    from airflow import plugins_manager
    from kindred_plugin import KindredPlugin

    registered = {f"{one.__module__}.{one.__name__}": one for one in KindredPlugin().timetables}
    features = tmp_path_factory.mktemp("features")
    write_spec(features, space_spec("berlin", schedule=BERLIN))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KINDRED_FEATURES", str(features))
        # The plugins that this process has loaded may be those of an earlier test.
        patched.setattr(plugins_manager, "get_timetables_plugins", lambda: registered)
        bag = DagBag(repository / "dags")
        assert bag.import_errors == {}
        stored = DagSerialization.to_dict(bag.dags["customer_similarity__berlin"])
        return DagSerialization.from_dict(stored).timetable


def next_run(timetable, last, now):
    from airflow.sdk.timezone import convert_to_utc
    from airflow.timetables import interval
    from airflow.timetables.base import DataInterval, TimeRestriction

    restriction = TimeRestriction(convert_to_utc(at("2020-01-01")), None, catchup=False)
    before = DataInterval(*(convert_to_utc(at(one)) for one in last))
    with patch.object(interval, "utcnow", lambda: convert_to_utc(at(now))):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=before, restriction=restriction
        )
    return info.data_interval.start, info.data_interval.end


@pytest.mark.parametrize("now", ["2026-03-29T00:59:59", "2026-03-29T01:00:05", "2026-03-29T20:00"])
def test_no_night_is_left_out_however_late_the_scheduler_comes(timetable, now):
    """Airflow's own goes on to the next night once the skipped hour is over."""
    run = next_run(timetable, ("2026-03-27T01:00", "2026-03-28T01:00"), now)
    assert run == (at("2026-03-28T01:00"), at("2026-03-29T01:00"))
    following = next_run(timetable, ("2026-03-28T01:00", "2026-03-29T01:00"), now)
    assert following == (at("2026-03-29T01:00"), at("2026-03-30T00:00"))


@pytest.mark.parametrize("now", ["2026-10-25T00:00:05", "2026-10-25T00:30", "2026-10-25T01:00:05"])
def test_a_doubled_hour_is_one_night(timetable, now):
    run = next_run(timetable, ("2026-10-23T00:00", "2026-10-24T00:00"), now)
    assert run == (at("2026-10-24T00:00"), at("2026-10-25T01:00"))
    following = next_run(timetable, ("2026-10-24T00:00", "2026-10-25T01:00"), now)
    assert following == (at("2026-10-25T01:00"), at("2026-10-26T01:00"))


@pytest.mark.parametrize(
    ("first", "last"), [("2026-03-26", "2026-03-31"), ("2026-10-22", "2026-10-27")]
)
def test_a_backfill_runs_the_windows_that_are_planned(timetable, first, last):
    from airflow.sdk.timezone import convert_to_utc
    from airflow.timetables.base import TimeRestriction

    from kindred.run.windows import windows_between
    from kindred.spec.schedules import LocalSchedule

    windows = windows_between(LocalSchedule(**BERLIN), first, last, now=at("2026-12-01"))
    earliest, latest = (convert_to_utc(one.start) for one in (windows[0], windows[-1]))
    info, found = None, []
    while True:
        info = timetable.next_dagrun_info(
            last_automated_data_interval=info and info.data_interval,
            restriction=TimeRestriction(earliest, latest, catchup=True),
        )
        if info is None:
            break
        found.append((info.data_interval.start, info.data_interval.end))
    assert found == [(window.start, window.end) for window in windows]
    assert len(found) == 6


@pytest.mark.parametrize("run_after", ["2026-03-29T01:00", "2026-03-29T01:30", "2026-10-25T00:30"])
def test_a_manual_run_has_the_window_that_a_run_without_a_date_has(timetable, run_after):
    from airflow.sdk.timezone import convert_to_utc

    from kindred.run.windows import resolve_window
    from kindred.spec.schedules import LocalSchedule

    interval = timetable.infer_manual_data_interval(run_after=convert_to_utc(at(run_after)))
    window = resolve_window(LocalSchedule(**BERLIN), run_after=at(run_after), now=at("2026-12-01"))
    assert (interval.start, interval.end) == (window.start, window.end)


@pytest.mark.parametrize(
    "days", ["L * *", "15W * *", "? * L5", "* * mon#1", "1 * fri", "1 jan-mar ?"]
)
def test_airflow_reads_a_line_in_utc_as_windows_do(airflow_library, days):
    from airflow.sdk.timezone import convert_to_utc
    from airflow.timetables.interval import CronDataIntervalTimetable

    from kindred.run.schedule_edges import edge_after, edge_before

    own, moment = CronDataIntervalTimetable(f"0 2 {days}", "UTC"), convert_to_utc(at("2026-01-20"))
    for _ in range(20):
        before, moment = moment, own._get_next(moment)
        assert moment == edge_after(f"0 2 {days}", before)
        assert own._get_prev(moment) == edge_before(f"0 2 {days}", moment)
