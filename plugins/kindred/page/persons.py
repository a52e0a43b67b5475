"""What a look-up finds: a single customer, or members of an audience; ``person_rows`` reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kindred.reports.figures_of_lists import Contribution, Lookalike

MOST_MEMBERS = 50
"""Members of an audience that are shown at once."""


@dataclass(frozen=True)
class InSegment:
    """A customer's segment in a snapshot, by one algorithm; -1 is none."""

    as_of: datetime
    algorithm: str
    cluster_id: int | None
    name: str | None


@dataclass(frozen=True)
class Recommended:
    """An item that is recommended to a customer, as ``bi.recommendations`` has it."""

    rank: int
    item: str
    name: str | None
    score: float | None
    bought_by: int | None
    neighbours: int | None
    lift: float | None
    method: str | None


@dataclass(frozen=True)
class Membership:
    """An audience that a customer is in, as ``bi.audience_members`` has it."""

    audience: str
    rank: int
    percentile: float | None
    probability: float | None
    tier: float | None
    role: str | None
    reasons: Sequence[str]


@dataclass(frozen=True)
class Member:
    """A customer in an audience, as ``bi.audience_members`` has it."""

    customer_id: str
    rank: int
    score: float | None
    percentile: float | None
    probability: float | None
    tier: float | None
    role: str | None
    reasons: Sequence[str]


@dataclass(frozen=True)
class Person:
    """A customer of a snapshot.

    ``beside``: the lookalike that ``contributions`` compare with, None without one. ``columns``:
    the public columns of the customer and the lookalikes, by id; empty for an earlier snapshot.
    """

    customer_id: str
    lookalikes: tuple[Lookalike, ...]
    beside: str | None
    contributions: tuple[Contribution, ...]
    columns: Mapping[str, Mapping[str, Any]]
    history: tuple[InSegment, ...]
    recommendations: tuple[Recommended, ...]
    memberships: tuple[Membership, ...]

    @property
    def is_known(self) -> bool:
        """Whether the snapshot has such a customer."""
        return bool(self.lookalikes or self.history or self.columns.get(self.customer_id))
