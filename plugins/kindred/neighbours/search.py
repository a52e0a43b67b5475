"""Search the neighbour graph in shards, and merge them into one graph."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from kindred.errors import ArtefactError, SettingsError
from kindred.neighbours.distinct import drop_own
from kindred.neighbours.exact_search import ExactSearch
from kindred.neighbours.results import Candidates, Found, NeighbourGraph, ShardResult
from kindred.neighbours.search_plan import GraphPlan
from kindred.neighbours.threads import cut

if TYPE_CHECKING:
    from kindred.neighbours.list_search import ListSearch

ROWS_AT_ONCE = 1 << 16


def search_shard(
    plan: GraphPlan, vectors: np.ndarray, shard: int, *, threads: int = 1
) -> ShardResult:
    """Find the neighbours of one shard's customers, for a plan without a pass over neighbours.

    Parameters
    ----------
    plan : GraphPlan
    vectors : ndarray of float32, shape (rows, dimensions)
        All vectors that the plan was made for, not only the shard's.
    shard : int
        From 0 to ``plan.shards`` - 1.
    threads : int

    Returns
    -------
    ShardResult
        Does not depend on the number of shards or threads: a candidate's score depends only on the
        pair, and shards consist of whole lists.
    """
    _check(plan, vectors, shard)
    return _search(plan, _search_of(plan, vectors), shard, threads)


def search_shards(
    plan: GraphPlan, vectors: np.ndarray, *, threads: int = 1
) -> Iterator[ShardResult]:
    """The shards' results one after the other, so that the whole graph need not fit into memory."""
    search = None
    for shard in range(plan.shards):
        _check(plan, vectors, shard)
        search = search or _search_of(plan, vectors)
        yield _search(plan, search, shard, threads)


def find_candidates(
    plan: GraphPlan, vectors: np.ndarray, shard: int, *, threads: int = 1
) -> Candidates:
    """Find the candidates of one shard's vectors, for a plan with a pass over neighbours.

    Parameters are those of `search_shard`. `refined_graph.refine_graph` turns the candidates of all
    shards into a graph.

    Raises
    ------
    SettingsError
        The plan is exact, so it has no candidates.
    """
    _check(plan, vectors, shard)
    search = _search_of(plan, vectors)
    if isinstance(search, ExactSearch):
        raise SettingsError("the plan is exact and has no candidates; call search_shard")
    start, stop = plan.arrays["shard_boundaries"][shard : shard + 2].tolist()
    return search.candidates(start, stop, plan.candidates, threads=threads)


def _search(
    plan: GraphPlan, search: "ExactSearch | ListSearch", shard: int, threads: int
) -> ShardResult:
    start, stop = plan.arrays["shard_boundaries"][shard : shard + 2].tolist()
    return by_customer(plan, search.nearest(start, stop, plan.k + 1, threads=threads), start)


def _search_of(plan: GraphPlan, vectors: np.ndarray) -> "ExactSearch | ListSearch":
    lists = plan.trained_lists
    if lists is None:
        return ExactSearch(vectors, plan.distinct, plan.arrays["list_order"], plan.metric)
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.list_search import ListSearch

    near = np.array(plan.arrays["near_lists"])
    return ListSearch(vectors, plan.distinct, plan.metric, lists, near, plan.probes)


def by_customer(plan: GraphPlan, found: Found, start: int) -> ShardResult:
    """What was found for the vectors from ``start`` on, in list order, for each of their customers.

    The k + 1 nearest customers of a vector become the k nearest others of each of its customers.
    """
    order = plan.arrays["list_order"][start : start + len(found.rows)]
    starts, members = plan.distinct.members_of(order)
    slots = np.repeat(np.arange(len(order)), np.diff(starts))
    neighbours = np.empty((len(members), plan.k), dtype=np.int32)
    distances = np.empty((len(members), plan.k), dtype=np.float32)
    for first, last in cut(len(members), ROWS_AT_ONCE):
        rows = slots[first:last]
        neighbours[first:last], distances[first:last] = drop_own(
            found.rows[rows], found.distances[rows], members[first:last]
        )
    return ShardResult(members, neighbours, distances)


def merge_shards(plan: GraphPlan, results: Iterable[ShardResult]) -> NeighbourGraph:
    """Merge all shards into one graph.

    Raises
    ------
    ArtefactError
        A row is missing, occurs twice, or is not eligible.
    """
    may_search = plan.arrays["eligible"]
    neighbours = np.full((plan.rows, plan.k), -1, dtype=np.int32)
    distances = np.full((plan.rows, plan.k), np.nan, dtype=np.float32)
    seen = np.zeros(plan.rows, dtype=np.int64)
    for result in results:
        if result.neighbours.shape != (len(result.rows), plan.k):
            raise ArtefactError(
                f"neighbour graph: a shard has neighbours of shape {result.neighbours.shape},"
                f" {(len(result.rows), plan.k)} is expected; clear task 'search_graph'"
            )
        seen += np.bincount(result.rows, minlength=plan.rows)
        neighbours[result.rows] = result.neighbours
        distances[result.rows] = result.distances
    wrong = np.flatnonzero(seen != may_search)
    if wrong.size:
        raise ArtefactError(
            f"neighbour graph: {wrong.size} of {plan.rows} rows are missing or duplicate, the first"
            f" is row {wrong[0]}, found {seen[wrong[0]]} times instead of"
            f" {int(may_search[wrong[0]])}; clear task 'search_graph'"
        )
    return NeighbourGraph(neighbours, distances, may_search)


def _check(plan: GraphPlan, vectors: np.ndarray, shard: int) -> None:
    if not 0 <= shard < plan.shards:
        raise SettingsError(f"shard: found {shard}, allowed are 0 to {plan.shards - 1}")
    expected = (plan.rows, plan.dimensions)
    if vectors.shape != expected:
        raise ArtefactError(
            f"vectors: found shape {vectors.shape}, the plan was made for {expected};"
            " clear task 'plan_graph'"
        )
