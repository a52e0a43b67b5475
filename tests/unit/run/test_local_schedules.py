"""Schedules by the clock of a time zone, across both of its changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from kindred.errors import WindowError
from kindred.run.schedule_edges import edge_after, edge_before, previous_edge
from kindred.run.windows import Window, resolve_window, windows_between
from kindred.spec.schedules import LocalSchedule, local_date

A_DAY = timedelta(days=1)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
BERLIN = LocalSchedule(cron="0 2 * * *", timezone="Europe/Berlin")
NIGHTS = [
    ("Europe/Berlin", "0 2 * * *"),  # skipped in March, doubled in October
    ("Europe/Berlin", "30 2 * * *"),
    ("Asia/Kolkata", "0 2 * * *"),  # half an hour beside UTC's
    ("Australia/Lord_Howe", "15 2 * * *"),  # put forward by half an hour
    ("America/Santiago", "0 0 * * *"),  # no midnight in September
    ("Africa/Cairo", "0 0 * * *"),  # nor in April
    ("America/St_Johns", "30 23 * * *"),
    ("America/Havana", "30 0 * * *"),  # doubled after midnight
]

SPECIAL_DAYS = [
    ("?", "*", ["01-01", "01-02"]),
    ("L", "*", ["01-31", "02-28", "03-31"]),
    ("1,L", "?", ["01-01", "01-31", "02-01"]),
    ("15W", "*", ["01-15", "02-16", "03-16"]),  # the weekday nearest to the 15th
    ("*", "L5", ["01-30", "02-27", "03-27"]),  # the last Friday
    ("*", "mon#1", ["01-05", "02-02", "03-02"]),
    ("?", "1#1,3#2", ["01-05", "01-14", "02-02"]),
    ("13", "fri", ["01-02", "01-09", "01-13", "01-16"]),  # either
]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def edges(schedule, first, last):
    found, moment = [], at(first) - timedelta.resolution
    while (moment := edge_after(schedule, moment)) < at(last):
        found.append(f"{moment:%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("timezone", "cron", "around", "found"),
    [
        ("Europe/Berlin", "0 2 * * *", "2026-03-28", ["28T01:00", "29T01:00", "30T00:00"]),
        ("Europe/Berlin", "30 2 * * *", "2026-03-28", ["28T01:30", "29T01:30", "30T00:30"]),
        ("Europe/Berlin", "0 2 * * *", "2026-10-24", ["24T00:00", "25T01:00", "26T01:00"]),
        ("Europe/Berlin", "0 2,3 29 3 *", "2026-03-28", ["29T01:00"]),
        ("Asia/Kolkata", "0 2 * * *", "2026-03-28", ["28T20:30", "29T20:30", "30T20:30"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-02", ["02T15:45", "03T15:45", "04T15:15"]),
        ("America/Santiago", "0 0 * * *", "2026-09-05", ["05T04:00", "06T04:00", "07T03:00"]),
        ("America/Santiago", "30 23 * * *", "2026-04-04", ["04T02:30", "05T03:30", "06T03:30"]),
        ("Africa/Cairo", "0 0 * * *", "2026-04-22", ["22T22:00", "23T22:00", "24T21:00"]),
        ("Africa/Cairo", "0 0 * * *", "2026-10-28", ["28T21:00", "29T22:00", "30T22:00"]),
    ],
)
def test_a_skipped_or_doubled_time_is_one_moment(timezone, cron, around, found):
    schedule = LocalSchedule(cron=cron, timezone=timezone)
    last = at(around) + timedelta(days=3)
    assert edges(schedule, around, f"{last:%Y-%m-%d}") == [f"{around[5:7]}-{one}" for one in found]


@pytest.mark.parametrize(("timezone", "cron"), NIGHTS)
def test_every_day_of_a_year_is_one_snapshot_that_meets_the_next(timezone, cron):
    schedule = LocalSchedule(cron=cron, timezone=timezone)
    windows = windows_between(schedule, "2026-01-01", "2026-12-31", now=NOW + timedelta(days=1))
    days = [local_date(schedule, window.as_of) for window in windows]
    assert days == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert all(one.end == following.start for one, following in pairwise(windows))
    # However a moment lies to the changes of the clock, the edges around it are these.
    ends = [window.end for window in windows]
    pairs = list(pairwise(ends))
    odd = [before for before, after in pairs if after - before != A_DAY]
    assert len(odd) == (0 if timezone == "Asia/Kolkata" else 2)
    for before, after in pairs:
        if not any(abs(before - change) <= 2 * A_DAY for change in odd or ends[:1]):
            continue
        for moment in (before, before + (after - before) / 3, after - timedelta(minutes=40)):
            assert edge_after(schedule, moment) == after
            assert previous_edge(schedule, moment) == before
            assert edge_before(schedule, after) == before


@pytest.mark.parametrize(
    ("cron", "first", "hours"),
    [("0 * * * *", "2026-03-28T23:00", 23), ("0 * * * *", "2026-10-24T22:00", 25)],
)
def test_hourly_lines_follow_the_hours(cron, first, hours):
    schedule = LocalSchedule(cron=cron, timezone="Europe/Berlin")
    moment, day = at(first), local_date(schedule, at(first))
    found = [moment]
    while local_date(schedule, moment := edge_after(schedule, moment)) == day:
        assert edge_before(schedule, moment) == found[-1]
        found.append(moment)
    assert len(found) == hours
    assert all(b - a == timedelta(hours=1) for a, b in pairwise(found))


def test_hours_of_one_weekday_are_those_of_its_local_day():
    """Airflow's own timetable loses one of them in the week after a change of the clock."""
    schedule = LocalSchedule(cron="0 * * * 1", timezone="Europe/Berlin")
    found = edges(schedule, "2026-03-24", "2026-03-31")
    assert (found[0], found[-1], len(found)) == ("03-29T22:00", "03-30T21:00", 24)


