"""Read a small file that a deployment gives: never a device, a pipe, or more than is expected."""

import errno
import os
import stat
from pathlib import Path

KIBIBYTE = 1024


def read_bytes(path: Path, most_bytes: int, folder: Path | None = None) -> bytes:
    """The content of a regular file, opened without waiting for anybody.

    ``folder``: where the file must lie, wherever links lead; None for anywhere.

    Raises
    ------
    OSError
        when it cannot be read, is no regular file, lies elsewhere, or has more than ``most_bytes``.
    """
    real = Path(os.path.realpath(path))
    if folder is not None and not real.is_relative_to(os.path.realpath(folder)):
        raise OSError(errno.EINVAL, "it is a link out of its folder; put the file itself there")
    # Opened like this, a pipe without a writer does not block, and a terminal is not taken over.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file, but a pipe or device")
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(
            errno.EFBIG, f"it has more than {most_bytes // KIBIBYTE:,} KiB, which is the most"
        )
    return content
