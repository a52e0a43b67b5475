"""The values for Airflow's Helm chart, as far as they can be checked without the chart.

`make check-kubernetes` renders the chart with them, and validates what comes out.
"""

import re
import tomllib

import pytest
import yaml

from kindred.airflow_adapter import pods
from kindred.settings import QUANTITY, Environment, Places, Schedule, Settings, variable_name
from unit.helm_values import FOLDER, LAYERS, ROOT, key_of, known_keys, leaves, read, values

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
COMMAND = yaml.safe_load((FOLDER / "kindred.yaml").read_text(encoding="utf-8"))
FILES = ["values.yaml", "values-celery.yaml", "values-git-sync.yaml"]
TYPES = {"boolean": {bool}, "integer": {int}, "string": {str}, "quantity": {str}}
TYPES["scalar"] = {bool, int, str}
VARIABLES = {
    variable_name(name) for kind in Environment.__subclasses__() for name in kind.model_fields
}
TEMPLATED = re.compile(r"^- name: (\w+)\n  value: (.+)$", re.M)
GENERATED = {
    *("fernetKey", "apiSecretKey", "jwtSecret", "webserverSecretKey", "extraSecrets"),
    *("data.metadataConnection", "data.resultBackendConnection", "data.brokerUrl"),
    *("redis.password", "createUserJob.defaultUser", "webserver.defaultUser"),
}
"""Keys of the chart whose values would be secrets."""


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if re.match(r"[a-z0-9.-]+==", line))


def named(entries):
    """What a list of environment variables sets by value, and from which secrets."""
    set_here = {entry["name"]: entry["value"] for entry in entries if "value" in entry}
    references = {
        entry["name"]: entry["valueFrom"]["secretKeyRef"]
        for entry in entries
        if "valueFrom" in entry
    }
    return set_here, {name: (found["name"], found["key"]) for name, found in references.items()}


@pytest.mark.parametrize("layers", LAYERS)
def test_every_key_is_one_of_the_chart_and_has_a_value_of_its_type(layers):
    known = known_keys()
    for path, value in leaves(values(*layers)):
        assert key_of(path) in known, path
        kind = known[key_of(path)]
        assert type(value) in TYPES[kind], path
        assert kind != "quantity" or QUANTITY.fullmatch(value), path


def test_no_key_is_noted_that_is_not_used():
    used = {key_of(path) for name in FILES for path, _ in leaves(read(name))}
    assert set(known_keys()) == used


def test_a_misspelt_key_would_be_noticed():
    assert key_of("workers.kubernets.resources.limits.memory") not in known_keys()
    assert key_of("config.core.parallelism") in known_keys()


def test_image_and_version_are_those_of_the_repository():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = values()
    assert said["defaultAirflowTag"] == project["version"]
    assert said["airflowVersion"] == pins("requirements.txt")["apache-airflow"]
    image = f"{said['defaultAirflowRepository']}:{said['defaultAirflowTag']}"
    assert COMMAND["spec"]["containers"][0]["image"] == image
    assert set(re.findall(r"registry\.example\.com/\S+:\S+", PAGE)) == {image}


def test_the_image_has_what_its_values_ask_for():
    required = pins("requirements-kubernetes.txt")
    assert "apache-airflow-providers-cncf-kubernetes" in required  # executor
    assert "apache-airflow-providers-celery" in required
    assert values()["config"]["logging"]["remote_base_log_folder"].startswith("s3://")
    assert {"apache-airflow-providers-amazon", "s3fs", "statsd"} <= required.keys()


@pytest.mark.parametrize("layers", LAYERS)
def test_secrets_are_named_and_none_is_generated_or_written_down(layers):
    said = values(*layers)
    paths = {path for path, _ in leaves(said)}
    assert not [
        path for path in paths if path.startswith(tuple(GENERATED)) and "SecretName" not in path
    ]
    named_by = {path for path in paths if path.endswith("SecretName")}
    wanted = {"fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName"}
    wanted |= {"data.metadataSecretName", "data.brokerUrlSecretName"}
    wanted |= {"redis.passwordSecretName"} if said["redis"]["enabled"] else set()
    assert named_by == wanted
    assert said["postgresql"]["enabled"] is said["createUserJob"]["enabled"] is False
    for path, value in leaves(said):
        assert not re.search(r"//[^/@\s]*:[^/@\s]*@", str(value)), path


