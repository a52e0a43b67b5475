"""What workers share over the network: PostgreSQL, Redis, and a bucket."""

import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.cluster.network import Bridge
from local.credentials import write_private
from local.failures import LocalError, RunFailedError, tail_of
from local.layout import Layout
from local.supervisor import Supervisor

REDIS, STORE = "redis", "s3-store"
REDIS_PORT, STORE_PORT = 6379, 9000
BUCKET = "kindred"
READY_SECONDS = 60


@dataclass(frozen=True)
class Broker:
    """The Redis that hands tasks to workers."""

    address: str
    password: str

    @property
    def url(self) -> str:
        """For Celery, with the password."""
        return f"redis://:{self.password}@{self.address}:{REDIS_PORT}/0"


@dataclass(frozen=True)
class Store:
    """The object store of the artefacts, and who may use it."""

    address: str
    key: str
    secret: str
    log: Path
    """One line per request, as `local.cluster.s3_store` describes it."""

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://{self.address}:{STORE_PORT}"

    @property
    def artifacts(self) -> str:
        """The root of the artefacts."""
        return f"s3://{BUCKET}/artifacts"

    @property
    def login(self) -> dict[str, str]:
        """The variables that the AWS SDK reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def start_redis(layout: Layout, supervisor: Supervisor, bridge: Bridge) -> Broker:
    """Start a Redis that asks for a password, and wait until it listens.

    Raises
    ------
    LocalError
        It is not installed.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise LocalError("redis-server is not installed: apt-get install redis-server")
    broker = Broker(bridge.address, secrets.token_hex(16))
    folder = layout.state / "redis"
    folder.mkdir(exist_ok=True)
    # In a file, since arguments are visible to everybody.
    settings = folder / "redis.conf"
    write_private(settings, redis_settings(broker, folder))
    supervisor.start(REDIS, [program, str(settings)], {"PATH": "/usr/bin:/bin"})
    _wait_for(layout, supervisor, REDIS, lambda: _listens(bridge.address, REDIS_PORT))
    return broker


def redis_settings(broker: Broker, folder: Path) -> str:
    """The configuration: keepalive finds a worker that is cut off, whose place is free then."""
    lines = {
        "bind": broker.address,
        "port": REDIS_PORT,
        "requirepass": broker.password,
        "dir": f'"{folder}"',
        "appendonly": "yes",
        "tcp-keepalive": 30,
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def start_store(
    layout: Layout, supervisor: Supervisor, bridge: Bridge, environment: Mapping[str, str]
) -> Store:
    """Start an S3 server with an empty bucket, and wait until it answers."""
    log = layout.state / "s3-requests.log"
    store = Store(bridge.address, "kindred", secrets.token_hex(16), log)
    command = [sys.executable, "-m", "local.cluster.s3_store", store.address, str(STORE_PORT)]
    # The spooled objects of moto go to the disk of the state, not to memory.
    spool = layout.state / "spool"
    spool.mkdir(exist_ok=True)
    own = {"TMPDIR": str(spool), "PYTHONPATH": str(layout.root)}
    command += [str(log), BUCKET]
    supervisor.start(STORE, command, {**environment, **store.login, **own})
    bucket = f"{store.endpoint}/{BUCKET}"
    _wait_for(layout, supervisor, STORE, lambda: _is_there(bucket))
    return store


def _wait_for(
    layout: Layout, supervisor: Supervisor, name: str, is_ready: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        supervisor.check_all_run([name])
        if time.monotonic() > deadline:
            tail = tail_of(layout.log_file(name))
            raise RunFailedError(name, f"was not ready in {READY_SECONDS} seconds", tail)
        time.sleep(0.1)


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_there(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
