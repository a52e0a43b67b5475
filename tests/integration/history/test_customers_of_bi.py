"""``bi.customers``: who the customers of the current snapshot are, in real columns."""

import re
from dataclasses import replace

import psycopg2.errors
import pytest
from psycopg2 import sql

from integration.bi_login import read
from integration.leaving import SECRET, request
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.erasure.task import erase
from kindred.errors import PreflightError, UnreachableError
from kindred.history.erasure_key import VARIABLE
from kindred.publication.withdraw import withdraw

FIRST, SECOND, THIRD = (f"2026-01-{day}T02:00" for day in (22, 23, 24))
COUNT = 60
HOSTILE = (
    'x"; drop schema bi cascade; --',
    "it's {bi} {0} \\",
    "$$as_of",
    "as_of",
    "as_of_",
    "kmeans_cluster_id",
    "Größe in m²",
    "c" * 63,
)
SMALL = {"algorithms": ["kmeans", "hdbscan"], "hdbscan": {"min_cluster_size": 8, "min_samples": 3}}
NIGHTLY = {"source": {"history": "versions"}, "gates": {"max_drift": 100.0}, "clustering": SMALL}


def spec_of(**changes):
    features = {
        "income": "numeric",
        "age": "numeric",
        "note": {"kind": "text", "components": 2},
        "state": {"kind": "categorical", "min_frequency": 2},
        **{name: "numeric" for name in HOSTILE},
    }
    return make_spec(**{"features": features, "private": ["age"], **NIGHTLY, **changes})


SPEC = spec_of()


def rows(count=COUNT):
    words = ("red shoes", "blue coat", "green hat")
    extra = [float(number) for number in range(len(HOSTILE))]
    for row in people(count):
        yield (*row, f"{words[row[0] % 3]} number {row[0]}", *(row[0] + n for n in extra))


