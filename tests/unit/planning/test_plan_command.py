"""The command ``kindred plan``: what it prints, and what it refuses."""

import json
import re

import pytest
import yaml
from typer.testing import CliRunner

from kindred import cli
from kindred.errors import SettingsError
from kindred.plan_commands import megabytes
from kindred.planning import plan_figures
from kindred.planning.constants import read_constants
from kindred.planning.night_tasks import upstream
from kindred.planning.workload import usual_spec
from unit.planning.plan_cases import constants


@pytest.fixture(autouse=True)
def _known_constants(monkeypatch):
    monkeypatch.setattr("kindred.planning.constants.read_constants", constants)
    for name in ("KINDRED_SHARD_ROWS", "KINDRED_TASKS_AT_ONCE", "KINDRED_KEEP_NIGHTS",
                 "KINDRED_MEMORY_LIMIT_MB"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def called(*arguments, code=0):
    found = CliRunner().invoke(cli.app, ["plan", *arguments], env={"COLUMNS": "200"})
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found.output


def read(*arguments, code=0):
    return json.loads(called(*arguments, "--json", code=code))


def test_every_stage_has_a_line_and_the_night_a_summary():
    said = called("--customers", "1000000")
    lines = said.splitlines()
    names = {line.split()[0] for line in lines}
    assert set(upstream(usual_spec(columns=1))) <= names
    assert lines[0].startswith("a changed night, 0.01 changed: 1,000,000 customers x 100 dim")
    for what in (
        "the night: ", "worker hours: ", "memory of the largest task: ", "graph: 7,812 lists, 40",
        "disk of the warehouse: ", "disk of artefacts: ", "write-ahead log", "network: ",
        "constants: of 1 night of 1,000,000 customers on 2 cores (some), 2026-12-01",
    ):  # fmt: skip
        assert what in said, what
    assert "x 0.02 s" not in said
    assert "measured: " not in said


def test_the_constants_of_many_nights_are_a_short_line(monkeypatch):
    monkeypatch.setattr("kindred.planning.constants.read_constants", read_constants)
    said, explained = (called("--customers", "9000", *more) for more in ([], ["--explain"]))
    [line] = [line for line in said.splitlines() if line.startswith("constants")]
    assert line.startswith("constants: of 11 nights of 250,000 to 1,004,004 customers on 2 cores")
    assert len(line) < 100
    assert explained.count("measured: ") == 11
    assert "exact pairs: 63.4 processor seconds" in explained


def test_no_name_of_a_task_is_cut_in_pipes_and_on_narrow_terminals(monkeypatch):
    names = [*(set(upstream(usual_spec(columns=1))) - {"cluster"}), "cluster hdbscan"]

    def lines(columns):
        said = CliRunner().invoke(
            cli.app, ["plan", "--customers", "1000000"], env={"COLUMNS": str(columns)}
        )
        return said.output.split("the night: ", maxsplit=1)[0].splitlines()[1:]

    piped = lines(40)
    assert piped[0].split() == " ".join(plan_figures.COLUMNS).split()
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    for columns in (80, 60):
        table = lines(columns)
        assert max(map(len, table[:-1])) <= columns
        for name in names:
            assert any(line.startswith(f"{name}  ") for line in table), (columns, name)
            assert any(line.startswith(f"{name}  ") for line in piped), name
        assert table[-1].startswith("(a wider terminal, a pipe or --json has: ")
        assert "runs on" not in table[0]
    assert "memory GB" in table[0]
    assert lines(200)[0] == piped[0]


def test_the_arithmetic_is_shown_where_asked_for():
    said = called("--customers", "2000000", "--explain", "--night", "full")
    assert (
        "encode, worker: 1 task x 0.5 s + 40 million cells x 0.2 s + 200 million values x 0.02 s"
        " = 12.5 s"
    ) in said
    assert "search_graph, worker: 2 shards x 1 s + " in said
    assert "10^9 dimensions of pairs x 0.04 s" in said


def test_what_does_not_fit_is_marked_and_ends_with_an_error():
    said = called("--customers", "100000000", "--workers", "32", "--memory", "16GB", code=1)
    assert "! cluster hdbscan: it runs on one machine, and needs 239.8 GB" in said
    assert "! all of it: a task may take 8.0 GB (16.0 GB for 2 at once)" in said
    [row] = [line for line in said.splitlines() if line.startswith("search_graph ")]
    assert " 64 " in row
    assert "160.7 !" in row
    assert row.rstrip().endswith("all workers")


def test_json_has_all_figures():
    found = read("--customers", "3000000", "--workers", "2", "--memory", "64GB")
    assert found["night"] == {
        "kind": "changed", "customers": 3_000_000, "dimensions": 100, "columns": 20,
        "neighbours": 10, "algorithms": ["kmeans", "hdbscan"], "changed_share": 0.01,
    }  # fmt: skip
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["search_graph"]["tasks"] == 3
    assert stages["search_graph"]["memory_mb"] > 4_000
    assert sum(term["seconds"] for term in stages["encode"]["terms"]) == pytest.approx(
        stages["encode"]["worker_processor_seconds"]
        + stages["encode"]["database_processor_seconds"]
        + stages["encode"]["bucket_processor_seconds"]
    )
    one = read("--customers", "200000", "--one-machine", "--workers", "2", "--bucket")
    assert one["worker_hours"] == pytest.approx(one["seconds"] / 3600)
    assert one["stages"][-3]["store_processor_seconds"] > 0
    assert found["worker_hours"] == pytest.approx(2 * found["seconds"] / 3600)
    assert found["machines"]["task_memory_mb"] == 32 * 1024
    assert found["seconds"] >= sum(step["seconds"] for step in found["path"])
    assert not any(one["is_refusal"] for one in found["findings"])


@pytest.mark.parametrize("slots", ["1", "2"])
def test_the_path_and_what_lies_between_are_the_night(slots):
    size = ("--customers", "3000000", "--memory", "64GB", "--slots", slots)
    found = read(*size)
    steps = found["path"]
    assert sum(one["seconds"] for one in steps) + found["starting_seconds"] == pytest.approx(
        found["seconds"]
    )
    assert found["starting_seconds"] < 2 * len(steps)
    waited = [one for one in steps if one["waited_for_slot"] > 5]
    assert waited
    said = called(*size)
    for one in waited:
        assert f"waited {one['waited_for_slot']:,.0f} for the slot of {one['slot_of']}" in said
    [line] = [line for line in said.splitlines() if line.startswith("the night: ")]
    path = re.sub(r" \([^)]*\)", "", line.split("its path: ")[1])
    numbers = [int(one.replace(",", "")) for one in re.findall(r" ([\d,]+)(?= >|;|$)", path)]
    assert sum(numbers) == pytest.approx(found["seconds"], abs=len(numbers))


def test_instances_that_are_simulated_as_one_are_all_counted():
    found = read("--customers", "2000000000", "--memory", "20TB")
    steps = {one["stage"]: one for one in found["path"]}
    assert 0.49 < steps["load_lookalikes"]["tasks_in_turn"] / 8_000 <= 0.51


def test_a_spec_gives_columns_neighbours_and_algorithms(tmp_path):
    path = tmp_path / "shop.yaml"
    content = {
        "source": {"table": "customers", "key": "id", "updated_at": "changed"},
        "k": 7,
        "features": {"age": "numeric", "is_new": "boolean"},
        "labels": ["left"],
        "clustering": {"algorithms": ["dbscan"], "dbscan": {"min_samples": 4}},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    night = read("--customers", "50000", "--spec", str(path))["night"]
    assert (night["dimensions"], night["columns"], night["neighbours"]) == (2, 3, 7)
    assert night["algorithms"] == ["dbscan"]
    path.write_text(
        yaml.safe_dump(content | {"features": {"age": "numeric", "state": "categorical"}}),
        encoding="utf-8",
    )
    with pytest.raises(
        SettingsError, match="--dimensions: a number is needed, since the values of"
    ):
        called("--customers", "50000", "--spec", str(path))
    wide = read("--customers", "50000", "--spec", str(path), "--dimensions", "51")
    assert wide["night"]["dimensions"] == 51


@pytest.mark.parametrize(("workers", "said"), [(1, "1 worker, 2"), (32, "32 workers, 2")])
def test_workers_of_one_machine_count_as_one(workers, said):
    on = ("--customers", "1000000", "--cores", "8", "--one-machine", "--workers", str(workers))
    text, found = called(*on), read(*on)
    title = text.splitlines()[0]
    each = " each" if workers > 1 else ""
    assert title.endswith(
        f"; one machine of 8 cores, 16 GB: {said} tasks at once{each}, and the server;"
        " artefacts on a disk"
    )
    assert found["worker_hours"] == pytest.approx(found["seconds"] / 3600)
    assert f" (1 x {found['seconds']:,.0f} s), of which tasks run" in text
    shared = "KINDRED_TASKS_AT_ONCE (2) is of one worker, and lets each of 64 tasks at once take 8"
    assert (shared in text) is (workers == 32)


def test_settings_of_the_deployment_count(monkeypatch):
    monkeypatch.setenv("KINDRED_SHARD_ROWS", "50000")
    monkeypatch.setenv("KINDRED_TASKS_AT_ONCE", "4")
    found = read("--customers", "1000000", "--cores", "2")
    assert found["graph"]["shards"] == 5
    assert found["machines"]["slots"] == 4


def test_the_memory_limit_of_the_deployment_is_that_of_a_task(monkeypatch):
    size = ("--customers", "3000000", "--memory", "32GB")
    assert read(*size)["machines"]["task_memory_mb"] == 16 * 1024
    # Above its share, too, as in kindred.run.memory; but no more than the machine has.
    for given, allowed in ((4_096, 4_096), (20_000, 20_000), (99_999, 32 * 1024)):
        monkeypatch.setenv("KINDRED_MEMORY_LIMIT_MB", str(given))
        code = int(given == 4_096)
        assert read(*size, code=code)["machines"]["task_memory_mb"] == allowed
    monkeypatch.setenv("KINDRED_MEMORY_LIMIT_MB", "4096")
    said = called(*size, code=1)
    assert "! all of it: a task may take 4.0 GB (KINDRED_MEMORY_LIMIT_MB is 4,096), which" in said
    assert "what helps: a higher KINDRED_MEMORY_LIMIT_MB" in said
    assert "--slots 1" not in said
    assert "with one at once" not in said
    monkeypatch.setenv("KINDRED_MEMORY_LIMIT_MB", "999999999")
    said = called("--customers", "30000000", "--memory", "16GB", code=1)
    assert "may take 16.0 GB (all that a worker has; KINDRED_MEMORY_LIMIT_MB is 999,999," in said
    assert "what helps: workers with " in said
    assert "higher KINDRED_MEMORY_LIMIT_MB" not in said
    small = ("--customers", "3000000", "--memory", "12GB")
    monkeypatch.setenv("KINDRED_MEMORY_LIMIT_MB", "8192")
    assert "KINDRED_MEMORY_LIMIT_MB lets each of 2 tasks at once take 8.0 GB, of" in called(*small)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "16"], "--memory: found '16', a size such as 16GB or 512MB is expected"),
        (["--memory", "0GB"], "--memory: found '0GB', a size such as 16GB or 512MB is expected"),
        (["--database-memory", "1KB"], "--database-memory: found '1KB', a size such as"),
        (["--algorithms", "kmeans,dbscan,kmeans"], "--algorithms: found kmeans twice; take one"),
        (["--algorithms", "kmean"], "--algorithms: found 'kmean', allowed are .*kmeans"),
        (["--share-changed", "2"], "--share-changed: found 2, allowed is 0 to 1"),
        (
            ["--share-changed", "0.5", "--night", "quiet"],
            "--share-changed: found 0.5 with '--night quiet', but in a quiet night nothing has",
        ),
        (
            ["--share-changed", "0", "--night", "first"],
            "--share-changed: found 0 with '--night first', but a first night finds nothing",
        ),
        *(
            (
                ["--spec", "include/features/default.yaml", f"--{option}", value],
                f"--{option}: found {value}, but default.yaml decides that \\({key}\\); allowed is",
            )
            for option, value, key in [
                ("columns", "20", "features"),
                ("neighbours", "10", "k"),
                ("algorithms", "dbscan", "clustering.algorithms"),
                ("clusters", "8", "clustering.kmeans.k"),
            ]
        ),
        (["--algorithms", ""], "--algorithms: found '', allowed are"),
        (["--network", "inf"], "--network: found inf, a number such as 10 is expected"),
        (["--network", "1e300"], r"--network: found 1e\+300, a number such as 10 is expected"),
        (["--memory", "9" * 400 + "TB"], "a size such as 16GB or 512MB is expected"),
    ],
)
def test_what_nobody_can_plan_is_refused(arguments, message):
    with pytest.raises(SettingsError, match=message):
        called("--customers", "1000", *arguments)


