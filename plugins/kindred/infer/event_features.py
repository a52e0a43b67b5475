"""Propose features of events and recommendations: how far they look back, who shares items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kindred.encoding.items_block import MIN_BUYERS
from kindred.infer.column_evidence import FLAGS
from kindred.infer.columns import Column
from kindred.infer.event_names import item_rank, names_place
from kindred.infer.event_roles import MIN_SHARED_ITEMS, EventRoles, buyers_of, shared_items
from kindred.infer.proposal import Evidence
from kindred.infer.shapes import strip

DAY = np.timedelta64(1, "D")
WINDOWS = {365: 90, 180: 30, 90: 30, 30: 7, 7: 1}
"""Days of a long window, and of the short one beside it."""
_ALMOST = 0.97  # of a window that the events span: a calendar year of them has 364 days
_MIN_RECENT = (
    0.05  # share of the customers with an event in a short window, for it to say something
)
_MIN_VARYING = 0.1  # of the customers: what differs for fewer is an attribute of them
_MAX_PLACES = 1000  # distinct stores or channels
_MAX_FEATURES_OF_PLACES = 4
COMPONENTS, NEIGHBOURS, ITEMS = 64, 200, 20
MIN_BUYERS_IN_ALL = 100
"""Customers with an item, below which nobody is like anybody: 200 neighbours are a part of them."""
_SKEWED = {"transform": "log1p", "scale": "winsorised"}


@dataclass(frozen=True)
class EventFeatureLine:
    """A feature of events with its reason; ``is_comment``: a person has to complete it."""

    name: str
    settings: Mapping[str, Any]
    reason: str
    is_comment: bool = False


@dataclass(frozen=True)
class Windows:
    """How far features look back, in days, and why; None: as far as the events go."""

    long: int | None
    short: int | None
    reason: str


@dataclass(frozen=True)
class RecommendationLine:
    """The settings of recommendations, None if there are none, and why."""

    settings: Mapping[str, Any] | None
    reason: str
    catalogue: Mapping[str, Any] = field(default_factory=dict)


def find_windows(evidence: Evidence, roles: EventRoles) -> Windows:
    """Windows of days that the events span, and in which enough customers have some."""
    at = evidence.column("at", roles.at.column)
    times = at.of_rows(at.times, np.datetime64("NaT", "us"))
    is_known = ~np.isnat(times)
    if not is_known.any():
        return Windows(None, None, "no event has a time")
    # A few dates that are wrong by years are no span.
    first, last = np.quantile(times[is_known].astype(np.int64), (0.001, 0.999))
    days = (last - first) / (DAY / np.timedelta64(1, "us"))
    long = next((d for d in WINDOWS if days >= _ALMOST * d), None)
    span = f"the events span {days:,.0f} days"
    if long is None:
        return Windows(None, None, f"{span}: all of them count")
    holder = evidence.column("customer", roles.customer.column)
    short = WINDOWS[long]
    end = np.datetime64(int(last), "us")
    recent = holder.codes[is_known & (times >= end - short * DAY) & (holder.codes >= 0)]
    share = len(np.unique(recent)) / max(holder.distinct, 1)
    if share < _MIN_RECENT:
        return Windows(long, None, f"{span}; {share:.0%} of the customers have one in {short}")
    return Windows(
        long, short, f"{span}; {share:.0%} of the customers have one in the last {short}"
    )


def propose_features(
    name: str, evidence: Evidence, roles: EventRoles, windows: Windows
) -> list[EventFeatureLine]:
    """Features of events, each with its reason; a name is that of the events under ``events``."""
    back: dict[str, Any] = {} if windows.long is None else {"days": windows.long}
    ending = "" if windows.long is None else f"_{windows.long}d"
    found = [
        EventFeatureLine(
            f"last_{name}",
            {"kind": "recency", "of": name, "scale": "winsorised"},
            "the day of the last event",
        ),
        _count(name, windows),
    ]
    if roles.amount is not None:
        settings = {"kind": "sum", "of": name, "column": "amount", **back, **_SKEWED}
        found.append(EventFeatureLine(f"spend{ending}", settings, "what was paid, less refunds"))
    elif roles.quantity is not None:
        settings = {"kind": "sum", "of": name, "column": "quantity", **back, **_SKEWED}
        found.append(EventFeatureLine(f"units{ending}", settings, "units, less what was returned"))
    if roles.item is not None:
        settings = {"kind": "distinct_count", "of": name, "column": "item", **back, **_SKEWED}
        found.append(EventFeatureLine(f"items{ending}", settings, "variety: distinct items"))
    found.append(
        EventFeatureLine(
            f"days_between_{name}",
            {"kind": "days_between", "of": name, **back, **_SKEWED},
            "pace: mean days from one to the next",
        )
    )
    return [
        *found,
        *_places(name, evidence, roles, back, ending),
        *_basket(name, evidence, roles, back),
    ]


def _count(name: str, windows: Windows) -> EventFeatureLine:
    days = windows.short or windows.long
    back: dict[str, Any] = {} if days is None else {"days": days}
    settings: dict[str, Any] = {"kind": "count", "of": name, **back, **_SKEWED}
    title = name if days is None else f"{name}_{days}d"
    return EventFeatureLine(title, settings, windows.reason)


def _places(
    name: str, evidence: Evidence, roles: EventRoles, back: Mapping[str, Any], ending: str
) -> list[EventFeatureLine]:
    """Features of where and how: distinct stores, the share of a channel."""
    holder = evidence.column("customer", roles.customer.column)
    found: list[EventFeatureLine] = []
    for column in evidence.columns:
        is_place = names_place(column.name) and column.name not in roles.used
        if not is_place or column.is_temporal or not 2 <= column.distinct <= _MAX_PLACES:
            continue
        differs = _share_with_several(column, holder)
        if differs < _MIN_VARYING:
            continue
        reason = f"{column.distinct:,} values; {differs:.0%} of the customers have more than one"
        measure = "amount" if roles.amount else "quantity" if roles.quantity else None
        share = {"kind": "share", "of": name, "column": measure, "by": column.name}
        flag = _flag_of(column)
        if flag is not None and measure is not None:
            settings = {**share, "value": flag, **back}
            found.append(EventFeatureLine(f"share_{column.name}{ending}", settings, reason))
            continue
        settings = {"kind": "distinct_count", "of": name, "column": column.name, **back, **_SKEWED}
        found.append(EventFeatureLine(f"distinct_{column.name}{ending}", settings, reason))
        if measure is not None and column.distinct <= 20:
            settings = {**share, "value": "...", **back}
            why = f"give one of its {column.distinct} values to have its share of the {measure}"
            found.append(
                EventFeatureLine(f"share_of_{column.name}", settings, why, is_comment=True)
            )
    return found[:_MAX_FEATURES_OF_PLACES]


def _share_with_several(column: Column, holder: Column) -> float:
    """The share of customers with two events or more (0 to 1) that have several values."""
    is_known = (column.codes >= 0) & (holder.codes >= 0)
    owners = holder.codes[is_known].astype(np.int64)
    pairs = np.unique(owners * (column.distinct + 1) + column.codes[is_known])
    values = np.bincount(pairs // (column.distinct + 1), minlength=holder.distinct)
    events = np.bincount(owners, minlength=holder.distinct)
    return float((values > 1).sum() / max((events > 1).sum(), 1))


def _flag_of(column: Column) -> str | None:
    """How a column of yes and no writes yes, which is a word and no value of somebody's."""
    if column.type == "boolean":
        return "true"
    if column.distinct != 2:
        return None
    texts: list[str] = strip(column.texts).to_pylist()
    for yes, no in (*FLAGS, ("1", "0")):
        if {text.lower() for text in texts} == {yes, no}:
            return next(text for text in texts if text.lower() == yes)
    return None


