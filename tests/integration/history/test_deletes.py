"""Who is deleted: by a tombstone, by no longer being there, or not at all."""

from datetime import timedelta

import pytest

from integration.narrow_source import (
    DAY,
    FIRST,
    NARROW,
    SECOND,
    THIRD,
    narrow_spec,
    versions,
    windows,
)
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.errors import DataError


@pytest.mark.parametrize(
    ("definition", "alive", "gone"),
    [
        ("boolean", False, True),
        ("integer", 0, 2),
        ("timestamptz", None, "2026-01-20T00:00Z"),
    ],
)
def test_tombstone_column(laboratory, definition, alive, gone):
    spec = narrow_spec(source={"tombstone": "gone"})
    columns = NARROW.format(f"integer, gone {definition}")
    laboratory.fill("customers", columns, [])
    for key, tombstone in ((1, alive), (2, None), (3, gone)):
        laboratory.append("customers", [(key, f"{DAY}T10:00Z", key, tombstone)])
    laboratory.land(spec, FIRST)
    assert versions(laboratory, "is_deleted") == [(1, False), (2, False), (3, True)]
    laboratory.append("customers", [(1, "2026-02-01T10:00Z", 1, gone)])
    laboratory.query("delete from customers where customer_id = 2", source=True)
    laboratory.land(spec, SECOND)
    assert versions(laboratory, "is_deleted") == [(1, False), (1, True), (2, False), (3, True)]


def test_source_without_updated_at(laboratory):
    spec = narrow_spec(source={"updated_at": "none"}, gates={"max_deleted_share": 0.3})
    rows = [(i, f"{DAY}T10:00Z", float(i)) for i in range(1, 11)]
    laboratory.fill("customers", NARROW.format("double precision"), rows)
    laboratory.land(spec, FIRST)
    stamps = [moment(day) - timedelta(microseconds=1) for day in (FIRST, SECOND, THIRD)]
    first = [(i, stamps[0], float(i), False) for i in range(1, 11)]
    columns = ("updated_at", "value", "is_deleted")
    assert versions(laboratory, *columns) == first
    laboratory.query("update customers set value = 99 where customer_id = 3", source=True)
    laboratory.query("update customers set value = null where customer_id = 4", source=True)
    laboratory.query("delete from customers where customer_id in (5, 6)", source=True)
    laboratory.append("customers", [(11, None, 11.0), (None, None, 1.0), (12, None, "NaN")])
    laboratory.land(spec, SECOND)
    second = [
        (3, stamps[1], 99.0, False),
        (4, stamps[1], None, False),
        (5, stamps[1], None, True),
        (6, stamps[1], None, True),
        (11, stamps[1], 11.0, False),
    ]
    assert versions(laboratory, *columns) == sorted(first + second, key=lambda row: row[:2])
    laboratory.append("customers", [(5, None, 5.0)])
    laboratory.land(spec, THIRD)
    returned = versions(laboratory, *columns, where="customer_id = 5")[2:]
    assert returned == [(5, stamps[2], 5.0, False)]
    assert len(versions(laboratory)) == 16
    assert {reason for _, reason in laboratory.rejected()} == {
        "customer_id: null",
        "value: not a finite number between -1e37 and 1e37",
    }


def test_without_updated_at_different_rows_of_a_customer_are_both_refused(laboratory):
    spec = narrow_spec(source={"updated_at": "none"})
    rows = [(1, None, 1.0), (1, None, 2.0), (2, None, 3.0), (2, None, 3.0)]
    laboratory.fill("customers", NARROW.format("double precision"), rows)
    laboratory.land(spec, FIRST)
    assert versions(laboratory, "value") == [(2, 3.0)]
    assert [key for key, _ in laboratory.rejected()] == ["1", "1"]


def test_customers_who_vanish_are_deleted_when_the_window_is_the_newest(laboratory):
    spec = make_spec()
    laboratory.fill("customers", CUSTOMERS, people(40))
    laboratory.land(spec, FIRST)
    laboratory.query("delete from customers where customer_id <= 15", source=True)
    laboratory.land(spec, "2026-01-20T02:00")
    assert versions(laboratory, where="is_deleted") == [], "an older window tells nothing of now"
    laboratory.land(spec, THIRD)
    deleted = versions(laboratory, "updated_at", "income", where="is_deleted")
    stamp = moment(THIRD) - timedelta(microseconds=1)
    assert deleted == [(i, stamp, None) for i in range(1, 16)]
    run = laboratory.run(spec, THIRD)
    assert run.build.facts["customers"] == 25
    assert laboratory.query("select min(customer_id) from kindred.customer_embeddings") == [(16,)]
    rows = laboratory.query("select rows_deleted from kindred.extracted_windows order by 1")
    assert rows == [(0,), (15,)]
    strict = make_spec(gates={"max_deleted_share": 0})
    laboratory.land(strict, "2026-02-04T02:00")  # those who were gone before are not gone again
    assert len(versions(laboratory, where="is_deleted")) == 15


def test_too_many_vanished_customers_stop_the_run(laboratory):
    laboratory.fill("customers", CUSTOMERS, people(40))
    laboratory.run(make_spec(), FIRST)
    before = laboratory.hashes()
    rest = people(40)[30:]
    laboratory.fill("customers", CUSTOMERS, rest)
    with pytest.raises(DataError) as caught:
        laboratory.run(make_spec(), SECOND)
    for word in (
        "30 of 40 customers are no longer in the source",
        "gates.max_deleted_share = 0.5",
        "raise the gate",
    ):
        assert word in str(caught.value)
    assert laboratory.hashes() == before
    assert [end for _, end in windows(laboratory)] == [moment(FIRST)]
    laboratory.run(make_spec(gates={"max_deleted_share": 0.8}), SECOND)
    assert laboratory.query("select customers from bi.snapshots where is_current") == [(10,)]


def test_vanished_customers_are_not_looked_for_where_the_spec_says_so(laboratory):
    laboratory.fill("customers", CUSTOMERS, people(40))
    spec = make_spec(source={"deletes": "ignore"})
    laboratory.land(spec, FIRST)
    laboratory.query("delete from customers where customer_id <= 35", source=True)
    laboratory.land(spec, SECOND)
    assert len(versions(laboratory)) == 40
