"""Tasks ``measure_recommendations`` and ``recommend``: items for customers, and their quality."""

import logging
from typing import Any

import numpy as np
from scipy import sparse

from kindred.encoding import encoder_versions
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.vectors import read_embeddings
from kindred.errors import CustomerValueError, DataError, SettingsError
from kindred.events.event_rows import read_events
from kindred.events.feature_values import compute_features
from kindred.events.lines import EventRows
from kindred.neighbours.threads import cut
from kindred.recommendations import recommendation_rows
from kindred.recommendations.catalogue_rows import (
    Listing,
    extract_catalogue,
    land_catalogue,
    listing_of,
)
from kindred.recommendations.everyone import PART_CUSTOMERS, Profiles, recommend_everyone
from kindred.recommendations.lists import Catalogue, Recommendations, most_popular
from kindred.recommendations.measuring import MADE_BY, NotMeasurableError, measure
from kindred.recommendations.parameters import Parameters, grid
from kindred.recommendations.quality import NEIGHBOURS, POPULAR
from kindred.recommendations.quality_rows import Measured, rows_of, rows_without
from kindred.recommendations.recommendation_memory import LISTED_ROW_BYTES, everyone_megabytes
from kindred.recommendations.recommendation_rows import Listed
from kindred.recommendations.repurchases import due_items
from kindred.recommendations.similar_by import (
    Part,
    Vectors,
    are_items_private,
    compared_blocks,
    item_names,
    measured_settings,
    part_of,
    profile_columns,
    settings_of,
    side_by_side,
)
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import with_fitting_blocks
from kindred.spec.event_columns import ITEM
from kindred.spec.features import ItemsFeature
from kindred.warehouse.copy_writer import microseconds_of
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def copy_catalogue(run: Run, *, is_newest: bool = False) -> dict[str, Any]:
    """Part of ``extract``: read the catalogue, if this window brings it.

    ``is_newest``: it is that of the fit before a backfill, whose dates bring none.
    """
    asked = run.spec.recommendations
    if asked is None or asked.catalogue is None:
        return {}
    label = run.label("extract")
    with (
        run.deployment.reader(asked.catalogue.connection, label) as origin,
        run.warehouse("extract") as warehouse,
    ):
        return {
            "catalogue": extract_catalogue(
                run, origin, warehouse, asked.catalogue, may_land=is_newest or run.build.may_fit
            )
        }


def keep_catalogue(run: Run) -> dict[str, Any]:
    """Part of ``validate``: land what `copy_catalogue` has read."""
    asked = run.spec.recommendations
    if asked is None or asked.catalogue is None:
        return {}
    with run.warehouse("validate") as warehouse:
        return {"catalogue": land_catalogue(run, warehouse, asked.catalogue)}


def measure_recommendations(run: Run) -> dict[str, Any]:
    """Measure the recommendations by the run's encoder, once, as of the date it was fitted for.

    Where that is not possible, the neighbours' lists are published with the simplest parameters,
    and the reason is recorded: quality never stops a snapshot.
    """
    measured = Measured(run.encoder_version, measured_settings(run.spec))
    with run.warehouse(MADE_BY) as warehouse:
        known = measured.find(warehouse)
        if known is None:
            methods = _methods(run, warehouse)
            measured.insert(warehouse, item_names(run.spec), methods)
            known = measured.read(warehouse)
    return {"encoder_version": run.encoder_version, "published": known[0]}


def _methods(run: Run, warehouse: Database) -> list[dict[str, Any]]:
    """The rows of what can be measured, or of the reason why nothing can."""
    as_of = encoder_versions.fitted_as_of(warehouse, run.encoder_version)
    try:
        found = measure(run, warehouse, as_of)
    except (DataError, SettingsError, MemoryError, np.linalg.LinAlgError) as error:
        reason = "it could not be measured; the log of task measure_recommendations says why"
        is_told = isinstance(error, NotMeasurableError | SettingsError)
        if is_told and not isinstance(error, CustomerValueError):
            reason = str(error)
        log.warning("the recommendations could not be measured: %s", error)
        asked = settings_of(run.spec)
        published = NEIGHBOURS if compared_blocks(run.spec) else POPULAR
        return rows_without(reason, grid(asked.neighbours)[0], asked.items, as_of, published)
    for one in found.quality.methods:
        log.info(
            "%s: recall@%d %.4f [%.4f, %.4f]",
            *(one.method, one.k, one.recall.value, one.recall.low, one.recall.high),
        )
    return rows_of(found.quality, found.start, found.end)


def recommend(run: Run) -> dict[str, Any]:
    """Fill the tables of recommendations aside; running it again ends in the same tables."""
    asked = settings_of(run.spec)
    measured = Measured(run.encoder_version, measured_settings(run.spec))
    with run.warehouse("recommend") as warehouse:
        method, parameters = measured.read(warehouse)
        embeddings = read_embeddings(run, run.key_type(warehouse))
        if are_items_private(run.spec):
            log.warning("the items of %r are private: nothing is recommended", asked.of)
            listed, listing = _nothing(run, embeddings), None
        else:
            encoder = encoder_versions.read(warehouse, run.encoder_version)
            chosen = parameters if method == NEIGHBOURS else None
            run, listed, listing = _recommend(run, warehouse, encoder, embeddings, chosen)
        recommendation_rows.load(
            warehouse,
            run.spec.internal_schema,
            listed,
            block_rows=run.settings.block_rows,
            wait_seconds=run.settings.lock_wait_seconds,
        )
        landed_at = None if listing is None else listing.landed_at
        run.add_facts(
            warehouse,
            recommended={
                **listed.counts,
                "methods": listed.methods,
                "item_names": item_names(run.spec),
                "catalogue_as_of": None if landed_at is None else landed_at.isoformat(),
            },
        )
    log.info("recommended by %s: %s", method, listed.counts)
    return {"method": method, **listed.counts}


