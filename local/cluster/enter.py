"""Run a command as on a machine of its own: ``enter.py HOSTNAME OWN HIDDEN… -- COMMAND…``.

Called in new namespaces of mounts, processes and the host name. Every file system becomes
read-only, but for the folder ``OWN``; the folders ``HIDDEN`` are covered by empty ones, and so is
what processes share in memory. Started without the environment's packages, so that it is quick.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

SHARED_MEMORY = "/dev/shm"
KEPT = ("/proc", "/sys", "/dev")
"""File systems of the kernel: nothing is kept there."""


def main() -> None:
    """Set up this machine, then become the command."""
    bound = sys.argv.index("--")
    hostname, own, *hidden = sys.argv[1:bound]
    command = sys.argv[bound + 1 :]
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        points = [unescaped(line.split()[4]) for line in mounts]
    for arguments in mounts_of(own, hidden, points):
        subprocess.run(["mount", *arguments], check=True)
    subprocess.run(["hostname", hostname], check=True)
    os.chdir(own)
    os.execvp(command[0], command)


def mounts_of(own: str, hidden: Sequence[str], points: Sequence[str]) -> Iterator[Sequence[str]]:
    """The arguments of ``mount``, in order; ``points`` is where something is mounted now."""
    # A mount of its own, which stays writable.
    yield "--bind", own, own
    for point in dict.fromkeys(points):
        if not any(point == kept or point.startswith(f"{kept}/") for kept in KEPT):
            yield "-o", "bind,remount,ro", point
    for folder in hidden:
        yield "-t", "tmpfs", "-o", "ro,size=4k", "kindred", folder
    yield "-t", "tmpfs", "-o", "nosuid,nodev", "kindred", SHARED_MEMORY


def unescaped(path: str) -> str:
    """A path as the kernel lists it: blanks and a few others are octal there."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


if __name__ == "__main__":
    main()
