"""``kindred infer-spec``: propose the spec of a space for a file or a table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kindred.errors import InferenceError, SettingsError
from kindred.history.source import describe
from kindred.infer.column_names import identifier_of
from kindred.infer.event_proposal import EventProposal, propose_events
from kindred.infer.event_roles import find_customer
from kindred.infer.files import evidence_of, open_table, read_events
from kindred.infer.key_choice import find_key
from kindred.infer.proposal import NIGHTLY, Evidence, Proposal, Roles, propose
from kindred.infer.rendering import render
from kindred.infer.source_sample import read_first_rows, read_sample
from kindred.run.context import Deployment
from kindred.spec.model import spec_from_dict
from kindred.spec.source import Source, table_parts
from kindred.warehouse.database import Database

Proposed = tuple[str, Proposal]
"""The text of a spec that has been validated, and the proposal that it renders."""


@dataclass(frozen=True)
class ProposalRequest:
    """What a person asks for; ``labels`` are separated by commas, ``space`` is optional.

    ``key``: of the customers, or the customer of events that have no table of customers.
    """

    key: str | None
    updated_at: str | None = None
    labels: str = ""
    space: str | None = None

    @property
    def roles(self) -> Roles:
        """The roles of the columns, as the inference needs them.

        Raises
        ------
        SettingsError
            when there is no key.
        """
        if self.key is None:
            raise SettingsError("--key is missing: name the column that identifies the customer")
        labels = tuple(name.strip() for name in self.labels.split(",") if name.strip())
        return Roles(self.key, self.updated_at, labels)

    def check_alone(self) -> None:
        """Refuse what only a table of customers has.

        Raises
        ------
        SettingsError
            when it was given.
        """
        given = {"--updated-at": self.updated_at, "--labels": self.labels}
        for option, value in given.items():
            if value:
                raise SettingsError(
                    f"{option} {value!r}: events alone have none, a table of customers has"
                    " (--table, --query or --csv)"
                )


@dataclass(frozen=True)
class TextFormat:
    """How a file is written, as far as it is said; the rest is detected."""

    separator: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Relations:
    """Where the rows are: of customers in a file, table or query; of events in a file or table."""

    csv: Path | None = None
    table: str | None = None
    query: str | None = None
    events: str | None = None
    connection: str = "kindred_source"

    @property
    def is_alone(self) -> bool:
        """Whether there are events only."""
        customers = (self.csv, self.table, self.query)
        return self.events is not None and all(each is None for each in customers)


def propose_spec(
    deployment: Callable[[], Deployment],
    request: ProposalRequest,
    relations: Relations,
    form: TextFormat,
) -> Proposed:
    """Propose a spec for what a person has named; ``deployment`` is asked for if it is needed.

    Raises
    ------
    SettingsError
        when not exactly one relation of customers is named, nor events alone.
    """
    given, events = relations, relations.events
    if events is not None and given.is_alone:
        if Path(events).is_file():
            return propose_from_event_file(Path(events), request, form)
        return propose_from_events(deployment(), request, given.connection, events)
    if sum(each is not None for each in (given.csv, given.table, given.query)) != 1:
        raise SettingsError(
            "exactly one of --csv, --table and --query must be given, or --events alone"
        )
    if given.csv is not None:
        path = None if events is None else Path(events)
        return propose_from_file(given.csv, request, form, path)
    relation = (
        {"table": given.table}
        if given.table is not None
        else {"query": query_of(given.query or "")}
    )
    return propose_from_source(deployment(), request, given.connection, events, **relation)


def propose_from_file(
    path: Path, request: ProposalRequest, form: TextFormat, events: Path | None = None
) -> Proposed:
    """Propose a spec for a file of customers, whose key may be found, and one of their events."""
    space = identifier_of(path.name)
    table = open_table(path, form.separator, encoding=form.encoding, sheet=form.sheet)
    note: tuple[str, ...] = ()
    if request.key is None:
        request = replace(request, key=find_key(table))
        note = (f"the key is {request.key!r}, the only column that looks like one (--key)",)
    evidence = evidence_of(table, request.roles)
    evidence = replace(evidence, notes=(*note, *evidence.notes))
    found = None
    if events is not None:
        keys = evidence.column("key", request.roles.key)
        read, customer = read_events(events, keys)
        found = propose_events(
            f"public.{identifier_of(events.name)}",
            read,
            customer,
            taken=[column.name for column in evidence.columns],
        )
    return propose_text(
        f"public.{space}", path.name, request.roles, evidence, request.space or space, events=found
    )


def propose_from_event_file(path: Path, request: ProposalRequest, form: TextFormat) -> Proposed:
    """Propose a spec for a file of events without one of customers."""
    request.check_alone()
    space = identifier_of(path.name)
    read, customer = read_events(
        path, None, request.key, separator=form.separator, encoding=form.encoding, sheet=form.sheet
    )
    events = propose_events(f"public.{space}", read, customer)
    return propose_alone(events, path.name, request.space or space)


def propose_from_source(
    deployment: Deployment,
    request: ProposalRequest,
    connection: str,
    events: str | None = None,
    **relation: str,
) -> Proposed:
    """Propose a spec for a ``table`` or view of the source, or for a ``query`` to it.

    ``events``: the table of what its customers do, in the same database.
    """
    source = _source(
        "table",
        connection=connection,
        key=request.roles.key,
        updated_at=request.updated_at or "none",
        **relation,
    )
    with deployment.reader(source.connection, "kindred infer-spec") as database:
        evidence = read_sample(database, source)
        found = None
        if events is not None:
            found = _events_of_source(database, connection, events, None, evidence, source.key)
        space = request.space or identifier_of((source.table_parts or ["query"])[-1])
        origin = f"table {source.table}" if source.table else "a query"
        text, proposal = propose_text(
            source.table or "",
            origin,
            request.roles,
            evidence,
            space,
            source=source,
            events=found,
        )
        # What a run would refuse is said now.
        describe(database, spec_from_dict({"space": space, **yaml.safe_load(text)}, where=origin))
    return text, proposal


def propose_from_events(
    deployment: Deployment, request: ProposalRequest, connection: str, table: str
) -> Proposed:
    """Propose a spec for a table of events without one of customers."""
    request.check_alone()
    with deployment.reader(connection, "kindred infer-spec") as database:
        events = _events_of_source(database, connection, table, request.key, None, None)
        space = request.space or identifier_of(table_parts(table)[-1])
        text, proposal = propose_alone(events, f"table {table}", space)
        spec = spec_from_dict({"space": space, **yaml.safe_load(text)}, where=f"table {table}")
        describe(database, spec)
    return text, proposal


def _events_of_source(
    database: Database,
    connection: str,
    table: str,
    asked: str | None,
    customers: Evidence | None,
    key: str | None,
) -> EventProposal:
    """Propose events from all rows of some customers; who is one, the table's first rows show."""
    source = _source(
        "events", connection=connection, table=table, key=asked or "-", updated_at="none"
    )
    first = read_first_rows(database, source)
    keys, share = None, 1.0
    if customers is not None and key is not None:
        keys = customers.column("key", key)
        share = keys.rows / max(customers.rows, 1)
    customer = find_customer(first, keys, asked, key_share=share)
    evidence = read_sample(database, source.model_copy(update={"key": customer.column}))
    taken = None if customers is None else [column.name for column in customers.columns]
    return propose_events(table, evidence, customer, connection=connection, taken=taken)