def _recommend(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    embeddings: Embeddings,
    parameters: Parameters | None,
) -> tuple[Run, Listed, Listing]:
    """The lists of all customers; and the run, with blocks that fit into memory."""
    asked, customers = settings_of(run.spec), len(embeddings.customers)
    threads = cores(run.settings.graph_threads)
    rows = read_events(
        warehouse,
        run,
        asked.of,
        embeddings.customers,
        run.as_of,
        days=asked.owned_days,
        columns={ITEM},
        stage="recommend",
    ).without_signs_of(run.spec.private)
    owned = _owned(run, rows, customers, threads)
    due = _due(run, rows, owned) if asked.include_owned else None
    listing = listing_of(warehouse, run.spec, rows.items, run.as_of)
    items = rows.items
    del rows
    run = _within_memory(run, embeddings, encoder, owned, threads)
    vectors = _compared(run, encoder, embeddings, parameters)
    profiles = _profiles(run, encoder, embeddings, vectors)
    catalogue = Catalogue.of(owned, listing.available)
    parts = recommend_everyone(
        catalogue,
        vectors,
        asked.items,
        parameters=parameters,
        neighbours=asked.neighbours,
        seed=SEED,
        profiles=profiles,
        due=due,
        threads=threads,
    )
    lists = Recommendations.joined(list(parts))
    listed = Listed(
        run.as_of,
        embeddings.key_type,
        embeddings.customers,
        catalogue,
        items,
        listing.names,
        lists,
    )
    return run, listed, listing


def _within_memory(
    run: Run, embeddings: Embeddings, encoder: FittedEncoder, owned: Any, threads: int
) -> Run:
    """The run with blocks that fit into memory beside the lists of all customers."""
    asked, (customers, items) = settings_of(run.spec), owned.shape
    blocks = (encoder.column_blocks[name] for name in compared_blocks(run.spec))
    width = sum(stop - start for start, stop in blocks)
    megabytes = everyone_megabytes(
        (customers, width), owned.nnz, items, asked.items, asked.neighbours, threads
    )
    # As they are mapped, and the columns for customers without purchases.
    megabytes += 2 * embeddings.vectors.nbytes // 2**20
    work = f"recommendations to {customers} customers"
    return with_fitting_blocks(run, "recommend", work, megabytes, LISTED_ROW_BYTES)


def _owned(run: Run, rows: EventRows, customers: int, threads: int) -> Any:
    """What all customers own, csr_array of int32 (customers, items)."""
    owned = {"owned": ItemsFeature(of=settings_of(run.spec).of)}
    as_of = microseconds_of(run.as_of)
    found = compute_features(owned, rows, customers, as_of, threads=threads)
    return found.purchases["owned"].counts


def _due(run: Run, rows: EventRows, owned: Any) -> Any:
    """What is due again, csr_array of int32 (customers, items); some customers at a time."""
    as_of = microseconds_of(run.as_of)
    parts = [
        due_items(rows.part(start, stop).lines, owned[start:stop], as_of)
        for start, stop in cut(owned.shape[0], PART_CUSTOMERS)
    ]
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def _compared(
    run: Run, encoder: FittedEncoder, embeddings: Embeddings, parameters: Parameters | None
) -> Vectors:
    """The vectors of the graph; without columns where everybody gets the most popular items."""
    blocks = compared_blocks(run.spec)
    if parameters is None or not blocks:
        return np.empty((len(embeddings.customers), 0), dtype=np.float32)
    parts = [part_of(encoder, embeddings.vectors, name) for name in blocks]
    return side_by_side(parts)


def _profiles(
    run: Run, encoder: FittedEncoder, embeddings: Embeddings, vectors: Vectors
) -> Profiles | None:
    """The rest of the vectors, if anybody has no buying profile."""
    columns = profile_columns(run.spec)
    if not columns or not vectors.shape[1] or vectors.any(axis=1).all():
        return None
    parts: list[Part] = [part_of(encoder, embeddings.vectors, name) for name in columns]
    return Profiles(np.hstack([part.columns for part in parts]), run.spec.metric)


def _nothing(run: Run, embeddings: Embeddings) -> Listed:
    """No items, and empty lists."""
    customers = len(embeddings.customers)
    catalogue = Catalogue.of(sparse.csr_array((customers, 0), dtype=np.int32))
    lists = most_popular(catalogue, np.arange(customers, dtype=np.int32), 1)
    nameless = np.empty(0, dtype=object)
    return Listed(
        run.as_of,
        embeddings.key_type,
        embeddings.customers,
        catalogue,
        np.empty(0, dtype=np.str_),
        nameless,
        lists,
    )
