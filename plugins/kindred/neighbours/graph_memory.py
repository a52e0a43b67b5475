"""How much memory the work on a graph takes, told before it begins."""

from kindred.run.base_memory import BASE_MEGABYTES


def search_megabytes(shape: tuple[int, ...], k: int, shards: int) -> int:
    """Memory of one shard's search; the plan, which has no results, takes less.

    Four copies of the vectors: mapped, in list order, as unit vectors (or filled up to a width of
    four), and in tiles; the distinct index; and for the shard's rows the neighbours found, those of
    each customer, and what is written.
    """
    rows, dimensions = shape
    vectors = 4 * rows * (dimensions + 3) * 4
    index = 64 * rows
    results = 3 * -(-rows // shards) * (k + 1) * 8
    return BASE_MEGABYTES + (vectors + index + results) // 2**20


def merge_megabytes(shape: tuple[int, ...], k: int) -> int:
    """Memory of putting the shards together and measuring the recall."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (3 * (dimensions + 3) * 4 + 3 * k * 8 + 64) // 2**20


def part_megabytes(rows: int, part_rows: int, k: int) -> int:
    """Memory of loading a part of the lookalikes, without the block that is written.

    The keys of all customers, and the part's neighbours and distances: mapped, and copied.
    """
    return BASE_MEGABYTES + (rows * 24 + 2 * part_rows * k * 8) // 2**20


LOOKALIKE_ROW_BYTES = 240
"""Memory of a lookalike of the block that is written: its fields as arrays, and as they travel."""
