"""The plan of a search: everything its shards must agree on, decided once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from kindred.errors import DataError, SettingsError
from kindred.graph.distances import eligible
from kindred.graph.distinct import Distinct, find_distinct
from kindred.graph.exact import exact_neighbours, require_k
from kindred.graph.ivf import BLOCK, Lists, searchable, train_lists
from kindred.graph.recall import found_shares
from kindred.graph.search_core import RowSearch
from kindred.metrics import Metric

EXACT = "exact"
IVF = "ivf"

EXACT_LIMIT = 12_000
"""Distinct vectors up to which exact search is about as fast as training and tuning lists."""

LISTS_PER_ROOT = 4.0
"""Lists per square root of the distinct vectors: 4,000 for a million."""

TUNING_SAMPLE = 1000
TUNING_STREAM = 0

_INDEX_ARRAYS = ("first_rows", "starts", "members", "content_order")


@dataclass(frozen=True)
class GraphPlan:
    """Small parameters, and arrays that ``np.save`` writes without pickle.

    ``parameters``: method, metric, k (the k' every row gets), lists, probes, shards,
    estimated_recall, rows, dimensions. ``arrays``: eligible, the distinct index (first_rows,
    starts, members, content_order), list_order, shard_boundaries (positions in list_order), and
    for ivf centroids and assignment.
    """

    parameters: dict[str, int | float | str]
    arrays: dict[str, np.ndarray]

    @classmethod
    def from_parts(
        cls, parameters: Mapping[str, int | float | str], arrays: Mapping[str, np.ndarray]
    ) -> Self:
        """The plan whose ``parameters`` and ``arrays`` were stored."""
        return cls(dict(parameters), dict(arrays))

    @property
    def metric(self) -> Metric:
        """How far apart two customers are."""
        return Metric(str(self.parameters["metric"]))

    @property
    def method(self) -> str:
        """``exact`` or ``ivf``."""
        return str(self.parameters["method"])

    @property
    def k(self) -> int:
        """Neighbours of every eligible customer: min(k, eligible - 1)."""
        return int(self.parameters["k"])

    @property
    def lists(self) -> int:
        """Inverted lists; 0 for exact search."""
        return int(self.parameters["lists"])

    @property
    def probes(self) -> int:
        """Lists scanned for each query; 0 for exact search."""
        return int(self.parameters["probes"])

    @property
    def shards(self) -> int:
        """Shards the search is cut into; late ones may be empty."""
        return int(self.parameters["shards"])

    @property
    def estimated_recall(self) -> float:
        """Recall at k on the tuning sample."""
        return float(self.parameters["estimated_recall"])

    @property
    def distinct(self) -> Distinct:
        """The distinct vectors and the customers who share them."""
        return Distinct(**{name: self.arrays[name] for name in _INDEX_ARRAYS})

    @property
    def trained_lists(self) -> Lists | None:
        """Centroids and assignment; None for exact search."""
        if self.method == EXACT:
            return None
        return Lists(self.arrays["centroids"], self.arrays["assignment"])


def plan_graph(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    *,
    target_recall: float,
    shards: int,
    seed: int,
    exact: bool = False,
) -> GraphPlan:
    """Find distinct vectors, train lists and tune the number of probes.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
        Finite, in customer order.
    metric : Metric
    k : int
    target_recall : float
        Probes grow until the recall at k of a sample of 1,000 customers reaches it; 1 means exact
        search.
    shards : int
        Number of parts; the graph does not depend on it.
    seed : int
        Of the training and tuning samples.
    exact : bool
        Search exactly whatever the size.

    Raises
    ------
    SettingsError
        k or shards below 1, or a target outside (0, 1].
    DataError
        Vectors that are not finite.
    """
    _check(vectors, k, target_recall, shards)
    may_search = eligible(metric, vectors)
    distinct = find_distinct(vectors, may_search)
    width = max(0, min(k, len(distinct.members) - 1))
    count = len(distinct.first_rows)
    lists: Lists | None = None
    probes, recall = 0, 1.0
    if not (exact or target_recall == 1.0 or width == 0 or count <= EXACT_LIMIT):
        lists = _train(vectors, distinct, metric, seed)
        probes, recall = _tune(vectors, distinct, metric, lists, width, target_recall, seed)
    parameters: dict[str, int | float | str] = {
        "method": EXACT if lists is None else IVF,
        "metric": metric.value,
        "k": width,
        "lists": 0 if lists is None else len(lists.centroids),
        "probes": probes,
        "shards": shards,
        "estimated_recall": recall,
        "rows": len(vectors),
        "dimensions": vectors.shape[1],
    }
    arrays = _distinct_arrays(distinct, lists) | {
        "eligible": may_search,
        "shard_boundaries": _boundaries(count, shards),
    }
    return GraphPlan(parameters, arrays)


def _train(vectors: np.ndarray, distinct: Distinct, metric: Metric, seed: int) -> Lists:
    points = searchable(vectors[distinct.first_rows], metric)
    count = min(len(points), round(LISTS_PER_ROOT * len(points) ** 0.5))
    return train_lists(points, distinct, metric, count, seed=seed)


def _distinct_arrays(distinct: Distinct, lists: Lists | None) -> dict[str, np.ndarray]:
    """The distinct index, the lists, and the order in which vectors are searched."""
    arrays = {name: getattr(distinct, name) for name in _INDEX_ARRAYS}
    order = distinct.content_order
    if lists is None:
        return arrays | {"list_order": order}
    order = order[np.argsort(lists.assignment[order], kind="stable")]
    return arrays | {
        "list_order": order,
        "centroids": lists.centroids,
        "assignment": lists.assignment,
    }


def _tune(
    vectors: np.ndarray,
    distinct: Distinct,
    metric: Metric,
    lists: Lists,
    k: int,
    target_recall: float,
    seed: int,
) -> tuple[int, float]:
    """The fewest probes of the ladder that reach the target, and the recall they reach."""
    generator = np.random.default_rng([seed, TUNING_STREAM])
    # By position in content order, so that the sample does not depend on the customers' order.
    by_content = np.repeat(distinct.content_order, distinct.sizes[distinct.content_order])
    size = min(TUNING_SAMPLE, len(by_content))
    points = by_content[np.sort(generator.choice(len(by_content), size, replace=False))]
    own = distinct.first_rows[points]
    _, exact = exact_neighbours(vectors[own], vectors, metric, k, exclude=own)
    search = RowSearch(vectors, distinct, metric, lists)
    recall = 0.0
    for probes in probe_ladder(len(lists.centroids)):
        _, found = search.neighbours_of(points, own, k, probes)
        recall = float(found_shares(metric, found, exact[:, -1]).mean())
        if recall >= target_recall:
            return probes, recall
    return len(lists.centroids), recall


def probe_ladder(lists: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12, 16, 24, ... and at last all lists."""
    steps = [1] + [step for power in range(1, 32) for step in (2**power, 3 * 2 ** (power - 1))]
    return [step for step in steps if step < lists] + [lists]


def _boundaries(points: int, shards: int) -> np.ndarray:
    """Whole blocks, spread evenly: positions int64 (shards + 1,)."""
    blocks = -(-points // BLOCK)
    edges = np.arange(shards + 1, dtype=np.int64) * blocks // shards
    return np.minimum(edges * BLOCK, points)


def _check(vectors: np.ndarray, k: int, target_recall: float, shards: int) -> None:
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
