"""Ways in which customers or changes once went missing without a count."""

import psycopg2
import pytest

from databases import administer
from integration.command import Command
from integration.narrow_source import NARROW, narrow_spec, versions
from integration.warehouse import Laboratory
from kindred.errors import GateError, PreflightError
from kindred.tasks import run_task
from local.postgres import OWNER

NIGHTS = [f"2026-02-{day:02d}T02:00" for day in range(1, 5)]
OLD = "2024-05-06 10:00Z"
NEW = "2026-01-31 20:00Z"  # within the overlap of the second night
TABLE = NARROW.format("float8")
USUAL = [(number, "2026-01-20 10:00Z", float(number % 7)) for number in range(1, 41)]


def test_customers_of_whom_everything_is_rejected_are_gated(laboratory):
    """Whatever window they are from: the first night takes years of them."""
    refused = [(100 + number, "2025-01-20 10:00Z", float("nan")) for number in range(60)]
    laboratory.fill("customers", TABLE, USUAL + refused)
    spec = narrow_spec(clustering={"algorithms": ["kmeans"]})
    with pytest.raises(GateError, match=r"60 of 100 customers were rejected with all"):
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


def test_columns_may_have_any_name(laboratory):
    names = ("repeated", "landed", "shown")
    columns = ", ".join(f"{name} float8" for name in (*names, "other"))
    rows = [
        (key, "2026-01-20 10:00Z", 1.0, 1.0, 1.0, other)
        for key, other in ((1, 1.0), (2, 5.0), (2, 6.0))
    ]
    laboratory.fill("customers", f"customer_id bigint, updated_at timestamptz, {columns}", rows)
    spec = narrow_spec(features=dict.fromkeys((*names, "other"), "numeric"))
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


@pytest.mark.parametrize("history", ["current", "versions"])
def test_a_late_change_is_not_hidden_by_a_reconciled_version(laboratory, history):
    """Whatever night it is read in, and however often."""
    laboratory.fill("customers", TABLE, USUAL)
    spec = narrow_spec(source={"history": history, "deletes": "compare_keys"})
    laboratory.land(spec, NIGHTS[0])
    laboratory.append("customers", [(100, OLD, 1.0), (101, OLD, 1.0)])
    laboratory.land(spec, NIGHTS[1])
    before = laboratory.hashes()
    if history == "current":
        laboratory.query("delete from customers where customer_id > 99", source=True)
    within, beyond = "2026-02-01 23:00Z", "2025-01-01 10:00Z"
    laboratory.append("customers", [(100, within, 2.0), (101, beyond, 2.0)])
    laboratory.land(spec, NIGHTS[1])
    assert laboratory.hashes() == before
    for night, full_extract in ((2, False), (2, False), (3, False), (3, True), (3, True)):
        laboratory.land(spec, NIGHTS[night], full_extract=full_extract)
        in_force = dict(versions(laboratory, "value", where="customer_id > 99"))
        assert in_force == {100: 2.0, 101: 2.0}
        if not full_extract:
            assert len(versions(laboratory)) == 44, "what was read again collapses"
    assert laboratory.rejected() == []


def test_each_row_with_an_unusable_key_is_counted_and_shows_it(laboratory):
    columns = "customer_id float8, updated_at timestamptz, value float8"
    halves = [(number + 0.5, NEW, 1.0) for number in range(30)]
    odd = [("NaN", NEW, 1.0), (1e300, NEW, 1.0), *[(None, NEW, 1.0)] * 30]
    laboratory.fill("customers", columns, [*USUAL, *halves, *odd])
    spec = narrow_spec()
    run = laboratory.land(spec, NIGHTS[0])
    assert run.build.facts["rows_rejected"] == 62
    assert run.build.facts["customers_rejected"] == 32
    keys = {"NaN", "1e+300", None, *(f"{number}.5" for number in range(30))}
    assert {key for key, _ in laboratory.rejected()} == keys
    laboratory.append("customers", [(100.5, OLD, 1.0)])
    for night in (1, 2):
        laboratory.land(spec, NIGHTS[night])
    assert ("100.5", "customer_id: not a whole number of at most 64 bits") in laboratory.rejected()
    found = laboratory.query(
        "select customer_id, source_rows from kindred.rejected_rows where source_rows > 1"
    )
    assert found == [(None, 30)]
    assert laboratory.query("select count(*) from bi.rejected_rows") == [(63,)]
    told = "select source_customers, missing_customers from bi.snapshots order by as_of"
    assert laboratory.query(told) == [(72, 0), (73, 1), (73, 0)]


def test_what_a_spec_or_a_type_changes_about_rows_of_the_overlap_lands(laboratory):
    """A column more, and types that the source narrowed: the rows are not different ones."""
    columns = f"{TABLE}, amount numeric, label text, age integer"
    values = [(0.1, 1.5), (1e300, 1e12), (2.0, None)]
    rows = [(i, NEW, *values[i % 3], "b ", i) for i in range(40)]
    laboratory.fill("customers", columns, rows)
    features = {"value": "numeric", "amount": "numeric", "label": "categorical"}
    source = {"history": "versions", "deletes": "ignore"}
    spec = narrow_spec(source=source, features={**features, "value": "numeric"})
    laboratory.query("update customers set value = 3 where value > 1e30", source=True)
    laboratory.query("update customers set amount = 4 where amount > 1e9", source=True)
    laboratory.land(spec, NIGHTS[0])
    laboratory.query(
        "alter table customers alter value type real, alter amount type integer,"
        " alter label type char(9)",
        source=True,
    )
    spec = narrow_spec(source=source, features={**features, "age": "numeric"})
    laboratory.land(spec, NIGHTS[0])  # what is landed already lacks the column
    laboratory.land(spec, NIGHTS[1])
    laboratory.land(spec, NIGHTS[1], full_extract=True)
    assert laboratory.rejected() == []
    assert versions(laboratory, "age") == [(i, i) for i in range(40)]


