"""Artefacts that cannot be read are removed with those that hold the customer; none blocks."""

import json
import shutil
from unittest.mock import patch

import numpy as np
import pytest

from kindred.artefacts.folder import ArtefactFolder, settings_folders
from kindred.erasure.task import _erase_artefacts
from kindred.errors import ScratchFullError
from unit.artefact_cases import AS_OF, folder

KEYS = {"int": np.array([7]), "text": np.array([b"seven"])}
FULL = ScratchFullError("no room")
OTHERS = {"int": np.arange(100, 200), "text": np.array([b"a", b"bb"])}


def cut(share):
    def damage(path):
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return damage


def say(content):
    return lambda path: path.write_text(content)


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def be_a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "lost").touch()


def lead_nowhere(path):
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def lead_in_a_circle(path):
    path.unlink()
    path.symlink_to(path)


def redescribe(**changes):
    def damage(path):
        content = json.loads(path.read_text())
        content["arrays"]["customers"].update(changes)
        path.write_text(json.dumps(content))

    return damage


ARRAY, FACTS = "vectors/customers.npy", "vectors/facts.json"
DAMAGES = {
    "array of no byte": (ARRAY, cut(0)),
    "array of half a header": (ARRAY, cut(0.3)),
    "array without its last bytes": (ARRAY, cut(0.95)),
    "array with another bit": (ARRAY, flip),
    "array missing": (ARRAY, lambda path: path.unlink()),
    "array is a folder": (ARRAY, be_a_folder),
    "array leads nowhere": (ARRAY, lead_nowhere),
    "array leads in a circle": (ARRAY, lead_in_a_circle),
    "array is text": (ARRAY, say("customers")),
    "facts of no byte": (FACTS, cut(0)),
    "facts of half": (FACTS, cut(0.5)),
    "facts missing": (FACTS, lambda path: path.unlink()),
    "facts are a folder": (FACTS, be_a_folder),
    "facts lead nowhere": (FACTS, lead_nowhere),
    "facts lead in a circle": (FACTS, lead_in_a_circle),
    "facts are no text": (FACTS, lambda path: path.write_bytes(b"\xff\xfe\x00")),
    "facts are null": (FACTS, say("null")),
    "facts are a list": (FACTS, say("[]")),
    "facts without arrays": (FACTS, say("{}")),
    "facts with a number of arrays": (FACTS, say('{"arrays": 1}')),
    "facts with a list of arrays": (FACTS, say('{"arrays": ["customers"]}')),
    "facts with a number for an array": (FACTS, say('{"arrays": {"customers": 1}}')),
    "facts without the array": (FACTS, say('{"arrays": {}}')),
    "facts nested without end": (FACTS, say("[" * 100_000)),
    "facts with another length": (FACTS, redescribe(bytes=None)),
    "facts with another shape": (FACTS, redescribe(shape="none")),
    "facts with another digest": (FACTS, redescribe(sha256=1)),
    "set missing": ("vectors", shutil.rmtree),
    "set is a file": ("vectors", lambda path: (shutil.rmtree(path), path.touch())),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_artefact_is_removed(tmp_path, damage, kind):
    holder, other = folder(tmp_path), folder(tmp_path, settings="other")
    for one in (holder, other):
        one.write("vectors", {"customers": OTHERS[kind]}, {})
    name, harm = DAMAGES[damage]
    harm(tmp_path / holder.path / name)
    assert _erase_artefacts(str(tmp_path), "default", KEYS[kind]) == 1
    assert [left.path for left in settings_folders(str(tmp_path), "default")] == [other.path]
    assert _erase_artefacts(str(tmp_path), "default", KEYS[kind]) == 0


def test_what_cannot_be_read_for_the_moment_is_not_removed(tmp_path):
    one, locked = folder(tmp_path), folder(tmp_path, settings="other")
    for each in (one, locked):
        each.write("vectors", {"customers": KEYS["int"]}, {})
    with (
        patch.object(ArtefactFolder, "read", side_effect=[one.read("vectors", "t"), FULL]),
        pytest.raises(ScratchFullError),
    ):
        _erase_artefacts(str(tmp_path), "default", KEYS["int"])
    assert len(settings_folders(str(tmp_path), "default")) == 2


@pytest.mark.parametrize("values", [np.array([7.0]), np.array([b"7"]), np.zeros(2, "i8,i8")])
def test_keys_of_another_type_cannot_be_compared_and_are_removed(tmp_path, values):
    folder(tmp_path).write("vectors", {"customers": values}, {})
    assert _erase_artefacts(str(tmp_path), "default", KEYS["int"]) == 1


def test_files_in_the_place_of_folders_hold_nobody(tmp_path):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / f"{AS_OF:%Y%m%dt%H%M%S}").touch()
    assert _erase_artefacts(str(tmp_path), "default", KEYS["int"]) == 0
    assert _erase_artefacts(str(tmp_path / "default"), f"{AS_OF:%Y%m%dt%H%M%S}", KEYS["int"]) == 0
