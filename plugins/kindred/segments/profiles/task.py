"""profile_clusters: describe how each cluster differs, name it, and measure its quality."""

import logging
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding import encoder_versions
from kindred.encoding.categories import CategoryBlock
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.encoding_memory import Columns
from kindred.encoding.number_block import NumberBlock
from kindred.encoding.vectors import read_embeddings
from kindred.events.ownership import ItemCounts
from kindred.events.populations import Population, population_of, read_population
from kindred.history import snapshot_customers
from kindred.history.column_expressions import ColumnExpression
from kindred.neighbours.public_graph import public_part
from kindred.run import builds
from kindred.run.context import SEED, Run
from kindred.run.memory import with_fitting_blocks
from kindred.segments.movement_rows import Moves, moves_to
from kindred.segments.profiles import profile_rows
from kindred.segments.profiles.cluster_quality import measure_quality
from kindred.segments.profiles.comparison import compare
from kindred.segments.profiles.disclosure import (
    LEAST_ERROR_SHARE,
    error_share,
    joint_labels,
)
from kindred.segments.profiles.item_lifts import TOP_ITEMS, over_represented
from kindred.segments.profiles.joint_disclosure import SAMPLED, in_random_order
from kindred.segments.profiles.medoid import find_medoids
from kindred.segments.profiles.names import name_clusters
from kindred.segments.profiles.profile_rows import Profiles, Segmentation
from kindred.segments.profiles.tallies import Measure, ProfileColumn, Tallies
from kindred.segments.profiles.traits import rank_traits
from kindred.segments.segment_memory import items_megabytes, profile_megabytes
from kindred.spec.features import ItemsFeature, Kind, RecencyFeature, Transform
from kindred.spec.model import Spec
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

PROFILES = "profiles"
SAMPLE = "disclosure_sample"
MADE_BY = "profile_clusters"


def profile_clusters(run: Run) -> dict[str, Any]:
    """Write the artefact ``profiles`` for publish, and record the clusters' quality."""
    with run.warehouse(MADE_BY) as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        expressions = snapshot_customers.profile_expressions(warehouse, run.spec)
        population = population_of(warehouse, run, MADE_BY)
        run = _within_memory(run, embeddings, expressions, population)
        table = profile_rows.table_of(warehouse, run.as_of)
        segmentations = [
            profile_rows.read_segmentation(
                warehouse,
                table,
                str(algorithm),
                len(embeddings.customers),
                block_rows=run.settings.block_rows,
            )
            for algorithm in run.spec.clustering.algorithms
        ]
        measure, counted = _count(
            run, warehouse, embeddings, population, expressions, segmentations
        )
        shown = _of_public_columns(run, warehouse, embeddings)
        entries = [
            entry
            for one, tallies in zip(segmentations, counted, strict=True)
            for entry in _entries(run, warehouse, shown, one, measure, tallies)
        ]
        for entry, items in zip(
            entries, _items(run, population, embeddings, segmentations), strict=True
        ):
            entry["items"] = items
        moves = _moves(run, warehouse, table, segmentations)
        labels = {one.algorithm: one.labels for one in segmentations}
        write_profiles(run, Profiles(entries, moves, labels))
        _write_sample(run, embeddings, segmentations)
        quality = _qualities(run, warehouse, embeddings, segmentations, moves)
        run.add_facts(warehouse, cluster_quality=quality)
    counts = {entry["algorithm"]: entry["clusters"] for entry in quality}
    log.info("profiled the clusters of %s", counts)
    return counts


def _within_memory(
    run: Run,
    embeddings: Embeddings,
    expressions: dict[str, ColumnExpression],
    population: Population,
) -> Run:
    """The run with blocks that fit into memory beside labels and vectors."""
    # Of a text column, only whether there is a text is read.
    kinds = (
        Kind.CATEGORICAL if expression.is_text else Kind.NUMERIC
        for expression in expressions.values()
    )
    row_bytes = Columns.of(kinds, 0.0).block_row_bytes
    megabytes = profile_megabytes(embeddings.vectors.shape, len(run.spec.clustering.algorithms))
    if run.spec.hidden_features:  # their blocks, by segment, and the others
        megabytes += 2 * embeddings.vectors.nbytes // 2**20
    if population.behaviour is not None:
        megabytes += items_megabytes(population.behaviour)
    work = f"profiles of {len(embeddings.customers)} customers"
    return with_fitting_blocks(run, MADE_BY, work, megabytes, row_bytes)