def columns_of(laboratory, relation="bi.customers"):
    return dict(
        laboratory.query(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [relation],
        )
    )


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A published night, after which a row has landed that no snapshot has."""
    laboratory = make_laboratory()
    quoted = ", ".join('"{}" double precision'.format(name.replace('"', '""')) for name in HOSTILE)
    laboratory.fill("customers", f"{COLUMNS}, note text, {quoted}", rows())
    laboratory.run(SPEC, FIRST)
    laboratory.query("update customers set income = 1, state = 'ZZ'", source=True)
    laboratory.query("update customers set updated_at = '2026-01-22T12:00+00'", source=True)
    laboratory.land(SPEC, SECOND)
    return laboratory


@pytest.fixture
def copied(shop, copy_laboratory):
    return copy_laboratory(shop)


def test_every_customer_has_the_values_that_the_snapshot_was_made_of(shop, server):
    query = "select customer_id, income, state, churned from bi.customers order by 1"
    found = read(server, shop, query)
    assert found == [(row[0], row[2], row[5], row[6]) for row in people(COUNT)]
    assert read(server, shop, "select distinct as_of from bi.customers") == [(moment(FIRST),)]


def test_columns_are_real_ones_of_the_spec_without_texts_and_private_ones(shop):
    found = columns_of(shop)
    segments = {
        f"{algorithm}_cluster_{what}": kind
        for algorithm in SMALL["algorithms"]
        for what, kind in (("id", "integer"), ("name", "text"))
    }
    spelt = {"as_of": "as_of__", "kmeans_cluster_id": "kmeans_cluster_id_"}
    expected = {"as_of": "timestamp with time zone", "customer_id": "bigint", **segments}
    expected |= {"income": "double precision", "state": "text", "churned": "boolean"}
    expected |= {spelt.get(name, name): "double precision" for name in HOSTILE}
    assert found == expected


def test_hostile_names_are_columns_and_nothing_else(shop, server):
    names = [
        {"as_of": "as_of__", "kmeans_cluster_id": "kmeans_cluster_id_"}.get(n, n) for n in HOSTILE
    ]
    query = sql.SQL("select {} from bi.customers where customer_id = 7")
    [found] = read(server, shop, query.format(sql.SQL(", ").join(map(sql.Identifier, names))))
    assert list(found) == [7.0 + number for number in range(len(HOSTILE))]
    comments = shop.query(
        "select col_description('bi.customers'::regclass, attnum) from pg_attribute"
        " where attrelid = 'bi.customers'::regclass and attname = any (%s)",
        [names],
    )
    assert sorted(text for (text,) in comments) == sorted(
        f"Column {name} of the source: a numeric feature. Null once it is private."
        for name in HOSTILE
    )


def test_segments_are_those_of_the_other_views(shop, server):
    for algorithm in SMALL["algorithms"]:
        found = read(
            server,
            shop,
            sql.SQL("select customer_id, {}, {} from bi.customers order by 1").format(
                *(sql.Identifier(f"{algorithm}_cluster_{what}") for what in ("id", "name"))
            ),
        )
        assert found == read(
            server,
            shop,
            "select customer_id, cluster_id, name from bi.clusters_current"
            " left join bi.cluster_summary_current using (algorithm, cluster_id)"
            " where algorithm = %s order by 1",
            [algorithm],
        )
        assert {cluster for _, cluster, _ in found} > ({0, 1} if algorithm == "kmeans" else set())


def test_who_is_looked_up_is_found_by_the_index(shop):
    for table in ("customer_map", "customer_versions", "customer_clusters"):
        shop.query(f"analyze kindred.{table}")
    query = (
        "set local enable_seqscan = off; explain select * from bi.customers where customer_id = {}"
    )
    lookalikes = "any (array(select lookalike_id from bi.lookalikes_current where customer_id = 7))"
    for wanted in ("7", lookalikes):
        lines = shop.query(sql.SQL(query).format(sql.SQL(wanted)))
        plan = "\n".join(line for (line,) in lines)
        for table in ("placed", "version", "clusters", "clusters_1"):
            assert not re.search(rf"Seq Scan on \w+ {table}  ", plan), plan
            assert re.search(rf" on \w+ {table}  ", plan), plan


def test_what_becomes_private_is_null_at_once_and_gone_with_publish(copied, server):
    spec = spec_of(private=["age", "income", "state"])
    copied.begin(spec, SECOND)
    assert read(server, copied, "select distinct income, state from bi.customers") == [(None, None)]
    query = "explain (analyze, costs off) select customer_id from bi.customers where income > 30000"
    assert read(server, copied, "select count(*) from bi.customers where income > 0") == [(0,)]
    plan = "\n".join(line for (line,) in read(server, copied, query))
    assert "rows=15" not in plan
    assert read(server, copied, "select distinct kmeans_cluster_id from bi.customers") == [(None,)]
    copied.run(spec, SECOND)
    assert not {"income", "state", "age"} & columns_of(copied).keys()
    assert len(read(server, copied, "select distinct kmeans_cluster_id from bi.customers")) > 1

    withdraw(copied.deployment, spec, moment(SECOND))
    assert "income" in columns_of(copied)
    assert read(server, copied, "select distinct income, state from bi.customers") == [(None, None)]
    found = read(server, copied, "select customer_id, churned from bi.customers order by 1")
    assert found == [(row[0], row[6]) for row in people(COUNT)]


def test_readers_reach_no_value_but_those_of_the_view(shop, server):
    for relation in (
        "kindred.customer_versions",
        "kindred.customer_map",
        "kindred.reader_settings",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            read(server, shop, sql.SQL("select * from kindred.{}").format(sql.Identifier(relation)))
    for column in ("age", "note", "updated_at"):
        query = sql.SQL("select {} from bi.customers").format(sql.Identifier(column))
        with pytest.raises(psycopg2.errors.UndefinedColumn):
            read(server, shop, query)
    for write in ("update bi.customers set income = 0", "delete from bi.customers"):
        with pytest.raises(psycopg2.Error):
            read(server, shop, write)


def readable(server, laboratory):
    """How many customers a reader sees."""
    return read(server, laboratory, "select count(*) from bi.customers") == [(COUNT,)]


def test_a_wider_type_changes_nothing_else_of_the_view(copied, server):
    """Not its readers, nor its columns before publish; in ``prepare`` and in ``extract``."""
    public = spec_of(private=[])
    copied.run(public, SECOND)
    edited = spec_of(features={"income": "numeric", "age": "numeric"}, private=[], labels=[])
    before = columns_of(copied)
    assert before["age"] == "integer"
    assert {"state", "churned"} <= before.keys()

    copied.query("alter table customers alter age type bigint", source=True)
    copied.query("create view public.rich as select customer_id, income from bi.customers")
    with pytest.raises(PreflightError, match=r"bi.customers must be made anew.*view rich depends"):
        copied.begin(edited, THIRD)
    copied.query("drop view public.rich")
    copied.begin(edited, THIRD)
    assert columns_of(copied) == before | {"age": "bigint"}
    assert readable(server, copied)
    values = [(max(row[3] for row in people(COUNT)), True)]
    assert read(server, copied, "select max(age), count(state) > 0 from bi.customers") == values

    def widen(stage, _):
        if stage == "extract":
            copied.query("alter table customers alter age type numeric", source=True)

    copied.run(edited, THIRD, before=widen, until="embed_texts")
    assert columns_of(copied) == before | {"age": "numeric"}
    assert readable(server, copied)
    copied.query("drop view bi.customers")
    copied.begin(edited, THIRD)
    assert columns_of(copied) == before | {"age": "numeric"}
    assert readable(server, copied)

    copied.run(edited, THIRD)
    assert not {"state", "churned"} & columns_of(copied).keys()
    assert readable(server, copied)


def test_what_is_built_on_the_view_stays_whatever_the_spec_has_lost(copied, server):
    """Its columns stay where they are, null, and go with the first publish after."""
    copied.query(
        "create schema reports; grant usage on schema reports to bi_reader;"
        " create view reports.rich as select customer_id, income, state, hdbscan_cluster_name"
        " from bi.customers;"
        " create function reports.everybody() returns setof bi.customers language sql"
        " begin atomic select * from bi.customers; end;"
        " grant select on reports.rich to bi_reader"
    )
    copied.query("alter table customers add column zeal integer default 3", source=True)
    before = columns_of(copied)
    features = {name: "numeric" for name in ("income", "age", *HOSTILE)}
    other = spec_of(
        features=features,
        private=["age", "income"],
        labels=["churned", "zeal"],
        clustering={"algorithms": ["dbscan", "kmeans"]},
    )
    rich = "select count(*), count(income), count(state) > 0 from reports.rich"
    assert read(server, copied, rich) == [(COUNT, COUNT, True)]
    copied.begin(other, SECOND)
    assert read(server, copied, rich) == [(COUNT, 0, True)], "private, and hidden at once"
    copied.run(other, SECOND)
    gained = {"dbscan_cluster_id": "integer", "dbscan_cluster_name": "text", "zeal": "integer"}
    assert [*columns_of(copied).items()] == [*before.items(), *gained.items()]
    assert read(server, copied, rich) == [(COUNT, 0, False)]
    counts = "select count(dbscan_cluster_id), count(churned) from bi.customers"
    assert read(server, copied, counts) == [(COUNT, COUNT)]
    assert (
        "no column of the spec"
        in copied.query(
            "select col_description('bi.customers'::regclass, attnum) from pg_attribute"
            " where attrelid = 'bi.customers'::regclass and attname = 'income'"
        )[0][0]
    )

    withdraw(copied.deployment, other, moment(SECOND))
    assert read(server, copied, rich) == [(COUNT, 0, True)], "private since"
    copied.query("drop schema reports cascade")
    copied.run(other, THIRD)
    assert not {"income", "state", "hdbscan_cluster_id"} & columns_of(copied).keys()
    assert readable(server, copied)


def test_what_is_private_is_hidden_though_the_run_is_refused(copied, server):
    columns = ("income", "state", "churned", "as_of__")
    shown = sql.SQL("select {} from bi.customers").format(
        sql.SQL(", ").join(
            sql.SQL("count({}) > 0").format(sql.Identifier(column)) for column in columns
        )
    )
    assert read(server, copied, shown) == [(True, True, True, True)]
    copied.query("create schema reports")
    copied.query("create view reports.ages as select age from kindred.customer_versions")
    copied.query("alter table customers alter age type bigint", source=True)
    with pytest.raises(PreflightError) as refused:
        copied.begin(spec_of(private=["age", "state"]), SECOND)
    for words in ("age of the history must be made anew", "reports.ages", "same.*: age, state$"):
        assert re.search(words, str(refused.value))
    assert read(server, copied, shown) == [(True, False, True, True)]
    with pytest.raises(PreflightError, match=r"reports.ages.*same.*: age, income$"):
        copied.fit(spec_of(private=["age", "income"]), SECOND)
    assert read(server, copied, shown) == [(False, False, True, True)]

    copied.query("drop schema reports cascade")
    copied.query("alter table customers rename to gone", source=True)
    with pytest.raises(PreflightError, match="customers"):
        copied.begin(spec_of(private=["age", "churned"]), SECOND)
    assert read(server, copied, shown) == [(False, False, False, True)]
    unreachable = replace(copied, source_dsn="postgresql://127.0.0.1:1/none")
    with pytest.raises(UnreachableError):
        unreachable.begin(spec_of(private=["as_of"]), SECOND)
    assert read(server, copied, shown) == [(False, False, False, False)]


def test_erasure_reaches_the_view_and_the_map(copied, server, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    receipt = erase(copied.deployment, "default", request(copied, 7))
    assert receipt["rows"]["customer_map"] == 1
    counts = "select count(*), count(*) filter (where customer_id = 7) from bi.{}"
    for view in ("customers", "customer_map", "customer_map_current"):
        assert read(server, copied, counts.format(view)) == [(COUNT - 1, 0)]
