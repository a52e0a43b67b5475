"""Reconciliation of events: what differs from the source is found, to be read again.

A window trusts the time of an event. One that was booked later, changed or deleted would never be
noticed. So the rows of a day are counted in the source and compared with those that were read.
"""

import logging
from datetime import date, datetime, timedelta

from kindred.errors import DataError
from kindred.events.event_minutes import Again, parts_of
from kindred.events.event_source import EventSource
from kindred.events.event_state import OLDEST_DAY, Known, midnight
from kindred.history.source_errors import where_of
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

Days = tuple[date, date]
"""The first day, and the one after the last."""


def find_differences(
    source: EventSource,
    origin: Database,
    warehouse: Database,
    known: Known,
    *,
    start: date,
    end: datetime,
    max_deleted_share: float,
) -> tuple[Again, date | None]:
    """What differs before the day ``start``, and the older month that was compared.

    ``end`` is that of the window.

    Raises
    ------
    DataError
        when the source has lost more of the events that are compared than the gate allows.
    """
    rows_read = dict(warehouse.rows("events/known_days", {"event": source.name}))
    first = known.kept_from.date() if known.kept_from else OLDEST_DAY
    if source.events.loaded_at is not None:
        since = (known.landed_until or end) - timedelta(hours=source.events.overlap_hours)
        loaded = (since.isoformat(), end.isoformat())
        days = [d for d in source.days_loaded(origin, loaded, midnight(start)) if d >= first]
        again = parts_of(source, origin, warehouse, days, rows_read, loaded)
        return again, known.reconciled_month
    recent = max(first, start - timedelta(days=source.events.reconcile_days))
    days, here, there = _differing(source, origin, rows_read, (recent, start))
    if there < here * (1 - max_deleted_share):
        raise DataError(
            f"{where_of(source.events, source.section)}: of {here} rows from {recent} to {start}"
            f" {here - there} are gone, more than gates.max_deleted_share = {max_deleted_share}"
            " allows; check that the source is complete, or raise the gate in the spec for one run"
        )
    older, month = _older_days(rows_read, known.reconciled_month, (first, recent))
    days += _differing(source, origin, rows_read, older)[0]
    if days:
        log.info("%s: %d days differ from the source", source.name, len(days))
    again = parts_of(source, origin, warehouse, days, rows_read)
    return again, month or known.reconciled_month


def _older_days(
    rows_read: dict[date, int], last: date | None, days: Days
) -> tuple[Days, date | None]:
    """The older days to compare, and the month with which they begin; it follows the last one.

    They end where the next month begins of which something has landed, so that a month that comes
    late as a whole is found. If nothing has landed of ``days``, they are all compared.
    """
    months = sorted({day.replace(day=1) for day in rows_read if day < days[1]})
    if not months:
        return days, None
    position = next((n for n, month in enumerate(months) if last is None or month > last), 0)
    start = months[position] if position else days[0]
    return (start, [*months[1:], days[1]][position]), months[position]


def _differing(
    source: EventSource, origin: Database, rows_read: dict[date, int], days: Days
) -> tuple[list[date], int, int]:
    """The days that differ, and how many rows were read of all of them, and are there now."""
    start = "-infinity" if days[0] <= OLDEST_DAY else midnight(days[0]).isoformat()
    there = source.count_days(origin, (start, midnight(days[1]).isoformat()))
    here = {day: rows for day, rows in rows_read.items() if days[0] <= day < days[1]}
    differing = sorted(d for d in there.keys() | here.keys() if there.get(d) != here.get(d))
    return differing, sum(here.values()), sum(there.values())
