"""``make run CSV=``: what is checked before anything is started."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.csv_file import csv_data_set
from local.event_files import table_name
from local.failures import RunFailedError
from local.file_request import CsvRequest, request_of
from local.layout import Layout

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ROWS = "".join(
    f"{n},{20 + n % 51},2024-01-{1 + n % 27:02d},{'yn'[n // 5 % 2]}\n" for n in range(300)
)
SPEC = """
source: {table: people, key: id, updated_at: joined}
schedule: "0 2 1 * *"
features: {age: numeric}
labels: [churn]
"""


@pytest.fixture
def layout(repository, tmp_path):
    return Layout(repository, tmp_path / ".kindred")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(f"id,age,joined,churn\n{ROWS}")
    return path


def test_a_file_becomes_a_data_set(layout, file):
    data_set = csv_data_set(layout, CsvRequest(file, "id", updated_at="joined"), NOW)
    assert data_set.spec.space == "people"
    assert data_set.spec.source.table == "public.people"
    assert data_set.spec.dag_id == "customer_similarity__people"
    assert data_set.spec.labels == ("churn",)
    assert data_set.as_of_by_logical_date == {
        datetime(2024, 1, 26, 2, tzinfo=UTC): datetime(2024, 1, 27, 2, tzinfo=UTC)
    }
    assert not layout.state.exists()


def test_the_last_lines_say_how_to_go_on(layout, file):
    data_set = csv_data_set(layout, CsvRequest(file, "id", separator=","), NOW)
    spec = layout.own_features / "people.yaml"
    assert data_set.closing_lines[0].startswith(f"Spec         {spec};")
    assert data_set.closing_lines[1].strip() == f"make run CSV={file} SEP=, SPEC={spec}"


def test_without_a_time_the_last_night_is_taken(layout, file):
    data_set = csv_data_set(layout, CsvRequest(file, "id"), NOW)
    assert list(data_set.as_of_by_logical_date.values()) == [datetime(2026, 3, 10, 2, tzinfo=UTC)]
    assert not data_set.spec.source.has_updated_at


def given_spec(tmp_path, text=SPEC):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_a_given_spec_says_it_all(layout, file, tmp_path):
    data_set = csv_data_set(layout, CsvRequest(file, spec=given_spec(tmp_path)), NOW)
    assert list(data_set.spec.payload_columns) == ["age", "churn"]
    assert list(data_set.as_of_by_logical_date.values()) == [datetime(2024, 2, 1, 2, tzinfo=UTC)]


BAD_SPECS = {
    "no YAML": ("features: [", "cannot be read as YAML"),
    "a list": ("[1]", "a mapping with the keys"),
    "no table of the file": (SPEC.replace("people", "customers"), "file becomes public.people"),
    "a query": (SPEC.replace("table: people", "query: select 1"), "a query found"),
    "another space": (f"space: other\n{SPEC}", "the file's name says 'people' .found 'other'"),
    "no such column": (SPEC.replace("age:", "size:"), "has no column 'size'; the columns are id,"),
    "an unknown key": (f"{SPEC}\nspeed: 1", "speed"),
}


@pytest.mark.parametrize("case", BAD_SPECS)
def test_a_given_spec_that_does_not_fit_is_refused(layout, file, tmp_path, case):
    text, message = BAD_SPECS[case]
    with pytest.raises(RunFailedError, match=message) as caught:
        csv_data_set(layout, CsvRequest(file, spec=given_spec(tmp_path, text)), NOW)
    assert caught.value.step == "spec"


def test_arguments_must_not_contradict_the_spec(layout, file, tmp_path):
    request = CsvRequest(file, "age", spec=given_spec(tmp_path))
    with pytest.raises(RunFailedError, match=r"'age' was asked for, but .*mine\.yaml says 'id'"):
        csv_data_set(layout, request, NOW)


REFUSED = {
    "no key": ({"key": None}, "key", "KEY is missing: .* the columns are id, age, joined, churn"),
    "no such key": ({"key": "nr"}, "key", "no column 'nr'; the columns are id, age, joined, churn"),
    "no such label": ({"labels": "churn,x"}, "labels", "no column 'x'; the columns are id, age"),
    "no such time": ({"updated_at": "x"}, "updated_at", "no column 'x'; the columns are id, age"),
    "no time": ({"updated_at": "churn"}, "updated_at", "cannot be read as dates or times"),
    "no separator": ({"separator": "a\n"}, "separator", "characters such as"),
    "the wrong separator": ({"separator": ";"}, "key", r"is ';' the separator\?"),
    "no such file": ({"csv": Path("nowhere.csv")}, "csv", "nowhere.csv cannot be read: no such"),
    "a folder": ({"csv": Path("/tmp")}, "csv", "/tmp cannot be read: is a directory"),
    "no such spec": ({"spec": Path("nowhere.yaml")}, "spec", "nowhere.yaml: cannot be read"),
    "the demo's space": ({"csv": Path("default.csv")}, "csv", "default.yaml: rename the file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_arguments_that_cannot_be_used_are_refused(layout, file, case):
    changes, step, message = REFUSED[case]
    request = CsvRequest(**({"csv": file, "key": "id"} | changes))
    with pytest.raises(RunFailedError, match=message) as caught:
        csv_data_set(layout, request, NOW)
    assert caught.value.step == step
    assert not layout.state.exists()


def test_of_a_file_with_too_many_columns_only_those_read_are_loaded(layout, file, monkeypatch):
    rows = [f"{n},1,{n % 50},same,{n % 47}" for n in range(99)]
    file.write_text("\n".join(["id,one,age,constant,visits", *rows]))
    monkeypatch.setattr("local.csv_file.MAX_COLUMNS", 4)
    seen = []
    monkeypatch.setattr("local.csv_file.load", lambda *given: seen.append(given[-1]) or [])
    notes = list(csv_data_set(layout, CsvRequest(file, "id"), NOW).load(None))
    assert [column.name for column in seen[0].tables[0].columns] == ["id", "age", "visits"]
    assert "3 of 5 columns are loaded, those that the spec reads" in notes[-1]


def test_a_row_of_the_future_is_refused(layout, file):
    file.write_text("id,age,joined\n1,30,2024-01-01\n2,31,2027-01-01\n3,30,2024-01-01\n")
    with pytest.raises(RunFailedError, match="lies in the future") as caught:
        csv_data_set(layout, CsvRequest(file, "id", updated_at="joined"), NOW)
    assert caught.value.step == "updated_at"


def test_the_demos_table_is_not_taken():
    assert table_name("customers") == "customers_file"
    assert table_name("people") == "people"


def test_options_make_a_request():
    nothing = dict.fromkeys(("csv", "key", "sep", "encoding", "updated_at", "labels", "spec"), "")
    assert request_of(nothing) is None
    given = nothing | {"csv": "a b.csv", "sep": "||", "encoding": "cp1251"}
    request = request_of(given)
    assert request == CsvRequest(Path("a b.csv"), separator="||", encoding="cp1251")
    assert request.command == "make run CSV='a b.csv' SEP='||' ENCODING=cp1251"
    assert request_of(nothing | {"events": "l.csv"}).command == "make run EVENTS=l.csv"
    with pytest.raises(RunFailedError, match="KEY, LABELS was given without CSV"):
        request_of(nothing | {"key": "id", "labels": "a"})


def test_a_bad_argument_ends_in_one_line_before_anything_is_started(repository):
    command = [sys.executable, "-m", "local", "run", "--csv=nowhere.csv", "--key=id"]
    environment = os.environ | {"PYTHONPATH": str(repository / "plugins")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    expected = "KINDRED FAILED csv nowhere.csv cannot be read: no such file or directory\n"
    assert (result.stdout, result.stderr) == (expected, "")


ODD = "a $HOME $(b) `c` 'd' \"e\";#f %g \\h"


def test_make_passes_any_value_on_as_it_stands(repository, tmp_path):
    """Through make and a shell to the command's arguments; other variables of a caller stay out."""
    spy = tmp_path / "python"
    spy.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    spy.chmod(0o755)
    command = ["make", "-C", str(repository), "run", f"CSV={ODD}", "SEP=;", f"LOCAL={spy}"]
    result = subprocess.run(
        [*command, "STAMP=Makefile"],
        env=os.environ | {"KEY": "of somebody", "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    said = result.stdout.splitlines()
    assert f"--csv={ODD}" in said
    assert "--sep=;" in said
    assert "--key=" in said


def test_make_passes_a_range_on(repository, tmp_path):
    spy = tmp_path / "python"
    spy.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    spy.chmod(0o755)
    command = ["make", "-C", str(repository), "backfill", f"FROM={ODD}", "DRY_RUN=1"]
    result = subprocess.run(
        [*command, "ORDER=parallel", f"LOCAL={spy}", "STAMP=Makefile"],
        env=os.environ | {"TO": "of somebody", "SPACE": "outer", "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    said = result.stdout.splitlines()
    expected = [f"--from={ODD}", "--to=", "--space=", "--snapshots=", "--dry-run"]
    begin = said.index("backfill")
    assert said[begin : begin + 8] == ["backfill", "--order", "parallel", *expected]
