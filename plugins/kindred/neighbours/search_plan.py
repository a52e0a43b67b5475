"""The plan of a graph search: everything that all shards have to agree on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kindred.errors import DataError, SettingsError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.exact import require_k
from kindred.neighbours.inverted_lists import Lists, Tuned, list_edges
from kindred.neighbours.truth import Truth, find_truth
from kindred.spec.metrics import Metric

if TYPE_CHECKING:
    from kindred.neighbours.frozen_lists import FrozenLists

EXACT = "exact"
IVF = "ivf"

EXACT_LIMIT = 30_000
"""Up to this many distinct vectors, exact search is about as fast as training and tuning lists."""

EXACT_BLOCK = 4096
"""Shards of an exact search consist of whole blocks of this many vectors."""

SPARE_CANDIDATES = 5
"""Extra candidates, so that float32 rounding hardly ever decides about a neighbour."""

FEWEST_REFINED = 26
"""Candidates before a pass over neighbours, at least: from 16 of them a pass left half as many more
neighbours unfound as from 26, on mixed and on friendly data (docs/graph.md)."""

_INDEX_ARRAYS = ("first_rows", "starts", "members", "content_order")


SMALLEST, LARGEST = 1e-18, 1e17
"""Largest values of vectors whose squares float32 holds, summed over a thousand dimensions."""


@dataclass(frozen=True)
class GraphPlan:
    """Parameters, and arrays that ``np.save`` can write without pickle.

    ``k``: neighbours of every eligible customer, min(k, eligible - 1); ``lists`` and ``probes``:
    0 for exact search; ``shards``: the last ones may be empty; ``estimated_recall``: of
    ``recall_k`` neighbours on the tuning sample, by the lists alone; ``is_refined``: whether
    a pass over neighbours (`refining`) follows; ``is_frozen``: whether the lists are those of the
    encoder. ``arrays``: eligible, the index of distinct
    vectors (first_rows, starts, members, content_order), list_order, shard_boundaries (positions in
    list_order), and for ivf list_starts, centroids and near_lists.
    """

    method: str
    metric: Metric
    k: int
    lists: int
    probes: int
    shards: int
    recall_k: int
    estimated_recall: float
    is_refined: bool
    rows: int
    dimensions: int
    is_frozen: bool
    arrays: dict[str, np.ndarray]

    @classmethod
    def from_parts(cls, parameters: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        """The plan with the stored ``parameters`` and ``arrays``."""
        return cls(**{**parameters, "metric": Metric(parameters["metric"])}, arrays=arrays)

    @property
    def parameters(self) -> dict[str, int | float | str]:
        """All but the arrays, as plain JSON."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        del named["arrays"]
        return named | {"metric": self.metric.value}

    @property
    def candidates(self) -> int:
        """Vectors that a search by lists keeps for each: its own, k others, and spare ones."""
        count = self.k + 1 + SPARE_CANDIDATES
        return max(count, FEWEST_REFINED) if self.is_refined else count

    @property
    def distinct(self) -> Distinct:
        """The distinct vectors and the customers who share them."""
        return Distinct(**{name: self.arrays[name] for name in _INDEX_ARRAYS})

    @property
    def trained_lists(self) -> Lists | None:
        """The lists with their points; None for exact search."""
        if self.method == EXACT:
            return None
        arrays = self.arrays
        # Copied because numba compiles again for arrays that are mapped read-only.
        centroids, starts = np.array(arrays["centroids"]), np.array(arrays["list_starts"])
        return Lists(centroids, arrays["list_order"], starts)


