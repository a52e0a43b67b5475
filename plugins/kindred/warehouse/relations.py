"""Where tables and views are, and what columns they have: to tell others of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from psycopg2 import sql

from kindred.warehouse.database import Database


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view, as the catalogue describes it."""

    name: str
    type_name: str
    comment: str | None


def place_of(database: Database, relation: str) -> tuple[str, str] | None:
    """Schema and name of a relation, which is given as in SQL; None where there is none."""
    found = database.row("warehouse/place_of_relation", {"relation": relation})
    return None if found is None else (found[0], found[1])


def views_of(database: Database, schema: str) -> Iterator[tuple[str, list[ViewColumn]]]:
    """The views of a schema by name, each with its columns in their order."""
    rows = database.rows("warehouse/columns_of_views", {"schema": schema})
    for view, columns in groupby(rows, key=itemgetter(0)):
        yield view, [ViewColumn(*column) for _, *column in columns]


def address_of(database: Database) -> tuple[str, int, str]:
    """Host, port and name of the database of a session; of several hosts the first.

    A server that is reached by a socket is one of this machine.
    """
    known = database.connection.get_dsn_parameters()
    host = (known.get("host") or known.get("hostaddr") or "").split(",")[0]
    port = known.get("port", "").split(",")[0]
    is_socket = not host or host.startswith(("/", "@"))
    return "localhost" if is_socket else host, int(port or 5432), known["dbname"]


def relations_read(database: Database, relation: sql.Composable) -> list[tuple[str, str]]:
    """Schema and name of each table that a query reads; of a view, those that it reads.

    The query must be one that has been checked; it is not executed.
    """
    plan = database.value("warehouse/explain_reading", {}, relation=relation)
    return sorted(set(_scanned(plan)))


def _scanned(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and {"Schema", "Relation Name"} <= node.keys():
        yield node["Schema"], node["Relation Name"]
    for below in node.values() if isinstance(node, dict) else node:
        if isinstance(below, dict | list):
            yield from _scanned(below)
