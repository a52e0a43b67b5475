"""Events in whatever a source keeps them: views, partitions, other servers, several tables."""

import pytest
from psycopg2 import sql
from psycopg2.extensions import parse_dsn

from databases import administer
from integration.events_shop import (
    FIRST_NIGHT,
    LAST_NIGHT,
    LINE_COLUMNS,
    PURCHASES,
    events_spec,
    open_shop,
    order_lines,
)
from integration.recommendations.shop import RECOMMENDED
from integration.warehouse import make_spec, moment
from kindred.preparation.preflight import inspect
from kindred.run.findings import Outcome

BARE = LINE_COLUMNS.replace(" primary key", "")
RELATIONS = {
    "viewed": "create view viewed as select * from order_lines",
    "materialised": "create materialized view materialised as select * from order_lines",
    "partitioned": "create table partitioned ({}) partition by range (ordered_at);"
    " create table old partition of partitioned for values from (minvalue) to ('2026-02-01');"
    " create table new partition of partitioned for values from ('2026-02-01') to (maxvalue);"
    " insert into partitioned select * from order_lines",
    "inherited": "create table inherited ({}); create table child () inherits (inherited);"
    " insert into child select * from order_lines",
    "foreign_lines": "create foreign table foreign_lines ({}) server itself"
    " options (schema_name 'public', table_name 'order_lines')",
}
CLUSTERING = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}


def test_events_that_cannot_be_read_are_reported_once(shop):
    """As the spec has them: a source of events is not written there."""
    spec = events_spec(events={"purchases": {**PURCHASES, "table": "order_linse"}})
    with (
        shop.deployment.source(spec, "test") as origin,
        shop.deployment.warehouse("test") as warehouse,
    ):
        found = inspect(spec, shop.deployment, origin, warehouse).findings
    [message] = [one.message for one in found if one.outcome is Outcome.FAILURE]
    assert message.startswith("events.purchases, source 'kindred_source', table order_linse")
    checks = [one.check for one in found]
    assert ("source" in checks, checks.count("events purchases")) == (False, 1)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    laboratory = make_laboratory()
    open_shop(laboratory)
    return laboratory


def test_events_land_from_any_relation_beside_each_other(shop, server, copy_laboratory):
    apart = copy_laboratory(shop)
    known = parse_dsn(apart.source_dsn)
    user, name = known["user"], known["dbname"]
    administer(
        server,
        "create extension postgres_fdw",
        "create server itself foreign data wrapper postgres_fdw"
        f" options (host '{known['host']}', dbname '{name}')",
        f"create user mapping for {user} server itself"
        f" options (user '{user}', password_required 'false')",
        f"grant usage on foreign server itself to {user}",
        database=name,
    )
    for statement in RELATIONS.values():
        apart.query(statement.format(BARE), source=True)
    events = {name: {**PURCHASES, "table": name} for name in RELATIONS}
    spec = make_spec("relations", events=events, features={"income": "numeric"}, labels=[])
    landed = sql.SQL("select count(*) from kindred_relations.{} where withdrawn_at is null")
    lines = order_lines()
    apart.land(spec, FIRST_NIGHT)
    late = (90_001, 7, moment("2026-03-20"), 5, 12.5, 1, "shop")
    apart.append("order_lines", [late])
    apart.land(spec, LAST_NIGHT)
    due = sum(line[2] < moment(LAST_NIGHT) for line in lines)
    for name in RELATIONS:
        found = apart.query(landed.format(sql.Identifier(f"events_{name}")))
        assert found == [(due + (name in ("viewed", "foreign_lines")),)], name


@pytest.mark.soak
def test_features_of_two_tables_and_recommendations_of_one(shop, copy_laboratory):
    apart = copy_laboratory(shop)
    apart.query("alter table order_lines rename to lines", source=True)
    apart.query(
        "create table visits as select customer_id as who, ordered_at as at, channel from lines"
        " where quantity > 0",
        source=True,
    )
    visits = {"table": "visits", "customer": "who", "at": "at", "item": "channel"}
    spec = make_spec(
        "two",
        events={"purchases": {**PURCHASES, "table": "lines"}, "visits": visits},
        features={
            "income": "numeric",
            "visits_90d": {"kind": "count", "of": "visits", "days": 90},
            "spend": {"kind": "sum", "of": "purchases", "column": "amount"},
            "basket": {"kind": "items", "of": "purchases", "components": 8},
        },
        labels=[],
        clustering=CLUSTERING,
        recommendations={**RECOMMENDED, "similar_by": ["basket", "visits_90d"]},
    )
    apart.run(spec, LAST_NIGHT)
    pair = dict(
        (name, row[2]) for name, *row in apart.query("select * from bi_two.explain_pair(1, 2)")
    )
    [(visits_90d,)] = apart.query(
        "select count(*) from visits where who = 1 and at < %s"
        " and at >= %s::timestamptz - interval '90 days'",
        [moment(LAST_NIGHT)] * 2,
        source=True,
    )
    assert float(pair["visits_90d"]) == visits_90d
    found = apart.query("select distinct events, similar_by from bi_two.recommendation_quality")
    assert found == [("purchases", ["basket", "visits_90d"])]
    [(items,)] = apart.query("select count(distinct item) from bi_two.recommendations_current")
    assert items > 20


def test_a_customer_and_a_time_are_enough(shop, copy_laboratory):
    apart = copy_laboratory(shop)
    visits = {"table": "order_lines", "customer": "customer_id", "at": "ordered_at"}
    spec = events_spec(
        "bare",
        source={"events": "visits"},
        events={"visits": visits},
        features={
            "last": {"kind": "recency", "of": "visits"},
            "visits": {"kind": "count", "of": "visits"},
            "pace": {"kind": "days_between", "of": "visits"},
        },
        clustering=CLUSTERING,
    )
    apart.run(spec, LAST_NIGHT)
    [(customers, visits)] = apart.query(
        "select count(distinct customer_id), count(*) filter (where customer_id = 1)"
        " from order_lines where ordered_at < %s",
        [moment(LAST_NIGHT)],
        source=True,
    )
    assert apart.query("select customers from bi_bare.snapshots where is_current") == [(customers,)]
    pair = {name: row for name, *row in apart.query("select * from bi_bare.explain_pair(1, 2)")}
    assert float(pair["visits"][2]) == visits
