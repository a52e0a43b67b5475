"""Fit an encoder on the customers of a snapshot, and store it as a new version."""

import logging

import pandas as pd

from kindred.encoding import encoder_versions
from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.encoder import fit_encoder as fit_on_frame
from kindred.encoding.encoding_memory import fit_megabytes
from kindred.encoding.text_embedding import Embedder, embedder, weights_of
from kindred.encoding.vectors import columns_read
from kindred.errors import DataError
from kindred.history import snapshot_customers
from kindred.history.snapshot_customers import Customers, count_customers, kept_customers
from kindred.run.context import Run
from kindred.run.memory import with_fitting_blocks
from kindred.spec.index_methods import index_advice, max_dimensions
from kindred.spec.model import Spec
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

SECONDS_PER_DAY = 86_400


def fit_as_of(warehouse: Database, run: Run) -> int:
    """Fit an encoder on the customers of a run and store it; return its version.

    Must be called under ``Resource.ENCODER``.

    Raises
    ------
    DataError
        No customer was known then, or the vector would be too wide.
    """
    customers = kept_customers(warehouse, run)
    with embedder(run, "fit_encoder") as embed:
        fitting = _within_memory(run, warehouse, customers, embed)
        frame = _read_frame(fitting, warehouse, customers)
        encoder = fit_on_frame(
            run.spec.features,
            frame,
            fitted_day=run.as_of.timestamp() / SECONDS_PER_DAY,
            embed=embed,
        )
    _check_width(encoder, run.spec)
    if encoder.constant_columns:
        log.warning(
            "these columns are equal for all customers and have no weight: %s",
            ", ".join(encoder.constant_columns),
        )
    version = encoder_versions.insert(
        warehouse, run.spec, encoder, fitted_as_of=run.as_of, customers=len(frame)
    )
    log.info(
        "fitted encoder %d on %d customers: %d columns give %d dimensions",
        version,
        len(frame),
        len(run.spec.features),
        encoder.dimensions,
    )
    return version


def _read_frame(run: Run, warehouse: Database, customers: Customers) -> pd.DataFrame:
    """Read all customers into one frame."""
    frames: list[pd.DataFrame] = []

    def collect(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        frames.append(frame)

    snapshot_customers.read_customers(warehouse, run, customers, collect)
    if not frames:
        raise DataError(
            f"no customer is known before {run.as_of.isoformat()}, so there is nothing to fit an"
            " encoder on; choose a later date"
        )
    return pd.concat(frames, ignore_index=True)


def _within_memory(
    run: Run, warehouse: Database, customers: Customers, embed: Embedder | None
) -> Run:
    """The run with blocks that fit into memory beside the frame of all customers."""
    rows, columns = count_customers(warehouse, customers), columns_read(run, warehouse, customers)
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
