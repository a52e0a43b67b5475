"""Customers whom no window brings: found by their keys, landed at the end of the newest window."""

from datetime import timedelta

import pytest

from integration.narrow_source import narrow_spec, versions
from integration.warehouse import moment
from kindred.erasure.task import erase, request_erasure
from kindred.errors import GateError
from kindred.history import reconciliation
from kindred.preparation.doctor import examine
from kindred.tasks import run_task

OLD = "2024-05-06 10:00Z"
COLUMNS = "customer_id {}, updated_at timestamptz, value float8, gone boolean, country text"
KINDS = {"keys": {}, "versions": {"history": "versions", "tombstone": "gone"}}


def night(number):
    return f"2026-02-{number:02d}T02:00"


def stamp(number):
    return moment(night(number)) - timedelta(microseconds=1)


def spec_of(source=None, **gates):
    return narrow_spec(source={"overlap_hours": 0} | (source or {}), gates=gates)


def row(key, updated_at=OLD, value=1.0, gone=False, country="FR"):
    return (key, updated_at, value, gone, country)


def told(laboratory, number):
    """What BI is told of a night: customers in the source, missing, in the future."""
    return laboratory.query(
        "select source_customers, missing_customers, future_customers from bi.snapshots"
        " where as_of = %s",
        [moment(night(number))],
    )[0]


def customers(laboratory, number):
    return laboratory.query(
        "select customers from bi.snapshots where as_of = %s", [moment(night(number))]
    )[0][0]


@pytest.fixture
def shop(laboratory):
    """Twenty customers whom a first night has landed."""
    laboratory.fill("customers", COLUMNS.format("integer"), [row(i, value=i) for i in range(1, 21)])
    return laboratory


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
def test_customers_imported_with_an_old_time_land_in_the_newest_window(shop, source):
    spec = spec_of(source)
    shop.land(spec, night(1))
    shop.append("customers", [row(i, value=i) for i in range(101, 106)])
    if "tombstone" in source:
        shop.append("customers", [row(200, gone=True)])
    shop.append("customers", [row(300, "2026-02-02 02:00Z"), row(300, "2027-01-01 00:00Z")])
    shop.append("customers", [row(301, None), row(302, "infinity"), row(None)])
    shop.land(spec, night(2))
    assert customers(shop, 2) == 25
    assert told(shop, 2) == (28, 5, 1)
    found = versions(shop, "updated_at", "value", where="customer_id > 100")
    assert found == [(i, stamp(2), float(i)) for i in range(101, 106)]
    kept = shop.query("select * from kindred.reconciled_versions order by 1")
    assert kept == [(i, stamp(2), moment("2024-05-06T10:00")) for i in range(101, 106)]
    assert {key for key, _ in shop.rejected()} == {"301", "302", None}


def test_equal_counts_prove_nothing_so_keys_are_read_once_a_week(shop):
    spec = spec_of({"deletes": "ignore"})
    shop.land(spec, night(1))
    shop.query("delete from customers where customer_id = 1", source=True)
    shop.append("customers", [row(101)])
    shop.land(spec, night(7))
    assert told(shop, 7) == (20, None, 0)
    shop.land(spec, night(8))
    assert told(shop, 8) == (20, 1, 0)
    assert versions(shop, "updated_at", where="customer_id = 101") == [(101, stamp(8))]
    late = row(102, "2026-02-08 01:59:30Z")  # committed after its window had landed
    shop.query("delete from customers where customer_id = 2", source=True)
    shop.append("customers", [late])
    shop.land(spec, night(9))
    assert told(shop, 9) == (20, 1, 0), "the newest time is one that has not landed"


def test_rows_that_land_otherwise_or_never_may_are_not_missing(shop):
    """Rejected now or before, in the window, tombstoned later, or committed while it is read."""
    spec = spec_of({"history": "versions", "tombstone": "gone", "deletes": "compare_keys"})
    shop.land(spec, night(1))
    new = "2026-02-01 12:00Z"
    shop.append("customers", [row(101, value="NaN"), row(102), row(102, value=2.0)])
    shop.append("customers", [row(103), row(103, "2025-01-01 00:00Z", gone=True)])
    shop.append("customers", [row(104, value=4.0), row(104, "2024-12-01 00:00Z", value=5.0)])
    shop.append("customers", [row(105), row(105, new, value="NaN"), row(106, new), row(107, new)])
    shop.land(spec, night(2))
    assert told(shop, 2) == (26, 3, 0)
    found = versions(shop, "updated_at", "value", where="customer_id > 100")
    arrived = moment("2026-02-01T12:00")
    assert found == [(104, stamp(2), 5.0), (106, arrived, 1.0), (107, arrived, 1.0)]
    rejected = shop.rejected()
    assert {key for key, _ in rejected} == {"101", "102", "105"}
    shop.land(spec, night(3))
    assert told(shop, 3) == (26, 0, 0), "rejected once is rejected"
    assert shop.rejected() == rejected


