"""The benchmark of reading the index's lists at a handful of rows: every way, no figures."""

from dataclasses import replace

import pytest

from benchmarks import generations, partitions
from benchmarks.customers import make_customers
from benchmarks.report import Report


@pytest.fixture
def report(make_database, monkeypatch):
    monkeypatch.setattr(partitions, "ROUNDS", 1)
    with generations.open_bench(make_database("bench"), n=2_000, d=20) as running:
        report = Report("partitions", {}, {})
        rows = replace(generations.make_rows(2_000, 1), vectors=make_customers(2_000, 20))
        partitions.measure_all(report, running, rows, 15)
        yield report


def test_every_way_is_measured_and_every_customer_found(report):
    found = {row["what"]: row for row in report.measurements}
    assert set(found) == {"build", "read", "cluster", "k-means outside"}
    assert all(row["lists"] == 15 for row in found.values())
    targets = {target.name: target for target in report.targets}
    for name in ("customers found in a list", "customers in the nearest list"):
        assert (targets[name].value, targets[name].limit) == (1, 1)
