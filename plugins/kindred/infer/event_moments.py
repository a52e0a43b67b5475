"""The time of an event that no column holds: dates as numbers or texts, and a time of the day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.errors import InferenceError
from kindred.infer.column_names import looks_like_id, words_of
from kindred.infer.columns import Column, SqlType, whole
from kindred.infer.event_choice import Choice
from kindred.infer.event_names import names_date, names_hour, names_time_of_day
from kindred.infer.event_roles import find_at
from kindred.infer.plain_values import floats_of
from kindred.infer.proposal import Evidence
from kindred.infer.shapes import strip
from kindred.infer.transactions import successive, varying_share
from kindred.infer.typed_values import NUMERIC_TYPES, TEXT_TYPES
from kindred.spec.names import listed

NAMES = ("happened_at", "event_at", "time_of_event")
"""Names for a time that the query computes, the first that no column has."""
MICROSECONDS = 1_000_000
_DAY = 86_400 * MICROSECONDS
_YEARS = (1900, 2100)
_CENTURY = 69  # years of two digits are from 1969 to 2068, as in files
_CLOCK = r"^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?( ?[AaPp][Mm])?$"
_ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_MOST = (23, 59, 59)
_PLACES = {
    "yyyymmdd": (10_000, 100, 1),
    "ddmmyyyy": (1, 10_000, 1_000_000),
    "mmddyyyy": (1, 1_000_000, 10_000),
    "yymmdd": (10_000, 100, 1),
    "ddmmyy": (1, 100, 10_000),
    "mmddyy": (1, 10_000, 100),
}
"""Where year, month and day stand in a date that is written as one number."""


@dataclass(frozen=True)
class Computed:
    """A column that a query computes: its name there, and the expression.

    ``why`` it is computed; ``reason``: what it is; ``used``: the columns that it is made of.
    """

    name: str
    sql: str
    why: str
    reason: str
    used: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Reading:
    """A column as times: ``sql`` says the same of each row of the table. ``how``: in words."""

    column: Column
    sql: str
    how: str


def with_moment(evidence: Evidence, customer: Choice) -> tuple[Evidence, Computed | None]:
    """The columns of events with the time of the event among them, and how a query computes it.

    A date beside a time of the day becomes their sum, unless another time differs from event to
    event; a date in a number or a text is read. Columns that it is made of are left out.

    Raises
    ------
    InferenceError
        when no column is a time.
    """
    readings = _dates(evidence)
    columns = [readings[c.name].column if c.name in readings else c for c in evidence.columns]
    read = replace(evidence, columns=columns)
    pairs = successive(evidence.column("key", customer.column))
    left = [c for c in columns if c.name != customer.column and c.known]
    varying = {c.name: varying_share(c, pairs) if len(pairs[0]) else 1.0 for c in left}
    if not any(c.is_temporal for c in left):
        _refuse_undecided(evidence, customer)
    at = find_at(read, left, varying)
    day = readings.get(at.column) or _day_of(read.column("at", at.column))
    time = None if day is None else _time_for(day.column, evidence.columns, readings)
    is_as_stored = at.column not in readings
    if day is None or (is_as_stored and time is None):
        return read, None
    name = next((one for one in NAMES if one not in {c.name for c in columns}), None)
    if name is None:
        return read, None
    made, computed = _computed(name, day, time)
    kept = [column for column in columns if column.name not in computed.used]
    return replace(read, columns=[*kept, made]), computed


def _refuse_undecided(evidence: Evidence, customer: Choice) -> None:
    """Say what to do about columns that are dates by their names, and are not written as such.

    Raises
    ------
    InferenceError
        when there are any.
    """
    named = [c.name for c in evidence.columns if names_date(c.name) and c.name != customer.column]
    if named:
        raise InferenceError(
            "events",
            f"no column is the time of the event: {listed([repr(name) for name in named])} may be"
            " by the name, but the values are no dates, or have several meanings (such as 010203):"
            " read them in a view or query of the source, such as to_date("
            f"{_quoted(named[0])}::text, 'DDMMYY') as happened_at",
        )


def _computed(name: str, day: _Reading, time: _Reading | None) -> tuple[Column, Computed]:
    """The time of the event as a column, and how a query computes it."""
    if time is None:
        why = f"{day.column.name!r} {day.how}, which the query reads"
        reason = f"the time of the event: {day.column.distinct:,} distinct"
        made = replace(day.column, name=name)
        return made, Computed(name, day.sql, why, reason, (day.column.name,))
    days = day.column.of_rows(day.column.times, np.datetime64("NaT", "us"))
    hours = time.column.of_rows(time.column.times, np.datetime64("NaT", "us"))
    clock = np.where(np.isnat(hours), 0, hours.astype(np.int64)).astype("timedelta64[us]")
    made = _of_rows(name, SqlType.TIMESTAMP, days + clock)
    why = (
        f"{day.column.name!r} is the day and {time.column.name!r} the time of the day: the query"
        " joins them"
    )
    reason = f"day and time: {made.distinct:,} distinct, at midnight where there is no time"
    sql = f"{day.sql} + coalesce({time.sql}, time '00:00')"
    return made, Computed(name, sql, why, reason, (day.column.name, time.column.name))


def _of_rows(name: str, sql_type: str, times: NDArray[np.datetime64]) -> Column:
    codes, distinct = pd.factorize(times.astype(np.int64), use_na_sentinel=False)
    none = np.isnat(distinct.astype("datetime64[us]"))
    values = pa.array(distinct, pa.int64()).cast(pa.timestamp("us"))
    column = Column(name, sql_type, values, codes.astype(np.int32))
    return column.without(none, "rows without a day") if none.any() else column


def _dates(evidence: Evidence) -> dict[str, _Reading]:
    """The columns of numbers and texts that are dates, as such."""
    found = {}
    for column in evidence.columns:
        reading = None
        if column.numbers is not None:
            reading = _from_numbers(column, np.asarray(column.numbers))
        elif _has_digits_of_days(column):
            reading = _from_numbers(column, floats_of(strip(column.texts)))
        elif column.is_dated and not column.odd and column.type in TEXT_TYPES:
            reading = _from_texts(column)
        if reading is not None:
            found[column.name] = reading
    return found


def _from_texts(column: Column) -> _Reading | None:
    """Texts as ISO 8601 has them, which PostgreSQL casts."""
    texts = strip(column.texts)
    text = f"nullif(btrim({_quoted(column.name)}), '')"
    if _all(texts, _ISO_DAY):
        return _Reading(_typed(column, SqlType.DATE), f"{text}::date", "holds dates as texts")
    has_zone = _matching(texts, _ISO_ZONE)
    if has_zone.any() and not has_zone.all():
        return None
    if has_zone.all():
        made = _typed(column, SqlType.TIMESTAMPTZ)
        return _Reading(made, f"{text}::timestamptz", "holds times as texts")
    return _Reading(_typed(column, SqlType.TIMESTAMP), f"{text}::timestamp", "holds times as texts")


def _typed(column: Column, sql_type: str) -> Column:
    values = pa.array(column.times.astype(np.int64), pa.int64()).cast(pa.timestamp("us"))
    return replace(column, type=sql_type, values=values, numbers=None, is_dated=False, almost=None)


def _has_digits_of_days(column: Column) -> bool:
    """Whether texts are of six or eight digits, of which the first may be a zero."""
    return column.type in TEXT_TYPES and _all(strip(column.texts), r"^([0-9]{6}|[0-9]{8})$")


def _from_numbers(column: Column, numbers: NDArray[np.float64]) -> _Reading | None:
    """Whole numbers that are dates: by their form alone, or by their name if years have two digits.

    Of several forms that all numbers have, the one with by far the fewest years: days and months
    that are read as years are many.
    """
    is_usable = column.distinct > 1 and whole(numbers) and not column.odd
    if not is_usable or np.isnan(numbers).any() or looks_like_id(column.name):
        return None
    is_long = bool((numbers >= 1_000_000).all())
    if not is_long and not names_date(column.name):
        return None
    forms = [form for form in _PLACES if len(form) == (8 if is_long else 6)]
    fitting = {form: days for form in forms if (days := _days_of(numbers, form)) is not None}
    if not fitting:
        return None
    years = {form: len(np.unique(days.astype("datetime64[Y]"))) for form, days in fitting.items()}
    best = min(years, key=lambda form: years[form])
    if any(years[best] * 2 > n for form, n in years.items() if form != best):
        return None
    # Numbers of eight digits are seldom dates by chance; those in another order need a name.
    if best != "yyyymmdd" and not names_date(column.name):
        return None
    values = pa.array(fitting[best].astype("datetime64[us]").astype(np.int64), pa.int64())
    made = replace(
        column, type=SqlType.DATE, values=values.cast(pa.timestamp("us")), numbers=None, almost=None
    )
    return _Reading(made, _sql_of_number(column, best), f"holds dates as numbers, {best}")


def _days_of(numbers: NDArray[np.float64], form: str) -> NDArray[np.datetime64] | None:
    """The days of numbers in a form (distinct,); None unless all of them are days."""
    year, month, day = (
        (numbers.astype(np.int64) // place) % (10_000 if is_year and len(form) == 8 else 100)
        for place, is_year in zip(_PLACES[form], (True, False, False), strict=True)
    )
    most = 10 ** len(form)
    if len(form) == 6:
        year = year + np.where(year < _CENTURY, 2000, 1900)
    if not (
        (numbers > 0).all()
        and (numbers < most).all()
        and ((year >= _YEARS[0]) & (year < _YEARS[1])).all()
        and ((month >= 1) & (month <= 12) & (day >= 1)).all()
    ):
        return None
    months = (year - 1970).astype("timedelta64[Y]").astype("timedelta64[M]")
    first = (np.datetime64("1970-01", "M") + months + (month - 1).astype("timedelta64[M]")).astype(
        "datetime64[D]"
    )
    found = first + (day - 1).astype("timedelta64[D]")
    is_real = found.astype("datetime64[M]") == first.astype("datetime64[M]")
    return found if is_real.all() else None


def _sql_of_number(column: Column, form: str) -> str:
    """The day of a number: null unless it has a year, a month and a day."""
    number, most = _whole_number(column), 10 ** len(form)
    year, month, day = (
        f"({_divided(number, place)} % {10_000 if is_year and len(form) == 8 else 100})::integer"
        for place, is_year in zip(_PLACES[form], (True, False, False), strict=True)
    )
    is_day = f"{number} between 1 and {most - 1} and {month} between 1 and 12"
    is_day = f"{is_day} and {day} between 1 and 31"
    if len(form) == 6:
        year = f"({year} + case when {year} < {_CENTURY} then 2000 else 1900 end)"
    # Not to_date: it fails at a day that its month lacks, such as the 30th of February.
    since = f"make_interval({year} - 1, {month} - 1, 0, {day} - 1)"
    return f"(case when {is_day} then (timestamp '0001-01-01' + {since})::date end)"


def _divided(number: str, place: int) -> str:
    return number if place == 1 else f"{number} / {place}"


def _whole_number(column: Column) -> str:
    """The expression for a column's whole numbers; null where a text is none."""
    name = _quoted(column.name)
    if column.type in TEXT_TYPES:
        return f"(case when btrim({name}) ~ '^[0-9]{{1,9}}$' then btrim({name})::bigint end)"
    if column.type in ("smallint", "integer", "bigint"):
        return name
    return f"(case when {name} between 0 and 99999999 then trunc({name})::bigint end)"


