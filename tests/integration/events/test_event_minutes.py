"""What differs on older days is read again by the minute; keys are compared wherever they are."""

import pytest

from integration.leaving import SECRET
from integration.warehouse import make_spec, moment
from kindred.erasure.task import erase, request_erasure
from kindred.history.erasure_key import VARIABLE

FIRST, SECOND, THIRD = "2026-04-01T02:00", "2026-04-02T02:00", "2026-04-03T02:00"
COLUMNS = "line int, customer bigint, at {}, price numeric"
ROLES = {"customer": "customer", "at": "at", "amount": "price"}
CONFLICT, NULL = "different rows with the same line", "at: null"
TABLES = {"steady": "timestamptz", "clocks": "timestamp", "daily": "date", "doubts": "timestamptz"}
EVENTS = {
    "keyed": {"table": "steady", "key": "line"},
    "whole": {"table": "steady"},
    "clocks": {"table": "clocks", "key": "line", "source_timezone": "Europe/Berlin"},
    "daily": {"table": "daily", "key": "line"},
    "loaded": {"table": "loaded", "key": "line", "loaded_at": "loaded_at"},
    "doubts": {"table": "doubts", "key": "line"},
}
BESIDE = "insert into clocks values (904, 7, '2026-03-28T02:10:40', 1)"
"""In the same minute as an event of customer 3."""
DAYS = ("2026-03-10", "2026-03-11", "2026-03-28", "2026-03-29")
DOUBTS = [
    (1, 1, "2026-03-05T08:00", 1),
    (1, 1, "2026-03-15T08:00", 1),
    (2, 1, "2026-03-06T08:00", 1),
    (2, 1, "2026-03-16T08:00", 1),
    (3, 1, "2026-03-07T08:00", "NaN"),
    (4, 1, "2026-03-08T08:00", 1),
    (4, 1, None, 1),
    *((10 + n, 1, f"2026-03-05T{n:02}:30", 1) for n in range(9)),
    *((20 + n, 1, f"2026-03-17T{n:02}:30", 1) for n in range(9)),
    *((30 + n, 1, f"2026-03-18T{n:02}:30", 1) for n in range(9)),
]


OF_MINUTES = (
    "insert into {} values (901, 1, '2026-03-28T05:06:30', 1)",
    "insert into {} values (902, 2, '2026-03-28T05:10:59', 1)",
    "insert into {} values (903, 3, '2026-03-29T03:06:30', 1)",
    "delete from {} where line = 307",
    "delete from {} where line = 308",
)
LATE = "insert into steady values ({}, 1, '{}T{:02}:40', 1)"
RELOADED = "update loaded set {}, loaded_at = '2026-04-01T12:00' where line = {}"
CHANGES = [
    *(text.format(table) for table in ("steady", "clocks", "daily") for text in OF_MINUTES),
    *(LATE.format(910 + hour, "2026-03-11", hour) for hour in range(21)),
    LATE.format(931, "2026-03-10", 5),
    RELOADED.format("price = 7", 105),
    RELOADED.format("at = '2026-03-11T06:45'", 106),
    "delete from loaded where line = 107",
    "insert into doubts values (41, 1, '2026-03-05T08:00:20', 1)",  # in a minute of key 1
    "delete from doubts where line = 2 and at < '2026-03-10'",
    "insert into doubts values (3, 1, '2026-03-17T08:00', 1)",
    "insert into doubts values (42, 1, '2026-03-18T08:00', 1)",
    "insert into doubts values (30, 1, '2026-03-18T09:00', 2)",  # a key of another minute
]


def spec():
    events = {name: {**ROLES, **event} for name, event in EVENTS.items()}
    return make_spec(events=events, features={"income": "numeric"}, labels=[])


