"""validate: move good rows into the history, refuse bad ones with a reason, count the customers."""

import logging
from typing import Any

from kindred.stages.run import Run
from kindred.store import landing, snapshots, versions
from kindred.store.landing import Landed
from kindred.store.locks import Resource

log = logging.getLogger(__name__)


def validate(run: Run, *, full_extract: bool = False, only_lands: bool = False) -> dict[str, Any]:
    """Land what was extracted; returns the counts of this run and of the snapshot.

    ``only_lands``: the snapshot itself is not computed.
    """
    landed = land(run, full_extract=full_extract)
    with run.warehouse("validate") as warehouse:
        customers = versions.count_customers(warehouse, run.as_of)
        kept, rejected, undated = snapshots.window_counts(
            warehouse, run.build.window_start, run.as_of
        )
        counts = {"rows_landed": kept, "rows_rejected": rejected + undated}
        run.add_facts(
            warehouse,
            customers=customers,
            rows_undated=undated,
            has_full_extract=full_extract,
            **counts,
        )
        if customers == 0:
            warehouse.run("snapshots/record_empty", {"as_of": run.as_of, **counts})
        elif only_lands:
            warehouse.run("snapshots/record_landed", {"as_of": run.as_of, **counts})
    log.info(
        "%d rows read, %d refused, %d customers deleted; the snapshot has %d customers",
        landed.read,
        landed.rejected,
        landed.deleted,
        customers,
    )
    return {"read": landed.read, "rejected": landed.rejected, "customers": customers}


def land(run: Run, *, full_extract: bool = False) -> Landed:
    """Move the good rows into the history and refuse the others."""
    with run.warehouse("validate") as warehouse, run.locked(warehouse, Resource.EXTRACT):
        return landing.validate(
            warehouse,
            run.spec,
            run.landing,
            end=run.as_of,
            run_id=run.build.run_id,
            full_extract=full_extract,
        )
