"""The file of an export: only in folders that are set for it, complete or not there at all.

All is done relative to an open folder, reached from a root without a symbolic link: whoever can
write there meanwhile cannot lead the file elsewhere.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kindred.errors import SettingsError
from kindred.settings import variable_name

VARIABLE = variable_name("export_roots")
MODE = 0o600
ASIDE_PREFIX, ASIDE_SUFFIX = ".kindred-export-", ".part"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ASIDE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""How file systems without hard links refuse one."""


@dataclass(frozen=True)
class Destination:
    """A name in an open folder under one of the roots; ``folder`` is a descriptor."""

    folder: int
    name: str
    path: str
    may_replace: bool

    def require_free(self) -> None:
        """Check that the file can be made.

        Raises
        ------
        SettingsError
            when there is a file that must not be replaced, or anything but a file.
        """
        try:
            found = os.lstat(self.name, dir_fd=self.folder)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode):
            raise SettingsError(
                f"--out {self.path}: what is there is no ordinary file; give another name"
            )
        if not self.may_replace:
            raise SettingsError(
                f"--out {self.path}: the file exists; give another name, or --force to replace it"
            )


@contextmanager
def opened_destination(
    path: Path, roots: Sequence[Path], *, may_replace: bool
) -> Iterator[Destination]:
    """Find the place of an export, whose folder stays open for the block.

    Raises
    ------
    SettingsError
        when it is under none of the roots, or its folder cannot be opened.
    """
    with _errors_of(path):
        root, parts = _place(path, roots)
        folder = _open_folder(root, parts)
    try:
        full_path = str(root.joinpath(*parts, path.name))
        yield Destination(folder, path.name, full_path, may_replace)
    finally:
        os.close(folder)


def _open_folder(root: Path, parts: Sequence[str]) -> int:
    """A descriptor of the folder, which nothing that is a link by now leads to."""
    folder = os.open(root, _FOLDER)
    for part in parts:
        outer = folder
        try:
            folder = os.open(part, _FOLDER, dir_fd=outer)
        finally:
            os.close(outer)
    return folder


def _place(path: Path, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The root that holds the file's folder, and the way from there, both without links."""
    usable = [Path(os.path.realpath(root)) for root in roots if root.is_absolute()]
    usable = [root for root in usable if root.is_dir() and root != Path(root.anchor)]
    if not usable:
        given = f" (found {os.pathsep.join(map(str, roots))})" if roots else ""
        raise SettingsError(
            f"{VARIABLE}: no folder is set in which exports may be written{given}; set it to the"
            f" full path of an existing folder other than /, such as {VARIABLE}=/srv/exports;"
            f" several are separated by {os.pathsep!r}"
        )
    if not path.name or path.name == ".." or not str(path).isprintable():
        raise SettingsError(
            f"--out {str(path)!r}: the path of a file is expected, without control characters"
        )
    if path.name.startswith(ASIDE_PREFIX):
        raise SettingsError(f"--out {path}: names that begin with {ASIDE_PREFIX!r} are taken")
    folder = Path(os.path.realpath(path.parent, strict=True))
    for root in usable:
        if folder.is_relative_to(root):
            return root, folder.relative_to(root).parts
    raise SettingsError(
        f"--out {path}: {folder} is outside the folders in which exports may be written,"
        f" {VARIABLE}={os.pathsep.join(map(str, usable))}; give a path in one of them"
    )


@contextmanager
def written_aside(destination: Destination) -> Iterator[BinaryIO]:
    """A file that takes its name at the end of the block, once all of it is on the disk.

    On any error nothing is left of it; what a killed export has left, the next one removes.

    Raises
    ------
    SettingsError
        when it cannot be written, or another file has taken the name meanwhile.
    """
    with _errors_of(Path(destination.path)):
        _remove_abandoned(destination.folder)
        name, descriptor = _create_aside(destination.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), MODE)
                os.fsync(file.fileno())
                _give_name(destination, name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=destination.folder)
        os.fsync(destination.folder)


def _create_aside(folder: int) -> tuple[str, int]:
    """A new file with a name nobody can guess, locked as long as it is open."""
    while True:
        name = f"{ASIDE_PREFIX}{secrets.token_hex(16)}{ASIDE_SUFFIX}"
        descriptor = os.open(name, _ASIDE, MODE, dir_fd=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else it was taken for abandoned before it was locked
            return name, descriptor
        os.close(descriptor)


def _remove_abandoned(folder: int) -> None:
    """Remove the files that killed exports have left: nobody holds their locks any more."""
    own = os.geteuid()
    for name in os.listdir(folder):
        if not (name.startswith(ASIDE_PREFIX) and name.endswith(ASIDE_SUFFIX)):
            continue
        with suppress(OSError):
            found = os.lstat(name, dir_fd=folder)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != own:
                continue
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with closing(os.fdopen(os.open(name, flags, dir_fd=folder), "rb")) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)


def _give_name(destination: Destination, aside: str) -> None:
    folder = destination.folder
    destination.require_free()
    if destination.may_replace:
        os.replace(aside, destination.name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:  # a link, unlike a rename, replaces nothing
        os.link(
            aside,
            destination.name,
            src_dir_fd=folder,
            dst_dir_fd=folder,
            follow_symlinks=False,
        )
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(destination.name, _ASIDE, MODE, dir_fd=folder))
        os.replace(aside, destination.name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Errors of the operating system, in words for who gave the path."""
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"--out {str(path)!r}: {error.strerror or type(error).__name__}; no file has been made:"
            " give the path of a new file in an existing folder with free space that this user may"
            " write to"
        ) from error
