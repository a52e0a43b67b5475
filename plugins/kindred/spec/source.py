"""The source of a space: its table or query, and the roles of its columns in time."""

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from kindred.spec.features import Strict
from kindred.spec.messages import shown
from kindred.spec.sql_text import statement_of
from kindred.spec.time_zones import known_timezone

DEFAULT_OVERLAP_HOURS = 24.0  # longer than a transaction that changes customers stays open
# Types of numbers that may be fractional, with the largest whole one that is exact as a bigint.
LARGEST_KEYS = {"numeric": 2**63 - 1, "double precision": 2**53, "real": 2**24}
_PART_PATTERN = re.compile(r'"(?:[^"]|"")+"|[^".]+')
TABLE_PATTERN = re.compile(rf"(?:{_PART_PATTERN.pattern})(?:\.(?:{_PART_PATTERN.pattern}))*")
CONNECTION_PATTERN = re.compile(r"[\w#!()\-.:/\\]{1,250}")  # of Airflow's ids
_ZONE_OF_CLOCK = (
    "'source_timezone: Europe/Berlin', or whatever zone the source's clock shows ('UTC' if it is"
    " that), or leave the key out"
)


def _known_timezone(value: str | None) -> str | None:
    return None if value is None else known_timezone(value, _ZONE_OF_CLOCK)


TimeZone = Annotated[str | None, AfterValidator(_known_timezone)]
"""The name of a time zone."""


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


# What JSON schema can say of the rules below: exactly one of table and query, and so on.
ONE_OF_TABLE_AND_QUERY: dict[str, Any] = {
    "oneOf": [
        {"properties": {name: {"type": "string"}}, "required": [name]}
        for name in ("table", "query")
    ]
}
_KEYS_TOGETHER: dict[str, Any] = {
    **ONE_OF_TABLE_AND_QUERY,
    "if": {"properties": {"deletes": {"const": "tombstone"}}, "required": ["deletes"]},
    "then": {"properties": {"tombstone": {"type": "string"}}, "required": ["tombstone"]},
    "not": {
        "properties": {
            "updated_at": {"const": "none"},
            "overlap_hours": {"type": "number", "exclusiveMinimum": 0},
        },
        "required": ["updated_at", "overlap_hours"],
    },
}


class Relation(Strict):
    """Rows of a database: a ``table`` or a ``query``."""

    model_config = ConfigDict(json_schema_extra=ONE_OF_TABLE_AND_QUERY)

    connection: str = Field(
        default="kindred_source",
        description="The Airflow Connection of the source's database.",
        examples=["crm"],
    )
    table: str | None = Field(
        default=None,
        description="The table or view, as in SQL, but case matters; names that hold a dot in"
        " double quotes.",
        examples=["public.customers", '"Sales Dept"."All.Customers"'],
    )
    query: str | None = Field(
        default=None,
        description="A query instead of a table: one statement that only reads.",
        examples=["select * from customers join regions using (region_id)"],
    )
    where: str | None = Field(
        default=None,
        description="A condition in SQL.",
        examples=["not is_test"],
    )

    @field_validator("table")
    @classmethod
    def _quotes_are_closed(cls, value: str | None) -> str | None:
        if value is not None and (not table_parts(value) or "%" in value):
            raise ValueError(
                f"{value!r} is not the name of a table: a name or schema.name without % is"
                ' expected, quoted where it holds a dot, such as "Sales Dept"."All.Customers"'
            )
        return value

    @field_validator("query")
    @classmethod
    def _query_has_a_statement(cls, value: str | None) -> str | None:
        if value is not None and not statement_of(value):
            raise ValueError(
                "the query holds no statement, only blanks, comments or semicolons; write one that"
                " selects rows"
            )
        return value

    @model_validator(mode="after")
    def _table_or_query(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("exactly one of 'table' and 'query' must be given")
        return self

    @property
    def table_parts(self) -> list[str]:
        """The parts of the table's name without quotes; empty if the source is a query."""
        return table_parts(self.table or "")


class Source(Relation):
    """The source of raw customer rows: a ``table`` or a ``query``."""

    model_config = ConfigDict(json_schema_extra=_KEYS_TOGETHER)

    events: str | None = Field(
        default=None,
        exclude_if=lambda name: name is None,
        description="Instead of all other keys, the name of the events (under `events`) whose"
        " customers are meant, where there is no table of customers.",
        examples=["purchases"],
    )
    key: str = Field(
        description="The column that identifies the customer.", examples=["customer_id"]
    )
    updated_at: str = Field(
        description="The column with the time of a row's last change. `none`: there is no such"
        " column; every run reads all rows and dates those that changed.",
        examples=["updated_at", "none"],
    )
    where: str | None = Field(
        default=None,
        description="A condition in SQL. Who no longer meets it is gone by the rule of `deletes`.",
        examples=["not is_test"],
    )
    source_timezone: TimeZone = Field(
        default=None,
        description="The clock of an `updated_at` that does not name its own; needed for a"
        " `timestamp` without time zone. Days are UTC without it. A `date` is the"
        " earlier of its midnights in UTC and by this clock: west of UTC, midnight UTC.",
        examples=["Europe/Berlin"],
    )
    history: History = Field(
        default=History.CURRENT,
        description="What the source holds of the past. `current`: one row per customer, which"
        " changes. `versions`: one row per customer and `updated_at`.",
        examples=["versions"],
    )
    tombstone: str | None = Field(
        default=None,
        description="The column that marks a deleted customer: true, not 0, or a time.",
        examples=["is_deleted_in_crm"],
    )
    deletes: Deletes | None = Field(
        default=None,
        description="How deleted customers are found: by the `tombstone` column, by comparing the"
        " keys of source and history, or not at all. Without it: `tombstone` if there is one, else"
        " `ignore` with `history: versions`, else `compare_keys`.",
        examples=["compare_keys"],
    )
    overlap_hours: float | None = Field(
        default=None,
        ge=0,
        le=24 * 366,
        description="How far before its window a run looks for rows that were committed late."
        f" Without it: {DEFAULT_OVERLAP_HOURS:.0f}. Rows without an `updated_at` have none.",
        examples=[48],
    )

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

    @model_validator(mode="after")
    def _keys_go_together(self) -> Self:
        if self.deletes is Deletes.TOMBSTONE and self.tombstone is None:
            raise ValueError("'deletes: tombstone' needs the column's name in 'tombstone'")
        if self.overlap_hours and not self.has_updated_at:
            raise ValueError(
                "'overlap_hours' looks for rows with an old updated_at, but 'updated_at: none' says"
                " that there is none: every run reads all rows; leave the key out"
            )
        return self

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
    def keeps_versions(self) -> bool:
        """Whether it holds the past: snapshots of any date are what they would have been."""
        return self.history is History.VERSIONS or self.events is not None

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
