"""The conventions of a file: how it writes numbers, dates and missing values, in all columns."""

from collections import Counter
from collections.abc import Iterable, Sequence
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
        The decimal sign, None if no column shows it.
    presumed_decimal : str or None
        The one to read by where neither the column nor the file shows it; None to refuse that.
    order : str or None
        The order of day and month, None if no column shows it.
    markers : frozenset of str
        Markers of missing values, in lower case, that are missing among texts too.
    line : str
        The conventions in one line, empty if they are the usual ones.
    """

    decimal: str | None = None
    presumed_decimal: str | None = DOT
    order: Order | None = None
    markers: frozenset[str] = ALWAYS
    line: str = field(default="", compare=False)


def read_conventions(columns: Sequence[TextColumn], separator: str | None = None) -> Conventions:
    """The conventions of a file, from all of its columns together.

    What a column proves by itself, since it could not be read otherwise, counts before what is only
    likely; the majority of the columns decides. Where no column shows the decimal sign, it is a
    dot, but unknown if values are separated by semicolons, as where commas are for decimals.
    """
    evidence = [ColumnEvidence.of(column, _MAX_TEXTS) for column in columns]
    decimals = _counted(found.proven_decimal for found in evidence)
    decimals = decimals or _counted(found.likely_decimal for found in evidence)
    orders = _counted(_proven_order(found) for found in evidence)
    decimal = decimals.most_common(1)[0][0] if decimals else None
    order = orders.most_common(1)[0][0] if orders else None
    typed = [found for found in evidence if is_typed(found)]
    markers = {text.lower(): text for found in typed for text in _markers_of(found)}
    return Conventions(
        decimal,
        None if separator == ";" else DOT,
        order,
        ALWAYS.union(markers),
        _line(decimals, orders, list(markers.values())),
    )


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


def _line(decimals: Counter[str], orders: Counter[Order], markers: list[str]) -> str:
    parts = []
    if decimals and (COMMA in decimals):
        parts.append(f"the decimal sign is {_voted(decimals, {COMMA: 'a comma', DOT: 'a dot'})}")
    if orders:
        parts.append(f"dates are {_voted(orders, {o: f'{o} ({_EXAMPLES[o]})' for o in orders})}")
    if markers:
        shown = ", ".join(markers[:_MARKERS_SHOWN]) + (
            " …" if len(markers) > _MARKERS_SHOWN else ""
        )
        parts.append(f"missing values are written {shown}")
    return f"conventions of the file: {'; '.join(parts)}" if parts else ""


def _voted(votes: Counter[str], names: dict[str, str]) -> str:
    (winner, count), *others = votes.most_common()
    columns = f"{count} column{'s' if count > 1 else ''}"
    against = f", {sum(n for _, n in others)} differ" if others else ""
    return f"{names[winner]}, as {columns} show{'' if count > 1 else 's'}{against}"
