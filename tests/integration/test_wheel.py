"""The wheel carries what it needs: it runs where there is no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from integration.command import command_on, without_frames
from kindred import __version__

BUILT_FROM = ("pyproject.toml", "setup.py", "requirements.in", "README.md", "LICENSE")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    """A wheel, built offline from a copy of the checkout by the environment's setuptools."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        shutil.copy(repository / name, copy)
    for name in ("plugins", "include", "local", "tests", "benchmarks", "dags", "deploy"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(repository / name, copy / name, ignore=ignored)
    command = [sys.executable, "-c", BUILD, str(built)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [path] = built.iterdir()
    return path


def test_the_wheel_has_the_package_its_statements_and_dashboards_and_nothing_else(
    wheel, repository
):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package, sql = repository / "plugins" / "kindred", repository / "include" / "sql"
    modules = {path.relative_to(package.parent).as_posix() for path in package.rglob("*.py")}
    statements = {f"kindred/sql/{path.relative_to(sql).as_posix()}" for path in sql.rglob("*.sql")}
    assert len(statements) > 200
    superset = repository / "deploy" / "superset"
    files = (path.relative_to(superset).as_posix() for path in superset.rglob("*.yaml"))
    dashboards = {f"kindred/superset/files/{name}" for name in files}
    assert len(dashboards) > 20
    data = {"kindred/py.typed", "kindred/planning/constants.json"}
    assert names == modules | statements | dashboards | data
    assert wheel.name == f"kindred-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def run(unpacked, laboratory, tmp_path):
    """The command of the unpacked wheel, with the packages of the environment and no checkout."""
    command = command_on(laboratory, tmp_path)
    packages = sysconfig.get_path("purelib")

    def run_command(*arguments, **changes):
        path = os.pathsep.join((str(unpacked), packages))
        done = subprocess.run(
            # Without site there is no .pth file either, and so no editable install.
            [sys.executable, "-S", "-m", *arguments],
            env=command.environment(PYTHONPATH=path, **changes),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, without_frames(done.stdout + done.stderr)

    return run_command


def test_doctor_runs_from_the_wheel(run, unpacked):
    code, printed = run("kindred.cli", "doctor")
    assert code == 0, printed
    assert printed.endswith("ready to run")
    assert not (unpacked / "include").exists()


def test_dashboards_are_exported_from_the_wheel(run, tmp_path):
    target = tmp_path / "kindred.zip"
    where = ("--uri", "postgresql://bi@db/warehouse", "--output", str(target))
    code, printed = run("kindred.cli", "superset-export", *where)
    assert code == 0, printed
    assert zipfile.is_zipfile(target)


def test_without_specs_it_says_which_variable_to_set(run):
    code, printed = run("kindred.cli", "doctor", KINDRED_FEATURES=None)
    assert code == 1
    assert "settings and spec failure KINDRED_FEATURES is not set" in printed
