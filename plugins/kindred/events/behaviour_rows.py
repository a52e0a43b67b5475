"""Rows of ``customer_behaviour``: the features of events that readers see, per customer."""

import hashlib
from collections.abc import Iterator

import numpy as np

from kindred.events.behaviour import Behaviour
from kindred.run.context import Run
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows, moment_column
from kindred.warehouse.database import Database

PARENT = "customer_behaviour"
COLUMNS = ("as_of", "customer_id", "numbers")


def load_behaviour(database: Database, run: Run, behaviour: Behaviour) -> int:
    """Load the features of a snapshot's customers into the table aside; returns the rows."""
    found = behaviour.columns(behaviour.customers)
    numbers = np.column_stack([found[name] for name in run.spec.event_features])
    digest = hashlib.sha256(np.ascontiguousarray(behaviour.customers).tobytes())
    digest.update(numbers.tobytes())
    key_type, step = run.key_type(database), run.settings.block_rows

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(numbers), step):
            block = slice(start, start + step)
            yield encode_rows(
                [
                    moment_column(run.as_of, len(numbers[block])),
                    key_type.column(behaviour.customers[block]),
                    Column(Field.FLOAT8_ARRAY, numbers[block]),
                ]
            )

    return partitions.load_part(
        database,
        run.spec.internal_schema,
        PARENT,
        run.as_of,
        part="all",
        digest=digest.hexdigest(),
        fill=lambda table: database.copy_in(table, COLUMNS, RowStream(chunks())),
        delete_part=lambda table: database.run("warehouse/empty_table", table=table),
        wait_seconds=run.settings.lock_wait_seconds,
    )
