"""What can be a source: queries, conditions, views; and one that fails half-way."""

import threading

import pytest
from psycopg2 import errors

from integration.narrow_source import DAY, FIRST, NARROW, SECOND, narrow_spec, versions, windows
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, people
from kindred.airflow_adapter.alerts import public_line
from kindred.errors import PreflightError
from kindred.warehouse.database import Database


def test_query_and_where(laboratory):
    rows = [(i, f"{DAY}T10:00Z", f"{i}%") for i in range(1, 10)]
    laboratory.fill("customers", NARROW.format("text"), rows)
    query = """
        select customer_id, updated_at, replace(value, '%', '')::integer as value
        from customers where value like '%\\%' -- {all} of them
    """
    source = {"table": None, "query": query, "where": "value % 3 = 0 -- every third"}
    spec = narrow_spec(source=source)
    laboratory.land(spec, FIRST)
    assert versions(laboratory, "value") == [(3, 3), (6, 6), (9, 9)]
    laboratory.query("delete from customers where customer_id = 6", source=True)
    laboratory.land(spec, SECOND)
    assert versions(laboratory, where="is_deleted") == [(6,)]


def test_a_value_that_a_query_cannot_cast_is_told_to_the_log_alone(laboratory):
    """bi.snapshots.failure and alerts have the public line; the value may be a private one."""
    laboratory.fill("customers", NARROW.format("text"), [(1, f"{DAY}T10:00Z", "54321 secret")])
    query = "select customer_id, updated_at, value::integer as value from customers"
    with pytest.raises(PreflightError, match="54321 secret") as refused:
        laboratory.land(narrow_spec(source={"table": None, "query": query}), FIRST)
    assert public_line(refused.value) == "SourceValueError; the task's log says more"


def test_query_that_ends_in_a_semicolon(laboratory):
    laboratory.fill("customers", NARROW.format("integer"), [(1, f"{DAY}T10:00Z", 1)])
    source = {"table": None, "query": "select * from customers;\n"}
    laboratory.land(narrow_spec(source=source), FIRST)
    assert versions(laboratory) == [(1,)]


def test_a_customer_who_leaves_the_condition_is_deleted(laboratory):
    spec = narrow_spec(source={"where": "value > 0"})
    rows = [(i, f"{DAY}T10:00Z", 1) for i in range(1, 5)]
    laboratory.fill("customers", NARROW.format("integer"), rows)
    laboratory.land(spec, FIRST)
    laboratory.query(
        "update customers set value = -1, updated_at = '2026-02-01T10:00Z' where customer_id = 2",
        source=True,
    )
    laboratory.land(spec, SECOND)
    assert versions(laboratory, "is_deleted", where="customer_id = 2") == [(2, False), (2, True)]


def test_row_limit(laboratory, caplog):
    laboratory.fill("customers", CUSTOMERS, people(40))
    laboratory.environment["KINDRED_ROW_LIMIT"] = "25"
    laboratory.land(make_spec(source={"deletes": "ignore"}), FIRST)
    assert len(versions(laboratory)) == 25
    assert "KINDRED_ROW_LIMIT: at most 25 rows are landed" in caplog.text


def test_a_view_with_other_names_can_be_the_source(laboratory):
    laboratory.query('create schema "Sales"', source=True)
    laboratory.query(
        """
        create view "Sales"."Clients" as
        select 7 as "Client No", timestamptz '2026-01-10T10:00Z' as "Changed", 3 as "a ""B"" c"
        """,
        source=True,
    )
    source = {"table": "Sales.Clients", "key": "Client No", "updated_at": "Changed"}
    laboratory.land(make_spec(source=source, features={'a "B" c': "numeric"}, labels=[]), FIRST)
    assert versions(laboratory, '"a ""B"" c"') == [(7, 3)]


def test_a_source_that_fails_half_way_leaves_nothing(laboratory):
    query = """
        select i as customer_id, timestamptz '2026-01-10T10:00Z' as updated_at,
          1 / (500 - i) as value
        from generate_series(1, 1000) as i
    """
    with pytest.raises(PreflightError, match="division by zero"):
        laboratory.land(narrow_spec(source={"table": None, "query": query}), FIRST)
    assert versions(laboratory) == []
    assert laboratory.query("select relname from pg_class where relname like 'landing%'") == []
    assert windows(laboratory) == []


def test_a_warehouse_that_fails_half_way_stops_the_source(laboratory, monkeypatch):
    rows = "select i as customer_id, timestamptz '2026-01-10T10:00Z' as updated_at, i as value"
    query = f"{rows} from generate_series(1, 100000) as i"
    spec = narrow_spec(source={"table": None, "query": query})

    def fail(database, table, columns, source):
        source.read(1000)
        raise errors.DiskFull("no space left on device")

    monkeypatch.setattr(Database, "copy_in", fail)
    with pytest.raises(errors.DiskFull):
        laboratory.land(spec, FIRST)
    assert [thread.name for thread in threading.enumerate() if thread.name == "copy-out"] == []
    monkeypatch.undo()
    assert laboratory.land(spec, FIRST).build.facts["customers"] == 100_000
