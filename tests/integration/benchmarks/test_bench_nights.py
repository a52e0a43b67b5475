"""Nights of changed customers, small: what is written, and that what serves does not grow."""

import pytest

from benchmarks import nights
from benchmarks.processes import execute
from benchmarks.report import Report


@pytest.mark.soak
@pytest.mark.parametrize("count", [2, 6])
def test_nights_write_what_has_changed_and_leave_no_bloat(make_database, tmp_path, count):
    """Without autovacuum, which the server of the tests has not."""
    dsn = make_database("nights")
    execute(dsn, "create extension vector")
    report = Report("nights", {}, {})
    nights.run_nights(report, nights.Nights(dsn, str(tmp_path)), 3_000, count)
    modes = [row["mode"] for row in report.measurements if "mode" in row]
    assert modes == ["generation"] + count * ["delta"]
    for row in report.measurements[1 : count + 1]:
        assert row["written"] == row["changed"] > 140
    first, last = report.measurements[1], report.measurements[count]
    for part in ("table_mb", "key_mb", "index_mb"):
        assert last[part] == first[part], "room is made for the next night"
    assert {target.name: target.value for target in report.targets if not target.holds} == {}
    assert {target.name.rpartition(" ")[2] for target in report.targets} >= {"table", "index"}
