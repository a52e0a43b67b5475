"""Segments by IVFFlat lists: from the index that the run publishes, or computed outside."""

import logging

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


def cluster_lists(
    run: Run, warehouse: Database, embeddings: Embeddings, distinct: Distinct
) -> Clusters:
    """Cluster customers by list, read from the index's pages if possible, else by k-means.

    Raises
    ------
    DataError
        It is not known yet which index the run will publish.
    """
    vectors, metric = embeddings.vectors, run.spec.metric
    staged = _staged(run)
    generation = staged.generation if staged.mode == "generation" else staged.base_generation
    if staged.mode == "skip":
        generation = builds.current(warehouse).generation
    table, lists = index_builds.table_and_lists(warehouse, generation)
    pages = _pages_or_reason(run, warehouse, staged, table)
    if isinstance(pages, str):
        log.info("lists by k-means: %s", pages)
        lists = lists or usual_lists(len(vectors))
        return cluster_into_lists(vectors, metric, lists, seed=SEED, why=pages, distinct=distinct)
    found = _read_lists(run, warehouse, embeddings, staged, pages)
    method = f"ivfflat lists of build {generation}"
    inserted = np.flatnonzero((found.lists == NOISE) & eligible(metric, vectors))
    if len(inserted):
        # They are not in the index yet; this is the list that pgvector will choose.
        found.lists[inserted] = nearest_lists(vectors[inserted], metric, found.centroids)
        method += ", new vectors by nearest centre"
        log.info("assigned %d customers to the list of the nearest centroid", len(inserted))
    return clusters_of_lists(
        vectors, metric, found.centroids, found.lists, method=method, generation=generation
    )


def _pages_or_reason(
    run: Run, warehouse: Database, staged: StagedEmbeddings, table: str | None
) -> IndexPages | str:
    """The pages of a generation's index, or the reason why its lists cannot be read."""
    if staged.mode == "skip":
        return "a snapshot of the past has no index"
    schema = run.spec.internal_schema
    pages = None if table is None else open_index(warehouse, schema, table)
    if pages is None:
        return "there is no ivfflat index"
    return pages if has_reader(warehouse, schema) else "pages cannot be read"


def _read_lists(
    run: Run,
    warehouse: Database,
    embeddings: Embeddings,
    staged: StagedEmbeddings,
    pages: IndexPages,
) -> IndexLists:
    """The lists in the index, without customers whom the staged changes will insert again."""
    key_type, customers = embeddings.key_type, embeddings.customers
    with warehouse.repeatable_read():
        found = read_lists(pages, key_type, customers, block_rows=run.settings.block_rows)
        if staged.mode == "delta":
            changed = staged_keys(warehouse, str(staged.table), key_type)
            found.lists[np.isin(customers, changed)] = NOISE
    return found


def _staged(run: Run) -> StagedEmbeddings:
    facts = run.reopened().build.facts
    if "embeddings" not in facts:
        raise DataError(
            f"snapshot {run.as_of.isoformat()}: algorithm 'ivfflat' reads the index that task"
            " 'build_embeddings' builds, which has not come to its end; clear that task and then"
            " 'cluster'"
        )
    return StagedEmbeddings(**facts["embeddings"])
