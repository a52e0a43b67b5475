"""Checks of events that were dropped: they never come back, whatever the spec says now."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from kindred.events.event_retention import problem_of_all, says_of_dropped
from kindred.run.findings import Finding, Outcome
from kindred.spec.look_backs import look_backs
from kindred.spec.model import Spec
from kindred.warehouse.database import Database


def may_read(warehouse: Database, schema: str, table: str) -> bool:
    """Whether a space has a table, and this login may read it."""
    names = {"schema": schema, "table": table}
    return bool(warehouse.value("preparation/may_read_table", names))


def findings(warehouse: Database, spec: Spec, as_of: datetime) -> Iterator[Finding]:
    """What the dropped events mean for the spec, and for a snapshot of some date."""
    table = (spec.internal_schema, "event_sources")
    if not spec.events or not may_read(warehouse, *table):
        return
    for name, kept_from, landed_until in warehouse.rows(
        "preparation/dropped_events", sources=table
    ):
        if name in spec.events:
            yield from _of_events(spec, name, (kept_from, landed_until), as_of)


def _of_events(
    spec: Spec, name: str, known: tuple[datetime, datetime], as_of: datetime
) -> Iterator[Finding]:
    kept_from, landed_until = known
    what, events = f"events {name}", spec.events[name]
    found = [one for one in look_backs(spec.features, spec.recommendations) if one.of == name]
    for look_back in found:
        if look_back.days is None:
            yield Finding(what, Outcome.FAILURE, problem_of_all(look_back, kept_from, as_of))
    said = says_of_dropped(name, kept_from)
    is_expected = events.keep_days is not None and kept_from <= landed_until - timedelta(
        days=events.keep_days
    )
    if is_expected:
        yield Finding(what, Outcome.OK, f"{said}, as keep_days = {events.keep_days} says")
    else:
        keeps = "for ever" if events.keep_days is None else f"for {events.keep_days} days"
        yield Finding(
            what,
            Outcome.WARNING,
            f"{said}, though the spec keeps them {keeps}: keep_days was smaller once. Snapshots and"
            " recommendations know nothing of them; to land all that the source still has, give"
            " these events another name under 'events'",
        )
    for look_back in found:
        first = kept_from + timedelta(days=look_back.days or 0)
        if look_back.days is not None and first > as_of:
            yield Finding(
                what,
                Outcome.WARNING,
                f"{look_back.what} looks back {look_back.days:g} days, and {said}: the first date"
                f" that can be computed is {first.isoformat()}",
            )
