"""Rows of the lookalike tables: a neighbour graph with the keys of its customers."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.results import NeighbourGraph
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import (
    Array,
    Column,
    Field,
    RowStream,
    encode_rows,
    moment_column,
)
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

PARENT = "customer_lookalikes"
PUBLIC_PARENT = "public_lookalikes"
COLUMNS = ("as_of", "customer_id", "rank", "lookalike_id", "distance")


@dataclass(frozen=True)
class Lookalikes:
    """Neighbours by row number, and the key of each row, in customer order."""

    as_of: datetime
    key_type: KeyType
    customers: Array
    graph: NeighbourGraph

    def digest(self, part: slice) -> str:
        """A hash of everything that the rows of a part are made from."""
        digest = hashlib.sha256()
        for values in (self.graph.neighbours[part], self.graph.distances[part], self.customers):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def count(self, part: slice) -> int:
        """The rows of a part."""
        return int(self.graph.eligible[part].sum()) * int(self.graph.neighbours.shape[1])

    def chunks(self, part: slice, block_rows: int) -> Iterator[bytes]:
        """Encode the rows of a part by customer and rank; ineligible customers have none."""
        k = self.graph.neighbours.shape[1]
        if k == 0:
            return
        rows = np.arange(len(self.customers))[part]
        rows = rows[np.asarray(self.graph.eligible)[rows]]
        step = max(1, block_rows // k)
        for start in range(0, len(rows), step):
            yield self._encoded(rows[start : start + step], k)

    def _encoded(self, rows: NDArray[np.int64], k: int) -> bytes:
        others = self.customers[self.graph.neighbours[rows].reshape(-1)]
        return encode_rows(
            [
                moment_column(self.as_of, len(others)),
                self.key_type.column(np.repeat(self.customers[rows], k)),
                Column(Field.INT2, np.tile(np.arange(1, k + 1), len(rows))),
                self.key_type.column(others),
                Column(Field.FLOAT4, self.graph.distances[rows].reshape(-1)),
            ]
        )


def load_part(
    database: Database,
    schema: str,
    lookalikes: Lookalikes,
    number: int,
    part: slice,
    *,
    parent: str = PARENT,
    block_rows: int,
    wait_seconds: float,
) -> int:
    """Load one part of the customers into the table aside, exactly once; return its rows."""
    first, last = lookalikes.key_type.to_python(lookalikes.customers[part][[0, -1]])
    return partitions.load_part(
        database,
        schema,
        parent,
        lookalikes.as_of,
        part=f"{number:03d}",
        digest=lookalikes.digest(part),
        fill=lambda table: database.copy_in(
            table, COLUMNS, RowStream(lookalikes.chunks(part, block_rows)), lookalikes.count(part)
        ),
        delete_part=lambda table: partitions.delete_customers(
            database, table, lookalikes.key_type, (first, last)
        ),
        wait_seconds=wait_seconds,
    )
