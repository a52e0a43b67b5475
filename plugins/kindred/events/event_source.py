"""The source of events: its columns, and its rows by window."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.events.event_state import utc_of
from kindred.events.event_tables import CODE, columns_of
from kindred.history import key_case, key_padding, source
from kindred.history.column_expressions import TypeClass, type_class_of
from kindred.history.landing import Interval
from kindred.history.moments import (
    check_moment,
    moment_of,
    nearby_of,
    undated_moment_of,
    within_of,
)
from kindred.history.source_errors import reading, storing, where_of
from kindred.spec.events import Events
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.copy_pipe import pipe
from kindred.warehouse.database import Database, Writable
from kindred.warehouse.keys import KeyType, foreign_key_casts, key_type_of

_NUMBERS = (TypeClass.INTEGER, TypeClass.FLOAT, TypeClass.DECIMAL)
_IS_LOADED = "{c} >= %(loaded_from)s::timestamptz and {c} < %(loaded_until)s::timestamptz"
LANDED_COLUMNS = ("customer_id", "unusable_key", "at", "identity")
"""Columns of a landed event, before those that are stored."""
MOST_INTERVALS = 200
"""In one query, as the time of planning grows faster than their number: 1,400 took seconds."""


@dataclass(frozen=True)
class EventSource:
    """One table of events in its source, with what was found out about its columns.

    ``types``: stored column -> (column of the source, type as which it lands): text for a code, the
    source's type for a number; ``float_codes``: codes of floating-point numbers, of which both
    zeros are one. ``customer_casts``: see ``foreign_key_casts``; ``ignores_case``: keys that differ
    in case only are equal.
    """

    name: str
    events: Events
    key_type: KeyType
    customer_casts: tuple[str, str]
    ignores_case: bool
    at_type: str
    loaded_at_type: str | None
    types: Mapping[str, tuple[str, str]]
    float_codes: frozenset[str] = frozenset()

    def with_trimmed_keys(self) -> "EventSource":
        """The same, whose keys of customers are read without blanks at their ends."""
        cast, unusable = self.customer_casts
        return replace(self, customer_casts=(key_padding.trimmed(cast, self.key_type), unusable))

    @property
    def section(self) -> str:
        """How messages name its part of the spec."""
        return f"events.{self.name}"

    @property
    def has_days(self) -> bool:
        """Whether events are dated by the day."""
        return self.at_type == "date"

    @property
    def definition(self) -> str:
        """A digest of all that decides what is read, and what identifies it."""
        read = ("table", "query", "where", "customer", "at", "source_timezone")
        settings: dict[str, Any] = {name: getattr(self.events, name) for name in read}
        settings |= {"key": self.events.key_columns, "columns": sorted(self.types.items())}
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def copy_interval(
        self, origin: Database, warehouse: Database, table: str, interval: Interval, row_limit: int
    ) -> int:
        """Copy the events of one interval into a landing table; returns their number."""
        columns, limit = {"columns": self._selected(self._moment)}, {"row_limit": row_limit}
        statement = "events/select_events"
        return self._copy(origin, warehouse, table, statement, columns, interval, limit)

    def copy_undated(
        self, origin: Database, warehouse: Database, table: str, end: datetime, row_limit: int
    ) -> int:
        """Copy the rows that no window can bring, for want of a time, to reject them."""
        moment = undated_moment_of(self.events.at, self.at_type)
        columns, limit = {"columns": self._selected(moment)}, {"row_limit": row_limit}
        statement, interval = "events/select_undated", ("-infinity", end.isoformat())
        return self._copy(origin, warehouse, table, statement, columns, interval, limit)

    def copy_minutes(
        self, origin: Database, warehouse: Database, table: str, intervals: list[Interval]
    ) -> int:
        """Copy the events of intervals that are made of minutes; returns their number.

        A query is for many of them that are not far apart: a source that has no index on the time
        reads all of its rows for each query.
        """
        count = 0
        for near in _groups_of(intervals):
            names = {
                "columns": self._selected(self._moment),
                "within": within_of(self.events.at, self.at_type, near),
            }
            spanned = (near[0][0], near[-1][1])
            minutes = {"minutes": [utc for interval in near for utc in _minutes_of(interval)]}
            statement = "events/select_minutes"
            count += self._copy(origin, warehouse, table, statement, names, spanned, minutes)
        return count

    def _copy(
        self,
        origin: Database,
        warehouse: Database,
        table: str,
        statement: str,
        names: dict[str, sql.Composed],
        interval: Interval,
        more: dict[str, Any],
    ) -> int:
        query = statements.compose(statement, **self._names(), **names)
        parameters = self._parameters(interval) | more

        def send(sink: Writable) -> int:
            with reading(origin, self.events, self.section):
                return origin.copy_out(query, sink, parameters)

        with storing(self.events, self.section):
            landed = [*LANDED_COLUMNS, *self.types]
            return pipe(send, lambda reader: warehouse.copy_in(table, landed, reader))

    def count_days(self, origin: Database, interval: Interval) -> dict[date, int]:
        """Rows per day (UTC) in an interval."""
        with reading(origin, self.events, self.section):
            parameters = self._parameters(interval)
            return dict(origin.rows("events/count_days", parameters, **self._names()))

    def count_minutes(
        self, origin: Database, interval: Interval, loaded: Interval | None
    ) -> list[tuple[datetime, int, int]]:
        """Rows per minute (UTC) in an interval, and those of them that were loaded in another."""
        names = self._names() | {"is_loaded": sql.SQL("false")}
        parameters = self._parameters(interval)
        if loaded is not None:
            names["is_loaded"] = sql.SQL(_IS_LOADED).format(c=self._loaded)
            parameters |= {"loaded_from": loaded[0], "loaded_until": loaded[1]}
        with reading(origin, self.events, self.section):
            return list(origin.rows("events/count_minutes", parameters, **names))

    def days_loaded(self, origin: Database, interval: Interval, before: datetime) -> list[date]:
        """Days (UTC) of the events before a moment that were loaded in an interval."""
        column, type_name = self.events.loaded_at or "", self.loaded_at_type or ""
        names = self._names() | {"loaded": self._loaded, "nearby": nearby_of(column, type_name)}
        parameters = self._parameters(interval) | {"before": before}
        with reading(origin, self.events, self.section):
            return [day for (day,) in origin.rows("events/days_loaded", parameters, **names)]

    def check(self, origin: Database) -> None:
        """Have the server plan the reading, which checks its condition, names and privileges."""
        query, parameters = self.planned(("-infinity", "-infinity"))
        with reading(origin, self.events, self.section):
            source.plan(origin, query, parameters)

    def hidden_rows(self, origin: Database) -> str | None:
        """The server's words for the table whose row-level security applies, if any."""
        return source.hidden_by_policy(origin, *self.planned(("-infinity", "-infinity")))

    def planned(self, interval: Interval) -> tuple[sql.Composed, dict[str, Any]]:
        """The query that reads an interval, and its parameters."""
        names = self._names() | {"columns": self._selected(self._moment)}
        parameters = self._parameters(interval) | {"row_limit": 0}
        return statements.compose("events/select_events", **names), parameters

    def _names(self) -> dict[str, sql.Composable]:
        return {
            "relation": source.relation(self.events),
            "condition": source.condition(self.events, self.section),
            "at": sql.Identifier(self.events.at),
            "moment": self._moment,
            "nearby": nearby_of(self.events.at, self.at_type),
        }

    @property
    def _moment(self) -> sql.Composed:
        return moment_of(self.events.at, self.at_type)

    @property
    def _loaded(self) -> sql.Composed:
        return moment_of(self.events.loaded_at or "", self.loaded_at_type or "")

    def _parameters(self, interval: Interval) -> dict[str, Any]:
        return {
            "window_start": interval[0],
            "window_end": interval[1],
            "source_timezone": self.events.zone,
        }

    def _selected(self, landed_at: sql.Composed) -> sql.Composed:
        """The select list of a landing table; ``landed_at``: the time of the event.

        Without a key an event is identified by all that is stored of it.
        """
        customer = sql.Identifier(self.events.customer)
        own = [sql.SQL(cast).format(c=customer) for cast in self.customer_casts]
        values = [
            sql.SQL("({} + 0)::{}" if stored in self.float_codes else "{}::{}").format(
                sql.Identifier(column), sql.SQL(type_name)
            )
            for stored, (column, type_name) in self.types.items()
        ]
        if self.events.key_columns:
            keys = statements.columns(self.events.key_columns)
            identity = sql.SQL(
                "case when num_nulls({keys}) = 0 then md5(row({keys})::text)::uuid end"
            ).format(keys=keys)
        else:
            # Not the time's text, which depends on the session's DateStyle.
            moment = sql.SQL("extract(epoch from {})").format(self._moment)
            parts = statements.comma_separated([customer, moment, *values])
            identity = sql.SQL("md5(row({})::text)::uuid").format(parts)
        return statements.comma_separated([*own, landed_at, identity, *values])


