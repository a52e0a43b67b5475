"""The vectors of a snapshot, as used by the tasks after ``encode``, and their centroid."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.warehouse.copy_writer import Array, Column, Field, encode_rows
from kindred.warehouse.keys import KeyType


@dataclass(frozen=True)
class Embeddings:
    """The vectors of a snapshot in customer order.

    ``customers`` (n,): keys. ``vectors`` float32 (n, d). ``updated_at`` int64 (n,): microseconds
    since 1970.
    """

    key_type: KeyType
    customers: Array
    vectors: NDArray[np.float32]
    updated_at: NDArray[np.int64]
    encoder_version: int

    def chunks(self, rows: NDArray[np.int64] | slice, block_rows: int) -> Iterator[bytes]:
        """Encode some rows as binary COPY, block by block."""
        chosen = np.arange(len(self.customers))[rows]
        for start in range(0, len(chosen), block_rows):
            block = chosen[start : start + block_rows]
            version = np.full(len(block), self.encoder_version)
            yield encode_rows(
                [
                    self.key_type.column(self.customers[block]),
                    Column(Field.VECTOR, self.vectors[block]),
                    Column(Field.TIMESTAMPTZ, self.updated_at[block]),
                    Column(Field.INT4, version),
                ]
            )


def centroid_of_customers(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of all customers' vectors, float32 (dimensions,), summed in float64.

    ``vectors`` is float32 (customers, dimensions) with at least one row.
    """
    return np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)