def _day_of(column: Column) -> _Reading | None:
    """A column of dates, or of times that are all at midnight, as days."""
    if column.type == SqlType.DATE:
        return _Reading(column, _quoted(column.name), "holds dates")
    times = column.times[~np.isnat(column.times)]
    if column.type != SqlType.TIMESTAMP or column.is_dated or not len(times):
        return None
    if (times.astype(np.int64) % _DAY).any():
        return None
    return _Reading(column, f"{_quoted(column.name)}::date", "holds dates")


def _time_for(
    day: Column, columns: Sequence[Column], readings: dict[str, _Reading]
) -> _Reading | None:
    """The time of the day that belongs to a date: of several, the one whose name is most alike."""
    found = [
        time
        for column in columns
        if column.name != day.name and column.name not in readings
        if (time := _time_of_day(column)) is not None
    ]
    words = set(words_of(day.name))

    def rank(time: _Reading) -> tuple[int, int]:
        return len(words & set(words_of(time.column.name))), time.column.known

    return max(found, key=rank, default=None)


def _time_of_day(column: Column) -> _Reading | None:
    """A column that is the time of the day: a time, a text such as 09:30, or a number like 930."""
    if not column.known:
        return None
    name = _quoted(column.name)
    if column.type == "time without time zone":
        return _clock(column, name)
    if column.numbers is None:
        is_text = column.type in TEXT_TYPES and not column.is_temporal
        if is_text and _all(strip(column.texts), _CLOCK):
            return _clock(column, f"nullif(btrim({name}), '')::time")
        return None
    if column.type in NUMERIC_TYPES and whole(np.asarray(column.numbers)) and not column.odd:
        return _from_clock_number(column)
    return None