def test_every_secret_is_made_on_the_page():
    wanted = {"kindred-fernet-key": {"fernet-key"}, "kindred-api-secret-key": {"api-secret-key"}}
    wanted |= {"kindred-jwt-secret": {"jwt-secret"}, "kindred-metadata": {"connection"}}
    said = values()
    for component in ("workers", "triggerer", "apiServer", "scheduler"):
        for name, key in named(said[component]["env"])[1].values():
            wanted.setdefault(name, set()).add(key)
    made = {name: {key} for name, key in re.findall(r"secret (kindred-[a-z-]+) ([a-z-]+)", PAGE)}
    [lines] = re.findall(r"generic (kindred-connections) .*--from-env-file=connections\.env", PAGE)
    [listed] = re.findall(r"`connections\.env` has a line\s+each for (.*), such as", PAGE)
    made[lines] = set(re.findall(r"`(\w+)`", listed))
    assert made == wanted
    for name in ("redis.passwordSecretName", "dags.gitSync.credentialsSecret"):
        found = dict(leaves(values("values-celery.yaml", "values-git-sync.yaml")))[name]
        assert f"`{found}`" in PAGE


def environment(said):
    """The settings of every container: by value, and those that follow from other values."""
    by_value, secrets = named(said["env"])
    assert secrets == {}
    return by_value, dict(TEMPLATED.findall(said["extraEnv"]))


def test_settings_are_known_and_can_be_read(monkeypatch):
    by_value, templated = environment(values())
    assert by_value.keys() | templated.keys() <= VARIABLES
    assert not by_value.keys() & templated.keys()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in by_value.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env().artifacts.startswith("s3://")
    assert str(Places.from_env().scratch) == "/opt/airflow/scratch"
    assert Schedule.from_env().start_date.year == 2026
    monkeypatch.setattr(pods, "find_spec", lambda _: object())
    table = pods.pods_from_env()
    template = values()["workers"]["kubernetes"]["resources"]
    assert pods.resources_of(table, "publish") == template  # the default of both
    threads = by_value["KINDRED_GRAPH_THREADS"]
    assert {table[task]["cpu"] for task in ("search_graph", "cluster")} == {threads}


def test_paths_are_in_the_image_or_mounted():
    _, templated = environment(values())
    both = r'{{ ternary "/opt/airflow/dags/repo" "/opt/airflow" .Values.dags.gitSync.enabled }}'
    for name, place in (("KINDRED_FEATURES", "features"), ("KINDRED_AUDIENCES", "audiences")):
        assert templated[name] == f"{both}/include/{place}"
        assert (ROOT / "include" / place).is_dir()
    assert templated["KINDRED_SQL"] == "/opt/airflow/include/sql"
    assert (
        "COPY --chown=airflow:0 include /opt/airflow/include" in (ROOT / "Dockerfile").read_text()
    )
    assert values("values-git-sync.yaml")["dags"]["gitSync"]["subPath"] == "dags"
    workers = values()["workers"]
    [mount], [volume] = workers["extraVolumeMounts"], workers["extraVolumes"]
    assert mount["mountPath"] == environment(values())[0]["KINDRED_SCRATCH"]
    assert mount["name"] == volume["name"]


def test_as_many_tasks_share_a_worker_as_it_runs_at_once():
    said = values("values-celery.yaml")
    assert said["executor"] == "CeleryExecutor"
    at_once = environment(said)[1]["KINDRED_TASKS_AT_ONCE"]
    assert ".Values.config.celery.worker_concurrency 1" in at_once
    assert '(eq .Values.executor "CeleryExecutor")' in at_once
    default = COMPOSE["x-airflow-environment"]["AIRFLOW__CELERY__WORKER_CONCURRENCY"]
    assert default == f"${{WORKER_CONCURRENCY:-{said['config']['celery']['worker_concurrency']}}}"


def test_only_what_runs_the_pipeline_has_its_connections():
    said = values()
    found = {
        name: set(named(said[name]["env"])[1]) - {"AIRFLOW_CONN_AIRFLOW_LOGS"}
        for name in ("workers", "triggerer", "apiServer", "scheduler")
    }
    services = COMPOSE["services"]
    connections = set(COMPOSE["x-connections"])
    assert found["workers"] == connections | {"AIRFLOW_CONN_KINDRED_ARTIFACTS"}
    assert found["triggerer"] < connections
    page = {
        name for name in services["api-server"]["environment"] if name.startswith("AIRFLOW_CONN")
    }
    assert found["apiServer"] == page
    assert found["scheduler"] == set()
    assert "env" not in said["dagProcessor"]
    logs = said["config"]["logging"]["remote_log_conn_id"]
    for name in ("workers", "triggerer", "apiServer", "scheduler"):
        assert f"AIRFLOW_CONN_{logs.upper()}" in named(said[name]["env"])[1], name


