"""Dates and times as people and programs write them: one shape's readings, and their moments.

``2022-05-06T10:11:12+02:00``, ``06.05.22``, ``6/5/2022 9:06 AM``, ``Mar 5, 2021``, ``20220506``
and ``2022-05-06 10:11:12 Europe/Paris`` are moments. Months have English, German, French, Spanish,
Italian, Portuguese, Dutch, Polish or Russian names.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, lru_cache
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.infer.columns import Times
from kindred.infer.shapes import ShapeGroup

YMD, DMY, MDY = "year-month-day", "day first", "month first"
PIVOT = 69  # two digits from here on are of 1900, as POSIX has it
BIRTH_PIVOT = 20  # of dates of birth, which lie in the past: children are no customers
_MONTHS = (
    "jan january januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia sty"
    " января янв",
    "feb february februar février févr fév fevr febrero febbraio fevereiro fev februari lutego"
    " lut февраля фев",
    "mar march märz mrz mär mars marzo março maart mrt marca марта мар",
    "apr april avril avr abril abr aprile kwietnia kwi апреля апр",
    "may mai mayo maggio mag maio mei maja мая",
    "jun june juni juin junio giugno giu junho czerwca cze июня июн",
    "jul july juli juillet juil julio luglio lug julho lipca lip июля июл",
    "aug august août aout agosto ago augustus sierpnia sie августа авг",
    "sep sept september septembre septiembre settembre set setembro września wrz сентября сен сент",
    "oct october oktober okt octobre octubre ottobre ott outubro out października paź октября окт",
    "nov november novembre noviembre novembro listopada lis ноября ноя нояб",
    "dec december dezember dez décembre déc diciembre dic dicembre dezembro grudnia gru"
    " декабря дек",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS_WORDS = (
    "mon tue wed thu fri sat sun tues thur thurs monday tuesday wednesday thursday friday "
    "saturday sunday mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag "
    "sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
)
_WEEKDAYS = frozenset(_WEEKDAYS_WORDS.split())
# Hours from UTC. Abbreviations of several zones are told apart by their summer or winter time, if
# the same column has it: CST is Central time beside CDT or EST, and may be China's or Cuba's alone.
_ZONES_HOURS = (
    "Z:0 UTC:0 GMT:0 UT:0 WET:0 WEST:1 CET:1 CEST:2 MEZ:1 MESZ:2 EET:2 EEST:3 MSK:3 EST:-5 EDT:-4 "
    "CDT:-5 MST:-7 MDT:-6 PST:-8 PDT:-7 AKST:-9 AKDT:-8 HST:-10 JST:9 KST:9 HKT:8 SGT:8 AEST:10 "
    "AEDT:11 ACST:9.5 ACDT:10.5 AWST:8 NZST:12 NZDT:13 BRT:-3 SAST:2"
)
_ZONES = {name: float(hours) for name, _, hours in (z.partition(":") for z in _ZONES_HOURS.split())}
_BY_PARTNER = {
    "CST": ({"CDT", "EST", "EDT", "MST", "MDT", "PST", "PDT"}, -6.0),
    "BST": ({"GMT"}, 1.0),
}
_OF_THE_UNITED_STATES = {"ET": "US/Eastern", "CT": "US/Central", "MT": "US/Mountain"} | {
    "PT": "US/Pacific"
}
# Zones in words: alone they keep summer time, with Standard or Daylight they are of fixed hours.
_AMERICAN_WORDS = {
    "eastern": ("US/Eastern", -5), "central": ("US/Central", -6), "mountain": ("US/Mountain", -7),
    "pacific": ("US/Pacific", -8), "alaska": ("US/Alaska", -9), "alaskan": ("US/Alaska", -9),
    "hawaii": ("US/Hawaii", -10), "atlantic": ("Canada/Atlantic", -4),
}  # fmt: skip
_ZONES_IN_WORDS = {
    "coordinated universal time": "UTC", "greenwich mean time": "GMT",
    "british summer time": "Etc/GMT-1", "irish standard time": "Europe/Dublin",
    "central european time": "CET", "central european standard time": "CET",
    "central european summer time": "CEST", "western european time": "WET",
    "western european summer time": "WEST", "eastern european time": "EET",
    "eastern european standard time": "EET", "eastern european summer time": "EEST",
    "moscow standard time": "MSK", "moscow time": "MSK", "india standard time": "Asia/Kolkata",
    "china standard time": "Asia/Shanghai", "japan standard time": "JST",
    "korea standard time": "KST", "hong kong time": "HKT", "singapore standard time": "SGT",
    "singapore time": "SGT", "australian eastern standard time": "AEST",
    "australian eastern daylight time": "AEDT", "australian western standard time": "AWST",
    "new zealand standard time": "NZST", "new zealand daylight time": "NZDT",
    "south africa standard time": "SAST", "brasilia time": "BRT",
    "mitteleuropäische zeit": "MEZ", "mitteleuropäische sommerzeit": "MESZ",
}  # fmt: skip
AMBIGUOUS_ZONES = frozenset((*_BY_PARTNER, "IST", "AST", "ADT", "GST", "SST", "AMT", "ECT", "PYT"))

_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<y>9999)(?P<sep>[-/.]|\. )(?P<m>99?)(?P=sep)(?P<d>99?)\.?",
        r"(?P<a>99?)(?P<sep>[-/.]|\. )(?P<b>99?)(?P=sep)(?P<c>9999|99)",
        r"(?P<y>9999)年(?P<m>99?)月(?P<d>99?)日",
        r"(?P<d>99?)(?:st|nd|rd|th|er|\.)?(?:[ \-/.]|\. | de )?"
        rf"{_NAME}(?:, |[ \-/.,]| de )?(?P<y>9999|99)(?: г\.)?",  # noqa: RUF001
        rf"{_NAME}(?:-| {{1,2}})(?P<d>99?)(?:st|nd|rd|th)?(?:, |[ \-,])(?P<y>9999|99)",
        rf"(?P<y>9999)[ \-/.]?{_NAME}[ \-/.]?(?P<d>99?)",
        r"(?P<m>99?)[-/](?P<y>9999)$",
        r"(?P<y>9999)[-/](?P<m>99)$",
        rf"{_NAME}[ \-](?P<y>9999)$",
        r"(?P<y>9999)-?W(?P<w>99)(?:-?(?P<wd>9))?$",
        r"(?P<y>9999)(?P<m>99)$",
        r"(?P<y>9999)(?P<m>99)(?P<d>99)(?=$|[T _-]9|9{4}(?:99)?Z?$)",
    )
)
_CTIME = re.compile(
    rf"(?P<day>[A-Za-z]{{3}}) {_NAME} {{1,2}}(?P<d>99?) (?P<h>99):(?P<mi>99):(?P<s>99)"
    r"(?P<zone> [A-Z]{3,5})? (?P<y>9999)"
)
_WEEKDAY = re.compile(r"(?P<day>[^\W\d_]{2,10})\.?,? ")
_TIME = re.compile(
    r"(?:T|,? {1,2}|, at | at | à | um | kl\.? |_|-|:)(?P<h>99?)[:.h時](?P<mi>99)"
    r"(?:[:.分](?P<s>99)(?:[.,:](?P<f>9{1,9}))?)?(?:分|秒| Uhr)?"
    r"(?P<half> ?[AaPp]\.? ?[Mm]\.?(?![A-Za-z]))?"
    r"|[T _-]?(?P<h2>99)(?P<mi2>99)(?:(?P<s2>99)(?:\.(?P<f2>9{1,9}))?)?(?=$|Z$|[+-]9)"
)
_ZONE = re.compile(
    r" ?(?:(?:UTC|GMT)?(?P<sign>[+\-\u2212])(?P<oh>99?)(?::?(?P<om>99))?"
    r"(?: ?\[[^\]9]{1,40}\]| ?\([^()9]{1,40}\)| [A-Z]{2,5})?"
    r"|(?P<zname>[A-Za-z]+(?:[/_\-][A-Za-z]+){1,5}|[A-Za-z]{1,5})"
    r"|\(?(?P<zwords>[^\W\d_]+(?: [^\W\d_]+){0,3} (?:Time|time|TIME|Zeit|Sommerzeit))\)?"
    r"|\((?P<zbracket>[A-Z]{2,5})\)|\[(?P<zsquare>[A-Za-z/_]+)\])"
)

_MAX_OFFSET_MINUTES = 16 * 60
_FIRST_MOMENT, _LAST_MOMENT = np.datetime64("0002-01-01", "us"), np.datetime64("9999-01-01", "us")

_FIELDS = ("y", "m", "d", "a", "b", "c", "w", "wd", "h", "mi", "s", "f", "oh", "om")

Order = str


@dataclass(frozen=True)
class MomentShape:
    """How the texts of one shape are read as moments.

    ``fields`` are y, m, d, h, mi, s, f (fraction), oh and om (offset), each with its bytes.
    Three numbers whose order is not known are the fields a, b and c. ``month`` is the one the shape
    names; ``half`` is a or p; ``zone`` is an abbreviation or a name; ``sign`` is that of an offset.
    """

    fields: tuple[tuple[str, int, int], ...]
    month: int = 0
    half: str = ""
    zone: str = ""
    sign: int = 0
    is_compact: bool = False

    @property
    def has_time(self) -> bool:
        """Whether a time of the day is written."""
        return any(name == "h" for name, *_ in self.fields)

    @property
    def has_zone(self) -> bool:
        """Whether a time zone is written."""
        return bool(self.zone or self.sign)

    @property
    def is_unordered(self) -> bool:
        """Whether the day and the month are only told apart by the file's order."""
        return any(name == "a" for name, *_ in self.fields)

    @property
    def is_month(self) -> bool:
        """Whether no day is written: a month stands for its first."""
        return not any(name in "daw" for name, *_ in self.fields)

    @property
    def has_short_year(self) -> bool:
        """Whether the year has two digits."""
        return any(name in "cy" and stop - start == 2 for name, start, stop in self.fields)

    def ordered(self, order: Order | None) -> "MomentShape":
        """The shape with its three numbers, if any, named by an order of day, month and year."""
        if order is None or not self.is_unordered:
            return self
        names = {YMD: "ymd", DMY: "dmy", MDY: "mdy"}[order]
        named = dict(zip("abc", names, strict=True))
        return replace(self, fields=tuple((named.get(n, n), i, j) for n, i, j in self.fields))

    def numbers(self, group: ShapeGroup) -> dict[str, NDArray[np.int64]]:
        """The number in each field, int64 (n,) each."""
        found = {}
        for name, start, stop in self.fields:
            digits = group.cells[:, start:stop].astype(np.int64) - ord("0")
            powers = 10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64)
            found[name] = digits @ powers
        return found

    def moments(
        self, group: ShapeGroup, zones: frozenset[str] = frozenset(), pivot: int = PIVOT
    ) -> Times:
        """The texts of the shape as moments in UTC, datetime64[us] (n,); NaT for no such moment.

        ``zones`` are all abbreviations of the column; ``pivot`` is the first two-digit year of the
        20th century.
        """
        read = self.numbers(group)
        year, day = read["y"], read.get("d", np.int64(1))
        if self.has_short_year:
            year = year + np.where(year >= pivot, 1900, 2000)
        month = read.get("m", np.full(len(year), self.month, dtype=np.int64))
        hour, minute = read.get("h", np.int64(0)), read.get("mi", np.int64(0))
        second = read.get("s", np.int64(0))
        is_good = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
        is_good &= (minute <= 59) & (second <= 59)
        if self.half:
            is_good &= (hour >= 1) & (hour <= 12)
            hour = hour % 12 + 12 * (self.half == "p")
        is_good &= (hour <= 23) | ((hour == 24) & (minute == 0) & (second == 0))
        months = (year - 1970) * 12 + np.where(is_good, month, 1) - 1
        firsts = months.astype("datetime64[M]")
        days: Times = np.asarray(firsts.astype("datetime64[D]") + (day - 1), dtype="datetime64[D]")
        is_good &= days.astype("datetime64[M]") == firsts
        if "w" in read:
            days, is_good = _days_of_weeks(year, read["w"], read.get("wd", np.int64(1)))
        seconds = (hour * 60 + minute) * 60 + second
        result = days.astype("datetime64[us]") + seconds.astype("timedelta64[s]")
        if "f" in read:
            [width] = [stop - start for name, start, stop in self.fields if name == "f"]
            micros = read["f"] * 10**6 // 10**width
            result = result + micros.astype("timedelta64[us]")
        result[~is_good] = np.datetime64("NaT")
        return self._in_utc(result, read, zones)

    def _in_utc(
        self, local: Times, read: dict[str, NDArray[np.int64]], zones: frozenset[str]
    ) -> Times:
        if not self.has_zone:
            return local
        if self.sign:
            minutes = self.sign * (read["oh"] * 60 + read.get("om", np.int64(0)))
            moments = local - minutes.astype("timedelta64[m]")
            moments[np.abs(minutes) > _MAX_OFFSET_MINUTES] = np.datetime64("NaT")
        else:
            moments = _from_zone(local, self.zone, zones)
        # A placeholder at the end of all time stays there, whatever its zone.
        return np.where((local < _FIRST_MOMENT) | (local >= _LAST_MOMENT), local, moments)


