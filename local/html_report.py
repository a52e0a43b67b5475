"""The report of the newest snapshot as a file of HTML, at the end of a run."""

from pathlib import Path

from kindred.artefacts.stored_reports import write_file
from kindred.reports.report import read_figures, report_html
from kindred.run.connections import WAREHOUSE
from kindred.spec.model import Spec
from kindred.warehouse.database import connect


def write_html(dsn: str, spec: Spec, folder: Path) -> Path:
    """Write the report of the current snapshot of a space into a folder; returns its path."""
    with connect(
        dsn, connection_id=WAREHOUSE, application_name="report of the run", schema=""
    ) as database:
        figures = read_figures(database, spec.space, spec.bi_schema)
    path = folder / f"{spec.space}.html"
    write_file(str(path), report_html(figures))
    return path
