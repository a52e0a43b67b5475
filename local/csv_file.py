"""Files as a data set; they are checked completely before anything is started."""

import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import yaml

from kindred.errors import InferenceError, PreflightError, SpecError, WindowError
from kindred.history.source import check_updated_at
from kindred.infer.column_names import identifier_of
from kindred.infer.files import ROW_NUMBER, newest_moment, open_table, read_csv
from kindred.infer.proposal import Evidence, Roles
from kindred.infer.propose import ProposalRequest, propose_text
from kindred.infer.reading import Bounds
from kindred.infer.schedule import schedule_for, window_for
from kindred.infer.summary import summary
from kindred.progress.steps import reported
from kindred.run.machine import available_megabytes
from kindred.spec.model import Spec, load_spec, spec_from_dict
from kindred.spec.names import did_you_mean, listed
from local.csv_load import Plan, advice, load
from local.data_set import DataSet
from local.event_files import (
    KNOWN_SINCE,
    Files,
    as_events,
    check_events,
    event_tables,
    read_event_file,
    table_name,
    table_of,
    with_time,
)
from local.failures import RunFailedError
from local.file_request import CsvRequest
from local.layout import Layout
from local.tables import SCHEMA, SourceTable

# A file of 1,000,000 rows x 22 columns takes 6 bytes of memory per byte (`make bench NAME=infer`);
# one in another encoding, or with quotes that are not regular, somewhat more.
MEMORY_PER_BYTE = 10
MAX_COLUMNS = 1500  # PostgreSQL allows 1,600 columns per table


def csv_data_set(layout: Layout, request: CsvRequest, now: datetime) -> DataSet:
    """The data set of files, with the given spec or a proposed one.

    Raises
    ------
    RunFailedError
        when a file or an argument cannot be used; it names it, and the columns of the file.
    """
    try:
        with reported(request.main_file.name, partial(print, file=sys.stderr, flush=True)):
            return _data_set(layout, request, now)
    except InferenceError as error:
        raise RunFailedError(error.part, error.reason) from error
    except (SpecError, PreflightError) as error:
        raise RunFailedError("spec", str(error)) from error
    except WindowError as error:
        raise RunFailedError("updated_at", str(error)) from error


