"""Ways in which customers or changes once went missing without a count."""

import pytest

from integration.command import Command
from integration.narrow_source import NARROW, narrow_spec, versions
from kindred.errors import GateError

NIGHTS = [f"2026-02-{day:02d}T02:00" for day in range(1, 5)]
TABLE = NARROW.format("float8")
USUAL = [(number, "2026-01-20 10:00Z", float(number % 7)) for number in range(1, 41)]


def test_customers_of_whom_everything_is_rejected_are_gated(laboratory):
    """Whatever window they are from: the first night takes years of them."""
    refused = [(100 + number, "2025-01-20 10:00Z", float("nan")) for number in range(60)]
    laboratory.fill("customers", TABLE, USUAL + refused)
    spec = narrow_spec(clustering={"algorithms": ["kmeans"]})
    with pytest.raises(GateError, match=r"60 of 100 of all customers were rejected"):
        laboratory.run(spec, NIGHTS[0])


def test_who_comes_back_after_a_comparison_of_keys_is_there_beside_tombstones_too(laboratory):
    rows = [(*row, False) for row in USUAL]
    laboratory.fill("customers", f"{TABLE}, gone boolean", rows)
    spec = narrow_spec(source={"tombstone": "gone", "deletes": "compare_keys"})
    customers = []
    for night, statement in (
        (0, "select 1"),
        (1, "delete from customers where customer_id in (3, 4)"),
        (2, "insert into customers select 3, '2026-01-20 10:00Z', 3, false"),
    ):
        laboratory.query(statement, source=True)
        customers.append(laboratory.land(spec, NIGHTS[night]).build.facts["customers"])
    assert customers == [40, 38, 39]


def test_days_of_a_zone_that_skips_midnight(laboratory):
    """Clocks in Cairo went from 24:00 of the 23rd to 01:00 of the 24th."""
    rows = [(number, "2026-04-10", float(number)) for number in range(1, 5)]
    laboratory.fill("customers", "customer_id bigint, updated_at date, value float8", rows)
    spec = narrow_spec(source={"source_timezone": "Africa/Cairo"})
    change = "update customers set updated_at = '2026-04-24', value = %s where customer_id = 1"
    laboratory.land(spec, "2026-04-23T02:00")
    for night, value in (("24", 100), ("25", 200)):
        laboratory.query(change, [value], source=True)
        laboratory.land(spec, f"2026-04-{night}T02:00")
    assert versions(laboratory, "value", where="customer_id = 1") == [(1, 1), (1, 100), (1, 200)]
    assert laboratory.rejected() == []


@pytest.mark.parametrize("column", ["repeated", "landed", "shown"])
def test_columns_may_have_any_name(laboratory, column):
    columns = f"customer_id bigint, updated_at timestamptz, {column} float8, other float8"
    rows = [(key, "2026-01-20 10:00Z", 1.0, other) for key, other in ((1, 1.0), (2, 5.0), (2, 6.0))]
    laboratory.fill("customers", columns, rows)
    spec = narrow_spec(features={column: "numeric", "other": "numeric"})
    laboratory.land(spec, NIGHTS[0])
    assert versions(laboratory) == [(1,)]
    assert [key for key, _ in laboratory.rejected()] == ["2", "2"]


def test_a_plan_begins_no_earlier_than_years_can_be_told(laboratory, tmp_path):
    laboratory.fill("customers", TABLE, [*USUAL, (70, "0044-03-15 12:00Z BC", 1.0)])
    command = Command(laboratory, tmp_path)
    command.write_spec(
        source={"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        features={"value": "numeric"},
        labels=[],
    )
    status, printed = command("backfill-plan", "--from", "2026-02-01", "--to", "2026-02-02")
    assert status == 0, printed
