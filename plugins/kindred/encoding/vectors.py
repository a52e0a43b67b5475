"""Encode the customers of a snapshot, and write the artefact from which later tasks read them."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding import encoder_versions
from kindred.encoding.column_profile import Profile
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.encoding_memory import (
    Columns,
    behaviour_megabytes,
    encode_megabytes,
    encode_row_bytes,
    purchases_row_bytes,
)
from kindred.encoding.text_embedding import Embedder, embedder, weights_of
from kindred.errors import CustomerValueError
from kindred.events.ownership import ItemCounts
from kindred.events.populations import Population, population_as_of, read_population
from kindred.history import snapshot_customers
from kindred.history.snapshot_customers import Customers, count_customers
from kindred.progress.steps import step
from kindred.run.context import Run
from kindred.run.memory import with_fitting_blocks
from kindred.spec.features import Kind
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType, concatenate_keys

VECTORS = "vectors"
MADE_BY = "encode"


def vectors_as_of(
    run: Run, warehouse: Database, as_of: datetime, stage: str
) -> NDArray[np.float32]:
    """Encode the customers as of another date by the encoder of the run."""
    return embeddings_as_of(run, warehouse, as_of, stage).vectors


def embeddings_as_of(run: Run, warehouse: Database, as_of: datetime, stage: str) -> Embeddings:
    """The same, with the keys of the customers."""
    population = population_as_of(warehouse, run, as_of, stage)
    with embedder(run, stage) as embed:
        encoder = encoder_versions.read(warehouse, run.encoder_version)
        run = within_memory(run, warehouse, encoder, embed, population, stage)
        with warehouse.repeatable_read():
            return encode_customers(run, warehouse, encoder, embed, population)


def within_memory(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    embed: Embedder | None,
    population: Population,
    stage: str,
) -> Run:
    """The run with blocks that fit, if the vectors of the customers do.

    Raises
    ------
    SettingsError
        when they do not fit into the memory of a task.
    """
    rows = count_customers(warehouse, population.customers)
    widths = (encoder.dimensions, 0 if embed is None else embed.dimensions)
    row_bytes = encode_row_bytes(columns_read(run, warehouse, population.customers), *widths)
    work = f"encoding of {rows} customers x {encoder.dimensions} dimensions"
    megabytes = encode_megabytes(rows, encoder.dimensions) + round(2 * weights_of(run.spec))
    if population.behaviour is not None:
        megabytes += behaviour_megabytes(population.behaviour)
        row_bytes += purchases_row_bytes(population.behaviour)
    return with_fitting_blocks(run, stage, work, megabytes, row_bytes)


def columns_read(run: Run, warehouse: Database, customers: Customers) -> Columns:
    """Count the features by how they are read, with the average size of texts."""
    features = run.spec.features
    texts = [column for column, feature in features.items() if feature.kind is Kind.TEXT]
    text_bytes = snapshot_customers.average_text_bytes(warehouse, customers, texts)
    return Columns.of((feature.kind for feature in features.values()), text_bytes)


def encode_customers(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    embed: Embedder | None,
    population: Population,
    profile: Profile | None = None,
) -> Embeddings:
    """Encode customers block by block, and count them in ``profile``.

    All statements must see the same customers: either the session is in a repeatable read
    transaction, or the customers are stored in a table.
    """
    rows = count_customers(warehouse, population.customers)
    vectors = np.empty((rows, encoder.dimensions), dtype=np.float32)
    updated_at = np.empty(rows, dtype=np.int64)
    keys: list[Array] = []
    done = 0

    def transform(
        block_keys: Array,
        block_updated_at: Array,
        frame: pd.DataFrame,
        purchases: dict[str, ItemCounts],
    ) -> None:
        nonlocal done
        block = slice(done, done + len(frame))
        vectors[block] = encoder.transform(frame, embed, purchases)
        if profile is not None:
            profile.add(frame)
        updated_at[block] = block_updated_at
        keys.append(block_keys)
        done = block.stop
        counted.advance(len(frame))

    with step("encoding", rows, "customers") as counted:
        read_population(warehouse, run, population, transform)
    key_type = run.key_type(warehouse)
    return Embeddings(
        key_type, concatenate_keys(key_type, keys), vectors, updated_at, run.encoder_version
    )


def write_embeddings(run: Run, embeddings: Embeddings) -> None:
    """Write the artefact ``vectors``: keys, float32 vectors and times in customer order.

    Raises
    ------
    CustomerValueError
        A vector is not finite.
    """
    is_bad = ~np.isfinite(embeddings.vectors).all(axis=1)
    if is_bad.any():
        named = embeddings.key_type.to_python(embeddings.customers[is_bad][:5])
        raise CustomerValueError(
            f"{int(is_bad.sum())} customers have a vector that is not finite: {named}"
        )
    arrays = {
        "customers": embeddings.customers,
        "vectors": embeddings.vectors,
        "updated_at": embeddings.updated_at,
    }
    run.folder.write(VECTORS, arrays, {"encoder_version": embeddings.encoder_version})


def read_embeddings(run: Run, key_type: KeyType) -> Embeddings:
    """Read the vectors of the snapshot, memory-mapped from the artefact."""
    artefact = run.folder.read(VECTORS, MADE_BY)
    return Embeddings(
        key_type,
        artefact.arrays["customers"],
        artefact.arrays["vectors"],
        artefact.arrays["updated_at"],
        int(artefact.facts["encoder_version"]),
    )