def _data_set(layout: Layout, request: CsvRequest, now: datetime) -> DataSet:
    space = _free_space(layout, request.main_file)
    bounds = Bounds(available_megabytes() * 2**20 // MEMORY_PER_BYTE, must_be_whole=True)
    given = None if request.spec is None else load_spec(request.spec, space)
    request, notes = as_events(request, given, bounds)
    if request.csv is None:
        files = event_tables(request, space, given, bounds, now)
    else:
        files = _with_customers(request, space, given, bounds, now)
    if given is not None and request.spec is not None:
        if request.csv is not None:
            _check_given(given, files.tables[0])
        check_events(given, request, files.tables[-1])
        files = replace(files, spec=given, text=request.spec.read_text(encoding="utf-8"))
    window = window_for(files.spec.schedule, files.newest, now)
    where = layout.own_features / f"{space}.yaml"
    plan = Plan(request.command, files.tables, files.spec, files.text, where)
    told = (*notes, *files.notes)
    return DataSet(
        files.spec,
        {window.start: window.end},
        lambda server: (*told, *load(layout, server, plan)),
        advice(plan),
        files.rows,
        files.event_rows,
    )


def _with_customers(
    request: CsvRequest, space: str, given: Spec | None, bounds: Bounds, now: datetime
) -> Files:
    """The tables of the customers and, if there are some, of their events."""
    roles = _roles(request) if given is None else _roles_of(request, given)
    path = request.main_file
    evidence = read_csv(path, _in_file(roles), bounds=bounds, **request.form)
    events = None
    if request.events is not None:
        keys = evidence.column("key", roles.key)
        events = read_event_file(request, keys, space, given, bounds, now)
        roles, evidence = with_time(roles, evidence, events)
    table = _table(table_name(space), roles, evidence)
    newest = _newest(roles, evidence, given)
    if events is not None:
        newest = max(filter(None, (newest, events.newest)), default=None)
    if given is not None:
        spec, text, notes = given, "", tuple(evidence.notes)
    else:
        schedule = schedule_for(newest, now)
        made = None if events is None else events.propose([c.name for c in evidence.columns])
        name = f"{SCHEMA}.{table.name}"
        text, proposal = propose_text(
            name, path.name, roles, evidence, space, schedule, events=made
        )
        spec = spec_from_dict({"space": space, **yaml.safe_load(text)}, where=path.name)
        notes = (*proposal.notes, *summary(proposal))
    if len(table.columns) > MAX_COLUMNS:
        table = _only_read(spec, table)
        loaded = f"{len(table.columns):,} of {len(evidence.columns):,} columns are loaded"
        notes = (*notes, f"{loaded}, those that the spec reads: a table has {MAX_COLUMNS:,}")
    files = Files((table,), spec, text, notes, newest, evidence.rows)
    if events is None:
        return files
    return replace(files, tables=(table, events.table), event_rows=events.evidence.rows)


def _free_space(layout: Layout, path: Path) -> str:
    space = identifier_of(path.name)
    taken = layout.features / f"{space}.yaml"
    if taken.exists():
        raise InferenceError(
            "csv",
            f"the space {space!r} of {path.name} has a spec already, {taken}: rename the file",
        )
    return space


def _roles(request: CsvRequest) -> Roles:
    if request.key is None:
        table = open_table(request.main_file, **request.form)
        names = listed(table.names)
        raise InferenceError(
            "key",
            f"KEY is missing: name the column that identifies the customer, or KEY={ROW_NUMBER} to"
            f" number the rows; the columns are {names}",
        )
    return ProposalRequest(request.key, request.updated_at, request.labels).roles


def _roles_of(request: CsvRequest, spec: Spec) -> Roles:
    """The roles that a given spec defines; arguments must agree with it."""
    source = spec.source
    updated_at = source.updated_at if source.has_updated_at else None
    for role, asked, said in (
        ("key", request.key, source.key),
        ("updated_at", request.updated_at, updated_at),
    ):
        if asked is not None and asked != said:
            raise InferenceError(role, f"{asked!r} was asked for, but {request.spec} says {said!r}")
    return Roles(source.key, updated_at, spec.labels)


def _check_given(spec: Spec, table: SourceTable) -> None:
    expected = (table.name, f"{SCHEMA}.{table.name}")
    if spec.source.table not in expected:
        found = spec.source.table or "a query"
        raise SpecError(f"source.table: {found} found, but the file becomes {expected[1]}")
    names = [column.name for column in table.columns]
    missing = [name for name in spec.payload_columns if name not in names]
    if missing:
        raise SpecError(
            f"the file has no column {listed([repr(name) for name in missing])}; the columns are"
            f" {listed(names)}{did_you_mean(missing[0], names)}"
        )


def _in_file(roles: Roles) -> Roles:
    """The roles of the columns that are in the file itself."""
    return replace(roles, updated_at=None) if roles.updated_at == KNOWN_SINCE else roles


def _table(name: str, roles: Roles, evidence: Evidence) -> SourceTable:
    key = evidence.column("key", roles.key)
    is_repeated = key.distinct < key.rows
    return table_of(name, evidence, roles.key, roles.updated_at, repeats_keys=is_repeated)


def _only_read(spec: Spec, table: SourceTable) -> SourceTable:
    """The table with the columns that a spec reads, if the file has more than a table may have."""
    read = {table.key, table.updated_at, *spec.payload_columns, spec.source.tombstone}
    return replace(table, columns=[column for column in table.columns if column.name in read])


def _newest(roles: Roles, evidence: Evidence, given: Spec | None) -> datetime | None:
    if roles.updated_at is None:
        return None
    column = evidence.column("updated_at", roles.updated_at)
    if given is not None:
        check_updated_at(given.source, column.type)
    return newest_moment(column, "UTC" if given is None else given.source.zone)
