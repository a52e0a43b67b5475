"""Tasks ``embed_texts``, ``fit_encoder`` and ``encode``: turn customers into vectors."""

import logging
from collections.abc import Iterable
from typing import Any

from kindred.encoding import encoder_versions, vectors
from kindred.encoding.column_profile import INDEX_DECIMALS, Profile
from kindred.encoding.column_quality import (
    empty_profile,
    hand_on,
    handed_on,
    profile_of,
    quality_of,
)
from kindred.encoding.embeddings import centroid_of_customers
from kindred.encoding.encoding_memory import embedding_megabytes
from kindred.encoding.fit_as_of import fit_as_of
from kindred.encoding.text_embedding import embed_new_texts, embedder, weights_of
from kindred.events.behaviour_rows import load_behaviour
from kindred.events.populations import kept_population
from kindred.history.snapshot_customers import is_kept, kept_customers
from kindred.run import builds
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.run.context import Run
from kindred.run.memory import require_memory, with_fitting_blocks
from kindred.spec.features import Refit
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def embed_texts(run: Run) -> dict[str, Any]:
    """Embed the snapshot's texts that are not cached, for every column of method sentence."""
    if run.spec.sentence_columns:
        forecast = embedding_megabytes(weights_of(run.spec))
        require_memory(run, "embed_texts", "embedding of texts", forecast)
    with run.warehouse("embed_texts") as warehouse:
        return embed_new_texts(warehouse, run.spec, kept_customers(warehouse, run))


def fit_encoder(run: Run) -> dict[str, Any]:
    """Set the encoder version of the build; fit one if there is none or a refit is due."""
    chosen = run.build.encoder_version
    with run.warehouse("fit_encoder") as warehouse, run.locked(warehouse, Resource.ENCODER):
        reason, profile = _reason_to_refit(run, warehouse, chosen)
        hand_on(run, chosen, profile)
        if chosen is not None and reason is None:
            return {"encoder_version": chosen, "fitted": False}
        version = encoder_versions.find(warehouse, run.spec, run.as_of)
        is_new = version is None
        if version is None:
            version = fit_as_of(warehouse, run)
        builds.set_encoder(warehouse, run.as_of, run.build.run_id, version)
        run.add_facts(warehouse, refit=reason)
    return {"encoder_version": version, "fitted": is_new}


def refit_is_due(run: Run, warehouse: Database, indices: Iterable[float]) -> bool:
    """What ``fit_encoder`` finds for customers whose columns have these stability indices.

    Recorded indices are rounded: one at the limit counts as above it.
    """
    depends_on_drift, reason = _refit_policy(run, warehouse, run.build.encoder_version)
    if not depends_on_drift:
        return reason is not None
    return bool(max(indices, default=0.0) >= run.spec.refit_drift - 10**-INDEX_DECIMALS)


def _refit_policy(run: Run, warehouse: Database, chosen: int | None) -> tuple[bool, str | None]:
    """Whether drift decides about a refit; where it does not, the reason for one, if any."""
    refit = run.spec.refit
    if chosen is None or not run.build.may_refit or refit is Refit.NEVER:
        return False, None
    if encoder_versions.was_withdrawn(warehouse, run.spec, run.as_of):
        return False, None
    fitted = encoder_versions.find(warehouse, run.spec, run.as_of)
    if fitted is not None:
        return False, None if fitted == chosen else "fitted by an earlier try"
    return refit is not Refit.ALWAYS, "refit: always" if refit is Refit.ALWAYS else None


def _reason_to_refit(
    run: Run, warehouse: Database, chosen: int | None
) -> tuple[str | None, Profile | None]:
    """The reason to replace the chosen encoder by a new one; None to keep it.

    The second value is the profile that drift was measured by, in the bins of the chosen encoder.
    """
    depends_on_drift, reason = _refit_policy(run, warehouse, chosen)
    if chosen is None or not depends_on_drift:
        return reason, None
    encoder = encoder_versions.read(warehouse, chosen)
    population = kept_population(warehouse, run, "fit_encoder")
    row_bytes = vectors.columns_read(run, warehouse, population.customers).block_row_bytes
    run = with_fitting_blocks(run, "fit_encoder", "drift of columns", BASE_MEGABYTES, row_bytes)
    profile = profile_of(run, warehouse, encoder, population)
    drifted = profile.drifted(run.spec.refit_drift)
    if not drifted:
        return None, profile
    reason = ", ".join(f"{column} {index:.2f}" for column, index in sorted(drifted.items()))
    log.warning("encoder %d no longer fits the data, stability index: %s", chosen, reason)
    return f"drift: {reason}", profile


def encode(run: Run) -> dict[str, Any]:
    """Encode the customers of the snapshot as the vectors that all later tasks read."""
    with embedder(run, "encode") as embed, run.warehouse("encode") as warehouse:
        encoder = encoder_versions.read(warehouse, run.encoder_version)
        if not is_kept(warehouse, run):
            # Found again after the run has ended: what was counted of them before may be of others.
            hand_on(run, None, None)
        population = kept_population(warehouse, run, "encode")
        run = vectors.within_memory(run, warehouse, encoder, embed, population, "encode")
        counted = handed_on(run, encoder)
        profile = counted or empty_profile(run, encoder)
        embeddings = vectors.encode_customers(
            run, warehouse, encoder, embed, population, None if counted else profile
        )
        vectors.write_embeddings(run, embeddings)
        if population.behaviour is not None:
            load_behaviour(warehouse, run, population.behaviour)
        run.add_facts(
            warehouse,
            quality=quality_of(run, warehouse, encoder, profile),
            center=centroid_of_customers(embeddings.vectors).tolist(),
        )
    rows = len(embeddings.customers)
    log.info("encoded %d customers into %d dimensions", rows, encoder.dimensions)
    return {"customers": rows, "dimensions": encoder.dimensions}
