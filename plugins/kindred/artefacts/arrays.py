"""One array of an artefact: written aside, described by length and digest, checked when read."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from kindred.artefacts.stores import errors, fetch, is_local, scratch_folder, write_whole
from kindred.errors import ArtefactError, ScratchFullError
from kindred.settings import Settings

Array = NDArray[Any]
Description = dict[str, Any]
DESCRIBED = {"bytes", "dtype", "shape", "sha256"}
"""An array in plain JSON: the length of its file in bytes, its type, shape and digest."""

CHUNK_BYTES = 1 << 23
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
THREADS = 4
"""Threads that hash the chunks of an array; its digest is that of their digests. One core hashes
about 1 GB/s."""


class DamagedArrayError(Exception):
    """An array differs from what was written; the message says how."""


def write_array(filesystem: Any, path: str, values: Array) -> Description:
    """Write an array and describe it; a killed writer leaves no half-written file of the name."""

    # Straight into the stream, which NumPy fills piece by piece: a copy would double the memory.
    def save(out: Any) -> None:
        np.save(out, values, allow_pickle=False)

    write_whole(filesystem, path, save, values.nbytes)
    return {"bytes": filesystem.size(path), **_describe(values)}


def read_array(filesystem: Any, path: str, described: Description) -> Array:
    """Map an array, read-only; a remote one is copied to the scratch folder first.

    Raises
    ------
    ArtefactError
        when no copy can be made in the scratch folder.
    FileNotFoundError
        when there is no such file.
    DamagedArrayError
        when it differs from its description: truncated, replaced, or changed in any byte.
    """
    found = filesystem.size(path)
    if found != described["bytes"]:
        raise DamagedArrayError(f"it has {found} bytes, {described['bytes']} were written")
    try:
        values = _mapped(path) if is_local(filesystem) else _fetched(filesystem, path, found)
    except ArtefactError:
        raise
    except errors():
        raise
    except Exception as error:
        # NumPy reads the header as Python text: a changed byte may raise anything a parser raises.
        raise DamagedArrayError(f"it is no array: {error!r}") from error
    is_now = _describe(values)
    changed = [name for name, value in is_now.items() if value != described[name]]
    if changed:
        raise DamagedArrayError(f"{' and '.join(changed)} are not what was written")
    return values


def _mapped(path: str) -> Array:
    mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _fetched(filesystem: Any, path: str, size: int) -> Array:
    """A mapped copy without a name: it goes away with the mapping, or with the process."""
    folder = scratch_folder()
    with nameless_file(folder) as copy:
        _require_room(folder, size)
        try:
            fetch(filesystem, path, size, copy.fileno())
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise ScratchFullError(
                f"{folder} is full: {size // 2**20} MB could not be copied there; free space, or"
                " point KINDRED_SCRATCH at a larger disk"
            ) from error
        return _mapped(f"/dev/fd/{copy.fileno()}")


def nameless_file(folder: str) -> IO[bytes]:
    """A file in the scratch folder, which is made if need be.

    Raises
    ------
    ArtefactError
        when there cannot be one.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise ArtefactError(
            f"KINDRED_SCRATCH: no file can be made in {folder}: {error}; point it at a folder on a"
            " disk that this user may write"
        ) from error


def _require_room(folder: str, size: int) -> None:
    free, kept = shutil.disk_usage(folder).free, Settings.from_env().min_free_disk_mb * 2**20
    if free < size + kept:
        raise ScratchFullError(
            f"{size // 2**20} MB are copied to {folder}, where {free // 2**20} MB are free and"
            f" {kept // 2**20} must stay so (KINDRED_MIN_FREE_DISK_MB); free space, or point"
            " KINDRED_SCRATCH at a larger disk"
        )


def _describe(values: Array) -> Description:
    # Most arrays are one chunk, and its digest takes less than to start a thread.
    is_large = values.nbytes > CHUNK_BYTES
    with ThreadPoolExecutor(THREADS) if is_large else nullcontext() as threads:
        digests = (threads.map if threads else map)(_digest, _chunks(values))
        digest = hashlib.sha256(b"".join(digests)).hexdigest()
    return {"dtype": values.dtype.str, "shape": list(values.shape), "sha256": digest}


def _digest(chunk: Array) -> bytes:
    return hashlib.sha256(chunk.data).digest()


def _chunks(values: Array) -> Iterator[Array]:
    """The bytes of the values in row order, some rows at a time."""
    rows = values.reshape(1) if values.ndim == 0 else values
    step = max(1, CHUNK_BYTES * len(rows) // max(1, rows.nbytes))
    for start in range(0, len(rows), step):
        chunk = np.ascontiguousarray(rows[start : start + step])
        yield chunk.reshape(-1).view(np.uint8)
