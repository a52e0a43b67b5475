"""Drop the snapshots that need not be kept: ``kindred prune`` and the pruning of ``clean_up``."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from kindred.publication import retention as store
from kindred.publication.retention import Published
from kindred.run.context import Deployment, Run
from kindred.spec.model import Spec
from kindred.spec.schedules import cron_of
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retention:
    """How many of the newest snapshots to keep, and how many month ends besides.

    With ``nights`` 0 everything is kept.
    """

    nights: int
    month_ends: int

    def outdated(self, published: Collection[datetime], zone: tzinfo = UTC) -> list[datetime]:
        """The published snapshots that need not be kept, oldest first.

        Nights are counted from the newest snapshot, not from the clock: a week without runs makes
        nothing outdated. A month end is the last snapshot whose ``as_of`` falls in that month by
        the clock of ``zone``; the month of the newest snapshot has not ended.
        """
        if not published or not self.nights:
            return []
        newest_first = sorted((as_of.astimezone(zone) for as_of in published), reverse=True)
        last_of_month: dict[tuple[int, int], datetime] = {}
        for as_of in newest_first:
            last_of_month.setdefault((as_of.year, as_of.month), as_of)
        ended = list(last_of_month.values())[1:]
        kept = {*newest_first[: self.nights], *ended[: self.month_ends]}
        return [as_of for as_of in reversed(newest_first) if as_of not in kept]

    def oldest_night(self, published: Collection[datetime]) -> datetime | None:
        """The oldest of the ``nights`` newest snapshots; None if there are fewer."""
        if not self.nights or len(published) < self.nights:
            return None
        return sorted(published)[-self.nights]


def prune_nights(run: Run, warehouse: Database) -> list[datetime]:
    """Drop outdated snapshots after a nightly run; returns them.

    Keeps snapshots made by a backfill, since somebody asked for them, and the one this run has
    published. The caller must hold ``Resource.PUBLISH``.
    """
    retention = Retention(run.settings.keep_nights, run.settings.keep_month_ends)
    published = store.published(warehouse)
    kept_by_hand = {snapshot.as_of for snapshot in published if snapshot.is_backfill}
    zone = cron_of(run.spec.schedule)[1]
    return _prune(warehouse, retention, published, kept_by_hand | {run.as_of}, zone)


def prune(
    deployment: Deployment, spec: Spec, retention: Retention, *, is_dry_run: bool
) -> list[datetime]:
    """Drop every published snapshot that need not be kept; returns them, oldest first."""
    schema, zone = spec.internal_schema, cron_of(spec.schedule)[1]
    wait_seconds = deployment.settings.lock_wait_seconds
    with deployment.warehouse(f"kindred {spec.space} prune", schema) as warehouse:
        if is_dry_run:
            return _outdated(retention, store.published(warehouse), zone)
        with locked(warehouse, schema, Resource.PUBLISH, wait_seconds=wait_seconds):
            return _prune(warehouse, retention, store.published(warehouse), set(), zone)


def _prune(
    warehouse: Database,
    retention: Retention,
    published: Collection[Published],
    spared: set[datetime],
    zone: tzinfo,
) -> list[datetime]:
    outdated = [as_of for as_of in _outdated(retention, published, zone) if as_of not in spared]
    pruned = store.hide(warehouse, outdated)
    partitions = store.drop_hidden(warehouse, retention.oldest_night(_nights(published)))
    if pruned or partitions:
        log.info("pruned %d snapshots, dropped %d partitions", len(pruned), partitions)
    return pruned


def _outdated(
    retention: Retention, published: Collection[Published], zone: tzinfo
) -> list[datetime]:
    """Outdated nights, and the snapshots of odd moments from before the oldest night kept."""
    nights = _nights(published)
    oldest = retention.oldest_night(nights)
    odd = [snapshot.as_of for snapshot in published if not snapshot.is_night]
    passed = [as_of for as_of in odd if oldest is not None and as_of < oldest]
    return sorted([*retention.outdated(nights, zone), *passed])


def _nights(published: Collection[Published]) -> list[datetime]:
    return [snapshot.as_of for snapshot in published if snapshot.is_night]
