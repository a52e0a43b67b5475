"""What density clustering takes from the neighbour graph: distinct points and core distances."""

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
    """Distinct points in list order, with what the graph knows of each.

    All distances are Euclidean, of unit vectors for cosine. ``vectors`` float32 (points,
    dimensions), and ``points`` float32 (points, width) as `tiles.searchable` makes them.
    ``list_starts`` int64 (lists + 1,) and ``centroids`` float32 (lists, width): points of a list
    lie side by side, near each other. ``neighbours`` int32 (points, k'), -1 for a customer of the
    same point; ``distances`` float32 (points, k'), rising; ``core`` float32 (points,). The
    customers of point i are ``members[starts[i]:starts[i + 1]]``.
    """

    metric: Metric
    vectors: np.ndarray
    points: np.ndarray
    list_starts: np.ndarray
    centroids: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray
    core: np.ndarray
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
    """Number the distinct points by content, and read the graph in those numbers.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    graph : NeighbourGraph
        Of at least one neighbour; at least one customer is eligible.
    min_samples : int
        The core distance is that of the ``min_samples``-th other customer, as in ``hdbscan``'s
        k-d tree algorithms, or of the last one where the graph holds fewer.
    metric : Metric
        l2 or cosine, whose distance d becomes sqrt(2 d), that of the unit vectors.
    seed : int
        Of the training of the lists.
    threads : int
        Changes no result.
    plan : GraphPlan, optional
        By which these vectors were searched with the same seed: it holds the distinct vectors and,
        of large sets, the lists. Without it both are found again, which changes no result.

    Returns
    -------
    Reachability
        The numbers depend on the vectors alone, not on the order of the customers.

    Raises
    ------
    ArtefactError
        The graph holds fewer neighbours than ``min_samples``, though there are more customers.
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
        starts,
        members,
    )


def euclidean_of(metric: Metric, distances: np.ndarray) -> np.ndarray:
    """Distances of l2 as they are, of cosine as those of unit vectors: sqrt(2 d), float32."""
    if metric is not Metric.COSINE:
        return np.asarray(distances, dtype=np.float32)
    squares = 2.0 * np.maximum(distances, 0.0, dtype=np.float64)
    return np.asarray(np.sqrt(squares), dtype=np.float32)


def _require_width(graph: NeighbourGraph, min_samples: int) -> None:
    width, needed = graph.neighbours.shape[1], min(min_samples, int(graph.eligible.sum()) - 1)
    if width < needed:
        raise ArtefactError(
            f"neighbour graph: found {width} neighbours of each customer, density clustering with"
            f" these min_samples needs {needed}; clear plan_graph and run it again"
        )
