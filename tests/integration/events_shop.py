"""A small shop: customers of two tastes, the lines of their orders, and the products.

Customers with an even number buy the first half of the items, the others the second half, with a
few exceptions. The last ``QUIET`` customers have bought nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from integration.warehouse import Laboratory, make_spec, moment
from kindred.spec.model import Spec, spec_from_dict

CUSTOMERS, QUIET, ITEMS = 300, 20, 60
OPENED = "2026-01-01T00:00"
DAYS = 120
FIRST_NIGHT = "2026-04-01T02:00"
"""A night in the middle of the orders; the last one is on `LAST_NIGHT`."""
LAST_NIGHT = "2026-05-02T02:00"

CUSTOMER_COLUMNS = (
    "customer_id bigint primary key, updated_at timestamptz not null, income double precision,"
    " state text"
)
LINE_COLUMNS = (
    "line_id bigint primary key, customer_id bigint, ordered_at timestamptz, product_id integer,"
    " price numeric(10, 2), quantity integer, channel text"
)
PRODUCT_COLUMNS = "product_id integer primary key, name text, in_stock boolean"

PURCHASES: dict[str, Any] = {
    "table": "order_lines",
    "key": "line_id",
    "customer": "customer_id",
    "at": "ordered_at",
    "item": "product_id",
    "amount": "price",
    "quantity": "quantity",
}
FEATURES: dict[str, Any] = {
    "income": "numeric",
    "days_since_purchase": {"kind": "recency", "of": "purchases"},
    "orders_90d": {"kind": "count", "of": "purchases", "days": 90, "transform": "log1p"},
    "spend": {"kind": "sum", "of": "purchases", "column": "amount", "transform": "log1p"},
    "online": {"kind": "share", "of": "purchases", "by": "channel", "value": "online"},
    "basket": {"kind": "items", "of": "purchases", "components": 8},
}


def shop_spec(
    space: str = "default", *, events: dict[str, Any] | None = None, **changes: Any
) -> Spec:
    """The shop's spec; ``events`` changes keys of its purchases, None takes one out."""
    purchases = {**PURCHASES, **(events or {})}
    content: dict[str, Any] = {
        "events": {"purchases": {k: v for k, v in purchases.items() if v is not None}},
        "features": FEATURES,
        "labels": [],
        "k": 5,
    }
    return make_spec(space, **{**content, **changes})


def events_spec(space: str = "default", **changes: Any) -> Spec:
    """A spec of the shop without its table of customers: they are those who have bought."""
    features = {name: feature for name, feature in FEATURES.items() if name != "income"}
    content = {
        "space": space,
        "source": {"events": "purchases"},
        "events": {"purchases": PURCHASES},
        "features": features,
        "k": 5,
        "clustering": {"algorithms": ["kmeans"], "kmeans": {"k": 2}},
    }
    return spec_from_dict({**content, **changes}, where="test")


def customers(count: int = CUSTOMERS, seed: int = 1) -> list[tuple[Any, ...]]:
    """Rows of `CUSTOMER_COLUMNS`, all there when the shop opens."""
    rng = np.random.default_rng(seed)
    opened = moment(OPENED)
    return [
        (
            number + 1,
            opened + timedelta(seconds=number),
            float(np.round(rng.normal(30_000, 8_000), 2)),
            ("CA", "NY", "TX")[int(rng.integers(3))],
        )
        for number in range(count)
    ]


def order_lines(
    count: int = CUSTOMERS - QUIET, lines: int = 10, days: int = DAYS, seed: int = 2
) -> list[tuple[Any, ...]]:
    """Rows of `LINE_COLUMNS`: about ``lines`` per customer, one in twenty given back."""
    rng = np.random.default_rng(seed)
    opened, half = moment(OPENED), ITEMS // 2
    rows: list[tuple[Any, ...]] = []
    for customer in range(1, count + 1):
        for _ in range(int(rng.integers(lines // 2, lines + lines // 2 + 1))):
            # Within a taste some items are far more popular than others.
            item = min(int(rng.exponential(half / 4)), half - 1)
            is_usual = rng.random() < 0.9
            item += half * ((customer % 2) if is_usual else 1 - customer % 2)
            quantity = int(rng.integers(1, 4))
            price = round((item + 1) * 1.25 * quantity, 2)
            sign = -1 if rng.random() < 0.05 else 1
            rows.append(
                (
                    len(rows) + 1,
                    customer,
                    opened + timedelta(seconds=int(rng.integers(days * 86_400))),
                    item + 1,
                    sign * price,
                    sign * quantity,
                    ("online", "shop")[int(rng.random() < 0.3 + 0.4 * (customer % 2))],
                )
            )
    return rows


def products(count: int = ITEMS) -> list[tuple[Any, ...]]:
    """Rows of `PRODUCT_COLUMNS`; the last product is not in stock."""
    return [(number, f"Product {number}", number < count) for number in range(1, count + 1)]


def open_shop(
    laboratory: Laboratory,
    *,
    people: Sequence[tuple[Any, ...]] | None = None,
    lines: Sequence[tuple[Any, ...]] | None = None,
) -> None:
    """Fill the source: ``customers``, ``order_lines`` and ``products``."""
    laboratory.fill("customers", CUSTOMER_COLUMNS, customers() if people is None else people)
    laboratory.fill("order_lines", LINE_COLUMNS, order_lines() if lines is None else lines)
    laboratory.fill("products", PRODUCT_COLUMNS, products())
    laboratory.query("create index on order_lines (ordered_at)", source=True)


def in_force(laboratory: Laboratory) -> list[tuple[Any, ...]]:
    """The purchases in force: customer, time, text of the item, amount and quantity; sorted."""
    return sorted(
        laboratory.query(
            "select customer_id, at, value, amount, quantity from kindred.events_purchases"
            " left join kindred.event_values"
            " on event = 'purchases' and column_name = 'item' and code = item"
            " where withdrawn_at is null"
        )
    )
