"""Put the shop's order lines into the history of events, as a landing leaves them."""

from typing import Any

from psycopg2.extras import execute_values

from integration.warehouse import Laboratory
from kindred.events.event_tables import ensure_months

_LINES = """
    insert into kindred.events_purchases (
      customer_id, at, identity, landed_at, item, amount, quantity, "code channel"
    )
    select
      customer_id, ordered_at, md5(line_id::text)::uuid, ordered_at, product_id - 1, price,
      quantity, case channel when 'online' then 0 else 1 end
    from arrivals
"""
_VALUES = """
    insert into kindred.event_values (event, column_name, code, value)
    select distinct 'purchases', 'item', product_id - 1, product_id::text from arrivals
    union all values
      ('purchases', 'code channel', 0, 'online'), ('purchases', 'code channel', 1, 'shop')
    on conflict do nothing
"""


def land_lines(laboratory: Laboratory, lines: list[tuple[Any, ...]]) -> None:
    """Make order lines events in force; the run of a spec with events has been prepared."""
    with (
        laboratory.deployment.warehouse("test", "kindred") as database,
        database.transaction(),
        database.connection.cursor() as cursor,
    ):
        cursor.execute(
            "create temporary table arrivals (line_id bigint, customer_id bigint,"
            " ordered_at timestamptz, product_id integer, price numeric, quantity integer,"
            " channel text, at timestamptz generated always as (ordered_at) stored)"
            " on commit drop"
        )
        execute_values(
            cursor,
            "insert into arrivals (line_id, customer_id, ordered_at, product_id, price,"
            " quantity, channel) values %s",
            lines,
            page_size=1000,
        )
        ensure_months(database, "purchases", "arrivals")
        cursor.execute(_LINES)
        cursor.execute(_VALUES)
