"""An artefact of every kind of array, and what may happen to its files."""

from datetime import UTC, datetime

import fsspec
import numpy as np

from kindred.artefacts.folder import ArtefactFolder, snapshot_slug

AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
ARRAYS = {
    "customers": np.array([1, 2, 3]),
    "vectors": np.arange(6, dtype=np.float32).reshape(3, 2),
    "names": np.array([b"a", b"bc", b""], dtype="S2"),
    "nobody": np.empty((0, 4), dtype=np.float32),
}


def folder(root, as_of=AS_OF, settings="0123456789abcdef"):
    return ArtefactFolder(f"{root}/default/{snapshot_slug(as_of)}/{settings}")


def damage(root, file, change):
    filesystem, path = fsspec.core.url_to_fs(f"{folder(root).path}/vectors/{file}")
    content = filesystem.cat_file(path)
    changed = change(content)
    assert changed != content
    filesystem.pipe_file(path, changed)
