"""Drop the snapshots that need not be kept: ``kindred prune`` and the pruning of ``clean_up``."""

import logging
from collections.abc import Sequence
from datetime import datetime

from kindred.publication import retention as store
from kindred.publication.kept_nights import Retention
from kindred.publication.retention import Published
from kindred.run.context import Deployment, Run
from kindred.spec.model import Spec
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


def prune_nights(run: Run, warehouse: Database) -> list[datetime]:
    """Drop outdated snapshots after a nightly run; returns them.

    Keeps snapshots made by a backfill, since somebody asked for them, and the one this run has
    published. The caller must hold ``Resource.PUBLISH``.
    """
    settings, published = run.settings, store.published(warehouse)
    kept_by_hand = {entry.as_of for entry in published if entry.is_backfill}
    return _prune(
        warehouse,
        Retention(settings.keep_nights, settings.keep_month_ends),
        published,
        kept_by_hand | {run.as_of},
    )


def prune(
    deployment: Deployment, spec: Spec, retention: Retention, *, is_dry_run: bool
) -> list[datetime]:
    """Drop every published snapshot that need not be kept; returns them, oldest first."""
    schema = spec.internal_schema
    wait_seconds = deployment.settings.lock_wait_seconds
    with deployment.warehouse(f"kindred {spec.space} prune", schema) as warehouse:
        if is_dry_run:
            return retention.outdated([entry.as_of for entry in store.published(warehouse)])
        with locked(warehouse, schema, Resource.PUBLISH, wait_seconds=wait_seconds):
            return _prune(warehouse, retention, store.published(warehouse), set())


def _prune(
    warehouse: Database,
    retention: Retention,
    published: Sequence[Published],
    spared: set[datetime],
) -> list[datetime]:
    moments = [entry.as_of for entry in published]
    outdated = [as_of for as_of in retention.outdated(moments) if as_of not in spared]
    pruned = store.hide(warehouse, outdated)
    partitions = store.drop_hidden(warehouse, retention.oldest_night(moments))
    if pruned or partitions:
        log.info("pruned %d snapshots, dropped %d partitions", len(pruned), partitions)
    return pruned
