"""What is known of the tables of events: until when they have landed, and what a run has read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from psycopg2 import sql

from kindred.history.landing import Interval
from kindred.warehouse.database import Database

OLDEST_DAY = date(1899, 12, 31)
"""Stands for all days before 1900, which are read together."""
LONGEST_MONTH = timedelta(days=31)
"""Intervals that are closer together leave out no partition."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """What has landed of some events.

    ``definition``: digest of what was read; ``landed_until``: end of the newest window;
    ``landings``: how many there were; ``kept_from``: older events were dropped;
    ``reconciled_month``: the month that was last compared, of those before ``reconcile_days``.
    """

    definition: str | None = None
    landed_until: datetime | None = None
    landings: int = 0
    kept_from: datetime | None = None
    reconciled_month: date | None = None


@dataclass(frozen=True)
class Reading:
    """What a run has read of some events; all of the source within ``intervals``.

    ``landings``: how many there had been; ``days``: rows of the source per day (UTC).
    """

    definition: str
    landings: int
    intervals: list[Interval] = field(default_factory=list)
    days: dict[date, int] = field(default_factory=dict)
    reconciled_month: date | None = None


def window_counts(database: Database, end: datetime) -> dict[str, int]:
    """What the landings of the window that ends then have brought, of all events together."""
    return database.records("events/window_counts", {"window_end": end})[0]


def landing_of(number: int, suffix: str) -> str:
    """The landing table of a run for the events whose name is the ``number``-th of the spec."""
    return f"landing_events_{number}_{suffix}"


def drop_landing(database: Database, landing: str) -> None:
    """Drop a landing table."""
    database.run("warehouse/drop_table", table=landing)


def known(database: Database, name: str) -> Known:
    """What is known of some events; nothing before their first landing."""
    row = database.row("events/read_state", {"event": name})
    return Known() if row is None else Known(*row)


def keep_reading(database: Database, landing: str, name: str, reading: Reading) -> None:
    """Record what a run has read, for it to land; forgets those of runs that have ended."""
    parameters = {
        "landing": landing,
        "event": name,
        "definition": reading.definition,
        "landings": reading.landings,
        "starts": [start for start, _ in reading.intervals],
        "ends": [end for _, end in reading.intervals],
        "days": list(reading.days),
        "rows_read": list(reading.days.values()),
        "reconciled_month": reading.reconciled_month,
    }
    database.run("events/delete_readings")
    database.run("events/keep_reading", parameters)


def kept_reading(database: Database, landing: str) -> Reading | None:
    """What a run has read; None after ``clean_up``."""
    row = database.row("events/read_reading", {"landing": landing})
    if row is None or not database.has_table(landing):
        return None
    definition, landings, starts, ends, days, rows, month = row
    intervals = list(zip(starts, ends, strict=True))
    return Reading(definition, landings, intervals, dict(zip(days, rows, strict=True)), month)


def midnight(day: date) -> datetime:
    """The start of a day (UTC)."""
    return datetime.combine(day, time(), UTC)


def intervals_of(days: list[date], *, before: datetime | None = None) -> list[Interval]:
    """The intervals that days cover, up to a moment; days that follow each other are one."""
    found: list[Interval] = []
    for day in sorted(set(days)):
        start = "-infinity" if day <= OLDEST_DAY else midnight(day).isoformat()
        end = midnight(day + timedelta(days=1))
        found.append((start, (end if before is None else min(end, before)).isoformat()))
    return _joined(found)


def intervals_of_minutes(minutes: list[datetime]) -> list[Interval]:
    """The intervals that minutes (UTC) cover; minutes that follow each other are one."""
    length = timedelta(minutes=1)
    return _joined(
        (minute.isoformat(), (minute + length).isoformat()) for minute in sorted(set(minutes))
    )


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals in their order; those of which one ends where the next begins are one."""
    found: list[Interval] = []
    for start, end in intervals:
        first = found.pop()[0] if found and found[-1][1] == start else start
        found.append((first, end))
    return found


def multirange_of(intervals: list[Interval]) -> str:
    """Intervals as a value of type tstzmultirange."""
    return "{" + ",".join(f'["{start}","{end}")' for start, end in intervals) + "}"


def nearby_of(intervals: list[Interval]) -> sql.Composed:
    """A condition on ``known.at`` that is true in the intervals, to skip whole partitions.

    The server makes no such use of a multirange.
    """
    spans: list[tuple[datetime, datetime]] = []
    for start, end in sorted((utc_of(start), utc_of(end)) for start, end in intervals):
        if spans and start < spans[-1][1] + LONGEST_MONTH:
            first, last = spans.pop()
            spans.append((first, max(last, end)))
        else:
            spans.append((start, end))
    conditions: list[sql.Composable] = [sql.SQL("false")]
    for first, last in spans:
        lower = sql.Literal("-infinity" if first == _EARLIEST else first)
        condition = sql.SQL("known.at >= {}::timestamptz and known.at < {}::timestamptz")
        conditions.append(condition.format(lower, sql.Literal(last)))
    return sql.SQL("({})").format(sql.SQL(" or ").join(conditions))


def utc_of(text: str) -> datetime:
    """The moment (UTC) at which an interval starts or ends."""
    return _EARLIEST if text == "-infinity" else datetime.fromisoformat(text).astimezone(UTC)
