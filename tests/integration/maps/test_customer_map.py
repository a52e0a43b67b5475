"""The map of whole nights: who is placed where, what readers see, and what is left of it later."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from integration.bi_login import read
from integration.leaving import SECRET, request
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding.vectors import read_embeddings
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.maps import task
from kindred.maps.faithfulness import SAMPLE
from kindred.maps.placing import INTERPOLATED_FROM
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.tasks import run_task

COUNT = 320
NIGHTS = ("2026-01-22T02:00", "2026-01-23T02:00", "2026-01-25T02:00")
MOVED = (5, 50, 150)
SPEC = make_spec(
    source={"history": "versions"},
    gates={"max_drift": 100.0},
    clustering={"algorithms": ["kmeans"]},
)
MAPS = ("customer_map", "map_quality", "map_cells")


def open_town(laboratory, nights=NIGHTS, order=slice(None)):
    """Nights of two encoders: three customers change before the second, many before the third."""
    rows = people(COUNT)
    changes = people(COUNT, seed=2, first="2026-01-22T12:00", days=1)
    rows += [changes[number - 1] for number in MOVED]
    later = people(COUNT, seed=3, first="2026-01-24T12:00", days=1)[: COUNT // 4]
    laboratory.fill("customers", COLUMNS, [*rows, *later][order])
    laboratory.fit(SPEC, NIGHTS[0])
    laboratory.fit(SPEC, NIGHTS[2], refit=True)
    for night in nights:
        laboratory.run(SPEC, night)
    return laboratory


@pytest.fixture(scope="module")
def town(make_laboratory):
    return open_town(make_laboratory())


@pytest.fixture
def copied(town, copy_laboratory):
    return copy_laboratory(town)


def places(laboratory, night, view="customer_map"):
    """Customer -> x and y in a snapshot."""
    query = f"select customer_id, x, y from bi.{view} where as_of = %s"  # noqa: S608
    return {key: place for key, *place in laboratory.query(query, [moment(night)])}


def as_array(found):
    return np.array([found[key] for key in sorted(found)])


def test_who_stays_the_same_stays_put(town, server):
    first, second = (places(town, night) for night in NIGHTS[:2])
    assert first.keys() == second.keys() == set(range(1, COUNT + 1))
    assert {key for key in first if first[key] != second[key]} == set(MOVED)
    assert np.isfinite(as_array(second)).all()
    assert read(server, town, "select count(*), max(as_of) from bi.customer_map_current") == [
        (COUNT, moment(NIGHTS[2]))
    ]


def test_a_refit_is_oriented_by_the_map_before_it(town):
    layouts = town.query(
        "select encoder_version, oriented_by, length(landmarks) / 4 / dimensions,"
        " length(coordinates) / 8 from kindred.map_layouts order by 1"
    )
    (first, none, *counts), (second, oriented_by, *others) = layouts
    assert (none, oriented_by, second > first) == (None, first, True)
    for count, coordinates in (counts, others):
        assert INTERPOLATED_FROM <= count == coordinates <= COUNT / 5
    before, after = (as_array(places(town, night)) for night in NIGHTS[1:])
    same = slice(COUNT // 4, None)
    moved = np.linalg.norm(before[same] - after[same], axis=1).mean()
    assert moved < 0.3 * np.linalg.norm(before[same] - before[same].mean(axis=0), axis=1).mean()


def test_readers_see_how_faithful_each_map_is(town, server):
    rows = read(
        server,
        town,
        "select as_of, trustworthiness, standard_error, neighbours, sample_size, customers"
        " from bi.map_quality order by 1",
    )
    assert [row[0] for row in rows] == [moment(night) for night in NIGHTS]
    for row in rows:
        assert row[3:] == (15, SAMPLE, COUNT)
        assert 0.0 < row[2] < 0.01
        assert 0.8 < row[1] <= 1.0


def test_the_figure_is_that_of_scikit_learn(copied):
    run = copied.run(SPEC, NIGHTS[2], until="publish")
    with run.warehouse("test") as warehouse:
        vectors = read_embeddings(run, run.key_type(warehouse)).vectors
    found = run.reopened().build.facts["map"]
    exact = trustworthiness(vectors, as_array(places(copied, NIGHTS[2])), n_neighbors=15)
    assert abs(found["trustworthiness"] - exact) < 4 * found["standard_error"]


def test_maps_are_equal_whatever_the_order_of_rows_dates_and_threads(town, make_laboratory):
    other = make_laboratory()
    other.environment = {"KINDRED_GRAPH_THREADS": "1", "KINDRED_BLOCK_ROWS": "7"}
    open_town(other, nights=NIGHTS[::-1], order=slice(None, None, -1))
    assert {*MAPS} < town.hashes().keys()
    assert town.hashes() == other.hashes()


def test_a_change_of_the_map_shows_in_the_hash(copied):
    before = copied.hashes()
    copied.query("update kindred.customer_map set x = x + 1 where customer_id = 9")
    copied.query("update kindred.map_quality set trustworthiness = 1 where as_of = %s", [NIGHTS[0]])
    copied.query(
        "update kindred.map_cells set customers = 1 + customers where as_of = %s",
        [moment(NIGHTS[0])],
    )
    after = copied.hashes()
    assert {name for name in before if before[name] != after[name]} == {*MAPS, "all"}


def test_a_date_that_is_run_again_stays_the_same(copied, monkeypatch):
    before = copied.hashes()
    monkeypatch.setattr("kindred.maps.layout_rows.lay_out", None)  # nothing is laid out again
    copied.run(SPEC, NIGHTS[1])
    assert copied.hashes() == before


def test_a_map_of_another_size_is_not_published(copied):
    run = copied.run(SPEC, NIGHTS[1], until="quality_gate")
    table = "kindred.customer_map_20260123t020000_next"
    copied.query(f"delete from {table} where customer_id = 9")  # noqa: S608
    with pytest.raises(Exception, match=f"has {COUNT - 1} rows.*clear task 'place_customers'"):
        run_task(run, "quality_gate")
    task.place_customers(run)


def test_pruned_and_withdrawn_maps_are_gone(copied, server):
    withdraw(copied.deployment, SPEC, moment(NIGHTS[2]))
    current = "select distinct as_of from bi.customer_map_current"
    assert read(server, copied, current) == [(moment(NIGHTS[1]),)]
    prune(copied.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    for relation in ("bi.customer_map", "bi.map_quality", "bi.map_cells"):
        found = copied.query(f"select distinct as_of from {relation}")  # noqa: S608
        assert found == [(moment(NIGHTS[1]),)]
    tables = "select tablename from pg_tables where tablename ~ '^customer_map_' order by 1"
    kept = [f"customer_map_202601{day}t020000" for day in (23, 25)]  # one may come back
    assert [name for (name,) in copied.query(tables)] == kept


def test_erasure_reaches_every_map(copied, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    receipt = erase(copied.deployment, "default", request(copied, 9))
    assert receipt["rows"]["customer_map"] == len(NIGHTS)
    for night in NIGHTS:
        assert places(copied, night).keys() == set(range(1, COUNT + 1)) - {9}


def test_three_customers_lie_at_one_place(make_laboratory):
    count = 3
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(count))
    laboratory.run(SPEC, NIGHTS[0])
    assert places(laboratory, NIGHTS[0]) == {n + 1: [0.0, 0.0] for n in range(count)}
    [(landmarks, trust)] = laboratory.query("select landmarks, trustworthiness from bi.map_quality")
    assert (landmarks, trust is None) == (0, False)


def test_readers_learn_nothing_of_a_private_column(make_laboratory, server):
    """A map is made of the public columns alone: another private column draws the same one."""
    spec = make_spec(private=["income"], clustering={"algorithms": ["kmeans"]})
    found = []
    for shift in (0, 4):
        laboratory = make_laboratory()
        rows = people(COUNT)
        incomes = np.roll([row[2] for row in rows], shift * 7 + shift // 4)
        laboratory.fill(
            "customers",
            COLUMNS,
            [(*row[:2], float(money), *row[3:]) for row, money in zip(rows, incomes, strict=True)],
        )
        laboratory.run(spec, NIGHTS[0])
        query = "select * from bi.customer_map order by customer_id"
        found.append(read(server, laboratory, query))
        found[-1] += read(server, laboratory, "select * from bi.map_quality")
        assert len(found[-1]) == COUNT + 1
        everybody = "algorithm = 'everybody' order by cell_column, cell_row"
        found[-1] += read(server, laboratory, f"select * from bi.map_cells where {everybody}")  # noqa: S608
    assert found[0] == found[1]
    # One that becomes private later takes the maps that were made of it with it, at once.
    laboratory.begin(make_spec(private=["age"], clustering={"algorithms": ["kmeans"]}), NIGHTS[1])
    for view in ("customer_map", "customer_map_current", "map_quality", "map_cells"):
        assert read(server, laboratory, f"select * from bi.{view}") == []  # noqa: S608
