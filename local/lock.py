"""Run only one command at a time in a checkout."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.failures import LocalError
from local.layout import Layout
from local.processes import ProcessId, identify


@dataclass(frozen=True)
class Holder:
    """The process that holds the lock of a checkout, and its command."""

    process: ProcessId
    command: str


def lock_file(layout: Layout) -> Path:
    """The lock file; the system releases the lock when its holder ends, in whatever way."""
    return layout.state / "lock"


def find_holder(layout: Layout) -> Holder | None:
    """The command at work in this checkout, if any."""
    try:
        content = json.loads(lock_file(layout).read_text(encoding="utf-8"))
        holder = Holder(ProcessId(**content["process"]), content["command"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None
    return holder if holder.process.is_alive else None


@contextmanager
def hold_lock(layout: Layout, command: str) -> Iterator[None]:
    """Keep other commands out of this checkout while the block runs.

    Raises
    ------
    LocalError
        naming the command that is at work.
    """
    path = lock_file(layout)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = find_holder(layout)
            process = "another command"
            if holder is not None:
                process = f"{holder.command!r} (process {holder.process.pid})"
            raise LocalError(
                f"{process} is at work in {layout.root}, and only one may be at a time."
                " Wait until it has ended, or end it with 'make down'."
            ) from error
        me = identify(os.getpid())
        assert me is not None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"process": vars(me), "command": command}).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)
