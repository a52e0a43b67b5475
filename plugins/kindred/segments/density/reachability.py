"""The input of density clustering: distinct points, their graph neighbours and core distances."""

from dataclasses import dataclass

import numpy as np

from kindred.errors import ArtefactError
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.inverted_lists import Lists
from kindred.neighbours.list_training import train_lists
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search_plan import GraphPlan
from kindred.neighbours.tiles import searchable
from kindred.spec.metrics import Metric

NONE = np.int32(-1)


@dataclass(frozen=True)
class Reachability:
    """Distinct points in list order, with the neighbours of each.

    All distances are Euclidean; for cosine, of unit vectors. ``vectors`` float32 (points,
    dimensions); ``points`` float32 (points, width), as `tiles.searchable` returns them.
    ``list_starts`` int64 (lists + 1,) and ``centroids`` float32 (lists, width): the points of a
    list are contiguous and near each other. ``neighbours`` int32 (points, k'), -1 for a customer at
    the same point. ``distances`` float32 (points, k'), ascending. ``core`` float32 (points,): core
    distances. ``rank`` int32 (points,): the place of each point by content, by which ties are
    decided, so that the order of the lists decides nothing. The customers of point i are
    ``members[starts[i]:starts[i + 1]]``.
    """

    metric: Metric
    vectors: np.ndarray
    points: np.ndarray
    list_starts: np.ndarray
    centroids: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray
    core: np.ndarray
    rank: np.ndarray
    starts: np.ndarray
    members: np.ndarray

    def of_customers(self, values: np.ndarray) -> np.ndarray:
        """Values of the points, repeated for each of their ``members``."""
        return np.repeat(values, np.diff(self.starts))


def reachability(
    vectors: np.ndarray,
    graph: NeighbourGraph,
    min_samples: int,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    plan: GraphPlan | None = None,
) -> Reachability:
    """Number the distinct points by content, and translate the graph to these numbers.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    graph : NeighbourGraph
        With at least one neighbour; at least one customer must be eligible.
    min_samples : int
        The core distance is the distance to the ``min_samples``-th other customer, as in
        ``hdbscan``'s k-d tree algorithms, or to the last one if the graph holds fewer.
    metric : Metric
        l2 or cosine; a cosine distance d becomes sqrt(2 d), the distance of the unit vectors.
    seed : int
        Seed for training the lists.
    threads : int
        Does not change the result.
    plan : GraphPlan, optional
        The plan by which these vectors were searched with the same seed. It holds the distinct
        vectors and, for large sets, the lists. Without it both are computed again, with the same
        result.

    Returns
    -------
    Reachability
        The ranks depend on the vectors only, the numbering on the lists as well.

    Raises
    ------
    ArtefactError
        The graph holds fewer neighbours than ``min_samples``, and there are more customers.
    """
    _require_width(graph, min_samples)
    distinct = plan.distinct if plan else find_distinct(vectors, eligible(metric, vectors))
    lists = plan.trained_lists if plan else None
    if lists is None:
        content = searchable(vectors[distinct.first_rows[distinct.content_order]], metric)
        trained = train_lists(content, seed=seed, threads=threads)
        order = distinct.content_order[trained.order]
        lists = Lists(trained.centroids, order, trained.starts)
    order = lists.order
    first_rows = distinct.first_rows[order]
    points = searchable(vectors[first_rows], metric)
    starts, members = distinct.members_of(order)
    point_of = np.full(len(vectors), NONE, dtype=np.int32)
    point_of[members] = np.repeat(np.arange(len(order), dtype=np.int32), np.diff(starts))
    neighbours = point_of[graph.neighbours[first_rows]]
    neighbours[neighbours == np.arange(len(order), dtype=np.int32)[:, None]] = NONE
    distances = euclidean_of(metric, graph.distances[first_rows])
    core = np.ascontiguousarray(distances[:, min(min_samples, distances.shape[1]) - 1])
    return Reachability(
        metric,
        vectors[first_rows] if metric is Metric.COSINE else points,
        points,
        lists.starts,
        lists.centroids,
        neighbours,
        distances,
        core,
        _ranks(distinct.content_order)[order],
        starts,
        members,
    )


def euclidean_of(metric: Metric, distances: np.ndarray) -> np.ndarray:
    """Euclidean distances, float32: l2 unchanged, cosine as sqrt(2 d), that of unit vectors."""
    if metric is not Metric.COSINE:
        return np.asarray(distances, dtype=np.float32)
    squares = 2.0 * np.maximum(distances, 0.0, dtype=np.float64)
    return np.asarray(np.sqrt(squares), dtype=np.float32)


def _ranks(order: np.ndarray) -> np.ndarray:
    """The position of each number in an order of all numbers, int32."""
    ranks = np.empty(len(order), dtype=np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return ranks


def _require_width(graph: NeighbourGraph, min_samples: int) -> None:
    width, needed = graph.neighbours.shape[1], min(min_samples, int(graph.eligible.sum()) - 1)
    if width < needed:
        raise ArtefactError(
            f"neighbour graph: found {width} neighbours per customer, but density clustering with"
            f" these min_samples needs {needed}; clear task 'plan_graph'"
        )
