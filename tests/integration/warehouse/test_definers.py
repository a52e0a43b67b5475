"""Functions that run with the owner's rights: nothing of a reader's may run in them."""

import psycopg2.errors
import pytest

from databases import administer
from integration.reader_shop import (
    AS_OF,
    EARLIER,
    READER,
    SPEC,
    execute,
    findings,
    name_of,
    reader,
)
from integration.warehouse import Laboratory
from kindred.errors import PreflightError
from kindred.run.findings import Outcome
from local.postgres import EmbeddedServer

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
            [(_, message), (_, of_functions)] = findings(shop, "rights")
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
        [(outcome, message)] = findings(shop, "rights")
    finally:
        administer(
            server, f"revoke create on schema {schema} from {READER}", database=name_of(shop)
        )
    assert outcome is Outcome.FAILURE
    assert f"{READER} may create objects in schema {schema} of database" in message
    assert [outcome for outcome, _ in findings(shop, "rights")] == [Outcome.OK]


def test_definers_bring_the_settings_that_they_need(shop: Laboratory) -> None:
    settings = shop.query(
        "select setting, count(*) from pg_proc, unnest(proconfig) as setting"
        " where prosecdef and pronamespace = 'bi'::regnamespace group by 1"
    )
    assert dict(settings) == dict.fromkeys(
        (
            "search_path=pg_catalog, kindred, pg_temp",
            "standard_conforming_strings=on",
            "array_nulls=on",
            "restrict_nonsystem_relation_kind=",
        ),
        4,
    )


HOSTILE_SETTINGS = (
    "standard_conforming_strings = off",
    "escape_string_warning = on",
    "backslash_quote = off",
    "array_nulls = off",
    "restrict_nonsystem_relation_kind = 'view, foreign-table'",
    "quote_all_identifiers = on",
    "transform_null_equals = on",
    "extra_float_digits = 1",
    "datestyle = 'sql, dmy'",
    "intervalstyle = 'sql_standard'",
    "plan_cache_mode = force_generic_plan",
    "plpgsql.extra_errors = 'all'",
    "enable_partition_pruning = off",
    "enable_seqscan = off",
    "enable_indexscan = off",
    "enable_sort = off",
    "ivfflat.probes = 1",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_read_only = on",
    "work_mem = '64kB'",
)
ODD_CALLS = (
    """select * from bi.similar_customers(1, 5, '{"state": ["CA", null]}')""",
    """select * from bi.similar_customers(1, 5, '{"state": ["C\\\\A", "CA", "N''Y"]}'::jsonb)""",
)


def test_no_setting_of_a_reader_changes_an_answer(shop: Laboratory) -> None:
    with reader(shop) as cursor:
        cursor.execute("prepare odd as " + ODD_CALLS[1])
        calls = (*CALLS, ODD_CALLS[0], "execute odd")

        def answers() -> list[list[tuple[object, ...]]]:
            found = []
            for call in calls:
                cursor.execute(call)
                found.append(cursor.fetchall())
            return found

        before = answers()
        assert all(before)
        for setting in HOSTILE_SETTINGS:
            cursor.execute(f"set {setting}")
            assert answers() == before, setting


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
