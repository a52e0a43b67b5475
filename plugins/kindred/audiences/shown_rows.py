"""Audiences as the commands show them: what is published in the current snapshot."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from kindred.audiences.control_group import CONTROL, MEMBER
from kindred.audiences.shown import Shown, Tier, by_frequency
from kindred.warehouse.database import Database


def published_audiences(database: Database, name: str | None = None) -> list[Shown]:
    """The audiences of the current snapshot, or one of them; quality and reasons of one only."""
    key = {"audience": name}
    rows = database.records("audiences/current_audiences", key)
    counts: Counter[tuple[str, float, str]] = Counter()
    for audience, tier, role, count in database.rows("audiences/count_tiers", key):
        counts[audience, tier, role] += count
    quality = database.records("audiences/current_quality", key) if name else []
    reasons = dict(database.rows("audiences/count_reasons", key)) if name else {}
    return [
        Shown(
            name=row["audience"],
            as_of=row["as_of"],
            row=row,
            quality=tuple(quality),
            tiers=_tiers(row, counts),
            reasons=_named(row["reason_columns"], reasons),
        )
        for row in rows
    ]


def _tiers(row: Mapping[str, Any], counts: Counter[tuple[str, float, str]]) -> tuple[Tier, ...]:
    """Members and control up to each size."""
    found, members, control = [], 0, 0
    for size in row["sizes"] or ():
        members += counts[row["audience"], size, MEMBER]
        control += counts[row["audience"], size, CONTROL]
        found.append(Tier(size, members, control))
    return tuple(found)


def _named(columns: list[str], reasons: Mapping[int, int]) -> tuple[tuple[str, int], ...]:
    return by_frequency({columns[number - 1]: count for number, count in reasons.items()})
