"""Landing of customers: from source rows to the customers of the snapshot."""

import logging
from contextlib import ExitStack
from typing import Any

from kindred.history import (
    key_padding,
    landing,
    snapshot_customers,
    source,
    source_definition,
)
from kindred.history.landing import Landed, Landing
from kindred.history.source import SourceColumns
from kindred.history.suppression import SuppressionFilter
from kindred.history.versions import column_types, ensure_versions_table
from kindred.run import builds
from kindred.run.context import Run
from kindred.warehouse import schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def extract(run: Run) -> dict[str, Any]:
    """Copy raw rows into the landing tables; returns the number of rows and of windows."""
    spec, settings = run.spec, run.settings
    if settings.row_limit:
        log.warning("KINDRED_ROW_LIMIT: at most %d rows are landed", settings.row_limit)
    with ExitStack() as stack:
        origin = stack.enter_context(run.deployment.source(spec, run.label("extract")))
        warehouse = stack.enter_context(run.warehouse("extract"))
        columns = source.describe(origin, spec)
        _follow_types(run, warehouse, columns)
        if key_padding.is_ignored(warehouse):
            columns = columns.with_trimmed_keys()
        stack.enter_context(run.locked(warehouse, Resource.EXTRACT))
        suppression_filter = SuppressionFilter.of(warehouse)
        windows = landing.missing_windows(warehouse, run.as_of)
        reads = spec.source.events is None  # else events say who is a customer, and nothing more
        is_newest = landing.is_newest(warehouse, run.as_of)
        is_anew = is_newest and _is_read_anew(run, warehouse)
        # Without updated_at every extract is full and describes the present: the past has landed.
        if is_anew or (run.full_extract and spec.source.has_updated_at):
            windows = [("-infinity", run.as_of.isoformat())]
        rows, counts = landing.extract(
            origin,
            warehouse,
            spec,
            columns,
            Landing.of(run.slug),
            landing.windows_to_read(
                windows, spec.source.overlap, spec.source.zone if columns.has_days else None
            )
            if reads
            else [],
            newest_end=run.as_of if is_newest and reads else None,
            is_anew=is_anew,
            # The order of a backfill's dates must not decide which of them lands missing customers.
            reconciles=run.build.may_fit and not settings.row_limit,
            row_limit=settings.row_limit,
            suppression_filter=suppression_filter,
        )
        if counts is not None:
            run.add_facts(
                warehouse,
                source_customers=counts.customers,
                future_customers=counts.future_customers,
            )
    log.info("extracted %d rows of %d windows that had not landed", rows, len(windows))
    if suppression_filter.customers:
        log.info(
            "left out %d erased customers who are still in the source",
            suppression_filter.customers,
        )
    return {"rows": rows, "windows": len(windows), "suppressed": suppression_filter.customers}


def _is_read_anew(run: Run, warehouse: Database) -> bool:
    """Whether the spec defines the source otherwise than when the newest window landed.

    Raises
    ------
    PreflightError
        when its keys are those of another column.
    """
    newest = source_definition.newest(warehouse)
    if newest is None:
        return False
    newest.require_same_key(run.spec, run.as_of, full_extract=run.full_extract)
    changes = source_definition.changes_to_read(newest, run.spec)
    if changes:
        log.warning("%s", source_definition.says_of(changes, newest.end))
    return bool(changes)


def _follow_types(run: Run, warehouse: Database, columns: SourceColumns) -> None:
    """Types of the source that have changed since the run was prepared.

    Raises
    ------
    PreflightError
        when they cannot be followed.
    """
    schemas.require_key_type(run.spec, run.key_type(warehouse), columns.key_type)
    if columns.types.items() <= column_types(warehouse).items():
        return
    wait_seconds = run.settings.lock_wait_seconds
    with run.locked(warehouse, Resource.SCHEMA), warehouse.transaction():
        ensure_versions_table(warehouse, run.spec, columns, wait_seconds=wait_seconds)


def keep(run: Run, landed: Landed) -> dict[str, Any]:
    """Store the snapshot's customers, once all has landed; returns the counts of both."""
    with run.warehouse("validate") as warehouse:
        fills = snapshot_customers.version_fills(warehouse)
        customers = snapshot_customers.keep_customers(warehouse, run)
        kept, rejected, undated = landing.window_counts(
            warehouse, run.build.window_start, run.as_of
        )
        counts = {"rows_landed": kept, "rows_rejected": rejected + undated}
        lost = snapshot_customers.count_rejected_customers(warehouse, run.as_of)
        run.add_facts(
            warehouse,
            customers=customers,
            version_fills=fills,
            rows_undated=undated,
            customers_rejected=lost,
            has_full_extract=run.full_extract,
            **counts,
        )
        if customers == 0 or run.only_lands:
            status = "landed" if customers else "empty"
            builds.record_uncomputed(warehouse, run.as_of, status, counts)
    log.info(
        "%d rows read, %d rejected, %d customers deleted; the snapshot has %d customers",
        landed.read,
        landed.rejected,
        landed.deleted,
        customers,
    )
    return {"read": landed.read, "rejected": landed.rejected, "customers": customers}


def land(run: Run) -> Landed:
    """Move the valid rows into the history and reject the others."""
    with run.warehouse("validate") as warehouse, run.locked(warehouse, Resource.EXTRACT):
        return landing.validate(
            warehouse,
            run.spec,
            Landing.of(run.slug),
            end=run.as_of,
            run_id=run.build.run_id,
            full_extract=run.full_extract,
            counts=run.build.facts,
        )
