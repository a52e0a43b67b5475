"""Views that are barriers: no condition of a reader sees a row that they hide."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql

from databases import administer
from integration.reader_shop import (
    AS_OF,
    CUSTOMERS,
    EARLIER,
    READER,
    execute,
    findings,
    name_of,
    reader,
)
from integration.warehouse import Laboratory, make_spec
from kindred.run.findings import Outcome
from local.postgres import EmbeddedServer

SMALL = {"algorithms": ["kmeans"]}


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


@pytest.fixture
def leaking(shop: Laboratory, server: EmbeddedServer) -> Iterator["psycopg2.extensions.cursor"]:
    """A reader who was given TEMP, and a function that tells of every row it is asked about."""
    administer(server, f"grant temporary on database {name_of(shop)} to {READER}")
    with reader(shop) as cursor:
        cursor.execute(
            "create function pg_temp.saw(text) returns boolean language plpgsql"
            " cost 0.0001 as $$ begin raise notice '%', $1; return true; end $$"
        )
        cursor.connection.notices = deque()
        yield cursor
    administer(server, f"revoke temporary on database {name_of(shop)} from {READER}")
    execute(shop.warehouse_dsn, "delete from kindred.private_columns")


def test_without_temp_a_reader_makes_no_function(shop: Laboratory) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), reader(shop) as cursor:
        cursor.execute("create function pg_temp.saw(text) returns boolean return true")


def test_a_condition_sees_no_row_that_a_view_hides(
    shop: Laboratory, leaking: "psycopg2.extensions.cursor"
) -> None:
    shop.begin(make_spec(clustering=SMALL, private=["churned"]), EARLIER)
    leaking.execute("select column_name from bi.cluster_profiles where pg_temp.saw(column_name)")
    assert {name for (name,) in leaking.fetchall()} >= {"income", "state"}
    assert not any("churned" in notice for notice in leaking.connection.notices)
    # A cast is as leaky: it fails for the hidden rows only.
    leaking.execute(
        "select count(*) from bi.cluster_profiles"
        " where replace(column_name, 'churned', 'x')::name::text <> '' and"
        " case column_name when 'churned' then column_name::integer else 1 end = 1"
    )


def test_no_view_tells_of_rows_that_it_leaves_out(
    shop: Laboratory, leaking: "psycopg2.extensions.cursor"
) -> None:
    """The lists of all columns and the segments, once one of these is private."""
    views = shop.query(
        "select relname from pg_class where relnamespace = 'bi'::regnamespace and relkind = 'v'"
    )
    seen = {}
    for begun in (False, True):
        if begun:
            shop.begin(make_spec(clustering=SMALL, private=["income"]), EARLIER)
        for (view,) in views:
            leaking.connection.notices.clear()
            query = sql.SQL("select count(*) from bi.{} as seen where pg_temp.saw({})")
            told = sql.SQL("concat_ws(' ', {})").format(
                sql.SQL(", ").join(map(sql.Identifier, columns_of(shop, view)))
            )
            leaking.execute(query.format(sql.Identifier(view), told))
            [(rows,)] = leaking.fetchall()
            assert len(leaking.connection.notices) == rows, view
            seen[view, begun] = rows
    assert seen["lookalikes", False] == 5 * CUSTOMERS
    assert seen["lookalikes", True] == seen["clusters_current", True] == 0


def test_explain_counts_nothing_that_a_view_hides(
    shop: Laboratory, leaking: "psycopg2.extensions.cursor"
) -> None:
    """Leakproof conditions reach a scan below the barrier, and EXPLAIN counts what passes there."""
    [(near, cluster)] = shop.query(
        "select lookalike_id, cluster_id from kindred.customer_lookalikes as lookalikes"
        " join kindred.customer_clusters as clusters using (as_of, customer_id)"
        " where customer_id = 7 and rank = 1 and algorithm = 'kmeans'"
    )
    conditions = (
        ("lookalikes", "lookalike_id", near),
        ("lookalikes_current", "lookalike_id", near),
        ("clusters", "cluster_id", cluster),
        ("clusters_current", "cluster_id", cluster),
    )

    def is_told() -> list[bool]:
        told = []
        for view, column, right in conditions:
            query = sql.SQL(
                "explain (analyze, buffers off, timing off, summary off, costs off, format json)"
                " select * from bi.{} where as_of = {} and customer_id = 7 and {} = {}"
            )
            seen = []
            for guess in (right, -5):
                names = (sql.Identifier(view), sql.Literal(f"{AS_OF}+00"), sql.Identifier(column))
                leaking.execute(query.format(*names, sql.Literal(guess)))
                [([found],)] = leaking.fetchall()
                seen.append(sorted(rows_of(found["Plan"])))
            told.append(seen[0] != seen[1])
        return told

    assert all(is_told()), "nothing is hidden"
    shop.begin(make_spec(clustering=SMALL, private=["income"]), EARLIER)
    for settings in ("", "set enable_nestloop = off; set enable_hashjoin = off"):
        leaking.execute(f"reset all; {settings}")
        assert not any(is_told()), settings
    leaking.execute("reset all")


def rows_of(plan: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Relation or kind, rows and loops of every node of a plan that was executed."""
    if plan["Actual Loops"]:
        kind = plan.get("Relation Name", plan["Node Type"])
        yield kind, plan["Actual Rows"], plan["Actual Loops"]
        for part in plan.get("Plans", ()):
            yield from rows_of(part)


def columns_of(shop: Laboratory, view: str) -> list[str]:
    return [
        name
        for (name,) in shop.query(
            "select attname from pg_attribute where attrelid = format('bi.%%I', %s::text)::regclass"
            " and attnum > 0",
            [view],
        )
    ]


def test_doctor_says_that_everybody_may_make_temporary_objects(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    name = name_of(shop)
    administer(server, f"grant temporary on database {name} to public")
    found = findings(shop, "rights")
    administer(server, f"revoke temporary on database {name} from public")
    [warning] = [message for outcome, message in found if outcome is Outcome.WARNING]
    assert f"revoke temporary on database {name} from public" in warning
    assert all(outcome is Outcome.OK for outcome, _ in findings(shop, "rights"))
