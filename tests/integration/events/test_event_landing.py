"""Events land by windows; what is read again adds what is new and withdraws what is gone."""

import pytest

from integration.events_shop import (
    FIRST_NIGHT,
    LAST_NIGHT,
    PURCHASES,
    customers,
    events_spec,
    in_force,
    open_shop,
    order_lines,
    shop_spec,
)
from integration.warehouse import make_spec, moment
from kindred.errors import DataError
from kindred.tasks import run_task

PLAIN = {"income": "numeric"}


def before(lines, as_of):
    """What is in force of the source's lines."""
    return sorted(
        (customer, at, str(item), float(price), float(quantity))
        for _, customer, at, item, price, quantity, _ in lines
        if at < moment(as_of)
    )


@pytest.fixture(scope="module")
def opened(make_laboratory):
    """A shop that has landed its first night, to be copied."""
    laboratory = make_laboratory()
    open_shop(laboratory)
    laboratory.land(shop_spec(), FIRST_NIGHT)
    return laboratory


@pytest.fixture
def shop(opened, copy_laboratory):
    return copy_laboratory(opened)


def windows(shop, *columns):
    text = "select {} from kindred.event_windows order by event, window_end"
    return shop.query(text.format(", ".join(columns)))


def change(shop, statement):
    shop.query(statement, source=True)


def source_lines(shop):
    return shop.query("table order_lines", source=True)


def test_windows_bring_each_event_once(shop):
    lines = order_lines()
    assert in_force(shop) == before(lines, FIRST_NIGHT)
    shop.land(shop_spec(), LAST_NIGHT)
    assert in_force(shop) == before(lines, LAST_NIGHT)
    first, second = len(before(lines, FIRST_NIGHT)), len(before(lines, LAST_NIGHT))
    assert windows(shop, "window_start::text", "window_end", "events_landed") == [
        ("-infinity", moment(FIRST_NIGHT), first),
        ("2026-04-01 02:00:00+00", moment(LAST_NIGHT), second - first),
    ]


def test_a_night_reads_its_window_and_days_that_differ(shop):
    change(shop, "delete from order_lines where line_id % 500 = 1")
    change(shop, "update order_lines set ordered_at = '2026-03-30T12:00' where line_id = 2")
    change(shop, "insert into order_lines values (90001, 7, '2026-01-20', 5, 12.5, 1, 'shop')")
    shop.land(shop_spec(), "2026-04-02T02:00")
    lines = source_lines(shop)
    recent = before(lines, "2026-04-02T02:00")
    # January is older than reconcile_days: its turn comes, one month a night.
    found = {row for row in in_force(shop) if row[1] >= moment("2026-02-24")}
    assert found == {row for row in recent if row[1] >= moment("2026-02-24")}
    shop.land(shop_spec(), "2026-04-03T02:00")
    assert in_force(shop) == before(lines, "2026-04-03T02:00")
    read = [row[0] for row in windows(shop, "events_read")]
    assert max(read[1:]) < read[0] / 2


def test_rows_that_were_loaded_late_are_found_by_their_loading_time(laboratory):
    open_shop(laboratory)
    change(laboratory, "alter table order_lines add loaded_at timestamptz default '2026-01-01'")
    spec = shop_spec(events={"loaded_at": "loaded_at"})
    laboratory.land(spec, FIRST_NIGHT)
    change(
        laboratory,
        "insert into order_lines values"
        " (90001, 7, '2025-06-20', 5, 12.5, 1, 'shop', '2026-04-01T05:00'),"
        " (90002, 7, '2026-02-20', 5, 12.5, 1, 'shop', '2025-01-01T05:00')",
    )
    laboratory.land(spec, "2026-04-02T02:00")
    arrived = {row[:2] for row in in_force(laboratory)}
    assert (7, moment("2025-06-20")) in arrived
    assert (7, moment("2026-02-20")) not in arrived  # it says that it was loaded long ago


def test_a_source_that_is_half_empty_stops_the_night(shop):
    change(shop, "delete from order_lines where ordered_at > '2026-03-01'")
    with pytest.raises(DataError, match=r"order_lines: of \d+ rows .* gone.*max_deleted_share"):
        shop.land(shop_spec(), "2026-04-02T02:00")
    assert in_force(shop) == before(order_lines(), FIRST_NIGHT)


