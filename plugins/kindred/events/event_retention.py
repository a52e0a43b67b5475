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
        naming them, and the first date that has what it needs.
    """
    for feature_name, feature in spec.event_features.items():
        kept_from = event_state.known(database, feature.of).kept_from
        if kept_from is None:
            continue
        needed = None if feature.days is None else as_of - timedelta(days=feature.days)
        if needed is None:
            log.warning(
                "feature %r is made of all %s, but those before %s have been dropped",
                feature_name,
                feature.of,
                kept_from.isoformat(),
            )
        elif needed < kept_from:
            first = kept_from + timedelta(days=feature.days or 0)
            raise PreflightError(
                f"snapshot {as_of.isoformat()}: feature {feature_name!r} needs {feature.of} from"
                f" {needed.isoformat()} on, but those before {kept_from.isoformat()} have been"
                f" dropped (events.{feature.of}.keep_days) and land no more; the first date that"
                f" can be computed is {first.isoformat()}"
            )
