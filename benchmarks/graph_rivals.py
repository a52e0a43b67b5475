"""Other libraries for the same neighbours, each tuned to a recall and run in its own process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kindred.neighbours.distances import pair_distances
from kindred.neighbours.recall import found_shares
from kindred.spec.metrics import Metric

SUBSET = 20_000
"""Queries on which each setting is timed before the best one runs on all rows."""

TRAINING_POINTS = 64
"""FAISS's default is up to 256 per list, which trains four times as long for the same recall."""

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """Sampled rows, their exact k-th distances, and the recall to reach on them."""

    rows: Ids
    kth: Vectors
    recall: float
    k: int

    def recall_of(self, vectors: Vectors, found: Ids) -> float:
        """Recall of the neighbours ``found`` (sample, k or more), by exact distances."""
        is_other = (found != self.rows[:, None]) & (found >= 0)
        queries, slots = np.nonzero(is_other)
        distances = np.full(found.shape, np.inf, dtype=np.float32)
        distances[queries, slots] = pair_distances(
            Metric.L2, vectors, vectors, self.rows[queries], found[queries, slots]
        )
        nearest = np.sort(distances, axis=1)[:, : self.k]
        return float(found_shares(Metric.L2, nearest, self.kth).mean())


def least(reaches: Callable[[int], bool], highest: int) -> int:
    """The least of 1 to ``highest`` that reaches the recall, by doubling and bisection."""
    high = 1
    while high < highest and not reaches(high):
        high = min(2 * high, highest)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def faiss_ivf(path: str, truth: Truth, lists: int, is_whole: bool) -> Figures:
    """IndexIVFFlat, `index.search` in id order: all rows, or a subset, extrapolated."""
    vectors = np.load(path)
    started = time.perf_counter()
    quantizer = faiss.IndexFlatL2(vectors.shape[1])
    index: Any = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists)
    index.cp.max_points_per_centroid = TRAINING_POINTS
    index.train(vectors)
    trained = time.perf_counter()
    index.add(vectors)
    added = time.perf_counter()

    def reaches(probes: int) -> bool:
        index.nprobe = probes
        found = index.search(vectors[truth.rows], truth.k + 1)[1]
        return truth.recall_of(vectors, found) >= truth.recall

    index.nprobe = least(reaches, lists)
    queries = vectors if is_whole else vectors[: min(SUBSET, len(vectors))]
    seconds, found = timed_search(lambda rows: index.search(rows, truth.k + 1)[1], queries)
    whole = seconds * len(vectors) / len(queries)
    return {
        "lists": lists,
        "probes": index.nprobe,
        "training": trained - started,
        "adding": added - trained,
        "searching": whole,
        "seconds": added - started + whole,
        "scaled_from": len(queries),
        "recall": recall_of_all(vectors, truth, found) if is_whole else None,
    }


def faiss_hnsw(path: str, truth: Truth) -> Figures:
    """IndexHNSWFlat with 16 links, built at its default ef."""
    vectors = np.load(path)
    started = time.perf_counter()
    index: Any = faiss.IndexHNSWFlat(vectors.shape[1], 16)
    index.add(vectors)
    added = time.perf_counter()

    def search(rows: Vectors, ef: int) -> Ids:
        index.hnsw.efSearch = ef
        return np.asarray(index.search(rows, truth.k + 1)[1], dtype=np.int64)

    return searched_by_ef(search, vectors, truth, added - started)


def usearch_hnsw(path: str, truth: Truth, threads: int) -> Figures:
    """Usearch's HNSW with 16 links."""
    from usearch.index import Index

    vectors = np.load(path)
    started = time.perf_counter()
    index = Index(ndim=vectors.shape[1], metric="l2sq", dtype="f32", connectivity=16)
    index.add(np.arange(len(vectors)), vectors, threads=threads)
    added = time.perf_counter()

    def search(rows: Vectors, ef: int) -> Ids:
        index.expansion_search = ef  # type: ignore[misc]  # its setter has another name
        matches = index.search(rows, truth.k + 1, threads=threads)
        return np.asarray(matches.keys, dtype=np.int64)

    return searched_by_ef(search, vectors, truth, added - started)


def searched_by_ef(
    search: Callable[[Vectors, int], Ids], vectors: Vectors, truth: Truth, adding_seconds: float
) -> Figures:
    """Figures of an HNSW index at the smallest ef of the search that reaches the recall."""

    def reaches(ef: int) -> bool:
        return truth.recall_of(vectors, search(vectors[truth.rows], ef)) >= truth.recall

    ef = least(reaches, 1024)
    seconds, found = timed_search(lambda rows: search(rows, ef), vectors)
    return {
        "ef": ef,
        "adding": adding_seconds,
        "searching": seconds,
        "seconds": adding_seconds + seconds,
        "recall": recall_of_all(vectors, truth, found),
    }


def nn_descent(path: str, truth: Truth, threads: int) -> Figures:
    """Pynndescent's graph, compiled beforehand; widened until it reaches the recall."""
    from pynndescent import NNDescent

    vectors = np.load(path)
    NNDescent(vectors[:5000], n_neighbors=truth.k + 1, n_jobs=threads)
    figures: Figures = {}
    for width in (truth.k + 1, 2 * truth.k, 3 * truth.k):
        started = time.perf_counter()
        graph = NNDescent(vectors, n_neighbors=width, n_jobs=threads, random_state=1)
        found = np.asarray(graph.neighbor_graph[0], dtype=np.int64)
        seconds = time.perf_counter() - started
        recall = recall_of_all(vectors, truth, found)
        figures = {"width": width, "seconds": seconds, "recall": recall}
        if recall >= truth.recall:
            break
    return figures


def exact_faiss(path: str, k: int) -> Figures:
    """faiss.knn of all rows."""
    vectors = np.load(path)
    started = time.perf_counter()
    faiss.knn(vectors, vectors, k + 1)
    return {"seconds": time.perf_counter() - started}


def bare_products(path: str, block: int = 1024) -> Figures:
    """Only the matrix products of all pairs in float32; results are discarded."""
    vectors = np.load(path)
    transposed = np.ascontiguousarray(vectors.T)
    scores = np.empty((block, len(vectors)), dtype=np.float32)
    started = time.perf_counter()
    for start in range(0, len(vectors), block):
        rows = vectors[start : start + block]
        np.matmul(rows, transposed, out=scores[: len(rows)])
    return {"seconds": time.perf_counter() - started}


def timed_search(search: Callable[[Vectors], Ids], queries: Vectors) -> tuple[float, Ids]:
    """Wall seconds of a search, and what it found."""
    started = time.perf_counter()
    found = search(queries)
    return time.perf_counter() - started, found


def recall_of_all(vectors: Vectors, truth: Truth, found: Ids) -> float:
    """Recall of neighbours of all rows, on the sample."""
    return truth.recall_of(vectors, found[truth.rows])
