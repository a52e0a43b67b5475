"""The number of neighbours per customer in a spec's graph."""

from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import Metric
from kindred.spec.model import Spec


def graph_k(spec: Spec) -> int:
    """The lookalikes' k, or twice the ``min_samples`` of density clustering if that is more.

    Density clustering needs ``min_samples`` neighbours. The spanning tree does not depend on the
    width, but with longer lists, fewer points have to be searched for edges out of their component.
    """
    clustering = spec.clustering
    if spec.metric is Metric.INNER_PRODUCT:
        return spec.k
    widths = {
        Algorithm.HDBSCAN: 2 * clustering.hdbscan.min_samples,
        Algorithm.DBSCAN: 2 * clustering.dbscan.min_samples,
    }
    return max(spec.k, *(widths.get(algorithm, 0) for algorithm in clustering.algorithms))
