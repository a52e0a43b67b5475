"""bi.snapshots: what became of every night and of its newest run, in one place."""

import pytest

from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.publication import retention
from kindred.run import builds
from kindred.spec.schedules import local_date

FIRST, SECOND = "2026-01-10T02:00", "2026-01-25T02:00"
BAD = [(None, moment("2026-01-09T03:00"), 1.0, 30, True, "CA", False)]
SPEC = make_spec()
KNOWN = {"encode", "merge_graph", "publish"}


def shown(laboratory: Laboratory, as_of: str = FIRST) -> dict:
    rows = laboratory.query(
        "select to_jsonb(s) from bi.snapshots as s where as_of = %s", [moment(as_of)]
    )
    return rows[0][0] if rows else {}


def fail(laboratory: Laboratory, as_of: str, until: str, **changes) -> None:
    """A run whose task ``until`` fails, and is noted as the DAG does it."""
    run = laboratory.run(SPEC, as_of, until=until, **changes)
    with run.warehouse("test") as warehouse:
        what = {"run_id": run.build.run_id, "task": until, "failure": "out of\n  memory"}
        assert builds.record_failure(warehouse, run.as_of, **what)
        assert not builds.record_failure(warehouse, run.as_of, **{**what, "task": "later"})


@pytest.fixture
def shop(laboratory):
    laboratory.fill("customers", COLUMNS, people(120) + BAD)
    return laboratory


def test_a_published_snapshot_tells_all_of_itself_and_its_run(shop):
    shop.run(SPEC, FIRST, run_id="backfill__1")
    row = shown(shop)
    assert (row["status"], row["run_status"], row["run_id"]) == (
        "published",
        "published",
        "backfill__1",
    )
    assert row["rows_in"] == row["rows_landed"] + row["rows_rejected"]
    assert row["rows_rejected"] == 1
    assert row["rows_out"] == row["customers"] > 0
    assert row["recall"] == 1.0
    assert row["is_current"] is True
    with shop.deployment.warehouse("test", "kindred") as warehouse:
        figures = builds.figures(warehouse, moment(FIRST))
    assert figures.keys() == set(builds.FIGURES) - {"drift"}  # there is no snapshot before
    assert figures["rows_landed"] + figures["rows_rejected"] == row["rows_in"]
    assert (figures["customers"], figures["published"]) == (row["customers"], 1)
    assert figures["seconds"] == pytest.approx(sum(map(float, row["stage_seconds"].values())))
    assert (row["is_stale"], row["late_customers"], row["missed_deadline_at"]) == (False, 0, None)
    assert (row["failed_task"], row["failure"]) == (None, None)
    assert row["started_at"] < row["published_at"]
    assert set(row["stage_seconds"]) == set(row["stage_peak_mb"]) > KNOWN
    assert set(row["stage_peak_mb"]) > set(row["stage_forecast_mb"]) > {"encode", "merge_graph"}


def test_a_run_that_failed_tells_what_it_has_found_out(shop):
    fail(shop, FIRST, "quality_gate")
    row = shown(shop)
    assert (row["status"], row["run_status"], row["is_current"]) == ("failed", "failed", False)
    assert (row["failed_task"], row["failure"]) == ("quality_gate", "out of memory")
    assert row["rows_in"] == row["rows_landed"] + row["rows_rejected"]
    assert row["rows_out"] == row["customers"] > 0
    assert (row["recall"], row["published_at"]) == (1.0, None)
    assert "merge_graph" in row["stage_peak_mb"]


def test_a_run_that_failed_early_knows_less(shop):
    fail(shop, FIRST, "validate")
    row = shown(shop)
    assert (row["status"], row["failed_task"]) == ("failed", "validate")
    assert [row[name] for name in ("rows_in", "rows_out", "customers", "recall")] == [None] * 4
    assert set(row["stage_seconds"]) == {"extract"}


def test_what_is_published_stands_while_a_run_of_the_same_date_fails(shop):
    shop.run(SPEC, FIRST)
    before = shown(shop)
    late = moment("2026-01-05T09:00")
    shop.append("customers", [(900, late, 1.0, 30, True, "CA", False)])
    fail(shop, FIRST, "publish", full_extract=True, run_id="manual__2")
    row = shown(shop)
    published = ("status", "customers", "lookalikes", "recall", "published_at", "is_current")
    assert [row[name] for name in published] == [before[name] for name in published]
    assert (row["run_status"], row["run_id"]) == ("failed", "manual__2")
    assert row["rows_out"] == row["customers"] + 1
    assert row["failure"] == "out of memory"
    assert (row["late_customers"], row["is_stale"]) == (1, True)
    shop.run(SPEC, FIRST)
    row = shown(shop)
    assert row["customers"] == row["rows_out"] == before["customers"] + 1
    assert (row["failure"], row["is_stale"]) == (None, False)


