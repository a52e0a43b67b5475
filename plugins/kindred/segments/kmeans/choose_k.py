"""Choose the number of clusters by silhouette and Davies-Bouldin index over a range of k."""

import warnings
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import davies_bouldin_score, silhouette_score

from kindred.progress.steps import step

SAMPLE = 10_000
"""Customers that are clustered for each k."""

SILHOUETTE_SAMPLE = 3_000
"""Customers of that sample used for the silhouette, which compares all pairs."""

STARTS = 3


def choose_k(
    points: np.ndarray, k_min: int, k_max: int, *, seed: int
) -> tuple[int, list[dict[str, Any]]]:
    """Choose the number of clusters by two measures on a sample.

    Parameters
    ----------
    points : ndarray of float64, shape (customers, dimensions)
        At most `SAMPLE` customers, in an order that depends only on their content.
    k_min, k_max : int
        The range; at least 2, capped if there are too few distinct points.
    seed : int

    Returns
    -------
    k : int
        The k of the best mean rank by mean silhouette (Rousseeuw 1987) and Davies-Bouldin index
        (1979). Ties go to the larger silhouette, then to the smaller k. If there are too few
        distinct points to measure any k: ``k_min`` or the number of distinct points, if less.
    curve : list of dict
        k, silhouette and davies_bouldin for every k of the range.
    """
    distinct = len(np.unique(points, axis=0))
    # Both measures need at least two clusters, and more customers than clusters.
    last = min(k_max, distinct - 1)
    curve = []
    for k in range(k_min, last + 1):
        with step(f"measuring k = {k} of at most {last}"):
            curve.append(_measured(points, k, seed))
    if not curve:
        return min(k_min, distinct), []
    silhouettes = np.array([entry["silhouette"] for entry in curve])
    indices = np.array([entry["davies_bouldin"] for entry in curve])
    ranks = rankdata(-silhouettes) + rankdata(indices)
    best = np.lexsort((np.arange(len(curve)), -silhouettes, ranks))[0]
    return int(curve[best]["k"]), curve


def _measured(points: np.ndarray, k: int, seed: int) -> dict[str, Any]:
    model = KMeans(n_clusters=k, n_init=STARTS, random_state=seed, algorithm="lloyd")
    with warnings.catch_warnings():
        # Vectors that differ only by rounding may yield fewer than k clusters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = model.fit_predict(points)
    size = SILHOUETTE_SAMPLE if len(points) > SILHOUETTE_SAMPLE else None
    return {
        "k": k,
        "silhouette": round(_silhouette(points, labels, size, seed), 6),
        "davies_bouldin": round(float(davies_bouldin_score(points, labels)), 6),
    }


def _silhouette(points: np.ndarray, labels: np.ndarray, size: int | None, seed: int) -> float:
    rows = np.arange(len(points))
    if size is not None:
        rows = np.sort(np.random.default_rng(seed).choice(len(points), size, replace=False))
    if len(np.unique(labels[rows])) < 2:
        return -1.0  # the sample holds one cluster only
    return float(silhouette_score(points[rows], labels[rows]))
