"""Any sequence of changes and runs: the events in force are what a model in memory says.

The source books late, deletes, moves, repeats and contradicts itself; customers leave.
``HYPOTHESIS_PROFILE=long`` tries many more.
"""

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.warehouse import make_spec, moment

START = moment("2026-03-03T02:00")
DAY, OVERLAP = timedelta(days=1), timedelta(hours=24)
CUSTOMERS, UNKNOWN = (1, 2, 3, 4), 9
COLUMNS = "line bigint, customer bigint, at timestamptz, item text, price float8"
CONFLICT = "different rows with the same line"


@dataclass(frozen=True)
class Row:
    line: int | None
    customer: int | None
    at: datetime | None
    item: str | None
    price: float | None

    @property
    def day(self) -> date | None:
        return self.at and self.at.date()

    @property
    def minute(self) -> datetime | None:
        return self.at and self.at.replace(second=0, microsecond=0)


@dataclass
class Scope:
    """What a run reads: whole days, and minutes of others."""

    days: set[date]
    minutes: set[datetime] = field(default_factory=set)

    def has(self, row: Row) -> bool:
        return row.day in self.days or row.minute in self.minutes

    def read(self, rows: list[Row], until: datetime) -> list[Row]:
        return [row for row in rows if row.at is None or (self.has(row) and row.at < until)]


@dataclass
class Model:
    """The source as it is, and what all runs until now must have made of it."""

    is_keyed: bool
    rows: list[Row] = field(default_factory=list)
    in_force: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    counts: dict[date, int] = field(default_factory=dict)
    landed_until: datetime | None = None
    gone: dict[int, datetime] = field(default_factory=dict)
    late: dict[datetime, int] = field(default_factory=dict)

    def run(self, end: datetime, *, full_extract: bool = False) -> None:
        is_first = self.landed_until is None
        is_newest = is_first or end > self.landed_until
        if is_newest or full_extract:
            until = end if is_first else max(end, self.landed_until)
            self._land(until, end, is_full=is_first or full_extract, is_first=is_first)
            self.landed_until = until
        self.late[end] = 0

    def _land(self, until: datetime, end: datetime, *, is_full: bool, is_first: bool) -> None:
        there = Counter(row.day for row in self.rows if row.at is not None and row.at < until)
        scope = Scope(set(there) | set(self.counts))
        if not is_full:
            start = (self.landed_until - OVERLAP).date()
            differing = {d for d in scope.days if there[d] != self.counts.get(d, 0) and d < start}
            scope = Scope({d for d in scope.days if d >= start})
            for day in differing:
                self._add(day, scope, until)
            while self.is_keyed and (further := self._further_days(scope, until)):
                scope.days |= further
        good = self._judge(scope.read(self.rows, until), scope)
        before = Counter(self.in_force)
        kept = {row: n for row, n in before.items() if not scope.has(row)}
        self.in_force = Counter(kept) + good
        read = scope.days | {minute.date() for minute in scope.minutes}
        self.counts = {d: n for d, n in self.counts.items() if d not in read}
        self.counts |= {d: n for d, n in there.items() if d in read}
        if not is_first:
            self._mark_late((before - self.in_force) + (self.in_force - before), end)

    def _add(self, day: date, scope: "Scope", until: datetime) -> None:
        """A day that differs: minutes of it, if its other rows are all known and are the most."""
        there = Counter(r.minute for r in self.rows if r.day == day and r.at < until)
        here: Counter = Counter()
        for row, count in self.in_force.items():
            here[row.minute] += count * (row.day == day)
        for (row, _), count in self.rejected.items():
            here[row.minute] += count * (row.day == day)
        minutes = {m for m in there.keys() | here.keys() if there[m] != here[m]}
        is_known = here.total() == self.counts.get(day, 0)
        if is_known and 2 * sum(there[minute] for minute in minutes) <= there.total():
            scope.minutes |= minutes
        else:
            scope.days.add(day)

    def _further_days(self, scope: "Scope", until: datetime) -> set[date]:
        """Days of events in force whose key is read with another time, and of rejected ones."""
        read = scope.read(self.rows, until)
        arrived = {row.line for row in read if not self._has(row.line, row.at)}
        found = {row.day for row in self.in_force if row.line in arrived and not scope.has(row)}
        rejected = {row for row, _ in self.rejected if row.line}
        undated = {row.line for row in rejected if row.at is None}
        called = {row.line for row in read if row.at or row.line not in undated}
        called |= {row.line for row in rejected if row.at and scope.has(row)}
        called |= undated - {row.line for row in read}
        return found | {r.day for r in rejected if r.line in called and r.at and not scope.has(r)}

    def _has(self, line: int, at: datetime) -> bool:
        return any((row.line, row.at) == (line, at) for row in self.in_force)

    def _judge(self, read: list[Row], scope: "Scope") -> Counter:
        same = defaultdict(set)
        for row in read:
            same[row.line].add(row)
        good: Counter = Counter()
        before = self.rejected.items()
        self.rejected = Counter({k: n for k, n in before if k[0].at and not scope.has(k[0])})
        still_there = {row.line for row, _ in self.rejected}
        for row in read:
            own = ["customer: null"] if row.customer is None else []
            if row.at is None:
                own.append("at: null")
            if self.is_keyed and row.line is None:
                own.append("line: null")
            if row.price is not None and not math.isfinite(row.price):
                own.append("amount: not a finite number between -1e37 and 1e37")
            reasons = ["; ".join(own)] if own else []
            contradicts = len(same[row.line]) > 1 or (row.at is None and row.line in still_there)
            if self.is_keyed and row.line and contradicts:
                reasons.append(CONFLICT)
            if reasons:
                self.rejected[row, "; ".join(sorted(reasons))] += 1
            elif self.is_keyed:
                good[row] = 1
            else:
                good[replace(row, line=None)] += 1
        return good

    def _mark_late(self, changed: Counter, end: datetime) -> None:
        for as_of in self.late.keys() - {end}:
            self.late[as_of] += len(
                {
                    row.customer
                    for row in changed
                    if row.at < as_of
                    and row.customer in CUSTOMERS
                    and not (row.customer in self.gone and self.gone[row.customer] <= as_of)
                }
            )


