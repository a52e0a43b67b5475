"""Reports that are kept beside the artefacts: ``<root>/<space>/reports/<as_of>.html``."""

import posixpath
from collections.abc import Collection
from datetime import datetime

from kindred.artefacts.folder import snapshot_slug
from kindred.artefacts.stores import errors, make_folder, open_store, remove, write_whole
from kindred.errors import ArtefactError

FOLDER = "reports"


def store_report(root: str, space: str, as_of: datetime, text: str) -> str:
    """Store the report of a snapshot, in place of an earlier one; returns its path or URL.

    Raises
    ------
    ArtefactError
        when it cannot be written.
    """
    path = posixpath.join(root, space, FOLDER, _name_of(as_of))
    write_file(path, text)
    return path


def write_file(url: str, text: str) -> None:
    """Write a file to a path or fsspec URL: it exists whole or not at all.

    Raises
    ------
    ArtefactError
        when it cannot be written.
    """
    try:
        filesystem, path = open_store(url)
        make_folder(filesystem, posixpath.dirname(path))
        write_whole(filesystem, path, lambda out: out.write(text.encode()))
    except errors() as error:
        raise ArtefactError(
            f"{url} cannot be written: {error}; free space there, let this user write there, or"
            " choose another place"
        ) from error


def remove_reports(root: str, space: str, keep: Collection[datetime] = ()) -> int:
    """Remove the stored reports, but those of some snapshots; returns how many.

    Raises
    ------
    ArtefactError
        when one cannot be removed.
    """
    kept = {_name_of(as_of) for as_of in keep}
    filesystem, folder = open_store(posixpath.join(root, space, FOLDER))
    removed = 0
    try:
        if not filesystem.isdir(folder):
            return 0
        for entry in filesystem.ls(folder, detail=False):
            if posixpath.basename(entry) not in kept:
                remove(filesystem, entry)
                removed += 1
    except errors() as error:
        raise ArtefactError(
            f"{folder}: a report cannot be removed: {error}; let this user write there, then try"
            " again"
        ) from error
    return removed


def _name_of(as_of: datetime) -> str:
    return f"{snapshot_slug(as_of)}.html"
