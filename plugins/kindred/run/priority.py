"""Which process gets a core first, where tasks of one machine ask for more cores than it has."""

import os

NICENESS = 10
"""The kernel gives such a process a tenth of what it gives one of niceness 0: sched(7)."""


def give_way() -> None:
    """Leave the cores to other processes from now on; without those, nothing becomes slower.

    It holds for the calling thread, those that it starts, and their processes. It cannot be taken
    back without privileges, so it is for a process that runs one task and ends.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
