"""``customer_embeddings``: generations of tables behind a stable name, and staged differences."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg2 import sql

from kindred.encoding.embeddings import Embeddings
from kindred.run.builds import Current
from kindred.serving.difference import Difference, compare_block
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Field, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.dependents import naming_dependents
from kindred.warehouse.keys import KeyType, concatenate_keys

log = logging.getLogger(__name__)

# A block stays in a core's cache from the COPY to the comparison, during which the server waits.
COMPARED_BYTES = 512 << 10
COLUMNS = ("customer_id", "embedding", "updated_at", "encoder_version")


@dataclass(frozen=True)
class StagedEmbeddings:
    """The embeddings that ``build_embeddings`` staged; mode ``skip``, ``delta`` or ``generation``.

    A delta is valid only for what it was compared with: the generation ``base_generation`` as the
    publish at ``base_published_at`` left it.
    """

    mode: str
    generation: int | None = None
    table: str | None = None
    base_generation: int | None = None
    base_published_at: str | None = None


def drop_own_leftovers(database: Database, as_of: datetime) -> None:
    """Drop generations left behind by earlier tries at this snapshot."""
    for generation, table in database.rows("serving/own_leftovers", {"as_of": as_of}):
        drop_generation(database, generation, table)


def drop_generation(database: Database, generation: int, table: str) -> None:
    """Drop the table of a generation and record that, in one transaction."""
    with database.transaction():
        database.run("warehouse/drop_table", table=table)
        database.run("serving/record_dropped_table", {"generation": generation})


def load_generation(
    database: Database, embeddings: Embeddings, *, as_of: datetime, metric: str, block_rows: int
) -> tuple[int, str]:
    """Fill a new generation and add its primary key; return its number and table."""
    dimensions = embeddings.vectors.shape[1]
    parameters = {
        "as_of": as_of,
        "metric": metric,
        "encoder_version": embeddings.encoder_version,
        "dimensions": dimensions,
    }
    with database.transaction():
        generation = int(database.value("serving/allocate_generation", parameters))
        table = f"customer_embeddings_g{generation}"
        database.run("serving/create_generation", table=table, dimensions=sql.Literal(dimensions))
        stream = RowStream(embeddings.chunks(slice(None), block_rows))
        database.copy_in(table, COLUMNS, stream, len(embeddings.customers))
        database.run("warehouse/add_key", table=table)
        database.run("serving/name_generation", {"generation": generation, "table_name": table})
    database.run("warehouse/analyze_table", table=table)
    return generation, table


def compare_with_serving(
    database: Database, table: str, embeddings: Embeddings, *, block_rows: int
) -> Difference:
    """The changes that publish would have to make in the serving generation.

    The generation is read once; it has the encoder and the width of the new ``embeddings``. Equal
    rows are not kept: for a million customers, fresh memory for them is a quarter of the work.
    """
    difference = Difference(np.ones(len(embeddings.customers), dtype=np.bool_))
    new = (embeddings.customers, embeddings.vectors, embeddings.updated_at)

    def compare(keys: Array, vectors: Array, updated_at: Array, versions: Array) -> None:
        same_version = versions == embeddings.encoder_version
        compare_block(difference, (keys, vectors, np.where(same_version, updated_at, -1)), new)

    key_type, dimensions = embeddings.key_type, embeddings.vectors.shape[1]
    _read_blocks(database, table, key_type, dimensions, compare, block_rows)
    return difference


def read_serving(
    database: Database, current: Current, key_type: KeyType, *, block_rows: int
) -> Embeddings:
    """The vectors of the current snapshot, in customer order, from the generation that serves it.

    ``current`` is that of a space that has published.
    """
    table, dimensions = str(current.table_name), int(current.dimensions or 0)
    blocks: list[tuple[Array, Array, Array]] = []
    _read_blocks(
        database,
        table,
        key_type,
        dimensions,
        lambda keys, vectors, updated_at, _: blocks.append((keys, vectors, updated_at)),
        block_rows,
    )
    customers = concatenate_keys(key_type, [keys for keys, _, _ in blocks])
    order = np.argsort(customers, kind="stable")
    vectors = np.concatenate(
        [np.empty((0, dimensions), np.float32), *(vectors for _, vectors, _ in blocks)]
    )
    updated_at = np.concatenate([np.empty(0, np.int64), *(moments for *_, moments in blocks)])
    blocks.clear()
    version = int(current.encoder_version or 0)
    return Embeddings(key_type, customers[order], vectors[order], updated_at[order], version)


def _read_blocks(
    database: Database,
    table: str,
    key_type: KeyType,
    dimensions: int,
    on_block: Callable[[Array, Array, Array, Array], None],
    block_rows: int,
) -> None:
    fields = [Field.VECTOR, Field.TIMESTAMPTZ, Field.INT4]
    names = ["embedding", "updated_at", "encoder_version"]
    position = len(fields) if key_type is KeyType.TEXT else 0
    fields.insert(position, key_type.field)
    names.insert(position, "customer_id")

    def decode(values: list[Array]) -> None:
        keys = key_type.from_copy(values.pop(position))
        on_block(keys, *values)

    reader = BlockReader(
        fields,
        decode,
        block_rows=block_rows,
        dimensions=dimensions,
        block_bytes=COMPARED_BYTES,
    )
    columns = statements.columns(names)
    query = statements.compose("serving/read_generation", columns=columns, table=table)
    database.copy_out(query, reader)
    reader.flush()


def stage_delta(
    database: Database,
    delta: str,
    embeddings: Embeddings,
    difference: Difference,
    *,
    block_rows: int,
) -> None:
    """Write the changes of a run to a table for publish; replaces the table of an earlier try."""
    dimensions = embeddings.vectors.shape[1]
    with database.transaction():
        database.run("warehouse/drop_table", table=delta)
        database.run("serving/create_delta", table=delta, dimensions=sql.Literal(dimensions))
        changed = np.flatnonzero(difference.is_new)
        stream = RowStream(embeddings.chunks(changed, block_rows))
        database.copy_in(delta, COLUMNS, stream, len(changed))
        gone = np.sort(concatenate_keys(embeddings.key_type, difference.gone))
        if len(gone):
            chunk = encode_rows([embeddings.key_type.column(gone)])
            database.copy_in(delta, ["customer_id"], RowStream([chunk]))


def apply_delta(database: Database, table: str, delta: str) -> None:
    """Update the serving generation to the new snapshot; part of publish's transaction."""
    database.run("serving/configure_apply")
    database.run("serving/apply_delta", table=table, delta=delta)


def holding(database: Database, as_of: datetime) -> tuple[int, str] | None:
    """Number and table of a replaced generation that still holds a snapshot, if any."""
    row = database.row("serving/holding", {"as_of": as_of})
    return None if row is None else (int(row[0]), str(row[1]))


def serve_generation(database: Database, generation: int, table: str, as_of: datetime) -> None:
    """Point the stable name at a generation; part of publish's transaction.

    ``as_of`` is the snapshot in the generation.
    """
    with naming_dependents("view customer_embeddings"):
        database.run("serving/drop_view")
    database.run("serving/create_view", table=table)
    database.run("serving/set_serving", {"generation": generation, "as_of": as_of})