def _clock(column: Column, sql: str) -> _Reading:
    texts = pd.Series(strip(column.texts).to_numpy(zero_copy_only=False), dtype=object)
    parts = texts.str.extract(
        r"^(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d(?:\.\d+)?))? ?(?P<half>[AaPp])?"
    )
    hours, minutes, seconds = (
        pd.to_numeric(parts[part]).fillna(0.0).to_numpy(np.float64) for part in "hms"
    )
    half = parts["half"].str.lower().to_numpy(dtype=object)
    hours = np.where(pd.notna(half), hours % 12, hours) + np.where(half == "p", 12, 0)
    return _timed(column, hours * 3600 + minutes * 60 + seconds, sql)


def _from_clock_number(column: Column) -> _Reading | None:
    """Numbers such as 930 or 93000 (by name a time), or an hour of the day."""
    numbers = np.asarray(column.numbers)
    if np.isnan(numbers).any() or (numbers < 0).any() or (numbers > 235_959).any():
        return None
    places: tuple[int, ...]
    if names_hour(column.name) and numbers.max() <= 23:
        places = (1,)
    elif names_time_of_day(column.name) and numbers.max() > 24:
        places = (100, 1) if numbers.max() < 2400 else (10_000, 100, 1)
    else:
        return None
    parts = [numbers // place % 100 for place in places]
    if any((part > most).any() for part, most in zip(parts, _MOST, strict=False)):
        return None
    seconds = sum(part * 60.0**power for part, power in zip(parts, (2, 1, 0), strict=False))
    number = _whole_number(column)
    in_sql = [f"({_divided(number, place)} % 100)::integer" for place in places]
    limits = [f"{part} between 0 and {most}" for part, most in zip(in_sql, _MOST, strict=False)]
    condition = " and ".join([f"{number} between 0 and 235959", *limits])
    parts_of_time = ", ".join([*in_sql, *["0"] * (3 - len(in_sql))])
    return _timed(
        column,
        np.asarray(seconds, dtype=np.float64),
        f"(case when {condition} then make_time({parts_of_time}) end)",
    )


def _timed(column: Column, seconds: NDArray[np.float64], sql: str) -> _Reading:
    values = pa.array(np.round(seconds * MICROSECONDS).astype(np.int64), pa.int64())
    made = replace(
        column,
        type="time without time zone",
        values=values.cast(pa.timestamp("us")),
        numbers=None,
        is_dated=False,
    )
    return _Reading(made, sql, "holds times of the day")


def _all(texts: pa.StringArray, pattern: str) -> bool:
    return len(texts) > 0 and bool(_matching(texts, pattern).all())


def _matching(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found = pc.match_substring_regex(texts, pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
