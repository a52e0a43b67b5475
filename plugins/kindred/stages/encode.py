"""encode: turn the customers of the snapshot into the vectors that all later stages read."""

import logging
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encode.audience import center_of_customers
from kindred.encode.column_profile import Profile
from kindred.encode.encoder import FittedEncoder
from kindred.encode.forecast import encode_megabytes, encode_row_bytes
from kindred.errors import CustomerValueError
from kindred.stages.embed_texts import Embedder, embedder, weights_of
from kindred.stages.memory import columns_read, with_fitting_blocks
from kindred.stages.quality import empty_profile, quality_of
from kindred.stages.run import Run
from kindred.store import encoders, snapshots, versions
from kindred.store.binary import Array
from kindred.store.database import Database
from kindred.store.embeddings import Embeddings
from kindred.store.keys import KeyType, concatenate_keys

log = logging.getLogger(__name__)

VECTORS = "vectors"
MADE_BY = "encode"


def encode(run: Run) -> dict[str, Any]:
    """Write the artefact ``vectors``: keys, float32 vectors and times in customer order."""
    with embedder(run, "encode") as embed, run.warehouse("encode") as warehouse:
        encoder = encoders.read(warehouse, run.encoder_version)
        run = _within_memory(run, warehouse, encoder, embed, run.as_of, "encode")
        profile = empty_profile(run, encoder)
        snapshots.forget_late(warehouse, run.as_of, run.build.run_id)
        with warehouse.transaction():
            warehouse.run("session/repeatable_read")
            embeddings = _encode(run, warehouse, encoder, embed, run.as_of, profile)
        _assert_finite(embeddings)
        run.add_facts(
            warehouse,
            quality=quality_of(run, warehouse, encoder, profile),
            center=center_of_customers(embeddings.vectors).tolist(),
        )
    arrays = {
        "customers": embeddings.customers,
        "vectors": embeddings.vectors,
        "updated_at": embeddings.updated_at,
    }
    run.folder.write(VECTORS, arrays, {"encoder_version": run.encoder_version})
    rows = len(embeddings.customers)
    log.info("encoded %d customers into %d dimensions", rows, encoder.dimensions)
    return {"customers": rows, "dimensions": encoder.dimensions}


def vectors_as_of(
    run: Run, warehouse: Database, as_of: datetime, stage: str
) -> NDArray[np.float32]:
    """The vectors of the customers of another moment, by the encoder of the run."""
    with embedder(run, stage) as embed, warehouse.transaction():
        warehouse.run("session/repeatable_read")
        encoder = encoders.read(warehouse, run.encoder_version)
        run = _within_memory(run, warehouse, encoder, embed, as_of, stage)
        return _encode(run, warehouse, encoder, embed, as_of).vectors


def _within_memory(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    embed: Embedder | None,
    as_of: datetime,
    stage: str,
) -> Run:
    """The run with blocks that fit, if the vectors of the customers of a moment do."""
    rows = versions.count_customers(warehouse, as_of)
    widths = (encoder.dimensions, 0 if embed is None else embed.dimensions)
    row_bytes = encode_row_bytes(columns_read(run, warehouse), *widths)
    work = f"encoding of {rows} customers x {encoder.dimensions} dimensions"
    megabytes = encode_megabytes(rows, encoder.dimensions) + round(2 * weights_of(run.spec))
    return with_fitting_blocks(run, stage, work, megabytes, row_bytes)


def _encode(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    embed: Embedder | None,
    as_of: datetime,
    profile: Profile | None = None,
) -> Embeddings:
    """Encode the customers of a moment block by block, and count them on the way."""
    rows = versions.count_customers(warehouse, as_of)
    vectors = np.empty((rows, encoder.dimensions), dtype=np.float32)
    updated_at = np.empty(rows, dtype=np.int64)
    keys: list[Array] = []
    done = 0

    def transform(block_keys: Array, block_updated_at: Array, frame: pd.DataFrame) -> None:
        nonlocal done
        block = slice(done, done + len(frame))
        vectors[block] = encoder.transform(frame, embed)
        if profile is not None:
            profile.add(frame)
        updated_at[block] = block_updated_at
        keys.append(block_keys)
        done = block.stop

    key_type = run.key_type(warehouse)
    versions.read_customers(
        warehouse, run.spec, key_type, as_of, transform, block_rows=run.settings.block_rows
    )
    customers = concatenate_keys(key_type, keys)
    return Embeddings(key_type, customers, vectors, updated_at, run.encoder_version)


def _assert_finite(embeddings: Embeddings) -> None:
    is_bad = ~np.isfinite(embeddings.vectors).all(axis=1)
    if is_bad.any():
        named = embeddings.key_type.to_python(embeddings.customers[is_bad][:5])
        raise CustomerValueError(
            f"{int(is_bad.sum())} customers have a vector that is not finite: {named}"
        )


def read_embeddings(run: Run, key_type: KeyType) -> Embeddings:
    """The vectors of the snapshot, mapped from the artefact."""
    artefact = run.folder.read(VECTORS, MADE_BY)
    return Embeddings(
        key_type,
        artefact.arrays["customers"],
        artefact.arrays["vectors"],
        artefact.arrays["updated_at"],
        int(artefact.facts["encoder_version"]),
    )
