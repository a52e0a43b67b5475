"""profile_clusters: tell what each cluster has that others have not, name it, and say how good."""

import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from kindred.cluster.comparison import compare
from kindred.cluster.forecast import profile_megabytes
from kindred.cluster.medoid import find_medoids
from kindred.cluster.names import name_clusters
from kindred.cluster.quality import ClusterQuality, measure_quality
from kindred.cluster.tallies import Measure, ProfileColumn, Tallies
from kindred.cluster.traits import rank_traits
from kindred.encode.categories import CategoryBlock
from kindred.encode.encoder import FittedEncoder
from kindred.encode.forecast import Columns
from kindred.encode.numeric import NumberBlock
from kindred.features import Kind, Transform
from kindred.stages.encode import read_embeddings
from kindred.stages.memory import with_fitting_blocks
from kindred.stages.run import SEED, Run
from kindred.store import encoders, profiles, snapshots, versions
from kindred.store.binary import Array
from kindred.store.columns import Reading
from kindred.store.database import Database
from kindred.store.embeddings import Embeddings
from kindred.store.profiles import Segmentation

log = logging.getLogger(__name__)

PROFILES = "profiles"
MADE_BY = "profile_clusters"


def profile_clusters(run: Run) -> dict[str, Any]:
    """Write the artefact ``profiles``, an entry a cluster, and note how good each algorithm is."""
    with run.warehouse(MADE_BY) as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        run = _within_memory(run, warehouse, embeddings)
        table = profiles.table_of(warehouse, run.as_of)
        segmentations = _read(run, warehouse, table, len(embeddings.customers))
        counted = _count(run, warehouse, embeddings, segmentations)
        entries = [
            entry
            for one, tallies in zip(segmentations, counted.tallies, strict=True)
            for entry in _entries(run, warehouse, embeddings, one, counted, tallies)
        ]
        run.folder.write(PROFILES, {}, {"clusters": entries})
        quality = _qualities(run, warehouse, table, embeddings, segmentations)
        run.add_facts(warehouse, cluster_quality=quality)
    counts = {entry["algorithm"]: entry["clusters"] for entry in quality}
    log.info("profiled the clusters of %s", counts)
    return counts


def _within_memory(run: Run, warehouse: Database, embeddings: Embeddings) -> Run:
    """The run with blocks of customers that fit, if labels and vectors do."""
    readings = versions.profile_readings(warehouse, run.spec).values()
    # Of a text only is read whether there is one.
    kinds = (Kind.CATEGORICAL if reading.is_text else Kind.NUMERIC for reading in readings)
    row_bytes = Columns.of(kinds, 0.0).block_row_bytes
    megabytes = profile_megabytes(embeddings.vectors.shape, len(run.spec.clustering.algorithms))
    work = f"profiles of {len(embeddings.customers)} customers"
    return with_fitting_blocks(run, MADE_BY, work, megabytes, row_bytes)


def read_profiles(run: Run) -> list[dict[str, Any]]:
    """The entries that ``profile_clusters`` has written."""
    clusters: list[dict[str, Any]] = run.folder.read(PROFILES, MADE_BY).facts["clusters"]
    return clusters


def profile_columns(
    encoder: FittedEncoder, readings: dict[str, Reading], labels: tuple[str, ...]
) -> list[ProfileColumn]:
    """What of the columns is profiled: features as the encoder sees them, then labels."""
    columns = []
    for name, reading in readings.items():
        block = encoder.blocks.get(name)
        column = ProfileColumn(name, reading.kind, is_outcome=name in labels)
        if isinstance(block, CategoryBlock):
            column = replace(column, categories=block.categories)
        elif isinstance(block, NumberBlock) and block.transform is not Transform.NONE:
            column = replace(column, scale=block.transformed)
        columns.append(column)
    return columns


@dataclass(frozen=True)
class _Counted:
    """The customers, counted by cluster of every algorithm."""

    columns: list[ProfileColumn]
    measure: Measure
    tallies: list[Tallies]


def _read(run: Run, warehouse: Database, table: str, customers: int) -> list[Segmentation]:
    block_rows = run.settings.block_rows
    return [
        profiles.read_segmentation(
            warehouse, table, str(algorithm), customers, block_rows=block_rows
        )
        for algorithm in run.spec.clustering.algorithms
    ]


