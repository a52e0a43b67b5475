"""Fixtures of the tests that need a source and a warehouse."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from benchmarks.debian import CannotInstallError
from integration import plpython_server as plpython
from integration.warehouse import Laboratory, make_spec
from kept_sessions import keeping_sessions
from kindred.maps import laying_out
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space

KEEPING = {
    *("audiences", "backfills", "encoding", "erasure", "events", "history", "lookalikes", "maps"),
    *("publication", "recommendations", "reports", "segments", "serving"),
}
"""Folders whose tests are about what tasks and commands do, not about their sessions."""
HERE = Path(__file__).parent
LEAST_ITERATIONS = 250  # of scikit-learn's t-SNE


@pytest.fixture(autouse=True)
def _sessions_are_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test opens by itself is kept for what it opens next, as in a night."""
    with keeping_sessions() if request.path.parent.name in KEEPING else nullcontext():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Lay out maps in a third of the iterations, in scenes as well, but where maps are tested.

    With all, they take a fifth of the first night of an encoder of 300 customers, two of 4,000.
    """
    # Hooks of this name are called for the tests of all folders.
    if HERE not in item.path.parents or item.path.parent.name == "maps":
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ITERATIONS", "ITERATIONS_OF_REFIT"):
            patch.setattr(laying_out, name, LEAST_ITERATIONS)
        return (yield)


@pytest.fixture(scope="session")
def migrated(make_database: Callable[..., str]) -> str:
    """The name of a warehouse with the space ``default`` for whole numbers, to be copied."""
    return _migrated(make_database("migrated"), KeyType.BIGINT)


@pytest.fixture(scope="session")
def migrated_for_texts(make_database: Callable[..., str]) -> str:
    """The same for keys that are texts."""
    return _migrated(make_database("migrated"), KeyType.TEXT)


def _migrated(dsn: str, key_type: KeyType) -> str:
    with (
        connect(dsn, connection_id="migrated", application_name="tests") as database,
        database.transaction(),
    ):
        create_space(database, make_spec(), key_type)
    return parse_dsn(dsn)["dbname"]


@pytest.fixture(scope="session")
def make_laboratory(
    make_database: Callable[..., str], migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Laboratory]:
    """Create a source and a warehouse; with ``beside``, a warehouse of its own on that source.

    Unless it ``is_bare``, or a copy of another database, the warehouse has the space ``default``
    for keys that are whole numbers: making that takes most of the time of a night.
    """

    def make(
        beside: Laboratory | None = None, *, is_bare: bool = False, copied: str = migrated
    ) -> Laboratory:
        source = make_database("shop") if beside is None else beside.source_dsn
        artefacts: Path = tmp_path_factory.mktemp("artefacts")
        made = make_database("warehouse", **({} if is_bare else {"copied": copied}))
        return Laboratory(source, made, artefacts)

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
def laboratory(
    make_laboratory: Callable[..., Laboratory], request: pytest.FixtureRequest
) -> Laboratory:
    """A new source and a new warehouse; see the marks ``bare`` and ``texts``."""
    if request.node.get_closest_marker("texts") is not None:
        return make_laboratory(copied=request.getfixturevalue("migrated_for_texts"))
    return make_laboratory(is_bare=request.node.get_closest_marker("bare") is not None)


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
