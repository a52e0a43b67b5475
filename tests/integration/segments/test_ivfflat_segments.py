"""Algorithm ``ivfflat``: segments are lists of the index that serves, or of a k-means outside."""

from dataclasses import replace

import numpy as np
import pytest

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding.vectors import read_embeddings
from kindred.errors import DataError, SpecError
from kindred.preparation.task import with_params
from kindred.segments.lists.index_pages import open_index, read_lists
from kindred.segments.lists.list_clusters import nearest_lists
from kindred.spec.metrics import Metric
from kindred.tasks import run_task
from kindred.warehouse import partitions
from local.page_reader import install_page_reader

BEFORE, FIRST, SECOND = "2026-01-20T02:00", "2026-01-25T02:00", "2026-01-26T02:00"
ROWS = 1_500
SEGMENTS = (
    "select customer_id, list_number, label, center_distance, generation, method"
    " from bi.clusters where as_of = %s and algorithm = 'ivfflat' order by customer_id"
)
LISTS_OF_BUILDS = "select generation, lists from bi.index_builds order by generation"


def spec_of(**changes):
    return make_spec(
        clustering={"algorithms": ["kmeans", "ivfflat"]}, refit="never", rebuild="never", **changes
    )


def let_read(laboratory):
    install_page_reader(laboratory.warehouse_dsn, "kindred")


def segments(laboratory, as_of):
    """The columns of the segments of a date."""
    return list(zip(*laboratory.query(SEGMENTS, (moment(as_of),)), strict=True))


