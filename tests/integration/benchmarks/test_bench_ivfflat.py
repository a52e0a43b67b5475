"""The benchmark of the planned index at a handful of rows: every way, without its figures."""

import pytest

from benchmarks import generations, ivfflat
from benchmarks.report import Report


@pytest.fixture
def report(make_database, monkeypatch):
    monkeypatch.setattr(ivfflat, "ROUNDS", 1)
    monkeypatch.setattr(ivfflat, "QUERIES", 100)
    with generations.open_bench(make_database("bench"), n=3_000, d=20) as running:
        report = Report("ivfflat", {}, {})
        asked = ivfflat.load(running, 3_000, 20, 5)
        # A forecast is rounded up to whole megabytes, so the smallest have no tenth to take away.
        monkeypatch.setattr(ivfflat, "measure_memory", lambda *given: None)
        ivfflat.measure_all(report, asked, 64, with_others=True)
        yield report


def test_every_index_is_built_and_measured(report):
    found = {row["what"]: row for row in report.measurements}
    assert set(found) >= {
        "rule of thumb",
        "candidate",
        "plan",
        "as planned",
        "planned",
        "half",
        "HNSW",
    }
    for name in ("rule of thumb", "planned", "half", "HNSW"):
        assert 0.5 < found[name]["recall"] <= 1
        assert 0 < found[name]["p50_ms"] <= found[name]["p95_ms"]
    assert found["rule of thumb"]["lists"] == 3
    assert {target.name.split(":")[1] for target in report.targets} == {
        " recall off its promise",
        " p50 / rule of thumb",
        " recall - rule of thumb",
    }
