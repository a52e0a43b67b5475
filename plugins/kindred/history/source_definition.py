"""What decides which rows and values come from a source: once it has changed, all are read anew.

A window trusts ``updated_at``: a customer whose row has not moved is not read again. Where the spec
names another table, query, condition, clock or column than it did when the newest window landed,
these customers would keep the values of the source of before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kindred.errors import PreflightError
from kindred.spec.model import Spec
from kindred.spec.names import listed
from kindred.warehouse.database import Database
from kindred.warehouse.statements import Name

KEY = "key"
WINDOWS = "extracted_windows"


@dataclass(frozen=True)
class Newest:
    """The newest window that has landed; ``definition``: None before it was recorded."""

    end: datetime
    definition: Mapping[str, Any] | None
    columns: list[str]

    def changes(self, spec: Spec) -> list[str]:
        """What the spec says otherwise than when that window landed; a lost column is no change."""
        if self.definition is None:
            return []
        found = [
            f"source.{name}"
            for name, value in definition_of(spec).items()
            if self.definition.get(name) != value
        ]
        gained = [c for c in spec.payload_columns if c not in self.columns]
        return found + [f"column {column!r}" for column in gained]

    def require_same_key(self, spec: Spec, as_of: datetime | None, *, full_extract: bool) -> None:
        """Refuse the ids of another column, unless a run of a new date reads everything.

        Raises
        ------
        PreflightError
            when they may be other people.
        """
        before, now = (self.definition or {}).get(KEY, spec.source.key), spec.source.key
        if before == now or (full_extract and as_of is not None and as_of > self.end):
            return
        raise PreflightError(
            f"source.key is {now!r}, but the customers that are known were read by {before!r}: ids"
            " of another column may be other people. Give the new ids a space of their own, or"
            f" write 'key: {before}' again; if they are the same customers by the same ids, run a"
            f' date after {self.end.isoformat()} once with {{"full_extract": true}}'
        )


def definition_of(spec: Spec) -> dict[str, Any]:
    """The keys of the spec that decide which rows of customers come, besides the columns."""
    source = spec.source
    read = ("connection", "table", "query", "where", "events", KEY, "updated_at", "tombstone")
    return {**{name: getattr(source, name) for name in read}, "source_timezone": source.zone}


def newest(warehouse: Database, windows: Name = WINDOWS) -> Newest | None:
    """The newest window that has landed, if any has."""
    row = warehouse.row("history/newest_window", windows=windows)
    return None if row is None else Newest(*row)


def changes_to_read(found: Newest | None, spec: Spec) -> list[str]:
    """Why the run of a new date has to read every row; empty if it has not.

    Without ``updated_at`` every run does, and customers who are those of events have no rows.
    """
    if found is None or spec.source.events is not None or not spec.source.has_updated_at:
        return []
    return found.changes(spec)


def says_of(changes: list[str], since: datetime) -> str:
    """A sentence about what has changed."""
    return (
        f"the spec has changed since the window up to {since.isoformat()} landed"
        f" ({listed(changes)}): every row of the source is read anew, and what differs lands with"
        " the newest window"
    )


def keep_reading(warehouse: Database, landing: str, *, is_anew: bool) -> None:
    """Record how a run has read the source, for it to land; forgets runs that have ended."""
    warehouse.run("history/delete_readings")
    warehouse.run("history/keep_reading", {"landing": landing, "is_anew": is_anew})


def landed_as(warehouse: Database, spec: Spec, landing: str) -> tuple[dict[str, Any], bool]:
    """The definition that the windows of a run land by, and whether it has read every row for it.

    If another run has landed by another one meanwhile, that remains: the next run reads anew.
    """
    found, definition = newest(warehouse), definition_of(spec)
    is_anew = bool(warehouse.value("history/read_reading", {"landing": landing}))
    if changes_to_read(found, spec) and not is_anew and found is not None:
        definition = dict(found.definition or definition)
    return definition, is_anew
