"""Artefacts: sets of arrays that exist whole or not at all."""

import errno
import json
import os
import shutil
import tempfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem

from kindred.artefacts import arrays
from kindred.artefacts.folder import (
    free_megabytes,
    remove_snapshot_folder,
    settings_folders,
    snapshot_folders,
    snapshot_slug,
)
from kindred.errors import ArtefactError
from unit.artefact_cases import ARRAYS, AS_OF, damage, folder


def files(path):
    filesystem, base = fsspec.core.url_to_fs(path)
    return {name.rsplit("/", 1)[-1] for name in filesystem.find(base)}


def test_a_set_comes_back_as_it_was_written(root):
    folder(root).write("vectors", ARRAYS, {"encoder_version": 3, "note": "ü"})
    artefact = folder(root).read("vectors", "encode")
    assert artefact.facts == {"encoder_version": 3, "note": "ü"}
    assert artefact.arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert artefact.arrays[name].dtype == values.dtype
        np.testing.assert_array_equal(artefact.arrays[name], values)


def test_a_set_without_arrays_or_facts_can_be_written(root):
    folder(root).write("plan", {}, {})
    artefact = folder(root).read("plan", "plan_graph")
    assert (artefact.arrays, artefact.facts) == ({}, {})


def test_a_set_replaces_the_one_before(root):
    folder(root).write("vectors", ARRAYS, {"encoder_version": 1})
    folder(root).write("vectors", {"customers": np.array([9])}, {"encoder_version": 2})
    artefact = folder(root).read("vectors", "encode")
    assert artefact.facts == {"encoder_version": 2}
    assert {name: values.tolist() for name, values in artefact.arrays.items()} == {"customers": [9]}


def test_nothing_is_left_beside_the_set(root):
    for _ in range(2):
        folder(root).write("vectors", ARRAYS, {})
    expected = {f"{name}.npy" for name in ARRAYS} | {"facts.json"}
    assert files(folder(root).path) == expected


def test_no_array_is_pickled(root):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        folder(root).write("vectors", {"names": np.array(["a", None], dtype=object)}, {})
    with pytest.raises(ArtefactError):
        folder(root).read("vectors", "encode")


