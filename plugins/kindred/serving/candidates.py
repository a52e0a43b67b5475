"""Lists and probes measured on the vectors themselves, before any index is built."""

from dataclasses import dataclass

import faiss
import numpy as np

from kindred.neighbours.distances import eligible, normalised
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.serving.ivfflat_memory import ROWS_PER_LIST, sample_rows
from kindred.spec.metrics import Metric

QUERIES = 1_000
SIZED_ROWS = 50_000
"""Rows whose lists are found to see how the rows spread over the lists."""

TRAINING_ROUNDS = 20
AT_ONCE = 1 << 22
"""Distances to centres (float32) a block of queries: 16 MB."""


@dataclass(frozen=True)
class Truth:
    """Customers to ask for, and their exact neighbours: rows of the vectors.

    ``queries`` int64 (q,), ``neighbours`` int64 (q, k').
    """

    queries: np.ndarray
    neighbours: np.ndarray


@dataclass(frozen=True)
class Curve:
    """What a number of lists costs and finds, by probes.

    ``recall`` and ``scanned_rows`` float64 (lists,): mean share of the neighbours, and mean rows,
    in the 1, 2, 3, ... lists whose centres are nearest to a query.
    """

    lists: int
    recall: np.ndarray
    scanned_rows: np.ndarray

    def fewest_probes(self, target_recall: float) -> int:
        """The fewest probes that reach the target; all lists do."""
        reached = np.flatnonzero(self.recall >= target_recall)
        return int(reached[0]) + 1 if len(reached) else self.lists


def find_truth(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    distinct: Distinct,
    *,
    queries: int = QUERIES,
    seed: int,
    threads: int = 1,
) -> Truth:
    """Exact neighbours of a seeded sample of the eligible rows, without themselves.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    k : int
    distinct : Distinct
        Of the eligible vectors.
    queries : int
    seed : int
    threads : int
    """
    rows = np.sort(distinct.members)
    size = min(queries, len(rows))
    chosen = np.sort(np.random.default_rng(seed).choice(rows, size, replace=False))
    chosen = chosen.astype(np.int64)
    neighbours, _ = exact_neighbours(
        vectors[chosen], vectors, metric, k, exclude=chosen, distinct=distinct, threads=threads
    )
    return Truth(chosen, neighbours)


def measure_lists(
    vectors: np.ndarray, metric: Metric, truth: Truth, lists: int, *, seed: int
) -> Curve:
    """Train so many lists as pgvector does, and see where the queries' neighbours are.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
        Under cosine and inner product the centres are unit vectors and ranked by inner product.
    truth : Truth
    lists : int
    seed : int

    Returns
    -------
    Curve
        A neighbour is found by p probes if its list is among the p nearest to the query: so one
        pass over the centres tells the recall of every number of probes, without any search.
        pgvector trains by k-means++ and Elkan's algorithm on 50 rows a list, at least 10,000;
        here it is Lloyd's on as many. The real index is another draw of the same kind.
    """
    generator = np.random.default_rng([seed, lists])
    rows = np.flatnonzero(eligible(metric, vectors))
    points = Points(vectors, metric)
    training = draw_rows(generator, rows, max(lists, sample_rows(lists)))
    centres = train_lists(points[training], metric, lists, seed)
    search = centre_index(centres, metric)
    sized = draw_rows(generator, rows, SIZED_ROWS)
    counted = np.bincount(nearest_lists(points, sized, search), minlength=lists)
    sizes = counted * (len(rows) / max(1, len(sized)))
    wanted, where = np.unique(truth.neighbours, return_inverse=True)
    homes = nearest_lists(points, wanted, search)[where.reshape(truth.neighbours.shape)]
    found = np.zeros(lists, dtype=np.int64)
    scanned = np.zeros(lists, dtype=np.float64)
    step = max(1, AT_ONCE // lists)
    for start in range(0, len(truth.queries), step):
        block = slice(start, start + step)
        _, order = search.search(points[truth.queries[block]], lists)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(lists)[None, :], axis=1)
        ranks = np.take_along_axis(rank, homes[block], axis=1)
        found += np.bincount(ranks.ravel(), minlength=lists)
        scanned += np.cumsum(sizes[order], axis=1).sum(axis=0)
    count = max(1, len(truth.queries))
    recall = np.cumsum(found) / max(1, truth.neighbours.size)
    return Curve(lists, recall, scanned / count)


class Points:
    """Rows as the index sees them: unit vectors for cosine, made for the rows that are asked."""

    def __init__(self, vectors: np.ndarray, metric: Metric) -> None:
        self._vectors = vectors
        self._metric = metric

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        chosen = np.ascontiguousarray(self._vectors[rows], dtype=np.float32)
        return normalised(chosen) if self._metric is Metric.COSINE else chosen


def draw_rows(generator: np.random.Generator, rows: np.ndarray, size: int) -> np.ndarray:
    """At most so many of the rows, in order."""
    return np.sort(generator.choice(rows, min(size, len(rows)), replace=False))


def train_lists(points: np.ndarray, metric: Metric, lists: int, seed: int) -> np.ndarray:
    """Centres of lists (lists, dimensions) float32 by Lloyd's k-means on all the points."""
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
    kmeans.train(normalised(points) if is_spherical else points)
    return np.ascontiguousarray(kmeans.centroids, dtype=np.float32)


def centre_index(centres: np.ndarray, metric: Metric) -> faiss.IndexFlat:
    """What finds the centres nearest to a point, as pgvector ranks them."""
    kind = faiss.METRIC_L2 if metric is Metric.L2 else faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexFlat(centres.shape[1], kind)
    index.add(centres)
    return index


def nearest_lists(points: Points, rows: np.ndarray, search: faiss.IndexFlat) -> np.ndarray:
    """The list of each row, int64 (rows,)."""
    return np.asarray(search.search(points[rows], 1)[1][:, 0])
