"""The graph of the public part of the vectors: the lookalikes that readers may see."""

from collections.abc import Collection, Mapping

import numpy as np

from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.recall import Recall, recall_of
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import merge_shards, search_shard
from kindred.neighbours.search_plan import EXACT, plan_graph
from kindred.neighbours.truth import find_truth
from kindred.spec.metrics import Metric


def public_part(
    vectors: np.ndarray, column_blocks: Mapping[str, tuple[int, int]], hidden: Collection[str]
) -> np.ndarray:
    """A copy of the vectors, float32 (n, d), with zeros in the blocks of hidden columns."""
    public = np.array(vectors, dtype=np.float32)
    for column in hidden:
        public[:, slice(*column_blocks[column])] = 0.0
    return public


def search_public(
    public: np.ndarray,
    metric: Metric,
    k: int,
    *,
    target_recall: float,
    exact: bool,
    seed: int,
    threads: int,
) -> tuple[NeighbourGraph, Recall]:
    """The k nearest others of every customer by the public part of their vectors."""
    distinct = find_distinct(public, eligible(metric, public))
    truth = find_truth(public, metric, k, distinct, seed=seed, threads=threads)
    plan = plan_graph(
        public,
        metric,
        k,
        target_recall=target_recall,
        shards=1,
        seed=seed,
        exact=exact,
        distinct=distinct,
        truth=truth,
        threads=threads,
    )
    graph = merge_shards(plan, [search_shard(plan, public, 0, threads=threads)])
    return graph, recall_of(truth, metric, graph, is_tuned=plan.method != EXACT, seed=seed)
