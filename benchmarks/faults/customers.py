"""Customers and specs of a faults run: two snapshots, and variants of the second one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from kindred.spec.model import Spec, spec_from_dict

FIRST, SECOND = datetime(2024, 2, 1, 2, tzinfo=UTC), datetime(2024, 3, 1, 2, tzinfo=UTC)
CUSTOMERS, NEW, CHANGED, GONE = 1_200, 40, 90, 25
ITEMS, LINES = 40, 8
"""Items of the shop, and lines of orders per customer."""
PLAIN, GATED, GATE = "people", "people_behind_a_gate", 7_001
COLUMNS = (
    "customer_id bigint, updated_at timestamptz, income double precision, age integer,"
    " is_active boolean, state text, note text, churned boolean, is_gone boolean"
)
ORDER_LINES = "order_lines"
LINE_COLUMNS = (
    "line_id bigint, customer_id bigint, ordered_at timestamptz, item integer, price numeric"
)
GATE_FILE = Path(__file__).parents[1] / "sql" / "create_gate.sql"


@dataclass(frozen=True, eq=False)
class Variant:
    """A spec that covers code paths of its own; and the audiences of its spaces."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    audiences: tuple[str, ...] = ()

    def spec(self, space: str, table: str = PLAIN, **more: Any) -> Spec:
        """The spec of a space."""
        content: dict[str, Any] = {
            "space": space,
            "source": {
                "table": table,
                "key": "customer_id",
                "updated_at": "updated_at",
                "history": "versions",
                "tombstone": "is_gone",
            },
            "schedule": "0 2 1 * *",
            "k": 5,
            "rewrite_share": 0.5,
            "features": {
                "income": "numeric",
                "age": "numeric",
                "is_active": "boolean",
                "state": {"kind": "categorical", "min_frequency": 2},
            },
            "labels": ["churned"],
            "clustering": {
                "kmeans": {"k": 4},
                "hdbscan": {"min_cluster_size": 40, "min_samples": 5},
            },
        }
        for key, value in {**self.changes, **more}.items():
            is_part = isinstance(value, dict) and key in content
            content[key] = {**content[key], **value} if is_part else value
        return spec_from_dict(content, where="faults")


# The embeddings are changed in place, or rebuilt with their index.
IN_PLACE = Variant("in_place")
ANEW = Variant("anew", {"rewrite_share": 0.0})


def with_texts(model: str) -> Variant:
    """A variant with a text column that a sentence model embeds."""
    text = {"kind": "text", "method": "sentence", "model": model, "components": 4}
    return Variant("texts", {"features": {"note": text}})


# Recommendations are measured by as many customers as half of all.
WITH_EVENTS = Variant(
    "events",
    {
        "events": {
            "purchases": {
                "table": ORDER_LINES,
                "key": "line_id",
                "customer": "customer_id",
                "at": "ordered_at",
                "item": "item",
                "amount": "price",
            }
        },
        "features": {
            "days_since_purchase": {"kind": "recency", "of": "purchases"},
            "spend": {"kind": "sum", "of": "purchases", "column": "amount"},
            "basket": {"kind": "items", "of": "purchases", "components": 6},
        },
        "recommendations": {
            "of": "purchases",
            "similar_by": "basket",
            "neighbours": 20,
            "items": 5,
        },
        "refit": "never",
        "gates": {"max_drift": 100.0},
        "clustering": {"algorithms": ["kmeans"]},
    },
)

WITH_AUDIENCES = Variant(
    "audiences", {"clustering": {"algorithms": ["kmeans"]}}, ("asked", "broken", "buyers")
)
"""Of the names of its audiences, the second one is that of an audience that fails by design."""

UNCHANGED = Variant("unchanged", {"source": {"where": f"updated_at < '{FIRST.isoformat()}'"}})
"""The second snapshot shares what the first one has published."""

WITH_PRIVATE = Variant(
    "private",
    {
        "private": ["is_active"],
        "features": {"is_active": {"kind": "boolean", "weight": 0.1}},
        "clustering": {"algorithms": ["kmeans"]},
    },
)
"""With lists of the public columns, and segments that are judged together with those before."""


def fill_source(dsn: str) -> None:
    """Create the source's tables, and the view of one that can be blocked."""
    names = {"table": sql.Identifier(PLAIN), "view": sql.Identifier(GATED)}
    values = {"middle": sql.Literal(CUSTOMERS // 2), "gate": sql.Literal(GATE)}
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("create table {} ({})").format(names["table"], sql.SQL(COLUMNS)))
            insert = sql.SQL("insert into {} values %s").format(names["table"])
            execute_values(cursor, insert, rows(), page_size=1_000)
            lines = sql.Identifier(ORDER_LINES)
            statement = sql.SQL("create table {} ({})").format(lines, sql.SQL(LINE_COLUMNS))
            cursor.execute(statement)
            insert = sql.SQL("insert into {} values %s").format(lines)
            execute_values(cursor, insert, order_lines(), page_size=1_000)
            gate = sql.SQL(GATE_FILE.read_text(encoding="utf-8"))
            cursor.execute(gate.format(**names, **values))
    finally:
        connection.close()


def rows() -> list[tuple[Any, ...]]:
    """Versions: all customers before the first snapshot, and the changes before the second.

    The changed rows lie among the others, so that a COPY of either window crosses the middle.
    """
    random = np.random.default_rng(11)
    begun, later = FIRST - timedelta(days=20), SECOND - timedelta(days=20)
    made = []
    for number in range(1, CUSTOMERS + NEW + 1):
        moment = timedelta(hours=number % 400, seconds=number)
        if number <= CUSTOMERS:
            made.append((number, begun + moment, *_values(random, number, "first"), False))
        middle = abs(number - CUSTOMERS // 2) <= CHANGED // 2
        if middle or number > CUSTOMERS:
            made.append((number, later + moment, *_values(random, number + 1, "second"), False))
    for number in range(1, GONE + 1):
        made.append((number * 7, later, *_values(random, number * 7, "first"), True))
    return made


def order_lines() -> list[tuple[Any, ...]]:
    """Lines of orders of two tastes, before the first snapshot and between both."""
    random = np.random.default_rng(12)
    count, opened = CUSTOMERS * LINES, FIRST - timedelta(days=90)
    customers = np.repeat(np.arange(1, CUSTOMERS + 1), LINES)
    items = random.integers(0, ITEMS // 2, count) + ITEMS // 2 * (customers % 2)
    seconds = random.integers(0, int((SECOND - opened).total_seconds()), count)
    prices = np.round(1.25 * (items + 1), 2)
    return [
        (number + 1, int(customer), opened + timedelta(seconds=int(at)), int(item), float(price))
        for number, (customer, at, item, price) in enumerate(
            zip(customers, seconds, items, prices, strict=True)
        )
    ]


def _values(random: np.random.Generator, number: int, when: str) -> Sequence[Any]:
    group = number % 4
    return (
        float(np.round(random.normal(20_000 * (group + 1), 2_000), 2)),
        int(random.integers(20 + 15 * group, 30 + 15 * group)),
        bool(random.random() < 0.2 + 0.2 * group),
        ("CA", "NY", "TX", None)[int(random.integers(4))],
        f"a {when} note about topic {number % 10}",
        bool(random.random() < 0.5),
    )
