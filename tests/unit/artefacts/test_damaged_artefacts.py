"""Artefacts that are not what was written: each names the task to clear."""

from pathlib import Path

import pytest

from kindred.artefacts.folder import settings_folders, snapshot_folders
from kindred.errors import ArtefactError
from unit.artefact_cases import ARRAYS, damage, folder


def truncated(content):
    return content[:-1]


def flipped(content):
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


def reshaped(content):
    return content.replace(b"(3, 2)", b"(2, 3)")


def no_array(content):
    return b"?" * len(content)


DAMAGES = {
    truncated: r"it has \d+ bytes, \d+ were written",
    flipped: "sha256 are not what was written",
    reshaped: "shape are not what was written",
    no_array: "it is no array: ",
}


def test_any_changed_byte_of_a_header_is_damage(tmp_path):
    folder(tmp_path).write("vectors", {"vectors": ARRAYS["vectors"]}, {})
    path = Path(folder(tmp_path).path) / "vectors" / "vectors.npy"
    content = path.read_bytes()
    end = content.index(b"\n")
    for position in range(end):
        for byte in b"}'(,\0\xff9":
            if content[position] == byte or content[position : position + 1] == b" ":
                continue
            path.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
            with pytest.raises(ArtefactError, match="clear task 'encode'"):
                folder(tmp_path).read("vectors", "encode")


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_loop(path):
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("put", [a_folder, a_loop])
@pytest.mark.parametrize("file", ["vectors.npy", "facts.json"])
def test_what_cannot_be_read_names_the_task_and_is_made_again(tmp_path, file, put):
    folder(tmp_path).write("vectors", ARRAYS, {})
    put(Path(folder(tmp_path).path) / "vectors" / file)
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(tmp_path).read("vectors", "encode")
    if put is a_folder:
        folder(tmp_path).write("vectors", ARRAYS, {})
        assert folder(tmp_path).read("vectors", "encode").arrays.keys() == ARRAYS.keys()


def test_facts_that_lack_an_array_and_nested_ones_are_damage(tmp_path):
    folder(tmp_path).write("vectors", {}, {})
    with pytest.raises(ArtefactError, match="does not describe it; clear task 'encode'"):
        folder(tmp_path).read("vectors", "encode", only=["customers"])
    path = Path(folder(tmp_path).path) / "vectors" / "facts.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(tmp_path).read("vectors", "encode")


def test_files_of_other_programs_are_no_snapshots(tmp_path):
    folder(tmp_path).write("vectors", ARRAYS, {})
    space = tmp_path / "default"
    for stray in (space / ".DS_Store", space / "20260105t020000" / ".DS_Store"):
        stray.write_text("")
    (space / "lost+found").mkdir()
    assert settings_folders(str(tmp_path), "default") == [folder(tmp_path)]
    assert list(snapshot_folders(str(tmp_path), "default")) == ["20260105t020000"]


@pytest.mark.parametrize("change", DAMAGES)
def test_a_damaged_array_names_the_task_to_clear(root, change):
    folder(root).write("vectors", ARRAYS, {})
    damage(root, "vectors.npy", change)
    with pytest.raises(ArtefactError, match=DAMAGES[change]) as caught:
        folder(root).read("vectors", "encode")
    assert str(caught.value).startswith("array 'vectors' of artefact 'vectors' in ")
    assert "clear task 'encode' with its downstream tasks" in str(caught.value)
    assert folder(root).read("vectors", "encode", only=["customers"]).arrays.keys() == {"customers"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"arrays": ["vectors"]}', b'{"arrays": {"a": {}}}', b"\xff"],
)
def test_damaged_facts_name_the_task_to_clear(root, content):
    folder(root).write("vectors", ARRAYS, {})
    damage(root, "facts.json", lambda _: content)
    with pytest.raises(ArtefactError, match=r"facts.json .*; clear task 'encode'"):
        folder(root).read("vectors", "encode")
