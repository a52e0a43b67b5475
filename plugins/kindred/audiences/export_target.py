"""Where an export goes: a file, or an endpoint that takes one."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from kindred.audiences.export_file import Destination, written_aside
from kindred.run.endpoint import Endpoint, post_csv


class Target(Protocol):
    """Takes the lines of one export, all or none."""

    @property
    def name(self) -> str:
        """What is recorded of the destination."""

    def require_free(self) -> None:
        """Check that it can take an export; raises SettingsError."""

    def holds(self, digest: str) -> bool:
        """Whether it has a file with this sha256 already."""

    def writing(self) -> AbstractContextManager[BinaryIO]:
        """What to write to; at the end of the block it is complete, after an error not there."""


@dataclass(frozen=True)
class FileTarget:
    """A file under one of the roots."""

    destination: Destination

    @property
    def name(self) -> str:
        """Its path without links."""
        return self.destination.path

    def require_free(self) -> None:
        """Check that there is no file that must stay."""
        self.destination.require_free()

    def holds(self, digest: str) -> bool:
        """Whether the file is there and has this sha256."""
        folder, name = self.destination.folder, self.destination.name
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, dir_fd=folder)
        except OSError:
            return False
        with os.fdopen(descriptor, "rb") as file:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            return is_file and hashlib.file_digest(file, "sha256").hexdigest() == digest

    def writing(self) -> AbstractContextManager[BinaryIO]:
        """A file that takes its name at the end of the block."""
        return written_aside(self.destination)


@dataclass(frozen=True)
class EndpointTarget:
    """The endpoint of an Airflow Connection."""

    endpoint: Endpoint

    @property
    def name(self) -> str:
        """The id of its connection."""
        return f"connection {self.endpoint.connection_id}"

    def require_free(self) -> None:
        """It takes any number of files."""

    def holds(self, digest: str) -> bool:
        """It cannot be asked."""
        return False

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """A file without a name on this machine's disk, which is sent at the end of the block."""
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            post_csv(self.endpoint, file)
