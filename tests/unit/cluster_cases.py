"""Customers in groups, the algorithms on them, and what holds for every clustering."""

import numpy as np

from kindred.neighbours.distances import eligible
from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.results import NeighbourGraph
from kindred.segments.clusters import NOISE
from kindred.segments.density.dbscan_clusters import cluster_dbscan
from kindred.segments.density.hdbscan_clusters import cluster_hdbscan
from kindred.segments.kmeans.kmeans import cluster_kmeans
from kindred.spec.clustering import DbscanSettings, HdbscanSettings, KMeansSettings
from kindred.spec.metrics import Metric

ALGORITHMS = ["kmeans", "hdbscan", "hdbscan from the graph", "dbscan"]
DENSE = HdbscanSettings(min_cluster_size=30, min_samples=5)
WIDTH = 12


def groups(rows=900, dimensions=5, noise=60, seed=0, grid=0.0):
    """Three groups of sizes about 3 : 2 : 1 far apart, and customers scattered everywhere.

    With a grid all values are multiples of it, so that many distances are equal.
    """
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, rows, p=[0.5, 0.33, 0.17])
    centers = np.eye(3, dimensions) * 12.0 + 1.0
    vectors = centers[truth] + rng.normal(size=(rows, dimensions))
    truth = np.append(truth, np.full(noise, NOISE))
    scattered = rng.uniform(-15.0, 15.0, size=(noise, dimensions))
    order = rng.permutation(rows + noise)
    vectors = np.vstack([vectors, scattered])[order]
    if grid:
        vectors = np.round(vectors / grid) * grid
    return vectors.astype(np.float32), truth[order]


def graph_of(vectors, metric=Metric.L2, k=WIDTH):
    """The exact neighbour graph."""
    rows = np.arange(len(vectors))
    may_search = eligible(metric, vectors)
    neighbours, distances = exact_neighbours(vectors, vectors, metric, k, exclude=rows)
    width = max(0, min(k, int(may_search.sum()) - 1))
    return NeighbourGraph(neighbours[:, :width].astype(np.int32), distances[:, :width], may_search)


def cluster(algorithm, vectors, metric=Metric.L2, seed=1, threads=1, settings=None):
    """One of `ALGORITHMS`, as the stage calls it, but for an inner product with a graph of l2."""
    if algorithm == "kmeans":
        settings = settings or KMeansSettings(k=3)
        return cluster_kmeans(vectors, settings, metric, seed=seed, threads=threads)
    graph = graph_of(vectors, Metric.L2 if metric is Metric.INNER_PRODUCT else metric)
    if algorithm == "dbscan":
        settings = settings or DbscanSettings(min_samples=5)
        return cluster_dbscan(vectors, graph, settings, metric, seed=seed, threads=threads)
    settings = settings or DENSE
    if algorithm == "hdbscan from the graph":
        settings = settings.model_copy(update={"exact_limit": 0})
    return cluster_hdbscan(vectors, graph, settings, metric, seed=seed, threads=threads)


def assert_sound(clusters, rows):
    """What holds for every clustering of so many customers."""
    labels, nearest = clusters.labels, clusters.nearest_labels
    assert labels.dtype == nearest.dtype == np.int32
    assert clusters.membership.dtype == np.float32
    assert labels.shape == nearest.shape == clusters.membership.shape == (rows,)
    is_noise = labels == NOISE
    sizes = np.bincount(labels[~is_noise])
    assert (sizes > 0).all()
    assert (np.diff(sizes) <= 0).all()
    assert (clusters.membership >= 0).all()
    assert (clusters.membership <= 1).all()
    assert not clusters.membership[is_noise].any()
    np.testing.assert_array_equal(nearest[~is_noise], labels[~is_noise])
    if sizes.size:
        assert (nearest >= 0).all()
        assert (nearest < sizes.size).all()
    else:
        assert (nearest == NOISE).all()
