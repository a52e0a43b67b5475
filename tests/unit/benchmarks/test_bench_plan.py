"""Constants of plans: fitted to nights, and predictions beside nights that had no part in them."""

import json
from dataclasses import replace

import pytest

from benchmarks import plan_beside, plan_constants
from benchmarks.night_kinds import NIGHTS, Night
from benchmarks.plan_measured import MORE_THAN_ON_A_DISK, read_measured
from benchmarks.report import Report
from kindred.planning.constants import BucketCost, read_constants
from kindred.planning.plan import plan_night
from unit.planning.plan_cases import constants

MACHINE = {"cores": 2, "cpu": "some", "memory_mb": 24_000}
KINDS = {night.name: night for night in NIGHTS}


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    """As many dimensions as the tables of the bench have, without making one."""
    monkeypatch.setattr("benchmarks.plan_measured.dimensions_of", lambda columns: 80 + columns)


def written(path, n, columns=20, nights=("first", "full", "changed", "quiet"), **changes):
    """A file of the bench, as nights would give it whose constants are those of the cases."""
    made, rows = replace(constants(), **changes), []
    shell = {"parameters": {"n": n, "columns": columns}, "machine": MACHINE}
    for name in nights:
        kind: Night = KINDS[name]
        rows.append(
            {"what": name, "group": "nights", "seconds": 1.0, "rows_new": n * kind.new // 1000,
             "rows_changed": n * kind.changed // 1000}
        )  # fmt: skip
        rows.append({"what": name, "group": "searched", "dimensions": 80 + columns})
        rows.append({"what": "prepare", "group": name, "instances": 1})
    path.write_text(json.dumps({**shell, "measurements": rows}), encoding="utf-8")
    for one in read_measured(path):
        rows += measured_rows(one, made)
    rows = [row for row in rows if row["what"] != "prepare" or "processor" in row]
    path.write_text(json.dumps({**shell, "measurements": rows}), encoding="utf-8")
    return path


def measured_rows(one, made):
    """What the bench reports of a night that takes as long as its plan says."""
    name = one.facts["kind"]
    # Alone for the sizes; with Airflow for the seconds.
    machines = replace(one.machines, slots=4)
    plan = plan_night(one.night, machines, made)
    sums = {"tasks_processor": 0.0, "PostgreSQL_processor": 0.0}
    instances = 0
    for stage in plan.stages:
        work, cost = stage.work, stage.work.cost
        instances += stage.task.instances
        sums["tasks_processor"] += work.worker_seconds
        sums["PostgreSQL_processor"] += 1.1 * work.database_seconds
        yield {
            "what": stage.task.name, "group": name, "instances": stage.task.instances,
            "seconds": stage.seconds, "processor": work.worker_seconds,
            "main": work.worker_seconds * (1 - cost.threaded),
            "database": work.database_seconds,
            "database_parallel": work.database_seconds * cost.parallel,
            "peak_mb": stage.peak_mb,
        }  # fmt: skip
    sums["tasks_processor"] += made.starting * instances
    yield {
        "what": name, "group": plan_measured_totals(), **sums,
        "Airflow_processor": 0.1 * plan.seconds, "wal_mb": plan.wal_mb,
    }  # fmt: skip
    yield {"what": "waiting for Airflow", "group": name, "path": 1.0 * len(plan.path)}
    path = " > ".join(f"{ran.job.task} {ran.seconds:.1f}" for ran in plan.path)
    yield {"what": name, "group": "critical paths", "path": path}
    graph, index = plan.sizes.graph, plan.sizes.index
    if not one.night.is_quiet:
        found = {"lists": graph.lists, "probes": graph.probes, "near": graph.near}
        found |= {"index_lists": index.lists, "index_probes": index.probes}
        yield {"what": name, "group": "searched", "dimensions": one.night.dimensions, **found}
    yield {"what": name, "group": "seconds of the plan", "seconds": plan.seconds}


def plan_measured_totals():
    from benchmarks.plan_measured import TOTALS

    return TOTALS


def with_seconds(path):
    """The file with the seconds of its nights, which are known when all else is."""
    content = json.loads(path.read_text(encoding="utf-8"))
    took = {
        row["what"]: row["seconds"]
        for row in content["measurements"]
        if row.get("group") == "seconds of the plan"
    }
    rows = [row for row in content["measurements"] if row["group"] != "seconds of the plan"]
    # The first table of what was searched had the width alone.
    seen = {row["what"] for row in rows if row["group"] == "searched" and "lists" in row}
    rows = [
        row
        for row in rows
        if row["group"] != "searched" or "lists" in row or row["what"] not in seen
    ]
    for row in rows:
        if row["group"] == "nights":
            row["seconds"] = took[row["what"]]
    path.write_text(json.dumps({**content, "measurements": rows}), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    """Nights of 250,000 and a million customers."""
    return [with_seconds(written(tmp_path / f"{n}.json", n)) for n in (250_000, 1_000_000)]


def fitted(files, tmp_path, *more):
    output = tmp_path / "constants.json"
    given = [*map(str, files), "--output", str(output), *more]
    assert plan_constants.main(given) == 0
    return read_constants(output)


def test_what_a_bucket_takes_is_read_and_kept(files, tmp_path):
    row = {"what": "bucket", "group": MORE_THAN_ON_A_DISK, "starting": 0.2, "read_mb": 0.004}
    row |= {"written_mb": -1e-4, "served_mb": 0.0123456}
    path = tmp_path / "bucket.json"
    path.write_text(json.dumps({"measurements": [{"group": "any"}, row]}), encoding="utf-8")
    found = BucketCost(starting=0.2, read_mb=0.004, written_mb=0.0, served_mb=0.01235)
    assert fitted([*files, path], tmp_path).bucket == found
    assert fitted(files, tmp_path).bucket == found


def test_nights_are_read_with_what_has_changed(files):
    nights = read_measured(files[1])
    assert [one.facts["kind"] for one in nights] == ["first", "full", "changed", "quiet"]
    first, full, changed, quiet = (one.night for one in nights)
    assert (first.changed_share, first.versions, first.customers) == (1, 1, 10**6)
    assert full.customers == 1_002_000
    assert full.changed_share == pytest.approx(300_000 / 1_002_000)
    assert full.versions == pytest.approx(1_300_000 / 1_002_000, rel=0.01)
    assert changed.versions > full.versions
    assert quiet.is_quiet
    assert not any(one.measures_drift for one in (first, full, changed))
    assert nights[0].machines.is_one
    assert nights[0].machines.slots == 4


def test_the_fit_finds_what_the_nights_were_made_of(files, tmp_path):
    found, true = fitted(files, tmp_path), constants()
    assert found.growth["probes"].of(3e6) == pytest.approx(true.growth["probes"].of(3e6), rel=0.05)
    for name, value in (("starting", 2.0), ("waiting", 1.0), ("airflow_cores", 0.1)):
        assert getattr(found, name) == pytest.approx(value, rel=0.02), name
    assert found.background == pytest.approx(0.1, abs=0.01)
    assert found.tasks["search_graph"].threaded == 0.9
    assert found.tasks["build_embeddings"].parallel == 0.4
    assert found.tasks["merge_graph"].memory_share == pytest.approx(0.75, rel=0.02)
    assert found.wal_share == pytest.approx(1.2, rel=0.01)
    assert found.tasks["encode"].database["cells"] == pytest.approx(0.1, rel=0.02)
    assert [one["customers"] for one in found.measured][-1] == 1_004_000


@pytest.mark.parametrize(("n", "columns"), [(3_000_000, 20), (500_000, 20), (1_000_000, 40)])
def test_other_nights_are_predicted(files, tmp_path, n, columns):
    found = fitted(files, tmp_path)
    other = with_seconds(written(tmp_path / "other.json", n, columns))
    for one in read_measured(other):
        for figure in plan_beside.compared(one, found):
            if figure.counts:
                # Nights with one pass over neighbours hardly tell what a second one takes.
                most = 0.15 if figure.what == "merge_graph, processor" else 0.1
                assert abs(figure.off) < most, (one.facts["kind"], figure)


def test_the_peak_of_all_algorithms_is_that_of_the_largest(files, tmp_path):
    before = fitted(files, tmp_path)
    for path in files:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows, sums = content["measurements"], {}
        for row in rows:
            if row["what"].startswith("cluster "):
                both = sums.setdefault(row["group"], {"instances": 0, "processor": 0, "peak_mb": 0})
                both["instances"] += 1
                both["processor"] += row["processor"]
                both["peak_mb"] = max(both["peak_mb"], row.pop("peak_mb"))
        rows += [{"what": "cluster", "group": name, **both} for name, both in sums.items()]
        path.write_text(json.dumps(content), encoding="utf-8")
    found = fitted(files, tmp_path)
    shares = {name: found.tasks[f"cluster {name}"].memory_share for name in ("hdbscan", "kmeans")}
    largest = before.tasks["cluster hdbscan"].memory_share
    assert shares == {"hdbscan": pytest.approx(largest, rel=0.01), "kmeans": 1.0}


def test_without_the_time_of_each_session_the_server_is_fitted_as_a_whole(files, tmp_path):
    fitted(files, tmp_path)
    for path in files:
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content["measurements"]:
            for name in ("database", "main", "database_parallel"):
                row.pop(name, None)
        path.write_text(json.dumps(content), encoding="utf-8")
    found = fitted(files, tmp_path)
    assert found.background == 0
    # How a task is divided among threads stays as it was known.
    assert found.tasks["search_graph"].threaded == 0.9
    assert found.tasks["build_embeddings"].parallel == 0.4
    one = read_measured(files[1])[0]
    plan = plan_night(one.night, one.machines, found)
    total = sum(stage.work.database_seconds for stage in plan.stages)
    assert total == pytest.approx(one.totals["PostgreSQL_processor"], rel=0.05)


def test_segments_that_were_measured_together_are_fitted_together(files, tmp_path):
    for path in files:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows, sums = [], {}
        for row in content["measurements"]:
            if not row["what"].startswith("cluster "):
                rows.append(row)
                continue
            both = sums.setdefault(row["group"], {"what": "cluster", "group": row["group"]})
            both["instances"] = both.get("instances", 0) + 1
            both["peak_mb"] = max(both.get("peak_mb", 0), row["peak_mb"])
            for name in ("processor", "database", "seconds"):
                both[name] = both.get(name, 0.0) + row[name]
        path.write_text(
            json.dumps({**content, "measurements": [*rows, *sums.values()]}), encoding="utf-8"
        )
    found = fitted(files, tmp_path)
    one = read_measured(files[1])[1]
    figures = {figure.what: figure for figure in plan_beside.compared(one, found)}
    assert abs(figures["cluster, processor"].off) < 0.05


def test_what_no_night_tells_is_kept_until_one_does(files, tmp_path):
    source = {"exact pairs": "measured alone"}
    cost = constants().tasks["cluster hdbscan"]
    cost = replace(cost, worker={**cost.worker, "exact pairs": 1.5})
    before = replace(
        constants(), tasks={**constants().tasks, "cluster hdbscan": cost}, elsewhere=source
    )
    (tmp_path / "constants.json").write_text(json.dumps(before.as_json()), encoding="utf-8")
    found = fitted(files, tmp_path)
    assert found.tasks["cluster hdbscan"].worker["exact pairs"] == 1.5
    assert found.elsewhere == source
    small = with_seconds(written(tmp_path / "small.json", 15_000, tasks={
        **constants().tasks, "cluster hdbscan": replace(cost, worker={"exact pairs": 2.0}),
    }))  # fmt: skip
    found = fitted([*files, small], tmp_path)
    assert found.tasks["cluster hdbscan"].worker["exact pairs"] == pytest.approx(2.0, rel=0.05)
    assert found.elsewhere == {}


def test_a_comparison_is_held_against_a_fifth(files, tmp_path):
    found = fitted(files, tmp_path)
    one = read_measured(files[0])[1]
    right, wrong = (Report("plan_beside", {}, machine={}) for _ in range(2))
    plan_beside.report_compared(right, one, found)
    assert right.targets
    assert all(target.holds for target in right.targets)
    slow = replace(one, totals={**one.totals, "seconds": 2 * one.totals["seconds"]})
    plan_beside.report_compared(wrong, slow, found)
    failed = [target.name for target in wrong.targets if not target.holds]
    assert failed == ["250000, full: seconds, off"]
