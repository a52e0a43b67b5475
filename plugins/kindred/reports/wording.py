"""How figures are written: separators, units, and texts of the data as they can be shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import floor, log10

from kindred.spec.names import plain

UNKNOWN = "unknown"
ELLIPSIS = "…"
BLANK = "(blank)"
_LONGEST, _SHORT = 200, 80
"""Characters of a text of the data, and within a title; nobody reads more of a category."""

_TINY, _LEAST_INDEX = 0.0001, 0.001
"""Below them, a figure is only said to be small."""

_MOST_DECIMALS = 6


def count(value: float | None) -> str:
    """A number of things, with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """A share (0 to 1) in percent."""
    return UNKNOWN if value is None else f"{100 * value:.{digits}f} %"


def figure(value: float | None) -> str:
    """A number with three significant digits or all before the point; never with an exponent."""
    if value is None:
        return UNKNOWN
    if 0 < abs(value) < _TINY:
        return f"< {_TINY}" if value > 0 else f"> -{_TINY}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


Estimate = tuple[float | None, float | None, float | None]
"""A figure and the ends of its interval."""


def decimals_of(estimates: Iterable[Estimate], *, is_share: bool = False) -> int:
    """The decimals in which figures that are compared are written, all of them alike.

    They give two digits of the narrowest interval, but no more than four of the largest figure;
    shares, which are written in percent, have at least one decimal.
    """
    factor = 100.0 if is_share else 1.0
    known = [[factor * one for one in ends if one is not None] for ends in estimates]
    largest = max((abs(one) for ends in known for one in ends), default=0.0)
    if not largest:
        return int(is_share)
    magnitude = floor(log10(largest))
    widths = [max(ends) - min(ends) for ends in known if len(ends) > 1 and max(ends) > min(ends)]
    wanted = 1 - floor(log10(min(widths))) if widths else 2 - magnitude
    return max(int(is_share), min(wanted, max(2 * is_share, 3 - magnitude)))


def decimals_beside(decimals: int, reference: float | None, *, is_share: bool = False) -> int:
    """So many decimals, and as many more as two digits of what figures are compared with need."""
    size = abs(reference or 0.0) * (100 if is_share else 1)
    return max(decimals, min(_MOST_DECIMALS, 1 - floor(log10(size)))) if size else decimals


def decimal(value: float | None, decimals: int, *, is_share: bool = False) -> str:
    """A figure with so many decimals."""
    if value is None:
        return UNKNOWN
    return share(value, decimals) if is_share else f"{value:,.{decimals}f}"


def interval(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    is_share: bool = False,
    decimals: int | None = None,
) -> str:
    """A figure with its 95 % interval, if there is one, all in the same decimals."""
    if decimals is None:
        decimals = decimals_of([(value, low, high)], is_share=is_share)
    found = decimal(value, decimals, is_share=is_share)
    if value is None or low is None or high is None:
        return found
    ends = (decimal(one, decimals, is_share=is_share).removesuffix(" %") for one in (low, high))
    return f"{found} ({' to '.join(ends)})"


def stability_index(value: float | None) -> str:
    """A population stability index, which is kept rounded: what is small is not said to be 0."""
    if value is None:
        return UNKNOWN
    return f"{value:.3f}" if value >= _LEAST_INDEX else f"< {_LEAST_INDEX}"


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


def before(earlier: datetime | None, now: datetime) -> str:
    """What a snapshot is compared with: the night before, or else the date of an earlier one."""
    if earlier is None:
        return "the night before"
    dates = [one.astimezone(UTC).date() for one in (earlier, now)]
    return "the night before" if (dates[1] - dates[0]).days <= 1 else dates[0].isoformat()


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
    """A text of the data within a title; the whole of it is in the table."""
    whole = shown(text)
    return whole if len(whole) <= _SHORT else whole[: _SHORT - 1].rstrip() + ELLIPSIS


def several(number: int, one: str, many: str | None = None) -> str:
    """A number and what it counts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
