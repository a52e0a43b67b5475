"""A cluster on this machine: services and Airflow at the bridge, workers behind it."""

import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.airflow import LocalAirflow
from local.cluster.environment import (
    ALL_QUEUES,
    LOG_PORT,
    READERS,
    cluster_settings,
    data_settings,
)
from local.cluster.network import Bridge, bridged
from local.cluster.services import Broker, Store, start_redis, start_store
from local.cluster.worker import Worker, make_worker
from local.credentials import Credentials, load_credentials
from local.environment import SOURCE, WAREHOUSE
from local.failures import RunFailedError, tail_of
from local.layout import Layout
from local.postgres import EmbeddedServer, Listening
from local.shutdown import STOP_SECONDS, stop_all
from local.supervisor import Supervisor

READY_SECONDS = 180
API_PORT = 8080
"""Of the address at the bridge, which nobody else uses."""


@dataclass(frozen=True)
class Cluster:
    """What runs: Airflow with its services, and the workers that were started."""

    layout: Layout
    bridge: Bridge
    listening: Listening
    airflow: LocalAirflow
    broker: Broker
    store: Store
    workers: tuple[Worker, ...]

    def start_workers(
        self,
        slots: Sequence[int],
        queues: Sequence[Sequence[str]] | None = None,
        *,
        on_own_disk: bool = False,
    ) -> None:
        """Start the first workers, with so many slots each, and wait until they take tasks.

        ``queues`` are those that each of them serves; by default all serve all. ``on_own_disk`` is
        for one worker alone: it keeps the artefacts itself.
        """
        chosen = self.workers[: len(slots)]
        served = queues or [ALL_QUEUES] * len(slots)
        for worker, number, names in zip(chosen, slots, served, strict=True):
            worker.start(number, names, on_own_disk=on_own_disk)
        for worker in chosen:
            self.wait_for(worker)

    def wait_for(self, worker: Worker) -> None:
        """Wait until a worker takes tasks: it says so, seconds after its log server answers.

        Raises
        ------
        RunFailedError
            It has ended, or does not answer in time.
        """
        deadline = time.monotonic() + READY_SECONDS
        log, address = self.layout.log_file(worker.name), worker.place.address
        while not (_takes_tasks(log, address) and _answers(address)):
            self.airflow.supervisor.check_all_run([worker.name])
            if time.monotonic() > deadline:
                raise RunFailedError(worker.name, f"not ready in {READY_SECONDS} s", tail_of(log))
            time.sleep(0.25)

    def worker_at(self, hostname: str) -> Worker | None:
        """The worker of the name that Airflow shows for a task instance."""
        return next((w for w in self.workers if w.place.address == hostname), None)


def worker_folders_of(layout: Layout, workers: int) -> list[Path]:
    """The folders of the workers: beside the state, which no worker sees."""
    return [
        layout.state.with_name(f"{layout.state.name}-worker-{number + 1}")
        for number in range(workers)
    ]


@contextmanager
def services(layout: Layout, workers: int) -> Iterator[tuple[EmbeddedServer, Supervisor, Bridge]]:
    """The network and the database, empty; everything that runs here ends with the block."""
    supervisor = Supervisor(layout, load_credentials(layout).marker)
    with ExitStack() as stack:
        bridge = stack.enter_context(bridged(layout.state, workers))
        passwords = {user: secrets.token_urlsafe(24) for user in READERS}
        listening = Listening(bridge.address, str(bridge.network), passwords)
        server = EmbeddedServer(layout.pgdata, listening)
        stop_all(supervisor, server)
        for folder in (layout.pgdata, layout.airflow_home, layout.logs, layout.state / "redis"):
            shutil.rmtree(folder, ignore_errors=True)
        layout.create()
        stack.callback(server.stop)
        stack.callback(supervisor.stop, STOP_SECONDS)
        server.start()
        for database in (SOURCE, WAREHOUSE):
            server.create_database(database)
        yield server, supervisor, bridge


def cluster(
    layout: Layout, server: EmbeddedServer, supervisor: Supervisor, bridge: Bridge
) -> Cluster:
    """Start Airflow and what else the workers need; the specs must be in ``own_features``."""
    assert server.listening is not None
    credentials: Credentials = load_credentials(layout)
    broker = start_redis(layout, supervisor, bridge)
    settings = {
        **cluster_settings(bridge, broker, server.listening),
        "KINDRED_FEATURES": str(layout.own_features),
    }
    place = (API_PORT, bridge.address)
    airflow = LocalAirflow(layout, server, supervisor, credentials, settings, *place)
    store = start_store(layout, supervisor, bridge, airflow.environment)
    airflow.begin_migration()
    airflow.finish_migration()
    airflow.start()
    data = data_settings(server.listening, store)
    folders = worker_folders_of(layout, len(bridge.places))
    workers = tuple(
        make_worker(
            number, place, folders, [layout.state], supervisor, airflow.environment, data,
            layout.own_features,
        )
        for number, place in enumerate(bridge.places)
    )  # fmt: skip
    return Cluster(layout, bridge, server.listening, airflow, broker, store, workers)


def _takes_tasks(log: Path, address: str) -> bool:
    return f"celery@{address} ready." in log.read_text(encoding="utf-8", errors="replace")


def _answers(address: str) -> bool:
    try:
        httpx.get(f"http://{address}:{LOG_PORT}/", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True
