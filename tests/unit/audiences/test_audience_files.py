"""Which spaces have audiences, and what becomes of files that cannot be read."""

import json
import os
import re
import time
from pathlib import Path
from random import Random

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
        ("space: Buying\n", "bad.yaml: space: it cannot name a space"),
        (
            f"{SEED}space: byuing\n",
            "space: there is no such space; there are buying, default; did you",
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


def merged(levels, text):
    """Mappings that each merge the one before nine times: 9**levels pairs from a few lines."""
    nine = ", ".join(["*x{0}"] * 9)
    lines = [f"x{n}: &x{n} {{<<: [{nine.format(n - 1)}]}}" for n in range(1, levels)]
    return "\n".join(["x0: &x0 {a: 1}", *lines, text])


NINE = "[" + ", ".join(["&l [" + ", ".join("9" * 300) + "]"] + ["*l"] * 400) + "]"
HARMFUL = {
    "merges": (merged(10, SEED), "aliases and << repeat"),
    "empty merges": (merged(10, SEED).replace("{a: 1}", "{}"), "aliases and << repeat"),
    "aliases": (f"{SEED}pool: {{a: {NINE}}}", "aliases and << repeat"),
    "merges itself": (f"{SEED}pool: &p {{<<: *p}}", "<< merges itself"),
    "nested": ("[" * 1_500, "nested"),
    "large": (f"{SEED}# {'x' * 300_000}", "more than 256 kib"),
    "long number": (f"{SEED}sizes: 1{'0' * 310}", "a number of 311 characters"),
    "hexadecimal": (f"{SEED}max_ids: 0x{'f' * 3_600}", "a number of 3,602 characters"),
    "exponent": (f"{SEED}control_share: 1{'0' * 99}", "a share from 0 to 100 %"),
    "name": (f"{SEED}name: 0x{'f' * 98}", "the file's name says"),
    "condition": (f"{SEED}pool: {{age: 0x{'f' * 4_000}}}", "a number of 4,002 characters"),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_no_content_of_a_file_harms_the_others(folders, kind):
    text, problem = HARMFUL[kind]
    (folders[0] / "good.yaml").write_text(SEED)
    (folders[0] / "bad.yaml").write_text(text)
    begun = time.process_time()
    assert "default" in spaces_with_audiences()
    assert time.process_time() - begun < 1, "DAGs are parsed every few seconds"
    bad, good = read_audience_files("default")
    assert problem in bad.problem
    assert good.audience is not None


@pytest.mark.parametrize("kind", ["pipe", "device", "elsewhere", "circle", "folder", "gone"])
def test_only_regular_files_of_the_folder_are_read(folders, tmp_path, kind):
    path = folders[0] / "bad.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        (tmp_path / "elsewhere.yaml").write_text(SEED)
        targets = {"device": "/dev/zero", "elsewhere": tmp_path / "elsewhere.yaml", "circle": path}
        path.symlink_to(targets.get(kind, tmp_path / "nothing"))
    assert spaces_with_audiences() == {"default", "buying"}
    [file] = read_audience_files("default")
    assert file.audience is None
    assert "bad.yaml: cannot be read as YAML: " in file.problem


def test_a_link_within_the_folder_is_a_file(folders):
    """As a cluster mounts files."""
    (folders[0] / "..data").mkdir()
    (folders[0] / "..data" / "spring.yaml").write_text(SEED)
    (folders[0] / "spring.yaml").symlink_to("..data/spring.yaml")
    assert spaces_with_audiences() == {"default"}
    assert read_audience_files("default")[0].audience is not None


def test_whatever_stands_at_any_key_is_at_most_a_problem_of_its_file(folders):
    """A seeded sample of values that are none, at each place of a file."""
    huge = ["1" + "0" * 400, "0x" + "f" * 5_000, "-0b1" + "0" * 20_000, "1e999", "9" * 5_000]
    odd = [".nan", "-.inf", "190:20:30", "9999-99-99", "~", "''", "[[1]]", "{1: 2}", "&a [*a]"]
    tagged = ["!!binary aGk=", "!!set {a, b}", "!!int x", '"\\0"', '"\\ud800"', "&a {x: *a}"]
    seed = "seed: {{label: {{bought: 'yes'}}}}\n"
    places = [
        "name: {v}",
        "space: {v}",
        "pool: {v}",
        "pool: {{a: {v}}}",
        "pool: {{a: {{max: {v}}}}}",
    ]
    places += ["sizes: {v}", "sizes: [{v}]", "control_share: {v}", "max_ids: {v}", "{v}: 1"]
    places += ["include_contacted: {v}", "outcome: {v}", "outcome: {{label: {v}, days: 3}}"]
    places += ["outcome: {{label: a, days: {v}}}", "exclude: {{file: {v}}}", "exclude: {v}"]
    places += ["exclude: {{table: {v}}}", "exclude: {{table: a, where: {v}}}"]
    places += ["contacted: {{query: {v}}}", "contacted: {{label: {{a: [{v}]}}}}"]
    random = Random(7)
    for place in places:
        for value in [*huge, *random.sample(odd + tagged, 2)]:
            (folders[0] / "bad.yaml").write_text((seed + place).format(v=value))
            assert spaces_with_audiences() <= {"default", "buying"}
            facts = [file.to_fact() for file in read_audience_files("default")]
            json.dumps(facts, allow_nan=False).encode()
            assert len(recorded_audiences({FACT: facts})) == 1


def test_a_file_is_called_by_its_name_alone(folders):
    (folders[0] / "a\nb.yaml").write_text("seed: [")
    (folders[0] / ".spring.yaml").write_text(SEED)  # an editor's
    [file] = read_audience_files("default")
    assert file.problem.startswith(r"a\nb.yaml: cannot be read as YAML: line 1")
    assert str(folders[0]) not in file.problem


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


@pytest.mark.parametrize(
    "text",
    [
        f"{SEED}sizes: [secret, 7731]",
        f"{SEED}max_ids: secret",
        f"{SEED}control_share: secret",
        f"{SEED}control_share: '77.31%'",
        f"{SEED}space: 7731",
        f"{SEED}space: secret@example",
        f"{SEED}space: secret7731",
        f"{SEED}name: secret",
        f"{SEED}outcome: {{label: [secret], days: secret}}",
        f"{SEED}pool: {{secret: []}}",
        f"{SEED}pool: {{secret: {{secret: 1}}}}",
        f"{SEED}pool: [secret]",
        f"{SEED}secret: 7731",
        f"{SEED}seed_: {{secret: 7731}}",
        "seed: {secret: 1}",
        "seed: {7731: 1}",
        "7731: 1",
        f"{SEED}pool: {{7731: 1}}",
        "seed: {label: {secret: {a: 1}}}",
        "seed: {label: {secret: }}",
        "seed: {file: /secret}",
        "seed: {table: secret, column: 'secret%'}",
        "seed: {table: '.secret.'}",
        'seed: {table: a, where: "\'secret"}',
        "seed: {query: select 1, connection: 'postgresql://user:secret@db/crm'}",
        "seed: {query: select 1, connection: 'host=db password=secret'}",
        "seed: {query: select 1, connection: [secret]}",
    ],
)
def test_readers_are_told_nothing_that_only_the_file_says(folders, text):
    (folders[0] / "bad.yaml").write_text(text)
    [file] = read_audience_files("default")
    problem = file.to_fact()["problem"]
    assert problem.startswith("bad.yaml: ")
    assert not re.search("secret|7731|77.31|example", problem)
    assert "secret@" not in file.problem
    assert "password=" not in file.problem


def test_a_key_at_the_top_that_is_none_is_named(folders):
    (folders[0] / "bad.yaml").write_text(f"{SEED}audience_owner: somebody\n'a@b.c': 1\n")
    [file] = read_audience_files("default")
    assert "audience_owner: there is no such key; allowed are name, space, seed" in file.problem
    assert "somebody" not in file.problem
    assert "a@b.c" not in file.problem


def test_no_private_column_is_named_in_what_a_build_records(folders):
    text = f"{SEED}pool: {{wage: [], 'wage 2': {{}}}}\nexclude: {{label: {{wage: }}}}\n"
    (folders[0] / "bad.yaml").write_text(text)
    [file] = read_audience_files("default")
    assert "column 'wage' is given an empty list" in file.problem
    fact = file.to_fact(["wage", "wage 2"])
    assert "wage" not in str(fact)
    assert "pool: a condition on a column is none" in fact["problem"]
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