def _basket(
    name: str, evidence: Evidence, roles: EventRoles, back: Mapping[str, Any]
) -> list[EventFeatureLine]:
    if roles.item is None:
        return []
    item = evidence.column("item", roles.item.column)
    holder = evidence.column("customer", roles.customer.column)
    shared = shared_items(item, holder)
    if shared < MIN_SHARED_ITEMS:
        return []
    most = min(COMPONENTS, shared - 1, max(2, _all(evidence, holder.distinct) // 10))
    settings = {"kind": "items", "of": name, **back, "components": most}
    return [EventFeatureLine("basket", settings, f"the buying profile: {_shared(shared, item)}")]


def propose_recommendations(
    name: str, evidence: Evidence, roles: EventRoles, features: Sequence[EventFeatureLine]
) -> RecommendationLine:
    """Recommendations, if enough customers share items."""
    if roles.item is None:
        return RecommendationLine(None, "no column is an item by its name")
    item = evidence.column("item", roles.item.column)
    holder = evidence.column("customer", roles.customer.column)
    shared = shared_items(item, holder)
    basket = next((line.name for line in features if line.settings["kind"] == "items"), None)
    if basket is None or shared < ITEMS:
        return RecommendationLine(None, f"{_shared(shared, item)}, and at least {ITEMS} are needed")
    is_known = (item.codes >= 0) & (holder.codes >= 0)
    buyers = _all(evidence, len(np.unique(holder.codes[is_known])))
    if buyers < MIN_BUYERS_IN_ALL:
        return RecommendationLine(
            None, f"{buyers:,} customers have an item, and {MIN_BUYERS_IN_ALL} are needed"
        )
    owned = buyers_of(item, holder).sum() / max(len(np.unique(holder.codes[is_known])), 1)
    settings = {
        "of": name,
        "similar_by": basket,
        "neighbours": int(np.clip(buyers // 4, 5, NEIGHBOURS)),
        "items": ITEMS,
    }
    return RecommendationLine(
        settings, f"{_shared(shared, item)}; a customer has {owned:,.1f} of them on average"
    )


def _shared(shared: int, item: Column) -> str:
    return f"{shared:,} of {item.distinct:,} items have {MIN_BUYERS} customers or more"


def _all(evidence: Evidence, customers: int) -> int:
    """The customers of all events, given those of the rows that were read."""
    return round(customers * evidence.rows / max(evidence.columns[0].rows, 1))


def names_of_items(item: Column, columns: Sequence[Column], used: set[str]) -> str | None:
    """The column that names the items: a text that is the same in nearly all rows of an item."""
    for column in columns:
        if column.name in used or item_rank(column.name) != 2 or not item.known:
            continue
        is_known = (item.codes >= 0) & (column.codes >= 0)
        codes = (
            item.codes[is_known].astype(np.int64) * (column.distinct + 1) + column.codes[is_known]
        )
        pairs, counts = np.unique(codes, return_counts=True)
        most = np.zeros(item.distinct, dtype=np.int64)
        np.maximum.at(most, pairs // (column.distinct + 1), counts)
        if is_known.sum() and most.sum() >= 0.9 * is_known.sum():
            return column.name
    return None