def test_too_many_missing_customers_stop_the_night_before_anything_lands(shop):
    shop.land(spec_of(), night(1))
    before = shop.hashes()
    shop.append("customers", [row(i) for i in range(101, 106)])
    with pytest.raises(GateError, match=r"5 of 25 .* gates\.max_missing_share = 0\.19 allows"):
        shop.land(spec_of(max_missing_share=0.19), night(2))
    assert shop.hashes() == before
    assert told(shop, 2) == (25, None, 0)
    shop.land(spec_of(max_missing_share=0.2), night(2))
    assert (told(shop, 2), customers(shop, 2)) == ((25, 5, 0), 25)
    before = shop.hashes()
    for number, found in ((1, (20, 0, 0)), (2, (25, 5, 0))):
        shop.land(spec_of(), night(number))
        assert customers(shop, number) == found[0], "no earlier snapshot changes"
        assert told(shop, number) == found, "what was counted then"
    assert shop.hashes() == before


def test_backfills_and_dates_that_are_not_the_newest_land_no_missing_customer(shop):
    shop.fit(spec_of(), night(2))
    shop.append("customers", [row(101)])
    shop.land(spec_of(), night(1))
    assert told(shop, 1) == (None, None, None)
    shop.land(spec_of(), night(3), may_fit=False)
    assert told(shop, 3) == (None, None, None)
    assert versions(shop, where="customer_id > 100") == []
    shop.land(spec_of(), night(4))
    assert versions(shop, "updated_at", where="customer_id > 100") == [(101, stamp(4))]


def test_who_leaves_the_condition_is_gone_by_the_rule_of_deletes(shop):
    """And who satisfies a wider one lands, though the rows are old: all are read anew."""
    condition = {"where": "country like 'F%' -- home"}
    shop.append("customers", [row(101, country="DE"), row(102, country="DE")])
    shop.land(spec_of(condition), night(1))
    assert customers(shop, 1) == 20
    shop.query("update customers set country = 'DE' where customer_id = 1", source=True)
    shop.land(spec_of(condition | {"deletes": "ignore"}), night(2))
    assert customers(shop, 2) == 20
    shop.land(spec_of(condition), night(3))
    assert versions(shop, "updated_at", where="is_deleted") == [(1, stamp(3))]
    assert (customers(shop, 3), told(shop, 3)) == (19, (19, 0, 0))
    shop.land(spec_of({"where": "country in ('FR', 'DE')"}), night(4))
    assert (customers(shop, 4), told(shop, 4)) == (22, (22, 0, 0))


@pytest.mark.bare
@pytest.mark.parametrize(
    ("key", "old", "erased", "missing"),
    [
        pytest.param(
            *("text", "a", "é 'O\"{,}\\ %s", ['x"y,{}', "NULL", "'"]), marks=pytest.mark.texts
        ),
        ("uuid", f"{1:032x}", f"{2:032x}", [f"{3:032x}", f"{4:032X}"]),
    ],
)
def test_erased_customers_never_land_and_keys_of_every_kind_do(
    laboratory, monkeypatch, key, old, erased, missing
):
    monkeypatch.setenv("KINDRED_ERASURE_KEY", "s" * 64)
    monkeypatch.setattr(reconciliation, "KEYS_PER_QUERY", 1)  # several queries, of one key each
    spec = spec_of({"deletes": "ignore"}, max_missing_share=1.0)
    laboratory.fill("customers", COLUMNS.format(key), [row(old), row(erased)])
    laboratory.land(spec, night(1))
    asked = request_erasure(laboratory.deployment, "default", str(erased))
    erase(laboratory.deployment, "default", asked)
    laboratory.append("customers", [row(new) for new in missing])
    laboratory.land(spec, night(8))
    assert told(laboratory, 8) == (2 + len(missing), len(missing), 0)
    found = laboratory.query("select customer_id::text from kindred.reconciled_versions")
    known = laboratory.query("select count(*) from kindred.customer_versions")
    assert len(found) == len(missing) == known[0][0] - 1
    asked = request_erasure(laboratory.deployment, "default", str(missing[0]))
    assert erase(laboratory.deployment, "default", asked)["rows"]["reconciled_versions"] == 1


