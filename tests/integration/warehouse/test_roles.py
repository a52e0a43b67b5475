"""Who may read what: bi_reader the contract and nothing else, the owner without being superuser."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql

from integration.audiences.audience_scene import audiences_in, write_audiences
from integration.bi_login import cursor_of
from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.errors import LockTimeoutError
from kindred.tasks import run_task
from local.postgres import EmbeddedServer, as_user

ANALYST = "analyst_of_tests"
OWNER = "warehouse_owner_of_tests"
CLERK = "source_clerk_of_tests"
FIRST, SECOND, THIRD = "2026-01-05T02:00", "2026-01-06T02:00", "2026-01-07T02:00"
OBJECTS = (
    "snapshots",
    "lookalikes",
    "lookalikes_current",
    "clusters",
    "clusters_current",
    "cluster_lineage",
    "cluster_lineage_current",
    "cluster_items",
    "cluster_items_current",
    "cluster_movements",
    "cluster_movements_current",
    "cluster_profiles",
    "cluster_profiles_current",
    "cluster_quality",
    "cluster_summary",
    "cluster_summary_current",
    "index_builds",
    "index_checks",
    "rejected_rows",
    "rejected_events",
    "column_quality",
    "recommendations",
    "recommendations_current",
    "recommendation_quality",
    "item_audience('tea', 5)",
    "audiences",
    "audiences_current",
    "audience_members",
    "audience_members_current",
    "audience_quality",
    "audience_quality_current",
    "audience_overlap",
    "audience_overlap_current",
    "audience_results",
    "audience_results_current",
    "lookalike_distances",
    "recommendation_reasons",
    "customer_map",
    "customer_map_current",
    "map_quality",
    "map_cells",
    "customers",
    "explain_pair(1, 2)",
    "lookalike_audience(array(select generate_series(1, 200)::bigint), 5)",
    "similar_customers(1, 5)",
)


EXPORT = (
    "insert into kindred.audience_exports (audience, as_of, tier, status, exported_at, exported_by,"
    " destination, hashing, members, control, left_out, used_columns) values ('leaving', %s, 0.5,"
    " 'finished', %s, 'somebody', 'a.csv', 'none', 2, 1, 0, '{}');"
    " insert into kindred.audience_export_customers"
    " values (1, 1, 'member'), (1, 2, 'member'), (1, 3, 'control')"
)


def execute(dsn: str, *statements: sql.Composable) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


@pytest.fixture(scope="module")
def roles(server: EmbeddedServer) -> Iterator[None]:
    """Three logins without any special right."""
    dsn = server.dsn("postgres")
    for role in (ANALYST, OWNER, CLERK):
        execute(dsn, sql.SQL("create role {} login").format(sql.Identifier(role)))
    yield
    for role in (ANALYST, CLERK):
        execute(dsn, sql.SQL("alter role {} nologin").format(sql.Identifier(role)))


@pytest.fixture(scope="module")
def warehouse(
    make_laboratory: Callable[..., Laboratory],
    roles: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Laboratory:
    """Two published days, a third in the making, a refused row and a refused event."""
    laboratory = make_laboratory()
    broken = (None, "2026-01-02 12:00+00", 1.0, 30, True, "CA", False)
    laboratory.fill("customers", COLUMNS, [*people(400), broken])
    orders = {"table": "orders", "customer": "who", "at": "at", "item": "what", "amount": "paid"}
    alike = [
        (row[0], f"2025-{month:02}-02", item, 1.0)
        for number, row in enumerate(people(400)[::4])
        for month, item in ((9, "milk"), (12, "tea" if number % 3 else "rice"))
    ]
    laboratory.fill(
        "orders",
        "who bigint, at date, what text, paid float8",
        [*alike, (1, "2026-01-02", "tea", math.nan)],
    )
    spec = make_spec(
        events={"orders": orders},
        features={"income": "numeric", "age": "numeric", "tea": {"kind": "items", "of": "orders"}},
        recommendations={"of": "orders", "similar_by": "tea"},
        gates={"max_rejected_share": 1.0},
    )
    laboratory.run(spec, FIRST)
    audiences = {
        name: {
            "seed": {"label": {"churned": churned}},
            "sizes": ["50%"],
            "outcome": {"label": "churned", "days": 30},
        }
        for name, churned in (("leaving", True), ("staying", False))
    }
    laboratory.query(EXPORT, (FIRST, FIRST))
    folder = tmp_path_factory.mktemp("audiences")
    write_audiences(folder, audiences)
    with audiences_in(folder):
        laboratory.run(spec, SECOND)
    laboratory.run(spec, THIRD, until="publish")
    grant = sql.SQL("grant bi_reader to {}").format(sql.Identifier(ANALYST))
    execute(laboratory.warehouse_dsn, grant)
    return laboratory


analyst = partial(cursor_of, role=ANALYST)


def contents(cursor: "psycopg2.extensions.cursor") -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the contract shows."""
    shown = {}
    for name in OBJECTS:
        query = sql.SQL("select to_jsonb(shown)::text from bi.{} as shown order by 1")
        cursor.execute(query.format(sql.SQL(name)))
        shown[name] = cursor.fetchall()
    return shown


