"""Programs of Debian, unpacked into a folder of their own; nothing is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class CannotInstallError(Exception):
    """The machine has no such packages, and cannot get them."""


def unpack(packages: Sequence[str], tree: Path) -> None:
    """Download packages, with what they need and the machine lacks, and unpack them into ``tree``.

    Raises
    ------
    CannotInstallError
        when the packages cannot be had here.
    """
    tree.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archives-", dir=tree.parent.resolve()) as folder:
        archives = Path(folder)
        (archives / "partial").mkdir()
        download = ["apt-get", "install", "--yes", "--download-only", "--reinstall"]
        download += ["--no-install-recommends", f"-oDir::Cache::archives={archives}"]
        try:
            call(*download, "-oDebug::NoLocking=true", *packages)
        except CannotInstallError:
            if os.geteuid() != 0:
                raise
            call("apt-get", "update")
            call(*download, "-oDebug::NoLocking=true", *packages)
        found = sorted(archives.glob("*.deb"))
        if not found:
            raise CannotInstallError(f"apt-get downloaded nothing for {' '.join(packages)}")
        for archive in found:
            call("dpkg-deb", "--extract", str(archive), str(tree))


def unpacked(packages: Sequence[str], folder: Path) -> Path:
    """The folder with the packages, made where it is missing.

    Raises
    ------
    CannotInstallError
        when the packages cannot be had here.
    """
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        # Made aside and renamed: what was cut short must never look whole.
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        try:
            unpack(packages, aside / "tree")
            with suppress(OSError):  # another session was quicker
                (aside / "tree").rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder


def libraries(tree: Path) -> str:
    """The folders of unpacked libraries, as ``LD_LIBRARY_PATH`` has them."""
    return os.pathsep.join(str(path) for path in tree.glob("usr/lib/*-linux-gnu"))


def call(*command: str) -> None:
    """Run a command.

    Raises
    ------
    CannotInstallError
        with its last words, when it fails or does not exist.
    """
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CannotInstallError(str(error)) from error
    if result.returncode != 0:
        last = result.stderr.strip().splitlines()[-3:]
        raise CannotInstallError(f"{' '.join(command[:2])} failed: {' '.join(last)}")
