"""From source rows to the history: what is kept, what is refused and why, and what is deleted."""

import threading
from datetime import timedelta

import pytest
from psycopg2 import errors

from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.errors import DataError, GateError, PreflightError
from kindred.store.database import Database

DAY = "2026-01-10"
FIRST, SECOND, THIRD = "2026-02-01T02:00", "2026-02-02T02:00", "2026-02-03T02:00"
NARROW = "customer_id bigint, updated_at timestamptz, value {}"


def narrow_spec(kind="numeric", **changes):
    """A spec of one column."""
    return make_spec(**{"features": {"value": kind}, "labels": []} | changes)


def versions(laboratory, *columns, where="true"):
    """Customers with some columns of their versions, oldest first."""
    names = ", ".join(("customer_id", *columns))
    query = f"select {names} from kindred.customer_versions where {where} order by 1, updated_at"  # noqa: S608
    return laboratory.query(query)


def windows(laboratory):
    return laboratory.query(
        "select window_start::text, window_end from kindred.extracted_windows order by window_end"
    )


@pytest.fixture(scope="module")
def mixed(make_laboratory):
    """Good rows and bad ones of every kind that the key and the time can have."""
    laboratory = make_laboratory()
    laboratory.fill(
        "customers",
        NARROW.format("double precision"),
        [
            (1, f"{DAY}T10:00Z", 1.0),
            (None, f"{DAY}T10:00Z", 2.0),
            (3, None, 3.0),
            (4, "infinity", 4.0),
            (5, "-infinity", 5.0),
            (6, f"{DAY}T10:00Z", 6.0),  # two rows, one of which must be wrong
            (6, f"{DAY}T10:00Z", 6.5),
            (6, f"{DAY}T09:00Z", 5.5),
            (7, f"{DAY}T10:00Z", 7.0),  # the same row three times
            (7, f"{DAY}T10:00Z", 7.0),
            (7, f"{DAY}T10:00Z", 7.0),
            (8, f"{DAY}T10:00Z", "NaN"),
            (9, f"{DAY}T10:00Z", "Infinity"),
            (10, f"{DAY}T10:00Z", 1e300),
            (11, f"{DAY}T10:00Z", -1e37),
            (12, f"{DAY}T10:00Z", None),
            (13, "2026-02-01T02:00Z", 13.0),  # the next night's
            (14, "2026-02-01T01:59:59.999999Z", 14.0),
            (None, None, "NaN"),
            (15, f"{DAY}T08:00Z", 15.0),  # a good row, then a newer one that is not
            (15, f"{DAY}T11:00Z", "-Infinity"),
        ],
    )
    laboratory.land(narrow_spec(), FIRST)
    return laboratory


def test_good_rows_become_versions(mixed):
    found = versions(mixed, "value", where="updated_at < '2026-02-01 02:00Z'")
    assert found == [
        (1, 1.0),
        (6, 5.5),
        (7, 7.0),
        (11, -1e37),
        (12, None),
        (14, 14.0),
        (15, 15.0),
    ]


def test_bad_rows_are_kept_with_all_their_reasons(mixed):
    outside = "value: not a finite number between -1e37 and 1e37"
    different = "different rows with the same customer_id and updated_at"
    assert mixed.rejected() == [
        ("10", outside),
        ("15", outside),
        ("3", "updated_at: null"),
        ("4", "updated_at: infinite"),
        ("5", "updated_at: infinite"),
        ("6", different),
        ("6", different),
        ("8", outside),
        ("9", outside),
        (None, "customer_id: null"),
        (None, f"customer_id: null; updated_at: null; {outside}"),
    ]
    (raw,) = mixed.query("select raw from kindred.rejected_rows where customer_id = '15'")
    assert raw[0]["value"] in ("-Infinity", float("-inf"))
    assert mixed.query("select count(*) from bi.rejected_rows") == [(11,)]


def test_counts_of_the_window(mixed):
    counts = "rows_read, rows_landed, rows_rejected"
    found = mixed.query(f"select {counts} from kindred.extracted_windows")  # noqa: S608
    assert found == [(20, 9, 11)]


def test_rows_without_a_time_are_refused_once_and_never_lost(mixed):
    before = mixed.rejected()
    mixed.land(narrow_spec(), SECOND)
    assert mixed.rejected() == before
    mixed.append("customers", [(20, "infinity", 1.0), (21, None, 1.0)])
    mixed.land(narrow_spec(), THIRD)
    assert set(mixed.rejected()) - set(before) == {
        ("20", "updated_at: infinite"),
        ("21", "updated_at: null"),
    }
    assert versions(mixed, where="customer_id in (13, 20, 21)") == [(13,)]


def test_labels_may_have_types_without_equality(laboratory):
    definition = "customer_id bigint, updated_at timestamptz, value float8, details json"
    rows = [(i, f"{DAY}T10:00Z", float(i), '{"a": 1}') for i in range(1, 20)]
    rows += [(20, f"{DAY}T10:00Z", "NaN", '{"a": 2}'), (20, f"{DAY}T10:00Z", "NaN", '{"a": 2}')]
    laboratory.fill("customers", definition, rows)
    laboratory.land(narrow_spec(labels=["details"]), FIRST)
    assert len(versions(laboratory)) == 19
    assert [key for key, _ in laboratory.rejected()] == ["20"]


