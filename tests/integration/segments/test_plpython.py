"""The functions in PL/Python by themselves: which clusters, for which rows, and what is refused."""

import uuid

import numpy as np
import psycopg2
import pytest
from psycopg2 import errors, sql
from psycopg2.extras import execute_values
from sklearn.metrics import adjusted_rand_score

from databases import administer
from kindred.encoding.embeddings import Embeddings
from kindred.errors import DataError
from kindred.segments.plpython.plpython_labels import cluster_in_database, installation_script
from kindred.spec.clustering import PlpythonSettings
from kindred.spec.metrics import Metric
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType

MEMORY_MB = 1000


@pytest.fixture(scope="module")
def database(plpython_server):
    """One session of an administrator, since each imports scikit-learn anew."""
    administer(
        plpython_server,
        "create database functions template template0 locale_provider icu icu_locale 'en'",
    )
    with connect(
        plpython_server.dsn("functions"), connection_id="kindred_warehouse", application_name="test"
    ) as database:
        for statement in ("create extension vector", installation_script(database)):
            database.execute(sql.SQL(statement.replace("{", "{{")))
        yield database


def fill(database, vectors, keys=None, key_type="bigint"):
    """A new table with these rows in this order."""
    keys = range(1, len(vectors) + 1) if keys is None else keys
    rows = [
        (str(key), None if v is None else str(list(map(float, v))))
        for key, v in zip(keys, vectors, strict=True)
    ]
    with database.connection.cursor() as cursor:
        cursor.execute("drop table if exists vectors")
        cursor.execute(
            f"create table vectors (customer_id {key_type} primary key, embedding vector)"
        )
        if rows:
            template = f"(%s::{key_type}, %s::vector)"
            execute_values(cursor, "insert into vectors values %s", rows, template=template)


def cluster(database, k, *, is_cosine=False, memory_mb=MEMORY_MB, key_type="bigint"):
    """(keys, labels, memberships) by key."""
    text = sql.SQL(
        "select * from plpython_kindred.cluster_vectors('vectors', %s, %s, %s)"
        " as found (customer_id {}, cluster integer, membership real) order by 1"
    ).format(sql.SQL(key_type))
    with database.connection.cursor() as cursor:
        cursor.execute(text, (k, is_cosine, memory_mb))
        rows = cursor.fetchall()
    return [np.array([row[i] for row in rows]) for i in range(3)]


def blobs(sizes=(300, 200, 100), dimensions=7, seed=3):
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=20, size=(len(sizes), dimensions))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = (centers[truth] + rng.normal(size=(len(truth), dimensions))).astype(np.float32)
    order = rng.permutation(len(truth))
    return vectors[order], truth[order]


def test_planted_clusters_are_found_and_numbered_by_size(database):
    vectors, truth = blobs()
    fill(database, vectors)
    keys, labels, membership = cluster(database, 3)
    np.testing.assert_array_equal(keys, np.arange(1, 601))
    np.testing.assert_array_equal(labels, truth)
    assert membership.min() > 0.5
    assert membership.max() < 1


def test_the_order_of_the_rows_changes_nothing(database):
    vectors, _ = blobs()
    vectors = vectors % 5  # no clusters to speak of, so that another start would be another end
    keys = np.arange(1, 601)
    fill(database, vectors, keys)
    first = cluster(database, 8)
    turned = np.random.default_rng(1).permutation(600)
    fill(database, vectors[turned], keys[turned])
    second = cluster(database, 8)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(np.unique(first[1])) == 8


@pytest.mark.parametrize("key_type", ["uuid", "text"])
def test_keys_of_other_types(database, key_type):
    vectors, truth = blobs()
    names = [uuid.UUID(int=n * 7919) for n in range(600)]
    if key_type == "text":
        names = [f"Kundin {n:03d}, 'größer' als \\ {{}}" for n in range(600)]
    fill(database, vectors, names, key_type)
    keys, labels, _ = cluster(database, 3, key_type=key_type)
    assert keys.tolist() == [str(name) for name in names]
    np.testing.assert_array_equal(labels, truth)


def test_cosine_knows_directions_only(database):
    directions = np.repeat([[1.0, 0.1], [0.1, 1.0]], [60, 40], axis=0)
    vectors = directions * np.tile([[1.0], [1000.0]], (50, 1))
    vectors[-1] = 0  # has no direction, and is no error
    fill(database, vectors)
    _, by_direction, _ = cluster(database, 2, is_cosine=True)
    np.testing.assert_array_equal(by_direction[:-1], np.repeat([0, 1], [60, 39]))
    _, by_place, _ = cluster(database, 2)
    assert adjusted_rand_score(by_direction, by_place) < 0.5


