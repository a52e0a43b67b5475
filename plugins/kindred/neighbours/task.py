"""plan_graph, search_graph and merge_graph: search the neighbour graph in shards."""

import logging
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding import encoder_versions
from kindred.encoding.vectors import MADE_BY, VECTORS
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.graph_memory import merge_megabytes, search_megabytes
from kindred.neighbours.public_graph import public_part, search_public
from kindred.neighbours.recall import Recall, recall_of
from kindred.neighbours.results import NeighbourGraph, ShardResult
from kindred.neighbours.search import merge_shards, search_shard
from kindred.neighbours.search_plan import EXACT, GraphPlan
from kindred.neighbours.search_plan import plan_graph as plan
from kindred.neighbours.truth import Truth, find_truth
from kindred.progress.steps import step
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

PLAN = "graph_plan"
GRAPH = "graph"
PUBLIC_GRAPH = "public_graph"
TRUTH = "truth"
MAX_SHARDS = 64


def plan_graph(run: Run) -> list[int]:
    """Plan the search and write the plan; return the numbers of the shards."""
    vectors = _vectors(run)
    threads = cores(run.settings.graph_threads)
    shards = count_shards(len(vectors), run.settings.shard_rows, threads)
    forecast = search_megabytes(vectors.shape, 0, shards)
    require_memory(run, "plan_graph", "plan of the graph", forecast)
    metric = run.spec.metric
    distinct = find_distinct(vectors, eligible(metric, vectors))
    truth = find_truth(vectors, metric, run.spec.k, distinct, seed=SEED, threads=threads)
    run.folder.write(TRUTH, truth.arrays, {})
    made = plan(
        vectors,
        metric,
        graph_k(run.spec),
        target_recall=run.spec.target_recall,
        shards=shards,
        seed=SEED,
        recall_k=run.spec.k,
        exact=run.spec.exact,
        distinct=distinct,
        truth=truth,
        threads=threads,
    )
    run.folder.write(PLAN, made.arrays, {"parameters": made.parameters})
    log.info("graph plan: %s", made.parameters)
    return list(range(made.shards))


def graph_k(spec: Spec) -> int:
    """The lookalikes' k, or twice the ``min_samples`` of density clustering if that is more.

    Density clustering needs ``min_samples`` neighbours. The spanning tree does not depend on the
    width, but with longer lists, fewer points have to be searched for edges out of their component.
    """
    clustering = spec.clustering
    widths = {
        Algorithm.HDBSCAN: 2 * clustering.hdbscan.min_samples,
        Algorithm.DBSCAN: 2 * clustering.dbscan.min_samples,
    }
    return max(spec.k, *(widths.get(algorithm, 0) for algorithm in clustering.algorithms))


def count_shards(rows: int, shard_rows: int, threads: int) -> int:
    """Number of shards with ``2 * shard_rows`` customers per thread: a few seconds of work each."""
    return min(MAX_SHARDS, max(1, math.ceil(rows / (2 * shard_rows * threads))))


def search_graph(run: Run, shard: int) -> dict[str, Any]:
    """Find the neighbours of one shard's customers; each shard can be run again separately."""
    vectors, made = _vectors(run), read_plan(run)
    work = f"shard {shard} of {made.shards}"
    forecast = search_megabytes(vectors.shape, made.k, made.shards)
    require_memory(run, "search_graph", work, forecast)
    started = time.monotonic()
    with step(work):
        result = search_shard(made, vectors, shard, threads=cores(run.settings.graph_threads))
    seconds = time.monotonic() - started
    arrays = {
        "rows": result.rows,
        "neighbours": result.neighbours,
        "distances": result.distances,
    }
    run.folder.write(_shard_name(shard), arrays, {"shard": shard})
    log.info("%s: %d customers in %.1f s", work, len(result.rows), seconds)
    return {"shard": shard, "rows": len(result.rows)}