def test_sizes_are_read_with_their_units():
    assert megabytes("memory", "16GB") == 16 * 1024
    assert megabytes("memory", " 1.5 tb ") == 1.5 * 1024**2
    assert megabytes("memory", "512MB") == 512
    for text in ("16GiB", "16 G", "16g", "16  GB", "16384MiB"):
        assert megabytes("memory", text) == 16 * 1024, text


@pytest.mark.parametrize(
    ("memory", "limit", "allowed", "helps"),
    [
        ("100MB", 0, "50 MB (0.1 GB for 2 at once)", "give them more memory"),
        ("16GB", 1, "1 MB (KINDRED_MEMORY_LIMIT_MB is 1)", "raise KINDRED_MEMORY_LIMIT_MB"),
        ("400MB", 800, "400 MB (all that a worker has; KINDRED_MEMORY_LIMIT_MB is 800)",
         "give them more memory"),
        ("400MB", 9, "9 MB (KINDRED_MEMORY_LIMIT_MB is 9)",
         "raise KINDRED_MEMORY_LIMIT_MB and give them more memory"),
    ],
)  # fmt: skip
def test_memory_below_that_of_an_empty_task_is_said_once(
    monkeypatch, memory, limit, allowed, helps
):
    monkeypatch.setenv("KINDRED_MEMORY_LIMIT_MB", str(limit))
    said = called("--customers", "1000", "--memory", memory, code=1)
    marked = [line for line in said.splitlines() if line.startswith("! ")]
    assert marked == [
        f"! all of it: a task may take {allowed}, and one that holds nothing needs 500: no task"
        f" runs on such workers; {helps}"
    ]
    monkeypatch.delenv("KINDRED_MEMORY_LIMIT_MB")
    assert "finish:" not in called("--customers", "3000000", "--memory", "1GB", code=1)
