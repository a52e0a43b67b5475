"""HDBSCAN: any number of clusters of any shape, and noise."""

from typing import TYPE_CHECKING

import hdbscan
import numpy as np

from kindred.errors import SettingsError
from kindred.neighbours.distances import eligible, normalised
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search_plan import GraphPlan
from kindred.progress.steps import blind_step, step
from kindred.segments.clusters import NOISE, Clusters, all_noise, order_free
from kindred.segments.nearest import nearest_point
from kindred.spec.clustering import Algorithm, HdbscanSettings
from kindred.spec.metrics import Metric

if TYPE_CHECKING:
    from kindred.segments.density.reachability import Reachability

EXACT = "hdbscan exact"
FROM_GRAPH = "hdbscan graph"

LONG_EXACT = 5_000
"""Customers above which the exact library takes seconds on a busy machine."""


def cluster_hdbscan(
    vectors: np.ndarray,
    graph: NeighbourGraph,
    settings: HdbscanSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    plan: GraphPlan | None = None,
) -> Clusters:
    """Cluster customers by density (Campello, Moulavi & Sander 2013; excess of mass).

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    graph : NeighbourGraph
        Of these vectors, with at least ``min_samples`` neighbours. Not used up to ``exact_limit``
        eligible customers, which the `hdbscan` library clusters from the vectors.
    settings : HdbscanSettings
    metric : Metric
        l2, or cosine as the Euclidean distance of unit vectors, which orders pairs the same way.
        Zero vectors under cosine are noise; their nearest cluster is set to the largest one.
    seed : int
        Seed for training the lists that are searched above ``exact_limit``.
    threads : int
        Does not change the result.
    plan : GraphPlan, optional
        See `reachability`.

    Returns
    -------
    Clusters
        ``membership`` is HDBSCAN's probability. ``nearest_labels`` of noise is the cluster of the
        nearest clustered customer. Above ``exact_limit``, if no graph neighbour is clustered, it is
        the cluster that the customer joins first as the density falls. With fewer customers than
        ``min_cluster_size``, all are noise. ``method`` is "hdbscan exact" or "hdbscan graph".

    Raises
    ------
    SettingsError
        The metric is inner product, under which a customer need not be nearest to itself.
    """
    refuse_inner_product(Algorithm.HDBSCAN, metric)
    may_cluster = eligible(metric, vectors)
    count = int(may_cluster.sum())
    method = EXACT if count <= settings.exact_limit else FROM_GRAPH
    if count < settings.min_cluster_size:
        return all_noise(len(vectors), method)
    if method == EXACT:
        clusters = _exact(vectors, may_cluster, settings, metric)
    else:
        clusters = _from_graph(
            vectors, graph, settings, metric, seed=seed, threads=threads, plan=plan
        )
    return with_largest_for_zeros(order_free(clusters), may_cluster)


def with_largest_for_zeros(clusters: Clusters, may_cluster: np.ndarray) -> Clusters:
    """Set the largest cluster as nearest for customers that have no distance to any other."""
    clusters.nearest_labels[~may_cluster] = min(0, int(clusters.labels.max(initial=NOISE)))
    return clusters


def refuse_inner_product(algorithm: Algorithm, metric: Metric) -> None:
    """Reject inner product: density clustering needs a distance."""
    if metric is Metric.INNER_PRODUCT:
        raise SettingsError(
            f"clustering.algorithms: found {algorithm} with metric 'ip', allowed are 'l2' and"
            f" 'cosine'; an inner product is not a distance; remove {algorithm} or change the"
            " spec's metric"
        )


def _from_graph(
    vectors: np.ndarray,
    graph: NeighbourGraph,
    settings: HdbscanSettings,
    metric: Metric,
    *,
    seed: int,
    threads: int,
    plan: GraphPlan | None,
) -> Clusters:
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.segments.density.boruvka import spanning_tree
    from kindred.segments.density.hierarchy import nearest_labels, select_clusters
    from kindred.segments.density.reachability import reachability

    with step("preparing the graph"):
        reach = reachability(
            vectors, graph, settings.min_samples, metric, seed=seed, threads=threads, plan=plan
        )
    with step("spanning tree"):
        tree = spanning_tree(reach, threads=threads)
    labels, probabilities = select_clusters(reach, tree, settings.min_cluster_size)
    nearest = nearest_labels(reach, tree, labels)
    clusters = all_noise(len(vectors), FROM_GRAPH)
    fill_from_points(clusters, reach, labels, probabilities, nearest)
    return clusters


def fill_from_points(
    clusters: Clusters,
    reach: "Reachability",
    labels: np.ndarray,
    membership: np.ndarray,
    nearest: np.ndarray,
) -> None:
    """Copy the values of each point to all of its customers."""
    clusters.labels[reach.members] = reach.of_customers(labels)
    clusters.membership[reach.members] = reach.of_customers(membership)
    clusters.nearest_labels[reach.members] = reach.of_customers(nearest)


def _exact(
    vectors: np.ndarray, may_cluster: np.ndarray, settings: HdbscanSettings, metric: Metric
) -> Clusters:
    points = normalised(vectors) if metric is Metric.COSINE else np.asarray(vectors, np.float32)
    rows = _in_content_order(points, may_cluster)
    clusters = all_noise(len(vectors), EXACT)
    clusters.labels[rows], clusters.membership[rows] = _fit(points[rows], settings)
    clusters.nearest_labels[:] = clusters.labels
    members = np.sort(np.flatnonzero(clusters.labels != NOISE))
    noise = np.flatnonzero((clusters.labels == NOISE) & may_cluster)
    if members.size and noise.size:
        nearest = nearest_point(points[noise], points[members])
        clusters.nearest_labels[noise] = clusters.labels[members[nearest]]
    return clusters


def _in_content_order(points: np.ndarray, may_cluster: np.ndarray) -> np.ndarray:
    """Eligible rows sorted by their vectors, so that ties do not depend on the rows' order."""
    distinct = find_distinct(points, may_cluster)
    position = np.argsort(distinct.content_order)
    order = np.argsort(np.repeat(position, distinct.sizes), kind="stable")
    return np.asarray(distinct.members[order])


def _fit(points: np.ndarray, settings: HdbscanSettings) -> tuple[np.ndarray, np.ndarray]:
    # Prim's algorithm over a k-d tree is exact, needs memory linear in the rows, and above 20
    # dimensions is the library's fastest: 10,000 x 80 take 5.3 s (Borůvka 8.2 s).
    model = hdbscan.HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=settings.min_samples,
        metric="euclidean",
        algorithm="prims_kdtree",
        cluster_selection_method="eom",
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    )
    is_long = len(points) > LONG_EXACT
    with blind_step(f"exact HDBSCAN of {len(points)} customers", is_long=is_long):
        model.fit(points.astype(np.float64))
    return model.labels_.astype(np.int32), model.probabilities_.astype(np.float32)
