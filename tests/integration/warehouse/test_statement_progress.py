"""What a session says of a statement that takes long, by what the server counts."""

import re
import time

import numpy as np
import pytest

from kindred.progress.steps import reported
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows
from kindred.warehouse.database import connect

PAUSE = 0.05


@pytest.fixture(scope="module")
def database(make_database):
    with connect(make_database("watched"), connection_id="test", application_name="test") as found:
        found.run("warehouse/begin_session")
        with found.connection.cursor() as cursor:
            cursor.execute("create table numbers (number bigint)")
        yield found


def without_seconds(line):
    return re.sub(r": \d+ s so far$", "", line)


def slowly(chunks, rows):
    for number in range(chunks):
        time.sleep(2 * PAUSE)
        yield encode_rows([Column(Field.INT8, np.arange(rows) + number * rows)])


def test_rows_that_are_loaded_are_counted_of_those_expected(database):
    said = []
    with reported("load", said.append, pause_seconds=PAUSE):
        database.copy_in("numbers", ["number"], RowStream(slowly(6, 5_000)), 30_000)
    counted = [line for line in said if "loading numbers: copying: " in line]
    assert counted
    assert all(" of 30,000 rows" in line for line in counted)
    numbers = [
        int(re.search(r"copying: ([\d,]+) of", line)[1].replace(",", "")) for line in counted
    ]
    assert numbers == sorted(numbers)
    assert 0 < numbers[-1] <= 30_000


def test_any_statement_is_named(database, monkeypatch):
    said = []
    with reported("publish", said.append, pause_seconds=PAUSE):
        with database.connection.cursor() as cursor:
            cursor.execute(
                "create function pg_temp.slow() returns void language sql as 'select pg_sleep(0.3)'"
            )
        monkeypatch.setattr(
            "kindred.warehouse.statements.compose", lambda name: "select pg_temp.slow()"
        )
        database.rows("publication/slow")
    monkeypatch.undo()
    assert {without_seconds(line) for line in said} == {"publish: statement publication/slow"}
