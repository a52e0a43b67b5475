"""Which spaces have audiences, and what becomes of files that cannot be read."""

import os
from pathlib import Path

import pytest

from kindred.audiences.audience_checks import without_private
from kindred.audiences.audience_files import (
    FACT,
    audiences_dirs,
    folder_of,
    missing_folders,
    read_audience_files,
    recorded_audiences,
    spaces_with_audiences,
    with_sql,
)

SEED = "seed: {query: select 1}\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two spaces, and two folders of audiences."""
    made = [tmp_path / "specs", tmp_path / "one", tmp_path / "two"]
    for folder in made:
        folder.mkdir()
    for space in ("default", "buying"):
        (made[0] / f"{space}.yaml").write_text("")
    monkeypatch.setenv("KINDRED_FEATURES", str(made[0]))
    monkeypatch.setenv("KINDRED_AUDIENCES", os.pathsep.join(map(str, made[1:])))
    return made[1:]


def test_each_space_reads_its_own_files(folders):
    (folders[0] / "spring.yaml").write_text(SEED)
    assert spaces_with_audiences() == {"default"}
    (folders[1] / "summer.yaml").write_text(f"{SEED}space: buying\n")
    assert spaces_with_audiences() == {"default", "buying"}
    [spring], [summer] = read_audience_files("default"), read_audience_files("buying")
    assert (spring.name, summer.name) == ("spring", "summer")
    assert summer.audience.space == "buying"
    assert folder_of("summer") == folders[1]
    assert folder_of("winter") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed: [", "bad.yaml: cannot be read as YAML: line 1"),
        ("space: 7\n", "bad.yaml: space: a text is required (found 7 in line 1"),
        ("space: Buying\n", "bad.yaml: space: 'Buying' cannot name a space"),
        (
            f"{SEED}space: byuing\n",
            "there is no space 'byuing'; there are buying, default; did you",
        ),
        ("- seed\n", "bad.yaml: a mapping with the keys"),
    ],
)
def test_a_file_whose_space_cannot_be_read_is_reported_by_every_space(folders, text, problem):
    (folders[0] / "bad.yaml").write_text(text)
    assert spaces_with_audiences() == {"default", "buying"}
    for space in ("default", "buying"):
        [file] = read_audience_files(space)
        assert (file.name, file.audience) == ("bad", None)
        assert problem in file.problem
        assert str(folders[0]) not in file.problem


def test_a_file_that_is_wrong_is_reported_by_its_space_alone(folders):
    (folders[0] / "bad.yaml").write_text("seed: {}\nspace: buying\n")
    assert spaces_with_audiences() == {"buying"}
    assert read_audience_files("default") == []
    assert "exactly one of" in read_audience_files("buying")[0].problem


def test_one_name_is_one_audience(folders):
    for folder in folders:
        (folder / "twice.yaml").write_text(SEED)
    [file] = read_audience_files("default")
    assert "there are 2 files twice.yaml, in" in file.problem


def test_names_that_no_table_can_hold_are_spelt_out(folders):
    (folders[0] / os.fsdecode(b"caf\xe9.yaml")).write_text(SEED)
    [file] = read_audience_files("default")
    assert file.name == r"caf\udce9"
    assert "half a surrogate pair" in file.problem
    file.problem.encode()


def test_names_that_are_spelt_alike_are_one_audience(folders):
    for name in ("a\tb.yaml", r"a\tb.yaml"):
        (folders[0] / name).write_text(SEED)
    [file] = read_audience_files("default")
    assert file.name == r"a\tb"
    assert r"there are 2 files a\tb.yaml, in" in file.problem
    for folder in folders:
        (folder / os.fsdecode(b"caf\xe9.yaml")).write_text(SEED)
    for file in read_audience_files("default"):
        file.problem.encode()


@pytest.mark.parametrize(
    "text",
    ["seed: [7731, 7732]", "seed: {ids: [7731]}", f"{SEED}exclude: 7731", f"{SEED}ids: [7731]"],
)
def test_ids_in_the_wrong_place_are_not_told(folders, text):
    (folders[0] / "bad.yaml").write_text(text)
    [file] = read_audience_files("default")
    assert "line" in file.problem
    assert "773" not in file.problem


def test_no_private_column_is_named_in_what_a_build_records(folders):
    text = f"{SEED}pool: {{wage: [], 'wage 2': {{}}}}\nexclude: {{label: {{wage: }}}}\n"
    (folders[0] / "bad.yaml").write_text(text)
    [file] = read_audience_files("default")
    assert "column 'wage' is given an empty list" in file.problem
    fact = file.to_fact(["wage", "wage 2"])
    assert "wage" not in str(fact)
    assert "column <private> is given an empty list" in fact["problem"]
    assert "wages" in without_private("'wages'", ["wage"])


def test_a_build_remembers_what_the_files_said(folders):
    (folders[0] / "spring.yaml").write_text(f"{SEED}sizes: 2.5%\n")
    (folders[0] / "bad.yaml").write_text("seed: [")
    files = read_audience_files("default")
    recorded = recorded_audiences({FACT: [file.to_fact() for file in files]})
    assert "select" not in str(recorded), "the SQL is known by its digest"
    assert recorded[0] == files[0]
    assert recorded[1].audience.seed.digest == files[1].audience.seed.digest
    assert with_sql(recorded[1].audience) == files[1].audience
    # What has changed in the file since is not that audience.
    (folders[0] / "spring.yaml").write_text("seed: {query: select 2}\nsizes: 5%\n")
    assert with_sql(recorded[1].audience) == recorded[1].audience
    (folders[0] / "spring.yaml").unlink()
    assert with_sql(recorded[1].audience) == recorded[1].audience
    assert recorded_audiences({}) == []


def test_without_files_there_is_nothing_to_do(folders, monkeypatch):
    assert spaces_with_audiences() == set()
    assert read_audience_files("default") == []
    monkeypatch.setenv("KINDRED_AUDIENCES", str(folders[0] / "absent"))
    assert spaces_with_audiences() == set()
    assert missing_folders() == [folders[0] / "absent"]
    monkeypatch.delenv("KINDRED_AUDIENCES")
    assert missing_folders() == []
    assert [folder.parts[-2:] for folder in audiences_dirs()] == [("include", "audiences")]
    monkeypatch.setenv("KINDRED_FEATURES", str(Path(__file__).parent / "absent"))
    assert spaces_with_audiences() == set()
