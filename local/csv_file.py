"""A CSV file as a data set; it is checked completely before anything is started."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from kindred.errors import InferenceError, PreflightError, SpecError, WindowError
from kindred.history.source import check_updated_at
from kindred.infer.column_names import identifier_of
from kindred.infer.files import ROW_NUMBER, newest_moment, open_table, read_csv
from kindred.infer.proposal import Evidence, Roles
from kindred.infer.propose import ProposalRequest, propose_text
from kindred.infer.reading import SAMPLE, Bounds
from kindred.infer.schedule import schedule_for, window_for
from kindred.infer.summary import summary
from kindred.run.machine import available_megabytes
from kindred.spec.model import Spec, load_spec, spec_from_dict
from kindred.spec.names import did_you_mean, listed
from local import demo
from local.csv_load import Plan, advice, load
from local.data_set import DataSet
from local.failures import RunFailedError
from local.layout import Layout
from local.tables import SCHEMA, Column, SourceTable

# A file of 1,000,000 rows x 22 columns takes 6 bytes of memory per byte (`make bench NAME=infer`);
# one in another encoding, or with quotes that are not regular, somewhat more.
MEMORY_PER_BYTE = 10
MAX_COLUMNS = 1500  # PostgreSQL allows 1,600 columns per table


@dataclass(frozen=True)
class CsvRequest:
    """The arguments of ``make run CSV=...``; ``labels`` are separated by commas."""

    csv: Path
    key: str | None = None
    separator: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    updated_at: str | None = None
    labels: str = ""
    spec: Path | None = None

    @property
    def options(self) -> dict[str, str | None]:
        """What is said of how the file is written, beside its separator."""
        return {"encoding": self.encoding, "sheet": self.sheet}

    @property
    def command(self) -> str:
        """The command that runs the file again with a spec, which defines all but the format."""
        named = {"SEP": self.separator, "ENCODING": self.encoding, "SHEET": self.sheet}
        given = (f" {name}={quote(value)}" for name, value in named.items() if value is not None)
        return f"make run CSV={quote(str(self.csv))}{''.join(given)}"


def csv_data_set(layout: Layout, request: CsvRequest, now: datetime) -> DataSet:
    """The data set of a file, with the given spec or a proposed one.

    Raises
    ------
    RunFailedError
        when the file or an argument cannot be used; it names it, and the columns of the file.
    """
    try:
        return _data_set(layout, request, now)
    except InferenceError as error:
        raise RunFailedError(error.part, error.reason) from error
    except (SpecError, PreflightError) as error:
        raise RunFailedError("spec", str(error)) from error
    except WindowError as error:
        raise RunFailedError("updated_at", str(error)) from error


def _data_set(layout: Layout, request: CsvRequest, now: datetime) -> DataSet:
    space = _free_space(layout, request.csv)
    bounds = Bounds(available_megabytes() * 2**20 // MEMORY_PER_BYTE, must_be_whole=True)
    given = None if request.spec is None else load_spec(request.spec, space)
    roles = _roles(request) if given is None else _roles_of(request, given)
    evidence = read_csv(request.csv, roles, request.separator, bounds, **request.options)
    table = _table(table_name(space), roles, evidence)
    newest = _newest(roles, evidence, given)
    if given is not None and request.spec is not None:
        _check_given(given, table)
        spec, text = given, request.spec.read_text(encoding="utf-8")
        notes = tuple(evidence.notes)
    else:
        schedule = schedule_for(newest, now)
        name = f"{SCHEMA}.{table.name}"
        text, proposal = propose_text(name, request.csv.name, roles, evidence, space, schedule)
        spec = spec_from_dict({"space": space, **yaml.safe_load(text)}, where=request.csv.name)
        notes = (*proposal.notes, *summary(proposal))
    if len(table.columns) > MAX_COLUMNS:
        table = _only_read(spec, table)
        loaded = f"{len(table.columns):,} of {len(evidence.columns):,} columns are loaded"
        notes = (*notes, f"{loaded}, those that the spec reads: a table has {MAX_COLUMNS:,}")
    window = window_for(spec.schedule, newest, now)
    plan = Plan(request.command, table, spec, text, layout.own_features / f"{space}.yaml")
    return DataSet(
        spec,
        {window.start: window.end},
        lambda server: (*notes, *load(layout, server, plan)),
        advice(plan),
        evidence.rows,
    )


def table_name(space: str) -> str:
    """The table of a space in the source database; it differs from the demo's table."""
    return f"{space}_file" if space == demo.TABLE else space


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
        table = open_table(request.csv, request.separator, SAMPLE, **request.options)
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


def _table(name: str, roles: Roles, evidence: Evidence) -> SourceTable:
    key = evidence.column("key", roles.key)
    return SourceTable(
        name,
        [Column(column.name, column.type, column.stored()) for column in evidence.columns],
        roles.key,
        roles.updated_at,
        repeats_keys=key.distinct < key.rows,
    )


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


def request_of(options: Mapping[str, Any]) -> CsvRequest | None:
    """The request from the command's options; None for the demo.

    Raises
    ------
    RunFailedError
        when options for a file are given without the file.
    """
    given = {name: value for name, value in options.items() if value}
    if not given:
        return None
    if "csv" not in given:
        names = ", ".join(name.upper() for name in given)
        raise RunFailedError("csv", f"{names} was given without CSV: say CSV=<file>")
    return CsvRequest(
        csv=Path(given["csv"]),
        key=given.get("key"),
        separator=given.get("sep"),
        encoding=given.get("encoding"),
        sheet=given.get("sheet"),
        updated_at=given.get("updated_at"),
        labels=given.get("labels", ""),
        spec=Path(given["spec"]) if "spec" in given else None,
    )
