"""A shop with all that a report can show, and names and values that are written against HTML.

Two nights: between them some customers change, leave and come. There are segments by two
algorithms, an outcome, audiences, recommendations, rejected rows, and a private label.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from psycopg2 import sql

from integration.audiences.audience_scene import audiences_in, write_audiences
from integration.command import Command
from integration.events_shop import FIRST_NIGHT, LAST_NIGHT, PURCHASES, open_shop
from integration.recommendations.shop import RECOMMENDED
from integration.warehouse import Laboratory, make_spec, moment
from kindred.spec.model import Spec

CUSTOMERS = 300
HOSTILE_COLUMN = "</script><b onmouseover=alert(1)>age"
HOSTILE_VALUE = "<img src=x onerror=alert(1)>"
HOSTILE_ITEM = "]]></style><script>alert('item')</script>"
LINE_SEPARATOR = "one\u2028two \"quoted\" & 'single'"
SECRET_COLUMN, SECRET_VALUE = "diagnosis", "a value nobody may see"

COLUMNS = (
    "customer_id bigint primary key, updated_at timestamptz not null, income double precision,"
    f' state text, "{HOSTILE_COLUMN}" integer, churned boolean, {SECRET_COLUMN} text'
)
SPEC_CONTENT: dict[str, Any] = {
    "features": {
        "income": "numeric",
        "state": {"kind": "categorical", "min_frequency": 2},
        HOSTILE_COLUMN: "numeric",
        "spend": {"kind": "sum", "of": "purchases", "column": "amount", "transform": "log1p"},
        "basket": {"kind": "items", "of": "purchases", "components": 8},
    },
    "labels": ["churned", SECRET_COLUMN],
    "private": [SECRET_COLUMN],
    "events": {"purchases": PURCHASES},
    "recommendations": RECOMMENDED,
    "k": 6,
    "refit": "never",
    "gates": {"max_drift": 100.0, "max_rejected_share": 1.0},
    "clustering": {
        "algorithms": ["kmeans", "hdbscan"],
        "kmeans": {"k": 4},
        "hdbscan": {"min_cluster_size": 15, "min_samples": 4},
    },
}
AUDIENCES = {
    "leaving": {"seed": {"label": {"churned": "true"}}, "sizes": ["5%", "10%", "20%"]},
    "wealthy": {"seed": {"query": "select customer_id from customers where income > 42000"}},
    "nobody": {"seed": {"query": "select 1 as id where false"}},
}


def report_spec(**changes: Any) -> Spec:
    """The spec of the scene."""
    return make_spec(**{**SPEC_CONTENT, **changes})


def people(seed: int = 4) -> list[tuple[Any, ...]]:
    """Rows of `COLUMNS` before the first night, in three groups."""
    rng = np.random.default_rng(seed)
    opened = moment("2026-01-01T00:00")
    rows: list[tuple[Any, ...]] = []
    for number in range(CUSTOMERS):
        group = number % 3
        rows.append(
            (
                number + 1,
                opened + timedelta(seconds=number),
                float(np.round(rng.normal(20_000 + 12_000 * group, 2_500), 2)),
                ("CA", HOSTILE_VALUE, LINE_SEPARATOR)[group if rng.random() < 0.8 else 0],
                int(rng.normal(30 + 15 * group, 4)),
                bool(rng.random() < (0.6, 0.15, 0.3)[group]),
                SECRET_VALUE if number % 2 else "none",
            )
        )
    return rows


def open_scene(laboratory: Laboratory) -> None:
    """Fill the source."""
    open_shop(laboratory)
    laboratory.fill("customers", COLUMNS, people())
    laboratory.query(
        "update products set name = %s where product_id = 1", (HOSTILE_ITEM,), source=True
    )


def change(laboratory: Laboratory) -> None:
    """What happens between the nights: moves, two rejected rows, ten new customers."""
    at = moment(LAST_NIGHT) - timedelta(days=2)
    moved = sql.SQL(
        "update customers set updated_at = %s, income = income + 24000, {0} = {0} + 30"
        " where customer_id %% 15 = 1"
    )
    laboratory.query(moved.format(sql.Identifier(HOSTILE_COLUMN)), (at,), source=True)
    laboratory.query(
        "update customers set updated_at = %s, income = 'NaN' where customer_id in (8, 11)",
        (at,),
        source=True,
    )
    new = [(1000 + row[0], at, *row[2:]) for row in people(seed=9)[:10]]
    laboratory.append("customers", new)


def publish(laboratory: Laboratory, audiences: Path) -> Laboratory:
    """Run both nights."""
    open_scene(laboratory)
    write_audiences(audiences, AUDIENCES)
    with audiences_in(audiences):
        laboratory.run(report_spec(), FIRST_NIGHT)
        change(laboratory)
        laboratory.run(report_spec(), LAST_NIGHT)
    return laboratory


def command_in(laboratory: Laboratory, folder: Path) -> Command:
    """The command ``kindred`` on the scene."""
    content = {
        "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        "schedule": "0 2 * * *",
        **SPEC_CONTENT,
    }
    (folder / "default.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return Command(laboratory, folder)
