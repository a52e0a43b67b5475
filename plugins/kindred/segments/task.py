"""cluster: compute segments by one algorithm, give them stable ids, and fill the staging table."""

import logging
from typing import Any

from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import read_embeddings
from kindred.neighbours.graph_artefacts import read_graph, read_plan
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.segments.clusters import Clusters
from kindred.segments.identity.stable_ids import stable_ids
from kindred.segments.label_rows import PARENT, LabelRows, delete_algorithm
from kindred.segments.plpython.plpython_labels import cluster_in_database, write_labels
from kindred.segments.segment_memory import density_megabytes, lists_megabytes, plpython_megabytes
from kindred.spec.clustering import Algorithm
from kindred.warehouse import partitions
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def list_algorithms(run: Run) -> list[str]:
    """The algorithms of this run; each becomes one mapped task."""
    return [str(algorithm) for algorithm in run.spec.clustering.algorithms]


def cluster(run: Run, algorithm: str) -> dict[str, Any]:
    """Compute segments by one algorithm, with ids continued from the reference snapshot."""
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
        rows = LabelRows(run.as_of, algorithm, embeddings, found, ids)
        partitions.load_part(
            warehouse,
            run.spec.internal_schema,
            PARENT,
            run.as_of,
            part=algorithm,
            digest=rows.digest(),
            fill=lambda table: _fill(run, warehouse, table, rows),
            delete_part=lambda table: delete_algorithm(warehouse, table, algorithm),
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
    """Run the algorithm; its libraries are imported for it alone."""
    clustering, metric, vectors = run.spec.clustering, run.spec.metric, embeddings.vectors
    if algorithm is Algorithm.PLPYTHON:
        block_rows = run.settings.block_rows
        settings = clustering.plpython
        require_memory(run, "cluster", str(algorithm), plpython_megabytes(vectors.shape))
        return cluster_in_database(warehouse, embeddings, settings, metric, block_rows=block_rows)
    if algorithm is Algorithm.IVFFLAT:
        require_memory(run, "cluster", str(algorithm), lists_megabytes(vectors.shape))
        from kindred.segments.lists.list_segments import cluster_lists

        return cluster_lists(run, warehouse, embeddings, read_plan(run).distinct)
    if algorithm is Algorithm.KMEANS:
        from kindred.segments.kmeans.kmeans_segments import cluster_by_kmeans

        return cluster_by_kmeans(run, warehouse, embeddings, read_plan(run).distinct)
    threads = cores(run.settings.graph_threads)
    graph, plan = read_graph(run), read_plan(run)
    forecast = density_megabytes(vectors.shape, graph.neighbours.shape[1])
    require_memory(run, "cluster", str(algorithm), forecast)
    if algorithm is Algorithm.DBSCAN:
        from kindred.segments.density.dbscan_clusters import cluster_dbscan

        dbscan = clustering.dbscan
        return cluster_dbscan(vectors, graph, dbscan, metric, seed=SEED, threads=threads, plan=plan)
    from kindred.segments.density.hdbscan_clusters import cluster_hdbscan

    hdbscan = clustering.hdbscan
    return cluster_hdbscan(vectors, graph, hdbscan, metric, seed=SEED, threads=threads, plan=plan)


def _fill(run: Run, warehouse: Database, table: str, rows: LabelRows) -> int:
    """Write the rows of an algorithm; for PL/Python the labels are already in the database."""
    if rows.algorithm == Algorithm.PLPYTHON:
        return write_labels(warehouse, table, run.as_of, rows.ids)
    return rows.copy_into(warehouse, table, run.settings.block_rows)
