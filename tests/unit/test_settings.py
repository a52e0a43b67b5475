"""Settings of the deployment, from the environment."""

import ast
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kindred.errors import SettingsError
from kindred.settings import (
    Environment,
    Page,
    Places,
    Pods,
    Queues,
    Schedule,
    Secrets,
    Settings,
    variable_name,
)

ROOT = Path(__file__).resolve().parents[2]
CLASSES = Environment.__subclasses__()
VARIABLES = {variable_name(name) for kind in CLASSES for name in kind.model_fields}
NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation is int]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment without any setting; returns how to set some."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def put(**values):
        for field, value in values.items():
            monkeypatch.setenv(variable_name(field), value)

    return put


def test_every_class_has_its_own_fields():
    assert [Settings, Places, Schedule, Pods, Queues, Page, Secrets] == CLASSES
    assert len(VARIABLES) == sum(len(kind.model_fields) for kind in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_empty_variable_is_one_that_is_not_set(kind, environment):
    unset = kind.from_env()
    environment(**dict.fromkeys(kind.model_fields, ""))
    assert kind.from_env() == unset
    for name, field in kind.model_fields.items():
        assert getattr(unset, name) == field.default


def test_every_field_is_read_from_its_variable(environment):
    values = {name: 5_000 + position for position, name in enumerate(NUMBERS)}
    environment(artifacts="s3://bucket/kindred", **{name: str(v) for name, v in values.items()})
    assert Settings.from_env().model_dump() == {**values, "artifacts": "s3://bucket/kindred"}


def test_folders_are_separated_as_in_path(environment):
    folders = os.pathsep.join(("/a", "/b c", ""))
    environment(features=folders, audiences=folders, sql="/sql")
    both = (Path("/a"), Path("/b c"))
    assert Places.from_env() == Places(features=both, audiences=both, sql=Path("/sql"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-02-03", datetime(2025, 2, 3, tzinfo=UTC)),
        ("20250203", datetime(2025, 2, 3, tzinfo=UTC)),
        ("2025-02-03T04:05", datetime(2025, 2, 3, 4, 5, tzinfo=UTC)),
        ("2025-02-03T04:05+02:00", datetime(2025, 2, 3, 2, 5, tzinfo=UTC)),
    ],
)
def test_a_start_date_is_in_utc_unless_it_says_otherwise(environment, text, moment):
    environment(start_date=text)
    assert Schedule.from_env().start_date == moment


def test_resources_of_pods_are_json(environment):
    smallest = {"cpu": "1m", "memory": "512Mi", "ephemeral-storage": "1Mi"}
    given = {"default": {"cpu": 2}, "encode": {"memory": "1.5Gi"}, "publish": smallest}
    given["prepare"] = {"cpu": "0.5", "memory": "537M"}
    environment(pod_resources=json.dumps(given))
    found = Pods.from_env().pod_resources
    assert found == given | {"default": {"cpu": "2"}}


def test_delays_may_be_fractions(environment):
    environment(retry_delay_seconds="0.5", deadline_hours="0")
    found = Schedule.from_env()
    assert timedelta(seconds=found.retry_delay_seconds) == timedelta(milliseconds=500)
    assert found.deadline_hours == 0


@pytest.mark.parametrize(
    ("kind", "name", "value", "allowed"),
    [
        (Settings, "shard_rows", "999", "a whole number of at least 1,000 is"),
        (Settings, "artifacts", "memory://any", "memory:// holds nothing that other processes"),
        (Settings, "artifacts", "s3://", "a URL without empty parts is required"),
        (Settings, "artifacts", "s3://bucket//folder", "a URL without empty parts is required"),
        (Settings, "block_rows", "0", "a whole number of at least 1 is"),
        (Settings, "maintenance_work_mem_mb", "0", "a whole number of at least 1 is"),
        (Settings, "lock_wait_seconds", "-1", "a whole number of at least 0 is"),
        (Settings, "min_free_disk_mb", "-5", "a whole number of at least 0 is"),
        (Settings, "row_limit", "-5", "a whole number of at least 0 is"),
        (Settings, "shard_rows", "many", "a whole number of"),
        (Settings, "lock_wait_seconds", "1.5", "a whole number of"),
        (Schedule, "start_date", "tomorrow", "ISO 8601"),
        (Schedule, "retry_delay_seconds", "-1", "a number of at least 0 is"),
        (Schedule, "retry_delay_seconds", "1 min", "a number of"),
        (Schedule, "deadline_hours", "inf", "a number of"),
        (Page, "page_lookups_per_hour", "0", "a whole number of at least 1 is"),
        (Page, "page_persons", "everybody", "edit, read or nobody"),
        (Queues, "queues", "heavy", "a JSON object of tasks is expected"),
        (Queues, "queues", '["heavy"]', "a JSON object of tasks is expected"),
        (Queues, "queues", '{"encode": {"queue": "heavy"}}', "letters, digits"),
        (Queues, "queues", '{"encode": "heavy,default"}', "found the queue 'heavy,default'"),
        (Pods, "pod_resources", "8Gi", "a JSON object of tasks is expected"),
        (Pods, "pod_resources", '["encode"]', "a JSON object of tasks is expected"),
        (Pods, "pod_resources", '{"encode": "8Gi"}', "a JSON object of tasks is expected"),
        (Pods, "pod_resources", '{"encode": {"gpu": "1"}}', "cpu, memory, ephemeral-storage"),
        (Pods, "pod_resources", '{"encode": {"memory": "8 GB"}}', "such as 512Mi or 4Gi"),
        *(
            (Pods, "pod_resources", f'{{"encode": {{"{name}": {amount}}}}}', text)
            for name, amount, text in [
                ("memory", '"512m"', "such as 512Mi or 4Gi: m stands for thousandths of a byte"),
                ("memory", '"1m"', "thousandths of a byte"),
                ("memory", '"0"', "memory '0' is too little; allowed is at least 512Mi, which Air"),
                ("memory", "4", "memory 4 is too little; allowed is at least 512Mi"),
                ("memory", '"511.9Mi"', "is too little; allowed is at least 512Mi"),
                ("memory", '"500M"', "is too little; allowed is at least 512Mi"),
                ("ephemeral-storage", '"50m"', "thousandths of a byte"),
                ("ephemeral-storage", '"1023Ki"', "is too little; allowed is at least 1Mi"),
                ("cpu", '"2Gi"', "cpu '2Gi' is no quantity of Kubernetes, such as 500m or 2"),
                ("cpu", '"0m"', "cpu '0m' is too little; allowed is at least 1m"),
                ("cpu", "0", "cpu 0 is too little; allowed is at least 1m"),
                ("cpu", "true", "cpu True is no quantity of Kubernetes, such as 500m or 2"),
            ]
        ),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(environment, kind, name, value, allowed):
    environment(**{name: value})
    with pytest.raises(SettingsError) as caught:
        kind.from_env()
    assert str(caught.value).startswith(f"{variable_name(name)}={value!r}: ")
    assert allowed in str(caught.value)


def test_all_bad_values_are_named_at_once(environment):
    environment(shard_rows="1", block_rows="x")
    with pytest.raises(SettingsError) as caught:
        Settings.from_env()
    assert "KINDRED_SHARD_ROWS='1'" in str(caught.value)
    assert "KINDRED_BLOCK_ROWS='x'" in str(caught.value)


def test_a_bad_value_stops_only_those_who_need_it(environment):
    environment(shard_rows="1", erasure_key="x" * 32)
    assert Schedule.from_env() == Schedule()
    assert Secrets.from_env().erasure_key.get_secret_value() == "x" * 32


def test_a_secret_shows_itself_nowhere(environment):
    environment(erasure_key="topsecret")
    assert "topsecret" not in f"{Secrets.from_env()!r} {Secrets.from_env().model_dump_json()}"
    problem = {"loc": ("erasure_key",), "input": "topsecret", "type": "string_type"}
    assert Secrets._problem(problem) == "KINDRED_ERASURE_KEY: a text is required"


def test_a_variable_that_has_changed_is_read_again(environment, monkeypatch):
    environment(block_rows="7")
    assert Settings.from_env() is Settings.from_env()
    environment(block_rows="8")
    assert Settings.from_env().block_rows == 8
    monkeypatch.delenv("KINDRED_BLOCK_ROWS")
    monkeypatch.setenv("kindred_block_rows", "9")
    assert Settings.from_env().block_rows == 9


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().block_rows = 5


def test_every_setting_is_in_the_readme_with_its_default():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(KINDRED_\w+)` \| `?([^|`]*?)`? \|", text, re.MULTILINE))
    assert rows.keys() == VARIABLES
    shown = {
        "features": "include/features",
        "audiences": "include/audiences",
        "sql": "include/sql",
        "start_date": "2026-01-01",
        "erasure_key": "none",
        "export_key": "none",
        "export_roots": "none",
        "scratch": "the folder of temporary files",
    }
    for kind in CLASSES:
        for name, field in kind.model_fields.items():
            assert rows[variable_name(name)] == shown.get(name, str(field.default)), name


def test_nothing_else_reads_the_environment():
    """But connections, whose variables are Airflow's, and the switch of a library's telemetry."""
    found = set()
    for folder in ("plugins", "dags"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            if names & {"environ", "environb", "getenv"}:
                found.add(path.relative_to(ROOT / folder / "kindred").as_posix())
    assert found == {
        "settings.py",
        "run/connections.py",
        "encoding/sentence_models/__init__.py",
    }
