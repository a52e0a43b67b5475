"""The queries of the dashboards against ``bi``: what the files name is there, with that type."""

import psycopg2
import pytest
from psycopg2 import sql

from integration.bi_login import login_of
from integration.warehouse import Laboratory, make_spec
from kindred.superset.bundle import KEY, dataset_query
from kindred.superset.dashboard_files import dashboards_dir, read_dashboards
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space

DATASETS = read_dashboards(dashboards_dir())["datasets"]
TYPES = {"default": "bigint", "by text": "text"}
SPACE = "by text"
TYPE_NAMES = """
select array_agg(format_type(oid, null) order by position)
from unnest(%s::oid[]) with ordinality as types (oid, position)
"""


@pytest.fixture(scope="module")
def reader(server, make_database, migrated, tmp_path_factory):
    """A session of a reader in a warehouse with two spaces, whose keys have other types."""
    dsn = make_database("dashboards", copied=migrated)
    spaces = {"default": make_spec(), SPACE: make_spec(SPACE.replace(" ", "_"))}
    with (
        connect(dsn, connection_id="dashboards", application_name="tests") as database,
        database.transaction(),
    ):
        create_space(database, spaces[SPACE], KeyType.TEXT)
    laboratory = Laboratory(dsn, dsn, tmp_path_factory.mktemp("artefacts"))
    connection = psycopg2.connect(login_of(server, laboratory))
    connection.autocommit = True
    yield connection, spaces
    connection.close()


@pytest.mark.parametrize("space", TYPES)
def test_every_dataset_has_the_columns_and_types_that_it_names(reader, space):
    connection, spaces = reader
    cursor = connection.cursor()
    for name, dataset in DATASETS.items():
        query = sql.SQL("select * from ({}) as found limit 0").format(
            sql.SQL(dataset_query(dataset, spaces[space].bi_schema))
        )
        cursor.execute(query)
        columns = [column.name for column in cursor.description]
        oids = [column.type_code for column in cursor.description]
        cursor.execute(TYPE_NAMES, (oids,))
        ((types,),) = cursor.fetchall()
        wanted = {
            column: TYPES[space] if kind == KEY else kind
            for column, kind in dataset["columns"].items()
        }
        assert dict(zip(columns, types, strict=True)) == wanted, name


def test_every_metric_can_be_computed(reader):
    connection, spaces = reader
    for dataset in DATASETS.values():
        for metric in dataset.get("metrics", {}).values():
            query = sql.SQL("select {} from ({}) as found").format(
                sql.SQL(metric["expression"]),
                sql.SQL(dataset_query(dataset, spaces["default"].bi_schema)),
            )
            connection.cursor().execute(query)


def test_a_typed_id_is_found_whatever_the_type_of_the_key(reader):
    """Superset knows no type of the column, and so writes what was typed as a literal."""
    connection, spaces = reader
    for space in TYPES:
        query = sql.SQL("select count(*) from ({}) as found where customer_id in ('42')").format(
            sql.SQL(dataset_query(DATASETS["lookalikes"], spaces[space].bi_schema))
        )
        cursor = connection.cursor()
        cursor.execute(query)
        assert cursor.fetchall() == [(0,)]
