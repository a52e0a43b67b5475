"""What every session has, whoever opens it."""

import numpy as np
import pytest
from pgvector import Vector

from kindred.warehouse.database import connect

SHOWN = (
    "select current_setting('timezone'), current_setting('client_connection_check_interval'),"
    " current_setting('search_path')"
)


@pytest.fixture
def shown(make_database):
    """Open a session with a conninfo's further words; returns its settings and its parameters."""
    dsn = make_database("session")

    def show(more: str = "", schema: str | None = None):
        with (
            connect(
                f"{dsn}{more}", connection_id="test", application_name="n" * 80, schema=schema
            ) as database,
            database.connection.cursor() as cursor,
        ):
            cursor.execute(SHOWN)
            return cursor.fetchone(), database.connection.info.dsn_parameters

    return show


def test_times_are_utc_and_a_backend_looks_for_its_client(shown):
    (zone, interval, path), parameters = shown()
    assert (zone, interval, path) == ("UTC", "5s", "public, vector")
    assert parameters["application_name"] == "n" * 63


@pytest.mark.parametrize(
    ("schema", "path"),
    [("kindred_shop", "kindred_shop, public, pg_temp"), ("In'D", '"In\'D", public, pg_temp')],
)
def test_a_space_has_its_own_tables_first(shown, schema, path):
    assert shown(schema=schema)[0][2] == path


def test_a_connection_is_kept_alive_as_long_as_it_says_nothing_else(shown):
    _, parameters = shown()
    assert (parameters["keepalives_idle"], parameters["keepalives_interval"]) == ("30", "10")
    _, parameters = shown("&keepalives_idle=5")
    assert (parameters["keepalives_idle"], parameters["keepalives_interval"]) == ("5", "10")


def test_pgvector_is_found_where_it_is(make_database):
    dsn = make_database("session")
    options = {"connection_id": "test", "application_name": "test"}
    with connect(dsn, **options) as database, database.connection.cursor() as cursor:
        cursor.execute('create schema "Other Place"')
        cursor.execute('create extension vector schema "Other Place"')
    with connect(dsn, **options, schema="s") as database, database.connection.cursor() as cursor:
        cursor.execute("show search_path")
        assert cursor.fetchone() == ('s, "Other Place", pg_temp',)


OPTIONS = {"connection_id": "test", "application_name": "test"}


def sent_and_received(database, vector):
    with database.connection.cursor() as cursor:
        cursor.execute("select %s::vector, array[%s::vector]", (vector, vector))
        one, several = cursor.fetchone()
    assert several == [one]
    return one


def test_vectors_keep_every_bit_wherever_pgvector_is(make_database):
    values = np.random.default_rng(1).normal(size=500).astype(np.float32)
    limits = np.finfo(np.float32)
    values[:5] = limits.max, limits.tiny, limits.smallest_subnormal, -0.0, 0.1
    dsn = make_database("session")
    with connect(dsn, **OPTIONS, schema="s") as database:
        with database.connection.cursor() as cursor:
            cursor.execute('create schema "Other Place"')
            cursor.execute('create extension vector schema "Other Place"')
        database.configure("s")  # as prepare does once it has created the extension
        assert sent_and_received(database, Vector(values)).to_numpy().tobytes() == values.tobytes()
    with connect(dsn, **OPTIONS, schema="s") as database:
        assert sent_and_received(database, Vector(values)).to_numpy().tobytes() == values.tobytes()
        widened = values.astype(np.float64).tolist()
        assert sent_and_received(database, Vector(widened)) == Vector(values)


def test_a_source_without_pgvector_may_have_a_type_of_that_name(make_database):
    dsn = make_database("session")
    with connect(dsn, **OPTIONS) as database, database.connection.cursor() as cursor:
        cursor.execute("create type vector as (x real, y real)")
    for schema in (None, "public"):
        with (
            connect(dsn, **OPTIONS, schema=schema) as database,
            database.connection.cursor() as cursor,
        ):
            cursor.execute("select row(1, 2)::vector")
            assert cursor.fetchone() == ("(1,2)",)
