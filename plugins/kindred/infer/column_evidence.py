"""What the texts of a column can be read as: numbers by each decimal sign, dates by each order."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.infer.column_names import looks_like_date, looks_like_month
from kindred.infer.columns import TextColumn
from kindred.infer.markers import marked
from kindred.infer.moments import (
    AMBIGUOUS_ZONES,
    DMY,
    MDY,
    ORDERS,
    YMD,
    MomentShape,
    Order,
    moment_shape,
    zone_hours,
)
from kindred.infer.numerals import BARE, COMMA, CREDIT, DEBIT, DOT, Numeral, readings
from kindred.infer.shapes import ShapedTexts, ShapeGroup, plain_digits, strip

MIN_SHARE = 0.99  # share of the rows from which a column is of a kind, and the others are refused
FLAGS = (("yes", "no"), ("true", "false"), ("t", "f"), ("y", "n"))
_FLAGS_OF_FILES = (
    *FLAGS,
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não"), ("ja", "nee")),
    *(("wahr", "falsch"), ("vrai", "faux"), ("on", "off"), ("sì", "no"), ("tak", "nie")),
    *(("j", "n"), ("s", "n"), ("vero", "falso"), ("verdadero", "falso"), ("verdadeiro", "falso")),
    *(("waar", "onwaar"), ("sant", "falskt"), ("sand", "falsk"), ("prawda", "fałsz")),
    *(("да", "нет"), ("ano", "ne"), ("kyllä", "ei"), ("はい", "いいえ")),
)
_INFINITY = re.compile("[+-]?(inf|infinity|∞)", re.IGNORECASE)
_HAS_TIME = {"T", ":"}  # beside a date such as 20220506
_FEW_TEXTS = 20  # a column of booleans in all of their spellings has fewer
_MIN_GROUPED = 50  # numbers of which none has one or two decimals: 0.9 ** 50 is 0.5 %
_MIN_GROUPED_MONEY = 10
_MIN_MONTHS = 13  # different ones; fewer may be seasons, or the months of a year as categories
_MONTH_YEARS = (np.datetime64("1900-01-01"), np.datetime64("2100-01-01"))
_MIN_LONG_DECIMALS, _LONG_SHARE = 4, 0.9  # of ten decimals in a row one ends in a zero
_MANY_DATES, _LATE_DAY = 60, 28  # (27 / 31) ** 60 is 0.02 %


@dataclass(frozen=True, eq=False)
class NumberReading:
    """A column read as numbers: ``numerals`` per shape, and the rows that have one."""

    decimal: str
    affix: str
    is_currency: bool
    numerals: Mapping[int, Numeral]
    rows: int

    @property
    def is_grouped(self) -> bool:
        """Whether some numbers have a thousands sign."""
        return any(numeral.is_grouped for numeral in self.numerals.values())

    @property
    def is_grouped_only(self) -> bool:
        """Whether some have, and none has decimals or anything beside it."""
        return self.is_grouped and all(
            numeral.is_whole and numeral.affix == BARE for numeral in self.numerals.values()
        )


@dataclass(frozen=True, eq=False)
class MomentReading:
    """A column read as moments: ``shapes`` per shape's place, the rows and the order of its dates.

    ``order`` is None where no date needs one. ``rivals`` are other orders that fit enough rows.
    """

    shapes: Mapping[int, MomentShape]
    order: Order | None
    rows: int
    rivals: tuple[Order, ...] = ()

    @property
    def zones(self) -> frozenset[str]:
        """All abbreviations and names of zones."""
        return frozenset(shape.zone for shape in self.shapes.values() if shape.zone)

    @property
    def ambiguous_zones(self) -> frozenset[str]:
        """Abbreviations that could be of several zones."""
        return frozenset(
            zone
            for zone in self.zones & AMBIGUOUS_ZONES | (self.zones & {"CST", "BST"})
            if zone_hours(zone, self.zones) is None
        )


@dataclass(frozen=True, eq=False)
class ColumnEvidence:
    """The distinct texts of a column with their shapes, and what they can be read as."""

    name: str
    shaped: ShapedTexts
    is_marked: NDArray[np.bool_]

    @classmethod
    def of(cls, column: TextColumn, max_texts: int | None = None) -> "ColumnEvidence":
        """The evidence of a column, or of its first ``max_texts`` distinct texts."""
        stripped, rows = strip(plain_digits(column.texts[:max_texts])), column.counts[:max_texts]
        is_marked = marked(stripped)
        is_empty = pc.equal(pc.binary_length(stripped), 0).to_numpy(zero_copy_only=False)
        return cls(column.name, ShapedTexts.of(stripped, rows, ~is_marked & ~is_empty), is_marked)

    @cached_property
    def needed(self) -> float:
        """The rows that must be of a kind, for the column to be: infinities prove nothing."""
        pairs = zip(self.shaped.shapes, self.shaped.shape_rows.tolist(), strict=True)
        infinite: int = sum(rows for shape, rows in pairs if _INFINITY.fullmatch(shape))
        return MIN_SHARE * (self.shaped.meant_rows - infinite)

    def is_enough(self, rows: int) -> bool:
        """Whether so many rows make the column one of their kind."""
        return 0 < rows >= self.needed

    @cached_property
    def has_digits(self) -> bool:
        """Whether half of the rows have a digit: others are no numbers or dates, nor almost."""
        pairs = zip(self.shaped.shapes, self.shaped.shape_rows.tolist(), strict=True)
        with_digits: int = sum(rows for shape, rows in pairs if "9" in shape or "0" in shape)
        return 2 * with_digits >= self.shaped.meant_rows

    @cached_property
    def flags(self) -> tuple[str, str] | None:
        """The words for yes and no, if these are all there is."""
        meant = self.shaped.is_meant
        if not 2 <= int(meant.sum()) <= _FEW_TEXTS:
            return None
        texts = self.shaped.stripped.filter(pa.array(meant)).to_pylist()
        words = {text.lower() for text in texts}
        return next((pair for pair in _FLAGS_OF_FILES if words == set(pair)), None)

    @cached_property
    def numbers(self) -> dict[str, NumberReading]:
        """The column as numbers by each decimal sign; nothing for codes such as 01234."""
        found: dict[str, list[tuple[int, Numeral]]] = {DOT: [], COMMA: []}
        if not self.has_digits:
            return {}
        codes = signed = 0
        for place, shape in enumerate(self.shaped.shapes):
            for numeral in readings(shape)[:1]:
                if numeral.is_code and numeral.affix == BARE:
                    is_signed = numeral.is_negative or shape[0] == "+"
                    signed += is_signed * int(self.shaped.shape_rows[place])
                    codes += 1
        if codes and signed < (1 - MIN_SHARE) * self.shaped.meant_rows + 1:
            return {}  # no code such as 00103 has a sign, an amount such as 00103- has
        for place, shape in enumerate(self.shaped.shapes):
            for numeral in readings(shape):
                for decimal in (numeral.decimal,) if numeral.decimal else (DOT, COMMA):
                    found[decimal].append((place, numeral))
        return {decimal: self._numbers(decimal, pairs) for decimal, pairs in found.items()}

    def _numbers(self, decimal: str, pairs: list[tuple[int, Numeral]]) -> NumberReading:
        """The reading with what stands beside most numbers; a currency may be left out by some."""
        pairs = self._balances(pairs)
        rows: Counter[tuple[str, bool]] = Counter()
        for place, numeral in pairs:
            rows[numeral.affix, numeral.is_currency] += int(self.shaped.shape_rows[place])
        bare = rows.pop((BARE, False), 0)
        (affix, is_currency), best = max(
            rows.items(), key=lambda item: item[1], default=((BARE, False), 0)
        )
        wanted = {affix, BARE} if is_currency else {affix if best > bare else BARE}
        numerals = {place: numeral for place, numeral in pairs if numeral.affix in wanted}
        if all(numeral.has_minus_after for numeral in numerals.values()):
            numerals = {}  # not all amounts are negative: 15- is an age from 15 on
        total = sum(int(self.shaped.shape_rows[place]) for place in numerals)
        shown = affix if affix in wanted and best else BARE
        return NumberReading(decimal, shown, is_currency and best > 0, numerals, total)

    def _balances(self, pairs: list[tuple[int, Numeral]]) -> list[tuple[int, Numeral]]:
        """The numbers with Soll (debit) as negative and Haben (credit) as positive amounts.

        That is where a column has both, and sums of money. An S or H at the number is no unit.
        """
        affixes = {numeral.affix for _, numeral in pairs}
        has_decimals = any(n.point >= 0 or n.is_grouped for _, n in pairs)
        if {DEBIT, CREDIT} <= affixes and has_decimals:
            return [
                (p, replace(n, affix=BARE, is_negative=n.affix == DEBIT or n.is_negative))
                if n.affix in (DEBIT, CREDIT)
                else (p, n)
                for p, n in pairs
            ]
        return [
            (place, numeral)
            for place, numeral in pairs
            if numeral.affix not in (DEBIT, CREDIT) or self.shaped.shapes[place][-2].isspace()
        ]

    @cached_property
    def proven_decimal(self) -> str | None:
        """The decimal sign without which the column would be no numbers."""
        fitting = [d for d, read in self.numbers.items() if self.is_enough(read.rows)]
        return fitting[0] if len(fitting) == 1 else None

    @cached_property
    def shown_decimal(self) -> str | None:
        """The decimal sign that the column shows for its whole file.

        Programs write ``52.477405`` with a dot whatever the file's language: coordinates and the
        like show the sign of their own column only, unless their thousands have one too.
        """
        sign = self.proven_decimal
        if sign != DOT:
            return sign
        reading = self.numbers[DOT]
        with_point = long = 0
        for place, numeral in reading.numerals.items():
            rows = int(self.shaped.shape_rows[place])
            if numeral.is_grouped:
                return sign
            with_point += rows * (numeral.point >= 0 or numeral.has_exponent)
            is_long = numeral.decimals >= _MIN_LONG_DECIMALS or numeral.has_exponent
            long += rows * is_long
        return None if long >= _LONG_SHARE * with_point > 0 else sign

    def decimal_for(self, sign: str) -> str | None:
        """The decimal sign of a proven column whose numbers look like 1.234 (``sign`` a dot).

        That is the other one if it is for thousands here, this one if three decimals follow it.
        """
        proven = self.proven_decimal
        if proven is None:
            return None
        numerals = self.numbers[proven].numerals
        if proven == sign:
            decimals = {numeral.decimals for numeral in numerals.values() if numeral.point >= 0}
            return sign if decimals == {3} else None
        groups = (n.is_grouped and sign in self.shaped.shapes[p] for p, n in numerals.items())
        return proven if any(groups) else None

    @cached_property
    def undecided_signs(self) -> frozenset[str]:
        """What stands before three digits in a column that could be read by either sign."""
        if not self.is_undecided:
            return frozenset()
        places = [p for p, n in self.numbers[DOT].numerals.items() if n.decimal]
        return frozenset(c for p in places for c in self.shaped.shapes[p] if c in (DOT, COMMA))

    @cached_property
    def likely_decimal(self) -> str | None:
        """The decimal sign that fits more rows, or the one that the other one's use implies.

        Where all of many numbers from 1,000 on have a sign before exactly three digits, and smaller
        ones have none, the sign is one of thousands: decimals would end in a zero now and then.
        """
        if self.proven_decimal or not self.numbers:
            return self.proven_decimal
        by_dot, by_comma = self.numbers[DOT], self.numbers[COMMA]
        if not (self.is_enough(by_dot.rows) and self.is_enough(by_comma.rows)):
            return None
        if by_dot.rows != by_comma.rows:
            return DOT if by_dot.rows > by_comma.rows else COMMA
        for sign, reading in ((COMMA, by_dot), (DOT, by_comma)):
            if self._groups_by(sign, reading):
                return reading.decimal
        return None

    def _groups_by(self, sign: str, reading: NumberReading) -> bool:
        grouped = small = 0
        for place, numeral in reading.numerals.items():
            rows = int(self.shaped.shape_rows[place])
            if numeral.is_grouped and sign in self.shaped.shapes[place]:
                grouped += rows
            elif numeral.is_whole and len(numeral.keep) <= 3:
                small += rows
            else:
                return False
        # Money has two decimals, or none.
        return (
            grouped >= _MIN_GROUPED_MONEY
            if reading.is_currency
            else (grouped >= _MIN_GROUPED and small > 0)
        )

    @cached_property
    def is_undecided(self) -> bool:
        """Whether the column is numbers by either sign, which would differ."""
        fitting = [read for read in self.numbers.values() if self.is_enough(read.rows)]
        return len(fitting) == 2 and any(n.decimal for n in fitting[0].numerals.values())

    @cached_property
    def moments(self) -> MomentReading | None:
        """The column as dates or times in the order that fits most rows, if it is enough."""
        if not self.has_digits:
            return None
        shapes = {p: m for p, s in enumerate(self.shaped.shapes) if (m := moment_shape(s))}
        may_be_months = (
            looks_like_date(self.name)
            or looks_like_month(self.name)
            or self._are_many_months({p: m for p, m in shapes.items() if m.is_month})
        )
        shapes = {
            place: shape
            for place, shape in shapes.items()
            if (may_be_months or not shape.is_month)
            and (not shape.is_compact or shape.has_zone or _HAS_TIME & {*self.shaped.shapes[place]})
        }
        unordered = {place: shape for place, shape in shapes.items() if shape.is_unordered}
        ordered = {place: shape for place, shape in shapes.items() if place not in unordered}
        # A few 3/4/2021 among ISO dates show no order, and are refused; of many both are meant.
        for found in (ordered, unordered, shapes):
            if self.is_enough(sum(int(self.shaped.shape_rows[place]) for place in found)):
                return self.moments_of(found)
        return None

    def _are_many_months(self, months: Mapping[int, MomentShape]) -> bool:
        """Whether so many are months that they are no ranges, nor names such as March 2021."""
        rows = sum(int(self.shaped.shape_rows[place]) for place in months)
        if not months or not self.is_enough(rows):
            return False
        read = [m.moments(group) for m, group in self.shaped.groups(months)]
        good = np.concatenate(read)
        good = good[(good >= _MONTH_YEARS[0]) & (good < _MONTH_YEARS[1])]
        return len(good) >= MIN_SHARE * sum(map(len, read)) and len(good) >= _MIN_MONTHS

    def moments_of(self, shapes: Mapping[int, MomentShape]) -> MomentReading:
        """The texts of some shapes as moments, by the order of day and month that fits most."""
        groups = list(self.shaped.groups(shapes))
        zones = MomentReading(shapes, None, 0).zones
        unordered = [(shape, group) for shape, group in groups if shape.is_unordered]

        def rows_by(order: Order | None) -> int:
            moments = ((s.ordered(order).moments(g, zones), g.places) for s, g in groups)
            return sum(int(self.shaped.rows[p[~np.isnat(m)]].sum()) for m, p in moments)

        if not unordered:
            return MomentReading(shapes, None, rows_by(None))
        rows = {order: rows_by(order) for order in ORDERS}
        is_dotted = all("." in self.shaped.shapes[p] for p, s in shapes.items() if s.is_unordered)
        if is_dotted:  # those who write dots write the day first
            rows[MDY] = 0
        rivals = [order for order in ORDERS if self.is_enough(rows[order])]
        best = max(ORDERS, key=lambda order: rows[order])
        if YMD in rivals and len(rivals) > 1:
            rivals = _without_years(rivals, unordered, is_dotted=is_dotted)
        most = max((rows[order] for order in rivals), default=0)
        equal = tuple(order for order in rivals if rows[order] == most)
        best = equal[0] if equal else best
        return MomentReading(shapes, best, rows[best], tuple(o for o in equal if o != best))


def _without_years(
    rivals: list[Order], unordered: Sequence[tuple[MomentShape, ShapeGroup]], *, is_dotted: bool
) -> list[Order]:
    """The orders that remain, since of many days of a month some are late in it."""
    if sum(len(group.places) for _, group in unordered) < _MANY_DATES:
        is_year = set()
    else:
        read = [shape.numbers(group) for shape, group in unordered]
        is_year = {n for n in "ac" if max(int(each[n].max()) for each in read) < _LATE_DAY}
    if "c" in is_year or (is_dotted and DMY in rivals and "a" not in is_year):
        return [order for order in rivals if order != YMD]
    return [order for order in rivals if order != DMY] if "a" in is_year else rivals
