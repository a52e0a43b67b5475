"""Rows of ``customer_clusters``: every customer's label, stable id and membership."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kindred.encoding.embeddings import Embeddings
from kindred.segments.clusters import Clusters, ListMembers
from kindred.segments.identity.stable_ids import StableIds
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows, moment_column
from kindred.warehouse.database import Database

PARENT = "customer_clusters"
COLUMNS = (
    "as_of",
    "algorithm",
    "customer_id",
    "label",
    "cluster_id",
    "membership",
    "nearest_label",
    "nearest_cluster_id",
    "method",
)
LIST_COLUMNS = ("list_number", "center_distance", "generation")


@dataclass(frozen=True)
class LabelRows:
    """The rows of one algorithm in a snapshot, in customer order."""

    as_of: datetime
    algorithm: str
    embeddings: Embeddings
    found: Clusters
    ids: StableIds

    def digest(self) -> str:
        """A hash of the rows, which shows whether an earlier try wrote the same rows."""
        found = self.found
        digest = hashlib.sha256(found.method.encode())
        for values in (found.labels, found.membership, found.nearest_labels, self.ids.cluster_ids):
            digest.update(np.ascontiguousarray(values).tobytes())
        if found.lists is not None:
            digest.update(found.lists.numbers.tobytes())
            digest.update(found.lists.centroid_distances.tobytes())
        return digest.hexdigest()

    def copy_into(self, database: Database, table: str, block_rows: int) -> int:
        """Write the rows to a table; return their number."""
        columns = COLUMNS if self.found.lists is None else (*COLUMNS, *LIST_COLUMNS)
        stream = RowStream(self._chunks(block_rows))
        return database.copy_in(table, columns, stream, len(self.embeddings.customers))

    def _chunks(self, block_rows: int) -> Iterator[bytes]:
        found, customers = self.found, self.embeddings.customers
        cluster_ids, nearest_ids = self.ids.of(found.labels), self.ids.of(found.nearest_labels)
        for start in range(0, len(customers), block_rows):
            rows = slice(start, start + block_rows)
            count = len(customers[rows])
            yield encode_rows(
                [
                    moment_column(self.as_of, count),
                    Column(Field.TEXT, np.full(count, self.algorithm.encode())),
                    self.embeddings.key_type.column(customers[rows]),
                    Column(Field.INT4, found.labels[rows]),
                    Column(Field.INT4, cluster_ids[rows]),
                    Column(Field.FLOAT4, found.membership[rows]),
                    Column(Field.INT4, found.nearest_labels[rows]),
                    Column(Field.INT4, nearest_ids[rows]),
                    Column(Field.TEXT, np.full(count, found.method.encode())),
                    *_list_columns(found.lists, rows),
                ]
            )


def delete_algorithm(database: Database, table: str, algorithm: str) -> None:
    """Delete an algorithm's rows from a staging table."""
    database.run("segments/delete_algorithm", {"algorithm": algorithm}, table=table)


def _list_columns(lists: ListMembers | None, rows: slice) -> list[Column]:
    if lists is None:
        return []
    numbers = lists.numbers[rows]
    is_outside = np.full(len(numbers), lists.generation is None)
    return [
        Column(Field.INT4, numbers, is_null=numbers == 0),
        Column(Field.FLOAT4, lists.centroid_distances[rows], is_null=numbers == 0),
        Column(Field.INT4, np.full(len(numbers), lists.generation or 0), is_null=is_outside),
    ]
