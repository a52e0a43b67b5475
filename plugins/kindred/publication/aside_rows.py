"""Check that the tables filled aside hold exactly the expected rows."""

from datetime import datetime
from typing import Any

from kindred.recommendations.recommendation_rows import aside_of_items
from kindred.spec.model import Spec
from kindred.warehouse import partitions
from kindred.warehouse.database import Database


def problems_of_rows(
    database: Database, spec: Spec, as_of: datetime, facts: dict[str, Any]
) -> list[str]:
    """Missing or surplus rows per table, and which task to clear."""
    checks = {
        "customer_lookalikes": _check_lookalikes,
        "customer_clusters": _check_clusters,
        "customer_map": _check_map,
    }
    if spec.hidden_features:
        checks["public_lookalikes"] = _check_public
    if spec.event_features:
        checks["customer_behaviour"] = _check_behaviour
    if spec.recommendations is not None:
        checks["customer_recommendations"] = _check_recommendations
    if facts.get("audience_rows"):
        checks["audience_members"] = _check_audiences
    problems = []
    for parent, check in checks.items():
        if partitions.has_passed(database, parent, as_of):
            continue
        table = partitions.aside_name(parent, as_of)
        if partitions.has_aside(database, parent, as_of):
            problems += check(database, spec, facts, table)
        else:
            problems.append(f"{table} does not exist; clear the task that fills it")
    return problems


def _check_lookalikes(
    database: Database, spec: Spec, facts: dict[str, Any], table: str
) -> list[str]:
    rows, customers = database.row("publication/count_lookalikes", table=table) or (0, 0)
    expected_rows = facts["eligible"] * min(spec.k, max(0, facts["eligible"] - 1))
    expected_customers = facts["eligible"] if expected_rows else 0
    if (rows, customers) != (expected_rows, expected_customers):
        return [
            f"{table} has {rows} rows of {customers} customers, {expected_rows} rows of"
            f" {expected_customers} are expected; clear task 'load_lookalikes'"
        ]
    return []


def _check_public(database: Database, spec: Spec, facts: dict[str, Any], table: str) -> list[str]:
    return _check_lookalikes(database, spec, facts["public"], table)


def _check_behaviour(
    database: Database, spec: Spec, facts: dict[str, Any], table: str
) -> list[str]:
    rows = database.value("publication/count_rows", table=table)
    if rows != facts["customers"]:
        return [f"{table} has {rows} rows, {facts['customers']} are expected; clear task 'encode'"]
    return []


def _check_map(database: Database, spec: Spec, facts: dict[str, Any], table: str) -> list[str]:
    rows = database.value("publication/count_rows", table=table)
    if rows != facts["customers"]:
        return [
            f"{table} has {rows} rows, {facts['customers']} are expected; clear task"
            " 'place_customers'"
        ]
    return []


def _check_recommendations(
    database: Database, spec: Spec, facts: dict[str, Any], table: str
) -> list[str]:
    expected = facts["recommended"]
    items = aside_of_items(table)
    found = database.row("publication/count_recommendations", table=table) or (0, 0)
    listed = (
        database.value("publication/count_rows", table=items) if database.has_table(items) else 0
    )
    if (*found, listed) != (expected["rows"], expected["customers"], expected["items"]):
        return [
            f"{table} has {found[0]} rows of {found[1]} customers, and {listed} items,"
            f" {expected['rows']} rows of {expected['customers']} customers and"
            f" {expected['items']} items are expected; clear task 'recommend'"
        ]
    return []


def _check_audiences(
    database: Database, spec: Spec, facts: dict[str, Any], table: str
) -> list[str]:
    found = dict(database.rows("publication/count_members", table=table))
    expected = {name: rows for name, rows in facts["audience_members"].items() if rows}
    return [
        f"{table} has {found.get(name, 0)} rows of audience {name}, {expected.get(name, 0)} are"
        " expected; clear task 'join_audiences'"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name, 0) != expected.get(name, 0)
    ]


def _check_clusters(database: Database, spec: Spec, facts: dict[str, Any], table: str) -> list[str]:
    counted = dict(database.rows("publication/count_clusters", table=table))
    return [
        f"{table} has {counted.get(str(algorithm), 0)} rows of {algorithm},"
        f" {facts['customers']} are expected; clear task 'cluster'"
        for algorithm in spec.clustering.algorithms
        if counted.get(str(algorithm), 0) != facts["customers"]
    ]
