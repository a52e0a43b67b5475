"""Rows of ``map_cells``: how many customers are where on the map of a snapshot."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from kindred.maps.density import CellCounts
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows, moment_column
from kindred.warehouse.database import Database

TABLE = "map_cells"
COLUMNS = ("as_of", "algorithm", "cell_column", "cell_row", "label", "customers")


def insert_cells(database: Database, as_of: datetime, counts: Mapping[str, CellCounts]) -> int:
    """Insert the counts of a snapshot that has none; returns their number."""
    return database.copy_in(TABLE, COLUMNS, RowStream(_chunks(as_of, counts)))


def _chunks(as_of: datetime, counts: Mapping[str, CellCounts]) -> Iterator[bytes]:
    for algorithm, found in counts.items():
        rows = len(found.customers)
        fields = (found.columns, found.rows, found.labels, found.customers)
        yield encode_rows(
            [
                moment_column(as_of, rows),
                Column(Field.TEXT, np.full(rows, algorithm.encode())),
                *(Column(Field.INT4, values) for values in fields),
            ]
        )