def _source(part: str, **settings: Any) -> Source:
    try:
        return Source(**settings)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InferenceError(part, message) from error


def propose_text(
    table: str,
    origin: str,
    roles: Roles,
    evidence: Evidence,
    space: str,
    schedule: str = NIGHTLY,
    source: Source | None = None,
    events: EventProposal | None = None,
) -> Proposed:
    """Propose a spec for typed columns; of ``source``, its query and connection are named."""
    proposal = propose(table, roles, evidence, schedule, has_events=events is not None)
    if source is not None:
        proposal = replace(proposal, query=source.query, connection=source.connection)
    if events is not None:
        notes = (*proposal.notes, *events.notes)
        proposal = replace(proposal, events=events, notes=notes)
    return _rendered(proposal, origin, space)


def propose_alone(
    events: EventProposal, origin: str, space: str, schedule: str = NIGHTLY
) -> Proposed:
    """Propose a spec for events whose customers are in no table of their own."""
    roles = Roles(events.roles.customer.column)
    proposal = Proposal(
        "", roles, (), events.customers, "", schedule, notes=events.notes, events=events
    )
    return _rendered(proposal, origin, space)


def _rendered(proposal: Proposal, origin: str, space: str) -> Proposed:
    text = render(proposal, origin)
    spec_from_dict({"space": space, **yaml.safe_load(text)}, where=f"the spec for {origin}")
    return text, proposal


def query_of(option: str) -> str:
    """The text of ``--query``: what follows, or what a file holds that is named by ``@file.sql``.

    Raises
    ------
    SettingsError
        when there is no text, or the file cannot be read.
    """
    text = option
    if option.startswith("@"):
        try:
            text = Path(option[1:]).read_text(encoding="utf-8-sig")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(f"--query {option}: cannot be read: {reason}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"--query {option}: is not UTF-8: save it as UTF-8") from error
    if not text.strip() or "\0" in text:
        found = "a NUL character" if text.strip() else "nothing"
        raise SettingsError(f"--query: a query is expected, or @file.sql; found {found}")
    return text.strip().replace("\r\n", "\n")


def write_new(path: Path, text: str) -> None:
    """Write a spec to a new file; never overwrite one, since it may hold somebody's edits.

    Raises
    ------
    SettingsError
        when the file exists, or the folder cannot be written to.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SettingsError(f"--output {path}: the file exists; remove it first") from error
    except OSError as error:
        raise SettingsError(f"--output {path}: cannot be written: {error.strerror}") from error
