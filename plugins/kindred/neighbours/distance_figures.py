"""How the distances of a neighbour graph fall, rank by rank."""

import numpy as np

from kindred.neighbours.results import NeighbourGraph

FEWEST_CUSTOMERS = 20
"""Below, percentiles would be the distances of single customers."""

PERCENTILES = (5, 25, 50, 75, 95)
RANKS = (*range(1, 11), 15, 20, 30, 50, 70, 100, 200, 500, 1000)


def distances_by_rank(graph: NeighbourGraph) -> list[dict[str, float]]:
    """Percentiles of the distances to the neighbours of some ranks, the last among them.

    Returns rank, percentile and distance each; nothing for fewer than `FEWEST_CUSTOMERS`.
    """
    rows = np.flatnonzero(graph.eligible)
    last = graph.distances.shape[1]
    if len(rows) < FEWEST_CUSTOMERS:
        return []
    return [
        {"rank": rank, "percentile": percentile, "distance": float(distance)}
        for rank in sorted({*(rank for rank in RANKS if rank < last), last} - {0})
        for percentile, distance in zip(
            PERCENTILES,
            np.percentile(graph.distances[rows, rank - 1], PERCENTILES),
            strict=True,
        )
    ]
