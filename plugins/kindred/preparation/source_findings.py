"""Checks of a source that a spec defines otherwise than when its customers landed."""

from collections.abc import Iterator
from datetime import datetime

from kindred.errors import PreflightError
from kindred.history import source_definition
from kindred.preparation.kept_events import may_read
from kindred.run.findings import Finding, Outcome
from kindred.spec.model import Spec
from kindred.warehouse.database import Database


def findings(
    warehouse: Database, spec: Spec, as_of: datetime | None, *, full_extract: bool
) -> Iterator[Finding]:
    """Whether a run would read everything anew, or must be refused.

    ``as_of``: None for whatever date comes next.
    """
    table = (spec.internal_schema, source_definition.WINDOWS)
    newest = source_definition.newest(warehouse, table) if may_read(warehouse, *table) else None
    if newest is None:
        return
    try:
        newest.require_same_key(spec, as_of, full_extract=full_extract)
    except PreflightError as error:
        yield Finding("source", Outcome.FAILURE, str(error))
        return
    changes = source_definition.changes_to_read(newest, spec)
    if changes and (as_of is None or as_of > newest.end):
        yield Finding("source", Outcome.WARNING, source_definition.says_of(changes, newest.end))
