"""How figures are written: separators, units, and texts of the data as they can be shown."""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from kindred.spec.names import plain

UNKNOWN = "unknown"
ELLIPSIS = "…"
BLANK = "(blank)"
_LONGEST, _SHORT = 200, 48
"""Characters of a text of the data, and within a title; nobody reads more of a category."""


def count(value: float | None) -> str:
    """A number of things, with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """A share (0 to 1) in percent."""
    return UNKNOWN if value is None else f"{100 * value:.{digits}f} %"


def figure(value: float | None) -> str:
    """A number with three significant digits or all before the point."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval(
    value: float | None, low: float | None, high: float | None, *, is_share: bool = False
) -> str:
    """A figure with its 95 % interval, if there is one."""
    if is_share:
        value, low, high = (None if one is None else 100 * one for one in (value, low, high))
    unit = " %" if is_share else ""
    if value is None:
        return UNKNOWN
    if low is None or high is None:
        return f"{figure(value)}{unit}"
    return f"{figure(value)}{unit} ({figure(low)} to {figure(high)})"


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return UNKNOWN
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def megabytes(value: float | None) -> str:
    """Memory in MB, or in GB from there on."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f} MB" if value < 10_000 else f"{value / 1024:,.1f} GB"


def change(now: float | None, before: float | None) -> str:
    """How many more or fewer than before."""
    if now is None or before is None:
        return ""
    return (
        "as many as before"
        if now == before
        else f"{now - before:+,.0f}".replace("-", "\N{MINUS SIGN}")
    )


def moment(value: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def days(moments: Sequence[datetime]) -> list[str]:
    """Moments as short dates, which differ where the moments do."""
    utc = [one.astimezone(UTC) for one in moments]
    for pattern in ("%-d %b", "%-d %b %Y", "%-d %b %Y %H:%M"):
        found = [f"{one:{pattern}}" for one in utc]
        if len({*found}) == len({*utc}):
            return found
    return [one.isoformat() for one in utc]


def shown(text: object) -> str:
    """A text of the data: what cannot be seen is spelt out, and the end of a long one left out."""
    spelt = "".join(map(plain, str(text)[: _LONGEST + 1]))
    if not spelt.strip():
        return BLANK
    return spelt if len(spelt) <= _LONGEST else spelt[: _LONGEST - 1] + ELLIPSIS


def optional(text: object | None) -> str:
    """A text of the data, or nothing where there is none."""
    return shown(text) if text else ""


def short(text: object) -> str:
    """A text of the data within a title."""
    return wrapped(text, _SHORT, 1)


def wrapped(text: object, width: int, lines: int = 2) -> str:
    """A text in at most so many lines of so many characters; the rest is left out."""
    whole = shown(text)
    # On one line a long word is cut, not left out.
    found = textwrap.wrap(whole, width) if lines > 1 else [whole[i : i + width] for i in (0, width)]
    found = [line for line in found if line]
    if len(found) > lines:
        found = [*found[: lines - 1], found[lines - 1][: width - 1].rstrip() + ELLIPSIS]
    return "\n".join(found)


def labels(texts: Iterable[str], width: int, lines: int = 2) -> list[str]:
    """Texts as labels of an axis: wrapped, and each another one."""
    found: list[str] = []
    for text in texts:
        label, number = wrapped(text, width, lines), 2
        while label in found:
            ending = f" ({number})"
            label = wrapped(text, max(4, width - len(ending)), lines) + ending
            number += 1
        found.append(label)
    return found


def several(number: int, one: str, many: str | None = None) -> str:
    """A number and what it counts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
