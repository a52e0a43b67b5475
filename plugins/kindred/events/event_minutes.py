"""Parts of days: the minutes in which source and history differ, to be read instead of whole days.

A line that is booked late changes one minute of an older day. Whole days would be read again for
the sake of a few lines.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby

from kindred.events.event_source import EventSource
from kindred.events.event_state import OLDEST_DAY, intervals_of, multirange_of, nearby_of
from kindred.events.event_tables import table_of
from kindred.history.landing import Interval
from kindred.warehouse.database import Database

MOST_OF_A_DAY = 0.5
"""A day is read as a whole if more than this share of its rows would have to be read."""

Counts = dict[datetime, int]
"""Rows per minute (UTC)."""


@dataclass(frozen=True)
class Again:
    """What has landed and is read again: ``days``, and ``minutes`` of others.

    ``rows``: rows of the source per day (UTC), of the days of which there are minutes.
    """

    days: list[date] = field(default_factory=list)
    minutes: list[datetime] = field(default_factory=list)
    rows: dict[date, int] = field(default_factory=dict)


def parts_of(
    source: EventSource,
    origin: Database,
    warehouse: Database,
    days: list[date],
    rows_read: Mapping[date, int],
    loaded: Interval | None = None,
) -> Again:
    """The minutes of some days that differ, or had rows loaded in an interval; or the whole days.

    ``rows_read``: rows that the source had of each day when it was last read. Where the history has
    fewer, because some were repeated or a customer was erased, nothing says of which minutes they
    were, so that the day is read as a whole.
    """
    if source.has_days:
        return Again(days)
    found = Again([day for day in days if day <= OLDEST_DAY])
    dated = sorted(day for day in days if day > OLDEST_DAY)
    # Month by month: that is how the history is stored, and there are not too many minutes.
    for _, month in groupby(dated, key=lambda day: day.replace(day=1)):
        _add_month(found, source, origin, warehouse, list(month), rows_read, loaded)
    return found


def _add_month(
    found: Again,
    source: EventSource,
    origin: Database,
    warehouse: Database,
    days: list[date],
    rows_read: Mapping[date, int],
    loaded: Interval | None,
) -> None:
    there: dict[date, Counts] = defaultdict(dict)
    is_loaded: set[datetime] = set()
    intervals = intervals_of(days)
    for interval in intervals:
        for utc, rows, loaded_rows in source.count_minutes(origin, interval, loaded):
            minute = utc.replace(tzinfo=UTC)
            there[minute.date()][minute] = rows
            if loaded_rows:
                is_loaded.add(minute)
    here = _known_minutes(warehouse, source.name, intervals)
    for day in days:
        rows = sum(there[day].values())
        minutes = {m for m, n in there[day].items() if m in is_loaded or here[day].get(m) != n}
        minutes |= here[day].keys() - there[day].keys()
        is_known = sum(here[day].values()) == rows_read.get(day, 0)
        to_read = sum(there[day].get(minute, 0) for minute in minutes)
        if rows and is_known and to_read <= MOST_OF_A_DAY * rows:
            found.minutes.extend(sorted(minutes))
            found.rows[day] = rows
        else:
            found.days.append(day)


def _known_minutes(warehouse: Database, name: str, intervals: list[Interval]) -> dict[date, Counts]:
    found: dict[date, Counts] = defaultdict(dict)
    parameters = {"event": name, "read": multirange_of(intervals)}
    counts = warehouse.rows(
        "events/count_known_minutes",
        parameters,
        events=table_of(name),
        nearby=nearby_of(intervals),
    )
    for utc, rows in counts:
        found[utc.date()][utc.replace(tzinfo=UTC)] = rows
    return found
