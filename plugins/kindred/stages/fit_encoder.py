"""fit_encoder: fit an encoder where the run has none, or where customers have left the old one."""

import logging
from datetime import datetime
from typing import Any

import pandas as pd

from kindred.encode.encoder import FittedEncoder
from kindred.encode.encoder import fit_encoder as fit_on_frame
from kindred.encode.forecast import fit_megabytes
from kindred.errors import DataError
from kindred.graph.forecast import BASE_MEGABYTES
from kindred.index.methods import index_advice, max_dimensions
from kindred.spec import Refit, Spec
from kindred.stages.embed_texts import Embedder, embedder, weights_of
from kindred.stages.memory import columns_read, with_fitting_blocks
from kindred.stages.quality import profile_of
from kindred.stages.run import Run
from kindred.store import encoders, snapshots, versions
from kindred.store.binary import Array
from kindred.store.database import Database
from kindred.store.locks import Resource

log = logging.getLogger(__name__)


SECONDS_A_DAY = 86_400


def fit_encoder(run: Run) -> dict[str, Any]:
    """The encoder version of the build, fitted as of the snapshot if there is none, or if due."""
    chosen = run.build.encoder_version
    with run.warehouse("fit_encoder") as warehouse, run.locked(warehouse, Resource.ENCODER):
        reason = None if chosen is None else _reason_to_refit(run, warehouse, chosen)
        if chosen is not None and reason is None:
            return {"encoder_version": chosen, "fitted": False}
        version = encoders.find(warehouse, run.spec, run.as_of)
        is_new = version is None
        if version is None:
            version = fit_as_of(warehouse, run, run.as_of)
        snapshots.set_encoder(warehouse, run.as_of, run.build.run_id, version)
        run.add_facts(warehouse, refit=reason)
    return {"encoder_version": version, "fitted": is_new}


def _reason_to_refit(run: Run, warehouse: Database, chosen: int) -> str | None:
    """Why a new encoder is to take the place of the chosen one; None if it stays."""
    refit = run.spec.refit
    if not run.build.may_refit or refit is Refit.NEVER:
        return None
    if encoders.was_withdrawn(warehouse, run.spec, run.as_of):
        return None
    fitted = encoders.find(warehouse, run.spec, run.as_of)
    if fitted is not None:
        return None if fitted == chosen else "fitted by an earlier try"
    if refit is Refit.ALWAYS:
        return "refit: always"
    encoder = encoders.read(warehouse, chosen)
    row_bytes = columns_read(run, warehouse).block_row_bytes
    run = with_fitting_blocks(run, "fit_encoder", "drift of columns", BASE_MEGABYTES, row_bytes)
    profile = profile_of(run, warehouse, encoder, run.as_of)
    drifted = profile.drifted(run.spec.refit_drift)
    if not drifted:
        return None
    reason = ", ".join(f"{column} {index:.2f}" for column, index in sorted(drifted.items()))
    log.warning("encoder %d does not fit any more, stability index: %s", chosen, reason)
    return f"drift: {reason}"


def fit_as_of(warehouse: Database, run: Run, as_of: datetime) -> int:
    """Fit an encoder on the customers of a moment and store it; returns its version.

    Must be called under ``Resource.ENCODER``.

    Raises
    ------
    DataError
        when no customer was known then, or the vector would be too wide.
    """
    with embedder(run, "fit_encoder") as embed:
        frame = _read_frame(_within_memory(run, warehouse, as_of, embed), warehouse, as_of)
        encoder = fit_on_frame(
            run.spec.features,
            frame,
            fitted_day=as_of.timestamp() / SECONDS_A_DAY,
            embed=embed,
        )
    _check_width(encoder, run.spec)
    if encoder.constant_columns:
        log.warning(
            "columns in which no two customers differ weigh nothing: %s",
            ", ".join(encoder.constant_columns),
        )
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


def _read_frame(run: Run, warehouse: Database, as_of: datetime) -> pd.DataFrame:
    """All customers of a moment."""
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
    return pd.concat(frames, ignore_index=True)


def _within_memory(run: Run, warehouse: Database, as_of: datetime, embed: Embedder | None) -> Run:
    """The run with blocks that fit, if the frame of the customers of a moment does."""
    rows, columns = versions.count_customers(warehouse, as_of), columns_read(run, warehouse)
    features = run.spec.features
    width = 0 if embed is None else embed.dimensions
    megabytes = fit_megabytes(rows, columns, features.values(), width)
    megabytes += round(2 * weights_of(run.spec))
    work = f"fit of an encoder on {rows} customers x {len(features)} columns"
    return with_fitting_blocks(run, "fit_encoder", work, megabytes, columns.block_row_bytes)


def _check_width(encoder: FittedEncoder, spec: Spec) -> None:
    allowed = max_dimensions(spec.index, spec.index_precision)
    if encoder.dimensions <= allowed:
        return
    widths = {column: stop - start for column, (start, stop) in encoder.column_blocks.items()}
    widest = sorted(widths.items(), key=lambda item: (-item[1], item[0]))[:5]
    named = ", ".join(f"{column} {width}" for column, width in widest)
    raise DataError(
        f"the vector would have {encoder.dimensions} dimensions, allowed are {allowed}; the"
        f" widest columns are {named}: lower their max_categories or components in the spec"
        f"{index_advice(encoder.dimensions)}"
    )
