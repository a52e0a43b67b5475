"""The files of specs: where they are found, and what their names say."""

import os
from pathlib import Path

import pytest
import yaml

from kindred.errors import SettingsError, SpecError
from kindred.spec.model import load_spec
from kindred.spec.spec_files import features_dirs, spec_paths
from unit.spec_content import CONTENT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of specs; returns a writer."""
    monkeypatch.setenv("KINDRED_FEATURES", str(tmp_path))

    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    return write


WITHOUT_SPACE = {key: value for key, value in CONTENT.items() if key != "space"}


def test_the_files_name_is_the_space(folder):
    assert load_spec(folder("buying.yaml", WITHOUT_SPACE)).space == "buying"
    assert load_spec(folder("profile.yaml", CONTENT)).space == "profile"


def test_a_file_that_names_another_space_is_refused(folder):
    path = folder("buying.yaml", CONTENT)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(
        f"{path}: space: the file's name says 'buying' (found 'profile');"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("features: [unclosed", "cannot be read as YAML"),
        ("", "a mapping with the keys 'source' and 'features' is expected"),
        ("- a list", "a mapping with the keys 'source' and 'features' is expected"),
        ("!!python/object/apply:os.system ['true']", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(folder, content, message):
    path = folder("profile.yaml", content)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"missing\.yaml: cannot be read as YAML"):
        load_spec(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes("länge: 1".encode("latin-1"))
    with pytest.raises(SpecError, match=r"latin\.yaml: cannot be read as YAML"):
        load_spec(tmp_path / "latin.yaml")


def test_specs_are_found_by_their_names(folder, tmp_path):
    for name in ("profile.yaml", "buying.yaml", "notes.txt"):
        folder(name, CONTENT)
    assert spec_paths() == {
        "buying": tmp_path / "buying.yaml",
        "profile": tmp_path / "profile.yaml",
    }


def test_specs_of_several_folders_are_found_but_none_twice(folder, tmp_path, monkeypatch):
    folder("buying.yaml", CONTENT)
    other = tmp_path / "other"
    other.mkdir()
    (other / "profile.yaml").write_text("")
    folders = os.pathsep.join([str(tmp_path), str(other), str(tmp_path / "missing")])
    monkeypatch.setenv("KINDRED_FEATURES", folders)
    assert list(spec_paths()) == ["buying", "profile"]
    (other / "buying.yaml").write_text("")
    with pytest.raises(SpecError, match=r"'buying' has two specs, .*buying\.yaml and .*other"):
        spec_paths()


def test_the_default_folder_is_that_of_the_checkout(monkeypatch, repository):
    monkeypatch.delenv("KINDRED_FEATURES", raising=False)
    assert features_dirs() == [repository / "include" / "features"]
    assert load_spec(spec_paths()["default"]).is_default


def test_without_a_folder_of_specs_the_error_says_which_variable_to_set(monkeypatch, tmp_path):
    monkeypatch.delenv("KINDRED_FEATURES", raising=False)
    monkeypatch.setattr("kindred.spec.spec_files.__file__", str(tmp_path / "a/b/c/spec_files.py"))
    with pytest.raises(SettingsError, match=f"KINDRED_FEATURES is not set.*{tmp_path}.*set it to"):
        features_dirs()


def test_the_committed_specs_can_be_read(repository):
    paths = sorted((repository / "include" / "features").glob("*.yaml"))
    assert [Path(path).stem for path in paths]
    for path in paths:
        assert load_spec(path).space == path.stem
