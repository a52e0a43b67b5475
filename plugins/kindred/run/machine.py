"""The machine a stage runs on: its cores, its memory, and what this process takes of it."""

import os
import resource
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CONTROL_GROUP = Path("/sys/fs/cgroup")
PROCESS = Path("/proc/self/status")


def cores(wanted: int = 0) -> int:
    """The threads to work with: those wanted, else the cores this process may use."""
    if wanted > 0:
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def total_megabytes() -> int | None:
    """Memory of the machine, or of its control group; None where nobody says."""
    return _least(_of_machine("MemTotal"), _limit_of_group())


def available_megabytes() -> int | None:
    """Memory that is left, in the machine or in its control group; None where nobody says."""
    return _least(_of_machine("MemAvailable"), _left_in_group())


def held_megabytes() -> int:
    """The memory that this process holds now."""
    return (_value(PROCESS, "VmRSS") or 0) // 1024


def peak_megabytes() -> int:
    """The most memory that this process has held.

    Not ``ru_maxrss`` where Linux says better: after an exec that has what the parent held too.
    """
    peak = _value(PROCESS, "VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024


def _least(*found: int | None) -> int | None:
    known = [left for left in found if left is not None]
    return min(known) // 2**20 if known else None


def _of_machine(name: str) -> int | None:
    kilobytes = _value(MEMINFO, name)
    return None if kilobytes is None else kilobytes * 1024


def _value(path: Path, name: str) -> int | None:
    """A number of one of the kernel's lists of names and kilobytes."""
    if not path.is_file():
        return None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return None


def _limit_of_group() -> int | None:
    """What version 2 of control groups allows; None where it sets no limit."""
    try:
        limit = (CONTROL_GROUP / "memory.max").read_text(encoding="utf-8").strip()
        return None if limit == "max" else int(limit)
    except (FileNotFoundError, PermissionError, ValueError):
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