def test_an_empty_snapshot_tells_what_was_refused(laboratory):
    laboratory.fill("customers", COLUMNS, BAD)
    laboratory.run(SPEC, FIRST)
    row = shown(laboratory)
    assert (row["status"], row["run_status"]) == ("empty", "empty")
    assert (row["rows_in"], row["rows_rejected"], row["rows_out"], row["customers"]) == (1, 1, 0, 0)
    assert row["recall"] is None


def test_a_run_that_could_not_begin_is_told_until_one_does(shop):
    shop.run(SPEC, FIRST)
    with shop.deployment.warehouse("test", "kindred") as warehouse:
        for as_of in (FIRST, SECOND):
            what = {"task": "prepare", "failure": "no source\nthere"}
            builds.record_not_begun(warehouse, moment(as_of), **what)
    assert (shown(shop)["status"], shown(shop)["failed_task"]) == ("published", "prepare")
    row = shown(shop, SECOND)
    assert (row["status"], row["failed_task"], row["failure"]) == (
        "failed",
        "prepare",
        "no source there",
    )
    assert (row["is_current"], row["customers"], row["run_status"]) == (False, None, None)
    shop.begin(SPEC, SECOND)
    row = shown(shop, SECOND)
    assert (row["status"], row["failed_task"], row["failure"]) == ("building", None, None)


def test_the_date_is_that_of_the_schedules_clock(shop):
    """02:00 in Kolkata is half past eight in the evening before by UTC's clock."""
    night, later, late = (f"2026-01-{day:02}T20:30" for day in (9, 10, 11))
    local = make_spec(schedule={"cron": "0 2 * * *", "timezone": "Asia/Kolkata"})
    dates = [local_date(local.schedule, moment(as_of)) for as_of in (later, late)]
    shop.run(local, night)
    with shop.deployment.warehouse("test", "kindred") as warehouse:
        what = {"task": "prepare", "failure": "no source", "as_of_date": dates[0]}
        builds.record_not_begun(warehouse, moment(later), **what)
        builds.record_missed_deadline(warehouse, moment(late), dates[1])
        assert retention.nights(warehouse) == [moment(night)]
    found = [shown(shop, as_of)["as_of_date"] for as_of in (night, later, late)]
    assert found == ["2026-01-10", "2026-01-11", "2026-01-12"]
    # Without a zone it is UTC's, whatever an earlier run of the date has noted.
    for as_of in (night, later):
        shop.begin(SPEC, as_of)
    assert [shown(shop, as_of)["as_of_date"] for as_of in (night, later)] == [
        "2026-01-09",
        "2026-01-10",
    ]


def test_a_missed_deadline_is_noted_once_and_stays(shop):
    shop.run(SPEC, FIRST)
    with shop.deployment.warehouse("test", "kindred") as warehouse:
        builds.record_missed_deadline(warehouse, moment(SECOND))
        row = shown(shop, SECOND)
        builds.record_missed_deadline(warehouse, moment(SECOND))
    assert row["status"] == "waiting"
    assert row["missed_deadline_at"] is not None
    shop.run(SPEC, SECOND)
    assert shown(shop, SECOND)["missed_deadline_at"] == row["missed_deadline_at"]
    assert shown(shop, SECOND)["status"] == "published"
    assert shown(shop)["missed_deadline_at"] is None


@pytest.mark.bare
def test_a_space_that_was_never_prepared_has_no_place_for_notes(shop):
    with shop.deployment.warehouse("test", "kindred") as warehouse:
        builds.record_missed_deadline(warehouse, moment(FIRST))
        builds.record_not_begun(warehouse, moment(FIRST), task="prepare", failure="no source")
        assert not warehouse.has_table("run_notes")


def test_a_task_behind_publish_may_fail_and_come_through(shop):
    run = shop.run(SPEC, FIRST)
    key = {"as_of": run.as_of, "run_id": run.build.run_id}
    with run.warehouse("test") as warehouse:
        assert builds.record_failure(warehouse, **key, task="clean_up", failure="locked")
        row = shown(shop)
        assert (row["status"], row["run_status"], row["failed_task"]) == (
            "published",
            "published",
            "clean_up",
        )
        builds.delete_failure(warehouse, **key, task="clean_up")
    assert shown(shop)["failed_task"] is None
