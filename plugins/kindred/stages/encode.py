"""encode: turn the customers of the snapshot into the vectors that all later stages read."""

import logging
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.errors import DataError
from kindred.stages.run import Run
from kindred.store import encoders, versions
from kindred.store.binary import Array
from kindred.store.embeddings import Embeddings
from kindred.store.keys import KeyType, concatenate_keys

log = logging.getLogger(__name__)

VECTORS = "vectors"
MADE_BY = "encode"


def encode(run: Run) -> dict[str, Any]:
    """Write the artefact ``vectors``: keys, float32 vectors and times in customer order."""
    keys: list[Array] = []
    done = 0
    with run.warehouse("encode") as warehouse, warehouse.transaction():
        warehouse.run("session/repeatable_read")
        key_type = run.key_type(warehouse)
        encoder = encoders.read(warehouse, run.encoder_version)
        rows = versions.count_customers(warehouse, run.as_of)
        vectors = np.empty((rows, encoder.dimensions), dtype=np.float32)
        updated_at = np.empty(rows, dtype=np.int64)

        def transform(block_keys: Array, block_updated_at: Array, frame: pd.DataFrame) -> None:
            nonlocal done
            block = slice(done, done + len(frame))
            vectors[block] = encoder.transform(frame)
            updated_at[block] = block_updated_at
            keys.append(block_keys)
            done = block.stop

        versions.read_customers(
            warehouse, run.spec, key_type, run.as_of, transform, block_rows=run.settings.block_rows
        )
    customers = concatenate_keys(key_type, keys)
    _assert_finite(customers, vectors, key_type)
    arrays = {"customers": customers, "vectors": vectors, "updated_at": updated_at}
    run.folder.write(VECTORS, arrays, {"encoder_version": run.encoder_version})
    log.info("encoded %d customers into %d dimensions", rows, encoder.dimensions)
    return {"customers": rows, "dimensions": encoder.dimensions}


def _assert_finite(customers: Array, vectors: NDArray[np.float32], key_type: KeyType) -> None:
    is_bad = ~np.isfinite(vectors).all(axis=1)
    if is_bad.any():
        named = key_type.to_python(customers[is_bad][:5])
        raise DataError(f"{int(is_bad.sum())} customers have a vector that is not finite: {named}")


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
