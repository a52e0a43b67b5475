"""IVFFlat's lists, read off the pages of real indexes: every row once, in the list it is in."""

from contextlib import closing, contextmanager
from dataclasses import replace
from uuid import UUID

import numpy as np
import psycopg2
import pytest
from psycopg2 import errors, sql

from benchmarks.generations import AS_OF, SPEC
from benchmarks.ivfflat import plan_of
from databases import administer
from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.distances import eligible, normalised
from kindred.segments.lists.index_pages import (
    has_reader,
    open_index,
    read_lists,
    reader_as_text,
)
from kindred.segments.lists.list_clusters import nearest_lists
from kindred.serving import generations, index_build
from kindred.spec.metrics import Metric
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space
from local.page_reader import install_page_reader
from local.postgres import as_user

ROWS, ZEROS, LISTS = 6_000, 40, 30
SCHEMA = SPEC.internal_schema
OWNER, CLERK = "owner_of_pages", "clerk_of_pages"


@contextmanager
def prepared(dsn, key_type=KeyType.BIGINT):
    """A session in a prepared space whose pages can be read."""
    with connect(dsn, connection_id="test", application_name="test") as database:
        with database.transaction():
            create_space(database, SPEC, key_type)
        install_page_reader(dsn, SCHEMA)
        yield database


@pytest.fixture
def warehouse(make_database):
    with prepared(make_database("pages")) as database:
        yield database


def keys_of(key_type, count):
    numbers = np.random.default_rng(6).permutation(count) + 1
    if key_type is KeyType.BIGINT:
        return np.sort(numbers)
    made = [
        UUID(int=int(n) << 64) if key_type is KeyType.UUID else f"customer {n}" for n in numbers
    ]
    return np.sort(key_type.from_python(made))


def make_rows(rows=ROWS, dimensions=8, key_type=KeyType.BIGINT):
    """Seeded vectors around a few centres, zero vectors among them."""
    rng = np.random.default_rng(7)
    vectors = (
        rng.normal(size=(rows, dimensions))
        + 3 * rng.normal(size=(20, dimensions))[rng.integers(0, 20, rows)]
    )
    vectors[rng.choice(rows, ZEROS, replace=False)] = 0.0
    moments = np.full(rows, 1_750_000_000_000_000)
    keys = keys_of(key_type, rows)
    return Embeddings(key_type, keys, vectors.astype(np.float32), moments, 1)


def load(database, rows, metric=Metric.L2, lists=LISTS):
    """A generation with its index; returns the table."""
    _, table = generations.load_generation(
        database, rows, as_of=AS_OF, metric=metric, block_rows=1_000
    )
    index_build.build_index(database, table, plan_of(rows, 5, lists, 64), metric)
    return table


def read(database, table, rows):
    pages = open_index(database, SCHEMA, table)
    with database.transaction():
        database.run("warehouse/repeatable_read")
        return read_lists(pages, rows.key_type, rows.customers, block_rows=700)


def assert_nearest(metric, vectors, found):
    """In float64, up to the rounding of pgvector's float32."""
    points = normalised(vectors) if metric is Metric.COSINE else vectors
    points, centres = points.astype(np.float64), found.centroids.astype(np.float64)
    if metric is Metric.L2:
        distances = ((points[:, None] - centres[None]) ** 2).sum(axis=2)
    else:
        distances = -points @ centres.T
    own = distances[np.arange(len(vectors)), found.lists]
    rounding = 1e-5 * np.abs(distances).max(axis=1)
    assert (own <= distances.min(axis=1) + rounding).all()


CASES = [
    (Metric.L2, KeyType.BIGINT, 8),
    (Metric.COSINE, KeyType.BIGINT, 8),
    (Metric.INNER_PRODUCT, KeyType.BIGINT, 8),
    (Metric.L2, KeyType.UUID, 8),
    (Metric.L2, KeyType.TEXT, 8),
    (Metric.L2, KeyType.BIGINT, 600),  # three lists a page, three rows a page
]


@pytest.mark.parametrize(("metric", "key_type", "dimensions"), CASES)
def test_every_indexed_row_is_in_one_list_that_of_the_nearest_centre(
    make_database, metric, key_type, dimensions
):
    rows = make_rows(ROWS if dimensions < 100 else 1_500, dimensions, key_type)
    with prepared(make_database("pages"), key_type) as database:
        found = read(database, load(database, rows, metric), rows)
    is_indexed = eligible(metric, rows.vectors)
    assert (~is_indexed).sum() == (ZEROS if metric is Metric.COSINE else 0)
    np.testing.assert_array_equal(found.lists >= 0, is_indexed)
    assert found.centroids.shape == (LISTS, dimensions)
    indexed = replace(found, lists=found.lists[is_indexed])
    assert_nearest(metric, rows.vectors[is_indexed], indexed)
    again = nearest_lists(rows.vectors[is_indexed], metric, found.centroids)
    is_zero = ~rows.vectors[is_indexed].any(axis=1)  # alike to all unit vectors
    assert (again == indexed.lists)[~is_zero].mean() > 0.999
    assert_nearest(metric, rows.vectors[is_indexed], replace(found, lists=again))


def test_customers_who_are_not_in_the_table_are_in_no_list(warehouse):
    rows = make_rows()
    table = load(warehouse, rows)
    known = read(warehouse, table, rows).lists
    more = replace(rows, customers=np.concatenate([[-5], rows.customers[::2], [10**6]]))
    lists = read(warehouse, table, more).lists
    assert (lists[0], lists[-1]) == (-1, -1)
    np.testing.assert_array_equal(lists[1:-1], known[::2])


