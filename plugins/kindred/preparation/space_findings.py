"""Checks of a space that exists: which release made it, who owns it, and who may read it."""

from collections.abc import Iterator

from kindred.errors import PreflightError
from kindred.run.findings import Finding, Outcome
from kindred.spec.model import Spec
from kindred.warehouse import reader_rights, schemas
from kindred.warehouse.database import Database

SHOWN_RIGHTS = 20


def findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    """What a run would meet, and what it would put right by itself (a warning)."""
    try:
        schemas.require_known_migrations(warehouse, spec.internal_schema)
    except PreflightError as error:
        yield Finding("release", Outcome.FAILURE, str(error))
        return
    missing = len(schemas.missing_migrations(warehouse, spec.internal_schema))
    yield Finding("release", Outcome.OK, f"the next run applies {missing} migrations")
    owner = warehouse.value("preparation/foreign_owner", {"schema": spec.internal_schema})
    if owner is not None:
        yield Finding(
            "owner",
            Outcome.FAILURE,
            f"warehouse: the tables of schema {spec.internal_schema} belong to {owner}, not to the"
            " connection's user; restore the backup as that user, or give it everything in schemas"
            f" {spec.internal_schema} and {spec.bi_schema} (docs/operations.md)",
        )
    yield from _reader_findings(warehouse, spec)


def _reader_findings(warehouse: Database, spec: Spec) -> Iterator[Finding]:
    """Rights that ``bi_reader`` lacks, and those it must not have."""
    parameters = {"schema": spec.internal_schema, "bi_schema": spec.bi_schema}
    powers = warehouse.rows("preparation/reader_powers", parameters)
    for problem, statement, is_open in powers:
        yield Finding(
            "readers",
            Outcome.FAILURE if is_open else Outcome.WARNING,
            f"warehouse: bi_reader {problem}, and may read {spec.bi_schema} alone; have an"
            f" administrator run '{statement}'",
        )
    wrong = [problem for problem, _ in reader_rights.wrong_rights(warehouse, spec)]
    if wrong:
        shown = "; ".join(wrong[:SHOWN_RIGHTS])
        more = f", and {len(wrong) - SHOWN_RIGHTS} more" if len(wrong) > SHOWN_RIGHTS else ""
        yield Finding(
            "readers",
            Outcome.WARNING,
            f"warehouse: rights are not as they must be: {shown}{more}; the next run puts them"
            " right when it is prepared",
        )
    elif not powers:
        yield Finding("readers", Outcome.OK, f"bi_reader may read {spec.bi_schema}, and no more")


def large_object_findings(warehouse: Database) -> Iterator[Finding]:
    """Warn where readers may write large objects, which are in no schema and of no size."""
    functions = [name for (name,) in warehouse.rows("preparation/large_objects")]
    if functions:
        shown = ", ".join(functions)
        yield Finding(
            "large objects",
            Outcome.WARNING,
            "warehouse: bi_reader may write large objects, and so fill the disk, as PostgreSQL lets"
            f" everybody; have a superuser run 'revoke execute on function {shown} from public' in"
            " the warehouse's database, and grant it to logins that need it",
        )
