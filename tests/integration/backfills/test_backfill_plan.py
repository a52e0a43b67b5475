"""What a backfill would do, and the dates of one that computes its last date only."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.backfills.backfill_plan import plan_backfill
from kindred.backfills.backfill_report import print_plan
from kindred.run.latest_only import Snapshots
from kindred.run.windows import windows_between
from local.failures import RunFailedError
from local.report import read_report

SPEC = make_spec(source={"history": "versions"})
FIRST, SECOND, THIRD = "2026-01-20T02:00", "2026-01-21T02:00", "2026-01-22T02:00"
DAYS = ("2026-01-20", "2026-01-22")


def plan(laboratory, choice=Snapshots.ALL, spec=SPEC, days=DAYS):
    windows = windows_between(spec.schedule, *days, now=datetime.now(UTC))
    return plan_backfill(laboratory.deployment, spec, windows, choice)


def of(plan, *names):
    return [tuple(getattr(date, name) for name in names) for date in plan.dates]


def states(laboratory):
    return laboratory.query(
        "select status, customers, rows_landed, lookalikes from bi.snapshots order by as_of"
    )


@pytest.fixture
def shop(laboratory):
    """400 customers, 300 of them before the first date, 50 in each night after."""
    rows = [list(row) for row in people(400)]
    for number, row in enumerate(rows):
        day = 10 if number < 300 else 20 + (number - 300) // 50
        row[1] = datetime(2026, 1, day, 12, tzinfo=UTC)
    laboratory.fill("customers", COLUMNS, [tuple(row) for row in rows])
    laboratory.query("analyze customers", source=True)
    return laboratory


@pytest.mark.bare
def test_a_space_that_was_never_run(shop):
    found = plan(shop)
    assert [date.window.as_of for date in found.dates] == [*map(moment, (FIRST, SECOND, THIRD))]
    columns = ("status", "customers", "has_landed", "encoder_version", "seconds", "megabytes")
    assert of(found, *columns) == [(None, 0, False, None, None, None)] * 3
    assert (found.source_rows, found.seconds, found.megabytes) == (400, None, None)
    assert found.lacks_encoder
    assert shop.query("select to_regnamespace('kindred')") == [(None,)], "a plan changes nothing"


def test_a_plan_goes_by_what_a_snapshot_took(shop):
    shop.run(SPEC, FIRST)
    found = plan(shop)
    assert of(found, "status", "customers", "has_landed", "encoder_version") == [
        ("published", 300, True, 1),
        (None, 300, False, 1),
        (None, 300, False, 1),
    ]
    [(took,)] = shop.query(
        "select sum(value::numeric)::float from bi.snapshots, jsonb_each_text(stage_seconds)"
    )
    [(size,)] = shop.query(
        "select sum(pg_total_relation_size(inhrelid))::float from pg_inherits"
        " where inhparent in ('kindred.customer_lookalikes'::regclass,"
        " 'kindred.customer_clusters'::regclass, 'kindred.customer_map'::regclass)"
    )
    # Where rows are still to come, all rows of the source are reckoned with.
    seconds, megabytes = zip(*of(found, "seconds", "megabytes"), strict=True)
    assert seconds == pytest.approx([took, took * 4 / 3, took * 4 / 3])
    assert megabytes == pytest.approx([size / 2**20, size * 4 / 3 / 2**20, size * 4 / 3 / 2**20])
    assert found.seconds == pytest.approx(took * 11 / 3)
    assert found.megabytes == pytest.approx(size * 8 / 3 / 2**20), "the first is there already"
    assert not found.lacks_encoder

    latest = plan(shop, Snapshots.LATEST_ONLY)
    assert [date.is_computed for date in latest.dates] == [False, False, True]
    assert latest.dates[1].megabytes == 0
    assert 0 < latest.dates[1].seconds < found.dates[1].seconds
    assert latest.dates[2] == found.dates[2]
    assert plan(shop, spec=make_spec(features={"age": "numeric"})).lacks_encoder, "other features"


def test_dates_that_only_land(shop):
    shop.fit(SPEC, THIRD)
    everything = plan(shop)
    assert of(everything, "customers", "has_landed") == [(300, True), (350, True), (400, True)]
    for as_of in (FIRST, SECOND):
        run = shop.run(SPEC, as_of, only_lands=True, may_fit=False)
        assert run.build.state == "landed"
    assert states(shop) == [("landed", 300, 0, None), ("landed", 350, 50, None)]
    assert shop.query("select as_of from kindred.current_snapshot") == [(None,)]
    shop.run(SPEC, THIRD)
    assert shop.query("select count(*) from kindred.customer_lookalikes") == [(2000,)]
    assert of(plan(shop), "status") == [("landed",), ("landed",), ("published",)]
    leftovers = "select relname from pg_class where relname ~ '^landing_|_next$'"
    assert shop.query(leftovers) == []

    # Later they are computed after all, as if they had never been left out.
    for as_of in (SECOND, FIRST):
        assert shop.run(SPEC, as_of).build.state == "published"
    assert [row[:2] for row in states(shop)] == [
        ("published", 300),
        ("published", 350),
        ("published", 400),
    ]
    assert shop.query("select as_of from kindred.current_snapshot") == [(moment(THIRD),)]

    before = shop.hashes()
    shop.run(SPEC, FIRST, only_lands=True)
    assert states(shop)[0][:2] == ("published", 300), "what is published stays so"
    assert shop.hashes() == before


def test_a_date_without_customers_is_empty_whoever_computes(shop):
    run = shop.run(SPEC, "2026-01-05T02:00", only_lands=True)
    assert run.build.state == "empty"
    assert states(shop) == [("empty", 0, 0, 0)]


def test_a_backfill_of_nothing_says_so(laboratory):
    laboratory.fill("customers", COLUMNS, people(40))
    undated = make_spec(source={"updated_at": "none"}, clustering={"algorithms": ["kmeans"]})
    for spec, days, empty in (
        (undated, DAYS, [True, True, False]),  # the fit lands all rows as of the last date
        (SPEC, ("2025-12-30", "2026-01-01"), [True, True, True]),
        (SPEC, ("2026-01-01", "2026-01-03"), [True, False, False]),  # the first is of 1 January
    ):
        assert [date.is_empty for date in plan(laboratory, spec=spec, days=days).dates] == empty
    laboratory.run(undated, THIRD)
    past = ("2026-01-20", "2026-01-21")
    found = plan(laboratory, spec=undated, days=past)
    assert found.is_nothing
    printed = io.StringIO()
    print_plan(Console(file=printed, width=200), found)
    for words in (
        "2 dates, 0 computed",
        "2 dates end empty: no customer is known before 2026-01-21T02:00:00+00:00",
        "with 'updated_at: none' a run sees the present only",
        "there is nothing to compute",
    ):
        assert words in printed.getvalue()
    assert "airflow backfill" not in printed.getvalue()

    for as_of in (FIRST, SECOND):
        laboratory.run(undated, as_of)
    dates = [moment(FIRST), moment(SECOND)]
    with pytest.raises(RunFailedError, match=r"no snapshot was made: 2 dates ended empty"):
        read_report(laboratory.warehouse_dsn, undated, dates)
    report = read_report(laboratory.warehouse_dsn, undated, [*dates, moment(THIRD)])
    last = report.last_line(1)
    assert last.startswith("KINDRED OK snapshots=1 customers=40 ")
    assert last.endswith(" empty=2 seconds=1")
