"""kindred prune, and what clean_up does of it: drop the snapshots that need not be kept."""

import logging
from datetime import datetime

from kindred.retention import Retention
from kindred.spec import Spec
from kindred.stages.run import Run, Workplace
from kindred.store import retention as store
from kindred.store.database import Database
from kindred.store.locks import Resource, locked

log = logging.getLogger(__name__)


def prune_nights(run: Run, warehouse: Database) -> list[datetime]:
    """Drop what the nights have made too old; returns the snapshots.

    Neither what a backfill has made, which is somebody's wish, nor what this run has published.
    Must be called under ``Resource.PUBLISH``.
    """
    kept_by_hand = {entry.as_of for entry in store.published(warehouse) if entry.is_backfill}
    return _prune(warehouse, run.settings.retention, kept_by_hand | {run.as_of})


def prune(
    workplace: Workplace, spec: Spec, retention: Retention, *, is_dry_run: bool
) -> list[datetime]:
    """Drop every published snapshot that need not be kept; returns them, oldest first."""
    schema = spec.internal_schema
    wait_seconds = workplace.settings.lock_wait_seconds
    with workplace.warehouse(f"kindred {spec.space} prune", schema) as warehouse:
        if is_dry_run:
            return retention.outdated([entry.as_of for entry in store.published(warehouse)])
        with locked(warehouse, schema, Resource.PUBLISH, wait_seconds=wait_seconds):
            return _prune(warehouse, retention, set())


def _prune(warehouse: Database, retention: Retention, spared: set[datetime]) -> list[datetime]:
    published = [entry.as_of for entry in store.published(warehouse)]
    outdated = [as_of for as_of in retention.outdated(published) if as_of not in spared]
    pruned = store.hide(warehouse, outdated)
    oldest_night = retention.oldest_night(published)
    partitions = store.drop_hidden(warehouse, oldest_night)
    if pruned or partitions:
        log.info("pruned %d snapshots, dropped %d partitions", len(pruned), partitions)
    return pruned