HOURS = st.sampled_from([-3, 0, 1, 5, 23, 24, 26, 48, 60, 60.005, 100, 200])
PEOPLE = st.sampled_from([*CUSTOMERS, UNKNOWN, None])
ITEMS = st.sampled_from(["a", "b", " ", None])
PRICES = st.sampled_from([1.0, 2.5, -2.5, None, math.nan, math.inf])
PICKS = st.integers(0, 30)
CHANGES = st.one_of(
    st.tuples(st.just("buy"), HOURS, PEOPLE, ITEMS, PRICES),
    st.tuples(st.just("buy"), st.sampled_from([0, 1, 30]), st.just(1), ITEMS, st.just(3.0)),
    st.tuples(st.just("remove"), PICKS),
    st.tuples(st.just("reprice"), PICKS, PRICES),
    st.tuples(st.just("move"), PICKS, HOURS),
    st.tuples(st.just("repeat"), PICKS),
    st.tuples(st.just("contradict"), PICKS, HOURS),
    st.tuples(st.just("forget_time"), PICKS),
    st.tuples(st.just("forget_line"), PICKS),
    st.tuples(st.just("leave"), st.sampled_from(CUSTOMERS[1:])),
)
RUNS = st.sampled_from(["night"] * 4 + ["again", "full"])
NIGHTS = st.lists(st.tuples(st.lists(CHANGES, max_size=6), RUNS), min_size=2, max_size=5)


PURCHASES = {"table": "purchases", "customer": "customer", "at": "at", "item": "item"}
PURCHASES |= {"amount": "price"}
SPEC = make_spec(
    events={"keyed": {**PURCHASES, "key": "line"}, "whole": PURCHASES},
    features={"spend": {"kind": "sum", "of": "keyed"}, "income": "numeric"},
    labels=[],
    gates={"max_deleted_share": 1.0, "max_rejected_share": 1.0},
)


FILLED = (
    "select string_agg(format('kindred.%I', relname), ', ') from pg_class"
    " where relnamespace = 'kindred'::regnamespace and relkind in ('r', 'p') and not relispartition"
    " and relname not in ('applied_migrations', 'bi_objects', 'current_snapshot',"
    " 'version_fills')"
)
"""What a run fills: to empty it takes less time than to make another space."""


