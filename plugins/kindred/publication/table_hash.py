"""Hashes of published tables: equal hashes mean equal tables, byte for byte."""

import hashlib
from collections.abc import Sequence

from psycopg2 import sql

from kindred.events import event_tables
from kindred.warehouse import statements
from kindred.warehouse.database import Database

TABLES = (
    "customer_versions",
    "rejected_rows",
    "encoder_versions",
    "customer_embeddings",
    "customer_clusters",
    "customer_lookalikes",
    "cluster_profiles",
    "published_snapshots",
)
OF_EVENTS = (
    "publication/hash/rejected_events",
    "publication/hash/customer_behaviour",
    "publication/hash/cluster_items",
    "publication/hash/recommended_items",
    "publication/hash/customer_recommendations",
    "publication/hash/recommendation_quality",
)
"""Of what only a space with events has rows of, so that hashes of others stay as they were."""
OF_AUDIENCES = (
    "publication/hash/audiences",
    "publication/hash/audience_members",
    "publication/hash/audience_quality",
    "publication/hash/audience_overlap",
    "publication/hash/audience_keys",
    "publication/hash/audience_results",
)
"""The same of a space with audiences."""

OF_MAPS = (
    "publication/hash/customer_map",
    "publication/hash/map_quality",
    "publication/hash/map_cells",
)
"""The same of a space that this release or a later one has published a snapshot of."""


class HashSink:
    """Receives the data of a COPY and keeps only its sha256."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        """Hash some bytes; returns their number."""
        self.digest.update(data)
        return len(data)


def table_hashes(database: Database) -> dict[str, str]:
    """Table -> sha256 over its ordered binary COPY; ``all`` is the hash over these hashes.

    Columns that may differ between equal runs are left out: run ids, times, memory, latencies,
    index builds, stable cluster ids and names (which depend on the order of the dates, unlike
    labels). Of events, those in force count, without their arrival.
    """
    hashes = {}
    for table in TABLES:
        relation = "snapshots" if table == "published_snapshots" else table
        queries = [statements.compose(f"publication/hash/{table}")]
        hashes[table] = _hash(database, queries if database.has_table(relation) else [])
    if events := event_tables.names(database) if database.has_table("event_sources") else []:
        for name in OF_EVENTS:
            hashes[name.rpartition("/")[2]] = _hash(database, [statements.compose(name)])
        hashes["events"] = _hash(database, [event_tables.in_force(database, n) for n in events])
    if database.has_table("audiences") and database.value("publication/has_audiences"):
        for name in OF_AUDIENCES:
            hashes[name.rpartition("/")[2]] = _hash(database, [statements.compose(name)])
    if database.has_table("customer_map") and database.value("publication/has_map"):
        for name in OF_MAPS:
            table = name.rpartition("/")[2]
            if database.has_table(table):  # map_cells is not there before an upgrade
                hashes[table] = _hash(database, [statements.compose(name)])
    combined = "".join(hashes.values())
    hashes["all"] = hashlib.sha256(combined.encode()).hexdigest()
    return hashes


def _hash(database: Database, queries: Sequence[sql.Composable]) -> str:
    sink = HashSink()
    for query in queries:
        database.copy_out(query, sink)
    return sink.digest.hexdigest()
