"""docker-compose.yaml and env.template, as far as they can be checked without a Docker engine."""

import copy
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from kindred.settings import Page, Schedule, Settings, variable_name
from unit.compose_file import (
    COMPOSE,
    COMPOSE_FILE,
    ROOT,
    SERVICES,
    VARIABLE,
    environment_of,
    filled_in,
    interpolated,
    passed_on,
    seconds,
    starting_order,
    strings,
    template,
    variables,
    variables_of,
    words,
)

ONE_SHOT = {"airflow-init", "kindred"}
AIRFLOW = {
    *("airflow-init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"),
    "housekeeper",
}
RUNS_KINDRED = {"worker", "kindred"}
# The triggerer tells of missed deadlines; the API server shows the page, as a reader of bi.
REACHES_WAREHOUSE = RUNS_KINDRED | {"triggerer", "api-server"}

SECRET = re.compile(r"PASSWORD|SECRET|_KEY$|_CONN_|_CONN$")


def script(service):
    """The commands of a service as its shell gets them."""
    *shell, text = SERVICES[service]["command"]
    assert shell == ["bash", "-ec"]
    return text.replace("$$", "$")


def environment(service):
    return SERVICES[service].get("environment", {})


def schema_check(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)


def test_compose_file_meets_the_compose_schema():
    checked = schema_check(COMPOSE_FILE)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("key", "value"), [("volume", ["dags:/dags"]), ("ports", 8080), ("restart", ["always"])]
)
def test_schema_check_refuses_a_wrong_service(tmp_path, key, value):
    broken = copy.deepcopy(COMPOSE)
    broken["services"]["scheduler"][key] = value
    path = tmp_path / "docker-compose.yaml"
    path.write_text(yaml.safe_dump(broken))
    checked = schema_check(path)
    assert checked.returncode == 1
    assert "services.scheduler" in checked.stdout


def test_services_are_those_of_the_deployment():
    data_services = {"metadata", "warehouse", "redis"}
    assert set(SERVICES) == AIRFLOW | data_services | {"kindred"}
    for name in AIRFLOW - {"airflow-init", "housekeeper"}:
        command = SERVICES[name]["command"]
        worker = "celery worker --queues ${WORKER_QUEUES:-default}"
        assert command == (worker if name == "worker" else name)


def test_every_variable_is_documented_and_the_reverse():
    defaults = dict(variables(COMPOSE))
    documented = {name: default for name, (default, _) in template().items()}
    assert defaults == documented


def test_every_variable_has_one_meaning():
    found = variables(COMPOSE)
    assert len({name for name, _ in found}) == len(found)
    forms = {match["form"] for text in strings(COMPOSE) for match in VARIABLE.finditer(text)}
    assert forms == {":?", ":-"}
    bare = [text for text in strings(COMPOSE) if re.search(r"(?<!\$)\$(?![{$])", text)]
    assert bare == []


def test_secrets_have_neither_default_nor_value():
    secrets = {name for name, _ in variables(COMPOSE) if SECRET.search(name)}
    assert len(secrets) == 13
    optional = {"AIRFLOW_CONN_KINDRED_ALERTS", "AWS_SECRET_ACCESS_KEY", "KINDRED_EXPORT_KEY"}
    assert {name for name, default in variables(COMPOSE) if default is None} >= secrets - optional
    for name, (default, line) in template().items():
        assert default is not None or line["value"] == "", f"{name} has a value in env.template"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_secret_settings_come_from_secret_variables(service):
    given = {key: value for key, value in environment(service).items() if value is not None}
    for key, value in given.items():
        if SECRET.search(key) or key.endswith("BROKER_URL"):
            used = {name for name, _ in variables(value)}
            assert used, f"{service}: {key} is a literal"
            assert all(SECRET.search(name) for name in used)
        login = re.search(r"//[^/@:]*:([^/@]*)@", VARIABLE.sub("variable", str(value)))
        assert login is None or login[1] == "variable", f"{service}: {key} holds a password"


def test_secrets_stay_out_of_commands():
    for name, service in SERVICES.items():
        used = variables([service.get(key) for key in ("command", "entrypoint", "healthcheck")])
        assert not [variable for variable, _ in used if SECRET.search(variable)], name


