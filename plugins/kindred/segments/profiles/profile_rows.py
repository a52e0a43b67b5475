"""Rows that profiles are computed from, and the names of published clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.errors import DataError
from kindred.segments.label_rows import PARENT
from kindred.segments.movement_rows import Moves
from kindred.warehouse import partitions, statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Field
from kindred.warehouse.database import Database


@dataclass(frozen=True)
class Segmentation:
    """One algorithm's clusters of all customers, in customer order.

    ``labels`` int32 (n,), -1 for noise; ``membership`` float32 (n,); ``cluster_ids[label]`` is the
    stable id of a label.
    """

    algorithm: str
    labels: NDArray[np.int32]
    membership: NDArray[np.float32]
    cluster_ids: list[int]


@dataclass(frozen=True, eq=False)
class Profiles:
    """What publish shows of segments: entries of clusters, and who moved since the night before.

    ``labels``: algorithm -> int32 (customers,); none if the snapshot shares those of another.
    """

    clusters: list[dict[str, Any]]
    moves: list[Moves]
    labels: Mapping[str, NDArray[np.int32]]


def table_of(database: Database, as_of: datetime) -> str:
    """The table with a snapshot's clusters: staged, or published if the task runs again."""
    if partitions.has_aside(database, PARENT, as_of):
        return partitions.aside_name(PARENT, as_of)
    return partitions.partition_name(PARENT, as_of)


def read_segmentation(
    database: Database, table: str, algorithm: str, customers: int, *, block_rows: int
) -> Segmentation:
    """Read the labels that the task ``cluster`` wrote.

    Raises
    ------
    DataError
        The number of labels is not the number of customers.
    """
    blocks: list[list[Array]] = [
        [np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)]
    ]
    if database.has_table(table):
        fields = [Field.INT4, Field.INT4, Field.FLOAT4]
        reader = BlockReader(fields, blocks.append, block_rows=block_rows)
        query = statements.compose("segments/read_labels", table=table)
        database.copy_out(query, reader, {"algorithm": algorithm})
        reader.flush()
    labels, ids, membership = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    if len(labels) != customers:
        raise DataError(
            f"{table} has {len(labels)} rows of {algorithm}, {customers} are due;"
            " clear task 'cluster'"
        )
    known, first = np.unique(labels, return_index=True)
    return Segmentation(algorithm, labels, membership, ids[first[known >= 0]].tolist())


def known_names(
    database: Database, algorithm: str, as_of: datetime, cluster_ids: Sequence[int]
) -> dict[int, str]:
    """The names of published clusters, by id."""
    names = {"algorithm": algorithm, "as_of": as_of, "cluster_ids": list(cluster_ids)}
    return dict(database.rows("segments/known_names", names))
