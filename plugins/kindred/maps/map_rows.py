"""Rows of ``customer_map``: the places of a snapshot's customers, with their keys."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kindred.encoding.embeddings import Embeddings
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows, moment_column
from kindred.warehouse.database import Database

PARENT = "customer_map"
COLUMNS = ("as_of", "customer_id", "x", "y", "updated_at")


@dataclass(frozen=True, eq=False)
class CustomerMap:
    """The places of customers, float32 (customers, 2), in the order of the embeddings."""

    as_of: datetime
    embeddings: Embeddings
    places: np.ndarray

    def digest(self) -> str:
        """A hash of everything that the rows are made from."""
        digest = hashlib.sha256()
        for values in (self.embeddings.customers, self.embeddings.updated_at, self.places):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def chunks(self, block_rows: int) -> Iterator[bytes]:
        """Encode the rows by customer."""
        embeddings = self.embeddings
        for start in range(0, len(self.places), block_rows):
            block = slice(start, start + block_rows)
            keys = embeddings.customers[block]
            yield encode_rows(
                [
                    moment_column(self.as_of, len(keys)),
                    embeddings.key_type.column(keys),
                    Column(Field.FLOAT4, self.places[block, 0]),
                    Column(Field.FLOAT4, self.places[block, 1]),
                    Column(Field.TIMESTAMPTZ, embeddings.updated_at[block]),
                ]
            )


def load(
    database: Database, schema: str, found: CustomerMap, *, block_rows: int, wait_seconds: float
) -> int:
    """Fill the table aside, exactly once; returns its rows."""
    return partitions.load_whole(
        database,
        schema,
        PARENT,
        found.as_of,
        digest=found.digest(),
        fill=lambda table: database.copy_in(table, COLUMNS, RowStream(found.chunks(block_rows))),
        wait_seconds=wait_seconds,
    )
