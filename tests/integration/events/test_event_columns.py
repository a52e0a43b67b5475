"""The columns of events: clocks, keys and values of every kind, and what stops a run."""

from dataclasses import dataclass, replace

import pytest
from psycopg2.extensions import make_dsn

from databases import administer
from integration.warehouse import Laboratory, make_spec, moment
from kindred.errors import PreflightError
from kindred.events import event_source
from kindred.preparation import preflight
from kindred.run.findings import Outcome
from kindred.spec.model import schema_of
from kindred.warehouse.keys import KeyType

NIGHT = "2026-03-02T02:00"
UUID = "00000000-0000-0000-0000-00000000000{}"
FEATURES = {
    "income": "numeric",
    "days": {"kind": "recency", "of": "visits"},
    "spend": {"kind": "sum", "of": "visits", "column": "paid"},
    "pages": {"kind": "distinct_count", "of": "visits", "column": "page"},
}


def visits(**changes):
    given = {"table": "visits", "key": "id", "customer": "who", "at": "at", **changes}
    return {"visits": {key: value for key, value in given.items() if value is not None}}


def spec_of(space, events=None, **changes):
    return make_spec(space, events=events or visits(), features=FEATURES, labels=[], **changes)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Customers with each type of key, and an empty table of visits."""
    laboratory = make_laboratory()
    columns = "customer_id {}, updated_at timestamptz, income float8"
    for key_type, keys in {
        "bigint": (1, 2),
        "uuid": (UUID.format(1), UUID.format(2)),
        "text": ("1", "b"),
    }.items():
        rows = [(key, "2026-01-01", 10.0 * n) for n, key in enumerate(keys)]
        laboratory.fill(f"customers_{key_type}", columns.format(key_type), rows)
    return laboratory


def fill(shop, rows, *, who="bigint", at="timestamptz", paid="numeric", page="text"):
    columns = f"id int, who {who}, at {at}, paid {paid}, page {page}"
    shop.fill("visits", columns, rows)


def source(key_type="bigint"):
    return {"table": f"customers_{key_type}"}


def landed(shop, space="default"):
    text = (
        "select customer_id::text, at, paid, value from {}.events_visits left join {}.event_values"
        " on column_name = 'code page' and code = \"code page\" order by at"
    )
    return shop.query(text.format(schema_of(space), schema_of(space)))


def refused(shop, event="visits"):
    text = "select customer_id, reason from bi.rejected_events where event = %s order by 1, 2"
    return shop.query(text, [event])


@pytest.fixture
def apart(shop, make_laboratory):
    """A warehouse of its own: to copy one takes less than to make a space in another."""
    return make_laboratory(beside=shop)


def test_rows_that_cannot_be_used_are_rejected_with_a_reason(apart):
    good = [(1, "1", "2026-03-01", 1.5, "a"), (2, " 2", "2026-03-01T01:00", None, "  ")]
    bad = [
        (3, None, "2026-03-01", 1, "a"),
        (4, "x", "2026-03-01", 1, "a"),
        (5, "9223372036854775808", "2026-03-01", 1, "a"),
        (6, "1", None, 1, "a"),
        (7, "1", "-infinity", 1, "a"),
        (8, "1", "2026-03-01", "NaN", "a"),
        (9, "1", "2026-03-01", "1e38", "a"),
        (None, "1", "2026-03-01", 1, "a"),
        (11, "1", "2026-03-01", 1, "a"),
        (11, "2", "2026-03-01", 1, "a"),
        (13, "1", "2026-03-01", 1, "".join(map(chr, range(0x4E00, 0x4E00 + 5000)))),
    ]
    future = [(12, "1", "2026-03-02T02:00", 1, "a")]
    fill(apart, [*good, *bad, *future, good[0]], who="text")
    apart.land(spec_of("default", source=source()), NIGHT)
    assert landed(apart) == [
        ("1", moment("2026-03-01"), 1.5, "a"),
        ("2", moment("2026-03-01T01:00"), None, None),
    ]
    number, whole = "not a finite number between -1e37 and 1e37", "not a whole number of at most"
    assert refused(apart) == [
        ("1", "at: infinite"),
        ("1", "at: null"),
        ("1", "different rows with the same id"),
        ("1", "id: null"),
        ("1", "page: longer than 2000 bytes"),
        ("1", f"paid: {number}"),
        ("1", f"paid: {number}"),
        ("2", "different rows with the same id"),
        ("9223372036854775808", f"who: {whole} 64 bits"),
        ("x", f"who: {whole} 64 bits"),
        (None, "who: null"),
    ]
    fill(apart, [*good, *future], who="text")
    apart.land(spec_of("default", source=source()), "2026-03-03T02:00")
    assert refused(apart) == []
    assert len(landed(apart)) == 3


ODD = ["4713-01-01 BC", "0001-01-01 BC", "10000-01-01", "11111-01-01", "infinity", "-infinity"]
FARTHEST = {
    "date": "5874897-12-31",
    "timestamp": "294276-12-31T23:59:59",
    "timestamptz": "4713-01-01 BC",
}
COUNTED = (
    "select event, events_read, events_rejected from kindred.event_windows where window_end = %s"
)


def test_moments_of_no_year_are_rejected_and_counted(apart):
    """In whatever type the time is; every row of the source is landed or rejected."""
    good = ["0001-01-02", "1899-12-31", "2026-02-01", "9999-12-30"]  # the last one in the future
    tables = {}
    for at, farthest in FARTHEST.items():
        values = [*ODD, farthest, None, *good]
        apart.fill(f"of_{at}", f"who bigint, at {at}", [(1, value) for value in values])
        tables[at] = {"table": f"of_{at}", "customer": "who", "at": "at"}
        tables[at]["source_timezone"] = "Asia/Tokyo"
    features = {"income": "numeric"}
    spec = make_spec(events=tables, features=features, labels=[], source=source())
    for night in (NIGHT, "2026-03-03T02:00"):
        apart.land(spec, night)
        for at in FARTHEST:
            reasons = [reason for _, reason in refused(apart, at)]
            assert sorted(set(reasons)) == [
                "at: infinite",
                "at: not of the years 1 to 9999",
                "at: null",
            ]
            assert len(reasons) == len(ODD) + 2
            count = f"select count(*) from kindred.events_{at} where withdrawn_at is null"  # noqa: S608
            assert apart.query(count) == [(3,)]
        counted = {at: numbers for at, *numbers in apart.query(COUNTED, [moment(night)])}
        read = len(ODD) + 2 + (3 if night == NIGHT else 0)
        assert counted == {at: [read, len(ODD) + 2] for at in FARTHEST}


def test_numbers_and_items_at_their_limits(apart):
    """What can be stored is, once for each value; what cannot is rejected, and breaks nothing."""
    digits = "".join(str(number) for number in range(4000))  # hard to compress
    pages = ["", "   ", " \t\r\n ", "\\u0000", "\\x00", "a\\", "a", " a\t", "-0", "0"]
    pages += [digits[:2000], digits[:9000], "é" * 1001]
    paid = [0, "1e-320", "-1e-400", "1e400", "-1e400", "NaN", "1e37", "1.5", 2, 3, 4, 5, 6]
    rows = [
        (n, 1, f"2026-03-01T{n:02d}:00", number, page)
        for n, (page, number) in enumerate(zip(pages, paid, strict=True))
    ]
    fill(apart, rows)
    apart.land(spec_of("default", source=source()), NIGHT)
    number = "paid: not a finite number between -1e37 and 1e37"
    assert refused(apart) == [
        *[("1", "page: longer than 2000 bytes")] * 2,
        *[("1", number)] * 3,
    ]
    assert [row[2:] for row in landed(apart)] == [
        *[(0, None)] * 3,
        *[(1e37, "a"), (1.5, "a"), (2, "-0"), (3, "0"), (4, digits[:2000])],
    ]
    zeros = [(n, 1, "2026-03-01", v, v) for n, v in enumerate((-0.0, 0.0, 5e-324, 1.5))]
    fill(apart, zeros, paid="float8", page="float8")
    apart.land(spec_of("default", source=source()), "2026-03-03T02:00")
    assert {row[3] for row in landed(apart)} == {"0", "5e-324", "1.5"}


def test_a_reason_names_no_private_column_however_long_its_name(apart):
    name = "p" * 60
    fill(apart, [(1, 1, "2026-03-01", 1, "x" * 3000), (2, 1, "2026-03-01", "NaN", "b")])
    apart.query(f"alter table visits rename page to {name}", source=True)
    apart.query(f"alter table visits rename paid to {name[:-1]}q", source=True)
    features = {
        "income": "numeric",
        "spend": {"kind": "sum", "of": "visits", "column": f"{name[:-1]}q"},
        "pages": {"kind": "distinct_count", "of": "visits", "column": name},
    }
    spec = {"events": visits(), "features": features, "labels": [], "source": source()}
    apart.land(make_spec(**spec), NIGHT)
    reasons = [reason for _, reason in refused(apart)]
    assert {reason.partition(":")[0] for reason in reasons} == {name, f"{name[:-1]}q"}
    apart.begin(make_spec(**spec, private=[name, f"{name[:-1]}q"]), NIGHT)
    assert [reason for _, reason in refused(apart)] == ["a private column: not usable"] * 2


@pytest.mark.parametrize(
    ("key_type", "who", "values"),
    [
        ("bigint", "numeric", (1, 2)),
        ("uuid", "text", (UUID.format(1).upper(), UUID.format(2))),
        ("text", "int", (1, 2)),
    ],
)
def test_customers_are_found_by_any_type_that_can_be_their_key(shop, key_type, who, values):
    fill(shop, [(n, value, "2026-03-01", 1, "a") for n, value in enumerate(values)], who=who)
    space = f"keys_{key_type}"
    shop.land(spec_of(space, source=source(key_type)), NIGHT)
    assert sorted(row[0] for row in landed(shop, space)) == [str(value).lower() for value in values]


def test_a_local_time_is_read_by_its_clock_and_a_day_from_its_midnight(apart):
    fill(apart, [(1, 1, "2026-03-01", 1, "a"), (2, 1, "2026-03-03", 1, "a")], at="date")
    local = [(1, "2026-03-02T02:59"), (1, "2026-03-02T03:00")]
    apart.fill("calls", "who bigint, at timestamp", local)
    berlin = {"source_timezone": "Europe/Berlin"}
    calls = {"table": "calls", "customer": "who", "at": "at", **berlin}
    spec = spec_of("default", {**visits(**berlin), "calls": calls}, source=source())
    apart.land(spec, NIGHT)
    read = apart.query("select at from kindred.events_calls")
    assert read == [(moment("2026-03-02T01:59"),)]
    assert [row[1] for row in landed(apart)] == [moment("2026-02-28T23:00")]
    # What comes to a day that had begun is late, and lands.
    fill(apart, [(1, 1, "2026-03-01", 1, "a"), (3, 1, "2026-03-01", 5, "a")], at="date")
    apart.land(spec, "2026-03-02T22:00")
    assert [row[2] for row in landed(apart)] == [1, 5]


def messages(shop, spec, **findings):
    with (
        shop.deployment.source(spec, "test") as origin,
        shop.deployment.warehouse("test") as warehouse,
    ):
        report = preflight.inspect(spec, shop.deployment, origin, warehouse)
    wanted = findings.get("outcome", Outcome.FAILURE)
    return [f.message for f in report.findings if f.outcome is wanted and "events" in f.message]


def test_columns_are_checked_before_a_run(shop):
    fill(shop, [], who="date", at="timestamp", paid="text")
    events = visits(key=["id", "line"], loaded_at="loaded", item="product")
    (found,) = messages(shop, spec_of("checked", events, source=source()))
    lines = found.splitlines()
    assert all(line.startswith("events.visits, source 'kindred_source', table v") for line in lines)
    assert [line.partition(": ")[2].partition(";")[0] for line in lines] == [
        "there is no column 'product', which the spec names as item",
        "there is no column 'line', which the spec names as key",
        "there is no column 'loaded', which the spec names as loaded_at",
        "at column 'at' is of type timestamp without time zone, and nothing says which clock it"
        " shows: write 'source_timezone: America/New_York', or whatever zone it is, under"
        " 'events.visits' in the spec",
        "column 'paid' is of type text, but it is summed: a number is needed",
        "customer column 'who' is of type date, but customers have keys of type bigint",
    ]
    with pytest.raises(PreflightError, match="nothing says which clock"):
        shop.begin(spec_of("checked", events, source=source()), NIGHT)
    assert not shop.query("select nspname from pg_namespace where nspname = 'kindred_checked'")


def test_tables_that_cannot_be_read_are_named(shop):
    fill(shop, [])
    (found,) = messages(shop, spec_of("none", visits(table="visit"), source=source()))
    assert "there is no such table or view" in found
    assert "'events.visits.table'" in found
    (found,) = messages(shop, spec_of("none", visits(where="nonsense = 1"), source=source()))
    assert "correct 'events.visits.where' in the spec" in found


def test_privileges_and_policies_are_said(shop, server):
    fill(shop, [])
    administer(server, "create role clerk login")
    for statement in (
        "grant select on customers_bigint to clerk",
        "alter table visits enable row level security",
        "create policy everything on visits using (true)",
    ):
        shop.query(statement, source=True)
    clerk = replace(shop, source_dsn=make_dsn(shop.source_dsn, user="clerk"))
    (found,) = messages(clerk, spec_of("policy", source=source()))
    assert found.endswith("it may not be read; grant select on it")
    shop.query("grant select on visits to clerk", source=True)
    found = messages(clerk, spec_of("policy", source=source()), outcome=Outcome.WARNING)
    assert [message.partition(" (")[0] for message in found] == [
        'events.visits: user "clerk" does not see all rows'
    ]


@pytest.mark.parametrize("at", ["timestamptz", "timestamp", "date"])
def test_a_window_is_read_by_an_index(shop, at):
    fill(shop, [], at=at)
    shop.query("create index on visits (at)", source=True)
    spec = spec_of("indexed", visits(source_timezone="Asia/Tokyo"), source=source())
    with shop.deployment.source(spec, "test") as origin, origin.transaction():
        found = event_source.describe(origin, spec, "visits", KeyType.BIGINT)
        with origin.connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = off")
            query, parameters = found.planned(("2026-03-01", "2026-03-02"))
            cursor.execute(b"explain " + cursor.mogrify(query, parameters))
            assert "Index Cond" in "".join(line for (line,) in cursor.fetchall())


@dataclass
class TwoSources(Laboratory):
    """A laboratory whose events are in another database."""

    orders_dsn: str = ""

    @property
    def deployment(self):
        known = super().deployment
        dsns = {"kindred_source": self.source_dsn, "orders": self.orders_dsn}
        dsns["kindred_warehouse"] = self.warehouse_dsn
        return replace(known, connections=dsns.__getitem__)


def test_events_of_another_connection_are_read_there(shop, make_laboratory):
    other = make_laboratory()
    fill(other, [(1, 2, "2026-03-01", 1, "a")])
    both = TwoSources(
        shop.source_dsn, other.warehouse_dsn, other.artefacts, orders_dsn=other.source_dsn
    )
    both.land(spec_of("default", visits(connection="orders"), source=source()), NIGHT)
    assert [row[0] for row in landed(both)] == ["2"]
