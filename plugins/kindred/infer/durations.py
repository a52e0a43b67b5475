"""Durations as numbers of hours: ``PT3H30M``, ``2 days 4:00:00``, ``3h 20m``, ``26:10:00``."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kindred.infer.column_names import looks_like_duration
from kindred.infer.columns import Numbers

_HOURS = {"y": 8766.0, "mo": 730.5, "w": 168.0, "d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
_NUMBER = r"\d{1,9}(?:[.,]\d{1,9})?"
_WORDS = {
    "w": "w(?:eeks?)?",
    "d": "d(?:ays?)?",
    "h": "h(?:(?:ou)?rs?)?",
    "m": "m(?:in(?:ute)?s?)?",
    "s": "s(?:ec(?:ond)?s?)?",
}
_IN_UNITS = (
    "(?i)^(?P<minus>-)?P?"
    + "".join(
        rf"[, ]*{'T?' if unit == 'h' else ''}(?:(?P<{unit}>{_NUMBER}) ?{word})?"
        for unit, word in _WORDS.items()
    )
    + "$"
)
_IN_YEARS = (
    rf"(?i)^(?P<minus>-)?P?(?P<y>{_NUMBER}) ?y(?:(?:ea)?rs?)?[, ]*"
    rf"(?P<mo>{_NUMBER}) ?m(?:o(?:n(?:th)?)?s?)?$"
)
_MONTHS = r"(?i)^-?P[^T]*[YM]"  # years and months have no fixed length
_SEVERAL_UNITS = r"(?i)^-?P.*\d|\d ?[a-z]+,? ?\d"
_ON_A_CLOCK = (
    r"(?i)^(?P<minus>-)?(?:(?P<d>\d{1,6}) ?d(?:ays?)?,? )?(?P<h>\d{1,6}):(?P<m>\d\d):"
    r"(?P<s>\d\d(?:[.,]\d{1,9})?)$"
)


def hours_of(texts: pa.StringArray) -> Numbers:
    """The hours of texts that are durations (n,); NaN where one is none.

    With one unit a text is a number with its unit, unless it is written as ISO 8601 has it.
    """
    may_be = pc.and_not(
        pc.match_substring_regex(texts, _SEVERAL_UNITS), pc.match_substring_regex(texts, _MONTHS)
    )
    in_units = _hours(pc.if_else(may_be, texts, None), _IN_UNITS)
    for pattern in (_ON_A_CLOCK, _IN_YEARS):
        in_units = np.where(np.isnan(in_units), _hours(texts, pattern), in_units)
    return in_units


def are_times_of_day(texts: pa.StringArray, hours: Numbers, name: str) -> bool:
    """Whether durations with these hours may all be times of the day, such as 09:10:00.

    They are none by the column's name, or if some last a day or have units.
    """
    is_on_a_clock = np.asarray(pc.match_substring_regex(texts, r"^\d?\d:").fill_null(False))
    is_known = ~np.isnan(hours)
    return not looks_like_duration(name) and bool(
        is_on_a_clock[is_known].all() and (hours[is_known] < _HOURS["d"]).all()
    )


def _hours(texts: pa.StringArray, pattern: str) -> Numbers:
    found = pc.extract_regex(texts, pattern)
    parts = {field.name: found.field(field.name) for field in found.type}
    hours = np.zeros(len(texts))
    for unit, length in _HOURS.items():
        if unit in parts:
            plain = pc.replace_substring(parts[unit], ",", ".")
            numbers = pc.cast(pc.if_else(pc.equal(plain, ""), "0", plain), pa.float64())
            hours += length * np.asarray(numbers.fill_null(0.0))
    hours[np.asarray(pc.equal(parts["minus"], "-").fill_null(False))] *= -1
    hours[np.asarray(found.is_null())] = np.nan
    return hours
