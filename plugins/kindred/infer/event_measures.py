"""Which columns of events are the amount and the number of units: by names and by evidence."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kindred.infer import event_names as names
from kindred.infer.columns import Column, whole
from kindred.infer.event_choice import Choice
from kindred.infer.proposal import Evidence

MAX_OTHERS = 3
UNITS = "units, whatever its name"
"""How the reason begins, where numbers say what a name does not."""
_MAX_UNITS, _FEW_UNITS = 1000, 20
"""Units of a line, at most and in all but one of a hundred lines."""
_ALMOST_ALL = 0.99


def find_measures(measures: Sequence[Column]) -> tuple[Choice | None, Choice | None]:
    """The amount and the number of units of events.

    A column that is named like an amount, but holds small whole numbers beside a price, counts
    units: sales files call both so.
    """
    usable = [c for c in measures if c.numbers is not None and c.distinct > 1]
    quantity = _best(usable, lambda c: int(names.names_quantity(c.name)))
    amount = _best(usable, lambda c: names.amount_rank(c.name))
    if quantity is None and amount is not None and not names.names_price(amount.column):
        named = next(c for c in usable if c.name == amount.column)
        price = _best(usable, lambda c: int(names.names_price(c.name)) * names.amount_rank(c.name))
        if price is not None:
            column = next(c for c in usable if c.name == price.column)
            if (why := _counts_units(named, column)) is not None:
                return price, Choice(named.name, why)
    return amount, quantity


def _counts_units(column: Column, price: Column) -> str | None:
    """Why a column named like an amount counts units, if it does."""
    numbers, counts = np.asarray(column.numbers), column.counts
    known = ~np.isnan(numbers)
    if not whole(numbers) or not known.any() or np.abs(numbers[known]).max() > _MAX_UNITS:
        return None
    rows = counts[known].sum()
    few = counts[known & (np.abs(numbers) <= _FEW_UNITS)].sum() / rows
    ones = counts[known & (np.abs(numbers) == 1)].sum() / rows
    commonest = np.abs(numbers[known][np.argmax(counts[known])])
    prices = np.abs(np.asarray(price.numbers))
    is_dearer = np.nanmedian(np.repeat(prices, price.counts)) > np.median(
        np.repeat(np.abs(numbers[known]), counts[known])
    )
    if few < _ALMOST_ALL or commonest != 1 or not is_dearer:
        return None
    return (
        f"{UNITS}: whole numbers up to {_FEW_UNITS} in {few:.0%} of the rows, 1 in"
        f" {ones:.0%}, beside the price {price.name!r}"
    )


def _best(columns: Iterable[Column], rank: Callable[[Column], int]) -> Choice | None:
    """The column of the highest rank above 0; of equal ones the fullest, then the first."""
    ranked = sorted((c for c in columns if rank(c)), key=lambda c: (rank(c), c.known), reverse=True)
    if not ranked:
        return None
    best, *rest = ranked
    negative = int(best.counts[np.asarray(best.numbers) < 0].sum())
    back = f", {negative:,} negative: given back" if negative else ""
    others = tuple(c.name for c in rest if rank(c) == rank(best))[:MAX_OTHERS]
    return Choice(best.name, f"by name, {best.distinct:,} distinct numbers{back}", others)


def is_price_of_one(evidence: Evidence, amount: str, quantity: str, item: Choice | None) -> bool:
    """Whether an amount is the price of one unit: by its name, or since it ignores the quantity.

    Of rows of one item that differ in quantity, a total grows with it, and a price does not.
    """
    if names.names_price_of_one(amount):
        return True
    if not names.names_price(amount) or item is None:
        return False
    prices = _of_rows(evidence.column("amount", amount))
    units = _of_rows(evidence.column("quantity", quantity))
    codes = evidence.column("item", item.column).codes
    with np.errstate(invalid="ignore"):
        is_usable = (prices > 0) & (units > 0) & (codes >= 0)
    order = np.flatnonzero(is_usable)[np.argsort(codes[is_usable], kind="stable")]
    first, second = order[:-1], order[1:]
    is_pair = (codes[first] == codes[second]) & (units[first] != units[second])
    if not is_pair.any():
        return False
    grown = np.abs(np.log(prices[second[is_pair]] / prices[first[is_pair]]))
    times = np.abs(np.log(units[second[is_pair]] / units[first[is_pair]]))
    return bool(np.median(grown) < np.median(times) / 2)


def _of_rows(column: Column) -> NDArray[np.float64]:
    return column.of_rows(np.asarray(column.numbers, dtype=np.float64), np.nan)
