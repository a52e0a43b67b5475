"""The conventions of a file: how it writes numbers, dates and missing values, in all columns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from kindred.infer.column_evidence import ColumnEvidence
from kindred.infer.columns import TextColumn
from kindred.infer.markers import ALWAYS
from kindred.infer.moments import DMY, MDY, YMD, Order
from kindred.infer.numerals import COMMA, DOT

_MAX_TEXTS = 100_000  # distinct texts of a column that are looked at: conventions show early
_MARKERS_SHOWN = 6
_EXAMPLES = {DMY: "3/4/2021 is in April", MDY: "3/4/2021 is in March", YMD: "21/3/4 is in March"}


@dataclass(frozen=True)
class Conventions:
    """How a file writes numbers, dates and missing values.

    Attributes
    ----------
    decimal : str or None
        The decimal sign, None if no column shows it, or as many show either.
    presumed_decimal : str or None
        The one to read by where neither the column nor the file shows it; None to refuse that.
    order : str or None
        The order of day and month, None if no column shows it, or as many show either.
    is_decimal_disputed, is_order_disputed : bool
        Whether columns show both signs, or as many show either order: others are not read so then.
    decimals : Mapping[str, str]
        Of disputed signs: the decimal sign of the columns that look like 1.234 (``.``) or 1,234.
    markers : frozenset of str
        Markers of missing values, in lower case, that are missing among texts too.
    line : str
        The conventions in one line, empty if they are the usual ones.
    """

    decimal: str | None = None
    presumed_decimal: str | None = DOT
    order: Order | None = None
    markers: frozenset[str] = ALWAYS
    is_decimal_disputed: bool = False
    is_order_disputed: bool = False
    decimals: Mapping[str, str] = field(default_factory=dict)
    line: str = field(default="", compare=False)

    def decimal_like(self, evidence: ColumnEvidence) -> str | None:
        """The decimal sign of the columns that an undecided one looks like."""
        found = {self.decimals.get(sign) for sign in evidence.undecided_signs}
        return found.pop() if len(found) == 1 else None


def read_conventions(columns: Sequence[TextColumn], separator: str | None = None) -> Conventions:
    """The conventions of a file, from all of its columns together.

    What a column proves by itself, since it could not be read otherwise, counts before what is only
    likely. Where columns prove both decimal signs, others are read as those that look like them.
    Of dates the majority decides. Where no column shows the decimal sign, it is a dot, but unknown
    if values are separated by semicolons, as where commas are for decimals, or are cells.
    """
    evidence = [ColumnEvidence.of(column, _MAX_TEXTS) for column in columns]
    proven = _counted(found.proven_decimal for found in evidence)
    shown = _counted(found.shown_decimal for found in evidence)
    if not shown:
        shown = _counted(e.likely_decimal for e in evidence if e.proven_decimal is None)
        proven += shown
    is_disputed = len(shown) > 1
    orders = _counted(_proven_order(found) for found in evidence)
    typed = [found for found in evidence if is_typed(found)]
    markers = {text.lower(): text for found in typed for text in _markers_of(found)}
    decimal, order = _winner(shown), _winner(orders)
    return Conventions(
        decimal,
        None if separator in (";", "") else DOT,
        order,
        ALWAYS.union(markers),
        is_disputed,
        bool(orders) and order is None,
        _decimals_by_looks(evidence, decimal) if is_disputed else {},
        _line(proven, decimal, orders, order, list(markers.values())),
    )


def _decimals_by_looks(evidence: Sequence[ColumnEvidence], decimal: str | None) -> dict[str, str]:
    """The decimal sign of columns that look like 1.234 or 1,234, where both signs are proven.

    It is that of the proven columns that look so, if they agree and are the majority, whose sign
    is ``decimal``.
    """
    if decimal is None:
        return {}
    alike = {sign: {e.decimal_for(sign) for e in evidence} - {None} for sign in (DOT, COMMA)}
    return {sign: decimal for sign, found in alike.items() if found == {decimal}}


def is_typed(evidence: ColumnEvidence) -> bool:
    """Whether a column is one of numbers, dates or booleans."""
    numbers = any(evidence.is_enough(read.rows) for read in evidence.numbers.values())
    if numbers or evidence.flags is not None:
        return True
    moments = evidence.moments
    return moments is not None and evidence.is_enough(moments.rows)


def _counted(found: Iterable[str | None]) -> Counter[str]:
    return Counter(each for each in found if each is not None)


def _proven_order(evidence: ColumnEvidence) -> Order | None:
    moments = evidence.moments
    is_proven = moments is not None and not moments.rivals and evidence.is_enough(moments.rows)
    order = moments.order if moments is not None and is_proven else None
    return order if order in (DMY, MDY) else None


def _markers_of(evidence: ColumnEvidence) -> list[str]:
    found: list[str] = evidence.shaped.stripped.filter(pa.array(evidence.is_marked)).to_pylist()
    return found


def _winner(votes: Counter[str]) -> str | None:
    """What has the most votes; None if there are none, or two have as many."""
    most = votes.most_common(2)
    if not most or (len(most) > 1 and most[0][1] == most[1][1]):
        return None
    return most[0][0]


def _line(
    decimals: Counter[str],
    decimal: str | None,
    orders: Counter[Order],
    order: Order | None,
    markers: list[str],
) -> str:
    parts = []
    if COMMA in decimals:
        signs = {COMMA: "a comma", DOT: "a dot"}
        parts.append(f"the decimal sign is {_voted(decimals, decimal, signs)}")
    if orders:
        examples = {o: f"{o} ({_EXAMPLES[o]})" for o in orders}
        parts.append(f"dates are {_voted(orders, order, examples)}")
    if markers:
        shown = ", ".join(markers[:_MARKERS_SHOWN]) + (
            " …" if len(markers) > _MARKERS_SHOWN else ""
        )
        parts.append(f"missing values are written {shown}")
    return f"conventions of the file: {'; '.join(parts)}" if parts else ""


def _voted(votes: Counter[str], winner: str | None, names: dict[str, str]) -> str:
    if winner is None:
        shares = (f"{names[each]} in {_columns(count)}" for each, count in votes.most_common())
        return " and ".join(shares)
    others = votes.total() - votes[winner]
    shown = f"{_columns(votes[winner])} show{'' if votes[winner] > 1 else 's'}"
    return f"{names[winner]}, as {shown}{f', {others} differ' if others else ''}"


def _columns(count: int) -> str:
    return f"{count} column{'s' if count > 1 else ''}"
