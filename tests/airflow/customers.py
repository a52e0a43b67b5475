"""The customers that the runs of ``tests/airflow`` work on, and the specs of their spaces."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integration.warehouse import COLUMNS, Laboratory, make_spec, people
from kindred.spec.model import Spec

# Monthly intervals, by their starts; the snapshot's moment is the end. Customers change in each,
# and some were known before the first.
BEGINNING = datetime(2024, 1, 1, 2, tzinfo=UTC)
DATES = [datetime(2024, month, 1, 2, tzinfo=UTC) for month in (1, 2, 3)]
AS_OFS = [datetime(2024, month, 1, 2, tzinfo=UTC) for month in (2, 3, 4)]
CUSTOMERS = 450


def customers() -> list[tuple[Any, ...]]:
    """Versions of customers over four months: new ones, changed ones, deleted ones."""
    months = [BEGINNING - timedelta(days=30), *DATES]
    rows = []
    for number, (_, _, *values) in enumerate(people(600, seed=7)):
        moment = months[number % 4] + timedelta(days=1 + number % 26, seconds=number)
        rows.append((number % CUSTOMERS + 1, moment, *values, False))
    values = rows[0][2:-1]
    for number in range(5, 60, 5):
        rows.append((number, DATES[2] + timedelta(days=27), *values, True))
    return rows


def bad_rows() -> list[tuple[Any, ...]]:
    """Rows to be refused: no key, no time, a value outside its type, a conflict."""
    values = customers()[0][2:]
    return [
        (None, DATES[0] + timedelta(days=3), *values),
        (7, None, *values),
        (8, DATES[1] + timedelta(days=4), float("inf"), *values[1:]),
        (9, DATES[2] + timedelta(days=5), 1.0, *values[1:]),
        (9, DATES[2] + timedelta(days=5), 2.0, *values[1:]),
    ]


def customers_at(as_of: datetime) -> int:
    """How many customers a snapshot must have: those whose last version is not a deletion."""
    known = [row for row in customers() if row[1] < as_of]
    newest = {row[0]: row for row in sorted(known, key=lambda row: row[1])}
    return sum(not row[-1] for row in newest.values())


def fill_source(laboratory: Laboratory, table: str = "customers") -> None:
    """Make a source table of these customers."""
    laboratory.fill(table, f"{COLUMNS}, is_gone boolean", [*customers(), *bad_rows()])


def space_spec(space: str, **changes: Any) -> Spec:
    """The spec of a space: all of equal content but for the changes."""
    source = {"history": "versions", "tombstone": "is_gone", **changes.pop("source", {})}
    return make_spec(
        space, source=source, **{"schedule": "0 2 1 * *", "rewrite_share": 0.5, **changes}
    )


def gated_spec(**changes: Any) -> Spec:
    """The spec of the space whose gate is too high at first."""
    kmeans = {"algorithms": ["kmeans"]}
    return space_spec("gated", source={"table": "customers_gated"}, clustering=kmeans, **changes)


def write_spec(folder: Path, spec: Spec) -> None:
    """Put a spec where the DAG file finds it; JSON is YAML."""
    content = json.dumps(spec.model_dump(mode="json"), indent=1)
    (folder / f"{spec.space}.yaml").write_text(content, encoding="utf-8")
