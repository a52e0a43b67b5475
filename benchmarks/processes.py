"""Processes for benchmarks: a separate PostgreSQL, and calls that are measured in isolation."""

import multiprocessing
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg2

from local.postgres import OWNER, EmbeddedServer
from local.processes import command_line, identify, wait_for_end

T = TypeVar("T")


@contextmanager
def embedded_server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL with pgvector in a temporary folder, set up as by ``make run``."""
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "data")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def kill_server(server: EmbeddedServer) -> None:
    """Kill a server by SIGKILL to its postmaster; its backends then exit on their own."""
    pid = int((server.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
    postmaster = identify(pid)
    if postmaster is None or "postgres" not in command_line(pid):
        raise ProcessLookupError(f"{server.pgdata}: process {pid} is not a PostgreSQL server")
    postmaster.send(signal.SIGKILL)
    wait_for_end([postmaster], 10)


def new_database(server: EmbeddedServer, name: str) -> str:
    """Create a database with pgvector; returns its libpq URI."""
    server.create_database(name)
    execute(server.dsn("postgres"), f"grant pg_checkpoint to {OWNER}")
    return server.dsn(name)


def execute(dsn: str, statement: str) -> None:
    """Run a statement in its own session, outside a transaction."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def run_file(
    dsn: str, name: str, parameters: dict[str, Any] | None = None, schema: str = "public"
) -> None:
    """Run one statement of ``benchmarks/sql`` in a schema; with ``seed``, random() is seeded."""
    parameters = parameters or {}
    path = Path(__file__).with_name("sql") / f"{name}.sql"
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select set_config('search_path', %s, true)", (f"{schema}, public, vector",))
        if "seed" in parameters:
            cursor.execute("select setseed(%s)", (parameters["seed"],))
        cursor.execute(path.read_text(encoding="utf-8"), parameters)


def postgres_version(dsn: str) -> str:
    """The version of the server, for example 18.6."""
    with closing(psycopg2.connect(dsn)) as connection:
        return str(connection.get_parameter_status("server_version"))


@dataclass(frozen=True)
class Alone(Generic[T]):
    """A call in its own process: its result, time and memory.

    ``main_cpu_seconds`` are those of ``cpu_seconds`` that one thread has taken.
    """

    result: T
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    rss_before_mb: float
    main_cpu_seconds: float


def measure_alone(work: Callable[..., T], *arguments: object) -> Alone[T]:
    """Call in a new interpreter; seconds are for the call, the peak is for the whole process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(_measured, work, arguments).result()


def measure_within(
    limit_seconds: float, work: Callable[..., T], *arguments: object
) -> Alone[T] | None:
    """Like `measure_alone`, but kill the process and return None if it takes too long."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_send, args=(sender, work, arguments))
    process.start()
    sender.close()  # so that only the child holds the writing end of the pipe
    try:
        return receiver.recv() if receiver.poll(limit_seconds) else None
    finally:
        process.kill()
        process.join()


def _send(sender: Connection, work: Callable[..., T], arguments: tuple[object, ...]) -> None:
    sender.send(_measured(work, arguments))


def _measured(work: Callable[..., T], arguments: tuple[object, ...]) -> Alone[T]:
    before = _memory_mb("VmRSS")
    clocks = (time.perf_counter, time.process_time, time.thread_time)
    started = [clock() for clock in clocks]
    result = work(*arguments)
    seconds, cpu, main = (clock() - since for clock, since in zip(clocks, started, strict=True))
    return Alone(result, seconds, cpu, _memory_mb("VmHWM"), before, main)


def _memory_mb(name: str) -> float:
    # Not getrusage: a child's ru_maxrss starts at the size of the parent it was forked from.
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.removesuffix("kB")) / 1024
    raise LookupError(f"/proc/self/status has no {name}")