def test_a_run_of_the_day_of_a_change_has_its_window():
    for run_after in ("2026-03-29T01:00", "2026-03-29T05:00"):
        window = resolve_window(BERLIN, run_after=at(run_after), now=NOW)
        assert window == Window(at("2026-03-28T01:00"), at("2026-03-29T01:00"))
    first_pass = resolve_window(BERLIN, run_after=at("2026-10-25T00:30"), now=NOW)
    assert first_pass == Window(at("2026-10-23T00:00"), at("2026-10-24T00:00"))


def test_a_range_of_dates_is_by_the_clock():
    """2026-08-02 in Kolkata begins on the day before by UTC's clock, and so does its night."""
    schedule = LocalSchedule(cron="0 2 * * *", timezone="Asia/Kolkata")
    (window,) = windows_between(schedule, "2026-08-02", "2026-08-02", now=NOW)
    assert window.as_of == at("2026-08-01T20:30")
    assert str(local_date(schedule, window.as_of)) == "2026-08-02"
    assert windows_between(schedule, "2026-08-01T20:30", "2026-08-01T20:30", now=NOW) == [window]
    monthly = LocalSchedule(cron="0 2 1 * *", timezone="Asia/Kolkata")
    with pytest.raises(WindowError, match=r"the schedule '0 2 1 \* \* Asia/Kolkata': the ones"):
        windows_between(monthly, "2026-08-02", "2026-08-03", now=NOW)
    with pytest.raises(WindowError, match="into the future"):
        windows_between(schedule, "9999-12-31", "9999-12-31", now=NOW)


@pytest.mark.parametrize(
    ("timezone", "skipped"), [("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21")]
)
def test_a_day_that_a_zone_left_out_ends_nothing(timezone, skipped):
    schedule = LocalSchedule(cron="0 2 * * *", timezone=timezone)
    day = date.fromisoformat(skipped)
    first, last = (f"{day + timedelta(days=n)}" for n in (-2, 2))
    windows = windows_between(schedule, first, last, now=NOW)
    assert len({window.as_of for window in windows}) == len(windows) >= 4
    assert all(one.end == following.start for one, following in pairwise(windows))


@pytest.mark.parametrize(("day", "weekday", "days"), SPECIAL_DAYS)
def test_special_days_of_cron_are_the_same_forwards_and_backwards(day, weekday, days):
    schedule = LocalSchedule(cron=f"0 2 {day} * {weekday}", timezone="Europe/Berlin")
    found = edges(schedule, "2026-01-01", "2027-01-01")
    assert [one.split("T")[0] for one in found[: len(days)]] == days
    moment, back = at("2027-01-01"), []
    for _ in found:
        back.append(moment := edge_before(schedule, moment))
    assert [f"{one:%m-%dT%H:%M}" for one in reversed(back)] == found


def test_utc_by_name_is_utc():
    named = LocalSchedule(cron="*/7 2-5 * * *", timezone="Etc/UTC")
    moment = at("2026-03-29T00:00")
    for _ in range(40):
        assert edge_before(named, moment) == edge_before(named.cron, moment)
        assert edge_after(named, moment) == edge_after(named.cron, moment)
        moment = edge_after(named, moment)
    assert local_date(named.cron, moment) is None
