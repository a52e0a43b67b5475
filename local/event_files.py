"""A file of events as a table of the local source, beside a file of customers or alone."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from kindred.errors import InferenceError, SpecError
from kindred.infer.column_names import identifier_of
from kindred.infer.columns import Column, SqlType
from kindred.infer.event_choice import Choice
from kindred.infer.event_moments import with_moment
from kindred.infer.event_proposal import EventProposal, propose_events
from kindred.infer.event_roles import find_roles
from kindred.infer.files import ROW_NUMBER, newest_moment, read_csv, read_events
from kindred.infer.proposal import MAX_CONFLICT_SHARE, Evidence, Roles
from kindred.infer.propose import propose_alone
from kindred.infer.reading import Bounds
from kindred.infer.schedule import schedule_for
from kindred.infer.summary import summary
from kindred.infer.transactions import find_transactions, names_customer
from kindred.spec.events import Events
from kindred.spec.model import Spec, spec_from_dict
from kindred.spec.names import listed
from local import demo
from local.file_request import CsvRequest
from local.tables import SCHEMA, SourceTable
from local.tables import Column as StoredColumn

KNOWN_SINCE = "known_since"
"""The column that customers without a time get: they are known since before the first event."""


@dataclass(frozen=True, eq=False)
class Files:
    """The tables that files become, with the spec that reads them and the time of the newest row.

    ``notes`` are for the user; ``rows`` and ``event_rows`` count those of the files.
    """

    tables: tuple[SourceTable, ...]
    spec: Spec
    text: str
    notes: tuple[str, ...]
    newest: datetime | None
    rows: int | None = None
    event_rows: int | None = None


@dataclass(frozen=True, eq=False)
class EventFile:
    """A file of events: its table and columns, the customer's, and the times of its events."""

    table: SourceTable
    evidence: Evidence
    customer: Choice
    first: datetime | None
    newest: datetime | None

    def propose(self, taken: Collection[str] | None) -> EventProposal:
        """What is proposed of it; ``taken`` are the columns of the customers, None without."""
        name = f"{SCHEMA}.{self.table.name}"
        return propose_events(name, self.evidence, self.customer, taken=taken, names_items=True)


def table_name(space: str) -> str:
    """The table of a space in the source database; it differs from the demo's table."""
    return f"{space}_file" if space == demo.TABLE else space


def table_of(
    name: str,
    evidence: Evidence,
    key: str | None,
    updated_at: str | None,
    *,
    repeats_keys: bool = False,
) -> SourceTable:
    """A table with all columns of a file."""
    columns = [StoredColumn(c.name, c.type, c.stored()) for c in evidence.columns]
    return SourceTable(name, columns, key, updated_at, repeats_keys)


def as_events(
    request: CsvRequest, given: Spec | None, bounds: Bounds
) -> tuple[CsvRequest, tuple[str, ...]]:
    """The request, with a file of customers that has transactions as one of events alone."""
    path = request.csv
    if path is None or request.events is not None:
        return request, ()
    if given is not None:
        if given.source.events is None and given.events:
            raise SpecError(
                f"events: the spec reads {listed(list(given.events))}: say EVENTS=<file>"
            )
        is_alone = given.source.events is not None
        return (replace(request, csv=None, events=path) if is_alone else request), ()
    if not path.is_file():  # what is read of a pipe is gone
        return request, ()
    sample = Bounds(max_bytes=min(Bounds.max_bytes, bounds.max_bytes))
    roles = Roles(request.key or ROW_NUMBER, request.updated_at)
    columns = read_csv(path, roles, bounds=sample, **request.form).columns
    key = next((c for c in columns if c.name == request.key), None)
    if key is not None and key.known - key.distinct <= MAX_CONFLICT_SHARE * key.rows:
        return request, ()
    found = find_transactions(columns, key, has_versions=request.updated_at is not None)
    if found is None:
        return request, ()
    if key is not None and found.holder == key.name and not names_customer(key.name):
        found = find_transactions(columns) or found
    note = (
        f"{path.name} {found.reason}: its rows are taken as events of the customers in"
        f" {found.holder!r}, as by EVENTS={path.name} KEY={found.holder}"
    )
    made = replace(request, csv=None, events=path, key=found.holder, updated_at=None)
    return made, (note,)


def event_tables(
    request: CsvRequest, space: str, given: Spec | None, bounds: Bounds, now: datetime
) -> Files:
    """The table of events whose customers are in no file of their own."""
    for part, value in (("updated_at", request.updated_at), ("labels", request.labels)):
        if value:
            raise InferenceError(
                part, f"{value!r} was given, but events alone have none: customers do (CSV=<file>)"
            )
    events = read_event_file(request, None, space, given, bounds, now)
    rows = events.evidence.rows
    if given is not None:
        notes = tuple(events.evidence.notes)
        return Files((events.table,), given, "", notes, events.newest, None, rows)
    path, schedule = request.main_file, schedule_for(events.newest, now)
    text, proposal = propose_alone(events.propose(None), path.name, space, schedule)
    spec = spec_from_dict({"space": space, **yaml.safe_load(text)}, where=path.name)
    notes = (*proposal.notes, *summary(proposal))
    return Files((events.table,), spec, text, notes, events.newest, None, rows)


