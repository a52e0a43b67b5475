"""What a night's work was made of: customers, lists and probes, and how large its artefacts are."""

import json
import re
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

MEGABYTE = 2**20
INDEX = (
    "select lists, probes, build_seconds, index_bytes from bi.index_builds"
    " where as_of = %s and state <> 'retired' order by generation desc limit 1"
)
SIZE = "select pg_database_size(current_database())"
WAL = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
# Tables and indexes only; what a COPY writes into a new table may be missing from the WAL.
RELATIONS = (
    "select coalesce(sum(write_bytes + extend_bytes), 0)::bigint from pg_stat_io"
    " where object in ('relation', 'temp relation')"
)


def searched(folder: Path) -> dict[str, Any]:
    """The size of a night's graph search, by the plan in its artefacts; empty without one."""
    for path in sorted(folder.glob("*/graph_plan/facts.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        given, arrays = facts["parameters"], facts["arrays"]
        return {
            "customers": given["rows"],
            "dimensions": given["dimensions"],
            "distinct": arrays["first_rows"]["shape"][0],
            "graph_k": given["k"],
            "shards": given["shards"],
            "lists": given["lists"],
            "probes": given["probes"],
            "near": arrays["near_lists"]["shape"][1] if "near_lists" in arrays else 0,
            "is_refined": given["is_refined"],
            "is_frozen": given["is_frozen"],
        }
    return {}


def indexed(dsn: str, as_of: datetime) -> dict[str, Any]:
    """The index that was built for a snapshot; empty where none was."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(INDEX, (as_of,))
        row = cursor.fetchone()
    if row is None or row[0] is None:
        return {}
    lists, probes, seconds, size = row
    return {
        "index_lists": lists,
        "index_probes": probes,
        "index_seconds": seconds,
        "index_mb": size / MEGABYTE,
    }


def warehouse_megabytes(dsn: str) -> float:
    """The size of a database."""
    return value(dsn, SIZE) / MEGABYTE


def value(dsn: str, query: str) -> int:
    """The one number of a query."""
    return int(row(dsn, query)[0])


def row(dsn: str, query: str, *parameters: Any) -> tuple[Any, ...]:
    """The one row of a query."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        [found] = cursor.fetchall()
    return tuple(found)


def bytes_below(folder: Path) -> int:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def artefact_megabytes(folder: Path) -> Mapping[str, float]:
    """Artefact -> MB of a night's artefacts; numbered ones together."""
    found: dict[str, float] = {}
    for path in sorted(folder.glob("*/*/*")):
        name = re.sub(r"_\d+$", "", path.parent.name)
        found[name] = found.get(name, 0.0) + path.stat().st_size / MEGABYTE
    return found