def test_too_long_keys_are_refused(laboratory):
    keys = ["é" * 127, "x" * 255, "x" * 256, "é" * 150, ""]
    laboratory.fill(
        "customers",
        "customer_id text, updated_at timestamptz, value integer",
        [(key, f"{DAY}T10:00Z", i) for i, key in enumerate(keys)],
    )
    laboratory.land(narrow_spec(), FIRST)
    assert [key for (key,) in versions(laboratory)] == ["", "x" * 255, "é" * 127]
    reason = "customer_id: longer than 255 bytes"
    assert laboratory.rejected() == [("x" * 256, reason), ("é" * 150, reason)]


def test_an_empty_window_is_a_valid_run(laboratory):
    rows = people(60)
    undated = [(900 + i, None, 1.0, 30, True, "CA", False) for i in range(5)]
    laboratory.fill("customers", CUSTOMERS, rows + undated)
    laboratory.run(make_spec(), FIRST)
    run = laboratory.run(make_spec(), SECOND)
    assert run.build.state == "published"
    found = laboratory.query(
        "select status, is_current, customers, rows_landed, rows_rejected from bi.snapshots"
        " order by as_of"
    )
    assert found == [("published", False, 60, 0, 5), ("published", True, 60, 0, 5)]


def test_too_many_rows_without_a_time_are_stopped_by_the_gate(laboratory):
    undated = [(900 + i, None, 1.0, 30, True, "CA", False) for i in range(30)]
    laboratory.fill("customers", CUSTOMERS, people(60) + undated)
    with pytest.raises(GateError, match=r"30 of 90 of all rows, for want of a time.* 20\.0%"):
        laboratory.run(make_spec(), FIRST)
    spec = make_spec(gates={"max_rejected_share": 0.5})
    assert laboratory.run(spec, FIRST).build.state == "published"


def test_too_many_refused_rows_of_a_window_are_stopped_by_the_gate(laboratory):
    laboratory.fill("customers", CUSTOMERS, people(60))
    laboratory.run(make_spec(), FIRST)
    newer = people(10, first="2026-02-01T12:00", days=1)
    bad = [(*row[:2], float("nan"), *row[3:]) for row in newer[:4]]
    laboratory.append("customers", bad + newer[4:])
    with pytest.raises(GateError, match=r"4 of 10 of the window's rows were refused.* 20\.0%"):
        laboratory.run(make_spec(source={"history": "versions"}), SECOND)
    assert laboratory.query("select as_of from kindred.current_snapshot") == [(moment(FIRST),)]
    statuses = laboratory.query("select status from bi.snapshots order by as_of")
    assert statuses == [("published",), ("building",)]


def test_an_empty_snapshot_leaves_current_alone(laboratory):
    spec = make_spec(source={"tombstone": "churned"}, labels=[])
    rows = [(*row[:6], False) for row in people(40)]
    laboratory.fill("customers", CUSTOMERS, rows)
    assert laboratory.run(spec, "2026-01-01T02:00").build.state == "empty", "before the first row"
    assert laboratory.query("select as_of from kindred.current_snapshot") == [(None,)]
    assert laboratory.query("select count(*) from bi.lookalikes_current") == [(0,)]
    laboratory.run(spec, FIRST)
    published = laboratory.hashes()
    laboratory.query(
        "update customers set churned = true, updated_at = '2026-02-01T12:00Z'", source=True
    )
    run = laboratory.run(spec, SECOND)
    assert run.build.state == "empty", "the newest of all"
    assert laboratory.query("select as_of from kindred.current_snapshot") == [(moment(FIRST),)]
    assert laboratory.query("select count(*) from bi.lookalikes_current") == [(200,)]
    same = ("customer_embeddings", "customer_lookalikes", "customer_clusters")
    assert {t: laboratory.hashes()[t] for t in same} == {t: published[t] for t in same}
    laboratory.query(
        "update customers set churned = false, updated_at = '2026-02-02T12:00Z'", source=True
    )
    assert laboratory.run(spec, THIRD).build.state == "published"
    columns = "status, is_current, customers"
    found = laboratory.query(f"select {columns} from bi.snapshots order by as_of")  # noqa: S608
    assert found == [
        ("empty", False, 0),
        ("published", False, 40),
        ("empty", False, 0),
        ("published", True, 40),
    ]
    assert laboratory.run(spec, SECOND).build.state == "empty", "again"
    assert laboratory.query("select as_of from kindred.current_snapshot") == [(moment(THIRD),)]


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
    for word in ("30 of 40 customers are gone", "gates.max_deleted_share = 0.5", "raise the gate"):
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


@pytest.mark.parametrize(
    ("column", "zone", "value", "expected"),
    [
        ("timestamp", "UTC", "2026-01-10 10:00", "2026-01-10T10:00"),
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


def test_history_of_current_rows_is_reconstructed(laboratory):
    laboratory.fill("customers", CUSTOMERS, people(40))
    laboratory.run(make_spec(), FIRST)
    assert laboratory.query("select history from bi.snapshots") == [("reconstructed",)]


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
    assert versions(laboratory, "value") == [(1, 1.0), (3, 3.0)], "their windows have landed"
    laboratory.land(spec, SECOND, full_extract=True)
    assert versions(laboratory, "value") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
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
    laboratory.run(spec, THIRD, full_extract=True)
    assert laboratory.rejected() == []
    found = versions(laboratory, "value", "age", where="customer_id >= 10")
    assert found == [(i, float(i), i % 7) for i in range(10, 40)], "full_extract fills it"


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
    with pytest.raises(errors.DivisionByZero):
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