def write_profiles(run: Run, found: Profiles) -> None:
    """Hand the profiles on to publish."""
    facts = {"clusters": found.clusters, "moves": [asdict(one) for one in found.moves]}
    run.folder.write(PROFILES, found.labels, facts)


def read_profiles(run: Run, made_by: str = MADE_BY) -> Profiles:
    """Read what `write_profiles` wrote, in ``profile_clusters`` or in another task in its place."""
    found = run.folder.read(PROFILES, made_by)
    moves = [Moves(**one) for one in found.facts["moves"]]
    return Profiles(found.facts["clusters"], moves, found.arrays)


def _write_sample(run: Run, embeddings: Embeddings, segmentations: list[Segmentation]) -> None:
    """Write the customers by whom publish judges what several nights would give away."""
    if not run.spec.hidden_features:
        return
    rows = np.sort(in_random_order(embeddings.customers)[:SAMPLED])
    labels = [one.labels[rows] for one in segmentations]
    numbers = np.column_stack([*labels, embeddings.vectors[rows]]).astype(np.float64)
    run.folder.write(SAMPLE, {"customers": embeddings.customers[rows], "numbers": numbers}, {})


def profile_columns(
    encoder: FittedEncoder, kinds: dict[str, Kind], labels: tuple[str, ...]
) -> list[ProfileColumn]:
    """The columns to profile: features as the encoder treats them, then labels."""
    columns = []
    for name, kind in kinds.items():
        block = encoder.blocks.get(name)
        column = ProfileColumn(name, kind, is_outcome=name in labels)
        if isinstance(block, CategoryBlock):
            column = replace(column, categories=block.categories)
        elif isinstance(block, NumberBlock) and block.transform is not Transform.NONE:
            column = replace(column, scale=block.transformed)
        columns.append(column)
    return columns


def event_kinds(spec: Spec) -> dict[str, Kind]:
    """What the features of events that readers see are in profiles: numbers, or dates.

    Of items, those that are over-represented say more than how many there are.
    """
    return {
        name: Kind.DATE if isinstance(feature, RecencyFeature) else Kind.NUMERIC
        for name, feature in spec.event_features.items()
        if name not in spec.private and not isinstance(feature, ItemsFeature)
    }


def _count(
    run: Run,
    warehouse: Database,
    embeddings: Embeddings,
    population: Population,
    expressions: dict[str, ColumnExpression],
    segmentations: list[Segmentation],
) -> tuple[Measure, list[Tallies]]:
    """Read the customers once and tally them for all algorithms."""
    encoder = encoder_versions.read(warehouse, run.encoder_version)
    kinds = event_kinds(run.spec) | {name: found.kind for name, found in expressions.items()}
    columns = profile_columns(encoder, kinds, run.spec.labels)
    measure = Measure(columns)
    tallies = [Tallies(columns, len(one.cluster_ids)) for one in segmentations]

    def count(
        keys: Array, updated_at: Array, frame: pd.DataFrame, purchases: dict[str, ItemCounts]
    ) -> None:
        last = len(embeddings.customers) - 1
        rows = np.minimum(np.searchsorted(embeddings.customers, keys), last)
        # A customer who has landed since has no vector, and is in no cluster.
        is_encoded = embeddings.customers[rows] == keys
        measured = measure(frame[is_encoded])
        for one, tally in zip(segmentations, tallies, strict=True):
            tally.add(one.labels[rows[is_encoded]], measured)

    read_population(warehouse, run, population, count, expressions)
    return measure, tallies


def _of_public_columns(run: Run, warehouse: Database, embeddings: Embeddings) -> Embeddings:
    """The vectors that medoids are found by: who is typical by a private column has its mean."""
    if not run.spec.hidden_features:
        return embeddings
    blocks = encoder_versions.read(warehouse, run.encoder_version).column_blocks
    vectors = public_part(embeddings.vectors, blocks, run.spec.hidden_features)
    return replace(embeddings, vectors=vectors)


def _entries(
    run: Run,
    warehouse: Database,
    embeddings: Embeddings,
    segmentation: Segmentation,
    measure: Measure,
    tallies: Tallies,
) -> list[dict[str, Any]]:
    """The published entries of all clusters of one algorithm."""
    outcomes = {column.name for column in measure.columns if column.is_outcome}
    ranked = rank_traits(compare(measure, tallies), outcomes, tallies.clusters)
    ids = segmentation.cluster_ids
    known = profile_rows.known_names(warehouse, segmentation.algorithm, run.as_of, ids)
    names = name_clusters([profile.terms for profile in ranked], ids, known)
    described = _described(run, embeddings, segmentation)
    return [
        {**facts, "name": name, "name_terms": profile.terms, "profile": profile.to_json()}
        for facts, name, profile in zip(described, names, ranked, strict=True)
    ]


