"""All checks made before anything is changed, for ``prepare`` and ``kindred doctor``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import quote_ident

from kindred.errors import KindredError, PreflightError, SettingsError
from kindred.events import event_source
from kindred.history import source
from kindred.history.erasure_key import ErasureKey
from kindred.history.source import SourceColumns
from kindred.history.source_errors import may_end_sessions
from kindred.history.suppression import require_same_secret
from kindred.preparation import (
    audience_findings,
    kept_events,
    source_findings,
    space_findings,
    store_findings,
)
from kindred.preparation.kept_events import may_read
from kindred.recommendations import catalogue_rows
from kindred.run.context import Deployment
from kindred.run.findings import Finding, Outcome
from kindred.segments.lists.index_pages import has_reader
from kindred.segments.plpython import plpython_checks
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec
from kindred.spec.source import Relation
from kindred.warehouse.database import Database

MIN_SERVER_VERSION = 150_000
MIN_PGVECTOR = (0, 8, 0)
GOOD_PGVECTOR = (0, 8, 6)  # earlier ones leak memory in nested-loop IVFFlat scans (pgvector #1002)


@dataclass(frozen=True)
class Preflight:
    """All findings; ``columns`` are the source's columns, None if it could not be read."""

    findings: list[Finding]
    columns: SourceColumns | None

    def columns_or_raise(self) -> SourceColumns:
        """The source's columns.

        Raises
        ------
        PreflightError
            with the message of every failed check.
        """
        failures = [f.message for f in self.findings if f.outcome is Outcome.FAILURE]
        if failures or self.columns is None:
            raise PreflightError("\n".join(failures))
        return self.columns


def inspect(
    spec: Spec,
    deployment: Deployment,
    origin: Database,
    warehouse: Database,
    as_of: datetime | None = None,
    *,
    full_extract: bool = False,
) -> Preflight:
    """Run every check against sources and warehouse; changes nothing.

    ``as_of``: the date of the snapshot that is wanted; without one, the next. ``full_extract``:
    whether its run was asked to read everything.
    """
    settings = deployment.settings
    columns, source_finding = _read_source(origin, spec)
    rows = 0 if columns is None else source.estimated_rows(origin, spec.source)
    wants_plpython = Algorithm.PLPYTHON in spec.clustering.algorithms
    findings = [
        *_server_findings(warehouse),
        *_pgvector_findings(warehouse),
        *(plpython_checks.findings(warehouse) if wants_plpython else ()),
        *_right_findings(warehouse, spec),
        *space_findings.findings(warehouse, spec),
        *_page_findings(warehouse, spec),
        *_erasure_findings(warehouse, spec),
        *store_findings.findings(spec, settings, rows),
        *_relation_findings(spec, deployment, origin, warehouse, source_finding, columns),
        *(
            ()  # what cannot be read is not compared
            if columns is None
            else source_findings.findings(warehouse, spec, as_of, full_extract=full_extract)
        ),
        *kept_events.findings(warehouse, spec, as_of or datetime.now(UTC)),
        *_catalogue_findings(spec, deployment, warehouse),
        *audience_findings.findings(
            spec, deployment, warehouse, None if columns is None else columns.key_type
        ),
    ]
    return Preflight(findings, columns)


def _read_source(origin: Database, spec: Spec) -> tuple[SourceColumns | None, Finding]:
    try:
        columns = source.describe(origin, spec)
    except KindredError as error:
        return None, Finding("source", Outcome.FAILURE, str(error))
    message = (
        f"key {spec.source.key!r} is {columns.key_type}, {len(columns.types)} columns are read"
    )
    return columns, Finding("source", Outcome.OK, message)


def _relation_findings(
    spec: Spec,
    deployment: Deployment,
    origin: Database,
    warehouse: Database,
    source_finding: Finding,
    columns: SourceColumns | None,
) -> Iterator[Finding]:
    """The source's findings and those of events; where it is made of events, theirs say it all."""
    of_events = list(_event_findings(spec, deployment, warehouse, columns))
    theirs = [f for f in of_events if f.check == f"events {spec.source.events}"]
    if all(finding.outcome is not Outcome.FAILURE for finding in theirs):
        yield source_finding
    if spec.source.events is None:
        yield from _owner_findings(origin, warehouse, spec.source)
        yield from _policy_findings(origin, spec, columns)
    yield from of_events


def _policy_findings(
    origin: Database, spec: Spec, columns: SourceColumns | None
) -> Iterator[Finding]:
    """Row-level security hides customers without a word."""
    words = None if columns is None else source.hidden_rows(origin, spec, columns)
    if words is not None:
        what = "whom a policy hides is no customer here"
        yield _hidden(origin, f"source {spec.source.connection!r}", words, what)


