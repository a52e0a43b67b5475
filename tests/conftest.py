"""Fixtures of all tests: one embedded PostgreSQL a session, databases of their own for tests."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from databases import administer, create_owner
from local.postgres import OWNER, EmbeddedServer
from made_databases import MadeDatabases
from sentence_models import link_model

COLLECTION_SECONDS = 60
GARBAGE_AFTER = 20_000  # objects: to look for it after each 700, as usual, takes a fiftieth of all
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 3 << 30
# Backends that give memory back to the system soon ask for it again, which zeroes it.
MALLOC = {
    "MALLOC_TOP_PAD_": "4194304",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "67108864",
}
DATABASES = pytest.StashKey[MadeDatabases]()
TOGETHER = {
    "tests/airflow": "airflow",
    "tests/integration/audiences": "audiences",
    "tests/integration/page": "reports",
    "tests/integration/recommendations": "recommendations",
    "tests/integration/reports": "reports",
}
ON_PLPYTHON = ("plpython", "history/test_key_collations")
PARTS = (("neighbours", "maps"), ("segments", "recommendations", "audiences"))  # of machine_code.py

# `make test` tries the same examples each time; the long profile tries new ones.
settings.register_profile("test", deadline=None, derandomize=True, database=None)
settings.register_profile("long", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--soak``."""
    parser.addoption("--soak", action="store_true", help="what `make soak` runs, and nothing else")


def pytest_configure(config: pytest.Config) -> None:
    """Let somebody keep account of the databases."""
    config.stash[DATABASES] = MadeDatabases()
    config.pluginmanager.register(config.stash[DATABASES])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what is asked for: tests marked ``soak`` or in a file ``soak_*.py``, or all others."""
    is_asked = config.getoption("soak")
    items[:] = [item for item in items if _is_soak(item) == is_asked]


def _is_soak(item: pytest.Item) -> bool:
    return "soak" in item.keywords or item.path.name.startswith("soak_")


class Together(LoadFileScheduling):
    """Where tests run side by side: one process for a file, one for all that share a server.

    Those are the tests with the Airflow, and those on Debian's server, which one installs; and
    those of audiences, of recommendations, or of reports and the page, share their nights.

    While the processes collect the tests, others compile what they all would have to.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        folder = Path(__file__).parent
        path = os.pathsep.join(map(str, (folder.parent, folder.parent / "plugins", folder)))
        environment = os.environ | {"PYTHONPATH": path}
        commands = ([sys.executable, folder / "machine_code.py", *names] for names in PARTS)
        self._compiling = [subprocess.Popen(command, env=environment) for command in commands]

    def schedule(self) -> None:
        assert [process.wait() for process in self._compiling] == [0] * len(PARTS)
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if any(name in file for name in ON_PLPYTHON):
            return "plpython"
        return TOGETHER.get(str(Path(file).parent), file)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Import the tests without looking for garbage among what stays: that is a quarter of it."""
    done = _wait_for_compiled_tests(session.config)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER, 20, 20)
        gc.enable()
        if done is not None:
            done.touch()
            session.config.add_cleanup(done.unlink)


def _wait_for_compiled_tests(config: pytest.Config) -> Path | None:
    """In a fresh checkout one process compiles the tests, and the others wait for what it keeps.

    Returns what that process has to touch then, and remove in the end.
    """
    worker = getattr(config, "workerinput", None)
    is_compiled = (Path(__file__).parent / "unit" / "spec" / "__pycache__").exists()
    if worker is None or is_compiled or sys.dont_write_bytecode:
        return None
    done = Path(tempfile.gettempdir()) / f"kindred-tests-{worker['testrunuid']}"
    if worker["workerid"] == "gw0":
        return done
    deadline = time.monotonic() + COLLECTION_SECONDS
    while not done.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Let `Together` hand out the tests."""
    return Together(config, log)


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where servers have their data: in memory, if there is enough.

    A database is five hundred files, which a journaling file system makes in 50 to 200 ms.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_BYTES:
        yield tmp_path_factory.mktemp("servers")
        return
    for left in MEMORY.glob("kindred-tests-*"):  # by tests that were killed
        if not psutil.pid_exists(int(left.name.rpartition("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"kindred-tests-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def start_server(server_folder: Path) -> Callable[[str], EmbeddedServer]:
    """Start a PostgreSQL server of its own; whoever asked for it stops it."""

    def start(name: str) -> EmbeddedServer:
        server = EmbeddedServer(server_folder / name / "data")
        with pytest.MonkeyPatch.context() as patch:
            for variable, size in MALLOC.items():
                patch.setenv(variable, size)
            server.start()
        # Nothing here must outlive a power cut, and every test makes databases: autovacuum would be
        # busy with going round them.
        administer(
            server,
            "alter system set fsync = off",
            "alter system set autovacuum = off",
            "alter system set max_wal_size = '256MB'",
            "select pg_reload_conf()",
        )
        return server

    return start


@pytest.fixture(scope="session")
def server(start_server: Callable[[str], EmbeddedServer]) -> Iterator[EmbeddedServer]:
    """The one PostgreSQL server of the session."""
    server = start_server("postgres")
    create_owner(server)
    administer(
        server,
        # Each new database takes a checkpoint, and behind one a page is written whole when it
        # changes. Not where a server is killed: that may be in the middle of a page.
        "alter system set full_page_writes = off",
        "select pg_reload_conf()",
        f"grant pg_checkpoint to {OWNER}",
        # For readers that are told of each wait.
        f"grant set on parameter log_lock_waits, deadlock_timeout to {OWNER}",
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def make_database(server: EmbeddedServer, pytestconfig: pytest.Config) -> Callable[..., str]:
    """Create a database of a new name, empty or a copy of another; returns its libpq URI.

    It is dropped behind the test, or the module, that had it made.
    """
    databases = pytestconfig.stash[DATABASES]

    def make(prefix: str, copied: str = "template1") -> str:
        return databases.make(server, prefix, copied)

    return make


@pytest.fixture
def database(make_database: Callable[[str], str]) -> Iterator["psycopg2.extensions.connection"]:
    """A session in an empty database."""
    connection = psycopg2.connect(make_database("empty"))
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def model_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real sentence model: all-MiniLM-L6-v2, quantised to int8, 384 dimensions."""
    return link_model(tmp_path_factory.mktemp("minilm"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[1]