def test_what_changes_marks_snapshots_stale(laboratory):
    open_shop(laboratory, people=customers(60), lines=order_lines(50))
    spec = shop_spec(features=PLAIN, clustering={"algorithms": ["kmeans"], "kmeans": {"k": 2}})
    laboratory.run(spec, FIRST_NIGHT)
    add = "insert into order_lines values ({}, {}, '{}', 5, {}, 1, '')"
    change(laboratory, add.format(90001, 7, "2026-03-31T20:00", 1))
    change(laboratory, add.format(90002, 8, "2026-03-31T20:00", 1))
    change(laboratory, add.format(90003, 999, "2026-03-31T20:00", 1))  # who is no customer
    change(laboratory, add.format(90004, 9, "2026-04-01T20:00", "'NaN'"))
    change(
        laboratory,
        "delete from order_lines where line_id = (select max(line_id) from order_lines"
        " where customer_id > 20 and ordered_at between '2026-03-10' and '2026-03-31')",
    )
    laboratory.land(spec, "2026-04-02T02:00")
    shown = laboratory.query(
        "select is_stale, late_customers, events_rejected, events_withdrawn, events_late"
        " from bi.snapshots order by as_of"
    )
    assert shown == [(True, 3, 0, 0, 0), (False, 0, 1, 1, 3)]
    rejected = laboratory.query("select event, customer_id, at, reason from bi.rejected_events")
    reason = "amount: not a finite number between -1e37 and 1e37"
    assert rejected == [("purchases", "9", moment("2026-04-01T20:00"), reason)]


def test_dates_in_any_order_give_the_same_tables(make_laboratory, opened):
    """Of events with a key and without one."""
    visits = {"table": "order_lines", "customer": "customer_id", "at": "ordered_at"}
    events = {"purchases": PURCHASES, "visits": visits}
    spec = make_spec(events=events, features=PLAIN, labels=[])
    forward, backward, parallel = (make_laboratory(beside=opened) for _ in range(3))
    dates = ["2026-02-01T02:00", LAST_NIGHT]
    for laboratory, order in ((forward, dates), (backward, dates[::-1])):
        for as_of in order:
            laboratory.land(spec, as_of)
    runs = [parallel.begin(spec, as_of) for as_of in dates]
    for task in ("extract", "validate"):
        runs.reverse()
        for run in runs:
            run_task(run, task)
            run_task(run, task)  # again, as after a kill
    assert forward.hashes() == backward.hashes() == parallel.hashes()
    lines = len(before(order_lines(), LAST_NIGHT))
    for name in events:
        count = f"select count(*), count(distinct identity) from kindred.events_{name}"  # noqa: S608
        assert forward.query(count) == [(lines, lines)]


def test_a_space_that_gains_events_or_a_column_lands_the_whole_past(make_laboratory, opened):
    shop = make_laboratory(beside=opened)
    shop.land(make_spec(features=PLAIN, labels=[]), FIRST_NIGHT)
    gained = shop_spec(features={**PLAIN, "n": {"kind": "count", "of": "purchases"}})
    shop.land(gained, "2026-04-02T02:00")
    count = "select count(*), count({}) from kindred.events_purchases"
    lines = before(order_lines(), "2026-04-02T02:00")
    assert shop.query(count.format("amount")) == [(len(lines), len(lines))]
    share = {"kind": "share", "of": "purchases", "by": "channel", "value": "online"}
    shop.land(shop_spec(features={**PLAIN, "online": share}), "2026-04-03T02:00")
    lines = before(order_lines(), "2026-04-03T02:00")
    assert shop.query(count.format('"code channel"')) == [(len(lines), len(lines))]
    late = shop.query("select sum(late_customers) from kindred.snapshot_builds")
    assert late == [(0,)]


def test_the_customers_of_events_are_those_who_have_one(make_laboratory, opened):
    laboratory = make_laboratory(beside=opened)
    spec = events_spec(features={"n": {"kind": "count", "of": "purchases"}})
    laboratory.land(spec, "2026-01-05T02:00")
    laboratory.land(spec, FIRST_NIGHT)
    for slug, as_of in (("20260105t020000", "2026-01-05T02:00"), ("20260401t020000", FIRST_NIGHT)):
        newest = {}
        for customer, at, *_ in before(order_lines(), as_of):
            newest[customer] = max(at, newest.get(customer, at))
        kept = "select customer_id, updated_at from kindred.snapshot_customers_{}"
        assert dict(laboratory.query(kept.format(slug))) == newest
    assert laboratory.query("select count(*) from kindred.customer_versions") == [(0,)]


def test_a_month_that_comes_late_as_a_whole_is_found(laboratory):
    """Whether nothing older has landed, or months on both sides of it."""
    lines = [(1, 1, moment("2026-03-20"), 1, 5, 1, "shop")]
    open_shop(laboratory, people=customers(20), lines=lines)
    spec = shop_spec(features={"income": "numeric"})
    laboratory.land(spec, FIRST_NIGHT)
    laboratory.append("order_lines", [(2, 1, moment("2025-06-10"), 1, 5, 1, "shop")])
    laboratory.land(spec, "2026-04-02T02:00")
    assert [row[1] for row in in_force(laboratory)] == [moment("2025-06-10"), lines[0][2]]
    late = [(3, 1, moment("2025-09-10"), 1, 5, 1, "shop")]
    laboratory.append("order_lines", late)
    laboratory.land(spec, "2026-04-03T02:00")
    assert len(in_force(laboratory)) == 3
