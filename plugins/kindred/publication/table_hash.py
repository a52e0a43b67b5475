"""Hashes of published tables: equal hashes mean equal tables, byte for byte."""

import hashlib

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
    labels).
    """
    hashes = {}
    for table in TABLES:
        sink = HashSink()
        relation = "snapshots" if table == "published_snapshots" else table
        if database.has_table(relation):
            database.copy_out(statements.compose(f"publication/hash/{table}"), sink)
        hashes[table] = sink.digest.hexdigest()
    combined = "".join(hashes[table] for table in TABLES)
    hashes["all"] = hashlib.sha256(combined.encode()).hexdigest()
    return hashes
