"""The neighbour graph in shards, and the graph they make together."""

from collections.abc import Iterable, Iterator

import numpy as np

from kindred.errors import ArtefactError, SettingsError
from kindred.graph.distinct import Distinct, drop_own
from kindred.graph.ivf import BLOCK
from kindred.graph.plan import GraphPlan
from kindred.graph.results import NeighbourGraph, ShardResult
from kindred.graph.search_core import RowSearch

__all__ = ["NeighbourGraph", "ShardResult", "merge_shards", "search_shard"]


def search_shard(plan: GraphPlan, vectors: np.ndarray, shard: int) -> ShardResult:
    """Find the neighbours of one shard's customers.

    Parameters
    ----------
    plan : GraphPlan
    vectors : ndarray of float32, shape (rows, dimensions)
        All vectors the plan was made from, not only the shard's.
    shard : int
        From 0 to ``plan.shards`` - 1.

    Returns
    -------
    ShardResult
        Shards are whole blocks of distinct vectors in list order, so that their number and the
        number of threads change nothing.
    """
    _check(plan, vectors, shard)
    start, stop = plan.arrays["shard_boundaries"][shard : shard + 2].tolist()
    if start == stop:
        return _joined([], plan.k)
    distinct = plan.distinct
    search = RowSearch(vectors, distinct, plan.metric, plan.trained_lists)
    order = plan.arrays["list_order"][start:stop]
    blocks = [order[at : at + BLOCK] for at in range(0, len(order), BLOCK)]
    return _joined(
        [result for block in blocks for result in _search_block(plan, distinct, search, block)],
        plan.k,
    )


def merge_shards(plan: GraphPlan, results: Iterable[ShardResult]) -> NeighbourGraph:
    """Put all shards together, each row once.

    Raises
    ------
    ArtefactError
        A row is missing, there twice, or not eligible.
    """
    rows = int(plan.parameters["rows"])
    may_search = plan.arrays["eligible"]
    neighbours = np.full((rows, plan.k), -1, dtype=np.int32)
    distances = np.full((rows, plan.k), np.nan, dtype=np.float32)
    seen = np.zeros(rows, dtype=np.int64)
    for result in results:
        if result.neighbours.shape != (len(result.rows), plan.k):
            raise ArtefactError(
                f"neighbour graph: a shard has neighbours of shape {result.neighbours.shape},"
                f" {(len(result.rows), plan.k)} is expected; clear search_graph and run it again"
            )
        seen += np.bincount(result.rows, minlength=rows)
        neighbours[result.rows] = result.neighbours
        distances[result.rows] = result.distances
    wrong = np.flatnonzero(seen != may_search)
    if wrong.size:
        raise ArtefactError(
            f"neighbour graph: {wrong.size} of {rows} rows are not there exactly once, the first"
            f" is row {wrong[0]}, found {seen[wrong[0]]} times instead of"
            f" {int(may_search[wrong[0]])}; clear search_graph and run it again"
        )
    return NeighbourGraph(neighbours, distances, may_search)


def _search_block(
    plan: GraphPlan, distinct: Distinct, search: RowSearch, points: np.ndarray
) -> Iterator[ShardResult]:
    """One block's customers; those who share a vector share its search."""
    found, distances = search.nearest_rows(points, plan.k + 1, plan.probes)
    sizes = distinct.sizes[points]
    slots = np.repeat(np.arange(len(points)), sizes)
    within = np.arange(len(slots)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = distinct.members[distinct.starts[points][slots] + within]
    step = 16 * BLOCK
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        kept = drop_own(found[slots[block]], distances[slots[block]], rows[block])
        yield ShardResult(rows[block], *kept)


def _joined(parts: list[ShardResult], k: int) -> ShardResult:
    empty = ShardResult(
        np.empty(0, dtype=np.int32),
        np.empty((0, k), dtype=np.int32),
        np.empty((0, k), dtype=np.float32),
    )
    parts = [empty, *parts]
    return ShardResult(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.neighbours for part in parts]),
        np.concatenate([part.distances for part in parts]),
    )


def _check(plan: GraphPlan, vectors: np.ndarray, shard: int) -> None:
    if not 0 <= shard < plan.shards:
        raise SettingsError(f"shard: found {shard}, allowed are 0 to {plan.shards - 1}")
    expected = (plan.parameters["rows"], plan.parameters["dimensions"])
    if vectors.shape != expected:
        raise ArtefactError(
            f"vectors: found shape {vectors.shape}, the plan was made for {expected};"
            " clear plan_graph and run it again"
        )
