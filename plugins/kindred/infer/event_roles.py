"""Find out which column of a table of events is the customer, the time, the item, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.encoding.items_block import MIN_BUYERS
from kindred.errors import InferenceError
from kindred.infer import event_names as names
from kindred.infer.columns import Column, Flags, SqlType, whole
from kindred.infer.event_choice import Choice
from kindred.infer.event_measures import MAX_OTHERS, find_measures, is_price_of_one
from kindred.infer.identifiers import NEAR_UNIQUE
from kindred.infer.proposal import Evidence
from kindred.infer.shapes import strip
from kindred.infer.transactions import names_customer, successive, varying_share
from kindred.spec.names import listed

MIN_KEY_SHARE, MIN_NAMED_KEY_SHARE = 0.5, 0.05
"""Share of the events that must be of known customers, for a column of any name and for one that is
named like a customer or the key: many buy without being in the table of customers."""
MIN_SHARED_ITEMS = 10
"""Items of :data:`MIN_BUYERS` customers or more, from which a column of items says something."""
_ALMOST_ALL = 0.99
_MIN_VARYING = 0.05  # of a customer's successive events: what differs less is an attribute of it


@dataclass(frozen=True)
class EventRoles:
    """The columns of a table of events; None where it has none for a role.

    ``price_of_one``: the amount is the price of one unit, and has to be multiplied.
    """

    customer: Choice
    at: Choice
    key: Choice | None = None
    item: Choice | None = None
    amount: Choice | None = None
    quantity: Choice | None = None
    loaded_at: Choice | None = None
    key_columns: tuple[str, ...] = ()
    price_of_one: bool = False

    @property
    def used(self) -> set[str]:
        """The columns with a role."""
        return {choice.column for _, choice in self.choices} | {*self.key_columns}

    @property
    def choices(self) -> list[tuple[str, Choice]]:
        """The roles that columns have, in the order of a spec."""
        every = (
            ("key", self.key),
            ("customer", self.customer),
            ("at", self.at),
            ("item", self.item),
            ("amount", self.amount),
            ("quantity", self.quantity),
            ("loaded_at", self.loaded_at),
        )
        return [(role, choice) for role, choice in every if choice is not None]


def find_customer(
    evidence: Evidence, keys: Column | None, asked: str | None = None, *, key_share: float = 1.0
) -> Choice:
    """The column with the customer.

    Parameters
    ----------
    evidence : Evidence
        The events.
    keys : Column or None
        The key of the customers; None if there is no table of them.
    asked : str or None
        The column that a person has named.
    key_share : float
        The share of all customers that ``keys`` has (0 to 1).

    Raises
    ------
    InferenceError
        when no column can be it.
    """
    if asked is not None:
        missing = evidence.column("key", asked).nulls
        return Choice(asked, "the customer, as asked for", missing=missing)
    candidates = [column for column in evidence.columns if _may_be_customer(column)]
    if keys is None:
        return _customer_by_name(evidence, candidates)
    has_customer = any(names_customer(c.name) or names.names_person(c.name) for c in candidates)

    def may_be(column: Column) -> bool:
        return (
            _has_name_of(column, keys)
            or names_customer(column.name)
            or not names.names_other_role(column.name, has_customer=has_customer)
        )

    shares = {c.name: key_coverage(c, keys) for c in candidates}
    fitting = [c for c in candidates if shares[c.name] >= _least_share(c, keys) * key_share]
    if not any(may_be(c) for c in fitting):
        possible = {c.name: shares[c.name] for c in candidates if may_be(c)}
        closest = max(possible, key=lambda name: possible[name], default="")
        nearest = f"; the nearest, {closest!r}, in {shares[closest]:.1%} of its" if closest else ""
        raise InferenceError(
            "events",
            f"no column holds keys of the customers (column {keys.name!r}) in enough rows"
            f"{nearest}; the columns are {listed([c.name for c in evidence.columns])}. Name as key"
            " the customers' column with the keys of the events, or write both alike",
        )
    met = {c.name: int(_is_key(c, keys).sum()) for c in fitting}

    def rank(column: Column) -> tuple[bool, bool, bool, int]:
        is_named = names_customer(column.name)
        return _has_name_of(column, keys), is_named, may_be(column), met[column.name]

    fitting.sort(key=rank, reverse=True)
    best, *rest = fitting
    others = [c.name for c in rest if rank(c)[:2] == rank(best)[:2]]
    reason = f"{shares[best.name]:.1%} of the rows have a key of the customers"
    if odd := _spelt_otherwise(best, keys):
        reason += (
            f"; but {odd:,} keys are those of customers only if blanks around them and capitals do"
            " not count: their events are nobody's until a query writes them alike"
        )
    return Choice(best.name, reason, tuple(others[:MAX_OTHERS]), best.nulls)


def _has_name_of(column: Column, keys: Column) -> bool:
    return column.name.lower() == keys.name.lower()


def _least_share(column: Column, keys: Column) -> float:
    is_named = _has_name_of(column, keys) or names_customer(column.name)
    return MIN_NAMED_KEY_SHARE if is_named else MIN_KEY_SHARE


def _customer_by_name(evidence: Evidence, candidates: Sequence[Column]) -> Choice:
    named = [column for column in candidates if names_customer(column.name)]
    if not named:
        named = [column for column in candidates if names.names_person(column.name)]
    if not named:
        raise InferenceError(
            "key",
            "no column of the events is named like a customer: name it (--key, or KEY=); the"
            f" columns are {listed([column.name for column in evidence.columns])}",
        )
    named.sort(key=lambda column: (names.names_id(column.name), column.known), reverse=True)
    best, *rest = named
    reason = f"a customer by name: {best.distinct:,} in {best.known:,} rows"
    return Choice(best.name, reason, tuple(c.name for c in rest[:MAX_OTHERS]), best.nulls)


def _may_be_customer(column: Column) -> bool:
    is_number = column.numbers is None or whole(column.numbers)
    return (
        not column.is_temporal and column.type != SqlType.BOOLEAN and is_number and column.known > 0
    )


def key_coverage(column: Column, keys: Column) -> float:
    """The share of a column's rows (0 to 1), of those with a value, that hold a customer's key."""
    return float(column.counts[_is_key(column, keys)].sum() / max(column.known, 1))


def _is_key(column: Column, keys: Column) -> Flags:
    """Which distinct values are keys of customers: as numbers if both are, else as texts."""
    if column.numbers is not None and pa.types.is_integer(keys.values.type):
        found: Flags = np.isin(column.numbers, np.asarray(keys.values).astype(np.float64))
        return found
    known = pc.is_in(strip(column.texts), value_set=strip(keys.texts))
    return np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool)


def _spelt_otherwise(column: Column, keys: Column) -> int:
    """How many distinct values are no key of a customer, but differ in blanks and capitals only."""
    if column.numbers is not None or keys.numbers is not None:
        return 0
    is_exact = pc.is_in(column.texts, value_set=keys.texts)
    folded, known = (pc.utf8_lower(strip(one.texts)) for one in (column, keys))
    return int(pc.sum(pc.and_not(pc.is_in(folded, value_set=known), is_exact)).as_py() or 0)


def find_roles(evidence: Evidence, customer: Choice) -> EventRoles:
    """The roles of all columns, given the one with the customer.

    Raises
    ------
    InferenceError
        when there is no time.
    """
    holder = evidence.column("key", customer.column)
    pairs = successive(holder)
    varying = {c.name: varying_share(c, pairs) if len(pairs[0]) else 1.0 for c in evidence.columns}
    left = [c for c in evidence.columns if c.name != customer.column and c.known]
    at = find_at(evidence, left, varying)
    loaded_at = _find_loaded_at(evidence, left, at)
    times = {choice.column for choice in (at, loaded_at) if choice is not None}
    left = [c for c in left if c.name not in times and not c.is_temporal]
    moving = [c for c in left if varying[c.name] >= _MIN_VARYING]
    item = _find_item(moving, holder)
    measures = [c for c in left if item is None or c.name != item.column]
    amount, quantity = find_measures(measures)
    key, key_columns = _find_key(left, {*times, *(c.column for c in (amount, quantity) if c)})
    of_one = (
        amount is not None
        and quantity is not None
        and is_price_of_one(evidence, amount.column, quantity.column, item)
    )
    return EventRoles(customer, at, key, item, amount, quantity, loaded_at, key_columns, of_one)


def find_at(evidence: Evidence, left: Sequence[Column], varying: dict[str, float]) -> Choice:
    """The column with the time of the event.

    Parameters
    ----------
    evidence : Evidence
        The events, whose columns a message names.
    left : sequence of Column
        The columns that may be it.
    varying : mapping of str to float
        How often each differs from one event of a customer to the next (0 to 1).

    Raises
    ------
    InferenceError
        when there is no time.
    """
    times = [c for c in left if c.is_temporal]
    if not times:
        raise InferenceError(
            "events",
            "no column is the time of the event: none holds dates or times (as text, cast them in a"
            f" query); the columns are {listed([c.name for c in evidence.columns])}",
        )

    def rank(column: Column) -> tuple[bool, ...]:
        return (
            not column.is_dated,
            varying[column.name] >= _MIN_VARYING,
            not names.names_load(column.name),
            not names.names_other_time(column.name),
            names.names_event_time(column.name),
            column.known >= _ALMOST_ALL * column.rows,
        )

    times.sort(key=lambda c: (rank(c), c.distinct), reverse=True)
    best, *rest = times
    others = tuple(c.name for c in rest if rank(c)[:5] == rank(best)[:5])
    missing = f", {best.rows - best.known:,} rows have none" if best.known < best.rows else ""
    how = "the only time" if len(times) == 1 else "the time of the event by its name"
    if others:
        how = "a time that differs from event to event"
    return Choice(best.name, f"{how}: {best.distinct:,} distinct{missing}", others[:MAX_OTHERS])


def _find_loaded_at(evidence: Evidence, left: Sequence[Column], at: Choice) -> Choice | None:
    """A time of loading that no event lacks, and that is never before the event."""
    happened = evidence.column("at", at.column)
    for column in left:
        is_time = column.type in (SqlType.TIMESTAMP, SqlType.TIMESTAMPTZ)
        if column.name == at.column or not is_time or not names.names_load(column.name):
            continue
        if column.known < column.rows:
            continue
        none = np.datetime64("NaT", "us")
        before = happened.of_rows(happened.times, none) <= column.of_rows(column.times, none)
        if before.mean() >= _ALMOST_ALL:
            return Choice(
                column.name, "by its name the time of loading, and never before the event"
            )
    return None


def _find_item(moving: Sequence[Column], holder: Column) -> Choice | None:
    """The most telling column of items: shared by customers, a key rather than a name or a kind."""
    candidates = [c for c in moving if _may_be_item(c)]
    ranked = [c for c in candidates if names.item_rank(c.name)]
    if not ranked:
        ranked = [
            c
            for c in candidates
            if names.names_id(c.name)
            and not names.names_document(c.name)
            and not names.names_place(c.name)
            and not names_customer(c.name)
            and not names.names_line(c.name)
        ]
    if not ranked:
        return None
    shared = {c.name: shared_items(c, holder) for c in ranked}

    def rank(column: Column) -> tuple[bool, int, int]:
        is_shared = shared[column.name] >= MIN_SHARED_ITEMS
        return is_shared, names.item_rank(column.name), column.distinct

    ranked.sort(key=rank, reverse=True)
    best, *rest = ranked
    others = tuple(c.name for c in rest if rank(c)[0])[:MAX_OTHERS]
    bought = (
        f"{best.distinct:,} items, {shared[best.name]:,} of them of {MIN_BUYERS} customers or more"
    )
    return Choice(best.name, bought, others)


def _may_be_item(column: Column) -> bool:
    is_whole = column.numbers is None or whole(column.numbers)
    is_repeated = column.distinct < NEAR_UNIQUE * column.known
    return is_whole and is_repeated and column.distinct > 1 and column.type != SqlType.BOOLEAN


def shared_items(item: Column, holder: Column) -> int:
    """How many items have enough customers to be learnt from."""
    return int((buyers_of(item, holder) >= MIN_BUYERS).sum())


def buyers_of(item: Column, holder: Column) -> NDArray[np.intp]:
    """Distinct customers per distinct item, (items,)."""
    is_known = (item.codes >= 0) & (holder.codes >= 0)
    pairs = np.unique(
        item.codes[is_known].astype(np.int64) * (holder.distinct + 1) + holder.codes[is_known]
    )
    return np.bincount(pairs // (holder.distinct + 1), minlength=item.distinct)


def _find_key(columns: Sequence[Column], taken: set[str]) -> tuple[Choice | None, tuple[str, ...]]:
    """The column that no two rows share, by an id's name; or an order and the line within it."""
    left = [c for c in columns if c.name not in taken and c.known == c.rows and _may_be_item_key(c)]
    for column in left:
        if column.distinct == column.rows and names.names_id(column.name):
            counted = f"{column.distinct:,} distinct in {column.rows:,} rows"
            return Choice(column.name, f"unique: {counted}"), (column.name,)
    lines = [c for c in left if names.names_line(c.name)]
    for document in (c for c in left if names.names_document(c.name)):
        for line in lines:
            if line is document:
                continue
            both = document.codes.astype(np.int64) * (line.distinct + 1) + line.codes
            if len(np.unique(both)) == len(both):
                counted = f"unique together: {len(both):,} distinct in {len(both):,} rows"
                return Choice(document.name, counted), (document.name, line.name)
    return None, ()


def _may_be_item_key(column: Column) -> bool:
    return column.type != SqlType.BOOLEAN and (column.numbers is None or whole(column.numbers))
