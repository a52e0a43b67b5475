"""What benchmarks report with: targets decide the exit code, the file holds all figures."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from benchmarks.processes import measure_alone
from benchmarks.report import (
    ABSENT_DATA,
    Report,
    arguments,
    data_file,
    machine,
    median_seconds,
    timed,
)


def finish(report, folder):
    text = io.StringIO()
    code = report.finish(folder=folder, console=Console(file=text, width=120))
    return code, text.getvalue(), json.loads((folder / f"{report.name}.json").read_text())


def test_a_report_is_printed_and_written(tmp_path, capsys):
    report = Report("load", {"n": 1000}, machine={"cores": 2})
    report.measure("bare COPY", rows=1000, seconds=0.25)
    report.measure("all rows", rows=1000, recall=0.5)
    report.at_most("all / bare", 1.5, 2)
    code, text, content = finish(report, tmp_path / "new" / "bench")
    assert code == 0
    assert content == {
        "name": "load",
        "parameters": {"n": 1000},
        "machine": {"cores": 2},
        "measurements": [
            {"what": "bare COPY", "rows": 1000, "seconds": 0.25},
            {"what": "all rows", "rows": 1000, "recall": 0.5},
        ],
        "targets": [{"name": "all / bare", "value": 1.5, "limit": 2.0, "holds": True}],
    }
    for shown in ("n=1,000", "bare COPY", "0.25", "recall", "all / bare", "yes"):
        assert shown in text
    assert "bare COPY: rows=1,000  seconds=0.25" in capsys.readouterr().err


def test_each_group_has_a_table_of_its_own_columns(tmp_path):
    report = Report("night", {"n": 10}, machine={})
    report.measure("first", group="nights", seconds=5.0)
    report.measure("encode", group="first", peak_mb=7)
    report.measure("second", group="nights", seconds=6.0)
    _, text, content = finish(report, tmp_path)
    text = " ".join(text.split())  # a title is no wider than its table
    nights, first = text.index("night (n=10): nights"), text.index("night (n=10): first")
    assert nights < text.index("second") < first < text.index("encode")
    assert "peak" not in text[nights:first]
    assert content["measurements"][1] == {"what": "encode", "group": "first", "peak_mb": 7}


@pytest.mark.parametrize(
    ("values", "code"),
    [((2.0, 15.0), 0), ((2.001, 15.0), 1), ((2.0, 14.999), 1), ((float("nan"), 20.0), 1)],
)
def test_one_target_that_does_not_hold_fails_the_benchmark(tmp_path, values, code):
    report = Report("x", {}, machine={})
    report.at_most("seconds", np.float64(values[0]), 2)
    report.at_least("times", np.float32(values[1]), 15)
    found, text, content = finish(report, tmp_path)
    assert found == code
    assert [target["holds"] for target in content["targets"]].count(False) == code
    assert ("no" in text.split()) == bool(code)


def test_without_targets_there_is_nothing_to_fail(tmp_path):
    assert finish(Report("x", {}, machine={}), tmp_path)[0] == 0


def test_the_machine_is_named():
    found = machine(postgresql="18.6")
    assert found["postgresql"] == "18.6"
    assert found["numpy"] == np.__version__
    assert found["cores"] >= 1
    assert found["memory_mb"] > 100
    assert found["cpu"]


def test_options_have_defaults_and_take_what_make_hands_on(monkeypatch):
    monkeypatch.setattr("sys.argv", ["load", "--n=5", "--block-rows", "7"])
    options = arguments("What it does.", n=1_000_000, d=32, block_rows=1, data="here")
    assert (options.n, options.d, options.block_rows, options.data) == (5, 32, 7, "here")


def test_absent_data_ends_the_benchmark_and_says_where_it_was_sought(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KINDRED_TEST_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as caught:
        data_file("telco_churn.csv")
    assert caught.value.code == ABSENT_DATA
    assert f"telco_churn.csv is not in {tmp_path}" in capsys.readouterr().err
    (tmp_path / "telco_churn.csv").touch()
    assert data_file("telco_churn.csv") == tmp_path / "telco_churn.csv"


def test_seconds_and_result_of_a_call():
    seconds, result = timed(divmod, 7, 2)
    assert result == (3, 1)
    assert seconds >= 0
    assert median_seconds([3.0, 1.0, 2.0]) == 2.0


def fill(count):
    return int(np.ones(count).sum())


def test_the_peak_of_a_stage_is_that_of_its_own_process():
    """What the parent holds does not count; what the stage has freed again does."""
    parents = np.ones(400 << 17)  # 400 MB
    small = measure_alone(divmod, 7, 2)
    large = measure_alone(fill, 100 << 17)
    assert small.result == (3, 1)
    assert large.result == 100 << 17 < len(parents)
    assert 100 < large.peak_rss_mb - small.peak_rss_mb < 350
    assert small.peak_rss_mb < 300
    assert small.rss_before_mb <= small.peak_rss_mb
    assert large.cpu_seconds > 0