def test_local_arrays_are_mapped_and_cannot_be_changed(tmp_path):
    folder(tmp_path).write("vectors", ARRAYS, {})
    vectors = folder(tmp_path).read("vectors", "encode").arrays["vectors"]
    assert isinstance(vectors, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors[0, 0] = 7


def test_a_missing_set_names_the_task_to_clear(root):
    with pytest.raises(ArtefactError) as caught:
        folder(root).read("graph", "merge_graph")
    text = str(caught.value)
    assert text.startswith(f"artefact 'graph' is not in {folder(root).path}; clear task 'merge_gr")
    folder(root).write("graph", ARRAYS, {})
    with pytest.raises(ArtefactError, match="not in"):
        folder(root, settings="another").read("graph", "merge_graph")


def test_a_set_with_a_missing_array_is_a_missing_set(root):
    folder(root).write("vectors", ARRAYS, {})
    filesystem, path = fsspec.core.url_to_fs(f"{folder(root).path}/vectors/vectors.npy")
    filesystem.rm_file(path)
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(root).read("vectors", "encode")


def test_writing_needs_little_memory_beside_the_array(tmp_path):
    """A copy of the vectors would double what a task takes."""
    vectors = np.ones((1 << 20, 16), dtype=np.float32)  # 64 MB
    tracemalloc.start()
    folder(tmp_path).write("vectors", {"vectors": vectors}, {})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < vectors.nbytes / 2
    np.testing.assert_array_equal(folder(tmp_path).read("vectors", "x").arrays["vectors"], vectors)


class Killed(BaseException):
    """What a killed process does not survive."""


@pytest.fixture
def kill_after(monkeypatch):
    """Die when so many files have been renamed to their names."""

    def arm(renames):
        left = [renames]

        def mv(self, path1, path2, **kwargs):
            if not left[0]:
                raise Killed
            left[0] -= 1
            os.replace(path1, path2)

        monkeypatch.setattr(LocalFileSystem, "mv", mv)

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize("renames", range(len(ARRAYS) + 1))
def test_a_writer_killed_at_any_file_leaves_no_set(tmp_path, kill_after, renames):
    """Facts come last, and those of an earlier set go first."""
    folder(tmp_path).write("vectors", ARRAYS, {"encoder_version": 1})
    kill_after(renames)
    with pytest.raises(Killed):
        folder(tmp_path).write("vectors", ARRAYS, {"encoder_version": 2})
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(tmp_path).read("vectors", "encode")
    kill_after(100)
    folder(tmp_path).write("vectors", ARRAYS, {"encoder_version": 2})
    assert folder(tmp_path).read("vectors", "encode").facts == {"encoder_version": 2}


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(ArtefactError) as caught:
        folder(tmp_path / "taken").write("vectors", ARRAYS, {})
    text = str(caught.value)
    assert text.startswith("artefact 'vectors' cannot be written to ")
    assert "point KINDRED_ARTIFACTS elsewhere, then clear this task" in text


def test_a_root_below_a_file_has_no_set(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(tmp_path / "taken").read("vectors", "encode")


def test_a_full_disk_says_what_to_do_and_leaves_no_rubbish(tmp_path, monkeypatch):
    """The second array meets the end of the disk, half of it written."""
    streams = []
    opened = LocalFileSystem.open

    class Full:
        def __init__(self, stream):
            self.stream = stream
            streams.append(stream)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def write(self, data):
            if len(streams) == 2 and self.stream.tell():
                self.stream.write(bytes(data)[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.stream.write(data)

    monkeypatch.setattr(
        LocalFileSystem, "open", lambda self, *args, **kwargs: Full(opened(self, *args, **kwargs))
    )
    with pytest.raises(ArtefactError, match="No space left on device; free space there"):
        folder(tmp_path).write("vectors", ARRAYS, {})
    monkeypatch.undo()
    assert files(folder(tmp_path).path) == {"customers.npy"}
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(tmp_path).read("vectors", "encode")


def test_facts_are_plain_json_with_length_and_digest_of_each_array(tmp_path):
    folder(tmp_path).write("vectors", {"b": np.zeros(1), "a": np.zeros((2, 3), "S2")}, {"rows": 1})
    [facts] = Path(folder(tmp_path).path).rglob("facts.json")
    content = json.loads(facts.read_text())
    assert list(content) == ["arrays", "rows"]
    assert list(content["arrays"]) == ["a", "b"]
    described = content["arrays"]["a"]
    assert (described["dtype"], described["shape"]) == ("|S2", [2, 3])
    assert described["bytes"] == (facts.parent / "a.npy").stat().st_size
    assert len(described["sha256"]) == 64


def test_a_digest_is_of_all_chunks_and_of_any_order_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 64)
    values = np.arange(300, dtype=np.float64).reshape(100, 3)
    written = {
        "c": values,
        "f": np.asfortranarray(values),
        "sliced": np.repeat(values, 2, 1)[:, ::2],
    }
    folder(tmp_path).write("vectors", written, {})
    [facts] = Path(folder(tmp_path).path).rglob("facts.json")
    described = json.loads(facts.read_text())["arrays"]
    assert len({entry["sha256"] for entry in described.values()}) == 1
    for found in folder(tmp_path).read("vectors", "encode").arrays.values():
        np.testing.assert_array_equal(found, values)
    damage(tmp_path, "c.npy", lambda content: content[:200] + b"!" + content[201:])
    with pytest.raises(ArtefactError, match="sha256"):
        folder(tmp_path).read("vectors", "encode", only=["c"])


def test_remote_arrays_are_mapped_from_a_copy_that_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    vectors = np.ones((1 << 20, 16), dtype=np.float32)  # 64 MB
    remote = folder("memory://kindred/mapped")
    remote.write("vectors", {"vectors": vectors}, {})
    tracemalloc.start()
    found = remote.read("vectors", "encode").arrays["vectors"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < vectors.nbytes / 2
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(found, vectors)


@pytest.mark.parametrize(
    ("as_of", "slug"),
    [
        ("2018-04-01T02:00:00+00:00", "20180401t020000"),
        ("2018-04-01T04:00:00+02:00", "20180401t020000"),
        ("2018-04-01T02:00:00.000500+00:00", "20180401t020000_000500"),
    ],
)
def test_a_slug_is_the_moment_in_utc(as_of, slug):
    assert snapshot_slug(datetime.fromisoformat(as_of)) == slug


def test_folders_are_listed_and_removed(root):
    assert snapshot_folders(str(root), "default") == {}
    later = datetime(2026, 1, 6, 2, tzinfo=UTC)
    folder(root, settings="one").write("vectors", ARRAYS, {})
    folder(root, settings="two").write("vectors", ARRAYS, {})
    folder(root, later).write("vectors", ARRAYS, {})
    listed = snapshot_folders(str(root), "default")
    assert {slug: sorted(found) for slug, found in listed.items()} == {
        "20260105t020000": ["one", "two"],
        "20260106t020000": ["0123456789abcdef"],
    }
    assert snapshot_folders(str(root), "other") == {}
    folder(root, settings="one").remove()
    folder(root, settings="one").remove()
    assert snapshot_folders(str(root), "default")["20260105t020000"] == ["two"]
    remove_snapshot_folder(str(root), "default", "20260105t020000")
    remove_snapshot_folder(str(root), "default", "20260105t020000")
    assert list(snapshot_folders(str(root), "default")) == ["20260106t020000"]


def test_two_runs_may_remove_the_same_folder(tmp_path, monkeypatch):
    folder(tmp_path).write("vectors", ARRAYS, {})
    rmdir, rmtree = os.rmdir, shutil.rmtree

    def late(place, **options):
        monkeypatch.setattr(os, "rmdir", rmdir)
        rmtree(tmp_path / "default" / "20260105t020000")
        rmdir(place, **options)

    monkeypatch.setattr(os, "rmdir", late)
    remove_snapshot_folder(str(tmp_path), "default", "20260105t020000")
    assert os.rmdir is rmdir
    assert snapshot_folders(str(tmp_path), "default") == {}


def test_free_space_is_known_for_folders_only(tmp_path):
    missing = tmp_path / "not" / "made" / "yet"
    free = os.statvfs(tmp_path)
    expected = free.f_bavail * free.f_frsize // 2**20
    for root in (str(missing), f"file://{missing}"):
        assert free_megabytes(root) == pytest.approx(expected, abs=200)
    assert free_megabytes("memory://kindred") is None
    assert not missing.exists()


def test_folders_of_all_snapshots_and_settings_are_found(root):
    assert settings_folders(str(root), "default") == []
    later = AS_OF.replace(microsecond=7)
    written = [folder(root), folder(root, settings="fedcba"), folder(root, later)]
    for one in written:
        one.write("vectors", ARRAYS, {})
    found = settings_folders(str(root), "default")
    assert sorted(found, key=lambda one: one.path) == sorted(written, key=lambda one: one.path)
