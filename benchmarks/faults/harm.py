"""The faults, each injected into a task that is stopped in its middle and then continues."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from unittest.mock import patch

import psycopg2

from benchmarks.faults.customers import GATE, GATED, SECOND
from benchmarks.faults.orders import Stopped
from benchmarks.faults.person import DagRun
from benchmarks.faults.room import TABLESPACE_MB, Room, environment_of, use_tablespace
from benchmarks.faults.second_try import REFUSED
from benchmarks.processes import execute, kill_server
from kindred.artefacts.folder import snapshot_slug
from kindred.spec.model import Spec
from local.environment import SOURCE, WAREHOUSE
from local.postgres import SUPERUSER
from local.processes import command_line, wait_for_end, wait_until

DISK_MB = 64
END_SECONDS = 180
GATE_SECONDS = 300  # in which a run must have come to its gate
AHEAD_SECONDS = 4  # lead of the second try before the first one continues
WAITS_AT_THE_GATE = (
    "select pid from pg_stat_activity where datname = %s and application_name like %s"
    " and wait_event_type = 'Lock' and wait_event = 'advisory'"
)
IDLE_SESSIONS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    " where application_name like %s and pid <> %s"
)
SETTINGS_SECONDS = 1.0
HARMFUL = {
    "statement_timeout": "300ms",
    "lock_timeout": "1ms",
    **dict.fromkeys(
        (
            "idle_session_timeout",
            "idle_in_transaction_session_timeout",
            "transaction_timeout",
        ),
        f"{SETTINGS_SECONDS}s",
    ),
    "default_transaction_isolation": "serializable",
    "search_path": "nowhere",
    "client_encoding": "LATIN1",
    "extra_float_digits": "-15",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "timezone": "Asia/Kathmandu",
}


class Fault(StrEnum):
    """The kinds of faults."""

    KILL = "kill"
    SERVER = "server"
    DISK = "disk"
    CONNECTION = "connection"
    SOURCE = "source"
    TWICE = "twice"
    IDLE = "idle"
    ARTEFACT = "artefact"
    POOLER = "pooler"
    SETTINGS = "settings"
    WAREHOUSE_DISK = "full"


class DoesNotApplyError(Exception):
    """The fault cannot affect the task; the text says why."""


class NotAsPlannedError(Exception):
    """The fault could not be injected as planned; the case proves nothing."""


@dataclass(frozen=True)
class Scene:
    """The place of a fault: one task of one run, or of a mapped task maybe an instance."""

    room: Room
    spec: Spec
    instance: str
    run: DagRun


def kind_of_middle(fault: Fault, made: Mapping[str, int]) -> str:
    """The kind of call in whose middle a task is stopped, given the calls that it makes.

    Raises
    ------
    DoesNotApplyError
        The fault cannot affect the task.
    """
    in_warehouse, in_source = f"in {WAREHOUSE}", f"in {SOURCE}"
    needed = {
        Fault.DISK: ("write", "writes no artefact"),
        Fault.CONNECTION: (in_warehouse, "has no session in its middle"),
        Fault.SOURCE: (in_source, "does not read the source"),
        Fault.IDLE: (in_warehouse, "has no session in its middle"),
        Fault.ARTEFACT: ("read", "reads no artefact"),
        Fault.WAREHOUSE_DISK: (in_warehouse, "has no session in its middle"),
    }
    if fault in needed:
        kind, reason = needed[fault]
        if not made.get(kind):
            raise DoesNotApplyError(reason)
        return kind
    return in_warehouse if fault is Fault.SERVER and made.get(in_warehouse) else "call"


def kill(scene: Scene, stopped: Stopped) -> str:
    """Kill the process of the task; it can neither clean up nor log."""
    title = command_line(stopped.process.pid)
    if not title.startswith("airflow worker -- "):
        raise NotAsPlannedError(f"process {stopped.process.pid} is not a task but {title!r}")
    stopped.process.send(signal.SIGKILL)
    if not wait_for_end([stopped.process], 10):
        raise NotAsPlannedError(f"process {stopped.process.pid} is still alive")
    return "task killed"


def cut_connection(scene: Scene, stopped: Stopped) -> str:
    """Terminate the session that the task is about to use."""
    dsn = scene.room.server.dsn(stopped.database or WAREHOUSE)
    end_backend(dsn, stopped.backend)
    go_on(stopped)
    return f"session in {stopped.database} ended"


def end_idle_sessions(scene: Scene, stopped: Stopped) -> str:
    """Terminate all sessions of the task but the one it is about to use: its guard among them."""
    dsn = scene.room.warehouse_dsn
    session = psycopg2.connect(dsn, user=SUPERUSER)
    with closing(session) as connection, connection.cursor() as cursor:
        cursor.execute(IDLE_SESSIONS, (f"kindred {scene.spec.space} %", stopped.backend))
        ended = cursor.fetchall()
    if not ended and scene.instance != "prepare":  # which may be between two of its checks
        raise NotAsPlannedError("the task has no other session")
    go_on(stopped)
    return f"{len(ended)} idle sessions ended"


def truncate_artefacts(scene: Scene, stopped: Stopped) -> str:
    """Cut every file of the snapshot's artefacts in half, before the task has mapped one."""
    folder = scene.room.artefacts / scene.spec.space / snapshot_slug(SECOND)
    found = [path for path in folder.rglob("*") if path.suffix in (".npy", ".json")]
    for path in found:
        content = path.read_bytes()
        aside = path.with_name(f"{path.name}.cut")  # other tasks may have mapped it
        aside.write_bytes(content[: len(content) // 2])
        aside.rename(path)
    go_on(stopped)
    return f"{len(found)} files cut in half"


def wait_idle(scene: Scene, stopped: Stopped) -> str:
    """Leave the task's sessions idle for longer than the settings of the database allow."""
    time.sleep(SETTINGS_SECONDS * 2.5)
    go_on(stopped)
    return "its sessions were idle"


@contextmanager
def harmful_settings(room: Room) -> Iterator[None]:
    """Let both databases set for their sessions whatever could end or change the work."""
    # The sessions of the checks say otherwise themselves.
    calm = " ".join(f"-c {name}=0" for name in HARMFUL if name.endswith("timeout"))
    with patch.dict(os.environ, {"PGOPTIONS": f"{calm} -c search_path=public -c timezone=UTC"}):
        for name in (SOURCE, WAREHOUSE):
            for setting, value in HARMFUL.items():
                if name == WAREHOUSE or setting != "search_path":  # it finds the source's table
                    statement = f"alter database {name} set {setting} = '{value}'"
                    execute(room.server.dsn("postgres", SUPERUSER), statement)
        try:
            yield
        finally:
            for name in (SOURCE, WAREHOUSE):
                execute(room.server.dsn("postgres", SUPERUSER), f"alter database {name} reset all")
                if room.tablespace is not None and name == WAREHOUSE:
                    use_tablespace(room.server)


def fill_warehouse(room: Room) -> None:
    """Leave no room in the file system of the warehouse's tables."""
    assert room.tablespace is not None
    _resize(room.tablespace, _used_bytes(room.tablespace))


def free_warehouse(room: Room) -> None:
    """Give the room back."""
    assert room.tablespace is not None
    _resize(room.tablespace, TABLESPACE_MB << 20)


def end_backend(dsn: str, backend: int | None) -> None:
    """Terminate a backend, whoever's it is, and wait until it has ended."""
    session = psycopg2.connect(dsn, user=SUPERUSER)
    with closing(session) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", (backend,))
        if cursor.fetchone() != (True,):
            raise NotAsPlannedError(f"backend {backend} was not ended")


def go_on(stopped: Stopped) -> None:
    """Let a stopped task continue."""
    stopped.process.send(signal.SIGCONT)


def let_go(room: Room, spec: Spec, instance: str) -> None:
    """Kill a task that is still stopped, so that nothing waits for it."""
    stopped = room.orders.stopped(spec.dag_id, instance)
    if stopped is not None:
        stopped.process.send(signal.SIGKILL)


@contextmanager
def folder_of_its_own(folder: Path) -> Iterator[None]:
    """Mount a small file system for the artefacts of a space, if the system allows it."""
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        options = f"size={DISK_MB}m,mode=700"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "kindred-faults", folder],
            check=False,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield
    finally:
        if folder.is_mount():
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill_disk(scene: Scene, stopped: Stopped) -> str:
    """Fill the task's folder until it fails; then free it and clear the task as a person would."""
    folder = scene.room.artefacts / scene.spec.space
    is_mounted = folder.is_mount()
    if is_mounted:
        _resize(folder, _used_bytes(folder))
    else:
        # Limit the file size of this process: like a quota, but without the privilege to mount.
        resource.prlimit(stopped.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    go_on(stopped)
    if not wait_for_end([stopped.process], END_SECONDS):
        raise NotAsPlannedError("the task did not end")
    if is_mounted:
        _resize(folder, DISK_MB << 20)
    return "file system full" if is_mounted else "file size limited"


def _used_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _resize(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def run_twice(scene: Scene, stopped: Stopped) -> str:
    """Run the task a second time while the first try, which is taken for dead, is stopped."""
    reference = stopped.reference or {"run_id": scene.run.run_id}
    given = {
        "space": scene.spec.space,
        "as_of": SECOND.isoformat(),
        "run_id": reference["run_id"],
        "stage": stopped.stage or scene.instance,
        "part": stopped.part,
    }
    command = [sys.executable, "-m", "benchmarks.faults.second_try", json.dumps(given)]
    second = subprocess.Popen(
        command,
        cwd=scene.room.local.layout.state,
        env=environment_of(scene.room),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert second.stdout is not None
        begun = second.stdout.readline()
        is_alone = wait_until(lambda: second.poll() is not None, AHEAD_SECONDS)
        go_on(stopped)
        output, _ = second.communicate(timeout=END_SECONDS)
    finally:
        if second.poll() is None:
            second.kill()
            second.communicate()
    if second.returncode not in (0, REFUSED) or begun != "begins\n":
        raise NotAsPlannedError(f"the second try failed: {begun}{output}"[-1_500:])
    said = "refused" if second.returncode == REFUSED else "came through"
    return f"second try {said}, {'at once' if is_alone else 'after the first'}"


@contextmanager
def gate_closed(room: Room) -> Iterator[None]:
    """Block readers of the gated view in the middle of it."""
    with closing(psycopg2.connect(room.source_dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", (GATE,))
        yield


def end_copy(scene: Scene) -> str:
    """Terminate the source's session halfway through its COPY."""
    dsn = scene.room.source_dsn
    pattern = f"kindred {scene.spec.space} %"
    found: list[tuple[int]] = []

    def stands() -> bool:
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(WAITS_AT_THE_GATE, (SOURCE, pattern))
            found[:] = cursor.fetchall()
        return bool(found)

    if not wait_until(stands, GATE_SECONDS, 0.1):
        raise NotAsPlannedError(f"nobody reads {GATED}")
    end_backend(dsn, found[0][0])
    return f"source ended in the middle of {GATED}"


class Outage:
    """An outage of the warehouse in the middle of several tasks at once."""

    def __init__(
        self, what: str, tasks: int, begin: Callable[[], None], end: Callable[[], None]
    ) -> None:
        self._what = what
        self._stopped = threading.Barrier(tasks, begin)
        self._went_on = threading.Barrier(tasks, end)

    def strike(self, scene: Scene, stopped: Stopped) -> str:
        """Begin when all tasks are stopped; end when they have continued."""
        self._stopped.wait(END_SECONDS)
        go_on(stopped)
        # Most tasks fail at their next statement; one that only computes may not notice.
        wait_for_end([stopped.process], 3)
        self._went_on.wait(END_SECONDS)
        return self._what

    def give_up(self) -> None:
        """Tell the other cases that one has failed."""
        self._stopped.abort()
        self._went_on.abort()


def outage_of(fault: Fault, room: Room, tasks: int) -> Outage:
    """The outage of a fault that affects all tasks at once."""
    if fault is Fault.SERVER:
        return Outage("server killed", tasks, partial(kill_server, room.server), room.server.start)
    fill, free = partial(fill_warehouse, room), partial(free_warehouse, room)
    return Outage("no space left for tables", tasks, fill, free)


HARM: dict[Fault, Callable[[Scene, Stopped], str]] = {
    Fault.KILL: kill,
    Fault.CONNECTION: cut_connection,
    Fault.SOURCE: cut_connection,
    Fault.DISK: fill_disk,
    Fault.TWICE: run_twice,
    Fault.IDLE: end_idle_sessions,
    Fault.ARTEFACT: truncate_artefacts,
    Fault.SETTINGS: wait_idle,
}
