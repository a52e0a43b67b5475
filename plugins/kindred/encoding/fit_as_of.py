"""Fit an encoder on the customers of a snapshot, and store it as a new version."""

import logging

import pandas as pd

from kindred.encoding import encoder_versions
from kindred.encoding.drift import day_of
from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.encoder import fit_encoder as fit_on_frame
from kindred.encoding.encoding_memory import fit_items_megabytes, fit_megabytes
from kindred.encoding.text_embedding import Embedder, embedder, weights_of
from kindred.encoding.vectors import columns_read
from kindred.errors import DataError
from kindred.events.ownership import ItemCounts
from kindred.events.populations import Population, kept_population, read_population
from kindred.history.snapshot_customers import count_customers
from kindred.progress.steps import step
from kindred.run.context import Run
from kindred.run.memory import with_fitting_blocks
from kindred.spec.index_methods import index_advice, max_dimensions
from kindred.spec.model import Spec
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database
from kindred.warehouse.keys import concatenate_keys

log = logging.getLogger(__name__)


def fit_as_of(warehouse: Database, run: Run) -> int:
    """Fit an encoder on the customers of a run and store it; return its version.

    Must be called under ``Resource.ENCODER``.

    Raises
    ------
    DataError
        No customer was known then, or the vector would be too wide.
    """
    population = kept_population(warehouse, run, "fit_encoder")
    with embedder(run, "fit_encoder") as embed:
        fitting = _within_memory(run, warehouse, population, embed)
        frame, purchases = _read(fitting, warehouse, population)
        with step(f"fitting an encoder on {len(frame)} customers"):
            encoder = fit_on_frame(
                run.spec.features,
                frame,
                fitted_day=day_of(run.as_of),
                embed=embed,
                purchases=purchases,
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


def _read(
    run: Run, warehouse: Database, population: Population
) -> tuple[pd.DataFrame, dict[str, ItemCounts]]:
    """Read all customers into one frame, with their purchases."""
    frames: list[pd.DataFrame] = []
    blocks: list[Array] = []

    def collect(
        keys: Array, updated_at: Array, frame: pd.DataFrame, purchases: dict[str, ItemCounts]
    ) -> None:
        frames.append(frame)
        blocks.append(keys)
        counted.advance(len(keys))

    customers = count_customers(warehouse, population.customers)
    with step("reading", customers, "customers") as counted:
        read_population(warehouse, run, population, collect)
    if not frames:
        raise DataError(
            f"no customer is known before {run.as_of.isoformat()}, so there is nothing to fit an"
            " encoder on; choose a later date"
        )
    keys = concatenate_keys(run.key_type(warehouse), blocks)
    purchases = {} if population.behaviour is None else population.behaviour.purchases(keys)
    return pd.concat(frames, ignore_index=True), purchases


def _within_memory(
    run: Run, warehouse: Database, population: Population, embed: Embedder | None
) -> Run:
    """The run with blocks that fit into memory beside the frame of all customers."""
    customers = population.customers
    rows, columns = count_customers(warehouse, customers), columns_read(run, warehouse, customers)
    features = run.spec.features
    width = 0 if embed is None else embed.dimensions
    megabytes = fit_megabytes(rows, columns, features.values(), width)
    megabytes += round(2 * weights_of(run.spec))
    if population.behaviour is not None:
        megabytes += fit_items_megabytes(features, population.behaviour)
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
