"""``kindred audience``: what is published, and what a file would give now."""

import pytest

from integration.audiences.audience_scene import (
    BY_CONTACT,
    BY_LABEL,
    LABEL,
    responders,
    write_audiences,
)
from integration.audiences.export_scene import FILES, command_in


@pytest.fixture
def audience(exportable, tmp_path):
    """The command ``kindred audience`` with some files."""
    folder = tmp_path / "audiences"
    command = command_in(tmp_path, folder)

    def call(files, *arguments):
        write_audiences(folder, files)
        return command(exportable, "audience", *arguments)

    return call


def contents(laboratory):
    """Every row of every table of the warehouse."""
    tables = laboratory.query(
        "select c.oid::regclass::text from pg_class c where relkind in ('r', 'p')"
        " and relnamespace = 'kindred'::regnamespace order by 1"
    )
    return {
        table: laboratory.query(
            f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t"  # noqa: S608
        )
        for (table,) in tables
    }


def test_a_preview_shows_what_would_come_out_and_writes_nothing(exportable, audience):
    before = contents(exportable)
    files = {**FILES, "asked": {**BY_CONTACT, "sizes": ["10%", "30%"], "control_share": "20%"}}
    code, printed = audience(files, "asked", "--preview")
    assert code == 0, printed
    assert "preview of audience asked, snapshot 2026-02-01T02:00:00+00:00: published" in printed
    seeds = len(responders())
    assert f"seeds: {seeds} given, {seeds} customers of the snapshot" in printed
    assert "contacted: 300" in printed
    assert "method: " in printed
    assert "what lifts the members most: " in printed
    assert "nothing was written: this was a preview" in printed
    for size in ("10%", "30%"):
        assert f" {size} " in printed
    assert contents(exportable) == before


def test_a_preview_of_the_published_file_is_what_was_published(audience):
    code, shown = audience(FILES, "responders")
    assert code == 0, shown
    assert shown.startswith("audience responders, snapshot 2026-02-01T02:00:00+00:00: published")
    _, previewed = audience(FILES, "responders", "--preview")
    assert previewed == f"preview of {shown} nothing was written: this was a preview"


def test_a_preview_reads_the_files_as_they_are_now(audience):
    by_file = {"seed": {"file": "ids.csv"}, "exclude": {"label": {LABEL: "no"}}}
    code, printed = audience({"listed": by_file}, "listed", "--preview")
    assert code == 1
    assert "+00:00: failed" in printed
    assert "there is no such file in the folder of the audience file" in printed


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        ({"seed": {"query": "select 1 where now() > :as_of"}}, "too few seeds", "20 are needed"),
        ({**BY_LABEL, "exclude": {"label": {LABEL: "no"}}}, "nobody in the pool", "all customers"),
        ({"seed": {"query": "select 1/0 where now() > :as_of"}}, "failed", "division by zero"),
        ({"sed": {"table": "a"}}, "failed", "one.yaml"),
    ],
)
def test_a_preview_says_why_there_would_be_nobody(audience, content, status, reason):
    code, printed = audience({"one": content}, "one", "--preview")
    assert code == 1
    assert f"+00:00: {status}" in printed
    assert reason in printed
    if status == "nobody in the pool":
        assert "seeds: " in printed


def test_all_audiences_are_listed_with_and_without_a_file(audience, tmp_path):
    code, printed = audience({"new": BY_LABEL, "wrong": {"seed": 5}})
    assert code == 0, printed
    for words in (
        "new read not in it yet",
        "responders gone published",
        "wrong wrong.yaml",
        "few gone too few",
    ):
        assert words in printed
    code, printed = audience({"respond": BY_LABEL}, "respond")
    assert code == 1
    assert (
        "the current snapshot has no audience 'respond'; it has buyers, few, responders" in printed
    )
    code, printed = audience({"respond": BY_LABEL}, "responders", "--preview")
    assert code == 1
    assert "space default has no audience file 'responders'; it has respond" in printed
    (folder := tmp_path / "audiences").mkdir(exist_ok=True)
    (folder / "spring.yml").write_text("seed: {}")
    for arguments in (["spring"], ["spring", "--preview"], []):
        _, printed = audience({"respond": BY_LABEL}, *arguments)
        assert "spring.yml is not read as an audience: its name must end in '.yaml'" in printed
    assert audience({}, "--preview")[0] == 1


@pytest.mark.bare
def test_where_nothing_is_published_that_is_said(laboratory, tmp_path):
    command = command_in(tmp_path, tmp_path / "audiences")
    write_audiences(tmp_path / "audiences", {})
    code, printed = command(laboratory, "audience")
    assert (code, "space default has no audiences" in printed) == (0, True)
    write_audiences(tmp_path / "audiences", FILES)
    for arguments in (["responders"], ["responders", "--preview"]):
        code, printed = command(laboratory, "audience", *arguments)
        assert code == 1
        assert printed.startswith("error: ")
