"""What a reader learns of rows that no view shows: nothing, whichever view of ``bi`` is asked."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege

from integration.reader_shop import EARLIER, reader
from integration.warehouse import Laboratory, make_spec

SMALL = {"algorithms": ["kmeans"]}
HIDING = make_spec(clustering=SMALL, private=["income", "age"])
KNOWN = {"as_of", "customer_id", "algorithm", "rank", "method"}
"""Conditions on these may reach a table: who is a customer is known, and so is the spec."""

ESTIMATED = {"clusters", "lookalikes"}
"""Of these, whose indexes readers need, the planner may say how many rows it expects."""

ABSENT = {int: -987_654, float: -9.87e20, str: "no such thing"}
Row = tuple[Any, ...]


def views_of(shop: Laboratory) -> list[str]:
    rows = shop.query(
        "select relname from pg_class where relnamespace = 'bi'::regnamespace and relkind = 'v'"
        " order by 1"
    )
    names = [view for (view,) in rows]
    # The text of both is the same.
    return [view for view in names if view.removesuffix("_current") not in {*names} - {view}]


def columns_and_rows(cursor: Any, view: str) -> tuple[list[str], list[Row]]:
    cursor.execute(
        sql.SQL("select * from bi.{} as t order by t::text").format(sql.Identifier(view))
    )
    return [column.name for column in cursor.description], cursor.fetchall()


def hidden_values(old: list[Row], new: list[Row], at: int) -> list[Any]:
    """The first and the last value of a column that a reader has seen, and no longer sees."""
    kinds = tuple(ABSENT)
    before, after = ({row[at] for row in rows if type(row[at]) in kinds} for rows in (old, new))
    found = sorted(before - after, key=repr)
    return found[:: max(1, len(found) - 1)]


def scanned(cursor: Any, view: str, column: str, operator: str, value: Any) -> list[Row]:
    """Rows that came out of tables while a condition was tried, by table."""
    query = sql.SQL(
        "explain (analyze, buffers off, timing off, summary off, format json)"
        " select * from bi.{} where {} {} {}"
    )
    names = (sql.Identifier(view), sql.Identifier(column), sql.SQL(operator))
    cursor.execute(query.format(*names, sql.Literal(value)))
    [([found],)] = cursor.fetchall()
    return sorted(set(read_of(found["Plan"], with_estimates=view not in ESTIMATED)))


def read_of(plan: dict[str, Any], *, with_estimates: bool) -> Iterator[Row]:
    if plan["Actual Loops"] and "Relation Name" in plan:
        yield plan["Relation Name"], plan["Actual Rows"]
    if with_estimates and "Relation Name" in plan:
        yield "estimate of", plan["Relation Name"], plan["Plan Rows"]
    for part in plan.get("Plans", ()):
        yield from read_of(part, with_estimates=with_estimates)


def test_explain_counts_no_hidden_row_by_any_column_of_any_view(shop: Laboratory) -> None:
    """A condition of equality or order that is leakproof may reach a scan; none must tell."""
    views = views_of(shop)
    assert {"map_cells", "map_quality", "customers", "cluster_movements"} <= set(views)
    tried, told = set(), []
    with reader(shop) as cursor:
        before = {view: columns_and_rows(cursor, view) for view in views}
        shop.query("analyze")  # so that estimates have something to go by
        shop.begin(HIDING, EARLIER)
        for view, (columns, old) in before.items():
            _, new = columns_and_rows(cursor, view)
            for at, column in enumerate(columns):
                hidden = [] if column in KNOWN else hidden_values(old, new, at)
                for value in hidden:
                    absent = ABSENT[type(value)]
                    for operator in ("=", "<"):
                        guessed, missed = (
                            scanned(cursor, view, column, operator, one) for one in (value, absent)
                        )
                        if guessed != missed:
                            told.append((view, column, operator, value, guessed, missed))
                    tried.add(view)
            # The error of a cast would quote a row that it is tried on.
            if not new:
                name = sql.Identifier(view)
                query = "select * from bi.{} as t where (t::text || 'x')::integer > 0"
                cursor.execute(sql.SQL(query).format(name))
    shop.query("delete from kindred.private_columns")
    assert len(tried) > 10
    assert told == []


def test_statistics_say_nothing_of_a_customer(shop: Laboratory) -> None:
    """What the planner knows of columns, and what the server says of others' work."""
    shop.query("analyze")
    assert shop.query("select count(*) from pg_stats where schemaname = 'kindred'") > [(50,)]
    with reader(shop) as cursor:
        for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
            cursor.execute(
                sql.SQL("select count(*) from {} where schemaname in ('kindred', 'bi')").format(
                    sql.Identifier(view)
                )
            )
            assert cursor.fetchall() == [(0,)], view
        for table in ("pg_statistic", "pg_statistic_ext_data"):
            with pytest.raises(InsufficientPrivilege):
                cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(table)))
        cursor.execute(
            "select query from pg_stat_activity where usename <> current_user and query <> ''"
        )
        assert {query for (query,) in cursor.fetchall()} <= {"<insufficient privilege>"}
