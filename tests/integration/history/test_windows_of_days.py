"""Changes that the window of a night does not show: days, local clocks, late commits."""

from datetime import datetime

import pytest

from integration.laboratory_state import state
from integration.narrow_source import FIRST, SECOND, THIRD, narrow_spec, versions
from integration.warehouse import moment
from kindred.errors import PreflightError
from kindred.history.landing import windows_to_read

DATED = "customer_id bigint, updated_at {}, value integer"
DAYS = DATED.format("date")


def in_force(laboratory, as_of=THIRD):
    """Customer -> value in a snapshot."""
    query = (
        "select distinct on (customer_id) customer_id, value from kindred.customer_versions"
        " where updated_at < %s order by customer_id, updated_at desc"
    )
    return dict(laboratory.query(query, [moment(as_of)]))


def late(laboratory):
    """Customers whose rows came late for any of the snapshots."""
    query = "select coalesce(sum(late_customers), 0)::integer from kindred.snapshot_builds"
    return laboratory.query(query)[0][0]


def change(laboratory, customer, day, value):
    query = "update customers set updated_at = %s, value = %s where customer_id = %s"
    laboratory.query(query, [day, value, customer], source=True)


@pytest.mark.parametrize("times", ["date", pytest.param("timestamptz", marks=pytest.mark.soak)])
def test_every_change_of_a_day_arrives_by_the_next_night(laboratory, times):
    """Times may be midnights, too: many sources write days into a column of times."""
    spec = narrow_spec()
    rows = [(1, "2026-01-31", 1), (2, "2026-02-01", 2), (3, "2026-01-31", 3)]
    laboratory.fill("customers", DATED.format(times), rows)
    laboratory.land(spec, FIRST)
    everybody = {1: 1, 2: 2, 3: 3}
    assert in_force(laboratory, FIRST) == everybody
    change(laboratory, 1, "2026-02-01", 10)  # after the night, and so is the next
    change(laboratory, 2, "2026-02-01", 20)
    laboratory.append("customers", [(4, "2026-02-01", 4)])
    if times == "date":
        laboratory.append("customers", [(5, "2026-01-31", 5)])
    laboratory.land(spec, SECOND)
    came_late = {5: 5} if times == "date" else {}
    assert in_force(laboratory, SECOND) == {1: 10, 2: 20, 3: 3, 4: 4} | came_late
    assert in_force(laboratory, FIRST) == everybody | came_late, "that day was over"
    assert late(laboratory) == len(came_late)
    landed = versions(laboratory, "updated_at")
    for as_of, full_extract in ((FIRST, True), (SECOND, False)):
        laboratory.land(spec, as_of, full_extract=full_extract)
        assert versions(laboratory, "updated_at") == landed, "what was read again collapses"
    change(laboratory, 1, "2026-02-01", 11)  # committed a night late
    laboratory.land(spec, THIRD, full_extract=True)
    assert in_force(laboratory) == {1: 11, 2: 20, 3: 3, 4: 4} | came_late
    assert in_force(laboratory, SECOND)[1] == 10
    assert laboratory.rejected() == []


@pytest.mark.parametrize(
    ("zone", "first", "today"),
    [
        ("America/New_York", "2026-02-02T02:00", "2026-02-01"),  # 21:00 there
        ("Pacific/Kiritimati", "2026-02-01T11:00", "2026-02-02"),  # 01:00 there
        pytest.param("Asia/Tokyo", "2026-02-01T20:00", "2026-02-02", marks=pytest.mark.soak),
        pytest.param("Etc/GMT+12", "2026-02-02T11:00", "2026-02-01", marks=pytest.mark.soak),
    ],
)
def test_days_are_those_of_the_source(laboratory, zone, first, today):
    spec = narrow_spec(source={"source_timezone": zone})
    laboratory.fill("customers", DAYS, [(1, today, 1), (2, today, 2)])
    laboratory.land(spec, first)
    assert in_force(laboratory, first) == {1: 1, 2: 2}
    change(laboratory, 1, today, 10)
    laboratory.append("customers", [(3, today, 3)])
    following = first.replace("02-02T", "02-03T").replace("02-01T", "02-02T")
    laboratory.land(spec, following)
    assert in_force(laboratory, following) == {1: 10, 2: 2, 3: 3}
    assert in_force(laboratory, first) == {1: 1, 2: 2}
    assert late(laboratory) == 0


