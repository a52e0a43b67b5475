"""Fixtures of the tests that need a source and a warehouse."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from benchmarks.debian import CannotInstallError
from integration import plpython_server as plpython
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def make_laboratory(
    make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Laboratory]:
    """Create a source and a warehouse; with ``beside``, a warehouse of its own on that source."""

    def make(beside: Laboratory | None = None) -> Laboratory:
        source = make_database("shop") if beside is None else beside.source_dsn
        artefacts: Path = tmp_path_factory.mktemp("artefacts")
        return Laboratory(source, make_database("warehouse"), artefacts)

    return make


@pytest.fixture(scope="session")
def copy_laboratory(
    make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Laboratory], Laboratory]:
    """Copy a laboratory as it is now: databases, artefacts, settings. Cheaper than a night."""

    def copy(original: Laboratory) -> Laboratory:
        source = make_database("shop", copied=parse_dsn(original.source_dsn)["dbname"])
        warehouse = make_database("warehouse", copied=parse_dsn(original.warehouse_dsn)["dbname"])
        artefacts = tmp_path_factory.mktemp("copied") / "artefacts"
        shutil.copytree(original.artefacts, artefacts)
        return Laboratory(source, warehouse, artefacts, dict(original.environment))

    return copy


@pytest.fixture
def laboratory(make_laboratory: Callable[..., Laboratory]) -> Laboratory:
    """A new source and a new warehouse."""
    return make_laboratory()


@pytest.fixture(scope="session")
def plpython_folders(repository: Path) -> tuple[Path, Path]:
    """PostgreSQL 15 with PL/Python and pgvector, and the packages for its Python."""
    try:
        return plpython.installed(repository / "build", repository / "requirements-plpython.txt")
    except CannotInstallError as error:
        if os.geteuid() == 0:
            raise
        pytest.skip(f"PL/Python is not here, and an ordinary user cannot get it: {error}")


@pytest.fixture(scope="session")
def plpython_server(plpython_folders: tuple[Path, Path]) -> Iterator[plpython.PlpythonServer]:
    """The one server with PL/Python of the session."""
    with plpython.running(*plpython_folders) as server:
        yield server
