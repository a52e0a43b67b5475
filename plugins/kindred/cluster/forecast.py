"""How much memory the search for segments takes, told before it begins."""

BASE_MEGABYTES = 400
"""A task with its libraries, and what threads work in."""


def density_megabytes(shape: tuple[int, ...], k: int) -> int:
    """Memory of density clustering from a graph of k neighbours.

    Five copies of the vectors: mapped, distinct, in list order, in tiles, and what the lists are
    trained on. The lists of neighbours are mapped and taken in points, and there is one mask of
    them. The hierarchy takes about 150 bytes a customer. For 1,000,000 of 32 dimensions and 20
    neighbours this says 1,553 MB, and 1,106 MB were measured.
    """
    rows, dimensions = shape
    vectors = 5 * rows * (dimensions + 3) * 4
    lists = rows * k * (8 + 8 + 2)
    hierarchy = 150 * rows
    return BASE_MEGABYTES + (vectors + lists + hierarchy) // 2**20


def kmeans_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of k-means: four copies of the vectors, and a block of distances to the centres."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (4 * (dimensions + 3) * 4 + 96) // 2**20
