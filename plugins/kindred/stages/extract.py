"""extract: copy the source's rows of all windows that have not landed into a table of their own."""

import logging
from typing import Any

from kindred.spec import Deletes
from kindred.stages.run import Run
from kindred.store import landing, source
from kindred.store.locks import Resource
from kindred.store.suppression import Sieve

log = logging.getLogger(__name__)


def extract(run: Run, *, full_extract: bool = False) -> dict[str, Any]:
    """Land raw rows aside; returns how many, from how many windows."""
    spec, settings = run.spec, run.settings
    if settings.row_limit:
        log.warning("KINDRED_ROW_LIMIT: at most %d rows are landed", settings.row_limit)
    with (
        run.workplace.source(spec, run.label("extract")) as origin,
        run.warehouse("extract") as warehouse,
        run.locked(warehouse, Resource.EXTRACT),
    ):
        columns = source.describe(origin, spec)
        sieve = Sieve.of(warehouse)
        windows = landing.missing_windows(warehouse, run.as_of)
        # Without a time of change every extract is full, and of today: the past has landed.
        if full_extract and spec.source.has_updated_at:
            windows = [("-infinity", run.as_of.isoformat())]
        is_newest = landing.is_newest(warehouse, run.as_of)
        rows = landing.extract(
            origin,
            warehouse,
            spec,
            columns,
            run.landing,
            landing.windows_to_read(windows, spec.source.overlap_hours),
            compare_keys=is_newest and spec.source.delete_detection is Deletes.COMPARE_KEYS,
            row_limit=settings.row_limit,
            sieve=sieve,
        )
    log.info("extracted %d rows of %d windows that had not landed", rows, len(windows))
    if sieve.customers:
        log.info("left out %d customers who were erased and are still there", sieve.customers)
    return {"rows": rows, "windows": len(windows), "suppressed": sieve.customers}
