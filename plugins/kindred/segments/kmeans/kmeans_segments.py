"""Segments by k-means, starting from the centroids that are stored with the encoder."""

import json
import logging
from typing import Any

import numpy as np
from psycopg2.extras import Json

from kindred.encoding import encoder_versions
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import vectors_as_of
from kindred.neighbours.distinct import Distinct
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.segments.clusters import Clusters
from kindred.segments.kmeans.kmeans import Centroids, cluster_kmeans, find_centroids
from kindred.segments.segment_memory import kmeans_megabytes
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def cluster_by_kmeans(
    run: Run, warehouse: Database, embeddings: Embeddings, distinct: Distinct
) -> Clusters:
    """Cluster by k-means; all snapshots of an encoder start from the same centroids."""
    vectors = embeddings.vectors
    require_memory(run, "cluster", "kmeans", kmeans_megabytes(vectors.shape))
    return cluster_kmeans(
        vectors,
        run.spec.clustering.kmeans,
        run.spec.metric,
        seed=SEED,
        threads=cores(run.settings.graph_threads),
        start=_start(run, warehouse, embeddings, distinct),
        distinct=distinct,
    )


def _start(run: Run, warehouse: Database, embeddings: Embeddings, distinct: Distinct) -> Centroids:
    """The centroids of the customers that the encoder was fitted on, computed once and stored.

    They do not depend on which snapshot computes them, so the order of the dates does not matter.
    """
    wanted = {"metric": run.spec.metric, **run.spec.clustering.kmeans.model_dump(mode="json")}
    names = {
        "encoder_version": run.encoder_version,
        "settings": json.dumps(wanted, sort_keys=True),
    }
    stored = _stored(warehouse, names)
    if stored is not None:
        return stored
    known: Distinct | None = distinct
    vectors = embeddings.vectors
    fitted_as_of = encoder_versions.fitted_as_of(warehouse, run.encoder_version)
    if fitted_as_of != run.as_of:
        vectors, known = vectors_as_of(run, warehouse, fitted_as_of, "cluster"), None
    found = find_centroids(
        vectors,
        run.spec.clustering.kmeans,
        run.spec.metric,
        seed=SEED,
        threads=cores(run.settings.graph_threads),
        distinct=known,
    )
    log.info("found %d starting centroids for encoder %d", len(found.values), run.encoder_version)
    figures = {"centers": found.values.tolist(), "figures": Json(found.figures)}
    warehouse.run("segments/insert_centroids", names | figures)
    return _stored(warehouse, names) or found  # maybe those of a faster run


def _stored(warehouse: Database, names: dict[str, Any]) -> Centroids | None:
    """The centroids stored with an encoder for these settings, if any."""
    row = warehouse.row("segments/read_centroids", names)
    return None if row is None else Centroids(np.array(row[0], dtype=np.float64), row[1])
