"""The root of artefacts, of every kind."""

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from s3_server import s3_server


@pytest.fixture(scope="session")
def s3_store():
    """An object store; take `store`, in which nothing fails."""
    with s3_server() as store:
        yield store


@pytest.fixture
def store(s3_store):
    s3_store.faults.clear()
    yield s3_store
    s3_store.faults.clear()


@pytest.fixture(params=["folder", "file URL", "memory", "bucket"])
def root(request, tmp_path):
    """A root of each kind."""
    if request.param == "memory":
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]
        yield "memory://kindred/artefacts"
    elif request.param == "bucket":
        yield f"{request.getfixturevalue('store').bucket()}/artefacts"
    else:
        yield f"{'file://' if request.param == 'file URL' else ''}{tmp_path}/artefacts"
