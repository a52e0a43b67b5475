"""The benchmark of reconciliation with a handful of customers: each night finds whom it should."""

from benchmarks import reconciliation
from benchmarks.nights import Nights
from benchmarks.processes import execute
from benchmarks.report import Report


def test_every_night_finds_the_missing(make_database, tmp_path, monkeypatch):
    """The nights themselves compare what was found with what was imported."""
    monkeypatch.setenv(*next(iter(reconciliation.ERASURE_KEY.items())))
    dsn = make_database("bench")
    execute(dsn, "create extension if not exists vector")
    report = Report("reconciliation", {})
    assert reconciliation.measure(report, Nights(dsn, str(tmp_path)), 100) > 0
    assert [row["missing"] for row in report.measurements] == [0, 1, 10, None]
