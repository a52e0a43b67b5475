"""The source of a space: its table or query, and the roles of its columns in time."""

import re
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from kindred.spec.features import Strict
from kindred.spec.messages import shown

DEFAULT_OVERLAP_HOURS = 24.0  # longer than a transaction that changes customers stays open
# Types of numbers that may be fractional, with the largest whole one that is exact as a bigint.
LARGEST_KEYS = {"numeric": 2**63 - 1, "double precision": 2**53, "real": 2**24}
_PART_PATTERN = re.compile(r'"(?:[^"]|"")+"|[^".]+')
TABLE_PATTERN = re.compile(rf"(?:{_PART_PATTERN.pattern})(?:\.(?:{_PART_PATTERN.pattern}))*")
_NO_ZONES = ("localtime", "posixrules", "posix", "right", "Factory")


class History(StrEnum):
    """What a source holds of the past.

    ``current``: one mutable row per customer. ``versions``: one row per (key, updated_at).
    """

    CURRENT = "current"
    VERSIONS = "versions"


class Deletes(StrEnum):
    """How deleted customers are detected."""

    IGNORE = "ignore"
    TOMBSTONE = "tombstone"
    COMPARE_KEYS = "compare_keys"


def table_parts(name: str) -> list[str]:
    """The parts of a table's name: ``sales."My.Table"`` is sales, My.Table; empty if not a name."""
    if not TABLE_PATTERN.fullmatch(name):
        return []
    parts = (match.group() for match in _PART_PATTERN.finditer(name))
    return [part[1:-1].replace('""', '"') if part[0] == '"' else part for part in parts]


class Source(Strict):
    """The source of raw customer rows.

    ``table``: as in SQL, but names without quotes are taken as they are written: case matters.
    ``source_timezone``: the clock of an ``updated_at`` that does not say; days are UTC without it.
    ``overlap_hours``: how far before its window a run looks for rows that were committed late.
    """

    connection: str = "kindred_source"
    table: str | None = None
    query: str | None = None
    key: str
    updated_at: str
    source_timezone: str | None = None
    where: str | None = None
    history: History = History.CURRENT
    tombstone: str | None = None
    deletes: Deletes | None = None
    overlap_hours: Annotated[float, Field(ge=0, le=24 * 366)] | None = None

    @field_validator("table")
    @classmethod
    def _quotes_are_closed(cls, value: str | None) -> str | None:
        if value is not None and (not table_parts(value) or "%" in value):
            raise ValueError(
                f"{value!r} is not the name of a table: a name or schema.name without % is"
                ' expected, quoted where it holds a dot, such as "Sales Dept"."All.Customers"'
            )
        return value

    @field_validator("key", mode="before")
    @classmethod
    def _one_key_column(cls, value: object) -> object:
        if isinstance(value, list):
            raise ValueError(
                f"a composite key {shown(value)} was found, but a customer has one key column; add"
                " one to the source, for example a generated column or a query that concatenates"
                " the parts"
            )
        return value

    @field_validator("source_timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        name = value or "UTC"
        if name in _NO_ZONES or name.startswith(("posix/", "right/")):
            raise ValueError(
                f"{value!r} is a file beside the time zones and not the name of one: what it means"
                " differs from server to server; write a name such as Europe/Berlin"
            )
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: 'America'
            raise ValueError(f"{value!r} is not a time zone name such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _table_or_query(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("exactly one of 'table' and 'query' must be given")
        if self.deletes is Deletes.TOMBSTONE and self.tombstone is None:
            raise ValueError("'deletes: tombstone' needs the column's name in 'tombstone'")
        if self.overlap_hours and not self.has_updated_at:
            raise ValueError(
                "'overlap_hours' looks for rows with an old updated_at, but 'updated_at: none' says"
                " that there is none: every run reads all rows; leave the key out"
            )
        return self

    @property
    def table_parts(self) -> list[str]:
        """The parts of the table's name without quotes; empty if the source is a query."""
        return table_parts(self.table or "")

    @property
    def zone(self) -> str:
        """The time zone of times and days that do not name one."""
        return self.source_timezone or "UTC"

    @property
    def overlap(self) -> float:
        """Hours before its window that a run reads again."""
        return DEFAULT_OVERLAP_HOURS if self.overlap_hours is None else self.overlap_hours

    @property
    def has_updated_at(self) -> bool:
        """False for ``updated_at: none``: every run reads all rows and dates the changed ones."""
        return self.updated_at != "none"

    @property
    def delete_detection(self) -> Deletes:
        """The ``deletes`` key; if absent, the method that suits the other keys."""
        if self.deletes is not None:
            return self.deletes
        if self.tombstone is not None:
            return Deletes.TOMBSTONE
        if self.history is History.VERSIONS:
            return Deletes.IGNORE
        return Deletes.COMPARE_KEYS
