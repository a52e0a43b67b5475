"""A real Airflow on this machine: its database, its components, and their readiness."""

import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg2

from local.credentials import ADMIN_USER, Credentials
from local.environment import LOOPBACK, METADATA, airflow_environment
from local.failures import RunFailedError, tail_of
from local.layout import Layout
from local.postgres import EmbeddedServer
from local.rest import AirflowClient
from local.supervisor import API_SERVER, Supervisor

DAG_PROCESSOR, SCHEDULER, TRIGGERER = "dag-processor", "scheduler", "triggerer"
COMPONENTS = (API_SERVER, DAG_PROCESSOR, SCHEDULER, TRIGGERER)
MIGRATION = "airflow-db-migrate"
MIGRATION_SECONDS, HEALTHY_SECONDS = 300, 180
# No log servers: the API server reads the log files of this machine itself.
_ARGUMENTS = {SCHEDULER: ("--skip-serve-logs",), TRIGGERER: ("--skip-serve-logs",)}
_USUAL_PORTS, _ANY_PORT_TRIES = range(8080, 8100), 5


class LocalAirflow:
    """The processes of one local Airflow, started through a supervisor."""

    def __init__(
        self,
        layout: Layout,
        server: EmbeddedServer,
        supervisor: Supervisor,
        credentials: Credentials,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        address: str = LOOPBACK,
    ) -> None:
        """Choose a port if none is given; ``settings`` are further environment variables.

        The API server listens at ``address``, and there only.
        """
        self.layout = layout
        self.server = server
        self.supervisor = supervisor
        self._claim: socket.socket | None = None
        if port is None:
            port, self._claim = claim_port()
        self.url = f"http://{address}:{port}"
        self.environment = {
            **airflow_environment(layout, server, credentials, port, address),
            **(settings or {}),
        }
        self.client = AirflowClient(self.url, ADMIN_USER, credentials.admin_password)
        self._started_at = datetime.now(UTC)

    def begin_migration(self) -> bool:
        """Start making the metadata database; False if it exists and can be reused.

        A database with interrupted runs is made again, since their tasks wait for processes that no
        longer exist.
        """
        if self._migrated_by() == version("apache-airflow") and not self._has_unfinished_runs():
            return False
        self._stamp.unlink(missing_ok=True)
        self.server.drop_database(METADATA)
        self.server.create_database(METADATA)
        self._start(MIGRATION, "db", "migrate")
        return True

    def finish_migration(self) -> None:
        """Wait until the metadata database is made."""
        self.supervisor.wait_for_success(MIGRATION, MIGRATION_SECONDS)
        self._stamp.write_text(version("apache-airflow"), encoding="utf-8")

    def start(self) -> None:
        """Start the components that run DAGs, in any order, since all DAGs are paused."""
        self._started_at = datetime.now(UTC)
        self.layout.url_file.write_text(self.url, encoding="utf-8")
        for name in (API_SERVER, DAG_PROCESSOR, SCHEDULER):
            self._start(name, name, *_ARGUMENTS.get(name, ()))

    def start_triggerer(self) -> None:
        """Start the triggerer behind everything else: no task of ours waits for it."""
        self._start(TRIGGERER, TRIGGERER, *_ARGUMENTS[TRIGGERER], nice=10)

    def check(self) -> None:
        """Raise with a log tail if a component has ended by itself."""
        started = {component.name for component in self.supervisor.components()}
        self.supervisor.check_all_run([name for name in COMPONENTS if name in started])

    def wait_until_healthy(self, dag_id: str) -> None:
        """Wait until the components answer and the DAG, as it is on disk now, can be run."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        self._wait_for(deadline, lambda: self.client.health() is not None, API_SERVER)
        if self._claim is not None:
            self._claim.close()
        self.client.log_in()
        self.client.warm_execution_api()
        self._wait_for(deadline, lambda: self._is_healthy("dag_processor"), DAG_PROCESSOR)
        self._wait_for(deadline, lambda: self._is_healthy("scheduler"), SCHEDULER)
        self._wait_for(deadline, lambda: self._has_parsed(dag_id), DAG_PROCESSOR)

    def wait_for_triggerer(self) -> None:
        """Wait until the triggerer is healthy too."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        self._wait_for(deadline, lambda: self._is_healthy("triggerer"), TRIGGERER)

    @property
    def _stamp(self) -> Path:
        return self.layout.airflow_home / "migrated-by"

    def _migrated_by(self) -> str | None:
        return self._stamp.read_text(encoding="utf-8") if self._stamp.exists() else None

    def _has_unfinished_runs(self) -> bool:
        query = "select exists (select from dag_run where state in ('queued', 'running'))"
        dsn = self.server.dsn(METADATA)
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
        return row is None or bool(row[0])

    def _start(self, name: str, *arguments: str, nice: int = 0) -> None:
        command = [sys.executable, "-m", "airflow", *arguments]
        self.supervisor.start(name, command, self.environment, nice=nice)

    def _wait_for(self, deadline: float, condition: Callable[[], bool], blamed: str) -> None:
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise RunFailedError(
                    blamed,
                    f"was not ready within {HEALTHY_SECONDS} seconds",
                    tail_of(self.layout.log_file(blamed)),
                )
            time.sleep(0.25)

    def _is_healthy(self, component: str) -> bool:
        health = self.client.health() or {}
        state = health.get(component) or {}
        heartbeat = state.get(f"latest_{component}_heartbeat")
        # The heartbeat of a killed predecessor counts as healthy for half a minute.
        return (
            state.get("status") == "healthy"
            and heartbeat is not None
            and datetime.fromisoformat(heartbeat) >= self._started_at
        )

    def _has_parsed(self, dag_id: str) -> bool:
        errors = self.client.import_errors(self._started_at)
        if errors:
            lines = [line for error in errors for line in error.splitlines()]
            raise RunFailedError(DAG_PROCESSOR, f"a DAG file cannot be used: {lines[-1]}", lines)
        dag = self.client.dag(dag_id)
        parsed = None if dag is None else dag["last_parsed_time"]
        return parsed is not None and datetime.fromisoformat(parsed) >= self._started_at


def free_port(wanted: Iterable[int] = _USUAL_PORTS) -> int:
    """A free port on the loopback: Airflow's usual one, else one near it, else any."""
    port, claim = claim_port(wanted)
    claim.close()
    return port


def claim_port(wanted: Iterable[int] = _USUAL_PORTS) -> tuple[int, socket.socket]:
    """A free port, and the socket that keeps it from other runs until it is closed.

    Airflow listens some fifteen seconds later. Until then the UDP port of the same number is
    taken, which keeps nobody from listening on TCP.
    """
    for wish in (*wanted, *(0 for _ in range(_ANY_PORT_TRIES))):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, wish))
                port = int(probe.getsockname()[1])
                claim.bind((LOOPBACK, port))
            except OSError:
                claim.close()
                continue
            return port, claim
    raise RunFailedError(API_SERVER, f"no free port was found on {LOOPBACK}")
