"""Recognise a table of transactions, whose rows are what customers do, not what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.infer.closing_names import looks_like_closing
from kindred.infer.column_names import looks_like_id, vocabulary, words_of
from kindred.infer.columns import COMMON_VALUES, Column

ADVICE = (
    "declare it as events (kindred infer-spec --events, or make run EVENTS=<file>, proposes them)"
    " of a table of customers or alone, or aggregate it to one row per customer first (a query with"
    " GROUP BY)"
)
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

_MIN_ROWS_PER_HOLDER = 1.2
_MIN_VARYING_SHARE = 0.5  # of a holder's successive rows: an attribute of a customer changes seldom
_MIN_VARYING = 2  # columns of what is bought, for how much, and on which receipt
ITEMS = {
    *("item", "items", "product", "sku", "article", "artikel", "stock", "stockcode", "isbn", "ean"),
    *("upc", "asin", "description", "produkt", "produit", "merchandise", "merchant"),
}
AMOUNTS = vocabulary(
    "amount quantity qty price cost payment revenue discount betrag menge preis umsatz montant "
    "prix quantite units debit credit value total unitprice importe precio cantidad sales"
)
DOCUMENTS = vocabulary(
    "invoice order transaction receipt ticket basket purchase trans tx event action session page "
    "path txn beleg rechnung bestellung facture commande booking invoiceno"
)
# An attribute of a customer, which a source keeps up to date, is named so.
_SUMMARIES = vocabulary(
    "count avg average mean sum last first lifetime monthly yearly annual balance limit num "
    "number_of min max ltv cumulative frequency days since preferred favourite favorite ytd per "
    "plan nb n"
)
CUSTOMERS = vocabulary(
    "customer client user account member kunde kunden card household buyer cust shopper person "
    "subscriber customerid clientid userid kundennr kundennummer cliente guest contact email"
)


@dataclass(frozen=True)
class Transactions:
    """A table of transactions: the column of their customers, and why it is one, in counts."""

    holder: str
    reason: str


def find_transactions(
    columns: Sequence[Column], key: Column | None = None, *, has_versions: bool = False
) -> Transactions | None:
    """Whose transactions a table has, and why it is one; None if it is not.

    Several rows belong to a holder (the key, or a column with a customer's name), there is a time,
    and at least two columns of items, amounts or receipts vary from one of a holder's rows to the
    next. Of a repeated key the time counts as one of them, unless the rows are versions
    (``has_versions``).
    """
    # A table of versions changes few columns at a time.
    has_closing = any(looks_like_closing(column.name) for column in columns)
    least = _MIN_VARYING + has_closing
    if not any(column.is_temporal for column in columns):
        return None
    traded = [column for column in columns if _is_traded(column.name)]
    customers = [c for c in columns if c is not key and _may_hold(c)]
    for holder in (*([] if key is None else [key]), *customers):
        if not 0 < holder.distinct * _MIN_ROWS_PER_HOLDER <= holder.known:
            continue
        pairs = successive(holder)
        varying = [c for c in traded if c is not holder and _varies(c, pairs)]
        may_count_time = holder is key and not (has_versions or has_closing)
        has_times = may_count_time and any(c.is_temporal and _varies(c, pairs) for c in columns)
        if varying and len(varying) + has_times >= least:
            names = ", ".join(repr(column.name) for column in varying[:4])
            return Transactions(
                holder.name,
                f"looks like transactions: {holder.known:,} rows of {holder.distinct:,} distinct"
                f" {holder.name!r}, with a time, and {names} differ from row to row",
            )
    return None


def _may_hold(column: Column) -> bool:
    return names_customer(column.name) and column.distinct > COMMON_VALUES


def names_customer(name: str) -> bool:
    """Whether a name is of the number or name of a customer, and no attribute such as card_type."""
    words = words_of(name)
    return (len(words) == 1 or looks_like_id(name)) and not CUSTOMERS.isdisjoint(words)


def _is_traded(name: str) -> bool:
    words = set(words_of(name))
    return _SUMMARIES.isdisjoint(words) and not words.isdisjoint(ITEMS | AMOUNTS | DOCUMENTS)


def successive(holder: Column) -> Pairs:
    """The rows that another row of the same holder follows, and those that follow."""
    known = np.flatnonzero(holder.codes >= 0)
    order = known[np.argsort(holder.codes[known], kind="stable")]
    is_same = holder.codes[order[:-1]] == holder.codes[order[1:]]
    return order[:-1][is_same], order[1:][is_same]


def varying_share(column: Column, pairs: Pairs) -> float:
    """The share of a holder's successive rows (0 to 1) in which a column differs."""
    before, after = column.codes[pairs[0]], column.codes[pairs[1]]
    return float((before != after).mean()) if len(before) else 0.0


def _varies(column: Column, pairs: Pairs) -> bool:
    return varying_share(column, pairs) >= _MIN_VARYING_SHARE
