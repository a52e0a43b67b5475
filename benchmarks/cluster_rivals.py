"""Implementations of HDBSCAN and k-means, each run in its own process on vectors in a file."""

import json
import time
from dataclasses import dataclass
from typing import Any, Literal

import hdbscan
import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import DBSCAN as ScikitLearnDbscan
from sklearn.cluster import HDBSCAN as ScikitLearn
from sklearn.cluster import KMeans

from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.results import NeighbourGraph
from kindred.neighbours.search import merge_shards, search_shard
from kindred.neighbours.search_plan import GraphPlan, plan_graph
from kindred.segments.density.dbscan_clusters import cluster_dbscan
from kindred.segments.density.hdbscan_clusters import cluster_hdbscan
from kindred.segments.kmeans.kmeans import cluster_kmeans
from kindred.spec.clustering import DbscanSettings, HdbscanSettings, KMeansSettings
from kindred.spec.metrics import Metric

SEED = 20_180_401


@dataclass(frozen=True)
class Found:
    """The result of an implementation, and its seconds after reading the vectors."""

    labels: NDArray[np.int32]
    seconds: float
    inertia: float = 0.0

    @property
    def clusters(self) -> int:
        """The number of clusters."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def noise_share(self) -> float:
        """The share of customers in no cluster."""
        return float((self.labels < 0).mean())


def make_graph(path: str, k: int, recall_k: int, threads: int) -> float:
    """Write the neighbour graph and its plan beside the vectors; return its seconds."""
    vectors = np.load(path, allow_pickle=False)
    started = time.perf_counter()
    plan = plan_graph(
        vectors, Metric.L2, k, target_recall=0.99, shards=1, seed=SEED, recall_k=recall_k,
        threads=threads,
    )  # fmt: skip
    graph = merge_shards(plan, [search_shard(plan, vectors, 0, threads=threads)])
    seconds = time.perf_counter() - started
    for name in ("neighbours", "distances"):
        np.save(f"{path}.{name}.npy", getattr(graph, name), allow_pickle=False)
    stored: dict[str, Any] = {"parameters": np.array(json.dumps(plan.parameters)), **plan.arrays}
    np.savez(f"{path}.plan.npz", **stored)
    return seconds


def read_graph(path: str) -> tuple[NeighbourGraph, GraphPlan]:
    """The graph and the plan that `make_graph` wrote."""
    with np.load(f"{path}.plan.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    parameters = json.loads(str(arrays.pop("parameters")))
    neighbours, distances = (
        np.load(f"{path}.{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in ("neighbours", "distances")
    )
    graph = NeighbourGraph(neighbours, distances, np.ones(len(neighbours), dtype=np.bool_))
    return graph, GraphPlan.from_parts(parameters, arrays)


def kindred_hdbscan(path: str, min_cluster_size: int, min_samples: int, threads: int) -> Found:
    """From the neighbour graph that `make_graph` wrote."""
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    graph, plan = read_graph(path)
    # No exact limit, because the library is the other side of the comparison.
    settings = HdbscanSettings(min_cluster_size=min_cluster_size, min_samples=min_samples)
    settings = settings.model_copy(update={"exact_limit": 0})
    started = time.perf_counter()
    clusters = cluster_hdbscan(
        vectors, graph, settings, Metric.L2, seed=SEED, threads=threads, plan=plan
    )
    return Found(clusters.labels, time.perf_counter() - started)


def library_hdbscan(path: str, min_cluster_size: int, min_samples: int) -> Found:
    """The `hdbscan` library, exact, as Kindred calls it up to ``exact_limit``."""
    vectors = np.load(path, allow_pickle=False).astype(np.float64)
    model = hdbscan.HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        algorithm="prims_kdtree",
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    )
    started = time.perf_counter()
    model.fit(vectors)
    return Found(model.labels_.astype(np.int32), time.perf_counter() - started)


def scikit_learn_hdbscan(path: str, min_cluster_size: int, min_samples: int) -> Found:
    """scikit-learn's HDBSCAN, which counts the customer itself as a sample; all cores."""
    vectors = np.load(path, allow_pickle=False).astype(np.float64)
    model = ScikitLearn(
        min_cluster_size=min_cluster_size, min_samples=min_samples + 1, n_jobs=-1, copy=True
    )
    started = time.perf_counter()
    model.fit(vectors)
    return Found(model.labels_.astype(np.int32), time.perf_counter() - started)


