"""Inverted lists: small groups of near points, and which of them are near each other."""

from dataclasses import dataclass

import faiss
import numpy as np

from kindred.neighbours.threads import cut, in_threads

LIST_SIZE = 128
"""Points a list, on average. Half and twice as many were as fast; see docs/graph.md."""

CENTROIDS_AT_ONCE = 1024
"""Centroids compared at once by matrix products, whose shape is so the same every time."""


@dataclass(frozen=True)
class Lists:
    """Points by list: those of list i are ``order[starts[i]:starts[i + 1]]``, by content.

    ``centroids`` float32 (lists, dimensions), ``order`` int32 (points,), ``starts`` int64
    (lists + 1,).
    """

    centroids: np.ndarray
    order: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Tuned:
    """Trained lists with ``order`` in distinct vectors, and how to search them.

    ``near`` int32 (lists, width): the lists near each list. A vector looks into the ``probes`` of
    them that are nearest to itself; that found the share ``recall`` of a sample's neighbours.
    """

    lists: Lists
    near: np.ndarray
    probes: int
    recall: float


def list_edges(starts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The positions where lists begin (or the last one ends) next above the wanted ones."""
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

    in_threads(find, cut(len(queries), CENTROIDS_AT_ONCE), threads)
    return near
