"""Parse strings as dates or times: all values must share one format."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from kindred.infer.columns import SqlType

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"(?P<time>[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(?P<zone>Z|[+-]\d{2}(:?\d{2})?)?)?"
)
# A day-first and a month-first format may fit the same values, unless a day exceeds 12.
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", None)
_OTHERS = ("%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S")
_SHAPE = re.compile(r"\d|[A-Za-z]{3,9}")
_FRACTION = re.compile(r"(\.\d{6})\d+")


class AmbiguousMoments(Exception):
    """Every value could be day-month or month-day."""


def read_moments(texts: Sequence[str]) -> tuple[SqlType, list[Any]] | None:
    """All strings as dates or datetimes, with their type; None if one cannot be parsed.

    Raises
    ------
    AmbiguousMoments
        when days cannot be told from months.
    """
    if not texts or not all(_may_be_moment(text) for text in texts):
        return None
    return _read_iso(texts) or _read_by_format(texts)


def _may_be_moment(text: str) -> bool:
    return 8 <= len(text) <= 40 and bool(_SHAPE.search(text)) and any(c in text for c in "-/. ,")


def _read_iso(texts: Sequence[str]) -> tuple[SqlType, list[Any]] | None:
    matches = [_ISO.fullmatch(text) for text in texts]
    if not all(matches):
        return None
    times = {bool(match and match["time"]) for match in matches}
    zones = {bool(match and match["zone"]) for match in matches}
    try:
        moments = [datetime.fromisoformat(_as_python_reads(text)) for text in texts]
    except ValueError:
        return None
    if times == {False}:
        return SqlType.DATE, [moment.date() for moment in moments]
    if True in zones:
        # A time without a zone among others with one is UTC, as in our PostgreSQL sessions.
        aware = [m.replace(tzinfo=UTC) if m.tzinfo is None else m for m in moments]
        return SqlType.TIMESTAMPTZ, aware
    return SqlType.TIMESTAMP, moments


def _as_python_reads(text: str) -> str:
    return _FRACTION.sub(r"\1", text.replace(" +", "+").replace(" Z", "Z"))


def _read_by_format(texts: Sequence[str]) -> tuple[SqlType, list[Any]] | None:
    for time in _TIMES:
        for day_first, month_first in zip(_DAY_FIRST, _MONTH_FIRST, strict=True):
            by_day = _parsed(texts, day_first + time)
            by_month = None if month_first is None else _parsed(texts, month_first + time)
            if by_day and by_month and by_day != by_month:
                raise AmbiguousMoments
            found = by_day or by_month
            if found:
                return _typed(found, time)
        for form in _OTHERS:
            found = _parsed(texts, form + time)
            if found:
                return _typed(found, time)
    return None


def _parsed(texts: Sequence[str], form: str) -> list[datetime] | None:
    # Trying the first value alone rules out most formats quickly.
    for part in (texts[:1], texts):
        moments = pd.to_datetime(pd.Series(part, dtype=object), format=form, errors="coerce")
        if moments.isna().any():
            return None
    return [moment.to_pydatetime() for moment in moments]


def _typed(moments: list[datetime], time: str) -> tuple[SqlType, list[Any]]:
    if time:
        return SqlType.TIMESTAMP, moments
    return SqlType.DATE, [date(m.year, m.month, m.day) for m in moments]


def read_compact_dates(texts: Sequence[str]) -> list[date] | None:
    """All strings as dates such as 20260331; None if one cannot be parsed."""
    if not texts or not all(len(text) == 8 and text.isdigit() for text in texts):
        return None
    moments = _parsed(texts, "%Y%m%d")
    return None if moments is None else [moment.date() for moment in moments]
