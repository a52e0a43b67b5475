"""One resolver for every way a run can start."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from kindred.errors import WindowError
from kindred.run.windows import Window, parse_moment, previous_edge, resolve_window, windows_between
from kindred.spec.schedules import LocalSchedule

NIGHTLY = "0 2 * * *"
MONTHLY = "0 2 1 * *"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def resolve(schedule, run_after, **given):
    moments = {name: at(text) for name, text in given.items() if name in ("start", "end")}
    if "interval" in given:
        moments["interval"] = tuple(at(text) for text in given["interval"])
    return resolve_window(schedule, run_after=at(run_after), now=NOW, **moments)


def test_as_of_is_the_end():
    assert Window(at("2026-01-01"), at("2026-01-02")).as_of == at("2026-01-02")


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [
        (NIGHTLY, ("2026-03-01T02:00", "2026-03-02T02:00")),
        (MONTHLY, ("2026-02-01T02:00", "2026-03-01T02:00")),
    ],
)
def test_a_scheduled_or_backfilled_run_takes_its_data_interval(schedule, interval):
    # A backfill runs long after its interval: the moment of the run must not matter.
    for run_after in (interval[1], "2026-05-30T11:11"):
        window = resolve(schedule, run_after, interval=interval)
        assert (window.start, window.end) == tuple(map(at, interval))


@pytest.mark.parametrize(
    ("schedule", "run_after", "start", "end"),
    [
        (NIGHTLY, "2026-03-02T10:00", "2026-03-01T02:00", "2026-03-02T02:00"),
        (NIGHTLY, "2026-03-02T01:59:59", "2026-02-28T02:00", "2026-03-01T02:00"),
        (NIGHTLY, "2026-03-02T02:00", "2026-03-01T02:00", "2026-03-02T02:00"),
        (NIGHTLY, "2026-03-02T02:00:00.000001", "2026-03-01T02:00", "2026-03-02T02:00"),
        (MONTHLY, "2026-03-31T23:00", "2026-02-01T02:00", "2026-03-01T02:00"),
        (MONTHLY, "2026-03-01T01:00", "2026-01-01T02:00", "2026-02-01T02:00"),
        (MONTHLY, "2026-03-01T02:00", "2026-02-01T02:00", "2026-03-01T02:00"),
        (MONTHLY, "2026-01-01T02:00", "2025-12-01T02:00", "2026-01-01T02:00"),
        ("30 4 31 * *", "2026-03-01T00:00", "2025-12-31T04:30", "2026-01-31T04:30"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2020-02-29T00:00", "2024-02-29T00:00"),
        ("0 6 * * 1", "2026-03-04T00:00", "2026-02-23T06:00", "2026-03-02T06:00"),
    ],
)
def test_a_manual_run_without_an_interval_takes_the_last_complete_one(
    schedule, run_after, start, end
):
    assert resolve(schedule, run_after) == Window(at(start), at(end))


def test_a_manual_run_with_a_logical_date_takes_the_interval_airflow_made_of_it():
    interval = ("2026-02-10T02:00", "2026-02-11T02:00")
    assert resolve(NIGHTLY, "2026-03-05T09:00", interval=interval).end == at("2026-02-11T02:00")


def test_an_explicit_end_wins_and_starts_at_the_edge_before_it():
    interval = ("2026-03-01T02:00", "2026-03-02T02:00")
    window = resolve(NIGHTLY, "2026-03-02T03:00", interval=interval, end="2026-02-20T12:00")
    assert window == Window(at("2026-02-20T02:00"), at("2026-02-20T12:00"))
    on_edge = resolve(NIGHTLY, "2026-03-02T03:00", end="2026-02-20T02:00")
    assert on_edge == Window(at("2026-02-19T02:00"), at("2026-02-20T02:00"))


def test_an_explicit_start_widens_the_window():
    interval = ("2026-03-01T02:00", "2026-03-02T02:00")
    window = resolve(NIGHTLY, "2026-03-02T03:00", interval=interval, start="2026-01-01T00:00")
    assert window == Window(at("2026-01-01T00:00"), at("2026-03-02T02:00"))
    alone = resolve(NIGHTLY, "2026-03-02T03:00", start="2026-02-27T00:00")
    assert alone == Window(at("2026-02-27T00:00"), at("2026-03-02T02:00"))


def test_explicit_start_and_end_are_taken_as_they_are():
    window = resolve(MONTHLY, "2026-03-02", start="2026-01-05T01:00", end="2026-01-06T00:00:00.5")
    assert window == Window(at("2026-01-05T01:00"), at("2026-01-06T00:00:00.5"))


@pytest.mark.parametrize("start", ["2026-02-20T02:00", "2026-02-21T02:00"])
def test_a_start_that_is_not_before_the_end_is_refused(start):
    with pytest.raises(
        WindowError, match=r"start 2026-02-2\S+ is not before end 2026-02-20T02:00:00\+00:00: give"
    ):
        resolve(NIGHTLY, "2026-03-02T03:00", start=start, end="2026-02-20T02:00")


def test_an_end_in_the_future_is_refused():
    with pytest.raises(
        WindowError,
        match=r"end 2026-06-01T00:00:01\+00:00 lies in the future"
        r" \(it is 2026-06-01T00:00:00\+00:00\)",
    ):
        resolve(NIGHTLY, "2026-03-02T03:00", end="2026-06-01T00:00:01")
    assert resolve(NIGHTLY, "2026-03-02T03:00", end="2026-06-01T00:00:00").end == NOW


@pytest.mark.parametrize("month", [3, 10])
def test_summer_time_moves_no_edge(month):
    """The schedule is read in UTC: nights are 24 h apart when clocks change in Berlin."""
    moment = datetime(2025, month, 1, 12, tzinfo=UTC)
    while moment.month == month:
        window = resolve_window(NIGHTLY, run_after=moment, now=NOW)
        assert window.end - window.start == timedelta(days=1)
        assert window.end == moment.replace(hour=2)
        moment += timedelta(days=1)


def test_windows_of_a_schedule_meet_without_gap_or_overlap():
    end = previous_edge(MONTHLY, NOW)
    for _ in range(30):
        window = resolve_window(MONTHLY, run_after=end, now=NOW)
        assert window.end == end
        assert (window.start.day, window.start.hour) == (1, 2)
        end = window.start


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", "2026-03-01T00:00"),
        ("2026-03-01T02:00", "2026-03-01T02:00"),
        ("2026-03-01T02:00:00Z", "2026-03-01T02:00"),
        ("2026-03-01T02:00:00+02:00", "2026-03-01T00:00"),
        ("2026-03-01T02:00:00.000001-05:00", "2026-03-01T07:00:00.000001"),
    ],
)
def test_moments_are_read_in_utc(text, moment):
    parsed = parse_moment("end", text)
    assert parsed == at(moment)
    assert parsed.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "01.03.2026"])
def test_what_is_no_moment_is_named(text):
    with pytest.raises(WindowError) as caught:
        parse_moment("start", text)
    assert str(caught.value).startswith(f"start: {text!r} is not an ISO 8601 date or time such as")


def test_an_edge_keeps_its_instant_in_another_timezone():
    berlin = datetime(2026, 3, 2, 3, 30, tzinfo=timezone(timedelta(hours=1)))
    assert previous_edge(NIGHTLY, berlin.astimezone(UTC)) == at("2026-03-02T02:00")


@pytest.mark.parametrize(
    ("schedule", "first", "last", "as_ofs"),
    [
        (NIGHTLY, "2026-03-01", "2026-03-03", ["03-01", "03-02", "03-03"]),
        (NIGHTLY, "2026-03-01", "2026-03-01", ["03-01"]),
        (NIGHTLY, "2026-03-01T02:00", "2026-03-02T02:00", ["03-01", "03-02"]),
        (NIGHTLY, "2026-03-01T02:00:00.000001", "2026-03-02T01:59:59", []),
        (NIGHTLY, "2026-03-01T03:00+01:00", "2026-03-01T23:00", ["03-01"]),
        (MONTHLY, "2026-02-27", "2026-05-01", ["03-01", "04-01", "05-01"]),
        (NIGHTLY, "2026-05-30", "2026-06-01T01:00", ["05-30", "05-31"]),
    ],
)
def test_a_range_holds_the_moments_of_its_schedule_both_ends_included(
    schedule, first, last, as_ofs
):
    if not as_ofs:
        with pytest.raises(WindowError, match="contains no as_of"):
            windows_between(schedule, first, last, now=NOW)
        return
    windows = windows_between(schedule, first, last, now=NOW)
    assert [f"{window.as_of:%m-%d}" for window in windows] == as_ofs
    assert {window.as_of.hour for window in windows} == {2}
    for window, following in pairwise(windows):
        assert window.end == following.start
    assert windows[0].start == previous_edge(schedule, windows[0].end - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2026-03-02", "2026-03-01", "from 2026-03-02 is later than to 2026-03-01"),
        ("2026-03-02", "2026-03-09", r"'0 2 1 \* \*': .*2026-03-01T02:00.* and 2026-04-01T02:00"),
        ("2026-03-02", "2026-06-01", "into the future .*2026-06-01T00:00.*the newest .*2026-05-01"),
        ("2027-03-02", "2027-03-04", "into the future"),
        ("2026-06-01", "2026-06-01", "into the future"),
        ("0001-01-01", "0001-01-02", "from 0001-01-01: a backfill begins at 1900-01-01 or later"),
        ("9999-12-31", "9999-12-31", "into the future"),
        ("March", "2026-03-09", "from: 'March' is not an ISO 8601 date"),
        ("2026-03-02", "", "to: '' is not an ISO 8601 date"),
    ],
)
def test_a_range_that_cannot_be_run_says_why(first, last, told):
    with pytest.raises(WindowError, match=told):
        windows_between(MONTHLY, first, last, now=NOW)


LOCAL = [
    NIGHTLY,
    "* * * * *",
    *(
        LocalSchedule(cron=cron, timezone=zone)
        for cron in ("0 2 * * *", "0 2 1 2 *")
        for zone in ("America/New_York", "Asia/Tokyo", "Pacific/Kiritimati")
    ),
]
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NEAR = [timedelta(0), timedelta(seconds=59), timedelta(hours=11), timedelta(hours=30)]


@pytest.mark.parametrize("schedule", LOCAL, ids=str)
def test_an_end_where_the_calendar_ends_is_refused_like_any_other(schedule):
    for near in NEAR:
        for start in (None, FIRST):
            given = {"run_after": NOW, "now": NOW, "start": start}
            with pytest.raises(WindowError, match=r"end 9999-12-\S+ lies in the future \(it is 20"):
                resolve_window(schedule, end=LAST - near, **given)
            with pytest.raises(WindowError, match=r"end 0001-01-\S+ lies before 1900-01-01, where"):
                resolve_window(schedule, end=FIRST + near, **given)
            with pytest.raises(WindowError, match="lies before 1900-01-01"):
                resolve_window(schedule, interval=(FIRST, FIRST + near), **given)
        with pytest.raises(
            WindowError, match=r"lies before 1900-01-01|no time .* before 0001-01-0"
        ):
            resolve_window(schedule, run_after=FIRST + near, now=NOW)
        with pytest.raises(WindowError, match=r"lies in the future|no time .* before 9999-12-3"):
            resolve_window(schedule, run_after=LAST - near, now=NOW)
        assert resolve_window(schedule, run_after=NOW, now=NOW, start=FIRST + near).end <= NOW


def test_a_moment_outside_of_the_calendar_in_utc_says_so():
    for text in ("9999-12-31T23:00-05:00", "0001-01-01T00:00+09:00"):
        with pytest.raises(WindowError, match=r"end: .* lies outside of the years 1 to 9999 in UT"):
            parse_moment("end", text)
