"""Read one column of a file by the conventions of the file: as booleans, numbers, dates or text."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.infer.column_evidence import MIN_SHARE, ColumnEvidence, MomentReading, NumberReading
from kindred.infer.column_names import (
    looks_like_birth,
    looks_like_date,
    looks_like_id,
    looks_like_month,
    looks_like_phone,
    looks_like_serial,
    looks_like_time,
)
from kindred.infer.columns import (
    Almost,
    Column,
    Flags,
    Numbers,
    SqlType,
    TextColumn,
    Times,
    unchanged,
    with_numbers,
)
from kindred.infer.conventions import Conventions
from kindred.infer.durations import are_times_of_day, hours_of
from kindred.infer.markers import marked
from kindred.infer.moments import BIRTH_PIVOT, PIVOT, YMD, MomentShape, moment_shape
from kindred.infer.numerals import BARE, COMMA, DOT, UNITS, Numeral, readings
from kindred.infer.plain_values import (
    as_arrow,
    fit_bigint,
    floats_of,
    is_whole,
    iso,
    scattered,
    since_1970,
)
from kindred.infer.reading_notes import style_notes
from kindred.infer.shapes import shown
from kindred.infer.unread_moments import EXCEL, unread_form

AMBIGUOUS = "dates whose day and month cannot be told apart"
AMBIGUOUS_NUMBERS = "numbers such as 1.234 or 1,234, and no column shows which is the decimal sign"
DISPUTED_NUMBERS = "numbers such as 1.234 or 1,234, and other columns differ in the decimal sign"
AMBIGUOUS_ZONE = "times of zone "
SEVERAL_UNITS = "numbers in several currencies or units"
DURATIONS = "times of the day or durations"
_DURATION = re.compile(
    r"-?[09]9{0,3}:99(:99([.,]9+)?)?( ?([Uu]hr|h|[AaPp]\.?[Mm]\.?))?|[09]9?[.h]99 ?[Uu]hr|[09]9?h99"
)

_MIN_ALMOST_SHARE = 0.5
_SHAPES_SHOWN = 3
_MIN_COMPACT = 10  # distinct numbers of eight digits that all are days: chance has 1 in 1,200 each
_COMPACT = ("99999999", "999999999999", "99999999999999")
_COMPACT_MONTH = "999999"
_COMPACT_ZEROS = ("0", "09999999")
_COMPACT_YEARS = (np.datetime64("1900-01-01"), np.datetime64("2100-01-01"))
_MIN_YEARS, _MIN_GAP = 10, 15  # different two-digit years, and years without a date between them
_LAST_YEAR = np.datetime64("9999-01-01")
_EPOCH_YEARS = (np.datetime64("1990-01-01"), np.datetime64("2100-01-01"))
_EPOCH_UNITS = {10: "s", 13: "ms", 16: "us"}
_EXCEL_START, _EXCEL_DAYS = np.datetime64("1899-12-30"), (10_000, 80_000)  # 1927 to 2119


class ColumnReader:
    """Reads one column by the conventions of its file."""

    def __init__(
        self,
        column: TextColumn,
        conventions: Conventions,
        evidence: ColumnEvidence,
        *,
        is_time: bool = False,
    ) -> None:
        self.is_time = is_time or looks_like_time(column.name)
        self.is_date = is_time or looks_like_date(column.name)
        self.is_serial = is_time or looks_like_serial(column.name)
        self.is_month = looks_like_month(column.name)
        self.column, self.conventions, self.evidence = column, conventions, evidence
        self.shaped = evidence.shaped
        self.notes: list[str] = []
        missing = int(self.shaped.rows[evidence.is_marked].sum())
        if missing:
            self.notes.append(f"{missing:,} tokens such as NA are null")

    def flags(self) -> Column | None:
        """Booleans, if yes and no are all there is."""
        if self.evidence.flags is None:
            return None
        yes, _ = self.evidence.flags
        words = pc.utf8_lower(self.shaped.stripped)
        meaning = pc.if_else(pa.array(self.shaped.is_meant), pc.equal(words, yes), None)
        return self._typed(SqlType.BOOLEAN, meaning)

    def numbers(self) -> Column | None:
        """Numbers by the column's decimal sign, or else by the file's."""
        reading = self._number_reading()
        if reading is None:
            return None
        spelled, places, numerals = self._spelled(reading)
        is_all_whole = all(numeral.is_whole for numeral in numerals)
        if reading.affix == BARE and is_all_whole and not fit_bigint(spelled):
            return None  # more digits than a bigint holds: an id
        odd = self.shaped.meant_rows - reading.rows
        self.notes += style_notes(reading, self.shaped.shapes)
        floats = np.full(len(self.column.texts), np.nan)
        floats[places] = floats_of(spelled)
        timed = None if odd else self._moments_in(floats, numerals)
        if timed is not None:
            return timed
        if odd:
            texts = scattered(spelled, places, self._kept())
            return with_numbers(self._typed(SqlType.TEXT, texts, odd=odd), floats, self.column)
        if is_whole(numerals, floats[places]) and fit_bigint(spelled):
            return with_numbers(self._typed(SqlType.BIGINT, self._whole(spelled, places, floats)))
        values = pa.array(floats, mask=np.isnan(floats))
        return with_numbers(self._typed(SqlType.DOUBLE, values))

    def durations(self) -> Column | None:
        """Hours, if all are durations with units, or on a clock that is none of the day."""
        by_shape = hours_of(pa.array(self.shaped.shapes, pa.string()))
        if self.shaped.shape_rows[~np.isnan(by_shape)].sum() != self.shaped.meant_rows:
            return None
        texts = self._kept()
        hours = hours_of(texts)
        is_known = ~np.isnan(hours)
        if are_times_of_day(texts, hours, self.column.name):
            return None
        self.notes.append("durations, in hours")
        values = pa.array(hours, mask=~is_known)
        return with_numbers(self._typed(SqlType.DOUBLE, values))

    def moments(self) -> Column | None:
        """Dates or times by the column's order of day and month, or else by the file's."""
        reading = self.evidence.moments
        if reading is None:
            return None
        if reading.ambiguous_zones:
            zones = ", ".join(sorted(reading.ambiguous_zones))
            self.notes.append(f"{AMBIGUOUS_ZONE}{zones}, which means several zones")
            return None
        if reading.rivals:
            orders = (reading.order, *reading.rivals)
            if self.conventions.order not in orders or YMD in orders:
                self.notes.append(AMBIGUOUS)
                return None
            reading = replace(reading, order=self.conventions.order)
        elif reading.order and (
            self.conventions.is_order_disputed
            or self.conventions.order not in (None, reading.order)
        ):
            self.notes.append(f"dates are {reading.order} here, unlike in other columns")
        return self._moments(reading)

    def compact_moments(self) -> Column | None:
        """Dates such as 20220506, if all numbers are days or the name says so."""
        is_named = self.is_date or self.is_time or self.is_month
        if (looks_like_id(self.column.name) and not is_named) or not self._is_compact():
            return None
        zeros = [p for p, shape in enumerate(self.shaped.shapes) if shape in _COMPACT_ZEROS]
        is_zero = np.isin(self.shaped.shape_codes, zeros)
        zero_rows = int(self.shaped.rows[is_zero].sum())
        reading = self.evidence.moments_of(self._moment_shapes(is_compact=True))
        enough = MIN_SHARE * (self.shaped.meant_rows - zero_rows)
        found = self._times(reading)
        is_day = (found >= _COMPACT_YEARS[0]) & (found < _COMPACT_YEARS[1])
        is_never = found >= _LAST_YEAR
        if int(self.shaped.rows[is_day | is_never].sum()) < enough or not is_day.any():
            return None
        if not is_named and int(is_day.sum()) < _MIN_COMPACT:
            return None
        if zero_rows:
            self.notes.append(f"{zero_rows:,} zeros are null")
        is_month = any(shape.is_month for shape in reading.shapes.values())
        self.notes.append(f"written as YYYYMM{'' if is_month else 'DD'}")
        return self._moments(reading, ignored=is_zero)

    def _is_compact(self) -> bool:
        """Whether the shapes of most rows may be such dates, by their widths alone."""
        widths = (*_COMPACT, *_COMPACT_ZEROS, *((_COMPACT_MONTH,) if self.is_month else ()))
        rows = sum(
            int(rows)
            for shape, rows in zip(self.shaped.shapes, self.shaped.shape_rows, strict=True)
            if shape in widths
        )
        return self.evidence.is_enough(rows)

    def unread(self) -> Column | None:
        """Dates as the texts that they are, if it is only likely how they are written."""
        form = unread_form(self.column.name, self.shaped)
        if form is None or (form == EXCEL and self.is_serial):
            return None
        return replace(self.texts(), almost=Almost("date", 1.0, form=form))

    def texts(self) -> Column:
        """The column as text, with what it almost is."""
        markers = self.conventions.markers
        is_missing = marked(self.shaped.stripped, markers)
        notes = tuple(self.notes[1:] if self.evidence.is_marked.any() else self.notes)
        missing = int(self.shaped.rows[is_missing].sum())
        if missing:
            notes = (f"{missing:,} tokens such as NA are null", *notes)
        notes += self._unlike_texts()
        is_known = (np.asarray(pc.binary_length(self.shaped.stripped)) > 0) & ~is_missing
        found = unchanged(self.column, is_known)
        return replace(found, notes=notes, almost=self._almost())

    def _unlike_texts(self) -> tuple[str, ...]:
        """What the texts are, if they are amounts of several currencies, or durations."""
        if not self.evidence.has_digits:
            return ()
        pairs = list(zip(self.shaped.shapes, self.shaped.shape_rows.tolist(), strict=True))
        durations = sum(rows for shape, rows in pairs if _DURATION.fullmatch(shape))
        if self.evidence.is_enough(durations):
            return (DURATIONS,)
        affixes = [
            ({n.affix for n in readings(shape) if n.is_currency or n.affix in UNITS}, rows)
            for shape, rows in pairs
        ]
        amounts = sum(rows for found, rows in affixes if found)
        is_mixed = len(set().union(*(found for found, _ in affixes))) > 1
        return (SEVERAL_UNITS,) if is_mixed and self.evidence.is_enough(amounts) else ()

    def _almost(self) -> Almost | None:
        """What most values are: the numbers or dates of which there are more."""
        if not self.evidence.has_digits:
            return None
        found: list[tuple[int, str, Collection[int]]] = [
            (read.rows, "number", read.numerals) for read in self.evidence.numbers.values()
        ]
        shapes = self._moment_shapes(is_compact=False)
        if shapes:
            found.append((self.evidence.moments_of(shapes).rows, "date", shapes))
        are_months = bool(shapes) and all(shape.is_month for shape in shapes.values())
        rows, kind, fitting = max(found, key=lambda each: each[0], default=(0, "", ()))
        total = self.shaped.meant_rows
        if rows < _MIN_ALMOST_SHARE * total or looks_like_phone(self.column.name):
            return None
        others: dict[str, int] = {}
        for place, shape in enumerate(self.shaped.shapes):
            if place not in fitting:
                name = shown(shape)
                others[name] = others.get(name, 0) + int(self.shaped.shape_rows[place])
        most = sorted(others.items(), key=lambda each: -each[1])[:_SHAPES_SHOWN]
        if are_months and kind == "date":
            kind = "month"  # of too few to be sure, and so no dates
        return Almost(kind, rows / total, tuple(most))

    def _moment_shapes(self, *, is_compact: bool) -> Mapping[int, MomentShape]:
        found = {place: moment_shape(shape) for place, shape in enumerate(self.shaped.shapes)}
        return {
            p: moment for p, moment in found.items() if moment and moment.is_compact == is_compact
        }

    def _number_reading(self) -> NumberReading | None:
        """The numbers by what the column proves, what the file does, or what is likely."""
        numbers, own = self.evidence.numbers, self.evidence.proven_decimal
        if looks_like_phone(self.column.name):  # 611 461 056 has no thousands
            numbers = {d: read for d, read in numbers.items() if not read.is_grouped_only}
        fitting = {d: r for d, r in numbers.items() if self.evidence.is_enough(r.rows)}
        if not fitting:
            return None
        decimal = self.conventions.decimal
        if len(fitting) == 1:
            (only,) = fitting
            is_alone = self.conventions.is_decimal_disputed if decimal is None else decimal != only
            if own and is_alone:
                sign = {DOT: "a dot", COMMA: "a comma"}[only]
                self.notes.append(f"the decimal sign is {sign} here, unlike in other columns")
            return fitting[only]
        if not self.evidence.is_undecided:
            return fitting[DOT]
        if self.conventions.is_decimal_disputed:
            found, why = self.conventions.decimal_like(self.evidence), DISPUTED_NUMBERS
        else:
            found = decimal or self.evidence.likely_decimal or self.conventions.presumed_decimal
            why = AMBIGUOUS_NUMBERS
        if not found:
            self.notes.append(why)
            return None
        return fitting[found]

    def _spelled(
        self, reading: NumberReading
    ) -> tuple[pa.StringArray, NDArray[np.intp], list[Numeral]]:
        """The numbers in plain digits (n,), the places of their texts (n,), and their numerals."""
        groups = list(self.shaped.groups(reading.numerals))
        spelled = pa.concat_arrays([numeral.spelled(group) for numeral, group in groups])
        return spelled, np.concatenate([g.places for _, g in groups]), [n for n, _ in groups]

    def _kept(self) -> pa.StringArray:
        """The stripped texts that mean something, null elsewhere."""
        return pc.if_else(pa.array(self.shaped.is_meant), self.shaped.stripped, None)

    def _whole(
        self, spelled: pa.StringArray, places: NDArray[np.intp], floats: Numbers
    ) -> pa.Array:
        """The whole numbers of the distinct texts: exact where they have no decimals."""
        try:
            numbers = pc.cast(spelled, pa.int64())
        except pa.ArrowInvalid:
            numbers = pa.array(floats[places].astype(np.int64))
        return scattered(numbers, places, pa.nulls(len(floats), pa.int64()))

    def _typed(self, sql_type: SqlType, values: pa.Array, **facts: Any) -> Column:
        return Column.of_texts(
            self.column.name, sql_type, values, self.column.codes, notes=tuple(self.notes), **facts
        )

    def _times(self, reading: MomentReading) -> Times:
        """The moment of each distinct text in UTC (distinct,), NaT where there is none."""
        times = np.full(len(self.column.texts), np.datetime64("NaT"), dtype="datetime64[us]")
        pivot = self._pivot(reading)
        for shape, group in self.shaped.groups(reading.shapes):
            shape = shape.ordered(reading.order)
            times[group.places] = shape.moments(group, reading.zones, pivot)
        return times

    def _pivot(self, reading: MomentReading) -> int:
        """The first two-digit year that is of 1900, where the years are not all of one time.

        Of years from 40 over 99 to 05 the one after the widest gap is the first: 1940 to 2005.
        """
        if looks_like_birth(self.column.name):
            return BIRTH_PIVOT
        short = {place: shape for place, shape in reading.shapes.items() if shape.has_short_year}
        found: set[int] = set()
        for shape, group in self.shaped.groups(short):
            found.update(np.unique(shape.ordered(reading.order).numbers(group)["y"]).tolist())
        years = np.array(sorted(found))
        if len(years) < _MIN_YEARS:
            return PIVOT
        gaps = (years - np.roll(years, 1)) % 100
        first = int(years[gaps.argmax()])
        usual = years + np.where(years >= PIVOT, 0, 100)
        is_split = np.ptp(usual) - (100 - gaps.max()) >= _MIN_GAP
        return first if is_split and gaps.max() >= _MIN_GAP else PIVOT

    def _moments(self, reading: MomentReading, ignored: Flags | None = None) -> Column | None:
        times = self._times(reading)
        is_meant = self.shaped.is_meant if ignored is None else self.shaped.is_meant & ~ignored
        is_good = ~np.isnat(times)
        odd = int(self.shaped.rows[is_meant & ~is_good].sum())
        if not is_good.any() or odd > (1 - MIN_SHARE) * self.shaped.rows[is_meant].sum():
            return None
        shapes = [reading.shapes[p] for p in reading.shapes]
        if all(shape.is_month and not shape.is_compact for shape in shapes):
            self.notes.append("months without a day are their first")
        if any(shape.has_short_year for shape in shapes):
            pivot = self._pivot(reading)
            self.notes.append(f"years of two digits are from 19{pivot:02} to 20{pivot - 1:02}")
        sql_type = SqlType.DATE
        if any(shape.has_time for shape in shapes):
            has_zone = any(shape.has_zone for shape in shapes)
            sql_type = SqlType.TIMESTAMPTZ if has_zone else SqlType.TIMESTAMP
        if not odd:
            return self._typed(sql_type, as_arrow(times, sql_type))
        kept = pc.if_else(pa.array(is_meant), self.shaped.stripped, None)
        texts = scattered(iso(times[is_good], sql_type), np.flatnonzero(is_good), kept)
        return self._typed(SqlType.TEXT, texts, odd=odd, is_dated=True)

    def _moments_in(self, floats: Numbers, numerals: list[Numeral]) -> Column | None:
        """Seconds since 1970, or day numbers of Excel: where the name and the values say so."""
        if any(numeral.affix != BARE for numeral in numerals):
            return None
        known = floats[~np.isnan(floats)]
        if not np.isfinite(known).all():
            return None
        times = np.full(len(floats), np.datetime64("NaT"), dtype="datetime64[us]")
        is_known = ~np.isnan(floats)
        digits = {len(str(int(limit))) for limit in (known.min(), known.max()) if limit > 0}
        unit = _EPOCH_UNITS.get(min(digits, default=0)) if len(digits) == 1 else None
        if unit and (self.is_time or self.is_date):
            times[is_known] = since_1970(known, unit)
            if _EPOCH_YEARS[0] <= times[is_known].min() and times[is_known].max() < _EPOCH_YEARS[1]:
                self.notes.append("read as time since 1970, by its name and values")
                return self._typed(SqlType.TIMESTAMPTZ, as_arrow(times, SqlType.TIMESTAMPTZ))
        first, last = _EXCEL_DAYS
        if self.is_serial and first <= known.min() and known.max() < last:
            days = np.round(known * 86_400).astype("timedelta64[s]")
            times[is_known] = (_EXCEL_START + days.astype("timedelta64[us]")).astype("M8[us]")
            self.notes.append("read as day numbers of Excel, by its name and values")
            sql_type = SqlType.DATE if (known == np.floor(known)).all() else SqlType.TIMESTAMP
            return self._typed(sql_type, as_arrow(times, sql_type))
        return None
