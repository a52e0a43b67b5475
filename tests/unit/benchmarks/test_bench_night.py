"""The bench of nights: what decided how long one took, and what its targets notice."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from benchmarks import night, night_airflow, night_kinds, night_stages
from benchmarks import vectors as data
from benchmarks.critical_path import Instance, critical_path, stage_seconds
from benchmarks.night_airflow import TASKS, TOOK, Figures, stages_of
from benchmarks.process_samples import Processes, ProcessSamples
from benchmarks.report import Report
from kindred.spec.model import spec_from_dict

BEGAN = datetime(2026, 1, 5, 2, tzinfo=UTC)


def instance(task_id, start, end, map_index=-1):
    moments = (BEGAN + timedelta(seconds=seconds) for seconds in (start, end))
    return Instance(task_id, map_index, *moments)


# encode, then two shards of the graph beside the index; a task before the gate was skipped
UPSTREAM = {
    "graph": ["encode"], "merge": ["graph"], "index": ["encode"],
    "skipped": ["index"], "gate": ["merge", "skipped"],
}  # fmt: skip
INSTANCES = [
    instance("encode", 1, 10),
    instance("graph", 11, 30, 0),
    instance("graph", 12, 40, 1),
    instance("merge", 41, 45),
    instance("index", 10, 60),
    instance("gate", 62, 70),
]


def test_the_path_goes_back_from_the_end_by_what_ended_last():
    path = critical_path(INSTANCES, UPSTREAM, BEGAN)
    assert [step.instance.task_id for step in path] == ["encode", "index", "gate"]
    assert [step.waited for step in path] == [1, 0, 2]
    assert sum(step.waited + step.instance.seconds for step in path) == 70


def test_of_a_mapped_task_the_last_instance_is_on_the_path():
    faster = [one for one in INSTANCES if one.task_id != "index"]
    path = critical_path(faster, UPSTREAM, BEGAN)
    assert [(step.instance.task_id, step.instance.map_index) for step in path] == [
        ("encode", -1), ("graph", 1), ("merge", -1), ("gate", -1),
    ]  # fmt: skip


def test_a_stage_lasts_from_its_first_start_to_its_last_end():
    assert stage_seconds(INSTANCES) == {
        "encode": 9, "index": 50, "graph": 29, "merge": 4, "gate": 8,
    }  # fmt: skip
    assert critical_path([], UPSTREAM, BEGAN) == []


def test_a_stage_has_its_work_its_memory_and_its_part_of_the_path():
    path = critical_path(INSTANCES, UPSTREAM, BEGAN)
    stages = {s.name: s for s in stages_of(INSTANCES, path, {"graph": 80.5}, {"graph": 700})}
    graph, index = stages["graph"], stages["index"]
    assert (graph.instances, graph.seconds, graph.work_seconds) == (2, 29, 47)
    assert (graph.processor_seconds, graph.peak_mb, graph.path_seconds) == (80.5, 700, 0)
    assert (index.processor_seconds, index.peak_mb, index.path_seconds) == (None, None, 50)


def test_an_api_that_answers_late_is_asked_again(monkeypatch):
    monkeypatch.setattr(night_airflow, "POLL_SECONDS", 0)
    asked = []

    def read(name):
        asked.append(name)
        if len(asked) < 3:
            raise httpx.ReadTimeout("timed out")
        return name.upper()

    assert night_airflow.patiently(read, "run") == "RUN"
    monkeypatch.setattr(night_airflow, "SILENT_SECONDS", -1)
    with pytest.raises(httpx.ReadTimeout):
        night_airflow.patiently(lambda: read(asked.clear() or "again"))


def test_processor_seconds_are_read_from_what_a_task_logs():
    said = "cluster took 82.10 s (131.50 s of processor time) and at most 2112 MB"
    assert TOOK.search(said)[1] == "131.50"


FOUND = Figures(
    seconds=149.0,
    landing_seconds=18.0,
    stages=stages_of(INSTANCES, [], {}, {}),
    path=critical_path(INSTANCES, UPSTREAM, BEGAN),
    processor_seconds={TASKS: 200.0},
    peak_mb={TASKS: 4000.0},
    wal_mb=1.0,
    relation_mb=2.0,
    artefact_mb=3.0,
    recall=0.992,
    encoder_version=1,
)


def failed(which, n=night.MILLION, columns=20, **changes):
    report = Report("night", {}, machine={})
    night.check_night(report, night_kinds.NIGHTS[which], replace(FOUND, **changes), n, columns)
    return [target.name for target in report.targets if not target.holds]


@pytest.mark.parametrize(
    ("changes", "noticed"),
    [
        ({}, []),
        ({"seconds": 150.1}, ["full: seconds"]),
        ({"recall": 0.989}, ["full: recall"]),
        ({"peak_mb": {TASKS: 4097.0}}, ["full: MB of the tasks"]),
        ({"seconds": 1e6, "n": 10_000}, []),
        ({"seconds": 1e6, "columns": 40}, []),
    ],
)
def test_targets_are_those_of_a_million_customers(changes, noticed):
    assert failed(1, **changes) == noticed


def test_each_night_has_the_limit_that_was_asked_for():
    limits = {n.name: n.limit_seconds for n in night_kinds.NIGHTS}
    assert limits == {
        "first": 220, "full": 150, "changed": 110, "quiet": 30,
        "switched, kmeans": None, "changed, kmeans": 60,
    }  # fmt: skip
    full, quiet = night_kinds.NIGHTS[1], night_kinds.NIGHTS[3]
    assert full.changed / 1000 > night.mixed.make_spec().rewrite_share
    assert (quiet.changed, quiet.new) == (0, 0)


def test_without_a_limit_there_is_no_target_of_time():
    assert failed(4, seconds=1e6) == []


def test_a_night_of_kmeans_alone_is_one_of_the_spec():
    spec = night.mixed.make_spec()
    alone = night_kinds.with_algorithms(spec, night_kinds.KMEANS)
    assert [str(algorithm) for algorithm in alone.clustering.algorithms] == ["kmeans"]
    assert load_spec_text(alone) == alone
    assert night_kinds.with_algorithms(alone, spec.clustering.algorithms) == spec


def load_spec_text(spec):
    return spec_from_dict(json.loads(json.dumps(spec.model_dump(mode="json"))), where="test")


def test_a_night_is_reported_with_all_its_stages():
    report = Report("night", {}, machine={})
    night.report_night(report, night_kinds.NIGHTS[1], FOUND, {"vectors_changed": 0.3})
    tables = {}
    for row in report.measurements:
        tables.setdefault(row["group"], []).append(row["what"])
    assert tables == {
        "nights": ["full"],
        "processor seconds, peak memory and bytes written": ["full"],
        "searched": ["full"],
        "MB of artefacts": ["full"],
        "full": ["encode", "index", "graph", "merge", "gate", "waiting for Airflow"],
        "critical paths": ["full"],
    }
    assert report.measurements[0]["vectors_changed"] == 0.3
    assert report.measurements[-2]["path"] == 3
    assert report.measurements[-1]["path"] == "encode 9.0 > index 50.0 > gate 8.0"


def test_nights_are_chosen_by_name_and_begin_with_the_first():
    assert [n.name for n in night_kinds.chosen_nights("")] == [n.name for n in night_kinds.NIGHTS]
    assert [n.name for n in night_kinds.chosen_nights("quiet,first")] == ["first", "quiet"]
    for wrong in ("full", "first,fourth"):
        with pytest.raises(SystemExit, match="--nights: found"):
            night_kinds.chosen_nights(wrong)


def test_stages_are_chosen_in_their_order_with_those_that_they_need():
    assert night_stages.chosen_stages("lookalikes,encode") == ["encode", "lookalikes"]
    assert night_stages.needed(["profiles"]) == ["encode", "graph", "cluster", "profiles"]
    parts = night_stages.parts_of("cluster", night.mixed.make_spec(), {})
    assert parts == [{"algorithm": "kmeans"}, {"algorithm": "hdbscan"}]
    assert night_stages.chosen_stages("all") == list(night_stages.STAGES)
    assert night_stages.needed(["publication"]) == list(night_stages.STAGES)
    with pytest.raises(SystemExit, match="--stages: found grph, allowed are encode"):
        night_stages.chosen_stages("grph")


def test_ended_children_count_and_shared_memory_counts_once():
    """They burn processor time in a child of a child, of which the last sample knows nothing."""
    code = (
        "import subprocess, sys\n"
        "burn = 'import time\\nwhile time.process_time() < 0.25: pass'\n"
        "subprocess.run([sys.executable, '-c', burn])\n"
        "print('done', flush=True); sys.stdin.read()"
    )
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **given) as process:
        groups = {
            "all": Processes(with_children=[process.pid]),
            "below": Processes(below=[process.pid]),
            "alone": Processes(alone=[process.pid]),
            "gone": Processes([2**22 + 1], [2**22 + 1], [2**22 + 1]),
        }
        samples = ProcessSamples(groups)
        assert process.stdout.readline() == b"done\n"
        seconds = samples.begin()
        samples.sample()
        process.stdin.close()
    assert seconds["below"] >= 0.2
    assert seconds["all"] == pytest.approx(seconds["below"] + seconds["alone"])
    assert 0 < seconds["alone"] < seconds["all"]
    assert seconds["gone"] == samples.peak_mb["gone"] == samples.peak_mb["alone"] == 0
    assert 1 < samples.peak_mb["all"] < 100
    assert 1 < samples.peak_mb["below"] < 100
    assert os.getpid() != process.pid


def test_an_unknown_set_of_vectors_is_refused_before_anything_is_measured():
    with pytest.raises(SystemExit, match="--data: found 'mix', allowed are customers and mixed"):
        data.report_name("graph", "mix")
    assert data.report_name("graph", "mixed") == "graph_mixed"
    assert data.report_name("graph", "customers") == "graph"
    assert data.make_vectors("customers", 10, 40).shape == (10, 40)
