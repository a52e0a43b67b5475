"""What a snapshot is made of and what readers find, as other programs are told of it."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from integration.publishing import day
from integration.warehouse import make_spec, moment
from kindred.errors import PreflightError
from kindred.publication.data_sets import read_sources, read_views
from kindred.run.context import open_run

KEYS = ("customer_id", "lookalike_id")


@pytest.fixture(scope="module")
def laboratory(original_night, copy_laboratory):
    return copy_laboratory(original_night)


@pytest.fixture(scope="module")
def run(laboratory):
    return open_run(laboratory.deployment, "default", moment(day(5)))


@pytest.fixture(scope="module")
def views(laboratory, run):
    with run.warehouse("test") as warehouse:
        return {one.place.name: one for one in read_views(run, warehouse, read_sources(run))}


def columns(data_set):
    return {column.name: column for column in data_set.columns}


def with_source(run, **source):
    return replace(run, spec=make_spec(source=source))


def test_the_source_is_its_table_with_the_columns_that_the_spec_reads(laboratory, run):
    laboratory.query("alter table customers add column note text", source=True)
    [table] = read_sources(run)["source"]
    assert (table.place.schema, table.place.name) == ("public", "customers")
    assert {column.name: column.type_name for column in table.columns} == {
        "customer_id": "bigint",
        "updated_at": "timestamp with time zone",
        "income": "double precision",
        "age": "integer",
        "is_active": "boolean",
        "state": "text",
        "churned": "boolean",
    }


def test_both_databases_are_named_by_host_port_and_name(laboratory, run, views):
    [table] = read_sources(run)["source"]
    source, shown = table.place, views["lookalikes_current"].place
    assert (source.host, shown.host) == ("localhost", "localhost")
    assert source.port == shown.port == 5432
    names = [urlsplit(dsn).path[1:] for dsn in (laboratory.source_dsn, laboratory.warehouse_dsn)]
    assert [source.database, shown.database] == names


def test_a_query_is_the_tables_it_reads_whose_columns_nobody_says(laboratory, run):
    laboratory.query("create schema if not exists sales", source=True)
    laboratory.query("create table if not exists sales.regions (state text)", source=True)
    laboratory.query("create view known as select * from customers", source=True)
    query = "select known.* from known left join sales.regions using (state) where age % 2 = 1"
    found = read_sources(with_source(run, table=None, query=query))["source"]
    assert [(one.place.schema, one.place.name, one.columns) for one in found] == [
        ("public", "customers", ()),
        ("sales", "regions", ()),
    ]


def test_a_source_that_is_gone_is_named(run):
    with pytest.raises(PreflightError, match="there is no such table"):
        read_sources(with_source(run, table="gone"))


def test_every_view_of_readers_is_there_with_its_columns_and_comments(laboratory, views):
    rows = laboratory.query(
        "select table_name, count(*) from information_schema.columns where table_schema = 'bi'"
        " group by 1"
    )
    assert {name: len(view.columns) for name, view in views.items()} == dict(rows)
    assert {view.place.schema for view in views.values()} == {"bi"}
    rank = columns(views["lookalikes_current"])["rank"]
    assert (rank.type_name, bool(rank.comment)) == ("smallint", True)


def test_keys_and_public_columns_repeat_those_of_the_source(run, views):
    [table] = read_sources(run)["source"]
    for view, names in (("lookalikes", KEYS), ("clusters_current", KEYS[:1])):
        for name in names:
            assert columns(views[view])[name].origins == ((table.place, "customer_id"),)
    shown = columns(views["customers"])
    for name in ("income", "churned"):
        assert shown[name].origins == ((table.place, name),)
    assert columns(views["cluster_summary"])["customers"].origins == ()


def test_nothing_is_said_to_come_from_a_private_column(laboratory, run):
    private = replace(run, spec=make_spec(private=["income"]))
    sources = read_sources(private)
    assert "income" in columns(sources["source"][0])
    with run.warehouse("test") as warehouse:
        views = read_views(private, warehouse, sources)
    repeated = {name for view in views for one in view.columns for _, name in one.origins}
    assert repeated == {"customer_id", "age", "is_active", "state", "churned"}