def _days_of_weeks(
    year: NDArray[np.int64], week: NDArray[np.int64], weekday: NDArray[np.int64] | np.int64
) -> tuple[Times, NDArray[np.bool_]]:
    """The days of ISO 8601 weeks, of which the first holds January 4, and whether they exist."""
    fourths = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3
    mondays = fourths - (fourths.astype(np.int64) + 3) % 7 + (week - 1) * 7
    is_good = (mondays + 3).astype("datetime64[Y]").astype(np.int64) + 1970 == year
    is_good &= (year >= 1) & (week >= 1) & (weekday >= 1) & (weekday <= 7)
    return np.asarray(mondays + (weekday - 1), dtype="datetime64[D]"), is_good


def _from_zone(local: Times, zone: str, zones: frozenset[str]) -> Times:
    """Local times of a zone in UTC (n,); NaT for a zone that is not known."""
    hours = zone_hours(zone, zones)
    if hours is not None:
        return np.asarray(local - np.timedelta64(int(hours * 60), "m"))
    found = np.full(len(local), np.datetime64("NaT"), dtype="datetime64[us]")
    zone = _OF_THE_UNITED_STATES.get(zone, zone)
    if zone in _zone_names():
        is_usual = (local >= _FIRST_MOMENT) & (local < _LAST_MOMENT)
        # An hour that a clock repeats is standard time, and one that it skips is too, as in
        # PostgreSQL.
        aware = pd.DatetimeIndex(local[is_usual]).tz_localize(
            zone, ambiguous=np.zeros(is_usual.sum(), dtype=bool), nonexistent=timedelta(hours=1)
        )
        found[is_usual] = aware.tz_convert("UTC").tz_localize(None).to_numpy()
    return found