def test_keys_and_rows_are_of_one_moment_and_another_run_may_land_first(shop, monkeypatch):
    """The source changes while it is read; what lands meanwhile is not landed twice."""
    spec = spec_of()
    shop.land(spec, night(1))
    shop.append("customers", [row(101, value=5.0)])
    copy_rows = reconciliation.SourceKeys.copy_rows

    def change_and_copy(keys, *arguments):
        shop.query("update customers set value = 6, updated_at = '2026-02-01Z'", source=True)
        shop.query("delete from customers where customer_id < 101", source=True)
        copy_rows(keys, *arguments)

    monkeypatch.setattr(reconciliation.SourceKeys, "copy_rows", change_and_copy)
    run = shop.begin(spec, night(2))
    run_task(run, "extract")
    monkeypatch.undo()
    for task in ("validate", "validate"):
        run_task(run, task)
    found = versions(shop, "updated_at", "value", where="customer_id > 100")
    assert found == [(101, stamp(2), 5.0)]
    assert versions(shop, where="is_deleted") == []
    assert told(shop, 2) == (21, 1, 0)

    shop.append("customers", [row(102)])
    run = shop.begin(spec_of(max_deleted_share=1.0), night(3))
    run_task(run, "extract")
    shop.query("insert into kindred.customer_versions values (102, '2024-05-06 10:00Z', false, 1)")
    run_task(run, "validate")
    assert versions(shop, where="customer_id = 102") == [(102,)]
    found = versions(shop, "updated_at", "value", where="customer_id = 101")
    assert found == [(101, stamp(2), 5.0), (101, stamp(3), 6.0)], "the change of then"
    assert told(shop, 3) == (2, 1, 0)


def test_a_row_that_was_restored_lands_if_it_says_something_else(shop):
    """A table with one row per customer is the truth; one of versions may have lost the newest."""
    earlier, spec = "2024-01-01T10:00", spec_of({"deletes": "ignore"})
    shop.land(spec, night(1))
    restored = "update customers set updated_at = %s where customer_id < 4"
    shop.query(restored, [earlier], source=True)
    shop.query("update customers set value = 100 where customer_id = 1", source=True)
    shop.query("update customers set value = 'NaN' where customer_id = 2", source=True)
    of_versions = spec_of({"history": "versions", "deletes": "compare_keys"})
    shop.land(of_versions, night(2))
    assert told(shop, 2) == (20, 0, 0)
    shop.land(spec, night(9))
    assert told(shop, 9) == (20, 2, 0)
    assert versions(shop, "value", where="updated_at > '2026-01-01'") == [(1, 100.0)]
    assert [key for key, _ in shop.rejected()] == ["2"]
    kept = shop.query(
        "select customer_id, source_updated_at::text from kindred.reconciled_versions"
    )
    assert sorted(kept) == [(key, "2024-01-01 10:00:00+00") for key in (1, 3)]
    shop.land(spec, night(16))
    assert told(shop, 16)[1] == 0, "what is known is not read again"


def test_a_source_without_times_has_nobody_missing(shop):
    spec = spec_of({"updated_at": "none"})
    shop.land(spec, night(1))
    shop.append("customers", [row(101), row(102, value="NaN")])
    shop.land(spec, night(2))
    assert (customers(shop, 2), told(shop, 2)) == (21, (22, 0, 0))


def test_doctor_counts_customers_and_warns_of_those_in_the_future(shop, monkeypatch):
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(shop.artefacts))
    dsns = {"kindred_source": shop.source_dsn, "kindred_warehouse": shop.warehouse_dsn}

    def told_of(spec):
        (finding,) = (
            found
            for found in examine(dsns.__getitem__, "default", lambda _: spec)
            if found.check in ("customers", "connections")
        )
        return finding.outcome, finding.message

    assert told_of(spec_of()) == ("ok", "20 customers are in the source")
    shop.append("customers", [row(101, "9999-12-31Z"), row(102, "infinity")])
    outcome, message = told_of(spec_of())
    assert outcome == "warning"
    assert "1 of 22 customers in the source" in message
    assert "in no snapshot before that time" in message
    outcome, message = told_of(spec_of({"where": "1 / (customer_id - 101) > 0"}))
    assert (outcome, "division by zero" in message) == ("failure", True)
