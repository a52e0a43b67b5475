"""Search the neighbour graph in shards, and merge them into one graph."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from kindred.errors import ArtefactError, SettingsError
from kindred.neighbours.changes import rows_now
from kindred.neighbours.distinct import drop_own
from kindred.neighbours.exact_search import ExactSearch
from kindred.neighbours.results import NeighbourGraph, ShardResult
from kindred.neighbours.search_plan import EXACT, GraphPlan
from kindred.neighbours.threads import cut

if TYPE_CHECKING:
    from kindred.neighbours.list_search import ListSearch

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class EarlierGraph:
    """The graph of an earlier snapshot, searched in the same lists with as many probes.

    ``neighbours`` int32 and ``distances`` float32 (earlier rows, k), ``limits`` float32 (earlier
    rows,); ``gone`` float32 (gone, dimensions): its vectors that have changed since.
    """

    neighbours: np.ndarray
    distances: np.ndarray
    limits: np.ndarray
    gone: np.ndarray


def search_shard(
    plan: GraphPlan,
    vectors: np.ndarray,
    shard: int,
    *,
    earlier: EarlierGraph | None = None,
    threads: int = 1,
) -> ShardResult:
    """Find the neighbours of one shard's customers.

    Parameters
    ----------
    plan : GraphPlan
    vectors : ndarray of float32, shape (rows, dimensions)
        All vectors that the plan was made for, not only the shard's.
    shard : int
        From 0 to ``plan.shards`` - 1.
    earlier : EarlierGraph, optional
        The graph that the plan's changes refer to. Customers whose candidates have not changed
        since are copied from it; the result is the same.
    threads : int

    Returns
    -------
    ShardResult
        Does not depend on the number of shards or threads: a candidate's score depends only on the
        pair, and shards consist of whole lists.
    """
    _check(plan, vectors, shard)
    search = _search_of(plan, vectors)
    if earlier is None or isinstance(search, ExactSearch):
        return _search(plan, search, shard, threads)
    return _search_changes(plan, search, vectors, shard, earlier, threads)


def search_shards(
    plan: GraphPlan, vectors: np.ndarray, *, threads: int = 1
) -> Iterator[ShardResult]:
    """The shards' results one after the other, so that the whole graph need not fit into memory."""
    search = None
    for shard in range(plan.shards):
        _check(plan, vectors, shard)
        search = search or _search_of(plan, vectors)
        yield _search(plan, search, shard, threads)


def _search(
    plan: GraphPlan,
    search: "ExactSearch | ListSearch",
    shard: int,
    threads: int,
) -> ShardResult:
    positions = np.arange(*plan.arrays["shard_boundaries"][shard : shard + 2])
    return _of_positions(plan, search, positions, threads)


def _search_changes(
    plan: GraphPlan,
    search: "ListSearch",
    vectors: np.ndarray,
    shard: int,
    earlier: EarlierGraph,
    threads: int,
) -> ShardResult:
    """Search the changed vectors and those that they affect; copy the others."""
    start, stop = plan.arrays["shard_boundaries"][shard : shard + 2].tolist()
    starts, is_changed = plan.arrays["list_starts"], plan.arrays["is_changed"]
    first_rows = plan.distinct.first_rows[plan.arrays["list_order"]]
    limits = earlier.limits[plan.arrays["earlier_rows"][first_rows[start:stop]]]
    changed = np.flatnonzero(is_changed)
    lists_of_changed = np.searchsorted(starts, changed, side="right") - 1
    first, last = np.searchsorted(starts, [start, stop]).tolist()
    is_searched = is_changed[start:stop] | search.affected(
        first,
        last,
        np.concatenate([vectors[first_rows[changed]], earlier.gone]),
        np.concatenate([lists_of_changed, plan.arrays["gone_lists"]]),
        np.where(is_changed[start:stop], np.float32(np.nan), limits),
        threads=threads,
    )
    found = _of_positions(plan, search, start + np.flatnonzero(is_searched), threads)
    copied = _copied(plan, start + np.flatnonzero(~is_searched), earlier)
    log.info("%d customers searched, %d as in the earlier graph", len(found.rows), len(copied.rows))
    return _joined(found, copied)


def _joined(found: ShardResult, copied: ShardResult) -> ShardResult:
    arrays = (
        np.concatenate([getattr(found, field.name), getattr(copied, field.name)])
        for field in fields(ShardResult)
    )
    return ShardResult(*arrays)


def _copied(plan: GraphPlan, positions: np.ndarray, earlier: EarlierGraph) -> ShardResult:
    earlier_rows = plan.arrays["earlier_rows"]
    row_now = rows_now(earlier_rows, len(earlier.neighbours))
    _, members = plan.distinct.members_of(plan.arrays["list_order"][positions])
    before = earlier_rows[members]
    neighbours = np.empty((len(members), plan.k), dtype=np.int32)
    distances = np.empty((len(members), plan.k), dtype=np.float32)
    for first, last in cut(len(members), ROWS_AT_ONCE):
        neighbours[first:last] = row_now[earlier.neighbours[before[first:last]]]
        distances[first:last] = earlier.distances[before[first:last]]
    return ShardResult(members, neighbours, distances, earlier.limits[before])


def _search_of(plan: GraphPlan, vectors: np.ndarray) -> "ExactSearch | ListSearch":
    lists = plan.trained_lists
    if lists is None:
        return ExactSearch(vectors, plan.distinct, plan.arrays["list_order"], plan.metric)
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.list_search import ListSearch

    near = np.array(plan.arrays["near_lists"])
    return ListSearch(vectors, plan.distinct, plan.metric, lists, near, plan.probes)


def _of_positions(
    plan: GraphPlan,
    search: "ExactSearch | ListSearch",
    positions: np.ndarray,
    threads: int,
) -> ShardResult:
    """Search vectors, and expand the results to one per customer."""
    found = search.nearest(positions, plan.k + 1, threads=threads)
    order = plan.arrays["list_order"][positions]
    starts, members = plan.distinct.members_of(order)
    slots = np.repeat(np.arange(len(order)), np.diff(starts))
    neighbours = np.empty((len(members), plan.k), dtype=np.int32)
    distances = np.empty((len(members), plan.k), dtype=np.float32)
    for first, last in cut(len(members), ROWS_AT_ONCE):
        rows = slots[first:last]
        neighbours[first:last], distances[first:last] = drop_own(
            found.rows[rows], found.distances[rows], members[first:last]
        )
    limits = None if found.limits is None else found.limits[slots]
    return ShardResult(members, neighbours, distances, limits)


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
    limits = None if plan.method == EXACT else np.full(plan.rows, np.nan, dtype=np.float32)
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
        if limits is not None:
            limits[result.rows] = result.limits
    wrong = np.flatnonzero(seen != may_search)
    if wrong.size:
        raise ArtefactError(
            f"neighbour graph: {wrong.size} of {plan.rows} rows are missing or duplicate, the first"
            f" is row {wrong[0]}, found {seen[wrong[0]]} times instead of"
            f" {int(may_search[wrong[0]])}; clear task 'search_graph'"
        )
    return NeighbourGraph(neighbours, distances, may_search, limits)


def _check(plan: GraphPlan, vectors: np.ndarray, shard: int) -> None:
    if not 0 <= shard < plan.shards:
        raise SettingsError(f"shard: found {shard}, allowed are 0 to {plan.shards - 1}")
    expected = (plan.rows, plan.dimensions)
    if vectors.shape != expected:
        raise ArtefactError(
            f"vectors: found shape {vectors.shape}, the plan was made for {expected};"
            " clear task 'plan_graph'"
        )
