"""How many neighbours of each customer a spec's graph holds."""

from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import Metric
from kindred.spec.model import Spec


def graph_k(spec: Spec) -> int:
    """The lookalikes' k, or twice what density clustering looks at where that is more.

    Density clustering needs ``min_samples`` neighbours. The spanning tree is the same whatever the
    width; the farther a list reaches, the fewer customers are searched outside theirs.
    """
    clustering = spec.clustering
    if spec.metric is Metric.INNER_PRODUCT:
        return spec.k
    widths = {
        Algorithm.HDBSCAN: 2 * clustering.hdbscan.min_samples,
        Algorithm.DBSCAN: 2 * clustering.dbscan.min_samples,
    }
    return max(spec.k, *(widths.get(algorithm, 0) for algorithm in clustering.algorithms))
