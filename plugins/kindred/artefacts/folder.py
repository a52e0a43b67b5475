"""Artefacts: named sets of arrays with their facts, under ``<root>/<space>/<as_of>/<settings>/``.

A set is a folder of ``.npy`` files (never pickled) and ``facts.json``, which is written last: a set
without it does not exist. The root is a local path or any fsspec URL; local arrays are mapped.
"""

import io
import json
import posixpath
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any
from uuid import uuid4

import fsspec
import numpy as np
from numpy.typing import NDArray

from kindred.errors import ArtefactError

Array = NDArray[Any]
Facts = dict[str, Any]

FACTS_FILE = "facts.json"


@dataclass(frozen=True)
class Artefact:
    """One set: arrays by name, and facts that fit into JSON."""

    arrays: dict[str, Array]
    facts: Facts


def snapshot_slug(as_of: datetime) -> str:
    """A moment as a part of a path or table name: ``20180401t020000``, in UTC."""
    utc = as_of.astimezone(UTC)
    return utc.strftime("%Y%m%dt%H%M%S") + (f"_{utc.microsecond:06d}" if utc.microsecond else "")


@dataclass(frozen=True)
class ArtefactFolder:
    """The artefacts of one snapshot under one group of settings."""

    root: str
    space: str
    as_of: datetime
    settings_hash: str

    @property
    def path(self) -> str:
        """Where the sets are."""
        return posixpath.join(self.root, self.space, snapshot_slug(self.as_of), self.settings_hash)

    def write(self, name: str, arrays: Mapping[str, Array], facts: Facts) -> None:
        """Write a set, replacing an earlier one of the name.

        Raises
        ------
        ArtefactError
            when the folder cannot be written, or is full.
        """
        try:
            filesystem, folder = fsspec.core.url_to_fs(posixpath.join(self.path, name))
            filesystem.makedirs(folder, exist_ok=True)
            facts_path = posixpath.join(folder, FACTS_FILE)
            if filesystem.exists(facts_path):
                filesystem.rm_file(facts_path)
            for key, values in arrays.items():
                _write_array(filesystem, posixpath.join(folder, f"{key}.npy"), values)
            content = {"arrays": sorted(arrays), **facts}
            text = json.dumps(content, indent=1).encode()
            _write_aside(filesystem, facts_path, lambda out: out.write(text))
        except OSError as error:
            raise ArtefactError(
                f"artefact {name!r} cannot be written to {self.path}: {error}; free space there or"
                " point KINDRED_ARTIFACTS elsewhere, then clear this task"
            ) from error

    def read(self, name: str, made_by: str) -> Artefact:
        """Read a set; ``made_by`` is the task that writes it.

        Raises
        ------
        ArtefactError
            when it is not there; the text says which task to clear.
        """
        filesystem, folder = fsspec.core.url_to_fs(posixpath.join(self.path, name))
        try:
            facts: Facts = json.loads(filesystem.cat_file(posixpath.join(folder, FACTS_FILE)))
            arrays = {
                key: _read_array(filesystem, posixpath.join(folder, f"{key}.npy"))
                for key in facts.pop("arrays")
            }
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ArtefactError(
                f"artefact {name!r} is not in {self.path}; clear task {made_by!r} with its"
                " downstream tasks, so that it is made again"
            ) from error
        return Artefact(arrays, facts)

    def remove(self) -> None:
        """Remove everything of this snapshot and these settings."""
        filesystem, folder = fsspec.core.url_to_fs(self.path)
        if filesystem.exists(folder):
            filesystem.rm(folder, recursive=True)


def settings_folders(root: str, space: str) -> list[ArtefactFolder]:
    """The artefacts of every snapshot and every group of settings that has some."""
    return [
        ArtefactFolder(root, space, _moment_of(slug), settings_hash)
        for slug, hashes in sorted(snapshot_folders(root, space).items())
        for settings_hash in sorted(hashes)
    ]


def _moment_of(slug: str) -> datetime:
    """The moment that a ``snapshot_slug`` was made from."""
    form = "%Y%m%dt%H%M%S_%f" if "_" in slug else "%Y%m%dt%H%M%S"
    return datetime.strptime(slug, form).replace(tzinfo=UTC)


def snapshot_folders(root: str, space: str) -> dict[str, list[str]]:
    """Slug of the snapshot -> settings hashes that have artefacts."""
    filesystem, base = fsspec.core.url_to_fs(posixpath.join(root, space))
    if not filesystem.exists(base):
        return {}
    return {
        posixpath.basename(snapshot.rstrip("/")): [
            posixpath.basename(folder.rstrip("/"))
            for folder in filesystem.ls(snapshot, detail=False)
        ]
        for snapshot in filesystem.ls(base, detail=False)
    }


def remove_snapshot_folder(root: str, space: str, slug: str) -> None:
    """Remove all artefacts of one snapshot."""
    filesystem, folder = fsspec.core.url_to_fs(posixpath.join(root, space, slug))
    if filesystem.exists(folder):
        filesystem.rm(folder, recursive=True)


def free_megabytes(root: str) -> int | None:
    """Free space where a local root is or would be made; None for a remote one."""
    filesystem, path = fsspec.core.url_to_fs(root)
    if not _is_local(filesystem):
        return None
    while not filesystem.exists(path) and path != posixpath.dirname(path):
        path = posixpath.dirname(path)
    return shutil.disk_usage(path).free // 2**20


def _is_local(filesystem: Any) -> bool:
    return isinstance(filesystem, fsspec.implementations.local.LocalFileSystem)


def _write_array(filesystem: Any, path: str, values: Array) -> None:
    # Straight into the stream, which NumPy fills piece by piece: a copy would double the memory.
    _write_aside(filesystem, path, lambda out: np.save(out, values, allow_pickle=False))


def _write_aside(filesystem: Any, path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write under another name first: a killed writer leaves no half-written file of the name."""
    aside = f"{path}.{uuid4().hex}"
    try:
        with filesystem.open(aside, "wb") as stream:
            write(stream)
        filesystem.mv(aside, path)
    except OSError:
        if filesystem.exists(aside):
            filesystem.rm_file(aside)
        raise


def _read_array(filesystem: Any, path: str) -> Array:
    if _is_local(filesystem):
        mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        return mapped
    with filesystem.open(path, "rb") as stream:
        loaded: Array = np.load(io.BytesIO(stream.read()), allow_pickle=False)
        return loaded
