"""From source rows to the history: what is kept, and what is refused and why."""

import pytest

from integration.narrow_source import DAY, FIRST, NARROW, SECOND, THIRD, narrow_spec, versions
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.errors import GateError


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


@pytest.mark.texts
def test_too_long_keys_are_refused(laboratory):
    keys = ["é" * 127, "x" * 255, "x" * 256, "é" * 150, ""]
    laboratory.fill(
        "customers",
        "customer_id text, updated_at timestamptz, value integer",
        [(key, f"{DAY}T10:00Z", i) for i, key in enumerate(keys)],
    )
    laboratory.land(narrow_spec(), FIRST)
    assert [key for (key,) in versions(laboratory)] == ["x" * 255, "é" * 127]
    reason = "customer_id: longer than 255 bytes"
    assert laboratory.rejected() == [
        ("", "customer_id: blank"),
        ("x" * 256, reason),
        ("é" * 150, reason),
    ]


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
    # A source of one row per customer was first read long after both.
    assert laboratory.query("select distinct history from bi.snapshots") == [("reconstructed",)]


def test_too_many_rows_without_a_time_are_stopped_by_the_gate(laboratory):
    undated = [(900 + i, None, 1.0, 30, True, "CA", False) for i in range(30)]
    laboratory.fill("customers", CUSTOMERS, people(60) + undated)
    with pytest.raises(GateError, match=r"30 of 90 rows were rejected for want of a time.* 20\.0%"):
        laboratory.run(make_spec(), FIRST)
    spec = make_spec(gates={"max_rejected_share": 0.5})
    assert laboratory.run(spec, FIRST).build.state == "published"


def test_too_many_refused_rows_of_a_window_are_stopped_by_the_gate(laboratory):
    laboratory.fill("customers", CUSTOMERS, people(60))
    laboratory.run(make_spec(), FIRST)
    newer = people(10, first="2026-02-01T12:00", days=1)
    bad = [(*row[:2], float("nan"), *row[3:]) for row in newer[:4]]
    laboratory.append("customers", bad + newer[4:])
    with pytest.raises(GateError, match=r"4 of 10 rows of the window were rejected.* 20\.0%"):
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