def test_the_list_of_objects_is_complete(warehouse: Laboratory) -> None:
    found = warehouse.query(
        "select relname from pg_class where relnamespace = 'bi'::regnamespace and relkind <> 'i'"
        " union select proname from pg_proc where pronamespace = 'bi'::regnamespace"
    )
    names = {name.split("(")[0] for name in OBJECTS}
    assert {name for (name,) in found} == names


def test_bi_reader_reads_every_view_and_calls_every_function(warehouse: Laboratory) -> None:
    with analyst(warehouse) as cursor:
        shown = contents(cursor)
    assert all(shown.values()), [name for name, rows in shown.items() if not rows]
    with closing(psycopg2.connect(warehouse.warehouse_dsn)) as connection:
        assert contents(connection.cursor()) == shown


def test_every_relation_outside_bi_is_closed(warehouse: Laboratory) -> None:
    relations = warehouse.query(
        "select quote_ident(nspname) || '.' || quote_ident(relname), relkind::text"
        " from pg_class join pg_namespace as schemas on schemas.oid = relnamespace"
        " where nspname not in ('bi', 'pg_catalog', 'information_schema', 'pg_toast')"
        "   and relkind in ('r', 'p', 'v', 'm', 'S', 'f')"
    )
    kinds = {kind for _, kind in relations}
    assert kinds == {"r", "p", "v", "S"}
    names = [name for name, _ in relations]
    assert any("_next" in name for name in names)
    assert any("landing_rows" in name for name in names)
    with analyst(warehouse) as cursor:
        for name in names:
            for attempt in ("select from {}", "delete from {}", "truncate {}", "drop table {}"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(sql.SQL(attempt).format(sql.SQL(name)))


def test_every_function_outside_bi_is_closed(warehouse: Laboratory) -> None:
    functions = warehouse.query(
        "select proname from pg_proc where pronamespace = 'kindred'::regnamespace"
    )
    assert functions
    with analyst(warehouse) as cursor:
        for (name,) in functions:
            call = sql.SQL("select kindred.{}('yes')").format(sql.Identifier(name))
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="schema kindred"):
                cursor.execute(call)


@pytest.mark.parametrize("schema", ["bi", "kindred", "public"])
def test_nothing_can_be_created(warehouse: Laboratory, schema: str) -> None:
    attempts = ("create table {}.mine (a integer)", "create view {}.mine as select 1")
    with analyst(warehouse) as cursor:
        for attempt in attempts:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(sql.SQL(attempt).format(sql.Identifier(schema)))
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("create temporary table mine (a integer)")


def test_the_views_cannot_be_written_through(warehouse: Laboratory) -> None:
    with analyst(warehouse) as cursor:
        for name in OBJECTS:
            if "(" not in name:
                refusals = (
                    psycopg2.errors.InsufficientPrivilege,
                    psycopg2.errors.ObjectNotInPrerequisiteState,
                )
                with pytest.raises(refusals):
                    cursor.execute(sql.SQL("delete from bi.{}").format(sql.Identifier(name)))


def test_another_login_reads_nothing_and_calls_nothing(warehouse: Laboratory) -> None:
    with closing(psycopg2.connect(as_user(warehouse.warehouse_dsn, CLERK))) as connection:
        connection.autocommit = True
        for name in OBJECTS:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                connection.cursor().execute(sql.SQL("select * from bi.{}").format(sql.SQL(name)))


def test_functions_run_with_a_fixed_search_path(warehouse: Laboratory) -> None:
    functions = warehouse.query(
        "select proname, prosecdef, proconfig, has_function_privilege('public', oid, 'execute')"
        " from pg_proc where pronamespace = 'bi'::regnamespace"
    )
    assert functions
    for name, is_definer, configuration, is_public in functions:
        assert is_definer, name
        path = next(entry for entry in configuration if entry.startswith("search_path="))
        assert path.split(",")[-1].strip() == "pg_temp", name
        assert not is_public, name