def test_a_rejected_row_that_is_corrected_lands_though_its_time_is_the_same(laboratory):
    """Of an unknown customer, of a known one, and one of two that contradicted each other."""
    unknown = [(50, OLD, float("nan")), (60, OLD, 1.0), (60, OLD, 2.0)]
    laboratory.fill("customers", TABLE, USUAL + unknown)
    spec = narrow_spec()
    laboratory.land(spec, NIGHTS[0])
    change = "update customers set value = 'NaN', updated_at = '2026-02-01 12:00Z'"
    laboratory.query(f"{change} where customer_id = 2", source=True)
    for night in (1, 2):
        laboratory.land(spec, NIGHTS[night])
    rejected = laboratory.rejected()
    assert [key for key, _ in rejected] == ["2", "50", "60", "60"]
    laboratory.query("update customers set value = 9 where value = 'NaN'", source=True)
    laboratory.query("delete from customers where (customer_id, value) = (60, 1)", source=True)
    laboratory.land(spec, NIGHTS[3])
    found = dict(versions(laboratory, "value", where="customer_id in (2, 50, 60)"))
    assert found == {2: 9.0, 50: 9.0, 60: 2.0}
    assert laboratory.rejected() == rejected


def test_a_tombstone_that_is_set_or_reset_without_a_new_time_counts(laboratory):
    laboratory.fill("customers", f"{TABLE}, gone boolean", [(*row, False) for row in USUAL])
    spec = narrow_spec(source={"tombstone": "gone"})
    customers = []
    for night, statement in enumerate(
        (
            "select 1",
            "update customers set gone = true where customer_id = 5;"
            " update customers set gone = true, updated_at = '2026-02-01 12:00Z'"
            " where customer_id in (3, 4)",
            "update customers set gone = false where customer_id = 3",
            "update customers set gone = false where customer_id = 4",
        )
    ):
        laboratory.query(statement, source=True)
        customers.append(laboratory.land(spec, NIGHTS[night]).build.facts["customers"])
    assert customers == [40, 37, 38, 39]
    assert laboratory.rejected() == []


def test_a_column_that_becomes_wider_after_prepare_lands(laboratory):
    laboratory.fill("customers", NARROW.format("integer"), USUAL)
    spec = narrow_spec()
    run = laboratory.begin(spec, NIGHTS[0])
    laboratory.query("alter table customers alter value type bigint", source=True)
    laboratory.append("customers", [(50, NEW, 2**40)])
    for task in ("extract", "validate"):
        run_task(run, task)
    assert versions(laboratory, "value", where="customer_id = 50") == [(50, 2**40)]
    run = laboratory.begin(spec, NIGHTS[1])
    laboratory.query("alter table customers alter value type text", source=True)
    with pytest.raises(PreflightError, match="'value' of the source is now text, but landed as"):
        run_task(run, "extract")
    laboratory.query(
        "alter table customers alter value type bigint using value::bigint,"
        " alter customer_id type text",
        source=True,
    )
    with pytest.raises(PreflightError, match="made for keys of type bigint"):
        run_task(run, "extract")


def test_a_source_says_what_it_hides(laboratory, caplog):
    """Policies that halve a table are told of, and the words fit the error."""
    laboratory.fill("customers", TABLE, USUAL)
    laboratory.query(
        "alter table customers enable row level security, force row level security;"
        " create policy half on customers using (customer_id % 2 = 0);"
        " create materialized view empty as select * from customers with no data",
        source=True,
    )
    laboratory.begin(narrow_spec(), NIGHTS[0])
    assert "does not see all rows (query would be affected by row-level security" in caplog.text
    with pytest.raises(PreflightError) as caught:
        laboratory.begin(narrow_spec(source={"table": "empty"}), NIGHTS[0])
    assert "has not been populated" in str(caught.value)
    assert "grant" not in str(caught.value)


def test_bytes_of_a_database_without_an_encoding(laboratory, server, tmp_path):
    options = "template template0 encoding 'SQL_ASCII' locale 'C' locale_provider libc"
    administer(server, f"create database bytes owner {OWNER} {options}")
    warehouse = laboratory.warehouse_dsn
    shop = Laboratory(server.dsn("bytes"), warehouse, tmp_path)
    connection = psycopg2.connect(shop.source_dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "create table customers as select i as customer_id, timestamptz '2026-01-10Z' as"
            " updated_at, convert_from('\\xe9'::bytea, 'SQL_ASCII') as value"
            " from generate_series(1, 5) as i"
        )
    connection.close()
    with pytest.raises(PreflightError, match=r"invalid byte sequence .* 0xe9") as e:
        shop.land(narrow_spec("categorical"), NIGHTS[0])
    advice = str(e.value).split("'source.query' as ")[-1].replace("<column>", "value")
    query = f"select customer_id, updated_at, {advice} as value from customers"  # noqa: S608
    spec = narrow_spec("categorical", source={"table": None, "query": query})
    shop.land(spec, NIGHTS[0])
    assert versions(shop, "value") == [(i, "é") for i in range(1, 6)]
