"""fit_encoder: fit an encoder where the run has none and may, and note which one it uses."""

import logging
from datetime import datetime
from typing import Any

import pandas as pd

from kindred.encode.encoder import fit_encoder as fit_on_frame
from kindred.errors import DataError
from kindred.stages.run import Run
from kindred.store import encoders, snapshots, versions
from kindred.store.binary import Array
from kindred.store.database import Database
from kindred.store.locks import Resource

log = logging.getLogger(__name__)


def fit_encoder(run: Run) -> dict[str, Any]:
    """The encoder version of the build, fitted as of the snapshot if there is none."""
    if run.build.encoder_version is not None:
        return {"encoder_version": run.build.encoder_version, "fitted": False}
    with run.warehouse("fit_encoder") as warehouse, run.locked(warehouse, Resource.ENCODER):
        version = encoders.find(warehouse, run.spec, run.as_of)
        is_new = version is None
        if version is None:
            version = fit_as_of(warehouse, run, run.as_of)
        snapshots.set_encoder(warehouse, run.as_of, run.build.run_id, version)
    return {"encoder_version": version, "fitted": is_new}


def fit_as_of(warehouse: Database, run: Run, as_of: datetime) -> int:
    """Fit an encoder on the customers of a moment and store it; returns its version.

    Must be called under ``Resource.ENCODER``.

    Raises
    ------
    DataError
        when no customer was known then.
    """
    frames: list[pd.DataFrame] = []

    def collect(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        frames.append(frame)

    key_type = run.key_type(warehouse)
    versions.read_customers(
        warehouse, run.spec, key_type, as_of, collect, block_rows=run.settings.block_rows
    )
    if not frames:
        raise DataError(
            f"no customer is known before {as_of.isoformat()}, so there is nothing to fit an"
            " encoder on; choose a later date"
        )
    frame = pd.concat(frames, ignore_index=True)
    encoder = fit_on_frame(run.spec.features, frame)
    version = encoders.insert(
        warehouse, run.spec, encoder, fitted_as_of=as_of, customers=len(frame)
    )
    log.info(
        "encoder %d fitted on %d customers: %d columns become %d dimensions",
        version,
        len(frame),
        len(run.spec.features),
        encoder.dimensions,
    )
    return version
