"""The lists of all customers of a snapshot, part by part, so that no whole graph is in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.results import ShardResult
from kindred.neighbours.search import search_shards
from kindred.neighbours.search_plan import plan_graph
from kindred.neighbours.threads import cut
from kindred.recommendations.lists import Catalogue, Recommendations, most_popular, recommend
from kindred.recommendations.parameters import Method, Parameters
from kindred.recommendations.quality import GRAPH_RECALL
from kindred.spec.metrics import Metric

PART_CUSTOMERS = 50_000
"""Customers per part: with 200 neighbours, 240 MB for three copies of its neighbours."""
PROFILE_CUSTOMERS = 50_000
"""Customers with purchases among whom the neighbours of a customer without any are searched. The
other columns say little about taste, so that nearer neighbours would hardly recommend better."""


@dataclass(frozen=True)
class Profiles:
    """The vectors of all customers without the buying profile, float32 (customers, d)."""

    vectors: NDArray[np.float32]
    metric: Metric


def recommend_everyone(
    catalogue: Catalogue,
    vectors: NDArray[np.float32],
    count: int,
    *,
    parameters: Parameters | None,
    neighbours: int,
    seed: int,
    profiles: Profiles | None = None,
    due: Any | None = None,
    threads: int = 1,
) -> Iterator[Recommendations]:
    """The top items of every customer, each in exactly one part.

    Parameters
    ----------
    catalogue : Catalogue
    vectors : ndarray of float32, shape (customers, dimensions)
        Buying profiles (`ItemsBlock.profile_part`), zeros for customers without one; they are
        compared by cosine.
    count : int
        Items per customer.
    parameters : Parameters, optional
        None: everybody gets the most popular items.
    neighbours : int
        Neighbours per customer in the graph.
    seed : int
    profiles : Profiles, optional
        For customers without a buying profile, who get what their neighbours by these vectors own.
        Without, they get the most popular items.
    due : csr_array of int, shape (customers, items), optional
        Owned items to recommend again (`due_items`), if they may be listed.
    threads : int
        Does not change the result.

    Yields
    ------
    Recommendations
        Of about `PART_CUSTOMERS` customers, in no particular order.
    """
    if parameters is None:
        found = _of_popular(catalogue, np.arange(len(vectors), dtype=np.int32), count)
    else:
        found = _of_neighbours(
            catalogue, vectors, count, parameters, neighbours, seed, profiles, threads
        )
    again = None if due is None else catalogue.listable(due)
    for part in found:
        yield part if again is None else part.with_due(again)


def _of_popular(
    catalogue: Catalogue, rows: NDArray[np.int32], count: int
) -> Iterator[Recommendations]:
    for start, stop in cut(len(rows), PART_CUSTOMERS):
        yield most_popular(catalogue, rows[start:stop], count)


def _of_neighbours(
    catalogue: Catalogue,
    vectors: NDArray[np.float32],
    count: int,
    parameters: Parameters,
    neighbours: int,
    seed: int,
    profiles: Profiles | None,
    threads: int,
) -> Iterator[Recommendations]:
    has_profile = vectors.any(axis=1)
    if has_profile.any():
        plan = plan_graph(
            vectors,
            Metric.COSINE,
            neighbours,
            target_recall=GRAPH_RECALL,
            shards=-(-len(vectors) // PART_CUSTOMERS),
            seed=seed,
            threads=threads,
        )
        for near in search_shards(plan, vectors, threads=threads):
            yield recommend(
                catalogue, Metric.COSINE, near, count, parameters=parameters, threads=threads
            )
    others = np.flatnonzero(~has_profile).astype(np.int32)
    base = _with_purchases(catalogue, seed)
    if profiles is None or not len(base):
        yield from _of_popular(catalogue, others, count)
        return
    for start, stop in cut(len(others), PART_CUSTOMERS):
        yield recommend(
            catalogue,
            profiles.metric,
            _by_profile(profiles, others[start:stop], base, neighbours, threads),
            count,
            parameters=parameters,
            method=Method.PROFILE,
            threads=threads,
        )


def _with_purchases(catalogue: Catalogue, seed: int) -> NDArray[np.int32]:
    base = np.flatnonzero(np.diff(catalogue.starts) > 0).astype(np.int32)
    if len(base) > PROFILE_CUSTOMERS:
        chosen = np.random.default_rng(seed).choice(len(base), PROFILE_CUSTOMERS, replace=False)
        base = base[np.sort(chosen)]
    return base


def _by_profile(
    profiles: Profiles,
    rows: NDArray[np.int32],
    base: NDArray[np.int32],
    neighbours: int,
    threads: int,
) -> ShardResult:
    found, distances = exact_neighbours(
        profiles.vectors[rows],
        profiles.vectors[base],
        profiles.metric,
        neighbours,
        threads=threads,
    )
    nearest = np.where(found >= 0, base[found], -1).astype(np.int32)
    return ShardResult(rows, nearest, distances)
