"""How much memory the search for segments takes, told before it begins."""

from kindred.run.base_memory import BASE_MEGABYTES


def density_megabytes(shape: tuple[int, ...], k: int) -> int:
    """Memory of density clustering from a graph of k neighbours.

    Five copies of the vectors: mapped, distinct, in list order, in tiles, and what the lists are
    trained on. The lists of neighbours are mapped and taken in points, and there is one mask of
    them. The hierarchy takes about 150 bytes a customer. For 1,000,000 of 32 dimensions and 20
    neighbours this says 1,613 MB, and 1,106 MB were measured.
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


def lists_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of segments from an index's lists, read from its pages or found outside.

    Four copies of the vectors: mapped, sorted to find the distinct ones, and those. Pointers, keys
    and lists of the customers take about 150 bytes each.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (4 * dimensions * 4 + 150) // 2**20


def plpython_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of the task around k-means inside the database: mapped vectors, keys and labels."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (dimensions * 4 + 80) // 2**20


def profile_megabytes(shape: tuple[int, ...], algorithms: int) -> int:
    """Memory of profiles, without the block of customers that is read.

    The mapped vectors, and labels, ids and membership of each algorithm, twice while read.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (dimensions * 4 + 40 + 32 * algorithms) // 2**20
