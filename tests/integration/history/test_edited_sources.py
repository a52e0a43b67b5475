"""A spec whose source is not last night's: everything is read anew, or the run is refused."""

import io
import logging
from datetime import UTC, datetime

import pytest
from rich.console import Console

from integration.narrow_source import DAY, FIRST, NARROW, SECOND, THIRD, narrow_spec, versions
from integration.reader_shop import findings
from kindred.backfills.backfill_plan import plan_backfill
from kindred.backfills.backfill_report import print_plan
from kindred.errors import PreflightError
from kindred.run.findings import Outcome
from kindred.run.latest_only import Snapshots
from kindred.run.windows import windows_between

FOURTH = "2026-02-04T02:00"
PAST = "updated_at < '2026-02-01T02:00Z'"
TWICE = {
    "table": None,
    "query": "select customer_id, updated_at, 2 * value as value, age, id from customers",
}
GAINED = narrow_spec(features={"value": "numeric", "age": "numeric"})


@pytest.fixture
def shop(laboratory):
    """Four customers of long ago, one of yesterday; the first has no value."""
    rows = [(i, f"{DAY}T10:00Z", float(i) if i else None, 10 * i, 9 - i) for i in range(4)]
    wide = NARROW.format("double precision, age integer, id bigint")
    laboratory.fill("customers", wide, [*rows, (4, "2026-01-31T20:00Z", 4.0, 40, 5)])
    laboratory.query("create view other as select * from customers", source=True)
    laboratory.land(narrow_spec(), FIRST)
    return laboratory


def in_force(shop, column="value"):
    return dict(
        shop.query(
            f"select distinct on (customer_id) customer_id, {column} from kindred.customer_versions"  # noqa: S608
            " where not is_deleted order by 1, updated_at desc"
        )
    )


def definitions(shop, name):
    return [
        value
        for (value,) in shop.query(
            "select source_definition ->> %s from kindred.extracted_windows order by window_end",
            [name],
        )
    ]


def told(spec, shop):
    """What doctor warns of, and the plan of a backfill that begins on a known date."""
    warned = [message for outcome, message in findings(shop, "source", spec) if outcome != "ok"]
    windows = windows_between(spec.schedule, FIRST, SECOND, now=datetime.now(UTC))
    plan = plan_backfill(shop.deployment, spec, windows, Snapshots.ALL)
    output = io.StringIO()
    print_plan(Console(file=output, width=200), plan)
    return warned, output.getvalue()


def test_another_query_brings_everybody_and_changes_no_earlier_date(shop, caplog):
    before, spec = versions(shop, "updated_at", "value"), narrow_spec(source=TWICE)
    shop.land(spec, FIRST)
    assert versions(shop, "updated_at", "value") == before, "a known window is left alone"
    (warning,), plan = told(spec, shop)
    assert "(source.table, source.query): every row of the source is read anew" in warning
    assert warning in plan
    caplog.set_level(logging.INFO)
    shop.land(spec, SECOND)
    assert warning in caplog.messages
    assert "read anew: 4 customers differ from what had landed, or are new" in caplog.messages
    assert in_force(shop) == {0: None, 1: 2.0, 2: 4.0, 3: 6.0, 4: 8.0}
    assert versions(shop, "updated_at", "value", where=PAST) == before
    assert (told(spec, shop)[0], shop.rejected()) == ([], [])
    known = versions(shop, "updated_at", "value")
    for _ in range(2):  # what the overlap reads again collapses, and so does everything
        shop.land(spec, THIRD, full_extract=True)
        assert (versions(shop, "updated_at", "value"), shop.rejected()) == (known, [])
    shop.land(narrow_spec(), FOURTH)
    assert in_force(shop) == {0: None, 1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}, "and back again"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"table": "other"}, {0, 1, 2, 3, 4, 7}),
        ({"where": "customer_id <> 2"}, {0, 1, 3, 4, 7}),
        ({"source_timezone": "Asia/Tokyo"}, {0, 1, 2, 3, 4, 7}),
    ],
)
def test_values_that_are_the_same_collapse(shop, source, expected):
    before = versions(shop, "updated_at", "value")
    shop.append("customers", [(7, f"{DAY}T11:00Z", 7.0, 70, 2)])
    spec = narrow_spec(source=source)
    for as_of in (SECOND, THIRD):
        shop.land(spec, as_of)
        assert set(in_force(shop)) >= expected
        assert versions(shop, "updated_at", "value", where=PAST) == before
        assert len(versions(shop)) == len(before) + 1 + (len(expected) < 6), "one new, one gone"
    assert shop.rejected() == []


def test_a_source_of_versions_keeps_its_past(shop):
    shop.query("drop view other; delete from customers", source=True)
    shop.append("customers", [(1, f"2026-01-{day}T10:00Z", float(day), 1, 1) for day in (11, 12)])
    spec = narrow_spec(source={"history": "versions"})
    for as_of in (SECOND, THIRD):  # by what the fixture has landed, both rows are late
        shop.land(spec, as_of, full_extract=True)
    before = versions(shop, "updated_at", "value")
    shop.land(narrow_spec(source={"history": "versions", **TWICE}), FOURTH)
    after = versions(shop, "updated_at", "value")
    [added] = [row for row in after if row not in before]
    assert (added[0], added[2], set(before) < set(after)) == (1, 24.0, True)
    assert shop.rejected() == []


def test_a_column_that_the_spec_gains_is_filled_at_once_and_a_lost_one_is_nothing(shop):
    assert "(column 'age')" in told(GAINED, shop)[0][0]
    shop.land(GAINED, SECOND)
    assert in_force(shop, "age") == {i: 10 * i for i in range(5)}
    assert len(versions(shop)) == 5
    assert told(narrow_spec(), shop)[0] == []


def test_the_ids_of_another_column_are_refused(shop):
    spec = narrow_spec(source={"key": "id"})
    [(outcome, message)] = [f for f in findings(shop, "source", spec) if f[0] != "ok"]
    assert outcome is Outcome.FAILURE
    before = shop.hashes()
    for as_of, full_extract in ((FIRST, False), (FIRST, True), (SECOND, False)):
        with pytest.raises(PreflightError, match=r"a space of their own.*full_extract"):
            shop.land(spec, as_of, full_extract=full_extract)
    assert (shop.hashes(), message in told(spec, shop)[1]) == (before, True)
    shop.query(
        "drop view other; alter table customers drop id; alter table customers"
        " rename customer_id to id",
        source=True,
    )
    shop.land(spec, SECOND, full_extract=True)
    assert shop.hashes() == before, "they are the same customers"
    shop.land(spec, THIRD)
    assert definitions(shop, "key") == ["customer_id", "id", "id"]


def test_an_earlier_release_recorded_nothing_and_no_older_date_decides(shop):
    shop.query("update kindred.extracted_windows set source_definition = null")
    spec = narrow_spec(source=TWICE)
    shop.land(spec, SECOND)
    assert in_force(shop)[1] == 1.0, "nothing is read anew"
    assert definitions(shop, "query") == [None, TWICE["query"]]
    shop.land(narrow_spec(), FIRST, full_extract=True)
    assert definitions(shop, "query") == [None, TWICE["query"]]
    assert told(spec, shop)[0] == []
    shop.fit(narrow_spec(), THIRD)
    assert in_force(shop)[4] == 4.0
    assert definitions(shop, "table") == [None, None, "customers"], "a fit lands a window"
