"""bi.similar_customers: by the index and its probes, always k, and without a trace."""

from contextlib import closing

import numpy as np
import psycopg2
import psycopg2.errors
import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.encoding.vectors import read_embeddings

AS_OF = "2026-01-25T02:00"
CUSTOMERS = 4_000
OUTLIERS = 3


@pytest.fixture(scope="module")
def indexed(make_laboratory):
    """A published snapshot with an index of several lists, one of which holds three customers."""
    laboratory = make_laboratory()
    rows = [
        row if row[0] > OUTLIERS else (*row[:2], 1e9 + row[0], *row[3:])
        for row in people(CUSTOMERS)
    ]
    laboratory.fill("customers", COLUMNS, rows)
    laboratory.last_run = laboratory.run(make_spec(clustering={"algorithms": ["kmeans"]}), AS_OF)
    return laboratory


def similar(laboratory, customer, k):
    return laboratory.query(
        "select lookalike_id, distance, similarity from bi.similar_customers(%s, %s)", (customer, k)
    )


def test_the_index_has_fewer_probes_than_lists(indexed):
    [(method, lists, probes, recall)] = indexed.query(
        "select method, lists, probes, recall_at_k from bi.index_builds"
    )
    assert method == "ivfflat"
    assert 1 <= probes < lists
    assert recall >= 0.95


@pytest.mark.parametrize("k", [1, 10, 1_500])
def test_everybody_has_k_similar_customers(indexed, k):
    """Also the three whose list holds nobody else."""
    counts = indexed.query(
        "select found, count(*) from ("
        " select customer, count(lookalike_id) as found"
        " from generate_series(1, 60) as customer, bi.similar_customers(customer, %s)"
        " group by customer) as counted group by found",
        (k,),
    )
    assert counts == [(k, 60)]


def test_a_k_beyond_all_customers_gives_them_all(indexed):
    found = similar(indexed, 2, 10 * CUSTOMERS)
    assert {customer for customer, _, _ in found} == set(range(1, CUSTOMERS + 1)) - {2}


def test_results_are_ordered_and_near_the_exact_ones(indexed):
    run = indexed.last_run
    with run.warehouse("test") as warehouse:
        vectors = read_embeddings(run, run.key_type(warehouse)).vectors.astype(np.float64)
    shared = 0
    customers = range(1, 101)
    for customer in customers:
        found = similar(indexed, customer, 5)
        distances = [distance for _, distance, _ in found]
        assert distances == sorted(distances)
        ids = [other for other, _, _ in found]
        assert customer not in ids
        assert len(set(ids)) == 5
        exact = np.linalg.norm(vectors - vectors[customer - 1], axis=1)
        np.testing.assert_allclose(distances, exact[np.array(ids) - 1], rtol=1e-5, atol=1e-6)
        kth = np.sort(exact)[5]
        shared += sum(distance <= kth * (1 + 1e-5) for distance in distances)
        for _, distance, similarity in found:
            assert similarity == pytest.approx(1 / (1 + distance))
    assert shared / (5 * len(customers)) >= 0.9


def test_a_customer_that_does_not_exist_is_like_nobody(indexed):
    assert similar(indexed, CUSTOMERS + 1, 5) == []


@pytest.mark.parametrize("k", [0, -1, None])
def test_a_k_below_one_is_refused(indexed, k):
    with pytest.raises(psycopg2.errors.RaiseException, match="must be at least 1"):
        similar(indexed, 1, k)


def test_k_is_ten_unless_said_otherwise(indexed):
    assert indexed.query("select count(*) from bi.similar_customers(1)") == [(10,)]


@pytest.mark.parametrize(("probes", "scan"), [(None, None), ("3", "relaxed_order"), ("7", "off")])
def test_the_callers_settings_are_as_they_were(indexed, probes, scan):
    """They must not leak into the caller's transaction."""
    with closing(psycopg2.connect(indexed.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        if probes:
            cursor.execute("select set_config('ivfflat.probes', %s, false)", (probes,))
            cursor.execute("select set_config('ivfflat.iterative_scan', %s, false)", (scan,))
        cursor.execute("select count(*) from bi.similar_customers(1, 3)")
        assert cursor.fetchall() == [(3,)]
        cursor.execute(
            "select current_setting('ivfflat.probes'), current_setting('ivfflat.iterative_scan'),"
            " current_setting('enable_seqscan')"
        )
        assert cursor.fetchall() == [(probes or "1", scan or "off", "on")]


def test_before_the_first_publish_there_is_nobody(laboratory):
    laboratory.fill("customers", COLUMNS, people(50))
    laboratory.fit(make_spec(), AS_OF)
    assert similar(laboratory, 1, 5) == []
