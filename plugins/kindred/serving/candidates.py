"""Measure numbers of lists and probes on the vectors, before any index is built."""

from dataclasses import dataclass

import faiss
import numpy as np

from kindred.neighbours.distances import eligible, normalised
from kindred.neighbours.truth import Truth
from kindred.run.threads import one_library_thread
from kindred.serving.ivfflat_memory import ROWS_PER_LIST, sample_rows
from kindred.spec.metrics import Metric

SIZED_ROWS = 50_000
"""Rows assigned to lists in order to estimate the list sizes."""

TRAINING_ROUNDS = 8
"""With 20, the lists of 300,000 and 1,000,000 mixed customers of 100 dimensions need as many
probes, or one less of 15, and training takes twice as long."""

AT_ONCE = 1 << 22
"""Distances to centroids (float32) per block of queries: 16 MB."""


@dataclass(frozen=True)
class Curve:
    """Recall and cost of a number of lists, by probes.

    ``recall`` and ``scanned_rows`` float64 (lists,): the mean share of the neighbours, and the mean
    number of rows, in the 1, 2, 3, ... lists whose centroids are nearest to a query.
    """

    lists: int
    recall: np.ndarray
    scanned_rows: np.ndarray

    def fewest_probes(self, target_recall: float) -> int:
        """The fewest probes that reach the target; all lists if none do."""
        reached = np.flatnonzero(self.recall >= target_recall)
        return int(reached[0]) + 1 if len(reached) else self.lists


def measure_lists(
    vectors: np.ndarray, metric: Metric, truth: Truth, lists: int, *, seed: int
) -> Curve:
    """Train this number of lists as pgvector does, and find the lists of the queries' neighbours.

    ``vectors`` float32 (rows, dimensions). Under cosine and inner product the centroids are unit
    vectors, ranked by inner product.

    A neighbour is found by p probes if its list is among the p nearest to the query. So one pass
    over the centroids gives the recall of every number of probes, without a search. pgvector trains
    by k-means++ and Elkan's algorithm on 50 rows per list, at least 10,000; this function uses
    Lloyd's algorithm on as many rows. The real index is another random draw of the same kind.
    """
    generator = np.random.default_rng([seed, lists])
    rows = np.flatnonzero(eligible(metric, vectors))
    points = Points(vectors, metric)
    training = draw_rows(generator, rows, max(lists, sample_rows(lists)))
    centroids = train_lists(points[training], metric, lists, seed)
    search = centroid_index(centroids, metric)
    sized = draw_rows(generator, rows, SIZED_ROWS)
    counted = np.bincount(nearest_lists(points, sized, search), minlength=lists)
    sizes = counted * (len(rows) / max(1, len(sized)))
    queries, neighbours = truth.rows[truth.choosing], truth.neighbours[truth.choosing]
    wanted, where = np.unique(neighbours, return_inverse=True)
    homes = nearest_lists(points, wanted, search)[where.reshape(neighbours.shape)]
    found = np.zeros(lists, dtype=np.int64)
    scanned = np.zeros(lists, dtype=np.float64)
    step = max(1, AT_ONCE // lists)
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        with one_library_thread():
            _, order = search.search(points[queries[block]], lists)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(lists)[None, :], axis=1)
        ranks = np.take_along_axis(rank, homes[block], axis=1)
        found += np.bincount(ranks.ravel(), minlength=lists)
        scanned += np.cumsum(sizes[order], axis=1).sum(axis=0)
    recall = np.cumsum(found) / max(1, neighbours.size)
    return Curve(lists, recall, scanned / max(1, len(queries)))


class Points:
    """Rows as the index sees them; for cosine, the selected rows are normalised on access."""

    def __init__(self, vectors: np.ndarray, metric: Metric) -> None:
        self._vectors = vectors
        self._metric = metric

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        chosen = np.ascontiguousarray(self._vectors[rows], dtype=np.float32)
        return normalised(chosen) if self._metric is Metric.COSINE else chosen


def draw_rows(generator: np.random.Generator, rows: np.ndarray, size: int) -> np.ndarray:
    """Draw at most ``size`` of the rows; returned in order."""
    return np.sort(generator.choice(rows, min(size, len(rows)), replace=False))


def train_lists(points: np.ndarray, metric: Metric, lists: int, seed: int) -> np.ndarray:
    """Train centroids float32 (lists, dimensions) by Lloyd's k-means on all points.

    On one thread: beside the graph, OpenMP's threads wait for each other by spinning, which takes
    twice the processor time here and ten times that of the search in `nearest_lists`.
    """
    is_spherical = metric is not Metric.L2
    kmeans = faiss.Kmeans(
        points.shape[1],
        lists,
        niter=TRAINING_ROUNDS,
        seed=seed,
        spherical=is_spherical,
        min_points_per_centroid=1,
        max_points_per_centroid=max(ROWS_PER_LIST, len(points) // lists + 1),
    )
    with one_library_thread():
        kmeans.train(normalised(points) if is_spherical else points)
    return np.ascontiguousarray(kmeans.centroids, dtype=np.float32)


def centroid_index(centroids: np.ndarray, metric: Metric) -> faiss.IndexFlat:
    """A FAISS index over centroids, which ranks them as pgvector does."""
    kind = faiss.METRIC_L2 if metric is Metric.L2 else faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexFlat(centroids.shape[1], kind)
    index.add(centroids)
    return index


def nearest_lists(points: Points, rows: np.ndarray, search: faiss.IndexFlat) -> np.ndarray:
    """The list of each row, int64 (rows,)."""
    with one_library_thread():
        return np.asarray(search.search(points[rows], 1)[1][:, 0])
