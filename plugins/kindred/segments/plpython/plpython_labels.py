"""Segments by PL/Python: vectors are copied into the database, which computes the labels."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import psycopg2.errors
from psycopg2 import sql

from kindred.encoding.embeddings import Embeddings
from kindred.errors import DataError
from kindred.segments.clusters import Clusters
from kindred.segments.identity.stable_ids import StableIds
from kindred.spec.clustering import Algorithm, PlpythonSettings
from kindred.spec.metrics import Metric
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database

METHOD = "plpython kmeans"
VECTORS = ("pg_temp", "plpython_vectors")
LABELS = ("pg_temp", "plpython_labels")
_REFUSALS = (psycopg2.errors.RaiseException, psycopg2.errors.ExternalRoutineException)
INSTALLATION = (
    "segments/create_language",
    "segments/create_plpython_schema",
    "segments/cluster_vectors",
    "segments/python_packages",
    "segments/grant_plpython",
)


def installation_script(database: Database) -> str:
    """The script that a superuser runs once in the warehouse so that this login may cluster."""
    role = database.connection.info.user
    parts = [statements.compose(name, role=role) for name in INSTALLATION]
    return "\n".join(part.as_string(database.connection) for part in parts)


def cluster_in_database(
    database: Database,
    embeddings: Embeddings,
    settings: PlpythonSettings,
    metric: Metric,
    *,
    block_rows: int,
) -> Clusters:
    """Cluster the vectors of a snapshot; the session keeps the labels for `write_labels`.

    Raises
    ------
    DataError
        The database function rejects the vectors, for example because they need too much memory.
    """
    with database.transaction():
        database.run("warehouse/drop_table", table=LABELS)
        dimensions = sql.Literal(embeddings.vectors.shape[1])
        database.run("segments/create_vectors", vectors=VECTORS, dimensions=dimensions)
        stream = RowStream(_chunks(embeddings, block_rows))
        database.copy_in(VECTORS, ("customer_id", "embedding"), stream)
        parameters = {
            "vectors": ".".join(VECTORS),
            "is_cosine": metric is Metric.COSINE,
            **settings.model_dump(),
        }
        try:
            database.run("segments/create_labels", parameters, labels=LABELS)
        except _REFUSALS as error:
            messages = filter(None, (error.diag.message_primary, error.diag.message_hint))
            raise DataError(f"algorithm {Algorithm.PLPYTHON}: {'. '.join(messages)}") from error
    return _read_labels(database, block_rows)


def _chunks(embeddings: Embeddings, block_rows: int) -> Iterator[bytes]:
    for start in range(0, len(embeddings.customers), block_rows):
        rows = slice(start, start + block_rows)
        yield encode_rows(
            [
                embeddings.key_type.column(embeddings.customers[rows]),
                Column(Field.VECTOR, embeddings.vectors[rows]),
            ]
        )


def _read_labels(database: Database, block_rows: int) -> Clusters:
    blocks: list[list[Array]] = [[np.empty(0, np.int32), np.empty(0, np.float32)]]
    reader = BlockReader([Field.INT4, Field.FLOAT4], blocks.append, block_rows=block_rows)
    database.copy_out(statements.compose("segments/read_plpython_labels", labels=LABELS), reader)
    reader.flush()
    labels, membership = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Clusters(labels, membership, labels, METHOD)


def write_labels(database: Database, table: str, as_of: datetime, ids: StableIds) -> int:
    """Write the labels left by `cluster_in_database` in one statement, with their stable ids."""
    parameters = {
        "as_of": as_of,
        "algorithm": str(Algorithm.PLPYTHON),
        "cluster_ids": ids.cluster_ids.tolist(),
        "method": METHOD,
    }
    return database.run("segments/write_labels", parameters, table=table, labels=LABELS)
