"""Fixtures of the tests that need a source and a warehouse."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.debian import CannotInstallError
from integration import plpython_server as plpython
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def make_laboratory(
    make_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Laboratory]:
    """Create a source and a warehouse; with ``beside``, a warehouse of its own on that source."""

    def make(beside: Laboratory | None = None) -> Laboratory:
        source = make_database("shop") if beside is None else beside.source_dsn
        artefacts: Path = tmp_path_factory.mktemp("artefacts")
        return Laboratory(source, make_database("warehouse"), artefacts)

    return make


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
