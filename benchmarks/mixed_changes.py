"""What happens to the customers of `benchmarks.mixed_customers` between two nights."""

from contextlib import closing
from datetime import datetime

import psycopg2
from psycopg2 import sql

from benchmarks import mixed_customers as mixed
from local.tables import load_table

NEW = "new_customers"
STRIDE = 7_919
"""A prime: the customer so many numbers further is a stranger."""
CATEGORY_CHANGES = 0.1
"""The share of the changed customers of which a category changes, too."""

MOVED = {
    "integer": "greatest(0, customers.{0} + round(random_normal(0, 1.5))::integer)",
    "double precision": "round((customers.{0} * exp(random_normal(0, 0.15)))::numeric, 2)",
}
CHANGE = """
update customers set {changes}
from customers as other
where other.customer_id = 1 + (customers.customer_id * {stride}) % {customers}
  and (hashint8extended(customers.customer_id, {seed}) & 9223372036854775807) % 1000 < {per_mille}
"""


def add_customers(dsn: str, customers: int, more: int, when: datetime, columns: int) -> None:
    """Add the next customers of the generator to a table that has so many, as of a moment."""
    if not more:
        return
    load_table(dsn, mixed.source_table(customers + more, columns, start=customers, name=NEW))
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("update new_customers set updated_at = %s", (when,))
        cursor.execute("insert into customers select * from new_customers")
        cursor.execute("drop table new_customers")


def change_customers(
    dsn: str, customers: int, per_mille: int, when: datetime, columns: int, *, seed: int
) -> int:
    """Change so many of a thousand customers as of a moment; return how many have.

    Every number moves a little, around where it is. In one of ten, the first category becomes that
    of a stranger, so that the shares of the values stay as they are.
    """
    if not per_mille:
        return 0
    types, category = mixed.column_types(columns), mixed.CATEGORIES[0].name
    changes = [sql.SQL("updated_at = {}").format(sql.Literal(when))]
    for column in mixed.population(columns).numeric:
        name = sql.Identifier(column.name)
        moved = sql.SQL(MOVED[types[column.name]]).format(name)
        if column.shape == "share":
            moved = sql.SQL("least(1, {})").format(moved)
        changes.append(sql.SQL("{} = {}").format(name, moved))
    changes.append(
        sql.SQL("{0} = case when random() < {1} then other.{0} else customers.{0} end").format(
            sql.Identifier(category), sql.Literal(CATEGORY_CHANGES)
        )
    )
    numbers = {
        "stride": STRIDE, "customers": customers, "seed": seed, "per_mille": per_mille
    }  # fmt: skip
    statement = sql.SQL(CHANGE).format(
        changes=sql.SQL(", ").join(changes),
        **{name: sql.Literal(value) for name, value in numbers.items()},
    )
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select setseed(%s)", (1 / (1 + seed),))
        cursor.execute(statement)
        return int(cursor.rowcount)
