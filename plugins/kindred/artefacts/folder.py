"""Artefacts: named sets of arrays with their facts, under ``<root>/<space>/<as_of>/<settings>/``.

A set is a folder of ``.npy`` files (never pickled) and ``facts.json``, which is written last: a set
without it does not exist. It has the length and a digest of every array, which are checked when the
array is read. The root is a local path or any fsspec URL.
"""

import hashlib
import json
import posixpath
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kindred.artefacts.arrays import (
    DESCRIBED,
    Array,
    DamagedArrayError,
    Description,
    read_array,
    write_array,
)
from kindred.artefacts.stores import (
    errors,
    failure_of,
    is_local,
    is_lost,
    is_refusal,
    make_folder,
    open_store,
    remove,
    write_whole,
)
from kindred.errors import ArtefactError, LostArtefactError

Facts = dict[str, Any]

FACTS_FILE = "facts.json"
SLUG = re.compile(r"\d{8}t\d{6}(_\d{6})?")  # what `snapshot_slug` makes


@dataclass(frozen=True)
class Artefact:
    """One set: arrays by name, and facts that fit into JSON.

    ``digest`` is that of all arrays of the set, also of those that were not read.
    """

    arrays: dict[str, Array]
    facts: Facts
    digest: str = ""


def snapshot_slug(as_of: datetime) -> str:
    """A moment as a part of a path or table name: ``20180401t020000``, in UTC."""
    utc = as_of.astimezone(UTC)
    return utc.strftime("%Y%m%dt%H%M%S") + (f"_{utc.microsecond:06d}" if utc.microsecond else "")


@dataclass(frozen=True)
class ArtefactFolder:
    """The artefacts of one snapshot under one group of settings, in the folder ``path``."""

    path: str

    def write(self, name: str, arrays: Mapping[str, Array], facts: Facts) -> None:
        """Write a set, replacing an earlier one of the name.

        Raises
        ------
        ArtefactError
            when the folder cannot be written, or is full.
        StoreUnreachableError
            when an object store does not answer.
        """
        filesystem, folder = open_store(posixpath.join(self.path, name))
        try:
            make_folder(filesystem, folder)
            facts_path = posixpath.join(folder, FACTS_FILE)
            remove(filesystem, facts_path)
            described = {
                key: write_array(filesystem, posixpath.join(folder, f"{key}.npy"), values)
                for key, values in sorted(arrays.items())
            }
            text = json.dumps({"arrays": described, **facts}).encode()
            write_whole(filesystem, facts_path, lambda out: out.write(text))
        except errors() as error:
            remedy = "let this user write there" if is_refusal(error) else "free space there"
            raise failure_of(filesystem, error)(
                f"artefact {name!r} cannot be written to {self.path}: {error}; {remedy} or point"
                " KINDRED_ARTIFACTS elsewhere, then clear this task"
            ) from error

    def read(self, name: str, made_by: str, only: Collection[str] | None = None) -> Artefact:
        """Read a set, or ``only`` some of its arrays; ``made_by`` is the task that writes it.

        Raises
        ------
        LostArtefactError
            when it is not there, or not what was written; the text says what to do.
        ArtefactError
            when it cannot be read here.
        StoreUnreachableError
            when an object store does not answer, or scratch has no room.
        """
        filesystem, folder = open_store(posixpath.join(self.path, name))
        where = f"artefact {name!r}"
        remedy = f"clear task {made_by!r} with its downstream tasks, so that it is made again"
        try:
            facts, described = _read_facts(filesystem, posixpath.join(folder, FACTS_FILE))
            arrays = {}
            for key in described if only is None else only:
                where = f"array {key!r} of artefact {name!r}"
                if key not in described:
                    raise DamagedArrayError(f"{FACTS_FILE} does not describe it")
                path = posixpath.join(folder, f"{key}.npy")
                arrays[key] = read_array(filesystem, path, described[key])
        except DamagedArrayError as error:
            raise LostArtefactError(
                f"{where} in {self.path} is damaged: {error}; {remedy}"
            ) from error
        except errors() as error:
            if is_lost(error):
                raise LostArtefactError(f"{where} is not in {self.path}; {remedy}") from error
            raise failure_of(filesystem, error)(
                f"{where} in {self.path} cannot be read: {error}; let this user read it, or"
                f" {remedy}"
            ) from error
        text = json.dumps(described, sort_keys=True)
        return Artefact(arrays, facts, hashlib.sha256(text.encode()).hexdigest())

    def has(self, name: str) -> bool:
        """Whether a set of this name is there, damaged or not.

        Raises
        ------
        ArtefactError
            when this user may not see it; a `StoreUnreachableError` when a store does not answer.
        """
        filesystem, folder = open_store(posixpath.join(self.path, name))
        with _looking(filesystem, self.path):
            return bool(filesystem.exists(folder))

    def remove(self) -> None:
        """Remove everything of this snapshot and these settings.

        Raises
        ------
        ArtefactError
            when the folder cannot be removed.
        """
        try:
            remove(*open_store(self.path))
        except errors() as error:
            raise ArtefactError(
                f"{self.path} cannot be removed: {error}; let this user remove what is there, then"
                " try again"
            ) from error