@pytest.mark.parametrize(
    ("vectors", "k", "labels"),
    [
        ([], 3, []),
        ([[1.0, 2.0]], 3, [0]),
        ([[1.0, 2.0], [9.0, 9.0]], 5, [0, 1]),
        ([[1.0, 2.0]] * 4, 3, [0, 0, 0, 0]),
        ([[9.0], [1.0], [1.0], [5.0]], 3, [1, 0, 0, 2]),
        ([[9.0], [1.0], [1.0]], 1, [0, 0, 0]),
    ],
    ids=["nobody", "one", "more clusters than rows", "all alike", "repeats", "one cluster"],
)
def test_degenerate_tables(database, vectors, k, labels):
    fill(database, vectors)
    _, found, membership = cluster(database, k)
    assert found.tolist() == labels
    assert ((membership >= 0) & (membership <= 1)).all()


@pytest.mark.parametrize("k", [None, 0, -3])
def test_a_k_below_1_is_refused(database, k):
    with pytest.raises(errors.RaiseException, match=r"k is .*, but must be at least 1"):
        cluster(database, k)


def test_the_forecast_counts_the_clusters(database):
    fill(database, np.random.default_rng(1).normal(size=(2_000, 4)))
    assert len(set(cluster(database, 3, memory_mb=300)[1])) == 3
    with pytest.raises(
        errors.RaiseException, match=r"need about 3\d\d MB in one backend for 2000 clus"
    ):
        cluster(database, 5_000, memory_mb=300)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([[1.0], None], "has 1 rows without a vector"),
        ([[1.0], [1.0, 2.0]], "vectors of 1 to 2 dimensions"),
    ],
)
def test_rows_that_cannot_be_clustered_together_are_refused(database, vectors, words):
    fill(database, vectors)
    with pytest.raises(errors.RaiseException, match=words):
        cluster(database, 1)


def test_memory_is_forecast_before_anything_is_read(database):
    fill(database, np.zeros((20_000, 100)))
    with pytest.raises(
        errors.RaiseException, match="20000 vectors of 100 dimensions need about 240 MB"
    ) as caught:
        cluster(database, 2, memory_mb=239)
    assert "memory_mb" in caught.value.diag.message_hint


def test_a_backend_stays_one_thread(database):
    fill(database, blobs()[0])
    cluster(database, 3)
    with database.connection.cursor() as cursor:
        cursor.execute("select pg_read_file(format('/proc/%s/status', pg_backend_pid()))")
        (status,) = cursor.fetchone()
    assert "Threads:\t1\n" in status


def test_a_query_that_takes_too_long_ends(database):
    """As a canceled query, whatever Python was about."""
    rng = np.random.default_rng(1)
    fill(database, rng.random((3000, 2)))
    with database.connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 50")
        try:
            with pytest.raises(psycopg2.errors.QueryCanceled):
                cluster(database, 1000)
        finally:
            cursor.execute("reset statement_timeout")


def snapshot_of(database, vectors, keys=None):
    """Embeddings, numbered unless they are given text keys, and the domain of such keys."""
    key_type = KeyType.BIGINT if keys is None else KeyType.TEXT
    definition = "bigint" if keys is None else 'text collate "C"'
    database.execute(sql.SQL("drop domain if exists customer_key cascade"))
    database.execute(sql.SQL("create domain customer_key as {}").format(sql.SQL(definition)))
    keys = np.arange(len(vectors)) if keys is None else keys
    return Embeddings(key_type, keys, vectors, np.zeros(len(vectors), np.int64), 1)


def test_a_snapshot_is_clustered_twice_in_a_session(database):
    vectors, truth = blobs()
    for clusters in (3, 2):
        chosen = truth < clusters
        settings = PlpythonSettings(k=clusters, memory_mb=MEMORY_MB)
        snapshot = snapshot_of(database, vectors[chosen])
        found = cluster_in_database(database, snapshot, settings, Metric.L2, block_rows=70)
        np.testing.assert_array_equal(found.labels, truth[chosen])
        np.testing.assert_array_equal(found.nearest_labels, truth[chosen])
        assert found.labels.dtype == np.int32
        assert found.membership.dtype == np.float32


def test_text_keys_are_in_the_order_of_their_bytes(database):
    """Whatever the collation of the database, which puts a before B."""
    keys = np.array(sorted(f"{letter}{n}".encode() for n in range(50) for letter in "aBcDéZ"))
    vectors, truth = blobs((150, 100, 50))
    settings = PlpythonSettings(k=3, memory_mb=MEMORY_MB)
    snapshot = snapshot_of(database, vectors, keys)
    found = cluster_in_database(database, snapshot, settings, Metric.L2, block_rows=70)
    np.testing.assert_array_equal(found.labels, truth)


def test_a_refusal_of_the_function_is_told_as_one(database):
    settings = PlpythonSettings(k=2, memory_mb=100)
    words = r"algorithm plpython: .*2 vectors of 3 dimensions need about 220 MB .* 100 .*memory_mb"
    snapshot = snapshot_of(database, np.zeros((2, 3), np.float32))
    with pytest.raises(DataError, match=words):
        cluster_in_database(database, snapshot, settings, Metric.L2, block_rows=10)