def lists_now(laboratory, run):
    """What stands in the index that serves, by customer, and its centres."""
    [(table,)] = laboratory.query(
        "select table_name from kindred.index_builds where state = 'serving'"
    )
    with run.warehouse("test") as warehouse:
        rows = read_embeddings(run, run.key_type(warehouse))
        with warehouse.transaction():
            warehouse.run("warehouse/repeatable_read")
            pages = open_index(warehouse, "kindred", table)
            return rows, read_lists(pages, rows.key_type, rows.customers, block_rows=1_000)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """One date on an index whose pages can be read."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(ROWS))
    let_read(laboratory)
    laboratory.last_run = laboratory.run(spec_of(), FIRST)
    return laboratory


def test_every_customer_is_in_the_list_of_the_index_that_serves(shop):
    customers, numbers, labels, distances, generations, methods = segments(shop, FIRST)
    rows, found = lists_now(shop, shop.last_run)
    assert len(customers) == ROWS
    np.testing.assert_array_equal(numbers, found.lists + 1)
    assert set(generations) == {1}
    assert set(methods) == {"ivfflat lists of build 1"}
    [(_, lists)] = shop.query(LISTS_OF_BUILDS)
    assert len(found.centroids) == lists > 1
    expected = np.linalg.norm(rows.vectors - found.centroids[found.lists], axis=1)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    nearest = nearest_lists(rows.vectors, Metric.L2, found.centroids)
    assert (nearest == found.lists).mean() > 0.999
    sizes = np.bincount(labels)
    assert (np.diff(sizes) <= 0).all()
    assert len(set(zip(labels, numbers, strict=True))) == len(sizes)


def test_the_other_algorithms_have_no_list(shop):
    assert shop.query(
        "select count(*) from bi.clusters_current where algorithm = 'kmeans'"
        " and num_nonnulls(list_number, center_distance, generation) = 0"
    ) == [(ROWS,)]


def test_figures_are_noted(shop):
    facts = shop.reopen({"space": "default", "as_of": moment(FIRST).isoformat()}).build.facts
    [(_, lists)] = shop.query(LISTS_OF_BUILDS)
    found = facts["clusters_ivfflat"]
    assert found == {
        "clusters": lists,
        "noise_share": 0.0,
        "method": "ivfflat lists of build 1",
        "unassigned": 0,
    }


def test_the_task_again_leaves_the_segments_alone(shop):
    run = shop.run(spec_of(), FIRST, until="quality_gate")
    loaded = "select rows, digest from kindred.loaded_parts where part = 'ivfflat'"
    once = shop.query(loaded)
    run_task(run, "cluster", algorithm="ivfflat")
    assert shop.query(loaded) == once
    with run.warehouse("test") as warehouse:
        partitions.drop_aside(warehouse, run.as_of)


def newcomers_and_others(laboratory):
    """Changes of the second day: new vectors, new customers, one gone, some only seen again."""
    when = moment("2026-01-25T09:00")
    rows = people(ROWS)
    changed = [(n, when, 15_000.0 * (n % 6), 20 + n % 50, True, "NY", None) for n in range(1, 60)]
    new = [(n, when, 9_000.0 * (n % 9), 30, False, "TX", None) for n in range(9_000, 9_040)]
    seen = [(row[0], when, *row[2:]) for row in rows[200:300]]
    gone = "delete from customers where customer_id between 100 and 110"
    laboratory.query("create unique index on customers (customer_id)", source=True)
    laboratory.query("delete from customers where customer_id < 60", source=True)
    laboratory.query("delete from customers where customer_id between 201 and 300", source=True)
    laboratory.query(gone, source=True)
    laboratory.append("customers", changed + new + seen)


def test_a_night_of_changes_stores_the_lists_they_are_inserted_into(shop, copy_laboratory):
    laboratory = copy_laboratory(shop)
    newcomers_and_others(laboratory)
    run = laboratory.run(spec_of(), SECOND)
    assert run.build.facts["embeddings"]["mode"] == "delta"
    customers, numbers, _, _, generations, methods = segments(laboratory, SECOND)
    assert len(customers) == ROWS + 40 - 11
    assert set(methods) == {"ivfflat lists of build 1, new vectors by nearest centre"}
    assert set(generations) == {1}
    _, found = lists_now(laboratory, run)
    is_known = found.lists >= 0
    assert is_known.sum() >= len(customers) - 100
    agree = np.array(numbers)[is_known] == found.lists[is_known] + 1
    assert agree.mean() > 0.999


def test_the_past_and_indexes_nobody_may_read_have_lists_made_outside(laboratory):
    laboratory.fill("customers", COLUMNS, people(ROWS))
    laboratory.run(spec_of(), FIRST)
    [(_, lists)] = laboratory.query(LISTS_OF_BUILDS)
    _, numbers, _, distances, generations, methods = segments(laboratory, FIRST)
    assert set(methods) == {f"k-means of {lists} lists (pages cannot be read)"}
    assert set(generations) == {None}
    assert set(numbers) == set(range(1, lists + 1))
    assert min(distances) >= 0
    let_read(laboratory)
    laboratory.fit(spec_of(), FIRST)
    laboratory.run(spec_of(), BEFORE)
    methods = segments(laboratory, BEFORE)[-1]
    assert set(methods) == {f"k-means of {lists} lists (a snapshot of the past has no index)"}


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_few_customers_are_one_list(laboratory, metric):
    laboratory.fill("customers", COLUMNS, people(90))
    let_read(laboratory)
    laboratory.run(spec_of(metric=metric), FIRST)
    assert laboratory.query(
        "select method, list_number, count(*) from bi.clusters_current"
        " where algorithm = 'ivfflat' group by 1, 2"
    ) == [("k-means of 1 list (there is no ivfflat index)", 1, 90)]


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"index_precision": "half"}, "ivfflat lists of build 1"),
        ({"index": "hnsw"}, "k-means of 1 list (there is no ivfflat index)"),
    ],
    ids=["half precision", "hnsw"],
)
def test_lists_of_rounded_vectors_are_read_and_another_index_has_none(laboratory, changes, method):
    laboratory.fill("customers", COLUMNS, people(ROWS))
    let_read(laboratory)
    run = laboratory.run(spec_of(**changes), FIRST)
    _, numbers, _, _, _, methods = segments(laboratory, FIRST)
    assert set(methods) == {method}
    if "index_precision" in changes:
        rows, found = lists_now(laboratory, run)
        np.testing.assert_array_equal(numbers, found.lists + 1)
        nearest = nearest_lists(rows.vectors, Metric.L2, found.centroids)
        assert (nearest == found.lists).mean() > 0.99


FLAT = "customer_id bigint, updated_at timestamptz, x double precision, y double precision"


def test_zero_vectors_under_cosine_are_in_no_list(laboratory):
    """pgvector does not index them; they are noise, and said to be so."""
    half = np.random.default_rng(3).integers(-500, 500, size=(750, 2)) + 0.5
    values = np.concatenate([np.zeros((20, 2)), half, -half])  # the mean of all is zero exactly
    when = moment("2026-01-05T09:00")
    rows = [(n, when, *map(float, xy)) for n, xy in enumerate(values)]
    laboratory.fill("customers", FLAT, rows)
    let_read(laboratory)
    spec = spec_of(metric="cosine", features={"x": "numeric", "y": "numeric"}, labels=[])
    run = laboratory.run(spec, FIRST)
    unassigned = laboratory.query(
        "select count(*) from bi.clusters_current where algorithm = 'ivfflat'"
        " and cluster_id = -1 and list_number is null and center_distance is null"
    )
    zeros = len(rows) - run.build.facts["eligible"]
    assert unassigned == [(zeros,)]
    assert zeros == run.build.facts["clusters_ivfflat"]["unassigned"] == 20


def test_a_run_cannot_ask_for_it_where_the_spec_does_not(laboratory):
    request = laboratory.request(make_spec(), FIRST, algorithms=["ivfflat"])
    with pytest.raises(
        SpecError, match=r"ivfflat were asked.*offers kmeans, hdbscan.*must be listed"
    ):
        with_params(make_spec(), request)
    assert with_params(spec_of(), request).clustering.algorithms == ("ivfflat",)


def test_without_a_staged_index_the_task_says_which_one_to_clear(laboratory):
    laboratory.fill("customers", COLUMNS, people(100))
    run = laboratory.run(spec_of(), FIRST, until="build_embeddings")
    with pytest.raises(
        DataError, match=r"'build_embeddings' builds, which has not come to its end"
    ):
        run_task(run, "cluster", algorithm="ivfflat")


def test_ids_stay_where_lists_stay(shop, copy_laboratory):
    laboratory = copy_laboratory(shop)
    laboratory.run(spec_of(), SECOND)
    moved = laboratory.query(
        "select count(*) from bi.clusters as old join bi.clusters as new using (customer_id)"
        " where old.as_of = %s and new.as_of = %s and old.algorithm = 'ivfflat'"
        " and new.algorithm = 'ivfflat' and old.cluster_id <> new.cluster_id",
        (moment(FIRST), moment(SECOND)),
    )
    assert moved == [(0,)]


def test_labels_of_lists_are_no_part_of_equal_tables(shop, make_laboratory):
    other = make_laboratory(beside=shop)
    other.run(spec_of(), FIRST)
    assert segments(other, FIRST)[-1] != segments(shop, FIRST)[-1]
    assert replace(other).hashes() == shop.hashes()
