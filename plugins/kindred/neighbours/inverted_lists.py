"""Inverted lists: small groups of near points, and the lists near each list."""

from dataclasses import dataclass

import faiss
import numpy as np

from kindred.neighbours.threads import cut, in_threads

LIST_SIZE = 128
"""Average points per list. Half and twice as many were as fast; see docs/graph.md."""

CENTROIDS_AT_ONCE = 1024
"""Centroids per matrix product. Fixed, so that results do not depend on the product's shape."""


@dataclass(frozen=True)
class Lists:
    """Points by list: those of list i are ``order[starts[i]:starts[i + 1]]``, in content order.

    ``centroids`` float32 (lists, dimensions), ``order`` int32 (points,), ``starts`` int64
    (lists + 1,).
    """

    centroids: np.ndarray
    order: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Tuned:
    """Trained lists, whose ``order`` numbers distinct vectors, and how to search them.

    ``near`` int32 (lists, width): the lists near each list. A vector is searched in the ``probes``
    of them that are nearest to it; this finds the share ``recall`` of a sample's neighbours.
    """

    lists: Lists
    near: np.ndarray
    probes: int
    recall: float


def list_edges(starts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Round positions up to the next start of a list (or the end of the last one)."""
    return np.asarray(starts[np.searchsorted(starts, wanted)])


def nearest_lists(
    centroids: np.ndarray,
    count: int,
    *,
    is_product: bool,
    rows: np.ndarray | None = None,
    threads: int = 1,
) -> np.ndarray:
    """The lists nearest to each list (or each of ``rows``) by its centroid, nearest first.

    Returns int32 of shape (lists, min(count, lists)).
    """
    metric = faiss.METRIC_INNER_PRODUCT if is_product else faiss.METRIC_L2
    queries = centroids if rows is None else np.ascontiguousarray(centroids[rows])
    count = min(count, len(centroids))
    near = np.empty((len(queries), count), dtype=np.int32)

    def find(start: int, stop: int) -> None:
        near[start:stop] = faiss.knn(queries[start:stop], centroids, count, metric=metric)[1]

    in_threads(find, cut(len(queries), CENTROIDS_AT_ONCE), threads, "finding near lists", "lists")
    return near
