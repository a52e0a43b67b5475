"""Rows without a key, tombstones with bad values, and rejected rows that are repaired."""

import pytest

from integration.narrow_source import NARROW, narrow_spec
from kindred.errors import SpecError
from kindred.warehouse.database import connect

NIGHTS = [f"2026-02-{day:02d}T02:00" for day in range(1, 5)]
OLD = "2024-05-06 10:00Z"
TABLE = NARROW.format("float8")
USUAL = [(number, "2026-01-20 10:00Z", float(number % 7)) for number in range(1, 41)]
NO_KEY = (None, "customer_id: null")
MANY_ROWS = """
create table many_keys as
select
  null::bigint as customer_id, '2024-01-01'::timestamptz + number * interval '1 s' as updated_at,
  false as is_deleted, null::text as unusable_key
from generate_series(1, 60000) as number;
create table nothing_landed as select * from many_keys limit 0;
alter table rejected_rows set (autovacuum_enabled = false);
analyze many_keys, nothing_landed;
"""
REJECT = """
delete from rejected_rows;
insert into rejected_rows (row_hash, reason, updated_at, raw)
select row_number() over ()::text, 'customer_id: null', {time}, '{{}}' from many_keys as keys;
"""


def fact(laboratory, spec, night, *names):
    facts = laboratory.land(spec, NIGHTS[night]).build.facts
    return tuple(facts[name] for name in names)


@pytest.mark.parametrize("deletes", ["compare_keys", "ignore"])
def test_rows_without_a_key_are_rejected_whatever_their_time(laboratory, deletes):
    laboratory.fill("customers", TABLE, USUAL)
    spec = narrow_spec(source={"deletes": deletes})
    laboratory.land(spec, NIGHTS[0])
    laboratory.append("customers", [(None, OLD, 1.0), (None, OLD, 2.0)])
    if deletes == "ignore":  # a reason to compare keys before the week is over
        laboratory.append("customers", [(50, OLD, 1.0)])
    laboratory.land(spec, NIGHTS[1])
    before = laboratory.hashes()
    laboratory.land(spec, NIGHTS[1])
    assert laboratory.hashes() == before
    laboratory.append("customers", [(None, OLD, 3.0), (None, "2024-05-07 10:00Z", 1.0)])
    if deletes == "ignore":
        laboratory.append("customers", [(51, OLD, 1.0)])
    laboratory.land(spec, NIGHTS[2])
    # Of the first time a row has been rejected already: its times tell that something is new.
    assert laboratory.rejected() == [NO_KEY] * 4
    told = "select missing_customers from bi.snapshots order by as_of"
    found = 1 if deletes == "ignore" else 0
    assert laboratory.query(told) == [(0,), (found,), (found,)]


def test_a_tombstone_counts_though_its_values_are_wiped(laboratory):
    laboratory.fill("customers", f"{TABLE}, gone boolean", [(*row, False) for row in USUAL])
    spec = narrow_spec(source={"tombstone": "gone"})
    assert fact(laboratory, spec, 0, "customers") == (40,)
    wiped = "update customers set gone = true, value = 'NaN'"
    laboratory.query(
        f"{wiped}, updated_at = '2026-02-01 12:00Z' where customer_id = 3", source=True
    )
    laboratory.query(f"{wiped} where customer_id = 4", source=True)
    assert fact(laboratory, spec, 1, "customers") == (38,)
    laboratory.query("update customers set gone = false", source=True)
    assert fact(laboratory, spec, 2, "customers") == (38,)
    assert [key for key, _ in laboratory.rejected()] == ["3", "4"]
    laboratory.query("update customers set value = 1 where value = 'NaN'", source=True)
    assert fact(laboratory, spec, 3, "customers") == (40,)


@pytest.mark.parametrize("column", ["timestamptz", "date"])
def test_a_tombstone_at_the_end_of_time_is_none(laboratory, column):
    never = ["infinity", "9999-12-31", None]
    rows = [(*row, never[row[0] % 3] if row[0] > 5 else "2026-01-01") for row in USUAL]
    laboratory.fill("customers", f"{TABLE}, gone {column}", rows)
    spec = narrow_spec(source={"tombstone": "gone"})
    assert fact(laboratory, spec, 0, "customers", "source_customers") == (35, 35)


