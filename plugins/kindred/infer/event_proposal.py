"""Propose the part of a spec that is about events: their table, features, recommendations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from kindred.infer.column_names import identifier_of
from kindred.infer.columns import Column, SqlType
from kindred.infer.event_choice import Choice
from kindred.infer.event_features import (
    EventFeatureLine,
    RecommendationLine,
    find_windows,
    names_of_items,
    propose_features,
    propose_recommendations,
)
from kindred.infer.event_measures import UNITS
from kindred.infer.event_moments import Computed, with_moment
from kindred.infer.event_names import names_currency, names_undoing
from kindred.infer.event_roles import EventRoles, find_roles
from kindred.infer.proposal import Evidence
from kindred.infer.shapes import strip
from kindred.infer.typed_values import NUMERIC_TYPES
from kindred.spec.events import NAME_PATTERN
from kindred.spec.names import listed
from kindred.spec.source import table_parts

PURCHASES = "purchases"
_PRODUCTS = ("amount", "line_amount", "amount_of_line")
"""Names for an amount that the query computes, the first that no column has."""
_MAX_STATUSES = 50


@dataclass(frozen=True)
class EventProposal:
    """The proposed ``events``, their features and ``recommendations``.

    Attributes
    ----------
    name : str
        The name under ``events``.
    relation : mapping of str to str
        The keys ``connection``, ``table`` or ``query``, and ``where``.
    reasons : mapping of str to str
        Why some of these keys are there.
    customers, rows : int
        The distinct customers of the events, and the events; estimated from a sample.
    unused : tuple of str
        The columns that nothing is made of.
    is_alone : bool
        There is no table of customers: they are those with an event.
    """

    name: str
    relation: Mapping[str, str]
    reasons: Mapping[str, str]
    roles: EventRoles
    features: tuple[EventFeatureLine, ...]
    recommendations: RecommendationLine
    customers: int
    rows: int
    source_timezone: str | None = None
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_alone: bool = False


def propose_events(
    table: str,
    evidence: Evidence,
    customer: Choice,
    *,
    connection: str = "kindred_source",
    taken: Collection[str] | None = None,
    names_items: bool = False,
) -> EventProposal:
    """Propose the events of a table.

    Parameters
    ----------
    table : str
        As the spec names it.
    evidence : Evidence
        Its columns; of a sample, all rows of some customers.
    customer : Choice
        The column with the customer.
    connection : str
        The Connection of its database.
    taken : collection of str, optional
        The columns of the customers, whose names no feature may have; None if there is no table of
        customers.
    names_items : bool
        Take the items' names from the events themselves, which reads all of them: for small tables.

    Raises
    ------
    InferenceError
        when no column is the time.
    """
    evidence, moment = with_moment(evidence, customer)
    roles = find_roles(evidence, customer)
    if moment is not None and roles.at.column == moment.name:
        roles = replace(roles, at=replace(roles.at, reason=moment.reason))
    used, notes = roles.used, [*evidence.notes, *_doubts(roles), *_cautions(evidence, roles)]
    if moment is not None:
        notes.append(moment.why)
    if roles.quantity is not None and roles.quantity.reason.startswith(UNITS):
        notes.append(f"column {roles.quantity.column!r} counts {roles.quantity.reason}")
    relation, reasons = {"table": table}, {}
    amount = _computed_amount(evidence, roles)
    columns = [made for made in (moment, amount) if made is not None]
    if columns:
        relation = {"query": _query_of(table, columns)}
        reasons = {"query": "; ".join(made.why for made in columns)}
    if amount is not None and roles.amount is not None:
        chosen = replace(roles.amount, column=amount.name, reason=f"{amount.reason}, by the query")
        roles = replace(roles, amount=chosen)
    elif roles.price_of_one and roles.amount is not None:
        notes.append(f"{roles.amount.column!r} is a price of one unit: sums do not multiply it")
    if customer.missing:
        relation["where"] = f"{_quoted(customer.column)} is not null"
        reasons["where"] = "some events are of nobody: they would be rejected"
    name = name_of_events(table, roles)
    windows = find_windows(evidence, roles)
    features = propose_features(name, evidence, roles, windows)
    features = _renamed(features, name, taken or ())
    recommendations = propose_recommendations(name, evidence, roles, features)
    if names_items and recommendations.settings is not None and roles.item is not None:
        catalogue = _catalogue(table, evidence, roles, roles.item.column)
        recommendations = replace(recommendations, catalogue=catalogue)
    holder = evidence.column("customer", roles.customer.column)
    at = evidence.column("at", roles.at.column)
    read = max(evidence.columns[0].rows, 1)
    return EventProposal(
        name,
        {"connection": connection, **relation},
        reasons,
        roles,
        tuple(features),
        recommendations,
        round(holder.distinct * evidence.rows / read),
        evidence.rows,
        evidence.timezone if at.type == SqlType.TIMESTAMP else None,
        _unused(evidence, used | roles.used, features),
        tuple(notes),
        is_alone=taken is None,
    )


def name_of_events(table: str, roles: EventRoles) -> str:
    """The name under ``events``: purchases, where something is paid; else that of the table."""
    if roles.amount is not None or (roles.item is not None and roles.quantity is not None):
        return PURCHASES
    name = identifier_of(table_parts(table)[-1])
    return name if NAME_PATTERN.fullmatch(name) else "events"


def _doubts(roles: EventRoles) -> list[str]:
    """What is to be looked at, since another column could have the role."""
    return [
        f"column {choice.column!r} is taken for the events' {role}, and"
        f" {listed([repr(name) for name in choice.others])} could be it as well: correct the spec"
        for role, choice in roles.choices
        if choice.others
    ]


def _cautions(evidence: Evidence, roles: EventRoles) -> list[str]:
    """What no column's role can say: several currencies, and events that were undone."""
    found = _spellings(evidence.column("customer", roles.customer.column))
    for column in evidence.columns:
        if column.name in roles.used or column.is_temporal or column.distinct < 2:
            continue
        if roles.amount is not None and names_currency(column.name):
            found.append(
                f"column {column.name!r} has {column.distinct:,} values: amounts in all of them are"
                " added as they are; convert them in a query"
            )
        elif names_undoing(column.name) and column.distinct <= _MAX_STATUSES:
            found.append(
                f"column {column.name!r} may say that an event was cancelled or given back: it"
                " counts as any other; leave such events out by a condition (where)"
            )
    return found