def lines():
    """Twenty rows a day, one per customer and hour."""
    for day in DAYS:
        for hour in range(20):
            line = 100 * DAYS.index(day) + hour
            yield (line, 1 + hour, f"{day}T{hour:02}:10:30", 1)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A shop on its first night."""
    laboratory = make_laboratory()
    people = [(number, moment("2026-01-01"), 1.0) for number in range(1, 21)]
    laboratory.fill(
        "customers", "customer_id bigint, updated_at timestamptz, income float8", people
    )
    for table, type_name in TABLES.items():
        laboratory.fill(table, COLUMNS.format(type_name), DOUBTS if table == "doubts" else lines())
    loaded = [(*row, "2026-01-01") for row in lines()]
    laboratory.fill("loaded", COLUMNS.format("timestamptz") + ", loaded_at timestamptz", loaded)
    laboratory.query("insert into steady select * from steady where line = 0", source=True)
    laboratory.query(BESIDE, source=True)
    laboratory.land(spec(), FIRST)
    return laboratory


def land(laboratory, statements, night=SECOND):
    """Changes the source, lands another night, and returns how many rows it read of each table."""
    for statement in statements:
        laboratory.query(statement, source=True)
    laboratory.land(spec(), night)
    for event, table in ((name, event["table"]) for name, event in EVENTS.items()):
        days_are_those_of_the_source(laboratory, event, table)
    read = "select event, events_read from kindred.event_windows where window_end = %s"
    return dict(laboratory.query(read, [moment(night)]))


@pytest.fixture(scope="module")
def second_night(shop, copy_laboratory):
    """The shop after a night that found many changes, and how many rows it read."""
    laboratory = copy_laboratory(shop)
    return laboratory, land(laboratory, CHANGES)


def days_are_those_of_the_source(laboratory, event, table):
    day = "(at::timestamp at time zone '{}' at time zone 'UTC')::date"
    day = day.format(EVENTS[event].get("source_timezone", "UTC"))
    days = "select {}, count(*) from {} where at is not null group by 1 order by 1"
    known = "select day, rows_read from kindred.event_days where event = %s order by 1"
    there = laboratory.query(days.format(day, table), source=True)
    assert laboratory.query(known, [event]) == there, event


def in_force(laboratory, event, columns="customer_id, at, amount"):
    text = "select {} from kindred.events_{} where withdrawn_at is null order by 1, 2, 3"
    return laboratory.query(text.format(columns, event))


def in_source(laboratory, table, zone="UTC"):
    text = "select distinct customer, at::timestamp at time zone '{}', price::float8, line from {}"
    rows = laboratory.query(text.format(zone, table), source=True)
    return sorted(row[:3] for row in rows)


def refused(laboratory):
    text = "select at, reason from bi.rejected_events where event = 'doubts' order by 1, 2"
    return laboratory.query(text)


def test_the_minutes_that_differ_are_read_and_no_others(second_night):
    laboratory, read = second_night
    for event, zone in (("clocks", "Europe/Berlin"), ("daily", "UTC")):
        assert in_force(laboratory, event) == in_source(laboratory, event, zone)
    # One new row, two of 05:10, the one of 03:06, and nothing of the two minutes that are empty.
    assert read["clocks"] == 4
    assert read["daily"] == 22 + 19


def test_a_day_is_read_as_a_whole_if_most_of_it_differs_or_its_minutes_are_not_known(second_night):
    laboratory, read = second_night
    # One row of March 10 is there twice: that is two events, but only where they have no key.
    assert (read["keyed"], read["whole"]) == (4 + 22 + 41, 4 + 1 + 41)
    assert in_force(laboratory, "keyed") == in_source(laboratory, "steady")
    assert sorted(set(in_force(laboratory, "whole"))) == in_source(laboratory, "steady")
    assert len(in_force(laboratory, "whole")) == len(in_force(laboratory, "keyed")) + 1


def test_days_of_an_erased_customer_are_read_as_a_whole(shop, copy_laboratory, monkeypatch):
    """What of a minute is gone, and what was erased, cannot be told apart by their number."""
    laboratory = copy_laboratory(shop)
    monkeypatch.setenv(VARIABLE, SECRET)
    erase(laboratory.deployment, "default", request_erasure(laboratory.deployment, "default", "3"))
    laboratory.query("delete from clocks where line = 904", source=True)
    laboratory.land(spec(), SECOND)
    kept = [row for row in in_source(laboratory, "clocks", "Europe/Berlin") if row[0] != 3]
    assert in_force(laboratory, "clocks") == kept


def test_rows_that_were_loaded_since_are_read_by_the_minute(second_night):
    """With what has gone or moved on the same day."""
    laboratory, read = second_night
    assert read["loaded"] == 2
    assert in_force(laboratory, "loaded") == in_source(laboratory, "loaded")


def test_a_key_on_two_days_is_rejected_whichever_of_them_is_read(second_night):
    laboratory, read = second_night
    there = {row[0] for row in in_force(laboratory, "doubts", "to_char(at, 'DD HH24:MI:SS'), 1, 2")}
    assert {"05 08:00:20", "16 08:00:00", "18 08:00:00"} <= there
    assert refused(laboratory) == [
        (moment("2026-03-05T08:00"), CONFLICT),
        (
            moment("2026-03-07T08:00"),
            f"amount: not a finite number between -1e37 and 1e37; {CONFLICT}",
        ),
        (moment("2026-03-08T08:00"), CONFLICT),
        (moment("2026-03-15T08:00"), CONFLICT),
        (moment("2026-03-17T08:00"), CONFLICT),
        (moment("2026-03-18T00:30"), CONFLICT),
        (moment("2026-03-18T09:00"), CONFLICT),
        (None, f"{NULL}; {CONFLICT}"),
    ]
    # Two of the 5th, days 15, 6 (empty), 16, 7, one of 17, the whole 18th once, one without a time.
    assert read["doubts"] == 2 + 1 + 0 + 1 + 1 + 1 + 11 + 1


def test_a_row_without_a_time_has_the_other_one_read_when_it_has_gone(shop, copy_laboratory):
    laboratory = copy_laboratory(shop)
    assert land(laboratory, [])["doubts"] == 1  # itself
    laboratory.land(spec(), FIRST)  # once more, which reads nothing
    assert (None, f"{NULL}; {CONFLICT}") in refused(laboratory)
    land(laboratory, ["delete from doubts where at is null"], THIRD)
    assert moment("2026-03-08T08:00") in {row[1] for row in in_force(laboratory, "doubts")}