def merge_graph(run: Run) -> list[int]:
    """Merge the shards and measure recall; return the parts of the lookalike table."""
    method = put_together(run)
    graph = read_graph(run)
    recall = published_recall(run, graph)
    with run.warehouse("merge_graph") as warehouse:
        public = _find_public(run, warehouse) if run.spec.hidden_features else None
        shown = public or {"lookalikes": _listed(graph.nearest(run.spec.k))}
        run.add_facts(
            warehouse,
            recall=recall.recall_at_k,
            recall_low=recall.low,
            recall_high=recall.high,
            recall_sample=recall.sample_size,
            graph_method=method,
            graph_k=graph.neighbours.shape[1],
            eligible=int(graph.eligible.sum()),
            lookalikes=shown["lookalikes"],
            public=public,
        )
    log.info("recall@%d %.4f [%.4f, %.4f]", run.spec.k, recall.recall_at_k, recall.low, recall.high)
    return list(range(max(1, math.ceil(len(graph.eligible) / run.settings.shard_rows))))


def put_together(run: Run) -> str:
    """Write the merged graph; return the method of its search."""
    made = read_plan(run)
    forecast = merge_megabytes((made.rows, made.dimensions), made.k)
    require_memory(run, "merge_graph", "merge of the graph", forecast)
    graph = merge_shards(made, _shard_results(run, made.shards))
    _write(run, GRAPH, graph, {"method": made.method})
    return made.method


def _find_public(run: Run, warehouse: Database) -> dict[str, Any]:
    """Write the graph that readers may see; return its figures, for the gate and publish."""
    hidden, vectors = run.spec.hidden_features, _vectors(run)
    forecast = search_megabytes(vectors.shape, run.spec.k, shards=1) + vectors.nbytes // 2**20
    require_memory(run, "merge_graph", "graph of the public columns", forecast)
    blocks = encoder_versions.read(warehouse, run.encoder_version).column_blocks
    public, threads = public_part(vectors, blocks, hidden), cores(run.settings.graph_threads)
    graph, found = search_public(
        public,
        run.spec.metric,
        run.spec.k,
        target_recall=run.spec.target_recall,
        exact=run.spec.exact,
        seed=SEED,
        threads=threads,
    )
    _write(run, PUBLIC_GRAPH, graph, {"hidden": hidden})
    return {
        "hidden": hidden,
        "recall": found.recall_at_k,
        "eligible": int(graph.eligible.sum()),
        "lookalikes": _listed(graph),
    }


def _listed(graph: NeighbourGraph) -> int:
    """The rows that a table of lookalikes has."""
    return int((graph.neighbours >= 0).sum())


def published_recall(run: Run, graph: NeighbourGraph) -> Recall:
    """The recall of the lookalikes, among customers who did not tune the search."""
    is_tuned, truth = read_plan(run).method != EXACT, read_truth(run)
    graph = graph.nearest(run.spec.k)
    return recall_of(truth, run.spec.metric, graph, is_tuned=is_tuned, seed=SEED)


def _write(run: Run, name: str, graph: NeighbourGraph, facts: dict[str, Any]) -> None:
    arrays = {
        "neighbours": graph.neighbours,
        "distances": graph.distances,
        "eligible": graph.eligible,
    }
    run.folder.write(name, arrays, facts)


def read_graph(run: Run, name: str = GRAPH) -> NeighbourGraph:
    """Read the neighbour graph of the snapshot: `graph_k` neighbours per customer.

    ``PUBLIC_GRAPH`` has the spec's k; it exists if the spec has hidden features.
    """
    arrays = run.folder.read(name, "merge_graph").arrays
    return NeighbourGraph(arrays["neighbours"], arrays["distances"], arrays["eligible"])


def _vectors(run: Run) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = run.folder.read(VECTORS, MADE_BY).arrays["vectors"]
    return vectors


def read_plan(run: Run) -> GraphPlan:
    """The plan of the search, with the distinct vectors of the snapshot and the trained lists."""
    artefact = run.folder.read(PLAN, "plan_graph")
    arrays = {name: np.asarray(values) for name, values in artefact.arrays.items()}
    return GraphPlan.from_parts(artefact.facts["parameters"], arrays)


def read_truth(run: Run) -> Truth:
    """The exact neighbours (the spec's k) of the snapshot's sampled customers."""
    return Truth.from_arrays(run.folder.read(TRUTH, "plan_graph").arrays)


def _shard_results(run: Run, shards: int) -> Iterator[ShardResult]:
    for shard in range(shards):
        arrays = run.folder.read(_shard_name(shard), f"search_graph[{shard}]").arrays
        yield ShardResult(arrays["rows"], arrays["neighbours"], arrays["distances"])


def _shard_name(shard: int) -> str:
    return f"graph_shard_{shard:03d}"
