"""plan_graph, search_graph and merge_graph: search the neighbour graph in shards."""

import logging
import time
from typing import Any

from kindred.encoding import encoder_versions
from kindred.neighbours.distance_figures import distances_by_rank
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.graph_artefacts import (
    PUBLIC_GRAPH,
    earlier_truth,
    machine_code,
    read_candidates,
    read_graph,
    read_plan,
    read_shards,
    read_truth,
    read_vectors,
    write_arrays,
    write_graph,
    write_plan,
    write_shard,
    write_truth,
)
from kindred.neighbours.graph_memory import (
    merge_megabytes,
    refined_megabytes,
    search_megabytes,
)
from kindred.neighbours.list_rows import lists_of_encoder
from kindred.neighbours.public_graph import public_part, search_public
from kindred.neighbours.recall import Recall, recall_of
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import find_candidates, merge_shards, search_shard
from kindred.neighbours.search_plan import EXACT, GraphPlan, may_use_lists
from kindred.neighbours.search_plan import plan_graph as plan
from kindred.neighbours.shards import count_parts, count_shards, graph_k
from kindred.neighbours.truth import find_truth
from kindred.progress.steps import step
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def plan_graph(run: Run) -> list[int]:
    """Plan the search and write the plan; return the numbers of the shards."""
    vectors = read_vectors(run)
    threads = cores(run.settings.graph_threads)
    shards = count_shards(len(vectors), run.settings.shard_rows, threads)
    forecast = search_megabytes(vectors.shape, 0, shards)
    require_memory(run, "plan_graph", "plan of the graph", forecast)
    spec, metric = run.spec, run.spec.metric
    distinct = find_distinct(vectors, eligible(metric, vectors))
    frozen = None
    with run.warehouse("plan_graph") as warehouse:
        is_frozen = encoder_versions.freezes_lists(warehouse, run.encoder_version)
        may_reuse = is_frozen and may_use_lists(
            len(distinct.first_rows), exact=spec.exact, target_recall=spec.target_recall
        )
        truth = find_truth(
            vectors,
            metric,
            spec.k,
            distinct,
            seed=SEED,
            by_content=is_frozen,
            earlier=earlier_truth(run, vectors) if may_reuse else None,
            threads=threads,
        )
        if is_frozen:
            frozen = lists_of_encoder(run, warehouse, vectors, distinct, truth)
    write_truth(run, truth)
    made = plan(
        vectors,
        metric,
        graph_k(spec),
        target_recall=spec.target_recall,
        shards=shards,
        seed=SEED,
        recall_k=spec.k,
        exact=spec.exact,
        distinct=distinct,
        truth=truth,
        frozen=frozen,
        threads=threads,
    )
    write_plan(run, made)
    log.info("graph plan: %s", made.parameters)
    return list(range(made.shards))


def search_graph(run: Run, shard: int) -> dict[str, Any]:
    """Find the neighbours of one shard's customers; each shard can be run again separately."""
    vectors = read_vectors(run)
    made = read_plan(run)
    work = f"shard {shard} of {made.shards}"
    forecast = search_megabytes(vectors.shape, made.k, made.shards)
    require_memory(run, "search_graph", work, forecast)
    started = time.monotonic()
    threads = cores(run.settings.graph_threads)
    search = find_candidates if made.is_refined else search_shard
    with step(work):
        result = search(made, vectors, shard, threads=threads)
    seconds = time.monotonic() - started
    write_shard(run, shard, result)
    log.info("%s: %.1f s", work, seconds)
    return {"shard": shard}


def merge_graph(run: Run) -> list[int]:
    """Merge the shards and measure recall; return the parts of the lookalike table."""
    method = put_together(run)
    graph = read_graph(run)
    recall = published_recall(run, graph, method)
    with run.warehouse("merge_graph") as warehouse:
        public = _find_public(run, warehouse) if run.spec.hidden_features else None
        shown = public or _figures(graph.nearest(run.spec.k))
        run.add_facts(
            warehouse,
            recall=recall.recall_at_k,
            recall_low=recall.low,
            recall_high=recall.high,
            recall_sample=recall.sample_size,
            graph_method=method,
            machine_code=machine_code(),
            graph_k=graph.neighbours.shape[1],
            eligible=int(graph.eligible.sum()),
            lookalikes=shown["lookalikes"],
            lookalike_distances=shown["distances"],
            public=public,
        )
    log.info("recall@%d %.4f [%.4f, %.4f]", run.spec.k, recall.recall_at_k, recall.low, recall.high)
    return list(range(count_parts(len(graph.eligible), run.settings.shard_rows)))


def put_together(run: Run) -> str:
    """Write the merged graph; return the method of its search."""
    made = read_plan(run)
    shape = (made.rows, made.dimensions)
    forecast = (
        refined_megabytes(shape, made.k, made.candidates)
        if made.is_refined
        else merge_megabytes(shape, made.k)
    )
    require_memory(run, "merge_graph", "merge of the graph", forecast)
    write_graph(run, _refined(run, made) if made.is_refined else _merged(run, made), made)
    return made.method


def _merged(run: Run, made: GraphPlan) -> NeighbourGraph:
    return merge_shards(made, read_shards(run, made.shards))


def _refined(run: Run, made: GraphPlan) -> NeighbourGraph:
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.refined_graph import refine_graph

    return refine_graph(
        made,
        read_vectors(run),
        read_candidates(run, made.shards),
        read_truth(run),
        run.spec.target_recall,
        threads=cores(run.settings.graph_threads),
    )


def _find_public(run: Run, warehouse: Database) -> dict[str, Any]:
    """Write the graph that readers may see; return its figures, for the gate and publish."""
    hidden, vectors = run.spec.hidden_features, read_vectors(run)
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
    write_arrays(run, PUBLIC_GRAPH, graph, {"hidden": hidden})
    return {
        "hidden": hidden,
        "recall": found.recall_at_k,
        "eligible": int(graph.eligible.sum()),
        **_figures(graph),
    }


def _figures(graph: NeighbourGraph) -> dict[str, Any]:
    """The rows that a table of lookalikes has, and how their distances fall."""
    listed = int((graph.neighbours >= 0).sum())
    return {"lookalikes": listed, "distances": distances_by_rank(graph)}


def published_recall(run: Run, graph: NeighbourGraph, method: str) -> Recall:
    """The recall of the lookalikes, among customers who did not tune the search."""
    truth, listed = read_truth(run), graph.nearest(run.spec.k)
    return recall_of(truth, run.spec.metric, listed, is_tuned=method != EXACT, seed=SEED)