def zone_hours(zone: str, zones: frozenset[str]) -> float | None:
    """The hours from UTC of an abbreviation; None if it is none, or could be of several zones."""
    if zone in _BY_PARTNER and _BY_PARTNER[zone][0] & zones:
        return _BY_PARTNER[zone][1]
    return _ZONES.get(zone)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name)


@lru_cache(maxsize=65536)
def moment_shape(shape: str) -> MomentShape | None:
    """How a shape is read as a moment, or None if it is none.

    >>> moment_shape("9999-99-99T99:99Z").zone
    'Z'
    >>> moment_shape("99/99/9999").is_unordered, moment_shape("99.99") is None
    (True, True)
    """
    text = shape.replace("0", "9")
    if not 6 <= len(text) <= 64:
        return None
    ctime = _CTIME.fullmatch(text)
    if ctime:
        return _shape_of(text, [ctime], zone=(ctime["zone"] or "").strip())
    weekday = _WEEKDAY.match(text)
    is_named = weekday is not None and weekday["day"].lower() in _WEEKDAYS
    # French and Italian abbreviate Tuesday as others do March.
    starts = (0, weekday.end()) if weekday and is_named else (0,)
    readings = (_read_at(text, start, pattern) for start in starts for pattern in _DATES)
    return next((found for found in readings if found is not None), None)


