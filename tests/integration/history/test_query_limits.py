"""SQL of a spec only reads: as part of one statement, in bounded time, never as the owner."""

import io

import pytest
from psycopg2.extensions import make_dsn

from databases import administer
from integration.narrow_source import DAY, FIRST, NARROW, narrow_spec, versions
from kindred.errors import PreflightError
from kindred.history import source
from kindred.preparation.preflight import inspect
from kindred.run.context import Deployment
from kindred.run.findings import Outcome

SELECT = "select customer_id, updated_at, value from customers"


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A source with customers, and functions that write."""
    laboratory = make_laboratory()
    laboratory.fill("customers", NARROW.format("integer"), [(1, f"{DAY}T10:00Z", 1)])
    laboratory.query(
        """
        create table victim (value integer);
        create sequence numbers;
        create function writes() returns integer language sql as
          'insert into victim values (1) returning value';
        create function commits() returns integer language plpgsql as
          'begin commit; insert into victim values (1); return 1; end';
        create function unlocks() returns integer language plpgsql as $$
          begin
            perform set_config('default_transaction_read_only', 'off', false);
            perform set_config('statement_timeout', '0', false);
            perform set_config('transaction_read_only', 'off', false);
            insert into victim values (1);
            return 1;
          end $$;
        create function claims_to_be_immutable() returns integer language sql immutable as
          'select 1';
        create or replace function claims_to_be_immutable() returns integer
          language plpgsql immutable as 'begin execute ''drop table victim''; return 1; end';
        """,
        source=True,
    )
    return laboratory


ATTACKS = {
    "two statements": f"{SELECT}; select 1",
    "two statements and a comment": f"{SELECT}; select 1 --",
    "commit": "commit",
    "rollback": f"rollback; {SELECT}",
    "set role": "set role postgres",
    "set role first": f"set role postgres; {SELECT}",
    "out of the parentheses": (
        f"{SELECT}) as a; commit; drop table victim; select * from ({SELECT}"  # noqa: S608
    ),
    "out, read-write": (
        f"{SELECT}) as a; commit; begin read write; insert into victim values (1); commit;"  # noqa: S608
        f" select * from ({SELECT}"
    ),
    "a writing CTE": f"with w as (insert into victim values (1) returning value) {SELECT}",  # noqa: S608
    "insert": "insert into victim values (1) returning 1 as customer_id",
    "drop": "drop table victim",
    "copy": "copy victim from program 'echo 1'",
    "do": "do $$ begin insert into victim values (1); end $$",
    "an open comment": f"{SELECT} /*",
    "an open quote": f"{SELECT} where value::text <> '",
    "select into": f"select * into taken from ({SELECT}) as a",  # noqa: S608
    "nothing": "",
    "a function that writes": "select customer_id, updated_at, writes() as value from customers",
    "a function that commits": "select customer_id, updated_at, commits() as value from customers",
    "a function that unlocks": "select customer_id, updated_at, unlocks() as value from customers",
    "a sequence": (
        "select customer_id, updated_at, nextval('numbers')::integer as value from customers"
    ),
    "at planning": (
        "select customer_id, updated_at, claims_to_be_immutable() as value from customers"
    ),
}
CONDITIONS = {
    "two statements": "true; select 1",
    "out of the parentheses": "true); commit; drop table victim; select (true",
    "a function that writes": "writes() = 1",
    "out and back": "true) and (writes() = 1",
}


def assert_unchanged(shop):
    found = shop.query(
        "select (select count(*) from victim), (select is_called from numbers),"
        " to_regclass('taken'), (select count(*) from customers)",
        source=True,
    )
    assert found == [(0, False, None, 1)]
    assert shop.query("select to_regclass('victim'), to_regclass('kindred.victim')") == [
        (None, None)
    ]


# One of each kind; `make soak` tries them all.
TRIED = ("two statements", "out, read-write", "a writing CTE", "copy", "a function that unlocks")


def kinds(cases, tried):
    """The cases, those beside the ones tried marked as soak."""
    return [case if case in tried else pytest.param(case, marks=pytest.mark.soak) for case in cases]


@pytest.mark.parametrize("case", kinds(ATTACKS, TRIED))
def test_a_query_that_does_more_than_read(shop, case):
    spec = narrow_spec(source={"table": None, "query": ATTACKS[case]})
    with pytest.raises(PreflightError, match=r"(?s)query: .*correct 'source.query' in the spec"):
        shop.land(spec, FIRST)
    assert_unchanged(shop)


@pytest.mark.parametrize("case", kinds(CONDITIONS, ("out of the parentheses", "out and back")))
def test_a_condition_that_does_more_than_read(shop, case):
    spec = narrow_spec(source={"where": CONDITIONS[case]})
    with pytest.raises(PreflightError, match=r"correct 'source.where' in the spec"):
        shop.land(spec, FIRST)
    assert_unchanged(shop)


def test_settings_that_a_query_changes_do_not_outlive_it(shop):
    """Not even those of a query that succeeds."""
    change = "set_config('default_transaction_read_only', 'off', false)"
    query = f"select customer_id, updated_at, length({change}) as value from customers"  # noqa: S608
    spec = narrow_spec(source={"table": None, "query": query})
    deployment: Deployment = shop.deployment
    with deployment.source(spec, "test") as origin:
        columns = source.describe(origin, spec)
        window = ("-infinity", "infinity")
        assert source.copy_window(origin, spec, columns, window, io.BytesIO(), row_limit=0) == 1
        with origin.connection.cursor() as cursor:
            cursor.execute("show default_transaction_read_only")
            assert cursor.fetchone() == ("on",)


def test_a_query_takes_no_longer_than_allowed(shop):
    query = f"{SELECT}, pg_sleep(30)"
    spec = narrow_spec(source={"table": None, "query": query})
    shop.environment["KINDRED_SOURCE_TIMEOUT_SECONDS"] = "1"
    try:
        with pytest.raises(PreflightError, match="or raise KINDRED_SOURCE_TIMEOUT_SECONDS"):
            shop.land(spec, FIRST)
    finally:
        del shop.environment["KINDRED_SOURCE_TIMEOUT_SECONDS"]


def test_a_query_never_runs_as_the_warehouses_owner(make_laboratory, server):
    laboratory = make_laboratory()
    laboratory.source_dsn = laboratory.warehouse_dsn
    laboratory.fill("customers", NARROW.format("integer"), [(1, f"{DAY}T10:00Z", 1)])
    spec = narrow_spec(source={"table": None, "query": SELECT})
    with pytest.raises(PreflightError, match=r"may act as .*, who owns the warehouse"):
        laboratory.land(spec, FIRST)
    with_condition = narrow_spec(source={"where": "true"})
    assert outcomes(laboratory, with_condition) == [Outcome.WARNING]
    assert outcomes(laboratory, narrow_spec()) == []
    administer(server, "create role query_reader login")
    laboratory.query("grant select on customers to query_reader")
    laboratory.source_dsn = make_dsn(laboratory.warehouse_dsn, user="query_reader")
    assert outcomes(laboratory, spec) == []
    laboratory.land(spec, FIRST)
    assert versions(laboratory) == [(1,)]


def outcomes(laboratory, spec):
    deployment = laboratory.deployment
    with deployment.source(spec, "t") as origin, deployment.warehouse("t") as warehouse:
        findings = inspect(spec, deployment, origin, warehouse).findings
    return [finding.outcome for finding in findings if finding.check == "source rights"]