def _count(
    run: Run, warehouse: Database, embeddings: Embeddings, segmentations: list[Segmentation]
) -> _Counted:
    """Read the customers once, for all algorithms."""
    readings = versions.profile_readings(warehouse, run.spec)
    encoder = encoders.read(warehouse, run.encoder_version)
    columns = profile_columns(encoder, readings, run.spec.labels)
    measure = Measure(columns)
    tallies = [Tallies(columns, len(one.cluster_ids)) for one in segmentations]

    def count(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        last = len(embeddings.customers) - 1
        rows = np.minimum(np.searchsorted(embeddings.customers, keys), last)
        # Whom a later run has landed since has no vector, and is in no cluster.
        is_encoded = embeddings.customers[rows] == keys
        measured = measure(frame[is_encoded])
        for one, tally in zip(segmentations, tallies, strict=True):
            tally.add(one.labels[rows[is_encoded]], measured)

    versions.read_customers(
        warehouse,
        run.spec,
        embeddings.key_type,
        run.as_of,
        count,
        block_rows=run.settings.block_rows,
        readings=readings,
    )
    return _Counted(columns, measure, tallies)


def _entries(
    run: Run,
    warehouse: Database,
    embeddings: Embeddings,
    segmentation: Segmentation,
    counted: _Counted,
    tallies: Tallies,
) -> list[dict[str, Any]]:
    """What is published of every cluster of one algorithm."""
    outcomes = {column.name for column in counted.columns if column.is_outcome}
    comparisons = compare(counted.columns, counted.measure, tallies)
    ranked = rank_traits(comparisons, outcomes, tallies.clusters)
    ids = segmentation.cluster_ids
    known = profiles.known_names(warehouse, segmentation.algorithm, run.as_of, ids)
    names = name_clusters([profile.terms for profile in ranked], ids, known)
    described = _described(run, embeddings, segmentation)
    return [
        {**facts, "name": name, "name_terms": profile.terms, "profile": profile.to_json()}
        for facts, name, profile in zip(described, names, ranked, strict=True)
    ]


def _described(
    run: Run, embeddings: Embeddings, segmentation: Segmentation
) -> list[dict[str, Any]]:
    """Size, share, medoid and mean membership of every cluster of one algorithm."""
    labels, clusters = segmentation.labels, len(segmentation.cluster_ids)
    medoids = find_medoids(embeddings.vectors, labels, clusters, run.spec.metric)
    keys = embeddings.key_type.to_python(embeddings.customers[medoids])
    is_member = labels >= 0
    sizes = np.bincount(labels[is_member], minlength=clusters)
    firmness = np.bincount(labels[is_member], segmentation.membership[is_member], clusters)
    return [
        {
            "algorithm": segmentation.algorithm,
            "label": label,
            "cluster_id": cluster_id,
            "customers": int(sizes[label]),
            "share": float(sizes[label] / len(labels)),
            "medoid_id": str(keys[label]),
            "membership": float(firmness[label] / sizes[label]),
        }
        for label, cluster_id in enumerate(segmentation.cluster_ids)
    ]


def _qualities(
    run: Run,
    warehouse: Database,
    table: str,
    embeddings: Embeddings,
    segmentations: list[Segmentation],
) -> list[dict[str, Any]]:
    """How good every algorithm's clusters are, beside the published snapshot before."""
    before = snapshots.previous(warehouse, run.as_of)
    previous = None if before is None else before[0]
    return [
        _entry(
            one.algorithm,
            measure_quality(
                embeddings.vectors,
                one.labels,
                run.spec.metric,
                []
                if previous is None
                else profiles.common_customers(warehouse, table, one.algorithm, previous),
                seed=SEED,
            ),
            previous,
        )
        for one in segmentations
    ]


def _entry(algorithm: str, quality: ClusterQuality, previous: datetime | None) -> dict[str, Any]:
    return {
        "algorithm": algorithm,
        **asdict(quality),
        "previous_as_of": None if previous is None else previous.isoformat(),
    }