class Shop:
    """A source whose changes the models are told of: its events with a key, and as whole rows."""

    def __init__(self, laboratory):
        self.laboratory = laboratory
        if tables := laboratory.query(FILLED)[0][0]:
            laboratory.query(f"truncate {tables}")
        self.rows = []
        self.models = {
            "keyed": Model(is_keyed=True, rows=self.rows),
            "whole": Model(is_keyed=False, rows=self.rows),
        }
        self.lines = itertools.count(1)
        self.customers = set(CUSTOMERS)

    def change(self, night, kind, *arguments):
        rows = self.rows
        if kind == "buy":
            hours, customer, item, price = arguments
            at = night - timedelta(hours=hours)
            rows.append(Row(next(self.lines), customer, at, item, price))
        elif kind == "leave":
            self.customers.discard(arguments[0])
        elif rows:
            place = arguments[0] % len(rows)
            row = rows[place]
            if kind == "remove":
                del rows[place]
            elif kind == "reprice":
                rows[place] = replace(row, price=arguments[1])
            elif kind == "move":
                rows[place] = replace(row, at=night - timedelta(hours=arguments[1]))
            elif kind == "repeat":
                rows.append(row)
            elif kind == "contradict":
                rows.append(replace(row, at=night - timedelta(hours=arguments[1])))
            elif kind == "forget_time":
                rows[place] = replace(row, at=None)
            elif kind == "forget_line":
                rows[place] = replace(row, line=None)

    def write(self):
        rows = [(r.line, r.customer, r.at, r.item, r.price) for r in self.rows]
        opened = START - timedelta(days=90)
        self.laboratory.query("truncate purchases, customers", source=True)
        if rows:
            self.laboratory.append("purchases", rows)
        people = [(customer, opened, 1000.0 * customer) for customer in sorted(self.customers)]
        self.laboratory.append("customers", people)

    def run(self, as_of, *, full_extract=False):
        self.write()
        text = f"{as_of:%Y-%m-%dT%H:%M}"
        self.laboratory.land(SPEC, text, full_extract=full_extract)
        for model in self.models.values():
            if model.landed_until is None or as_of > model.landed_until:
                for customer in set(CUSTOMERS) - self.customers:
                    model.gone.setdefault(customer, as_of)
            model.run(as_of, full_extract=full_extract)

    def check(self):
        late = Counter()
        for name, model in self.models.items():
            self.check_events(name, model)
            late.update(model.late)
        found = self.laboratory.query("select as_of, late_customers from kindred.snapshot_builds")
        assert dict(found) == late

    def check_events(self, name, model):
        found = self.laboratory.query(
            f"select customer_id, at, value, amount from kindred.events_{name} left join"  # noqa: S608
            " kindred.event_values on event = %s and column_name = 'item' and code = item"
            " where withdrawn_at is null",
            [name],
        )
        expected = Counter()
        for row, count in model.in_force.items():
            item = (row.item or "").strip() or None
            expected[row.customer, row.at, item, row.price] += count
        assert Counter(found) == expected
        expected = Counter()
        for (row, reason), count in model.rejected.items():
            expected[row.customer and str(row.customer), row.at, reason] += count
        refused = "select customer_id, at, reason, sum(source_rows) from kindred.rejected_events"
        found = self.laboratory.query(refused + " where event = %s group by 1, 2, 3", [name])
        assert {tuple(key): int(rows) for *key, rows in found} == expected


@pytest.fixture(scope="module")
def source(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", "customer_id bigint, updated_at timestamptz, income float8", [])
    laboratory.fill("purchases", COLUMNS, [])
    return laboratory


def test_events_in_force_are_those_of_the_model(source):
    @settings(
        max_examples=max(1, settings.default.max_examples // 30),
        suppress_health_check=list(HealthCheck),
    )
    @given(NIGHTS)
    def check(nights):
        shop, newest = Shop(source), START
        for number in range(16):
            shop.change(START, "buy", 7 * number, CUSTOMERS[number % 4], "a", 5.0)
        shop.run(START)
        shop.check()
        for changes, kind in nights:
            coming = newest + DAY
            for change in changes:
                shop.change(coming, *change)
            if kind == "night":
                newest = coming
            shop.run(newest if kind != "again" else START, full_extract=kind == "full")
            shop.check()

    check()
