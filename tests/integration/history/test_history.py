"""Which version holds when: moments, windows in any order, columns that come or change."""

from datetime import timedelta

import pytest

from integration.narrow_source import (
    DAY,
    FIRST,
    NARROW,
    SECOND,
    narrow_spec,
    versions,
    windows,
)
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.errors import PreflightError


@pytest.mark.parametrize(
    ("column", "zone", "value", "expected"),
    [
        pytest.param(
            *("timestamp", "UTC", "2026-01-10 10:00", "2026-01-10T10:00"), marks=pytest.mark.soak
        ),
        ("timestamp", "America/New_York", "2026-01-10 10:00", "2026-01-10T15:00"),
        ("timestamp", "America/New_York", "2026-07-10 10:00", "2026-07-10T14:00"),
        ("timestamp", "Pacific/Kiritimati", "2026-01-11 00:30", "2026-01-10T10:30"),
        ("date", "America/New_York", "2026-01-10", "2026-01-10T00:00"),
        ("timestamptz", "America/New_York", "2026-01-10 10:00+02", "2026-01-10T08:00"),
    ],
)
def test_moments(laboratory, column, zone, value, expected):
    spec = narrow_spec(source={"source_timezone": zone})
    laboratory.fill("customers", f"customer_id bigint, updated_at {column}, value integer", [])
    rows = [(1, value, 1), (2, "infinity", 2), (3, "-infinity", 3), (4, None, 4)]
    laboratory.append("customers", rows)
    end = (moment(expected) + timedelta(microseconds=1)).isoformat()[:-6]
    exact = (moment(expected)).isoformat()[:-6]
    laboratory.land(spec, exact)
    assert versions(laboratory) == [], "a window ends before its end"
    laboratory.land(spec, end)
    assert versions(laboratory, "updated_at") == [(1, moment(expected))]
    assert [key for key, _ in laboratory.rejected()] == ["2", "3", "4"]


def test_history_of_versions(laboratory):
    spec = make_spec(source={"history": "versions"})
    old = people(40, first="2026-01-01T12:00", days=5)
    new = people(40, seed=2, first="2026-01-20T12:00", days=5)
    laboratory.fill("customers", CUSTOMERS, old + new[:30])
    laboratory.run(spec, FIRST)
    laboratory.run(spec, "2026-01-10T02:00")
    laboratory.run(spec, "2026-01-02T02:00")
    assert laboratory.query("select history, customers from bi.snapshots order by as_of") == [
        ("complete", 8),
        ("complete", 40),
        ("complete", 40),
    ]
    income = "income from kindred.customer_versions where customer_id = 1 and updated_at"
    assert laboratory.query(f"select {income} < '2026-01-10'") == [(old[0][2],)]
    assert laboratory.query(f"select {income} > '2026-01-10'") == [(new[0][2],)]
    assert versions(laboratory, where="is_deleted") == []


def test_windows_out_of_order_land_each_row_once(laboratory):
    rows = people(80, days=80)
    laboratory.fill("customers", CUSTOMERS, rows)
    april, february, may = "2026-04-01T02:00", "2026-02-01T02:00", "2026-05-01T02:00"
    for as_of, expected in ((april, 80), (february, 80), (may, 81)):
        laboratory.append("customers", [(1000, "2026-04-10T00:00Z", 1.0, 30, True, "CA", False)])
        laboratory.land(make_spec(source={"deletes": "ignore"}), as_of)
        assert len(versions(laboratory)) == expected
    assert windows(laboratory) == [
        ("-infinity", moment(april)),
        ("2026-04-01 02:00:00+00", moment(may)),
    ]
    assert laboratory.rejected() == []


def test_full_extract_brings_what_came_late(laboratory):
    spec = narrow_spec()
    laboratory.fill(
        "customers",
        NARROW.format("double precision"),
        [(1, f"{DAY}T10:00Z", 1.0), (2, f"{DAY}T10:00Z", "NaN"), (3, f"{DAY}T10:00Z", 3.0)],
    )
    laboratory.land(spec, FIRST)
    laboratory.query("update customers set value = 2 where customer_id = 2", source=True)
    laboratory.query("update customers set value = 33 where customer_id = 3", source=True)
    laboratory.append("customers", [(4, f"{DAY}T11:00Z", 4.0)])
    laboratory.land(spec, SECOND)
    found = versions(laboratory, "value")
    assert found == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)], "3 has landed, 2 and 4 were missing"
    laboratory.land(spec, SECOND, full_extract=True)
    twice = [(2, 2.0), (2, 2.0), (3, 3.0), (4, 4.0), (4, 4.0)]
    assert versions(laboratory, "value") == [(1, 1.0), *twice], "and at their true places"
    (reason,) = [reason for key, reason in laboratory.rejected() if key == "3"]
    assert reason.startswith("an earlier extraction brought different values for the same custom")
    hashes = laboratory.hashes()
    laboratory.land(spec, SECOND, full_extract=True)
    assert laboratory.hashes() == hashes


def test_a_spec_that_gains_a_column(laboratory):
    wide = NARROW.format("double precision, age integer")
    rows = [(i, f"{DAY}T10:00Z", float(i), i % 7) for i in range(40)]
    laboratory.fill("customers", wide, rows)
    laboratory.run(narrow_spec(), FIRST)
    spec = narrow_spec(features={"value": "numeric", "age": "numeric"})
    laboratory.query(
        "update customers set updated_at = '2026-02-01T12:00Z' where customer_id < 10", source=True
    )
    laboratory.run(spec, SECOND)
    found = versions(laboratory, "age", where="updated_at > '2026-02-01'")
    assert found == [(i, i % 7) for i in range(10)]
    assert laboratory.query("select count(*) from kindred.encoder_versions") == [(2,)]
    assert laboratory.rejected() == []
    found = versions(laboratory, "value", "age", where="customer_id >= 10")
    assert found == [(i, float(i), i % 7) for i in range(10, 40)], "all are read anew to fill it"


def test_a_column_whose_type_changes_overnight(laboratory):
    laboratory.fill("customers", NARROW.format("integer"), [(1, f"{DAY}T10:00Z", 1)])
    laboratory.land(narrow_spec(), FIRST)
    laboratory.query("alter table customers alter value type text", source=True)
    with pytest.raises(PreflightError, match=r"'value' of .* is now text, but landed as integer"):
        laboratory.land(narrow_spec(), SECOND)
    query = "select customer_id, updated_at, value::integer from customers"
    spec = narrow_spec(source={"table": None, "query": query})
    laboratory.append("customers", [(2, "2026-02-01T10:00Z", "2")])
    laboratory.land(spec, SECOND)
    assert versions(laboratory, "value") == [(1, 1), (2, 2)]
