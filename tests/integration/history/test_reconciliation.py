"""Customers whom no window brings: found by their keys, landed at the end of the newest window."""

from datetime import timedelta

import pytest

from integration.narrow_source import narrow_spec, versions
from integration.warehouse import moment
from kindred.errors import GateError
from kindred.tasks import run_task

OLD = "2024-05-06 10:00Z"
COLUMNS = "customer_id {}, updated_at timestamptz, value float8, gone boolean, country text"
KINDS = {
    "keys": {},
    "tombstone": {"tombstone": "gone"},
    "ignored": {"deletes": "ignore"},
    "versions": {"history": "versions", "tombstone": "gone"},
}
LABORATORY = {"clustering": {"algorithms": ["kmeans"], "kmeans": {"k": 2}}, "k": 2}


def night(number):
    return f"2026-02-{number:02d}T02:00"


def stamp(number):
    return moment(night(number)) - timedelta(microseconds=1)


def spec_of(source=None, **changes):
    return narrow_spec(source=source or {}, **LABORATORY, **changes)


def row(key, updated_at=OLD, value=1.0, gone=False, country="FR"):
    return (key, updated_at, value, gone, country)


def told(laboratory, number):
    """What BI is told of a night: customers in the source, missing, in the future."""
    return laboratory.query(
        "select source_customers, missing_customers, future_customers from bi.snapshots"
        " where as_of = %s",
        [moment(night(number))],
    )[0]


def open_shop(laboratory, key="bigint"):
    laboratory.fill("customers", COLUMNS.format(key), [row(i, value=i) for i in range(1, 21)])
    return laboratory


@pytest.fixture
def shop(laboratory):
    return open_shop(laboratory)


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
def test_customers_imported_with_an_old_time_land_in_the_newest_window(shop, source):
    spec = spec_of(source)
    shop.run(spec, night(1))
    before = shop.hashes()
    shop.append("customers", [row(i, value=i) for i in range(101, 106)])
    shop.append("customers", [row(200, gone=True)] if "tombstone" in source else [])
    shop.append("customers", [row(300, "2026-02-02 02:00Z"), row(300, "2027-01-01 00:00Z")])
    shop.append("customers", [row(301, None), row(302, "infinity")])
    run = shop.run(spec, night(2))
    assert run.build.facts["customers"] == 25
    assert told(shop, 2) == (28, 5, 1)
    found = versions(shop, "updated_at", "value", where="customer_id > 100")
    assert found == [(i, stamp(2), float(i)) for i in range(101, 106)]
    kept = shop.query("select * from kindred.reconciled_versions order by 1")
    assert kept == [(i, stamp(2), moment("2024-05-06T10:00")) for i in range(101, 106)]
    shop.land(spec, night(3))
    assert told(shop, 3)[1:] == (0 if source == {} else None, 0), "they are known now"
    shop.run(spec, night(1))
    assert shop.query("select customers, late_customers from bi.snapshots where as_of = %s", [moment(night(1))]) == [(20, 0)]
    again = shop.hashes()
    assert again["encoder_versions"] == before["encoder_versions"]
    assert told(shop, 1) == (20, 0, 0)


def test_equal_counts_prove_nothing_and_keys_are_read_once_a_week(shop):
    spec = spec_of(KINDS["ignored"])
    shop.land(spec, night(1))
    shop.query("delete from customers where customer_id = 1", source=True)
    shop.append("customers", [row(101)])
    for number in range(2, 8):
        shop.land(spec, night(number))
        assert told(shop, number) == (20, None, 0)
    shop.land(spec, night(8))
    assert told(shop, 8) == (20, 1, 0)
    assert versions(shop, "updated_at", where="customer_id = 101") == [(101, stamp(8))]
