"""The root of artefacts, of every kind."""

import pytest
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture(params=["folder", "file URL", "memory"])
def root(request, tmp_path):
    """A root of each kind."""
    if request.param == "memory":
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]
        yield "memory://kindred/artefacts"
    else:
        yield f"{'file://' if request.param == 'file URL' else ''}{tmp_path}/artefacts"
