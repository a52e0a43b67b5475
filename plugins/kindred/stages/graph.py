"""plan_graph, search_graph, merge_graph: one pass over all customers, in shards."""

import logging
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from kindred.graph.plan import GraphPlan
from kindred.graph.plan import plan_graph as plan
from kindred.graph.recall import measure_recall
from kindred.graph.results import NeighbourGraph, ShardResult
from kindred.graph.search import merge_shards, search_shard
from kindred.stages.encode import MADE_BY, VECTORS
from kindred.stages.run import SEED, Run

log = logging.getLogger(__name__)

PLAN = "graph_plan"
GRAPH = "graph"
RECALL_SAMPLE = 1_000
MAX_SHARDS = 512  # Airflow maps at most 1,024 instances


def plan_graph(run: Run) -> list[int]:
    """Choose how to search and write it down; returns the numbers of the shards."""
    vectors = run.folder.read(VECTORS, MADE_BY).arrays["vectors"]
    shards = min(MAX_SHARDS, max(1, math.ceil(len(vectors) / run.settings.shard_rows)))
    made = plan(
        vectors,
        run.spec.metric,
        run.spec.k,
        target_recall=run.spec.target_recall,
        shards=shards,
        seed=SEED,
    )
    run.folder.write(PLAN, made.arrays, {"parameters": made.parameters})
    log.info("graph plan: %s", made.parameters)
    return list(range(made.shards))


def search_graph(run: Run, shard: int) -> dict[str, Any]:
    """Find the neighbours of one shard's customers; can be run again alone."""
    vectors = run.folder.read(VECTORS, MADE_BY).arrays["vectors"]
    started = time.monotonic()
    result = search_shard(_read_plan(run), vectors, shard)
    seconds = time.monotonic() - started
    arrays = {
        "rows": result.rows,
        "neighbours": result.neighbours,
        "distances": result.distances,
    }
    run.folder.write(_shard_name(shard), arrays, {"shard": shard})
    log.info("shard %d: %d customers in %.1f s", shard, len(result.rows), seconds)
    return {"shard": shard, "rows": len(result.rows)}


def merge_graph(run: Run) -> list[int]:
    """Put the shards together and measure recall; returns the parts of the lookalike table."""
    vectors = run.folder.read(VECTORS, MADE_BY).arrays["vectors"]
    made = _read_plan(run)
    graph = merge_shards(made, _shard_results(run, made.shards))
    arrays = {
        "neighbours": graph.neighbours,
        "distances": graph.distances,
        "eligible": graph.eligible,
    }
    recall = measure_recall(vectors, run.spec.metric, graph, sample_size=RECALL_SAMPLE, seed=SEED)
    run.folder.write(GRAPH, arrays, {"method": made.method})
    with run.warehouse("merge_graph") as warehouse:
        run.add_facts(
            warehouse,
            recall=recall.recall_at_k,
            recall_low=recall.low,
            recall_high=recall.high,
            recall_sample=recall.sample_size,
            graph_method=made.method,
            eligible=int(graph.eligible.sum()),
            lookalikes=int((graph.neighbours >= 0).sum()),
        )
    log.info("recall@%d %.4f [%.4f, %.4f]", run.spec.k, recall.recall_at_k, recall.low, recall.high)
    return list(range(max(1, math.ceil(len(vectors) / run.settings.shard_rows))))


def read_graph(run: Run) -> NeighbourGraph:
    """The neighbour graph of the snapshot."""
    arrays = run.folder.read(GRAPH, "merge_graph").arrays
    return NeighbourGraph(arrays["neighbours"], arrays["distances"], arrays["eligible"])


def _read_plan(run: Run) -> GraphPlan:
    artefact = run.folder.read(PLAN, "plan_graph")
    arrays = {name: np.asarray(values) for name, values in artefact.arrays.items()}
    return GraphPlan.from_parts(artefact.facts["parameters"], arrays)


def _shard_results(run: Run, shards: int) -> Iterator[ShardResult]:
    for shard in range(shards):
        arrays = run.folder.read(_shard_name(shard), f"search_graph[{shard}]").arrays
        yield ShardResult(arrays["rows"], arrays["neighbours"], arrays["distances"])


def _shard_name(shard: int) -> str:
    return f"graph_shard_{shard:03d}"