def _hidden(origin: Database, where: str, words: str, what: str) -> Finding:
    user = quote_ident(origin.connection.info.user, origin.connection)
    return Finding(
        "source rows",
        Outcome.WARNING,
        f"{where}: user {user} does not see all rows ({words}): {what}, and gone if that is new; if"
        f" all are meant, have an administrator run 'alter role {user} bypassrls', or add a policy"
        " for that user",
    )


def _event_findings(
    spec: Spec, deployment: Deployment, warehouse: Database, columns: SourceColumns | None
) -> Iterator[Finding]:
    """Whether each table of events can be read, and all of it."""
    for name, events in spec.events.items():
        what, label = f"events {name}", f"kindred {spec.space} preflight"
        try:
            with deployment.reader(events.connection, label, prove=True) as origin:
                found = event_source.describe(
                    origin, spec, name, None if columns is None else columns.key_type
                )
                yield from _owner_findings(origin, warehouse, events, found.section)
                if (words := found.hidden_rows(origin)) is not None:
                    what_is_hidden = "what a policy hides is no event here"
                    yield _hidden(origin, found.section, words, what_is_hidden)
        except KindredError as error:
            yield Finding(what, Outcome.FAILURE, str(error))
            continue
        identified = ", ".join(events.key_columns) or "the whole row"
        message = f"identified by {identified}, {len(found.types)} columns are read"
        yield Finding(what, Outcome.OK, message)


def _catalogue_findings(
    spec: Spec, deployment: Deployment, warehouse: Database
) -> Iterator[Finding]:
    """Whether the catalogue of items can be read, and all of it."""
    catalogue = None if spec.recommendations is None else spec.recommendations.catalogue
    if catalogue is None:
        return
    try:
        label = f"kindred {spec.space} preflight"
        with deployment.reader(catalogue.connection, label, prove=True) as origin:
            columns = catalogue_rows.check_catalogue(origin, catalogue)
            words = catalogue_rows.hidden_rows(origin, catalogue)
            yield from _owner_findings(origin, warehouse, catalogue, catalogue_rows.SECTION)
            if words is not None:
                what = "an item that a policy hides is not available"
                yield _hidden(origin, catalogue_rows.SECTION, words, what)
    except KindredError as error:
        yield Finding("catalogue", Outcome.FAILURE, str(error))
    else:
        message = f"items are identified by {catalogue.key}, {columns} columns are read"
        yield Finding("catalogue", Outcome.OK, message)


def _owner_findings(
    origin: Database, warehouse: Database, relation: Relation, section: str = "source"
) -> Iterator[Finding]:
    """SQL of a spec must not run as whoever may change the warehouse."""
    if relation.query is None and relation.where is None:
        return
    owner = warehouse.records("preparation/identity")[0]
    if origin.value("preparation/may_act_as", owner):
        yield Finding(
            "source rights",
            Outcome.WARNING if relation.query is None else Outcome.FAILURE,
            f"{section} {relation.connection!r}: its user may act as {owner['user_name']}, who owns"
            f" the warehouse in the same database {owner['database_name']}, and the spec's SQL"
            " would run with those rights; give the connection a user of its own that may only"
            " read the source",
        )
    elif origin.value("preparation/may_end_sessions", owner):
        yield Finding(
            "source rights",
            Outcome.WARNING,
            f"{section} {relation.connection!r}: {may_end_sessions(owner)}",
        )


def _server_findings(warehouse: Database) -> Iterator[Finding]:
    version = warehouse.connection.server_version
    if version < MIN_SERVER_VERSION:
        yield Finding(
            "server",
            Outcome.FAILURE,
            f"warehouse: PostgreSQL {version // 10000} was found, {MIN_SERVER_VERSION // 10000} or"
            " newer is needed; upgrade the server",
        )
    else:
        yield Finding("server", Outcome.OK, f"PostgreSQL {version // 10000}.{version % 10000}")


