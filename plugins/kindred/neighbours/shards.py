"""How wide the graph is, and in how many parts it is searched and loaded."""

import math

from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec

MAX_SHARDS = 64


def graph_k(spec: Spec) -> int:
    """The lookalikes' k, or twice the ``min_samples`` of density clustering if that is more.

    Density clustering needs ``min_samples`` neighbours. The spanning tree does not depend on the
    width, but with longer lists, fewer points have to be searched for edges out of their component.
    """
    clustering = spec.clustering
    widths = {
        Algorithm.HDBSCAN: 2 * clustering.hdbscan.min_samples,
        Algorithm.DBSCAN: 2 * clustering.dbscan.min_samples,
    }
    return max(spec.k, *(widths.get(algorithm, 0) for algorithm in clustering.algorithms))


def count_shards(rows: int, shard_rows: int, threads: int) -> int:
    """Number of shards with ``2 * shard_rows`` customers per thread: a few seconds of work each."""
    return min(MAX_SHARDS, max(1, math.ceil(rows / (2 * shard_rows * threads))))


def count_parts(customers: int, shard_rows: int) -> int:
    """Number of parts in which the lookalikes of so many customers are loaded; at least one."""
    return max(1, math.ceil(customers / shard_rows))