_WORDS_BEHIND = re.compile(r" \(?[^\W\d_]+(?:[ /][^\W\d_]+){0,4}\)?")


def has_unknown_zone(shape: str) -> bool:
    """Whether a shape is a date with a time and words behind it that name no zone we know."""
    found = _TIME.search(shape.replace("0", "9"))
    if found is None or moment_shape(shape) is not None:
        return False
    first, rest = shape[: found.end()], shape[found.end() :]
    moment = moment_shape(first)
    return moment is not None and moment.has_time and bool(_WORDS_BEHIND.fullmatch(rest))


def _read_at(text: str, start: int, pattern: re.Pattern[str]) -> MomentShape | None:
    date = pattern.match(text, start)
    if not date:
        return None
    time = _TIME.match(text, date.end())
    matches = [date] if time is None else [date, time]
    rest = matches[-1].end()
    if rest == len(text):
        return _shape_of(text, matches)
    zone = _ZONE.fullmatch(text, rest)
    if zone is None or time is None:
        return None
    if zone["zwords"]:
        name = _zone_of_words(zone["zwords"])
        return _shape_of(text, [*matches, zone], zone=name) if name else None
    name = zone["zname"] or zone["zbracket"] or zone["zsquare"] or ""
    name = "Z" if name == "z" else name
    if zone["sign"] is None and not _may_be_zone(name):
        return None
    return _shape_of(text, [*matches, zone], zone=name)


