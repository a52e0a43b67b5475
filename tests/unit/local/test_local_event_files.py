"""``make run EVENTS=``: files of events, beside one of customers and alone."""

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local import csv_file
from local.csv_file import csv_data_set
from local.event_files import KNOWN_SINCE
from local.failures import RunFailedError
from local.file_request import CsvRequest
from local.layout import Layout
from unit.infer.event_files import HEADER, content, order_lines, people

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
LINES = order_lines()
NEWEST = max(row[3] for row in LINES)


@pytest.fixture
def layout(repository, tmp_path):
    return Layout(repository, tmp_path / ".kindred")


@pytest.fixture
def files(tmp_path):
    """A request for customers and their lines."""
    request = CsvRequest(tmp_path / "people.csv", "id", events=tmp_path / "lines.csv")
    request.csv.write_bytes(people())
    request.events.write_bytes(content(LINES))
    return request


@pytest.fixture
def plan_of(layout, monkeypatch):
    """The plan of a request, and its data set and lines."""
    seen = []
    monkeypatch.setattr(csv_file, "load", lambda *given: seen.append(given[-1]) or [])

    def plan(request):
        data_set = csv_data_set(layout, request, NOW)
        lines = list(data_set.load(None))
        return seen[-1], data_set, "\n".join(lines)

    return plan


def test_customers_and_their_events_become_two_tables_of_one_space(plan_of, files):
    plan, data_set, _ = plan_of(replace(files, updated_at="joined"))
    assert [table.name for table in plan.tables] == ["people", "people_lines"]
    assert plan.spec.events["purchases"].table == "public.people_lines"
    assert plan.spec.source.table == "public.people"
    assert plan.spec.recommendations.catalogue.name == "name"
    (as_of,) = data_set.as_of_by_logical_date.values()
    assert as_of > datetime.fromisoformat(NEWEST)
    assert (
        data_set.closing_lines[1]
        .strip()
        .startswith(f"make run CSV={files.csv} EVENTS={files.events} SPEC=")
    )


def test_customers_without_a_time_are_known_since_before_the_first_event(plan_of, files):
    plan, data_set, told = plan_of(files)
    assert plan.spec.source.updated_at == KNOWN_SINCE
    (column,) = [c for c in plan.tables[0].columns if c.name == KNOWN_SINCE]
    (since,) = set(column.values.to_pylist())
    assert since < min(datetime.fromisoformat(row[3]) for row in LINES)
    assert "no column says when a customer changed" in told
    (as_of,) = data_set.as_of_by_logical_date.values()
    assert as_of.year == 2025  # not of today, when the events have long ended


def test_events_alone_are_enough(plan_of, files):
    plan, data_set, told = plan_of(CsvRequest(events=files.events))
    assert [table.name for table in plan.tables] == ["lines"]
    assert data_set.spec.source.events == "purchases"
    assert (data_set.file_rows, data_set.event_file_rows) == (None, len(LINES))
    assert "customer  customer_id: a customer by name: 120 in 1,200 rows" in told
    assert "6 features of events" in told or "7 features of events" in told


@pytest.mark.parametrize("key", [None, "customer_id", "order_id"])
def test_a_file_of_customers_that_has_transactions_is_run_as_events(plan_of, files, key):
    plan, data_set, told = plan_of(CsvRequest(files.events, key))
    assert data_set.spec.source.events == "purchases"
    assert data_set.spec.source.key == "customer_id"
    assert "looks like transactions" in told
    assert "as by EVENTS=lines.csv KEY=customer_id" in told
    assert plan.command == f"make run EVENTS={files.events}"


@pytest.mark.parametrize("key", ["line_id", "row_number"])
def test_who_says_that_each_row_is_a_customer_is_believed(plan_of, files, key):
    _, data_set, told = plan_of(CsvRequest(files.events, key))
    assert data_set.spec.source.key == key
    assert "declare it as events" in told


def test_a_pipe_is_read_once(layout, files, tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[people()])
    writer.start()
    data_set = csv_data_set(layout, CsvRequest(pipe, "id"), NOW)
    writer.join()
    assert data_set.file_rows == 120


def test_the_spec_of_a_run_runs_the_files_again(plan_of, files, tmp_path):
    for request in (files, CsvRequest(events=files.events)):
        first, before, _ = plan_of(request)
        given = tmp_path / "mine.yaml"
        given.write_text(first.spec_text)
        again, after, _ = plan_of(replace(request, key=None, spec=given))
        assert again.spec == first.spec
        assert after.as_of_by_logical_date == before.as_of_by_logical_date
        assert [t.name for t in again.tables] == [t.name for t in first.tables]
        for table, other in zip(again.tables, first.tables, strict=True):
            assert [(c.name, c.type) for c in table.columns] == [
                (c.name, c.type) for c in other.columns
            ]


def test_events_of_the_future_wait(plan_of, files):
    rows = [
        [*row[:3], "2031-01-01T00:00:00Z" if n < 3 else row[3], *row[4:]]
        for n, row in enumerate(LINES)
    ]
    files.events.write_bytes(content(rows))
    _, data_set, told = plan_of(files)
    assert "3 events lie in the future" in told
    assert next(iter(data_set.as_of_by_logical_date.values())).year == 2025


REFUSED = {
    "no such customer": (
        {"csv": None, "key": "nr"},
        "key",
        "no column 'nr'; the columns are line_",
    ),
    "keys of nobody": ({"key": "city"}, "events", "no column holds keys of the customers .*'city'"),
    "no key": ({"key": None}, "key", "KEY is missing"),
    "no such file": ({"events": "gone.csv"}, "csv", "gone.csv cannot be read: no such"),
    "labels of nobody": ({"csv": None, "key": None, "labels": "a"}, "labels", "events alone have"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_with_what_to_do(layout, files, case):
    changes, step, message = REFUSED[case]
    if "events" in changes:
        changes = {"events": files.events.with_name(changes["events"])}
    with pytest.raises(RunFailedError, match=message) as caught:
        csv_data_set(layout, replace(files, **changes), NOW)
    assert caught.value.step == step


BAD_SPECS = {
    "no events": (lambda text: text, {"events": None}, "say EVENTS=<file>"),
    "another table": (
        lambda text: text.replace("public.people_lines", "public.lines"),
        {},
        "events: public.lines found, but lines.csv becomes public.people_lines",
    ),
    "another column": (
        lambda text: text.replace("item: product_id", "item: thing"),
        {},
        "lines.csv has no column 'thing'; the columns are line_id",
    ),
}


@pytest.mark.parametrize("case", BAD_SPECS)
def test_a_spec_that_does_not_fit_the_files_is_refused(plan_of, layout, files, tmp_path, case):
    change, options, message = BAD_SPECS[case]
    given = tmp_path / "mine.yaml"
    given.write_text(change(plan_of(files)[0].spec_text))
    with pytest.raises(RunFailedError, match=message) as caught:
        csv_data_set(layout, replace(files, spec=given, **options), NOW)
    assert caught.value.step == "spec"


def test_a_table_of_events_has_its_key_and_an_index_of_times(plan_of, files):
    table = plan_of(files)[0].tables[1]
    assert (table.key, table.updated_at) == ("line_id", "ordered_at")
    assert [c.name for c in table.columns] == HEADER.split(",")