def _spellings(holder: Column) -> list[str]:
    """Keys of customers that differ in blanks or capitals only: each is a customer of its own."""
    if holder.numbers is not None:
        return []
    few = len(pc.unique(pc.utf8_lower(strip(holder.texts))))
    if few == holder.distinct:
        return []
    return [
        f"column {holder.name!r} has {holder.distinct:,} keys of customers, which are {few:,} if"
        " blanks around them and capitals do not count: each is a customer of its own; write them"
        " alike in a query"
    ]


def _computed_amount(evidence: Evidence, roles: EventRoles) -> Computed | None:
    """An amount that a query computes; None where a column is the amount.

    The price of one unit is multiplied. Where most amounts are negative, as of money that leaves an
    account, the sign is turned: what is negative is given back.
    """
    if roles.amount is None:
        return None
    amount = evidence.column("amount", roles.amount.column)
    used = [amount]
    if roles.price_of_one and roles.quantity is not None:
        used.append(evidence.column("quantity", roles.quantity.column))
        value = " * ".join(_quoted(column.name) for column in used)
        why = "is the price of one unit, which the query multiplies"
        reason = "the price times the quantity"
    elif amount.counts[np.asarray(amount.numbers) < 0].sum() > amount.known / 2:
        value, why = f"-{_quoted(amount.name)}", "is mostly negative: the query turns its sign"
        reason = "what was paid is positive, what was given back or received negative"
    else:
        return None
    taken = {column.name for column in evidence.columns}
    name = next((one for one in _PRODUCTS if one not in taken), None)
    if name is None or not {column.type for column in used} <= {*NUMERIC_TYPES}:
        return None
    names = tuple(column.name for column in used)
    return Computed(name, value, f"{amount.name!r} {why}", reason, names)


def _query_of(table: str, columns: Sequence[Computed]) -> str:
    """A query for all columns of a table, and computed ones."""
    made = ", ".join(f"{column.sql} as {column.name}" for column in columns)
    return " ".join(("select *,", made, "from", _relation(table)))


def _catalogue(table: str, evidence: Evidence, roles: EventRoles, item: str) -> dict[str, Any]:
    """A catalogue of the names that the events themselves give to their items, if they do."""
    name = names_of_items(evidence.column("item", item), evidence.columns, roles.used)
    if name is None:
        return {}
    key, of = _quoted(item), _quoted(name)
    columns = f"{key} as item, mode() within group (order by {of}) as name"
    rows = f"{_relation(table)} where {key} is not null group by {key}"
    query = " ".join(("select", columns, "from", rows))
    return {"query": query, "key": "item", "name": "name"}


def _relation(table: str) -> str:
    return ".".join(_quoted(part) for part in table_parts(table))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _renamed(
    features: list[EventFeatureLine], events: str, taken: Collection[str]
) -> list[EventFeatureLine]:
    """The features under names that no column of the customers has."""
    return [
        replace(line, name=f"{line.name}_of_{events}") if line.name in taken else line
        for line in features
    ]


def _unused(
    evidence: Evidence, used: set[str], features: list[EventFeatureLine]
) -> tuple[str, ...]:
    for line in features:
        used |= {str(line.settings.get(key)) for key in ("column", "by")}
    return tuple(column.name for column in evidence.columns if column.name not in used)