HOSTILE = (
    "create temporary table current_snapshot as select true as only_row,"
    " '2000-01-01'::timestamptz as as_of, 1 as generation, 1 as encoder_version",
    "create temporary table snapshots as select '2000-01-01'::timestamptz as as_of,"
    " 'published' as status, 0 as lookalikes",
    "create temporary table index_builds as select 1 as generation, 1 as probes,"
    " 'customer_embeddings' as table_name",
    "create temporary table customer_embeddings as select 666 as customer_id,"
    " '[0]'::vector as embedding",
    "create temporary table customer_lookalikes (as_of timestamptz, customer_id bigint)",
    "create function pg_temp.format(text, text) returns text language sql"
    " as $$select 'select 666::bigint, 0::double precision, 0::double precision'$$",
    "create function pg_temp.distance(vector, vector) returns double precision language sql"
    " immutable as 'select 0.0::double precision'",
    "create operator pg_temp.<-> (leftarg = vector, rightarg = vector,"
    " function = pg_temp.distance)",
    "set search_path = pg_temp, bi, public",
    "set ivfflat.probes = 1",
)


def test_names_in_the_readers_session_change_no_result(warehouse: Laboratory) -> None:
    name = sql.Identifier(psycopg2.extensions.parse_dsn(warehouse.warehouse_dsn)["dbname"])
    grant = sql.SQL("grant temporary on database {} to {}").format(name, sql.Identifier(ANALYST))
    execute(warehouse.warehouse_dsn, grant)
    with analyst(warehouse) as cursor:
        before = contents(cursor)
        for statement in HOSTILE:
            cursor.execute(statement)
        assert contents(cursor) == before


def test_every_column_of_the_contract_is_described(warehouse: Laboratory) -> None:
    columns = warehouse.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'bi'::regnamespace and attnum > 0 and relkind = 'v'"
        "   and col_description(attrelid, attnum) is null"
    )
    assert columns == []


def test_refused_rows_show_no_raw_values(warehouse: Laboratory) -> None:
    with analyst(warehouse) as cursor:
        cursor.execute("select * from bi.rejected_rows")
        assert [column.name for column in cursor.description or ()] == [
            "customer_id",
            "updated_at",
            "reason",
        ]
        assert cursor.fetchall()


@pytest.fixture
def deployed(
    make_database: Callable[[str], str], laboratory: Laboratory, roles: None
) -> Laboratory:
    """A warehouse as the deployment makes it: the owner is no superuser and makes no roles."""
    dsn = make_database("deployed")
    name = sql.Identifier(psycopg2.extensions.parse_dsn(dsn)["dbname"])
    owner, clerk = sql.Identifier(OWNER), sql.Identifier(CLERK)
    execute(
        as_user(dsn, "postgres"),
        sql.SQL(
            "do $$ begin create role bi_reader nologin;"
            " exception when duplicate_object then null; end $$"
        ),
        sql.SQL("alter database {} owner to {}").format(name, owner),
        sql.SQL("revoke connect, temporary on database {} from public").format(name),
        sql.SQL("grant connect on database {} to bi_reader").format(name),
        sql.SQL("create extension vector"),
    )
    laboratory.fill("customers", COLUMNS, people(160))
    grant = sql.SQL("grant select on customers to {}").format(clerk)
    execute(laboratory.source_dsn, grant)
    return replace(
        laboratory,
        source_dsn=as_user(laboratory.source_dsn, CLERK),
        warehouse_dsn=as_user(dsn, OWNER),
    )


def test_an_owner_without_special_rights_does_whole_runs(deployed: Laboratory) -> None:
    spec = make_spec()
    deployed.fit(spec, SECOND)
    for as_of in (FIRST, SECOND):
        assert deployed.run(spec, as_of).build.state == "published"
    assert deployed.run(make_spec(k=3), SECOND).build.state == "published"
    rows = deployed.query("select as_of, lookalikes / customers from bi.snapshots order by 1")
    assert rows == [(moment(FIRST), 5), (moment(SECOND), 3)]
    grant = sql.SQL("grant bi_reader to {}").format(sql.Identifier(ANALYST))
    superuser = as_user(deployed.warehouse_dsn, "postgres")
    execute(superuser, grant)
    with analyst(replace(deployed, warehouse_dsn=superuser)) as cursor:
        cursor.execute("select count(*) from bi.similar_customers(1, 5)")
        assert cursor.fetchall() == [(5,)]


def test_such_an_owner_sees_the_sessions_that_a_publish_must_wait_for(
    deployed: Laboratory,
) -> None:
    """pg_stat_activity hides most of what other users do from an owner without special rights."""
    deployed.run(make_spec(), FIRST)
    hurried = replace(deployed, environment={"KINDRED_LOCK_WAIT_SECONDS": "1"})
    superuser = as_user(deployed.warehouse_dsn, "postgres")
    with closing(psycopg2.connect(superuser, application_name="old report")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ")
        connection.cursor().execute("select 1")
        run = deployed.run(make_spec(k=3), FIRST, until="publish")
        with pytest.raises(LockTimeoutError, match="old report"):
            run_task(replace(run, deployment=hurried.deployment), "publish")
    assert run_task(run, "publish")["published"]