def plan_graph(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    *,
    target_recall: float,
    shards: int,
    seed: int,
    recall_k: int | None = None,
    exact: bool = False,
    distinct: Distinct | None = None,
    truth: Truth | None = None,
    frozen: "FrozenLists | None" = None,
    is_refined: bool = False,
    threads: int = 1,
) -> GraphPlan:
    """Find distinct vectors, train lists, and tune the number of lists to search.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        Finite, in customer order.
    metric : Metric
    k : int
    target_recall : float
        The number of lists to search is chosen so that a sample of customers reaches this recall; 1
        means exact search.
    shards : int
        Number of parts; the graph does not depend on it.
    seed : int
        Seed of the training and tuning samples.
    recall_k : int, optional
        Number of neighbours that the target refers to; all k by default.
    exact : bool
        Search exactly, regardless of the size.
    distinct : Distinct, optional
        The distinct eligible vectors, if known.
    truth : Truth, optional
        With ``recall_k`` neighbours, if known.
    frozen : FrozenLists, optional
        The lists of the encoder. Without them, or if they fit another size or vectors elsewhere,
        lists are trained on these vectors.
    is_refined : bool
        Whether a pass over neighbours follows, so that the lists alone need not find everyone; for
        ``frozen`` lists they themselves say so.
    threads : int
        Does not change the result.

    Raises
    ------
    SettingsError
        k or shards is below 1, or the target is outside (0, 1].
    DataError
        Vectors are not finite, or so small or large that their squares are no float32.
    """
    _check(vectors, metric, k, target_recall, shards)
    may_search = eligible(metric, vectors)
    distinct = distinct or find_distinct(vectors, may_search)
    width = max(0, min(k, len(distinct.members) - 1))
    count = len(distinct.first_rows)
    recalled = min(width, recall_k or k)
    tuned, aimed = None, None
    is_frozen = frozen is not None and frozen.fit(count)
    if may_use_lists(count, exact=exact, target_recall=target_recall) and width > 0:
        # Imported here because numba takes half a second to import, and most tasks never need it.
        from kindred.neighbours.frozen_lists import use_lists
        from kindred.neighbours.refining_gain import candidate_recall
        from kindred.neighbours.tuning import tune_lists

        truth = truth or find_truth(
            vectors, metric, recalled, distinct, seed=seed, measuring_size=0, threads=threads
        )
        if frozen is not None:
            aimed = frozen.candidate_recall
        elif is_refined:
            aimed = candidate_recall(
                vectors, distinct, metric, recalled, target_recall, seed=seed, threads=threads
            )
        sampled = (vectors, distinct, metric, truth, aimed or target_recall)
        if frozen is not None and is_frozen:
            tuned = use_lists(frozen, *sampled, threads=threads)
        is_frozen = tuned is not None
        tuned = tuned or tune_lists(*sampled, seed=seed, threads=threads)
    return GraphPlan(
        method=EXACT if tuned is None else IVF,
        metric=metric,
        k=width,
        lists=0 if tuned is None else len(tuned.lists.centroids),
        probes=0 if tuned is None else tuned.probes,
        shards=shards,
        recall_k=recalled,
        estimated_recall=1.0 if tuned is None else tuned.recall,
        is_refined=aimed is not None,
        rows=len(vectors),
        dimensions=vectors.shape[1],
        is_frozen=tuned is not None and is_frozen,
        arrays={"eligible": may_search, **_arrays(distinct, tuned, shards)},
    )


def _arrays(distinct: Distinct, tuned: Tuned | None, shards: int) -> dict[str, np.ndarray]:
    arrays = {name: getattr(distinct, name) for name in _INDEX_ARRAYS}
    count = len(distinct.first_rows)
    if tuned is None:
        order, starts = distinct.content_order, np.append(np.arange(0, count, EXACT_BLOCK), count)
    else:
        order, starts = tuned.lists.order, tuned.lists.starts
        arrays |= {
            "list_starts": starts,
            "centroids": tuned.lists.centroids,
            "near_lists": tuned.near,
        }
    # Starts of lists (or blocks) that cut the vectors evenly.
    wanted = np.arange(shards + 1, dtype=np.int64) * starts[-1] // shards
    return arrays | {"list_order": order, "shard_boundaries": list_edges(starts, wanted)}


def may_use_lists(distinct: int, *, exact: bool, target_recall: float) -> bool:
    """Whether so many distinct vectors are searched by lists."""
    return not exact and target_recall < 1.0 and distinct > EXACT_LIMIT


def _check(vectors: np.ndarray, metric: Metric, k: int, target_recall: float, shards: int) -> None:
    require_k(k)
    if shards < 1:
        raise SettingsError(f"shards: found {shards}, allowed are whole numbers from 1")
    if not 0.0 < target_recall <= 1.0:
        raise SettingsError(
            f"target_recall: found {target_recall}, allowed is more than 0 and at most 1"
        )
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise DataError(
            f"vectors: row {row} holds a value that is not finite; encode the customers again"
        )
    largest = float(max(vectors.max(), -vectors.min())) if vectors.size else 0.0
    if metric is not Metric.COSINE and largest and not SMALLEST <= largest <= LARGEST:
        raise DataError(
            f"vectors: the largest value is {largest:.3g}, allowed are {SMALLEST:g} to {LARGEST:g},"
            " or its square is no float32; scale the vectors"
        )
