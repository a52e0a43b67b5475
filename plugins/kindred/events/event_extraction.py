"""Extraction of events: the rows of a window, and of what to read again, arrive in a table."""

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from psycopg2 import sql

from kindred.events import event_state
from kindred.events.event_minutes import Again
from kindred.events.event_reconciliation import find_differences
from kindred.events.event_source import EventSource
from kindred.events.event_state import (
    Known,
    Reading,
    intervals_of,
    intervals_of_minutes,
    midnight,
    multirange_of,
    nearby_of,
)
from kindred.events.event_tables import table_of
from kindred.history.landing import Interval, windows_to_read
from kindred.history.suppression import SuppressionFilter
from kindred.history.versions import landing_table
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

ROWS_PER_LOOK_UP = 5
"""A key is looked up in one partition's index in the time in which so many rows are read: 28,000
keys in 13 partitions took 4.4 s, and all 10 million rows 24 s, on a machine that was busy."""


@dataclass(frozen=True)
class Wanted:
    """What a run asks of the events of its window.

    ``end``: its end; ``full_extract``: read all of the past again; ``reconciles``: compare days
    that have landed; ``row_limit``: at most so many rows per interval, 0 for all.
    """

    end: datetime
    full_extract: bool
    reconciles: bool
    row_limit: int
    max_deleted_share: float


def extract_events(
    source: EventSource,
    origin: Database,
    warehouse: Database,
    landing: str,
    wanted: Wanted,
    suppression_filter: SuppressionFilter,
) -> int:
    """Copy the events that have not landed into a new landing table; returns their number.

    All are as of one moment. This is one transaction in the warehouse: rows of erased customers are
    deleted before any other session can see them. The caller must hold ``Resource.EXTRACT``.

    Raises
    ------
    DataError
        when the source has lost more events than the gate allows.
    """
    known = event_state.known(warehouse, source.name)
    with origin.repeatable_read(), warehouse.transaction():
        intervals, parts, month = _intervals(source, origin, warehouse, known, wanted)
        warehouse.run("warehouse/drop_table", table=landing)
        warehouse.execute(_landing_table(source, landing))
        count = _copy(source, origin, warehouse, landing, intervals, wanted)
        minutes = intervals_of_minutes(parts.minutes)
        count += source.copy_minutes(origin, warehouse, landing, minutes)
        if intervals:
            source.copy_undated(origin, warehouse, landing, wanted.end, wanted.row_limit)
        warehouse.run("warehouse/analyze_table", table=landing)
        read = [*intervals, *minutes]
        reading = Reading(source.definition, known.landings, read, {}, month)
        is_compared = known.definition == source.definition and source.events.key_columns
        while intervals and is_compared:
            days = _further_days(source, warehouse, landing, reading, count)
            if not days:
                break
            again = intervals_of(days, before=wanted.end)
            # Some minutes of these days may have arrived.
            bounds = {"read": multirange_of(again)}
            count -= warehouse.run("events/delete_intervals", bounds, landing=landing)
            count += _copy(source, origin, warehouse, landing, again, wanted)
            reading = replace(reading, intervals=[*reading.intervals, *again])
        landed = dict(warehouse.rows("events/count_landed_days", landing=landing))
        reading = replace(reading, days=landed | parts.rows)
        event_state.keep_reading(warehouse, landing, source.name, reading)
        if source.ignores_case:
            warehouse.run("history/spell_keys", landing=landing, rows=landing)
        suppression_filter.clean(
            warehouse, landing, source.key_type, read="events/read_landed_keys"
        )
    return count


def _intervals(
    source: EventSource, origin: Database, warehouse: Database, known: Known, wanted: Wanted
) -> tuple[list[Interval], Again, date | None]:
    """The intervals to read, parts of older days, and the month that was compared for them."""
    is_new = known.definition != source.definition or known.landed_until is None
    until = known.landed_until or wanted.end
    end = wanted.end if is_new else max(wanted.end, until)
    floor = known.kept_from
    if source.events.keep_days is not None:
        kept = midnight((end - timedelta(days=source.events.keep_days)).date())
        floor = kept if floor is None else max(floor, kept)
    again = Again()
    if is_new or wanted.full_extract:
        begin = "-infinity" if floor is None else min(floor, end).isoformat()
        return [(begin, end.isoformat())], again, None
    if wanted.end <= until:
        return [], again, known.reconciled_month
    window = (until.isoformat(), wanted.end.isoformat())
    zone = source.events.zone if source.has_days else None
    [(begin, _)] = windows_to_read([window], source.events.overlap_hours, zone)
    start = datetime.fromisoformat(begin).date()
    if floor is not None:
        start = max(start, floor.date())
    month = known.reconciled_month
    if wanted.reconciles:
        again, month = find_differences(
            source,
            origin,
            warehouse,
            replace(known, kept_from=floor),
            start=start,
            end=wanted.end,
            max_deleted_share=wanted.max_deleted_share,
        )
    older = intervals_of(again.days, before=midnight(start))
    window = (midnight(start).isoformat(), wanted.end.isoformat())
    return [*older, window], again, month


def _copy(
    source: EventSource,
    origin: Database,
    warehouse: Database,
    landing: str,
    intervals: list[Interval],
    wanted: Wanted,
) -> int:
    count = 0
    for interval in intervals:
        count += source.copy_interval(origin, warehouse, landing, interval, wanted.row_limit)
        log.info("%s: extracted %d events up to %s", source.name, count, interval[1])
    return count


def _further_days(
    source: EventSource, warehouse: Database, landing: str, reading: Reading, count: int
) -> list[date]:
    """Days that have not been read, of events with the keys of the ``count`` rows that were.

    Whether an event has moved, or its key is there twice, or no longer, only the source can say.
    """
    events = table_of(source.name)
    parameters = {"event": source.name, "read": multirange_of(reading.intervals)}
    partitions, rows = warehouse.row("events/stored_size", {"table": events}) or (0, 0)
    is_quicker = count * partitions * ROWS_PER_LOOK_UP < rows
    found = warehouse.rows(
        "events/moved_days",
        parameters,
        landing=landing,
        events=events,
        nearby=nearby_of(reading.intervals),
        # Without it, the server is free to read the whole history once.
        one_by_one=sql.SQL("offset 0" if is_quicker else ""),
    )
    found += warehouse.rows("events/contradicted_days", parameters, landing=landing)
    return [day for (day,) in found]


def _landing_table(source: EventSource, landing: str) -> sql.Composed:
    """The statement that creates a table of landed events."""
    values = (
        sql.SQL("{} {}").format(sql.Identifier(stored), sql.SQL(type_name))
        for stored, (_, type_name) in source.types.items()
    )
    own = "unusable_key text, at timestamptz, identity uuid"
    return landing_table(landing, source.key_type, own, values)