@pytest.mark.parametrize("source", [{}, {"deletes": "ignore"}], ids=["keys", "counts"])
def test_the_first_of_years_may_be_all_there_is(laboratory, source):
    """That of many systems for "never"; by UTC's clock it is in 1 BC."""
    columns = "customer_id bigint, updated_at timestamp, value float8"
    laboratory.fill("customers", columns, [(i, "0001-01-01", 1.0) for i in range(5)])
    spec = narrow_spec(source={"source_timezone": "Europe/Berlin", **source})
    assert fact(laboratory, spec, 0, "customers") == (5,)
    laboratory.append("customers", [(5, "0001-01-01", 1.0)])
    assert fact(laboratory, spec, 1, "customers") == (6,)
    told = "select source_customers, missing_customers from bi.snapshots order by as_of"
    assert laboratory.query(told) == [(5, 0), (6, 1)]


def test_rejected_rows_that_leave_the_source_count_no_more(laboratory):
    """By key, and those without a time by that too; who comes back counts again."""
    refused = [(100 + i, OLD, float("nan")) for i in range(30)]
    undated = [(200 + i, None, 1.0) for i in range(20)]
    laboratory.fill("customers", NARROW.format("float8").replace("bigint", "float8"), USUAL)
    laboratory.append("customers", [*refused, *undated, (0.5, OLD, 1.0), (None, None, 1.0)])
    spec = narrow_spec()
    names = ("customers", "customers_rejected", "rows_undated")
    assert fact(laboratory, spec, 0, *names) == (40, 31, 21)
    laboratory.query(
        "delete from customers where customer_id between 100 and 128 or customer_id is null"
        " or customer_id = 0.5;"
        " update customers set updated_at = '2026-02-01 12:00Z'"
        " where customer_id between 200 and 218",
        source=True,
    )
    assert fact(laboratory, spec, 1, *names) == (59, 1, 1)
    assert fact(laboratory, spec, 0, *names) == (40, 31, 21)
    laboratory.append("customers", refused[:3])
    laboratory.append("customers", [(0.5, OLD, 1.0)])
    assert fact(laboratory, spec, 2, *names) == (59, 5, 1)
    told = "select missing_customers from bi.snapshots order by as_of"
    assert laboratory.query(told) == [(0,), (0,), (4,)]


def test_columns_that_no_table_can_have_are_refused():
    query = "select customer_id, updated_at, xmin::text::int as xmin from customers"
    with pytest.raises(
        SpecError, match=r"'xmin': PostgreSQL keeps this name; rename it in a 'source.query'"
    ):
        narrow_spec(source={"table": None, "query": query}, features={"xmin": "numeric"})


@pytest.fixture(scope="module")
def many_without_a_key(make_laboratory):
    """Source rows without a key, each with its time; as many rejected rows, without statistics."""
    laboratory = make_laboratory()
    laboratory.fill("customers", TABLE, USUAL)
    laboratory.land(narrow_spec(), NIGHTS[0])
    with connect(
        laboratory.warehouse_dsn, connection_id="test", application_name="test", schema="kindred"
    ) as database:
        with database.connection.cursor() as cursor:
            cursor.execute(MANY_ROWS)
            cursor.execute("set statement_timeout = '10s'")  # comparing each with each takes longer
        yield database


@pytest.mark.parametrize(("time", "left"), [("keys.updated_at", 0), ("null", 60_000)])
def test_many_rows_without_a_key_are_compared_in_seconds(many_without_a_key, time, left):
    database = many_without_a_key
    database.connection.cursor().execute(REJECT.format(time=time))
    with database.transaction():
        database.run("history/create_in_force", {"window_end": NIGHTS[1]})
        found = database.rows(
            "history/find_missing_keys",
            {"window_end": NIGHTS[1], "block_rows": 10, "is_current": True},
            keys="many_keys",
            landing="nothing_landed",
        )
    assert [row[1:] for row in found] == ([("{}", True)] if left else [])
    marked = database.run("history/mark_left", {"window_end": NIGHTS[1]}, keys="many_keys")
    assert marked == left
