"""Operating-system processes: who they are, which of them are ours, and how they are ended.

A process is known by its pid and the moment it started, so that a pid which the system has given
to somebody else meanwhile is never taken for ours. All processes of one installation inherit a
marker in their environment, by which the children of a killed parent are found too.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MARKER = "KINDRED_LOCAL_MARKER"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # psutil does not read it
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


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


def identify(pid: int) -> ProcessId | None:
    """The process that has a pid now, None when there is none or only a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
            return None
        # Since the boot: the time of day that psutil gives moves when the clock is set.
        seconds = process.create_time() - psutil.boot_time()
    except psutil.Error:
        return None
    return ProcessId(pid, _BOOT_ID.read_text().strip(), round(seconds * _TICKS_PER_SECOND))


def working_directory(pid: int) -> Path | None:
    """The working directory of a process, None when it is gone or somebody else's."""
    try:
        folder = psutil.Process(pid).cwd()
    except psutil.Error:
        return None
    return Path(folder) if folder else None


def command_line(pid: int) -> str:
    """The command line of a process as one text, empty when it is gone."""
    try:
        # A process that has renamed itself has empty arguments behind its name.
        return " ".join(psutil.Process(pid).cmdline()).strip()
    except psutil.Error:
        return ""


def marked_processes(marker: str) -> list[ProcessId]:
    """All processes that carry this marker in their environment, but this one."""
    found = []
    for process in psutil.process_iter():
        # Those that are gone meanwhile, or somebody else's, are not ours.
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARKER) == marker:
                found.append(identify(process.pid))
    return [process for process in found if process is not None]


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Wait for a condition; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def wait_for_end(processes: Sequence[ProcessId], seconds: float) -> bool:
    """Wait until all of these have ended; False when some live on."""
    return wait_until(lambda: not any(process.is_alive for process in processes), seconds)