def read_event_file(
    request: CsvRequest,
    keys: Column | None,
    space: str,
    given: Spec | None,
    bounds: Bounds,
    now: datetime,
) -> EventFile:
    """Read the file of events; ``keys`` are the customers', None if there is no file of them.

    Raises
    ------
    InferenceError
        when it cannot be used.
    SpecError
        when a given spec does not have one table of events.
    """
    path = request.events
    if path is None:
        raise InferenceError("events", "no file was given: say EVENTS=<file>")
    table = f"{space}_{identifier_of(path.name)}" if request.csv else table_name(space)
    said = None if given is None else _only_events(given)
    asked = None if request.csv else request.key
    if said is not None:
        if asked not in (None, said.customer):
            raise InferenceError(
                "key", f"{asked!r} was asked for, but {request.spec} says {said.customer!r}"
            )
        asked = said.customer
    form = {} if request.csv else request.form
    evidence, customer = read_events(path, keys, asked, bounds, **form)
    names, known = [one.name for one in evidence.columns], evidence
    if said is None or said.at not in names:  # what the spec's query computes is among them
        known, _ = with_moment(evidence, customer)
    if said is not None:
        key, at, zone = said.key_columns, said.at, said.zone
    else:
        roles = find_roles(known, customer)
        key, at, zone = roles.key_columns, roles.at.column, "UTC"
    column = known.column("at", at)
    is_late = column.times > np.datetime64(now.replace(tzinfo=None), "us")
    if is_late.any():
        rows = int(column.counts[is_late].sum())
        note = f"{rows:,} events lie in the future: they count when their time has come"
        evidence = replace(evidence, notes=(*evidence.notes, note))
        column = column.without(is_late, note)
    earliest = column.times[~np.isnat(column.times)]
    first = earliest.min().item().replace(tzinfo=UTC) if len(earliest) else None
    return EventFile(
        table_of(table, evidence, key[0] if len(key) == 1 else None, at if at in names else None),
        evidence,
        customer,
        first,
        newest_moment(column, zone),
    )


def with_time(roles: Roles, evidence: Evidence, events: EventFile) -> tuple[Roles, Evidence]:
    """The customers, known since a day before the first event if no column says since when.

    Without it, they would be known from now on only, when old events lie beyond all windows.
    """
    if roles.updated_at not in (None, KNOWN_SINCE) or events.first is None:
        return roles, evidence
    names = [column.name for column in evidence.columns]
    if KNOWN_SINCE in names:
        raise InferenceError(
            "updated_at", f"the file has a column {KNOWN_SINCE!r}: rename it, or name it UPDATED_AT"
        )
    since = pa.array([events.first - timedelta(days=1)], pa.timestamp("us", "UTC"))
    codes = np.zeros(evidence.columns[0].rows, dtype=np.int32)
    column = Column(KNOWN_SINCE, SqlType.TIMESTAMPTZ, since, codes)
    note = f"no column says when a customer changed: {KNOWN_SINCE!r} is before the first event"
    more = replace(evidence, columns=[*evidence.columns, column], notes=(*evidence.notes, note))
    return replace(roles, updated_at=KNOWN_SINCE), more


def _only_events(spec: Spec) -> Events:
    if len(spec.events) != 1:
        found = listed(list(spec.events)) if spec.events else "none"
        raise SpecError(f"events: {found} found, but one file of events is loaded (EVENTS=)")
    return next(iter(spec.events.values()))


def check_events(spec: Spec, request: CsvRequest, table: SourceTable) -> None:
    """Refuse a given spec whose events are not those of the file.

    Raises
    ------
    SpecError
        naming what does not fit.
    """
    if request.events is None:
        return
    events = _only_events(spec)
    name = f"{SCHEMA}.{table.name}"
    if events.query is not None:
        return
    if events.table not in (table.name, name):
        raise SpecError(
            f"events: {events.table} found, but {_shown(request.events)} becomes {name}"
        )
    names = [column.name for column in table.columns]
    roles = (events.customer, events.at, events.item, events.amount, events.quantity)
    for column in (*roles, *events.key_columns, events.loaded_at):
        if column is not None and column not in names:
            raise SpecError(
                f"events: {_shown(request.events)} has no column {column!r}; the columns are"
                f" {listed(names)}"
            )


def _shown(path: Path) -> str:
    return path.name
