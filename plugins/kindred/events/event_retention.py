"""Retention of events: what is older than ``keep_days`` is dropped, and never lands again."""

import logging
from datetime import datetime, timedelta

from kindred.errors import PreflightError
from kindred.events import event_state
from kindred.events.event_state import midnight
from kindred.events.event_tables import table_of
from kindred.run.context import Run
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
    """Refuse a snapshot whose features need events that have been dropped.

    Raises
    ------
    PreflightError
        naming them, and what can be computed.
    """
    for feature_name, feature in spec.event_features.items():
        kept_from = event_state.known(database, feature.of).kept_from
        if kept_from is None:
            continue
        if feature.days is None:
            raise PreflightError(problem_of_all(feature_name, feature.of, kept_from, as_of))
        needed = as_of - timedelta(days=feature.days)
        if needed < kept_from:
            first = kept_from + timedelta(days=feature.days)
            raise PreflightError(
                f"snapshot {as_of.isoformat()}: feature {feature_name!r} needs {feature.of} from"
                f" {needed.isoformat()} on, but {says_of_dropped(feature.of, kept_from)}; the first"
                f" date that can be computed is {first.isoformat()}"
            )


def says_of_dropped(name: str, kept_from: datetime) -> str:
    """That events are gone for good, in words."""
    return (
        f"those of {name!r} before {kept_from.isoformat()} have been dropped"
        f" (events.{name}.keep_days) and land no more"
    )


def problem_of_all(feature_name: str, name: str, kept_from: datetime, as_of: datetime) -> str:
    """What is wrong with a feature that looks back without a limit, and what to do."""
    days = max(0, (as_of - kept_from).days)
    limit = f"give it 'days: {days}' or less, or " if days else ""
    return (
        f"feature {feature_name!r} is made of all {name}, but {says_of_dropped(name, kept_from)};"
        f" {limit}give these events another name under 'events', so that all that the source still"
        " has lands anew"
    )