def test_the_role_of_the_buckets_is_that_of_everything_with_their_connections():
    text = (FOLDER / "values.yaml").read_text(encoding="utf-8")
    assert text.count("&role {}") == 1
    said = yaml.safe_load(text.replace("&role {}", "&role {arn: some}"))
    logs = f"AIRFLOW_CONN_{said['config']['logging']['remote_log_conn_id'].upper()}"
    reaching = {
        name
        for name, component in said.items()
        if isinstance(component, dict) and logs in named(component.get("env", ()))[1]
    }
    with_role = {
        name
        for name, component in said.items()
        if isinstance(component, dict) and "serviceAccount" in component
    }
    assert with_role == reaching >= {"workers", "apiServer"}
    assert all(
        said[name]["serviceAccount"] == {"annotations": {"arn": "some"}} for name in reaching
    )
    accounts = {
        "kindred-airflow-" + re.sub("[A-Z]", lambda it: "-" + it[0].lower(), name.rstrip("s"))
        for name in reaching
    }
    assert set(re.findall(r"`(kindred-airflow-[a-z-]+)`", PAGE)) == accounts
    assert COMMAND["spec"]["serviceAccountName"] == "kindred-airflow-worker"


def test_the_pod_of_the_command_has_the_settings_of_a_task():
    [container] = COMMAND["spec"]["containers"]
    by_value, secrets = named(container["env"])
    said, templated = environment(values())
    assert by_value == {
        **{name: value for name, value in said.items() if name != "KINDRED_POD_RESOURCES"},
        **{
            name: f"/opt/airflow/include/{name.removeprefix('KINDRED_').lower()}"
            for name in templated
        },
        "KINDRED_TASKS_AT_ONCE": "1",
    }
    workers = values()["workers"]
    expected = named(workers["env"])[1]
    assert secrets.items() <= expected.items()
    assert expected.keys() - secrets.keys() == {
        *("AIRFLOW_CONN_AIRFLOW_LOGS", "AIRFLOW_CONN_KINDRED_ALERTS")
    }
    assert container["resources"] == workers["kubernetes"]["resources"]
    assert container["volumeMounts"] == workers["extraVolumeMounts"]
    assert COMMAND["spec"]["volumes"] == workers["extraVolumes"]


def test_old_runs_go_after_as_many_days_as_with_compose():
    said = values()["databaseCleanup"]
    keep = COMPOSE["services"]["housekeeper"]["environment"]["KEEP_DAYS"]
    assert keep == f"${{AIRFLOW_KEEP_DAYS:-{said['retentionDays']}}}"
    assert said["enabled"] is said["skipArchive"] is True
    assert values()["cleanup"]["enabled"] is True
    assert values("values-celery.yaml")["cleanup"]["enabled"] is False


def test_the_chart_is_of_one_version_everywhere():
    texts = [PAGE, *((FOLDER / name).read_text(encoding="utf-8") for name in FILES)]
    commands = [
        line for text in texts for line in text.split("\n") if "apache-airflow/airflow" in line
    ]
    assert len(commands) >= 4
    assert {
        version
        for line in commands
        for version in re.findall(r"--version (\S+?)[`)]*(?=[\s`)])", line)
    } == {"1.20.0"}


def test_files_named_on_the_page_exist():
    for name in re.findall(r"`((?:deploy|docs|plugins|include|dags|requirements)[\w./-]*)`", PAGE):
        is_of_a_service = name == "plugins.zip" or name.startswith("dags/")
        assert (ROOT / name).exists() or is_of_a_service, name
    for name in FILES[1:]:
        assert f"`{name}`" in PAGE
    for name in re.findall(r"--(?:values|filename) (\S+)", PAGE):
        assert (ROOT / name).is_file(), name


def test_settings_named_on_the_page_are_known():
    assert set(re.findall(r"\bKINDRED_[A-Z_]+\b", PAGE)) <= VARIABLES