def _pgvector_findings(warehouse: Database) -> Iterator[Finding]:
    found = warehouse.records("preparation/pgvector_version")[0]
    installed, may_install = found["installed"], False
    available: Any = None
    if installed is None or _version(installed) < MIN_PGVECTOR:
        [(available, may_install)] = warehouse.rows("preparation/pgvector_on_offer")
    database, user = found["database_name"], found["user_name"]
    failure = None
    if installed is None and available is None:
        failure = (
            "extension 'vector' (pgvector) is not available on the server; have an administrator"
            f" install its package, {_shown(GOOD_PGVECTOR)} or newer, there and run 'create"
            f" extension vector' in database {database}"
        )
    elif _version(installed or available) < MIN_PGVECTOR:
        package = "" if _version(available or "") >= MIN_PGVECTOR else "install a newer package"
        update = "run 'alter extension vector update'" if installed else ""
        failure = (
            f"pgvector {installed or available} was found in database {database},"
            f" {_shown(MIN_PGVECTOR)} or newer is needed; have an administrator"
            f" {' and '.join(filter(None, (package, update)))} there"
        )
    elif installed is None and not may_install:
        failure = (
            f"pgvector {available} is on the server but not in database {database}, and user {user}"
            " may not install it there (only a superuser can); have an administrator run 'create"
            f" extension vector' in database {database}"
        )
    elif found["closed_schema"] is not None:
        schema = found["closed_schema"]
        failure = (
            f"user {user} may not use schema {schema}, which holds pgvector;"
            f" have an administrator run 'grant usage on schema {schema} to {user}'"
        )
    if failure is not None:
        yield Finding("pgvector", Outcome.FAILURE, f"warehouse: {failure}")
        return
    if _version(installed or available) < GOOD_PGVECTOR:
        yield Finding(
            "pgvector",
            Outcome.WARNING,
            f"pgvector {installed or available} leaks memory in nested-loop IVFFlat scans;"
            f" {_shown(GOOD_PGVECTOR)} does not",
        )
    else:
        yield Finding("pgvector", Outcome.OK, f"pgvector {installed or available}")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _right_findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    parameters = {"schema": spec.internal_schema, "bi_schema": spec.bi_schema}
    found = warehouse.records("preparation/rights", parameters)[0]
    user, database = found["user_name"], found["database_name"]
    failures = []
    schemas = {spec.internal_schema: found["owns_schema"], spec.bi_schema: found["owns_bi_schema"]}
    for schema, owns in schemas.items():
        if owns is None and not found["may_create"]:
            failures.append(
                f"user {user} may not create schema {schema} in database {database}; have an"
                f" administrator run 'grant create on database {database} to {user}'"
            )
        elif owns is False:
            failures.append(
                f"schema {schema} in database {database} does not belong to user {user};"
                f" have its owner drop it, or run 'alter schema {schema} owner to {user}'"
            )
    if not found["may_use_temporary"]:
        failures.append(
            f"user {user} may not use temporary tables in database {database}; have an"
            f" administrator run 'grant temporary on database {database} to {user}'"
        )
    if not found["has_reader"] and not found["may_create_roles"]:
        failures.append(
            f"role bi_reader does not exist and user {user} may not create roles;"
            " have an administrator run 'create role bi_reader nologin'"
        )
    for schema, holds, grantee in warehouse.rows("preparation/open_schemas", parameters):
        failures.append(
            f"{grantee} may create objects in schema {schema} of database {database}, which holds"
            f" {holds}: functions made there could run with the rights of user {user}; have its"
            f" owner run 'revoke create on schema {schema} from {grantee}', and drop functions and"
            " operators that others have made there"
        )
    for schema, owner, functions, is_reader in warehouse.rows("preparation/foreign_functions"):
        message = (
            f"{functions} functions of {owner} in schema {schema} of database {database}, which"
            f" holds pgvector, could run with the rights of user {user}; have an administrator drop"
            " them, or run 'create schema vector; grant usage on schema vector to public; alter"
            " extension vector set schema vector', and then run the current date again"
            " (docs/operations.md)"
        )
        if is_reader:
            failures.append(message)
        else:
            yield Finding("rights", Outcome.WARNING, f"warehouse: {message}")
    for failure in failures:
        yield Finding("rights", Outcome.FAILURE, f"warehouse: {failure}")
    if found["public_may_use_temporary"]:
        yield Finding(
            "rights",
            Outcome.WARNING,
            f"warehouse: every login may create temporary objects in database {database}, and with"
            f" them probe what the views hide; have its owner run 'grant temporary on database"
            f" {database} to {user}; revoke temporary on database {database} from public'",
        )
    if not failures:
        yield Finding("rights", Outcome.OK, f"user {user} has all privileges needed")


def _page_findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    """Only the segments by IVFFlat lists read the pages of an index."""
    if Algorithm.IVFFLAT not in spec.clustering.algorithms:
        return
    if has_reader(warehouse, spec.internal_schema):
        yield Finding("index pages", Outcome.OK, "segments can be the lists of the index")
    else:
        yield Finding(
            "index pages",
            Outcome.WARNING,
            "algorithm 'ivfflat' cannot read the pages of the index and trains its own lists;"
            f" have a superuser run what 'kindred page-reader --space {spec.space}' prints",
        )


def _erasure_findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    """If customers were erased, the secret must be the one that hashed their keys."""
    table = (spec.internal_schema, "suppressed")
    if not may_read(warehouse, *table):
        return
    try:
        if warehouse.rows("history/key_fingerprints", suppressed=table):
            require_same_secret(warehouse, ErasureKey.from_env(), table)
            yield Finding("erasure", Outcome.OK, "erased customers are recognised and left out")
    except SettingsError as error:
        yield Finding("erasure", Outcome.FAILURE, str(error))
