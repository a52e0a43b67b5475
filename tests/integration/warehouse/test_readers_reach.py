"""What readers try: overloads, leaky conditions, large arguments, locks; all as a BI login."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql

from databases import administer
from integration.bi_login import cursor_of
from integration.warehouse import COLUMNS, Laboratory, make_spec, people
from kindred.errors import LockTimeoutError, PreflightError, SpecError
from kindred.preparation import preflight
from kindred.run.findings import Outcome
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec
from kindred.warehouse.locks import Resource, locked, shared
from local.postgres import EmbeddedServer

READER = "reader_of_tests"
AS_OF, EARLIER = "2026-01-22T02:00", "2026-01-21T02:00"
SPEC = make_spec(clustering={"algorithms": ["kmeans"]})
PRIVATE = make_spec(clustering={"algorithms": ["kmeans"]}, private=["income"])
CALLS = (
    "select * from bi.similar_customers(1, 5)",
    """select * from bi.similar_customers(1, 5, '{"state": ["CA", "NY"], "income": {"min": 1}}')""",
    "select * from bi.similar_customers(1, 5, null, 'kmeans', 1, 'cosine')",
    "select * from bi.explain_pair(1, 2)",
    "select * from bi.lookalike_audience(array(select generate_series(1, 30)::bigint), 5)",
)
# Better matches than the functions and operators of pg_catalog that our functions use, and than
# pgvector's where they are called with another type.
OVERLOADS = (
    ("format", "text, text", "text"),
    ("format", "text, name", "text"),
    ("format", "text, text, text", "text"),
    ("format", "text, text, text, text", "text"),
    ("cardinality", "bigint[]", "integer"),
    ("count", "bigint", "bigint"),
    ("array_to_string", "text[], text", "text"),
    ("array_position", "text[], text", "integer"),
    ("replace", "text, text, text", "text"),
    ("unnest", "bigint[]", "setof bigint"),
    ("jsonb_each", "jsonb", "setof text"),
    ("to_jsonb", "record", "jsonb"),
    ("quote_ident", "name", "text"),
    ("count", "public.vector", "bigint"),
    ("vector_norm", "text", "double precision"),
)


def execute(dsn: str, *statements: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


@pytest.fixture(scope="module")
def shop(make_laboratory: Callable[..., Laboratory], server: EmbeddedServer) -> Laboratory:
    """A published night, in a database whose pgvector is in a schema that is open at first."""
    laboratory = make_laboratory()
    administer(server, f"create role {READER} login")
    execute(laboratory.warehouse_dsn, "create extension vector schema public")
    laboratory.fill("customers", COLUMNS, people(200))
    laboratory.run(SPEC, AS_OF)
    execute(laboratory.warehouse_dsn, f"grant bi_reader to {READER}")
    return laboratory


reader = partial(cursor_of, role=READER)


def name_of(shop: Laboratory) -> str:
    return str(psycopg2.extensions.parse_dsn(shop.warehouse_dsn)["dbname"])


def findings(shop: Laboratory, spec: Spec = SPEC) -> list[tuple[Outcome, str]]:
    deployment = shop.deployment
    with deployment.source(spec, "test") as origin, deployment.warehouse("test") as warehouse:
        found = preflight.inspect(spec, deployment.settings, origin, warehouse).findings
    return [(f.outcome, f.message) for f in found if f.check == "rights"]


def test_nobody_is_a_superuser(shop: Laboratory) -> None:
    with reader(shop) as cursor:
        cursor.execute(
            "select rolname from pg_roles where rolsuper and (rolname in ('bi_reader', %s)"
            " or oid in (select datdba from pg_database where datname = current_database()))",
            (READER,),
        )
        assert cursor.fetchall() == []


def test_overloads_of_a_reader_never_run(shop: Laboratory, server: EmbeddedServer) -> None:
    """They would run as the owner: here they end the call."""
    with reader(shop) as cursor:
        answers = []
        for call in CALLS:
            cursor.execute(call)
            answers.append(cursor.fetchall())
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("create function public.format(text, text) returns text return 'x'")
        administer(server, "grant create on schema public to public", database=name_of(shop))
        try:
            for name, arguments, result in OVERLOADS:
                cursor.execute(
                    f"create function public.{name}({arguments}) returns {result} language plpgsql"
                    " as $$ begin raise exception 'ran as %', current_user; end $$"
                )
            for call, answer in zip(CALLS, answers, strict=True):
                cursor.execute(call)
                assert cursor.fetchall() == answer
            [(_, message), (_, of_functions)] = findings(shop)
            assert "'revoke create on schema public from public'" in message
            assert f"functions of {READER} in schema public" in of_functions
            with pytest.raises(PreflightError, match="public may create objects in schema public"):
                shop.begin(SPEC, AS_OF)
            # Closing the schema does not remove what was made there.
            administer(server, "revoke create on schema public from public", database=name_of(shop))
            with pytest.raises(PreflightError, match=f"functions of {READER} in schema public"):
                shop.begin(SPEC, AS_OF)
        finally:
            administer(
                server,
                f"drop owned by {READER}",
                "revoke create on schema public from public",
                database=name_of(shop),
            )
            execute(shop.warehouse_dsn, f"grant bi_reader to {READER}")


@pytest.mark.parametrize("schema", ["bi", "kindred", "public"])
def test_a_schema_that_a_reader_may_fill_is_refused(
    shop: Laboratory, server: EmbeddedServer, schema: str
) -> None:
    administer(server, f"grant create on schema {schema} to {READER}", database=name_of(shop))
    try:
        [(outcome, message)] = findings(shop)
    finally:
        administer(
            server, f"revoke create on schema {schema} from {READER}", database=name_of(shop)
        )
    assert outcome is Outcome.FAILURE
    assert f"{READER} may create objects in schema {schema} of database" in message
    assert [outcome for outcome, _ in findings(shop)] == [Outcome.OK]


def test_definers_search_the_catalogue_and_closed_schemas_only(shop: Laboratory) -> None:
    paths = shop.query(
        "select proname, setting from pg_proc, unnest(proconfig) as setting"
        " where prosecdef and pronamespace = 'bi'::regnamespace"
    )
    assert paths
    assert {path for _, path in paths} == {"search_path=pg_catalog, kindred, pg_temp"}


def test_every_view_of_bi_is_a_barrier(shop: Laboratory) -> None:
    views = shop.query(
        "select relname, coalesce(reloptions, '{}') from pg_class"
        " where relnamespace = 'bi'::regnamespace and relkind = 'v'"
    )
    assert len(views) > 10
    assert [name for name, options in views if "security_barrier=true" not in options] == []


def test_conditions_on_keys_and_times_still_reach_the_index(shop: Laboratory) -> None:
    with closing(psycopg2.connect(shop.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("set enable_seqscan = off")
        for view, condition in (
            ("lookalikes_current", "customer_id = 7"),
            ("lookalikes", f"as_of = '{AS_OF}' and lookalike_id in (7, 8)"),
            ("clusters_current", "algorithm = 'kmeans' and customer_id = 7"),
        ):
            query = sql.SQL("explain select * from bi.{} where {}")
            cursor.execute(query.format(sql.Identifier(view), sql.SQL(condition)))
            plan = "\n".join(line for (line,) in cursor.fetchall())
            key = "lookalike_id" if "lookalike_id" in condition else "customer_id"
            assert re.search(rf"Index Cond: .*\b{key}\)?(::bigint)? = ", plan), plan


def test_a_condition_sees_no_row_that_a_view_hides(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), reader(shop) as cursor:
        cursor.execute("create function pg_temp.saw(text) returns boolean return true")
    shop.begin(PRIVATE, EARLIER)  # income becomes private after it was published
    administer(server, f"grant temporary on database {name_of(shop)} to {READER}")
    try:
        with reader(shop) as cursor:
            cursor.execute(
                "create function pg_temp.saw(text) returns boolean language plpgsql"
                " cost 0.0001 as $$ begin raise notice '%', $1; return true; end $$"
            )
            cursor.execute(
                "select column_name from bi.cluster_profiles where pg_temp.saw(column_name)"
            )
            assert {name for (name,) in cursor.fetchall()} >= {"age", "state"}
            assert not any("income" in notice for notice in cursor.connection.notices)
            # A cast is as leaky: it fails for the hidden rows only.
            cursor.execute(
                "select count(*) from bi.cluster_profiles"
                " where replace(column_name, 'income', 'x')::name::text <> '' and"
                " case column_name when 'income' then column_name::integer else 1 end = 1"
            )
    finally:
        administer(server, f"revoke temporary on database {name_of(shop)} from {READER}")
        shop.begin(SPEC, EARLIER)


def test_doctor_says_that_everybody_may_make_temporary_objects(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    name = name_of(shop)
    administer(server, f"grant temporary on database {name} to public")
    found = findings(shop)
    administer(server, f"revoke temporary on database {name} from public")
    [warning] = [message for outcome, message in found if outcome is Outcome.WARNING]
    assert f"revoke temporary on database {name} from public" in warning
    assert all(outcome is Outcome.OK for outcome, _ in findings(shop))


IDS = "array(select generate_series(1, {})::bigint)"
TOO_LARGE = {
    f"bi.lookalike_audience({IDS.format(1_000_000)})": r"ids holds 1000000 .* at most 100000",
    f"bi.lookalike_audience({IDS.format(30)}, 2000000000)": "n is 2000000000, .* at most 1000000",
    f"bi.lookalike_audience({IDS.format(30)}, 5, 2000000000)": "too few seeds",
    "bi.similar_customers(1, 2000000000)": "k is 2000000000, but .* at most 100000",
    "bi.similar_customers(1, 5, jsonb_build_object('income', (select jsonb_agg(x) from"
    " generate_series(1, 200000) as x)))": r"condition takes \d+ bytes, but at most 262144",
    "bi.similar_customers(1, 5, jsonb_build_object('age', (select jsonb_agg(x) from"
    " generate_series(1, 1001) as x)))": '"age" has 1001 values, but at most 1000 are allowed',
    "bi.similar_customers(1, 5, (select jsonb_object_agg(x, 1) from"
    " generate_series(1, 1000) as x))": 'condition names column "',
    "bi.similar_customers(1, 5, jsonb_build_object(repeat('x', 200000), 1))": 'column "x{100}"',
    "bi.similar_customers(1, 5, to_jsonb(repeat('x', 200000)))": 'condition is "x+, but must be',
    "bi.similar_customers(1, 5, jsonb_build_object('age', repeat('x', 200000)))": 'on column "age"',
    "bi.similar_customers(1, 5, null, repeat('x', 10000000), 1)": 'algorithm is "x{100}"',
    "bi.similar_customers(1, 5, null, null, null, repeat('x', 10000000))": 'metric is "x{100}"',
}


@pytest.mark.parametrize("call", TOO_LARGE)
def test_sizes_are_bounded(shop: Laboratory, call: str) -> None:
    with reader(shop) as cursor:
        started = time.monotonic()
        with pytest.raises(psycopg2.errors.RaiseException, match=TOO_LARGE[call]) as caught:
            cursor.execute(sql.SQL("select * from {}").format(sql.SQL(call)))
        assert time.monotonic() - started < 2
        assert len(str(caught.value)) < 1000


def test_the_largest_arguments_are_answered(shop: Laboratory) -> None:
    ids = IDS.format(100_000).replace("1, 1", "101, 1")
    values = "(select jsonb_agg(x) from generate_series(20, 1019) as x)"
    with reader(shop) as cursor:
        condition = f"jsonb_build_object('age', {values})"
        for call, rows in (
            (f"lookalike_audience({ids}, 1000000)", 100),
            (f"similar_customers(1, 100000, {condition})", 199),
        ):
            cursor.execute(sql.SQL("select count(*) from bi.{}").format(sql.SQL(call)))
            assert cursor.fetchall() == [(rows,)]


def test_keys_are_of_plain_types(shop: Laboratory) -> None:
    domains = shop.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " join pg_type on pg_type.oid = atttypid join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'bi'::regnamespace and typtype = 'd'"
        " union all"
        " select pg_proc.oid::regprocedure::text, typname from pg_proc,"
        " unnest(coalesce(proallargtypes, proargtypes)) as used join pg_type on pg_type.oid = used"
        " where pronamespace = 'bi'::regnamespace and typtype = 'd'"
    )
    assert domains == []


def test_views_of_an_earlier_version_are_made_again(shop: Laboratory) -> None:
    """Their keys were of a domain; what BI built on them is named and stays."""
    old = "create view bi.lookalikes_current as select * from kindred.customer_lookalikes"
    execute(
        shop.warehouse_dsn,
        "drop view bi.lookalikes_current",
        old,
        "create view public.report as select customer_id from bi.lookalikes_current",
    )
    with shop.deployment.warehouse("test", "kindred") as database:
        with pytest.raises(psycopg2.errors.RaiseException, match="view report depends on view"):
            database.run("warehouse/migrations/0045_drop_views_of_domains")
        execute(shop.warehouse_dsn, "drop view public.report")
        database.run("warehouse/migrations/0045_drop_views_of_domains")
    gone = shop.query("select to_regclass('bi.lookalikes_current'), to_regclass('bi.lookalikes')")
    assert gone == [(None, "bi.lookalikes")]
    execute(
        shop.warehouse_dsn,
        "delete from kindred.applied_migrations where name like 'lookalikes/bi/lookalikes%'",
    )
    shop.begin(SPEC, EARLIER)
    assert shop.query("select count(*) > 0 from bi.lookalikes_current") == [(True,)]


def test_a_reader_cannot_take_a_nights_locks(shop: Laboratory) -> None:
    deployment = shop.deployment
    with reader(shop) as cursor:
        cursor.execute(
            "select pg_advisory_lock(hashtext(name), key) from"
            " unnest(array['kindred', 'kindred/customer_lookalikes']) as name,"
            " generate_series(0, 20) as key"
        )
        with deployment.warehouse("kindred default test", "kindred") as warehouse:
            for resource in Resource:
                with locked(warehouse, "kindred", resource, wait_seconds=0):
                    for mode in ("access share", "row share", "exclusive", "access exclusive"):
                        lock = sql.SQL("begin; lock table kindred.{} in {} mode nowait")
                        name = sql.Identifier(f"lock_{resource}")
                        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                            cursor.execute(lock.format(name, sql.SQL(mode)))
                        cursor.execute("rollback")


HORIZONS = (
    "select state, backend_xmin::text, backend_xid::text from pg_stat_activity"
    " where application_name like 'kindred guard %' and pid <> pg_backend_pid()"
)


def test_guards_hold_back_no_vacuum(shop: Laboratory) -> None:
    """Neither one that works, nor one that waits, nor one that shares."""
    deployment = shop.deployment
    with (
        deployment.warehouse("kindred guard first", "kindred") as first,
        deployment.warehouse("kindred guard second", "kindred") as second,
        locked(first, "kindred", Resource.PUBLISH, Resource.EXTRACT, wait_seconds=0),
        shared(first, "kindred", Resource.ERASURE, wait_seconds=0),
        shared(second, "kindred", Resource.ERASURE, wait_seconds=0),
    ):
        shop.query("create table public.dead as select generate_series(1, 1000) as id")
        shop.query("delete from public.dead")
        with locked_in_background(shop, Resource.PUBLISH):
            found = shop.query(HORIZONS)
            assert "active" in {state for state, _, _ in found}
            assert len(found) >= 6
            assert {horizon for _, *horizons in found for horizon in horizons} == {None}
            execute(shop.warehouse_dsn, "set lock_timeout = '2s'", "vacuum public.dead", "vacuum")
        [(pages,)] = shop.query("select relpages from pg_class where relname = 'dead'")
        assert pages == 0
        shop.query("drop table public.dead")
        with (
            pytest.raises(LockTimeoutError, match="erasure of kindred has been held by kindred"),
            locked(first, "kindred", Resource.ERASURE, wait_seconds=0),
        ):
            pytest.fail("the lock was given twice")


@contextmanager
def locked_in_background(shop: Laboratory, resource: Resource) -> Iterator[None]:
    """Another thread waits for a resource, without success."""
    from threading import Thread

    def wait() -> None:
        with (
            pytest.raises(LockTimeoutError),
            shop.deployment.warehouse("kindred guard third", "kindred") as database,
            locked(database, "kindred", resource, wait_seconds=1.5),
        ):
            pytest.fail("the lock was given twice")

    thread = Thread(target=wait)
    thread.start()
    try:
        waiting = "select count(*) from pg_locks where not granted"
        while shop.query(waiting) != [(1,)]:
            time.sleep(0.01)
        yield
    finally:
        thread.join()


def test_no_setting_of_the_role_ends_a_guard(shop: Laboratory) -> None:
    settings = "idle_in_transaction_session_timeout", "statement_timeout", "transaction_timeout"
    role = shop.query("select current_user")[0][0]
    execute(shop.warehouse_dsn, *(f"alter role {role} set {name} = '100ms'" for name in settings))
    try:
        with (
            shop.deployment.warehouse("kindred default test", "kindred") as warehouse,
            locked(warehouse, "kindred", Resource.LOAD, wait_seconds=0),
        ):
            time.sleep(0.4)
    finally:
        execute(shop.warehouse_dsn, *(f"alter role {role} reset {name}" for name in settings))


def test_a_run_omits_no_algorithm_that_readers_see(shop: Laboratory) -> None:
    both = make_spec(clustering={"algorithms": ["kmeans", "hdbscan"]})
    later = "2026-01-23T02:00"
    for as_of in (AS_OF, later):
        with pytest.raises(SpecError, match="without hdbscan of the spec, but snapshot 2026-01-2"):
            shop.begin(both, as_of, algorithms=[Algorithm.KMEANS])
    more = [Algorithm.KMEANS, Algorithm.HDBSCAN, Algorithm.DBSCAN]
    shop.begin(both, later, algorithms=more)
    shop.begin(both, EARLIER, algorithms=[Algorithm.KMEANS])
    shop.begin(both, later, algorithms=[Algorithm.KMEANS], only_lands=True)
