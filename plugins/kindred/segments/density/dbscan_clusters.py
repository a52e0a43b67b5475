"""DBSCAN: core customers within eps of each other form clusters, with their border customers."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kindred.neighbours.distances import eligible
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search_plan import GraphPlan
from kindred.progress.steps import step
from kindred.segments.clusters import NOISE, Clusters, all_noise, order_free
from kindred.segments.density.hdbscan_clusters import (
    fill_from_points,
    refuse_inner_product,
    with_largest_for_zeros,
)
from kindred.spec.clustering import Algorithm, DbscanSettings
from kindred.spec.metrics import Metric

if TYPE_CHECKING:
    from kindred.segments.density.reachability import Reachability

METHOD = "dbscan graph"


def cluster_dbscan(
    vectors: np.ndarray,
    graph: NeighbourGraph,
    settings: DbscanSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    plan: GraphPlan | None = None,
) -> Clusters:
    """Cluster customers by DBSCAN (Ester, Kriegel, Sander & Xu 1996) on the neighbour graph.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    graph : NeighbourGraph
        Of these vectors, with at least ``min_samples`` - 1 neighbours.
    settings : DbscanSettings
        A customer is core if at least ``min_samples`` customers, including itself, are within
        ``eps``, a distance of the metric. If ``eps`` is None, `knee` chooses it.
    metric : Metric
        l2 or cosine. Zero vectors under cosine are noise; their nearest cluster is set to the
        largest one.
    seed : int
        Seed for training the lists that are searched.
    threads : int
        Does not change the result.
    plan : GraphPlan, optional
        See `reachability`.

    Returns
    -------
    Clusters
        Core customers within eps of each other share a cluster. Border customers (not core, but
        within eps of a core customer) join the cluster of the nearest core customer. The result is
        exact if the graph is: core and border customers follow from the neighbour lists, and the
        links are the edges of the mutual reachability spanning tree of weight at most eps.
        ``membership`` is 1 for core customers; for border customers it is the number of customers
        within eps divided by ``min_samples``. ``nearest_labels`` is computed as `cluster_hdbscan`
        computes it from the graph. ``figures`` holds eps.

    Raises
    ------
    SettingsError
        The metric is inner product, under which a customer need not be nearest to itself.
    """
    refuse_inner_product(Algorithm.DBSCAN, metric)
    may_cluster = eligible(metric, vectors)
    if int(may_cluster.sum()) < settings.min_samples:
        return all_noise(len(vectors), METHOD)
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.segments.density.boruvka import spanning_tree
    from kindred.segments.density.hierarchy import nearest_labels
    from kindred.segments.density.reachability import euclidean_of, reachability

    others = settings.min_samples - 1
    with step("preparing the graph"):
        reach = reachability(vectors, graph, others, metric, seed=seed, threads=threads, plan=plan)
    eps = settings.eps
    if eps is None:
        eps = knee(graph.distances[graph.eligible, others - 1])
    limit = float(euclidean_of(metric, np.array([eps], dtype=np.float32))[0])
    with step("spanning tree"):
        tree = spanning_tree(reach, threads=threads)
    is_link = tree.weight <= limit
    labels = _linked(tree.low[is_link], tree.high[is_link], reach.core <= limit)
    found = _with_borders(labels, reach, limit)
    within = 1 + (reach.distances <= limit).sum(axis=1)
    share = np.where(found == NOISE, 0.0, np.minimum(1.0, within / settings.min_samples))
    clusters = all_noise(len(vectors), METHOD, eps=eps)
    nearest = nearest_labels(reach, tree, found)
    fill_from_points(clusters, reach, found, share.astype(np.float32), nearest)
    return with_largest_for_zeros(order_free(clusters), may_cluster)


def knee(distances: np.ndarray) -> float:
    """The knee of the curve of sorted distances: the point farthest below its chord.

    Parameters
    ----------
    distances : ndarray of float, shape (customers,)
        From each customer to the neighbour that would make it core; at least one.

    Returns
    -------
    float
        One of the distances: after scaling ranks and distances to [0, 1], the one whose rank
        exceeds it most. This is Kneedle (Satopää et al. 2011) without smoothing, on the k-distance
        curve that Ester et al. (1996) read by eye. If all distances are equal, that distance.
        Customers with so many equals that their distance is 0 are core at any distance, so they
        have no part in it, unless all are.
    """
    apart = distances[distances > 0.0]
    curve = np.sort(apart if len(apart) else distances).astype(np.float64)
    height = curve[-1] - curve[0]
    if height <= 0.0:
        return float(curve[-1])
    ranks = np.arange(len(curve)) / (len(curve) - 1)
    return float(curve[(ranks - (curve - curve[0]) / height).argmax()])


def _linked(low: np.ndarray, high: np.ndarray, is_core: np.ndarray) -> np.ndarray:
    """Labels of linked core points, int32 (points,); all other points are noise."""
    shape = (len(is_core), len(is_core))
    links = coo_array((np.ones(len(low), dtype=np.int8), (low, high)), shape=shape)
    groups = connected_components(links, directed=False)[1]
    labels = np.full(len(is_core), NOISE, dtype=np.int32)
    labels[is_core] = np.unique(groups[is_core], return_inverse=True)[1]
    return labels


def _with_borders(labels: np.ndarray, reach: "Reachability", limit: float) -> np.ndarray:
    """Add the labels of border points: that of the nearest core point; ties go to the first."""
    out = labels.copy()
    rows = np.flatnonzero(reach.core > limit)
    near, gaps = reach.neighbours[rows], reach.distances[rows]
    # The list of a point that is not core holds all of its neighbours within eps.
    is_candidate = (gaps <= limit) & (near >= 0) & (labels[near] != NOISE)
    gaps = np.where(is_candidate, gaps, np.inf)
    is_nearest = is_candidate & (gaps == gaps.min(axis=1, initial=np.inf)[:, None])
    ranks = np.where(is_nearest, reach.rank[near], np.iinfo(np.int32).max)
    is_border = is_nearest.any(axis=1)
    first = near[np.arange(len(rows)), ranks.argmin(axis=1)]
    out[rows[is_border]] = labels[first[is_border]]
    return out
