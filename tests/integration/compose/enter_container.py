"""Become a process in a file system of its own: ``enter_container.py BOX.json``.

Called as root in new namespaces of mounts, processes and the host name. The root is an empty file
system in memory; in it is what the box lists, and nothing else of this machine. Started without
the environment's packages, so that it is quick.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

READY = ".kindred"
"""A file in the root that says that everything is mounted."""


def main() -> None:
    """Set up the container, then become its command."""
    box = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    root = Path(box["root"])
    os.umask(0o022)
    mount("-t", "tmpfs", "-o", "mode=755,size=4m", "kindred", root)
    for name in ("bin", "lib", "lib32", "lib64", "libx32", "sbin"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(os.readlink(f"/{name}"))
    for source, target, mode in box["mounts"]:
        inside = root / target.lstrip("/")
        if Path(source).is_dir():
            inside.mkdir(parents=True, exist_ok=True)
        elif not inside.exists():
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
        mount("-o", f"bind,{mode}", source, inside)
    (root / "proc").mkdir()
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root / "proc")
    size = f"mode=1777,nosuid,nodev,size={box['shm_size']}"
    mount("-t", "tmpfs", "-o", size, "kindred", root / "dev" / "shm")
    subprocess.run(["hostname", box["hostname"]], check=True)
    (root / READY).touch()
    os.chroot(root)
    os.chdir(box["folder"])
    os.execvp(box["command"][0], box["command"])


def mount(*arguments: str | Path) -> None:
    """Mount something; fails with what the program says."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