Given = Literal["vectors", "graph"]


def fast_hdbscan(
    path: str,
    min_cluster_size: int,
    min_samples: int,
    given: Given = "vectors",
    is_repeatable: bool = False,
) -> Found:
    """fast_hdbscan, compiled beforehand on a thousand of the customers.

    From the vectors, or from the neighbour graph that `make_graph` wrote. Up to 30 dimensions it
    searches a k-d tree, above that it has pynndescent find its own graph. It takes no seed; what
    makes it repeatable is one thread, a seed of NumPy's global generator, and rows in the order of
    their content. Without that it runs on all cores.
    """
    from fast_hdbscan import HDBSCAN

    vectors = np.load(path, allow_pickle=False)
    order = np.arange(len(vectors))
    if is_repeatable:
        distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
        order = distinct.members_of(distinct.content_order)[1]
    metric = "euclidean" if given == "vectors" else "precomputed"
    data = vectors[order] if given == "vectors" else _distances(read_graph(path)[0], order)
    few = data[:1000] if given == "vectors" else data[:1000, :1000]
    numba.set_num_threads(1 if is_repeatable else numba.get_num_threads())
    HDBSCAN(min_cluster_size=10, min_samples=min_samples, metric=metric).fit(few)
    model = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_samples, metric=metric)
    np.random.seed(SEED)
    started = time.perf_counter()
    model.fit(data)
    seconds = time.perf_counter() - started
    labels = np.empty(len(order), dtype=np.int32)
    labels[order] = model.labels_
    return Found(labels, seconds)


def _distances(graph: NeighbourGraph, order: NDArray[np.int64]) -> csr_array:
    """The graph as a sparse matrix of distances between customers in the given order."""
    count, width = graph.neighbours.shape
    place = np.empty(count, dtype=np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    starts = np.arange(0, count * width + 1, width)
    columns = place[graph.neighbours[order]].ravel()
    values = graph.distances[order].astype(np.float64).ravel()
    return csr_array((values, columns, starts), shape=(count, count))


def kindred_dbscan(path: str, min_samples: int, threads: int) -> tuple[Found, float]:
    """DBSCAN from the neighbour graph that `make_graph` wrote, and the eps that it chose."""
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    graph, plan = read_graph(path)
    settings = DbscanSettings(min_samples=min_samples)
    started = time.perf_counter()
    clusters = cluster_dbscan(
        vectors, graph, settings, Metric.L2, seed=SEED, threads=threads, plan=plan
    )
    seconds = time.perf_counter() - started
    return Found(clusters.labels, seconds), clusters.figures["eps"]


def scikit_learn_dbscan(path: str, eps: float, min_samples: int) -> Found:
    """scikit-learn's DBSCAN from the vectors, on all cores."""
    vectors = np.load(path, allow_pickle=False)
    model = ScikitLearnDbscan(eps=eps, min_samples=min_samples, n_jobs=-1)
    started = time.perf_counter()
    model.fit(vectors)
    return Found(model.labels_.astype(np.int32), time.perf_counter() - started)


def kindred_kmeans(path: str, k: int, threads: int) -> Found:
    """Kindred's k-means."""
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    started = time.perf_counter()
    found = cluster_kmeans(vectors, KMeansSettings(k=k), Metric.L2, seed=SEED, threads=threads)
    return Found(found.labels, time.perf_counter() - started, found.figures["inertia"])


def scikit_learn_kmeans(path: str, k: int) -> Found:
    """scikit-learn's full k-means with defaults: one start by k-means++, all cores."""
    vectors = np.load(path, allow_pickle=False)
    model = KMeans(n_clusters=k, random_state=SEED)
    started = time.perf_counter()
    model.fit(vectors)
    seconds = time.perf_counter() - started
    # In float64, because the library sums in float32.
    gaps = vectors.astype(np.float64) - model.cluster_centers_[model.labels_]
    return Found(model.labels_.astype(np.int32), seconds, float(np.square(gaps).sum()))
