"""The machine a stage runs on: its cores, its memory, and what this process takes of it."""

import resource
from pathlib import Path

import psutil

CONTROL_GROUP = Path("/sys/fs/cgroup")
PROCESS = Path("/proc/self/status")


def cores(wanted: int = 0) -> int:
    """The threads to work with: those wanted, else the cores this process may use."""
    if wanted > 0:
        return wanted
    if hasattr(psutil.Process, "cpu_affinity"):  # macOS has none
        return len(psutil.Process().cpu_affinity())
    return psutil.cpu_count() or 1


def total_megabytes() -> int:
    """Memory of the machine, or of its control group where that allows less."""
    return _least(psutil.virtual_memory().total, _limit_of_group())


def available_megabytes() -> int:
    """Memory that is left, in the machine or in its control group."""
    return _least(psutil.virtual_memory().available, _left_in_group())


def held_megabytes() -> int:
    """The memory that this process holds now."""
    return psutil.Process().memory_info().rss // 2**20


def peak_megabytes() -> int:
    """The most memory that this process has held, which psutil does not know on Linux.

    Not ``ru_maxrss`` where Linux says better: after an exec that has what the parent held too.
    """
    peak = _peak_kilobytes() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024


def _least(of_machine: int, of_group: int | None) -> int:
    return (of_machine if of_group is None else min(of_machine, of_group)) // 2**20


def _peak_kilobytes() -> int | None:
    if not PROCESS.is_file():
        return None
    for line in PROCESS.read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return None


def _limit_of_group() -> int | None:
    """What version 2 of control groups allows; None where it sets no limit."""
    try:
        return int((CONTROL_GROUP / "memory.max").read_text(encoding="utf-8"))
    except (FileNotFoundError, PermissionError, ValueError):  # no number: "max"
        return None


def _left_in_group() -> int | None:
    """What the control group allows and has not given yet; its file cache can go."""
    limit = _limit_of_group()
    if limit is None:
        return None
    try:
        used = int((CONTROL_GROUP / "memory.current").read_text(encoding="utf-8"))
        statistics = (CONTROL_GROUP / "memory.stat").read_text(encoding="utf-8").split()
    except (FileNotFoundError, PermissionError, ValueError):
        return None
    cached = int(statistics[statistics.index("inactive_file") + 1])
    return max(0, limit - used + cached)
