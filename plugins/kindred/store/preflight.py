"""Every check to make before anything is changed, for ``prepare`` and ``kindred doctor``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kindred.artefacts import free_megabytes
from kindred.errors import KindredError, PreflightError
from kindred.settings import Settings
from kindred.spec import Spec
from kindred.store import source
from kindred.store.database import Database
from kindred.store.source import SourceColumns

MIN_SERVER_VERSION = 150_000
MIN_PGVECTOR = (0, 8, 0)
GOOD_PGVECTOR = (0, 8, 6)  # earlier ones leak memory in nested-loop IVFFlat scans (pgvector #1002)
MAX_INDEXED_DIMENSIONS = 2_000
ARTEFACT_BYTES_PER_VALUE = 8


class Outcome(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, and what was found, allowed and to be done."""

    check: str
    outcome: Outcome
    message: str


@dataclass(frozen=True)
class Preflight:
    """All findings; ``columns`` is the source's shape where it could be read."""

    findings: list[Finding]
    columns: SourceColumns | None

    def columns_or_raise(self) -> SourceColumns:
        """The source's shape.

        Raises
        ------
        PreflightError
            with the message of every failed check.
        """
        failures = [f.message for f in self.findings if f.outcome is Outcome.FAILURE]
        if failures or self.columns is None:
            raise PreflightError("\n".join(failures))
        return self.columns


def inspect(spec: Spec, settings: Settings, origin: Database, warehouse: Database) -> Preflight:
    """Run every check against source and warehouse; changes nothing."""
    findings = [
        *_server_findings(warehouse),
        *_right_findings(warehouse, spec),
        *_disk_findings(spec, settings, source.estimated_rows(origin, spec.source)),
    ]
    try:
        columns = source.describe(origin, spec)
    except KindredError as error:
        findings.append(Finding("source", Outcome.FAILURE, str(error)))
        return Preflight(findings, None)
    message = (
        f"key {spec.source.key!r} is {columns.key_type}, {len(columns.types)} columns are read"
    )
    findings.append(Finding("source", Outcome.OK, message))
    return Preflight(findings, columns)


def _server_findings(warehouse: Database) -> Iterator[Finding]:
    version, installed, available = warehouse.row("preflight/server") or (0, None, None)
    if version < MIN_SERVER_VERSION:
        yield Finding(
            "server",
            Outcome.FAILURE,
            f"warehouse: PostgreSQL {version // 10000} was found, {MIN_SERVER_VERSION // 10000} or"
            " newer is needed; upgrade the server",
        )
    else:
        yield Finding("server", Outcome.OK, f"PostgreSQL {version // 10000}.{version % 10000}")
    if warehouse.value("preflight/is_recovering"):
        yield Finding(
            "server",
            Outcome.FAILURE,
            "warehouse: the server is a read-only standby; point connection 'kindred_warehouse' at"
            " the primary",
        )
    yield _pgvector_finding(installed or available, is_installed=installed is not None)


def _pgvector_finding(version: str | None, *, is_installed: bool) -> Finding:
    if version is None:
        return Finding(
            "pgvector",
            Outcome.FAILURE,
            "warehouse: extension 'vector' (pgvector) is not available on the server; install"
            " pgvector 0.8.6 or newer there",
        )
    parts = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if parts < MIN_PGVECTOR:
        advice = (
            "run 'alter extension vector update'" if is_installed else "install a newer package"
        )
        return Finding(
            "pgvector",
            Outcome.FAILURE,
            f"warehouse: pgvector {version} was found, 0.8.0 or newer is needed; {advice}",
        )
    if parts < GOOD_PGVECTOR:
        return Finding(
            "pgvector",
            Outcome.WARNING,
            f"pgvector {version} leaks memory in nested-loop IVFFlat scans; 0.8.6 does not",
        )
    return Finding("pgvector", Outcome.OK, f"pgvector {version}")


def _right_findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    parameters = {"schema": spec.internal_schema, "bi_schema": spec.bi_schema}
    row = warehouse.row("preflight/rights", parameters)
    may_create, may_create_roles, has_reader, owns_schema, owns_bi, user = row or (None,) * 6
    failures = []
    for schema, owns in ((spec.internal_schema, owns_schema), (spec.bi_schema, owns_bi)):
        if owns is None and not may_create:
            failures.append(
                f"warehouse: user {user!r} may not create schema {schema};"
                f" grant create on the database to {user}"
            )
        elif owns is False:
            failures.append(
                f"warehouse: schema {schema} belongs to somebody else than user {user!r};"
                f" run 'alter schema {schema} owner to {user}'"
            )
    if not has_reader and not may_create_roles:
        failures.append(
            f"warehouse: role bi_reader does not exist and user {user!r} may not create roles;"
            " have an administrator run 'create role bi_reader nologin'"
        )
    for failure in failures:
        yield Finding("rights", Outcome.FAILURE, failure)
    if not failures:
        yield Finding("rights", Outcome.OK, f"user {user!r} may do what is needed")


def _disk_findings(spec: Spec, settings: Settings, rows: int) -> Iterator[Finding]:
    free = free_megabytes(settings.artifacts)
    if free is None:
        yield Finding("disk", Outcome.OK, f"artefacts go to {settings.artifacts}")
        return
    width = sum(
        f.max_categories + 1 if f.kind == "categorical" else 2 for f in spec.features.values()
    )
    forecast = rows * (width + 3 * spec.k) * ARTEFACT_BYTES_PER_VALUE // 2**20
    needed = settings.min_free_disk_mb + forecast
    if free < needed:
        yield Finding(
            "disk",
            Outcome.FAILURE,
            f"artefacts: {free} MB are free at {settings.artifacts}, {needed} MB are needed"
            f" (KINDRED_MIN_FREE_DISK_MB = {settings.min_free_disk_mb} and {forecast} MB forecast"
            f" for {rows} customers); free space, or point KINDRED_ARTIFACTS elsewhere",
        )
    else:
        yield Finding(
            "disk", Outcome.OK, f"{free} MB free at {settings.artifacts}, {needed} needed"
        )
