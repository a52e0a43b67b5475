"""cluster: find segments by one algorithm, give them stable ids, and fill the table aside."""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from kindred.cluster.clusters import Clusters, ListMembers
from kindred.cluster.dbscan import cluster_dbscan
from kindred.cluster.density import cluster_hdbscan
from kindred.cluster.forecast import density_megabytes, lists_megabytes, plpython_megabytes
from kindred.clustering import Algorithm
from kindred.stages.encode import read_embeddings
from kindred.stages.graph import read_graph
from kindred.stages.kmeans import cluster_by_kmeans
from kindred.stages.lists import cluster_lists
from kindred.stages.machine import cores
from kindred.stages.memory import require_memory
from kindred.stages.run import SEED, Run
from kindred.store import partitions
from kindred.store.binary import Column, Field, RowStream, encode_rows
from kindred.store.clusters import StableIds, stable_ids
from kindred.store.database import Database
from kindred.store.embeddings import Embeddings
from kindred.store.locks import Resource
from kindred.store.plpython import cluster_in_database, write_labels

log = logging.getLogger(__name__)

PARENT = "customer_clusters"
COLUMNS = (
    "as_of",
    "algorithm",
    "customer_id",
    "label",
    "cluster_id",
    "membership",
    "nearest_label",
    "nearest_cluster_id",
    "method",
)
LIST_COLUMNS = ("list_number", "center_distance", "generation")


def list_algorithms(run: Run) -> list[str]:
    """The algorithms of this run, one mapped task each."""
    return [str(algorithm) for algorithm in run.spec.clustering.algorithms]


def cluster(run: Run, algorithm: str) -> dict[str, Any]:
    """Segments by one algorithm, with ids continued from the reference snapshot."""
    with run.warehouse("cluster") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        found = _find(run, warehouse, Algorithm(algorithm), embeddings)
        with run.locked(warehouse, Resource.CLUSTER_IDS):
            ids = stable_ids(
                warehouse,
                embeddings.key_type,
                algorithm,
                run.as_of,
                embeddings.customers,
                found.labels,
            )
        partitions.load_part(
            warehouse,
            run.spec.internal_schema,
            PARENT,
            run.as_of,
            part=algorithm,
            digest=_digest(found, ids),
            fill=lambda table: _fill(run, warehouse, table, algorithm, embeddings, found, ids),
            delete_part=lambda table: warehouse.run(
                "partitions/delete_algorithm", {"algorithm": algorithm}, table=table
            ),
            wait_seconds=run.settings.lock_wait_seconds,
        )
        summary = {
            "clusters": len(ids.cluster_ids),
            "noise_share": round(float((found.labels < 0).mean()), 4),
            "method": found.method,
            **found.figures,
        }
        if found.lists is not None:
            summary["unassigned"] = int((found.lists.numbers == 0).sum())
        run.add_facts(
            warehouse,
            **{
                f"clusters_{algorithm}": summary,
                f"lineage_{algorithm}": ids.lineage_json(),
                f"relinks_{algorithm}": ids.relinks,
            },
        )
    log.info("%s: %s", algorithm, summary)
    return {"algorithm": algorithm, **summary}


def _find(run: Run, warehouse: Database, algorithm: Algorithm, embeddings: Embeddings) -> Clusters:
    """The one table algorithm -> computation."""
    clustering, metric, vectors = run.spec.clustering, run.spec.metric, embeddings.vectors
    if algorithm is Algorithm.PLPYTHON:
        block_rows = run.settings.block_rows
        settings = clustering.plpython
        require_memory(run, "cluster", str(algorithm), plpython_megabytes(vectors.shape))
        return cluster_in_database(warehouse, embeddings, settings, metric, block_rows=block_rows)
    if algorithm is Algorithm.IVFFLAT:
        require_memory(run, "cluster", str(algorithm), lists_megabytes(vectors.shape))
        return cluster_lists(run, warehouse, embeddings)
    if algorithm is Algorithm.KMEANS:
        return cluster_by_kmeans(run, warehouse, embeddings)
    threads = cores(run.settings.graph_threads)
    graph = read_graph(run)
    forecast = density_megabytes(vectors.shape, graph.neighbours.shape[1])
    require_memory(run, "cluster", str(algorithm), forecast)
    if algorithm is Algorithm.DBSCAN:
        return cluster_dbscan(vectors, graph, clustering.dbscan, metric, seed=SEED, threads=threads)
    return cluster_hdbscan(vectors, graph, clustering.hdbscan, metric, seed=SEED, threads=threads)


def _fill(
    run: Run,
    warehouse: Database,
    table: str,
    algorithm: str,
    embeddings: Embeddings,
    found: Clusters,
    ids: StableIds,
) -> int:
    """Write the rows of an algorithm; labels that the database has found do not come back to it."""
    if algorithm == Algorithm.PLPYTHON:
        return write_labels(warehouse, table, run.as_of, ids)
    columns = COLUMNS if found.lists is None else (*COLUMNS, *LIST_COLUMNS)
    stream = RowStream(_chunks(run, algorithm, embeddings, found, ids))
    return warehouse.copy_in(table, columns, stream)


def _digest(found: Clusters, ids: StableIds) -> str:
    digest = hashlib.sha256(found.method.encode())
    for values in (found.labels, found.membership, found.nearest_labels, ids.cluster_ids):
        digest.update(np.ascontiguousarray(values).tobytes())
    if found.lists is not None:
        digest.update(found.lists.numbers.tobytes())
        digest.update(found.lists.center_distances.tobytes())
    return digest.hexdigest()


def _chunks(
    run: Run, algorithm: str, embeddings: Embeddings, found: Clusters, ids: StableIds
) -> Iterator[bytes]:
    moment = int(run.as_of.timestamp()) * 1_000_000 + run.as_of.microsecond
    cluster_ids, nearest_ids = ids.of(found.labels), ids.of(found.nearest_labels)
    for start in range(0, len(embeddings.customers), run.settings.block_rows):
        rows = slice(start, start + run.settings.block_rows)
        count = len(embeddings.customers[rows])
        yield encode_rows(
            [
                Column(Field.TIMESTAMPTZ, np.full(count, moment)),
                Column(Field.TEXT, np.full(count, algorithm.encode())),
                embeddings.key_type.column(embeddings.customers[rows]),
                Column(Field.INT4, found.labels[rows]),
                Column(Field.INT4, cluster_ids[rows]),
                Column(Field.FLOAT4, found.membership[rows]),
                Column(Field.INT4, found.nearest_labels[rows]),
                Column(Field.INT4, nearest_ids[rows]),
                Column(Field.TEXT, np.full(count, found.method.encode())),
                *_list_columns(found.lists, rows),
            ]
        )


def _list_columns(lists: ListMembers | None, rows: slice) -> list[Column]:
    if lists is None:
        return []
    numbers = lists.numbers[rows]
    is_outside = np.full(len(numbers), lists.generation is None)
    return [
        Column(Field.INT4, numbers, is_null=numbers == 0),
        Column(Field.FLOAT4, lists.center_distances[rows], is_null=numbers == 0),
        Column(Field.INT4, np.full(len(numbers), lists.generation or 0), is_null=is_outside),
    ]