def _items(
    run: Run,
    population: Population,
    embeddings: Embeddings,
    segmentations: list[Segmentation],
) -> list[list[dict[str, Any]]]:
    """The most over-represented items of every cluster of every algorithm."""
    found: list[list[list[dict[str, Any]]]] = [
        [[] for _ in one.cluster_ids] for one in segmentations
    ]
    behaviour = population.behaviour
    purchases = {} if behaviour is None else behaviour.purchases(embeddings.customers)
    for feature, owned in purchases.items():
        if feature in run.spec.private:
            continue
        for one, clusters in zip(segmentations, found, strict=True):
            sizes = np.bincount(one.labels[one.labels >= 0], minlength=len(clusters)).tolist()
            lifts = over_represented(owned.counts, one.labels, len(clusters), TOP_ITEMS)
            for label, entries in enumerate(clusters):
                entries += lifts.to_json(label, feature, owned.items, sizes[label])
    return [entries for clusters in found for entries in clusters]


def _described(
    run: Run, embeddings: Embeddings, segmentation: Segmentation
) -> list[dict[str, Any]]:
    """Size, share, medoid and mean membership of every cluster of one algorithm."""
    labels, clusters = segmentation.labels, len(segmentation.cluster_ids)
    medoids = find_medoids(embeddings.vectors, labels, clusters, run.spec.metric)
    keys = embeddings.key_type.to_python(embeddings.customers[medoids])
    is_member = labels >= 0
    sizes = np.bincount(labels[is_member], minlength=clusters)
    membership = np.bincount(labels[is_member], segmentation.membership[is_member], clusters)
    return [
        {
            "algorithm": segmentation.algorithm,
            "label": label,
            "cluster_id": cluster_id,
            "customers": int(sizes[label]),
            "share": float(sizes[label] / len(labels)),
            "medoid_id": str(keys[label]),
            "membership": float(membership[label] / sizes[label]),
        }
        for label, cluster_id in enumerate(segmentation.cluster_ids)
    ]


def _moves(
    run: Run, warehouse: Database, table: str, segmentations: list[Segmentation]
) -> list[Moves]:
    """Who moved where since the previous published snapshot; none if there is none."""
    before = builds.previous(warehouse, run.as_of)
    if before is None:
        return []
    return [
        moves_to(warehouse, table, run.as_of, one.algorithm, before[0]) for one in segmentations
    ]


def _qualities(
    run: Run,
    warehouse: Database,
    embeddings: Embeddings,
    segmentations: list[Segmentation],
    moves: list[Moves],
) -> list[dict[str, Any]]:
    """The quality of every algorithm's clusters, compared with the previous published snapshot."""
    moved = {one.algorithm: one for one in moves}
    revealed_by = _revealed(run, warehouse, embeddings, segmentations)
    entries = []
    for one in segmentations:
        since = moved.get(one.algorithm)
        common = [] if since is None else since.common()
        quality = measure_quality(
            embeddings.vectors, one.labels, run.spec.metric, common, seed=SEED
        )
        previous_as_of = None if since is None else since.from_as_of
        figures = {**asdict(quality), "previous_as_of": previous_as_of}
        revealed = revealed_by.get(one.algorithm, [])
        entries.append({"algorithm": one.algorithm, **figures, "revealed": revealed})
    return entries


def _revealed(
    run: Run, warehouse: Database, embeddings: Embeddings, segmentations: list[Segmentation]
) -> dict[str, list[str]]:
    """The hidden features that segments would give away to readers, by algorithm.

    Each algorithm is judged together with those before it that are shown.
    """
    if not run.spec.hidden_features:
        return {}
    encoder = encoder_versions.read(warehouse, run.encoder_version)
    shown: NDArray[np.int32] | None = None
    found = {}
    for one in segmentations:
        labels = joint_labels(shown, one.labels)
        revealed = []
        for column in run.spec.hidden_features:
            block = embeddings.vectors[:, slice(*encoder.column_blocks[column])]
            is_category = isinstance(encoder.blocks[column], CategoryBlock)
            if error_share(block, labels, is_category=is_category) < LEAST_ERROR_SHARE:
                revealed.append(column)
        if not revealed:
            shown = labels
            continue
        found[one.algorithm] = revealed
        log.warning(
            "the segments of %s would give private columns away (%s) and are not shown to readers:"
            " lower the weights of these columns, or say 'publish_distances: true'",
            one.algorithm,
            ", ".join(revealed),
        )
    return found