def _zone_of_words(words: str) -> str:
    """The zone that words such as Eastern Standard Time name, empty if it is not known."""
    words = words.lower()
    first, _, rest = words.removeprefix("us ").partition(" ")
    if first in _AMERICAN_WORDS and rest in ("time", "standard time", "daylight time"):
        zone, hours = _AMERICAN_WORDS[first]
        hours += rest.startswith("daylight")
        return zone if rest == "time" else f"Etc/GMT+{-hours}"
    return _ZONES_IN_WORDS.get(words, "")


def _may_be_zone(name: str) -> bool:
    names = (_ZONES, AMBIGUOUS_ZONES, _OF_THE_UNITED_STATES, _zone_names())
    return any(name in each for each in names)


def _shape_of(text: str, matches: list[re.Match[str]], zone: str = "") -> MomentShape | None:
    fields: list[tuple[str, int, int]] = []
    month, half, sign, is_compact = 0, "", 0, False
    for found in matches:
        for name, value in found.groupdict().items():
            if value is None:
                continue
            if name == "name":
                month = MONTHS.get(value.lower(), 0)
                if not month:
                    return None
            elif name == "half":
                half = value.strip()[0].lower()
            elif name == "sign":
                sign = 1 if value == "+" else -1
            elif name.rstrip("2") in _FIELDS:
                first = len(text[: found.start(name)].encode())
                fields.append((name.rstrip("2"), first, first + len(value)))
        is_compact = is_compact or found.re in _DATES[-2:]
    return MomentShape(tuple(fields), month, half, zone, sign, is_compact)


ORDERS: tuple[Order, ...] = (DMY, MDY, YMD)
