"""The benchmarks of loading and encoding at a handful of rows: every way, without its figures."""

import numpy as np
import psycopg2
import pytest

from benchmarks import encode, generations, infer, load
from benchmarks.processes import execute, postgres_version
from kindred.artefacts.folder import ArtefactFolder


@pytest.fixture
def running(make_database, monkeypatch):
    """A session as the benchmark of loading has it, with two rounds."""
    monkeypatch.setattr(load, "ROUNDS", 2)
    with generations.open_bench(make_database("bench"), n=400, d=3, u=20) as running:
        yield running


def test_every_night_writes_what_has_changed(running):
    """The nights themselves compare what was written with what should have been."""
    found = load.measure_nights(running, generations.make_rows(400, 3))
    assert {when: list(ways) for when, ways in found.items()} == {
        "just before": ["bare COPY", "all", "1 %"],
        "earlier": ["1 %", "nothing"],
    }
    assert all(len(rounds) == 2 for ways in found.values() for rounds in ways.values())
    medians = load.report_row(running.report, found["earlier"], 400, "earlier")
    assert all(median > 0 for median in medians.values())
    assert [row["what"] for row in running.report.measurements] == ["1 %", "nothing"]


def test_three_ways_to_write_changed_rows_end_alike(running):
    found = load.measure_changes(running, generations.make_rows(400, 3), 20)
    assert list(found) == ["earlier", "just before"]
    for ways in found.values():
        assert set(ways) == {"Kindred", "execute_values", "UPDATE each"}
        assert all(len(rounds) == 2 for rounds in ways.values())


@pytest.mark.parametrize("way", ["upsert", "upsert_pages", "update_each"])
def test_a_way_that_forgets_a_row_is_noticed(running, way, monkeypatch):
    honest = getattr(load, way)
    monkeypatch.setattr(load, way, lambda b, t, rows, chosen: honest(b, t, rows, chosen[1:]))
    with pytest.raises(AssertionError, match="does not hold what was written"):
        load.measure_changes(running, generations.make_rows(400, 3), 20)


def test_changed_rows_differ_where_they_should():
    rows = generations.make_rows(50, 4)
    chosen = np.array([3, 7])
    new = generations.changed_rows(rows, chosen, 1)
    assert np.flatnonzero((new.vectors != rows.vectors).any(axis=1)).tolist() == [3, 7]
    assert np.flatnonzero(new.updated_at != rows.updated_at).tolist() == [3, 7]
    [(vector, updated_at, key), _] = generations.as_text(new, chosen)
    np.testing.assert_array_equal(np.float32(vector[1:-1].split(",")), new.vectors[3])
    assert (updated_at, key) == (new.updated_at[3], 4)


def test_the_stage_encode_of_the_benchmark(make_database, tmp_path):
    dsn = make_database("bench")
    execute(dsn, "create extension vector")
    assert postgres_version(dsn) > "15"
    encode.make_customers(dsn, str(tmp_path), 300)
    result = encode.run_stage_encode(dsn, str(tmp_path))
    assert result["customers"] == 300
    assert encode.transform_only(dsn, str(tmp_path)) > 0
    run = encode.opened(dsn, str(tmp_path))
    assert isinstance(run.folder, ArtefactFolder)
    vectors = run.folder.read("vectors", "encode").arrays["vectors"]
    assert vectors.shape == (300, result["dimensions"])
    assert len(run.spec.features) == 20


def test_a_made_file_is_read_inferred_and_loaded(make_database, tmp_path):
    dsn, path = make_database("made"), tmp_path / "made.csv"
    infer.write_file(path, 3_000)
    found = infer.read_infer_load(path, dsn)
    assert found.keys() == {"read", "infer", "load", "load again"}
    assert infer.read_bare(path) == 3_000
    text = "select count(*), count(distinct customer_id), count(score) from made"
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(text)
        rows, keys, scores = cursor.fetchone()
    connection.close()
    assert rows == keys == 3_000
    assert 2_500 < scores < 2_900  # a tenth is missing
