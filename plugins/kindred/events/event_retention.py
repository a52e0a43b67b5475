"""Retention of events: what is older than ``keep_days`` is dropped, and never lands again."""

import logging
from datetime import datetime, timedelta

from kindred.errors import PreflightError
from kindred.events import event_state
from kindred.events.event_state import midnight
from kindred.events.event_tables import table_of
from kindred.run.context import Run
from kindred.spec.look_backs import LookBack, look_backs
from kindred.spec.model import Spec
from kindred.warehouse import partitions
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def drop_old_events(run: Run, warehouse: Database) -> int:
    """Drop the partitions of old months, and old events of the month that the limit cuts.

    Returns how many partitions were dropped. One that is being read is left to the next run.
    """
    dropped = 0
    for name, events in run.spec.events.items():
        if events.keep_days is None:
            continue
        with run.locked(warehouse, Resource.EXTRACT):
            known = event_state.known(warehouse, name)
            if known.landed_until is None:
                continue
            kept_from = midnight((known.landed_until - timedelta(days=events.keep_days)).date())
            kept_from = max(kept_from, known.kept_from or kept_from)
            parameters = {"event": name, "table": table_of(name), "kept_from": kept_from}
            warehouse.run("events/set_kept_from", parameters)  # before anything is dropped
            for (partition,) in warehouse.rows("events/old_partitions", parameters):
                dropped += partitions.drop_unless_read(warehouse, partition)
            with warehouse.transaction():
                old = warehouse.run("events/delete_old", parameters, events=table_of(name))
                warehouse.run("events/delete_old_rejected", parameters)
                warehouse.run("events/delete_old_days", parameters)
        log.info("%s: kept from %s, %d older ones deleted", name, kept_from, old)
    return dropped


def require_kept(database: Database, spec: Spec, as_of: datetime) -> None:
    """Refuse a snapshot that needs events that have been dropped: for a feature, or to own items.

    Raises
    ------
    PreflightError
        naming them, and what can be computed.
    """
    for look_back in look_backs(spec.features, spec.recommendations):
        what, of = look_back.what, look_back.of
        kept_from = event_state.known(database, of).kept_from
        if kept_from is None:
            continue
        if look_back.days is None:
            raise PreflightError(problem_of_all(look_back, kept_from, as_of))
        needed = as_of - timedelta(days=look_back.days)
        if needed < kept_from:
            first = kept_from + timedelta(days=look_back.days)
            raise PreflightError(
                f"snapshot {as_of.isoformat()}: {what} needs {of} from {needed.isoformat()} on,"
                f" but {says_of_dropped(of, kept_from)}; the first date that can be computed is"
                f" {first.isoformat()}"
            )


def says_of_dropped(name: str, kept_from: datetime) -> str:
    """That events are gone for good, in words."""
    return (
        f"those of {name!r} before {kept_from.isoformat()} have been dropped"
        f" (events.{name}.keep_days) and land no more"
    )


def problem_of_all(look_back: LookBack, kept_from: datetime, as_of: datetime) -> str:
    """What is wrong with what looks back without a limit, and what to do."""
    days, name = max(0, (as_of - kept_from).days), look_back.of
    limit = f"give it '{look_back.key}: {days}' or less, or " if days else ""
    return (
        f"{look_back.what} is made of all {name}, but {says_of_dropped(name, kept_from)};"
        f" {limit}give these events another name under 'events', so that all that the source still"
        " has lands anew"
    )
