"""The public columns of customers that are not encoded: labels, read once and only if asked for."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.audiences.training import Columns
from kindred.encoding.embeddings import Embeddings
from kindred.errors import DataError
from kindred.history import snapshot_customers
from kindred.run.context import Run
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database
from kindred.warehouse.keys import concatenate_keys


def labels_of(
    run: Run, warehouse: Database, embeddings: Embeddings, without: Collection[str]
) -> Columns | None:
    """What reads the public labels of some rows, but not those that are named; None without any."""
    expressions = {
        column: expression
        for column, expression in snapshot_customers.profile_expressions(
            warehouse, run.spec
        ).items()
        if column in run.spec.labels and column not in without
    }
    if not expressions:
        return None
    held: list[pd.DataFrame] = []

    def read() -> pd.DataFrame:
        keys: list[Array] = []
        frames: list[pd.DataFrame] = []

        def collect(block_keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
            keys.append(block_keys)
            frames.append(frame)

        customers = snapshot_customers.customers_of(warehouse, run)
        snapshot_customers.read_customers(warehouse, run, customers, collect, expressions)
        known = concatenate_keys(embeddings.key_type, keys)
        places = np.searchsorted(known, embeddings.customers)
        if (
            len(known) == 0
            or (known[np.minimum(places, len(known) - 1)] != embeddings.customers).any()
        ):
            raise DataError(
                "the customers are others than those that were encoded; clear task 'validate' with"
                " its downstream tasks"
            )
        return pd.concat(frames, ignore_index=True).iloc[places].reset_index(drop=True)

    def columns(rows: NDArray[np.integer]) -> pd.DataFrame:
        if not held:
            held.append(read())
        return held[0].iloc[rows].reset_index(drop=True)

    return columns
