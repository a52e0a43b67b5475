"""Operating-system processes: who they are, which of them are ours, and how they are ended.

A process is known by its pid and the moment it started, so that a pid which the system has given
to somebody else meanwhile is never taken for ours. All processes of one installation inherit a
marker in their environment, by which the children of a killed parent are found too.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARKER = "KINDRED_LOCAL_MARKER"
_PROC = Path("/proc")
_STATE_FIELD, _START_FIELD = 0, 19  # of /proc/PID/stat, after the name


@dataclass(frozen=True)
class ProcessId:
    """One process of this boot of the machine; ``started`` is in clock ticks since the boot."""

    pid: int
    boot: str
    started: int

    @property
    def is_alive(self) -> bool:
        """True while this very process runs; a zombie has ended."""
        return identify(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.is_alive:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def boot_id() -> str:
    """Name of this boot of the machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> ProcessId | None:
    """The process that has a pid now, None when there is none or only a zombie."""
    fields = _stat(pid)
    if fields is None or fields[_STATE_FIELD] in {"Z", "X"}:
        return None
    return ProcessId(pid, boot_id(), int(fields[_START_FIELD]))


def working_directory(pid: int) -> Path | None:
    """The working directory of a process, None when it is gone or somebody else's."""
    try:
        return Path(os.readlink(_PROC / str(pid) / "cwd"))
    except OSError:
        return None


def command_line(pid: int) -> str:
    """The command line of a process as one text, empty when it is gone."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def all_pids() -> list[int]:
    """The pids of all processes of the machine."""
    return sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def marked_processes(marker: str) -> list[ProcessId]:
    """All processes that carry this marker in their environment, but this one."""
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for pid in all_pids():
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            continue  # gone meanwhile, or somebody else's
        if pid != os.getpid() and wanted in environment.split(b"\0"):
            process = identify(pid)
            if process is not None:
                found.append(process)
    return found


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Wait for a condition; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def wait_for_end(processes: Iterable[ProcessId], seconds: float) -> bool:
    """Wait until all of these have ended; False when some live on."""
    remaining = list(processes)

    def all_ended() -> bool:
        remaining[:] = [process for process in remaining if process.is_alive]
        return not remaining

    return wait_until(all_ended, seconds)


def _stat(pid: int) -> list[str] | None:
    try:
        content = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name stands in brackets and may itself hold brackets and blanks.
    return content.rpartition(")")[2].split()
