"""The end of a night: the report of the current snapshot is kept beside the artefacts."""

import logging
from datetime import datetime
from typing import Any

from kindred.artefacts.stored_reports import remove_reports, store_report
from kindred.errors import DataError
from kindred.reports.figures import Scope
from kindred.run.context import Run
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)

WITHOUT_A_SNAPSHOT = ("landed", "empty")
MOST_TRIES = 3


def keep_report(run: Run) -> dict[str, Any]:
    """Store the report of the current snapshot, also after a night that failed; drop old ones.

    ``KINDRED_KEEP_REPORTS`` says how many snapshots have one. No night fails for want of its
    report: why there is none is logged.
    """
    root, space, most = run.settings.artifacts, run.spec.space, run.settings.keep_reports
    if not most:
        remove_reports(root, space)
        return {}
    if run.build.state in WITHOUT_A_SNAPSHOT:
        return {}
    try:
        return {"report": _store(run, most)}
    except DataError as error:
        log.info("no report: %s", error)
    except Exception:  # whatever it is, the snapshot is published
        log.exception("the report could not be made; 'kindred report' tries again")
    return {}


def _store(run: Run, most: int) -> str:
    """Draw the report, then store it if it still is what readers see; else draw it again.

    Only the second step keeps others from publishing, and no report of what has been withdrawn
    meanwhile is stored. An erasure waits for the task.
    """
    # Here, since no other task needs what draws.
    from kindred.reports.figure_rows import find_scope
    from kindred.reports.report import read_figures, report_html

    root, space, bi = run.settings.artifacts, run.spec.space, run.spec.bi_schema
    with run.warehouse("clean_up") as warehouse:
        for _ in range(MOST_TRIES):
            figures = read_figures(warehouse, space, bi)
            scope, text = figures.night.scope, report_html(figures)
            with run.locked(warehouse, Resource.PUBLISH):
                if _shown(find_scope(warehouse, bi)) == _shown(scope):
                    nights = [night.as_of for night in scope.nights]
                    path = store_report(root, space, nights[0], text)
                    remove_reports(root, space, keep=nights[:most])
                    log.info("report: %s", path)
                    return path
    raise DataError(
        f"other runs have published {MOST_TRIES} times while it was drawn; the last one makes it"
    )


def _shown(scope: Scope) -> list[tuple[datetime, datetime | None, int | None]]:
    """What readers saw, newest first: another publish, withdrawal or pruning changes it."""
    return [(night.as_of, night.published_at, night.customers) for night in scope.nights]