def _groups_of(intervals: list[Interval]) -> Iterator[list[Interval]]:
    """Intervals in their order, those of days that follow each other together."""
    near: list[Interval] = []
    for interval in intervals:
        is_far = near and utc_of(interval[0]) - utc_of(near[-1][1]) > timedelta(days=1)
        if is_far or len(near) == MOST_INTERVALS:
            yield near
            near = []
        near.append(interval)
    if near:
        yield near


def _minutes_of(interval: Interval) -> list[datetime]:
    """The minutes (UTC) of an interval that begins and ends with one, without a time zone."""
    start, end = (utc_of(text).replace(tzinfo=None) for text in interval)
    return [start + timedelta(minutes=n) for n in range((end - start) // timedelta(minutes=1))]


def describe(database: Database, spec: Spec, name: str, key_type: KeyType | None) -> EventSource:
    """Check the spec against the columns of some events.

    ``key_type`` is that of the space; None where it is not known, so that customers are not checked
    by it.

    Raises
    ------
    PreflightError
        with one line per problem.
    """
    events, section = spec.events[name], f"events.{name}"
    found = source.column_types(database, events, section)
    problems = source.missing_columns(wanted_columns(spec, name), found)
    types = {column: type_name for column, (type_name, _) in found.items()}
    for role, column in (("at", events.at), ("loaded_at", events.loaded_at)):
        if column in types:
            check = partial(check_moment, section=section)
            arguments = (f"{role} column {column!r}", types[column], events.source_timezone)
            problems += source.problem_of(check, *arguments)
    stored = columns_of(spec, name)
    for column, kind in stored.values():
        if kind != CODE and column in types and type_class_of(types[column]) not in _NUMBERS:
            problems.append(
                f"column {column!r} is of type {types[column]}, but it is summed: a number is"
                f" needed; cast it in '{section}.query'"
            )
    if events.customer in types and key_type is not None:
        problems += source.problem_of(
            foreign_key_casts, events.customer, types[events.customer], key_type
        )
    where = where_of(events, section)
    if problems:
        raise PreflightError("\n".join(f"{where}: {problem}" for problem in problems))
    with reading(database, events, section):
        customer, relation = events.customer, source.relation(events)
        ignores_case = key_case.is_ignored(
            database, relation, customer, types[customer], where=where
        )
    key_type = key_type or key_type_of(events.customer, *found[events.customer])
    described = EventSource(
        name,
        events,
        key_type,
        foreign_key_casts(events.customer, types[events.customer], key_type),
        ignores_case,
        types[events.at],
        types.get(events.loaded_at or ""),
        {
            name: (column, "text" if kind == CODE else types[column])
            for name, (column, kind) in stored.items()
        },
        frozenset(
            name
            for name, (column, kind) in stored.items()
            if kind == CODE and type_class_of(types[column]) is TypeClass.FLOAT
        ),
    )
    described.check(database)
    return described


def wanted_columns(spec: Spec, name: str) -> dict[str, str]:
    """The columns of some events that a spec reads, each with its role."""
    events = spec.events[name]
    wanted = {column: "a feature's column" for column, _ in columns_of(spec, name).values()}
    wanted |= {column: role for role, column in events.roles.items() if column is not None}
    wanted |= dict.fromkeys(events.key_columns, "key")
    wanted |= {events.customer: "customer", events.at: "at"}
    if events.loaded_at is not None:
        wanted[events.loaded_at] = "loaded_at"
    return wanted
