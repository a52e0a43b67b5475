"""Events: what customers do, in tables of their own; and the recommendations made from them."""

import re

from pydantic import Field

from kindred.spec.features import Strict
from kindred.spec.source import DEFAULT_OVERLAP_HOURS, Relation, TimeZone

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,30}")
"""Names of events: they are part of the names of tables."""
RECONCILE_DAYS = 35


class Events(Relation):
    """A table of events, such as order lines or visits: one row per event."""

    key: str | tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="The column or columns that identify an event. Without it: the whole row, and"
        " its number among equal rows.",
        examples=["line_id", ["order_id", "line"]],
    )
    customer: str = Field(
        description="The column with the key of the customer.", examples=["customer_id"]
    )
    at: str = Field(description="The column with the time of the event.", examples=["ordered_at"])
    item: str | None = Field(
        default=None, description="The column with the item's key.", examples=["product_id"]
    )
    amount: str | None = Field(
        default=None,
        description="The column with what was paid; negative where something is given back.",
        examples=["price"],
    )
    quantity: str | None = Field(
        default=None,
        description="The column with the number of units; negative where they are given back.",
        examples=["quantity"],
    )
    source_timezone: TimeZone = Field(
        default=None,
        description="The clock of an `at` that does not name its own; needed for a `timestamp`"
        " without time zone. Days are UTC without it. A `date` is the earlier of its midnights in"
        " UTC and by this clock: west of UTC, midnight UTC.",
        examples=["Europe/Berlin"],
    )
    overlap_hours: float = Field(
        default=DEFAULT_OVERLAP_HOURS,
        ge=0,
        le=24 * 366,
        description="How far before its window a run looks for events that were committed late.",
        examples=[48],
    )
    loaded_at: str | None = Field(
        default=None,
        description="The column with the time at which a row was loaded or changed. With it, late"
        " events are read by this time, instead of counted day by day.",
        examples=["loaded_at"],
    )
    reconcile_days: int = Field(
        default=RECONCILE_DAYS,
        ge=0,
        le=3660,
        description="Days before the window whose events are counted in source and history every"
        " night, and read again where they differ, by the minute; of older ones one month a night.",
        examples=[90],
    )
    keep_days: int | None = Field(
        default=None,
        ge=1,
        le=36_525,
        description="Days for which events are kept; features, and `owned_days` of recommendations,"
        " must not look back further. Without it: for ever.",
        examples=[730],
    )

    @property
    def zone(self) -> str:
        """The time zone of times and days that do not name one."""
        return self.source_timezone or "UTC"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify an event; none where the whole row does."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()

    @property
    def roles(self) -> dict[str, str | None]:
        """The source's column of each role that features use by name; None if there is none."""
        return {"item": self.item, "amount": self.amount, "quantity": self.quantity}

    def source_column(self, name: str) -> str | None:
        """The source's column behind the name that a feature uses; None if a role has no column."""
        return self.roles.get(name, name)


class Catalogue(Relation):
    """The table of items: their names, and which are available."""

    key: str = Field(description="The column with the item's key.", examples=["product_id"])
    name: str | None = Field(
        default=None, description="The column with the item's name.", examples=["name"]
    )
    available: str | None = Field(
        default=None,
        description="A boolean column: whether the item may be recommended now.",
        examples=["in_stock"],
    )


class Recommendations(Strict):
    """What customers like this one have bought."""

    of: str = Field(
        description="The events with the items, a name under `events`.", examples=["purchases"]
    )
    similar_by: str | tuple[str, ...] = Field(
        min_length=1,
        description="The feature or features by which neighbours are found: one of kind `items` at"
        " least.",
        examples=["basket", ["basket", "income"]],
    )

    neighbours: int = Field(
        default=200, ge=5, le=1000, description="Neighbours per customer.", examples=[100]
    )
    items: int = Field(default=20, ge=1, le=100, description="Items per customer.", examples=[10])
    include_owned: bool = Field(
        default=False,
        description="Recommend again what a customer buys at a rhythm of its own, once it is due.",
        examples=[True],
    )
    owned_days: int | None = Field(
        default=None,
        ge=1,
        le=36_525,
        exclude_if=lambda days: days is None,
        description="Days before the snapshot whose purchases a customer owns, so that they are not"
        " recommended. Without it: all of them. Where the events have `keep_days`, at most those.",
        examples=[730],
    )
    catalogue: Catalogue | None = Field(
        default=None, description="The names of the items, and which are available."
    )

    @property
    def blocks(self) -> tuple[str, ...]:
        """The features of ``similar_by``."""
        return (self.similar_by,) if isinstance(self.similar_by, str) else self.similar_by
