"""Memory forecasts for clustering and profiles."""

from kindred.encoding.encoding_memory import behaviour_megabytes
from kindred.events.behaviour import Behaviour
from kindred.run.base_memory import BASE_MEGABYTES


def density_megabytes(shape: tuple[int, ...], k: int) -> int:
    """Memory of density clustering from a graph of k neighbours.

    Five copies of the vectors: mapped, distinct, in list order, in tiles, and the training sample
    of the lists. The neighbour lists exist twice (mapped, and by point), plus one mask. The
    hierarchy takes about 150 bytes per customer. For 1,000,000 customers of 32 dimensions and 20
    neighbours the forecast is 1,613 MB; 1,106 MB were measured.
    """
    rows, dimensions = shape
    vectors = 5 * rows * (dimensions + 3) * 4
    lists = rows * k * (8 + 8 + 2)
    hierarchy = 150 * rows
    return BASE_MEGABYTES + (vectors + lists + hierarchy) // 2**20


def kmeans_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of k-means: four copies of the vectors, and a block of distances to the centroids."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (4 * (dimensions + 3) * 4 + 96) // 2**20


def lists_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of segments by IVFFlat lists, read from the index's pages or computed outside.

    Up to four copies of the vectors, among them the mapped, the sorted and the distinct ones.
    Pointers, keys and lists take about 150 bytes per customer.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (4 * dimensions * 4 + 150) // 2**20


def plpython_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of the task while the database runs k-means: mapped vectors, keys and labels."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (dimensions * 4 + 80) // 2**20


def items_megabytes(behaviour: Behaviour) -> int:
    """Memory of the event features of all customers, and of who owns what by cluster."""
    pairs: int = sum(found.counts.nnz for found in behaviour.values.purchases.values())
    return behaviour_megabytes(behaviour) + 44 * pairs // 2**20


def profile_megabytes(shape: tuple[int, ...], algorithms: int) -> int:
    """Memory of profiles, without the current block of customers.

    The mapped vectors, and per algorithm the labels, ids and membership, twice while being read.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (dimensions * 4 + 40 + 32 * algorithms) // 2**20