def test_the_password_of_the_administrator_is_in_no_argument_list(tmp_path):
    """Run as compose does, with an Airflow that says what its processes can be seen with."""
    package = tmp_path / "airflow"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "def main():\n"
        "    print(sys.argv)\n"
        "    for path in Path('/proc').glob('[0-9]*/cmdline'):\n"
        "        try:\n"
        "            assert b't0p-secret' not in path.read_bytes(), path\n"
        "        except OSError:\n"
        "            pass\n"
    )
    migrate = tmp_path / "bin" / "airflow"
    migrate.parent.mkdir()
    migrate.write_text('#!/bin/sh\nexec test "$*" = "db migrate"\n')
    migrate.chmod(0o755)
    (migrate.parent / "python").symlink_to(sys.executable)
    variables = {"ADMIN_USER": "root", "ADMIN_PASSWORD": "t0p-secret", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-ec", script("airflow-init")],
        env={**variables, "PATH": f"{migrate.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'users', 'create'" in done.stdout
    assert "'--password', 't0p-secret', '--email', 'root@localhost'" in done.stdout


@pytest.mark.parametrize("is_healthy", [True, False])
def test_the_housekeeper_deletes_what_is_old_and_nothing_else(tmp_path, is_healthy):
    """One round; Airflow's own command is tried where Airflow is: tests/airflow."""
    logs, programs = tmp_path / "logs", tmp_path / "bin"
    programs.mkdir()
    for name, days in {"a/old.log": 91, "a/young.log": 89, "b/c/old.log": 91, "new.log": 0}.items():
        (logs / name).parent.mkdir(parents=True, exist_ok=True)
        (logs / name).touch()
        os.utime(logs / name, (time.time() - days * 86_400,) * 2)
    (logs / "begun").mkdir()
    airflow = f'echo "$@" > {tmp_path}/asked; exit {0 if is_healthy else 1}'
    for name, text in {
        "airflow": airflow,
        "sleep": f"kill $PPID; exec {sys.executable} -c 0",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    text = script("housekeeper").replace("/opt/airflow/logs", str(logs))
    default = dict(variables(environment("housekeeper")))["AIRFLOW_KEEP_DAYS"]
    subprocess.run(
        ["bash", "-ec", text.replace("/tmp/cleaned", str(tmp_path / "cleaned"))],
        env={"PATH": f"{programs}:/usr/bin:/bin", "KEEP_DAYS": default},
        timeout=20,
        check=False,
    )
    *words, before, skip, sure = (tmp_path / "asked").read_text().split()
    assert words == ["db", "clean", "--clean-before-timestamp"]
    assert (skip, sure) == ("--skip-archive", "--yes")
    age = datetime.now(UTC) - datetime.fromisoformat(before)
    assert abs(age - timedelta(days=90)) < timedelta(minutes=5)
    left = {str(path.relative_to(logs)) for path in logs.rglob("*") if path.is_file()}
    everything = {"a/old.log", "a/young.log", "b/c/old.log", "new.log"}
    assert left == ({"a/young.log", "new.log"} if is_healthy else everything)
    assert (logs / "begun").is_dir()
    assert (tmp_path / "cleaned").exists() == is_healthy


def test_alerts_and_object_stores_can_be_set_where_they_are_used():
    for service in ("worker", "triggerer", "kindred"):
        assert "AIRFLOW_CONN_KINDRED_ALERTS" in set(passed_on(SERVICES[service]))
    for service in SERVICES:
        uses_artefacts = "AWS_SECRET_ACCESS_KEY" in set(passed_on(SERVICES[service]))
        assert uses_artefacts == (service in RUNS_KINDRED), service


def test_airflow_services_share_image_user_settings_and_secrets():
    common = COMPOSE["x-airflow-environment"]
    assert {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY"} < set(common)
    for name in AIRFLOW:
        service = SERVICES[name]
        assert (service["image"], service["build"], service["user"]) == (
            SERVICES["kindred"]["image"],
            ".",
            "50000:0",
        )
        assert common.items() <= environment(name).items(), name
        assert service["volumes"] == COMPOSE["x-airflow"]["volumes"]


def test_only_what_runs_the_pipeline_reaches_the_warehouse():
    on_network = {
        network: {name for name, service in SERVICES.items() if network in service["networks"]}
        for network in COMPOSE["networks"]
    }
    assert on_network["data"] == REACHES_WAREHOUSE | {"warehouse"}
    assert on_network["control"] == AIRFLOW | {"metadata", "redis"}
    for name in SERVICES:
        has_connection = any(key.startswith("AIRFLOW_CONN_") for key in environment(name))
        assert has_connection == (name in REACHES_WAREHOUSE), name
    found = {key for key in environment("api-server") if "CONN" in key and "KINDRED" in key}
    assert found == {"AIRFLOW_CONN_KINDRED_BI"}
    assert "//kindred_page:" in environment("api-server")["AIRFLOW_CONN_KINDRED_BI"]
    assert "KINDRED_ERASURE_KEY" not in environment("api-server")
    warehouse = {name for name, _ in variables(environment("warehouse"))}
    assert warehouse.isdisjoint(name for name, _ in variables(environment("metadata")))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_dependencies_exist_and_can_be_waited_for(service):
    for name, dependency in SERVICES[service].get("depends_on", {}).items():
        if dependency["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[name]
        else:
            assert dependency["condition"] == "service_completed_successfully"
            assert name in ONE_SHOT


def test_tasks_start_after_the_api_server_is_healthy():
    for name in ("scheduler", "worker"):
        assert SERVICES[name]["depends_on"]["api-server"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("service", sorted(set(SERVICES) - ONE_SHOT))
def test_long_running_services_are_watched_and_bounded(service):
    definition = SERVICES[service]
    assert definition["restart"] == "unless-stopped"
    assert set(definition["healthcheck"]) == {
        *("test", "interval", "timeout", "retries", "start_period")
    }
    assert definition["deploy"]["resources"]["limits"]["memory"]
    assert definition["stop_grace_period"]
    assert "container_name" not in definition, "a named container cannot be scaled"


def test_mounted_files_exist_and_named_volumes_are_declared():
    declared, used = set(COMPOSE["volumes"]), set()
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source, target, *mode = mount.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{source} is mounted and does not exist"
                assert mode == ["ro"]
            else:
                used.add(source)
    assert used == declared


def test_all_workers_share_the_artefacts():
    path = dict(variables(COMPOSE["x-kindred-environment"]))["KINDRED_ARTIFACTS"]
    for name in RUNS_KINDRED:
        assert f"artifacts:{path}" in SERVICES[name]["volumes"]


def test_ports_are_published_on_this_host_only():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"api-server", "warehouse"}
    for ports in published.values():
        for port in ports:
            assert re.match(r"\$\{\w+_BIND:-127\.0\.0\.1\}:", port)


def test_every_setting_of_kindred_can_be_set_and_has_its_own_default():
    defaults = dict(variables(COMPOSE["x-kindred-environment"]))
    fields = Settings.model_fields | Schedule.model_fields | Page.model_fields
    # A volume here; for development only; without a default here.
    for name, field in fields.items():
        if name not in {"artifacts", "row_limit", "start_date"}:
            assert defaults[variable_name(name)] == str(field.default)


def test_paths_given_to_kindred_are_mounted():
    mounts = [mount.split(":") for mount in SERVICES["worker"]["volumes"]]
    for name in ("KINDRED_FEATURES", "KINDRED_SQL"):
        path = environment("worker")[name]
        source = next(
            f"{source}{path.removeprefix(target)}"
            for source, target, *_ in mounts
            if path.startswith(target)
        )
        assert (ROOT / source).is_dir()


def test_variables_are_replaced_as_compose_does():
    node = {
        "a": ["${ONE:-1}x", "$$HOME ${TWO:?see it}"],
        "b": None,
        "c": 5,
        "${ONE:-1}": "${ONE:-}",
    }
    found = interpolated(node, {"ONE": "", "TWO": "2"})
    assert found == {"a": ["1x", "$HOME 2"], "b": None, "c": 5, "${ONE:-1}": ""}
    assert interpolated("${ONE:-1}", {"ONE": "${TWO}"}) == "${TWO}"
    with pytest.raises(ValueError, match="TWO: see it"):
        interpolated(node, {"TWO": ""})
    service = {"environment": {"A": "1", "B": None, "C": None, "D": 5}}
    assert environment_of(service, {"B": "b", "E": "e"}) == {"A": "1", "B": "b", "D": "5"}
    assert words("celery worker --queues a,b") == ["celery", "worker", "--queues", "a,b"]
    assert (seconds("1m30s"), seconds("2h"), seconds("10s")) == (90, 7200, 10)


def test_a_filled_in_template_sets_what_it_was_given():
    given = {
        name: f"{name} of mine" for name, (default, _) in template().items() if default is None
    }
    given["AIRFLOW_KEEP_DAYS"] = "7"
    text = filled_in(given)
    assert variables_of(text) == given
    assert len(text.splitlines()) == len((ROOT / "env.template").read_text().splitlines())


def test_services_start_behind_those_they_depend_on():
    order = starting_order(SERVICES)
    assert set(order) == set(SERVICES) - {"kindred"}
    for name in order:
        assert set(SERVICES[name].get("depends_on", {})) <= set(order[: order.index(name)])