def test_versions_of_days(laboratory):
    spec = narrow_spec(source={"history": "versions"})
    laboratory.fill("customers", DAYS, [(1, "2026-01-30", 1), (1, "2026-02-01", 2)])
    laboratory.land(spec, FIRST)
    laboratory.append("customers", [(1, "2026-02-02", 3), (2, "2026-02-01", 9)])
    laboratory.land(spec, SECOND)
    laboratory.append("customers", [(1, "2026-02-03", 4)])
    laboratory.land(spec, THIRD)
    landed = versions(laboratory, "value")
    assert landed == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 9)]
    laboratory.land(spec, THIRD, full_extract=True)
    assert versions(laboratory, "value") == landed
    assert laboratory.rejected() == []


def test_a_night_waits_for_the_zone_of_naive_times(laboratory):
    laboratory.fill("customers", DATED.format("timestamp"), [(1, "2026-01-31 20:59", 1)])
    before = state(laboratory)
    with pytest.raises(PreflightError) as caught:
        laboratory.begin(narrow_spec(), FIRST)
    assert state(laboratory) == before
    for words in (
        "'updated_at' is of type timestamp without time zone",
        "write 'source_timezone: America/New_York'",
        "Earlier releases read it as UTC",
        "'source_timezone: UTC'",
    ):
        assert words in str(caught.value)
    spec = narrow_spec(source={"source_timezone": "America/New_York"})
    laboratory.land(spec, FIRST)
    laboratory.append("customers", [(2, "2026-01-31 22:00", 2)])
    laboratory.land(spec, SECOND)
    assert in_force(laboratory) == {1: 1, 2: 2}


def test_a_transaction_that_is_open_at_night_is_not_lost(laboratory):
    columns = DATED.format("timestamptz")
    laboratory.fill("customers", columns, [(1, "2026-01-31T01:59:30Z", 1)])
    laboratory.land(narrow_spec(), FIRST)
    laboratory.append("customers", [(2, "2026-02-01T01:59:30Z", 2)])
    laboratory.land(narrow_spec(source={"deletes": "ignore"}), SECOND)
    assert versions(laboratory, "value", "updated_at at time zone 'UTC'")[1:] == [
        (2, 2, datetime(2026, 2, 1, 1, 59, 30))
    ]
    assert laboratory.query(
        "select missing_customers from kindred.extracted_windows order by window_end desc limit 1"
    ) in ([(0,)], [(None,)]), "its window brought it"


def test_whole_days_are_read_from_the_first_midnight_by_either_clock():
    night = [("2026-02-02 02:00:00+00", "2026-02-03 02:00:00+00")]
    for zone, begin in (
        ("UTC", "2026-01-31T11:00:00+00:00"),  # before 1 February, after the day before
        ("Asia/Tokyo", "2026-01-31T02:00:00+00:00"),
    ):
        assert windows_to_read(night, 24, zone) == [(begin, night[0][1])]


def test_a_day_that_comes_late_is_found_after_a_day_that_was_read_twice(laboratory):
    """What lands behind the end of what had been read looks younger than the next day."""
    spec = narrow_spec()
    laboratory.fill("customers", DAYS, [(key, "2026-01-20", key) for key in range(1, 11)])
    nights = [f"2026-02-{day:02d}T02:00" for day in range(1, 8)]
    laboratory.land(spec, nights[1])
    for night, value in zip(nights[2:4], (100, 150), strict=True):
        change(laboratory, 1, "2026-02-02", value)
        laboratory.land(spec, night)
    laboratory.land(spec, nights[4])
    for customer in (1, 2):
        change(laboratory, customer, "2026-02-03", 200)
    laboratory.land(spec, nights[5])
    assert [in_force(laboratory, nights[5])[customer] for customer in (1, 2)] == [200, 200]
    landed = versions(laboratory, "updated_at")
    laboratory.land(spec, nights[6])
    assert versions(laboratory, "updated_at") == landed
    missing = "select missing_customers from bi.snapshots order by as_of desc limit 2"
    assert laboratory.query(missing) == [(0,), (2,)]
