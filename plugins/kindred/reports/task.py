"""The end of a night: the report of the current snapshot is kept beside the artefacts."""

import logging
from typing import Any

from kindred.artefacts.stored_reports import remove_reports, store_report
from kindred.errors import DataError
from kindred.run.context import Run
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)

WITHOUT_A_SNAPSHOT = ("landed", "empty")


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
    """Within the lock of publish, so that the newest report is that of the current snapshot."""
    # Here, since no other task needs what draws.
    from kindred.reports.report import read_figures, report_html

    root, space = run.settings.artifacts, run.spec.space
    with run.warehouse("clean_up") as warehouse, run.locked(warehouse, Resource.PUBLISH):
        figures = read_figures(warehouse, space, run.spec.bi_schema)
        nights = [night.as_of for night in figures.night.scope.nights]
        path = store_report(root, space, nights[0], report_html(figures))
        remove_reports(root, space, keep=nights[:most])
    log.info("report: %s", path)
    return path
