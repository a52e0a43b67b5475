"""What every session has, whoever opens it."""

import pytest

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
    assert (zone, interval, path) == ("UTC", "5s", '"$user", public')
    assert parameters["application_name"] == "n" * 63


@pytest.mark.parametrize(
    ("schema", "path"),
    [("kindred_shop", "kindred_shop, public, pg_temp"), ("In'D", '"In\'D", public, pg_temp')],
)
def test_a_space_has_its_own_tables_first(shown, schema, path):
    assert shown(schema=schema)[0][2] == path


def test_a_connection_is_kept_alive_as_long_as_it_says_nothing_else(shown):
    _, parameters = shown()
    assert (parameters["keepalives_idle"], parameters["keepalives_interval"]) == ("60", "10")
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
