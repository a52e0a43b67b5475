"""What is known of the tables of events: until when they have landed, and what a run has read."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from kindred.history.landing import Interval
from kindred.warehouse.database import Database

OLDEST_DAY = date(1899, 12, 31)
"""Stands for all days before 1900, which are read together."""


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

    @property
    def bounds(self) -> dict[str, list[str]]:
        """The intervals as parameters of a statement."""
        starts, ends = [start for start, _ in self.intervals], [end for _, end in self.intervals]
        return {"starts": starts, "ends": ends}


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
        "days": list(reading.days),
        "rows_read": list(reading.days.values()),
        "reconciled_month": reading.reconciled_month,
    }
    database.run("events/delete_readings")
    database.run("events/keep_reading", parameters | reading.bounds)


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


def intervals_of(days: list[date], *, before: datetime) -> list[Interval]:
    """The intervals that days cover, up to a moment; days that follow each other are one."""
    found: list[Interval] = []
    for day in sorted(set(days)):
        start = "-infinity" if day <= OLDEST_DAY else midnight(day).isoformat()
        end = min(midnight(day + timedelta(days=1)), before).isoformat()
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, end))
    return found