def test_after_deletes_inserts_and_a_vacuum(warehouse):
    rows = make_rows()
    table = load(warehouse, rows)
    name = sql.Identifier(table)
    changed = rows.vectors[::-1].copy()
    with closing(warehouse.connection.cursor()) as cursor:
        text = "delete from {} where customer_id <= 1000 or customer_id % 2 = 0"
        cursor.execute(sql.SQL(text).format(name))
        cursor.execute(sql.SQL("vacuum {}").format(name))
        text = "update {} set embedding = %s::vector where customer_id = %s"
        for number in range(2_000, 2_050, 2):
            given = (str(changed[number].tolist()), int(rows.customers[number]))
            cursor.execute(sql.SQL(text).format(name), given)
        text = "update {} set updated_at = now() where customer_id between 5000 and 5099"
        cursor.execute(sql.SQL(text).format(name))
    vectors = rows.vectors.copy()
    vectors[2_000:2_050:2] = changed[2_000:2_050:2]
    found = read(warehouse, table, rows)
    is_there = (rows.customers > 1000) & (rows.customers % 2 == 1)
    # They have moved within their pages, without a new entry: nobody can tell their list.
    is_moved = is_there & (rows.customers >= 5000) & (rows.customers < 5100)
    np.testing.assert_array_equal(found.lists >= 0, is_there & ~is_moved)
    rest = np.flatnonzero(is_there & ~is_moved)
    assert_nearest(Metric.L2, vectors[rest], replace(found, lists=found.lists[rest]))


def test_rows_that_are_inserted_meanwhile_are_not_seen(warehouse, make_database):
    rows = make_rows()
    table = load(warehouse, rows)
    before = read(warehouse, table, rows)
    pages = open_index(warehouse, SCHEMA, table)
    name = sql.Identifier(SCHEMA, table)
    with warehouse.transaction():
        warehouse.run("warehouse/repeatable_read")
        warehouse.rows("serving/index_state", {"index": "any"})
        with closing(psycopg2.connect(warehouse.connection.dsn)) as other, other:
            text = (
                "insert into {0} select customer_id + 100000, embedding, now(), 1 from {0};"
                " delete from {0} where customer_id < 3000"
            )
            other.cursor().execute(sql.SQL(text).format(name))
        found = read_lists(pages, rows.key_type, rows.customers, block_rows=1_000)
    np.testing.assert_array_equal(found.lists, before.lists)


def test_the_reader_gives_pages_of_these_indexes_and_of_nothing_else(warehouse):
    table = load(warehouse, make_rows(1_000), lists=5)
    with closing(warehouse.connection.cursor()) as cursor:
        cursor.execute("create table kindred.mine (embedding vector(3))")
        cursor.execute("create index mine_ivfflat on kindred.mine using ivfflat (embedding)")
        cursor.execute("create table public.customer_embeddings_g7 (embedding vector(3))")
        statement = "create index g7 on public.customer_embeddings_g7 using ivfflat (embedding)"
        cursor.execute(statement)
        read_page = "select length(kindred.read_index_page(%s, 0))"
        cursor.execute(read_page, (f"{table}_ivfflat",))
        assert cursor.fetchone() == (8192,)
        others = (table, f"{table}_pkey", "snapshots", "mine_ivfflat", "g7", "public.g7")
        for other in (*others, "pg_authid", "pg_catalog.pg_authid", "", f'x"{table}_ivfflat'):
            with pytest.raises(errors.InsufficientPrivilege, match="is no IVFFlat index over the"):
                cursor.execute(read_page, (other,))
        cursor.execute(read_page, (None,))
        assert cursor.fetchone() == (None,)


@pytest.fixture
def owned(make_database, server):
    """The URI of a warehouse of an owner without special rights, who has a colleague."""
    dsn = make_database("owned")
    database = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    roles = (OWNER, CLERK)
    administer(server, *(f"create role {role} login" for role in roles))
    administer(server, f"alter database {database} owner to {OWNER}")
    administer(server, "create extension vector", database=database)
    administer(
        server,
        "do $$ begin create role bi_reader nologin;"
        " exception when duplicate_object then null; end $$",
    )
    yield dsn
    administer(server, f"drop database {database} with (force)")
    administer(server, *(f"drop role {role}" for role in roles))


def session_of(dsn, role):
    return connect(as_user(dsn, role), connection_id="test", application_name="test")


def test_an_owner_without_special_rights_reads_through_it_alone(owned):
    rows = make_rows()
    with session_of(owned, OWNER) as database, session_of(owned, "postgres") as administrator:
        assert not has_reader(database, SCHEMA)
        text = reader_as_text(database, SCHEMA)
        for _ in range(2):
            administrator.execute(sql.SQL(text))
        assert has_reader(database, SCHEMA)
        with database.transaction():
            create_space(database, SPEC, KeyType.BIGINT)
        table = load(database, rows)
        found = read(database, table, rows)
        assert_nearest(Metric.L2, rows.vectors, found)
        with closing(database.connection.cursor()) as cursor:
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute("select get_raw_page(%s, 0)", (f"{SCHEMA}.{table}",))
            cursor.execute(f"grant usage on schema {SCHEMA} to {CLERK}")
    with session_of(owned, CLERK) as colleague, closing(colleague.connection.cursor()) as cursor:
        assert not has_reader(colleague, SCHEMA)
        with pytest.raises(errors.InsufficientPrivilege, match="permission denied for function"):
            cursor.execute("select kindred.read_index_page(%s, 0)", (f"{table}_ivfflat",))


def test_a_function_of_the_owner_itself_is_no_reader(owned):
    with session_of(owned, OWNER) as database, closing(database.connection.cursor()) as cursor:
        cursor.execute("create schema kindred")
        cursor.execute(
            "create function kindred.read_index_page(index_name text, block_number bigint)"
            " returns bytea language sql as $$ select null::bytea $$"
        )
        assert not has_reader(database, SCHEMA)
