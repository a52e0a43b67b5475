"""The benchmark of the lookalike table at a handful of rows: every step, without its figures."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks import lookalikes
from benchmarks.generations import SPEC
from benchmarks.lookalike_dates import FIRST_DATE, Place, make_lookalikes
from benchmarks.report import Report
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space


def test_made_lookalikes_are_as_real_ones():
    made = make_lookalikes(50, 7)
    neighbours = made["neighbours"]
    assert neighbours.min() >= 0
    assert neighbours.max() < 50
    assert all(len(set(row)) == 7 for row in neighbours.tolist())
    assert not (neighbours == np.arange(50)[:, None]).any()
    assert (np.diff(made["distances"], axis=1) >= 0).all()


@pytest.fixture
def small(make_database, tmp_path, monkeypatch):
    for name, value in {
        "ROUNDS": 1,  # a round starts three processes
        "SMALL_DATES": 1,
        "SMALL_CUSTOMERS": 40,
        "QUESTIONS": 30,
    }.items():
        monkeypatch.setattr(lookalikes, name, value)
    # The benchmark's processes import all that it needs one by one; these are forks of one.
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload([lookalikes.__name__])
    monkeypatch.setattr(lookalikes, "_spawn", forked)
    dsn = make_database("bench")
    with (
        connect(dsn, connection_id="bench", application_name="bench") as database,
        database.transaction(),
    ):
        create_space(database, SPEC, KeyType.BIGINT)
    return dsn, str(tmp_path)


@pytest.mark.soak
def test_every_step_is_measured(small):
    report = Report("lookalikes", {}, {})
    lookalikes.run(report, *small, 200, 4)
    date, *questions = report.measurements
    assert date["rows"] == 800
    assert date["total"] == pytest.approx(date["load"] + date["index"] + date["publish"])
    assert date["polls"] > 40
    assert [row["what"] for row in questions] == [
        f"{question}, {way}" for question in lookalikes.ASKED for way in lookalikes.WAYS
    ]
    assert [row["rows"] for row in questions[:2]] == [120, 120]
    assert len(report.targets) == 6


def test_rows_that_are_missing_are_noticed(small, monkeypatch):
    monkeypatch.setattr(lookalikes, "count", lambda place: (799, 200))
    place = Place(*small, FIRST_DATE, 200)
    place.write(4)
    with (
        ThreadPoolExecutor() as pool,
        pytest.raises(AssertionError, match="800 rows were loaded, "),
    ):
        lookalikes.measure_date(Report("lookalikes", {}, {}), pool, place, 4)