def settings_folders(root: str, space: str) -> list[ArtefactFolder]:
    """The artefacts of every snapshot and every group of settings that has some."""
    return [
        ArtefactFolder(posixpath.join(root, space, slug, settings_hash))
        for slug, hashes in sorted(snapshot_folders(root, space).items())
        for settings_hash in sorted(hashes)
    ]


def snapshot_folders(root: str, space: str) -> dict[str, list[str]]:
    """Slug of the snapshot -> settings hashes that have artefacts.

    Raises
    ------
    ArtefactError
        when this user may not see them; a `StoreUnreachableError` when a store does not answer.
    """
    filesystem, base = open_store(posixpath.join(root, space))
    with _looking(filesystem, base):
        if not filesystem.exists(base):
            return {}
        return {
            posixpath.basename(snapshot): [*map(posixpath.basename, _folders(filesystem, snapshot))]
            for snapshot in _folders(filesystem, base)
            if SLUG.fullmatch(posixpath.basename(snapshot))
        }


@contextmanager
def _looking(filesystem: Any, place: str) -> Iterator[None]:
    try:
        yield
    except errors() as error:
        raise failure_of(filesystem, error)(
            f"the artefacts in {place} cannot be listed ({type(error).__name__}: {error}); let this"
            " user list and read what is there, or correct KINDRED_ARTIFACTS"
        ) from error


def _folders(filesystem: Any, path: str) -> list[str]:
    """The folders in a folder; other programs may leave files there."""
    entries = filesystem.ls(path, detail=True)
    return [entry["name"].rstrip("/") for entry in entries if entry["type"] == "directory"]


def remove_snapshot_folder(root: str, space: str, slug: str) -> None:
    """Remove all artefacts of one snapshot."""
    remove(*open_store(posixpath.join(root, space, slug)))


def free_megabytes(root: str) -> int | None:
    """Free space where a local root is or would be made; None for a remote one."""
    filesystem, path = open_store(root)
    if not is_local(filesystem):
        return None
    while not filesystem.exists(path) and path != posixpath.dirname(path):
        path = posixpath.dirname(path)
    return shutil.disk_usage(path).free // 2**20


def _read_facts(filesystem: Any, path: str) -> tuple[Facts, dict[str, Description]]:
    """The facts of a set, and the descriptions of its arrays."""
    content = filesystem.cat_file(path)
    try:
        facts: Facts = json.loads(content)
        described: dict[str, Description] = facts.pop("arrays")
        if all(entry.keys() >= DESCRIBED for entry in described.values()):
            return facts, described
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise DamagedArrayError(f"{FACTS_FILE} does not describe its arrays: {error!r}") from error
    raise DamagedArrayError(f"{FACTS_FILE} does not describe its arrays")
