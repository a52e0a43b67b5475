"""The machine a stage runs on: its cores, and whether its memory is enough for the work."""

import logging
import os
import resource
from pathlib import Path

from kindred.errors import SettingsError

log = logging.getLogger(__name__)

MEMINFO = Path("/proc/meminfo")
CONTROL_GROUP = Path("/sys/fs/cgroup")


def cores(wanted: int = 0) -> int:
    """The threads to work with: those wanted, else the cores this process may use."""
    if wanted > 0:
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_megabytes() -> int | None:
    """Memory that is left, in the machine or in its control group; None where nobody says."""
    found = [left for left in (_left_in_machine(), _left_in_group()) if left is not None]
    return min(found) // 2**20 if found else None


def peak_megabytes() -> int:
    """The most memory that this process has held; Linux counts it in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def require_memory(work: str, megabytes: int) -> None:
    """Log the forecast of some work, and refuse it where the memory is not there.

    Raises
    ------
    SettingsError
        with the forecast, what is left, and what to do.
    """
    left = available_megabytes()
    log.info("%s: %d MB forecast, %s MB available", work, megabytes, "?" if left is None else left)
    if left is not None and megabytes > left:
        raise SettingsError(
            f"{work}: {megabytes} MB of memory are forecast, {left} MB are available; lower"
            " KINDRED_SHARD_ROWS or the tasks that run at once, or use a larger worker; then clear"
            " this task"
        )


def _left_in_machine() -> int | None:
    if not MEMINFO.is_file():
        return None
    for line in MEMINFO.read_text(encoding="utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_in_group() -> int | None:
    """What version 2 of control groups allows and has not given yet; its file cache can go."""
    try:
        limit = (CONTROL_GROUP / "memory.max").read_text(encoding="utf-8").strip()
        used = int((CONTROL_GROUP / "memory.current").read_text(encoding="utf-8"))
        statistics = (CONTROL_GROUP / "memory.stat").read_text(encoding="utf-8").split()
    except (FileNotFoundError, PermissionError, ValueError):
        return None
    if limit == "max":
        return None
    cached = int(statistics[statistics.index("inactive_file") + 1])
    return max(0, int(limit) - used + cached)
