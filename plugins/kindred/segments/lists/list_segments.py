"""Segments by IVFFlat lists: from the index that the run publishes, or computed outside."""

import logging
from dataclasses import dataclass

import numpy as np

from kindred.encoding.embeddings import Embeddings
from kindred.errors import DataError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct
from kindred.run import builds
from kindred.run.context import SEED, Run
from kindred.segments.clusters import NOISE, Clusters
from kindred.segments.lists.index_pages import (
    IndexLists,
    IndexPages,
    has_reader,
    open_index,
    read_lists,
    staged_keys,
)
from kindred.segments.lists.list_clusters import (
    cluster_into_lists,
    clusters_of_lists,
    nearest_lists,
)
from kindred.serving import index_builds
from kindred.serving.generations import StagedEmbeddings
from kindred.serving.index_plan import usual_lists
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where the lists come from: a generation's index, or the reason and number for k-means.

    ``delta``: the table of staged changes that publish will insert into the index.
    """

    generation: int | None
    lists: int | None
    pages: IndexPages | None
    delta: str | None
    why: str


def cluster_lists(
    run: Run, warehouse: Database, embeddings: Embeddings, distinct: Distinct
) -> Clusters:
    """Cluster customers by list, read from the index's pages if possible, else by k-means.

    Raises
    ------
    DataError
        It is not known yet which index the run will publish.
    """
    source = _find_source(run, warehouse)
    if source.pages is None:
        lists = source.lists or usual_lists(len(embeddings.customers))
        log.info("lists by k-means: %s", source.why)
        return cluster_into_lists(
            embeddings.vectors, run.spec.metric, lists, seed=SEED, why=source.why, distinct=distinct
        )
    block_rows = run.settings.block_rows
    with warehouse.repeatable_read():
        found = read_lists(
            source.pages, embeddings.key_type, embeddings.customers, block_rows=block_rows
        )
        if source.delta is not None:
            changed = staged_keys(
                warehouse, source.delta, embeddings.key_type, block_rows=block_rows
            )
            found.lists[np.isin(embeddings.customers, changed)] = NOISE
    inserted = _insert(run, embeddings, found)
    method = f"ivfflat lists of build {source.generation}"
    if inserted:
        method += ", new vectors by nearest centre"
        log.info("assigned %d customers to the list of the nearest centroid", inserted)
    return clusters_of_lists(
        embeddings.vectors,
        run.spec.metric,
        found.centroids,
        found.lists,
        method=method,
        generation=source.generation,
    )


def _insert(run: Run, embeddings: Embeddings, found: IndexLists) -> int:
    """Assign customers not in the index yet to the list pgvector will choose; return how many."""
    is_missing = (found.lists == NOISE) & eligible(run.spec.metric, embeddings.vectors)
    rows = np.flatnonzero(is_missing)
    if len(rows):
        vectors = embeddings.vectors[rows]
        found.lists[rows] = nearest_lists(vectors, run.spec.metric, found.centroids)
    return len(rows)


def _find_source(run: Run, warehouse: Database) -> Source:
    staged = _staged(run)
    is_past = staged.mode == "skip"
    generation = staged.generation if staged.mode == "generation" else staged.base_generation
    if is_past:
        generation = builds.current(warehouse).generation
    table, lists = index_builds.table_and_lists(warehouse, generation)
    if is_past:
        return Source(None, lists, None, None, "a snapshot of the past has no index")
    schema = run.spec.internal_schema
    pages = None if table is None else open_index(warehouse, schema, table)
    if pages is None:
        return Source(None, lists, None, None, "there is no ivfflat index")
    if not has_reader(warehouse, schema):
        return Source(None, lists, None, None, "pages cannot be read")
    delta = staged.table if staged.mode == "delta" else None
    return Source(generation, lists, pages, delta, "")


def _staged(run: Run) -> StagedEmbeddings:
    facts = run.reopened().build.facts
    if "embeddings" not in facts:
        raise DataError(
            f"snapshot {run.as_of.isoformat()}: algorithm 'ivfflat' reads the index that task"
            " 'build_embeddings' builds, which has not come to its end; clear that task and then"
            " 'cluster'"
        )
    return StagedEmbeddings(**facts["embeddings"])
