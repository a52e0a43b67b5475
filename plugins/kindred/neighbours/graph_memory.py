"""Memory forecasts for searching and merging the graph, and for loading lookalikes."""

from kindred.run.base_memory import BASE_MEGABYTES


def search_megabytes(shape: tuple[int, ...], k: int, shards: int) -> int:
    """Memory of one shard's search; the plan has no results and takes less.

    Four copies of the vectors: mapped, in list order, as unit vectors (or padded to a multiple of
    four), and in tiles. Also the index of distinct vectors, and three copies of the shard's
    results: by vector, by customer, and as written.
    """
    rows, dimensions = shape
    vectors = 4 * rows * (dimensions + 3) * 4
    index = 64 * rows
    results = 3 * -(-rows // shards) * (k + 1) * 8
    return BASE_MEGABYTES + (vectors + index + results) // 2**20


def merge_megabytes(shape: tuple[int, ...], k: int) -> int:
    """Memory of merging the shards and measuring the recall."""
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (3 * (dimensions + 3) * 4 + 3 * k * 8 + 64) // 2**20


def refined_megabytes(shape: tuple[int, ...], k: int, candidates: int) -> int:
    """Memory of a pass over neighbours, and of the merge that follows it.

    Three copies of the vectors: mapped, in list order, and as unit vectors (or padded to a multiple
    of four). Beside them the candidates before and after and who holds whom, then the candidates
    and the graph. For 1,000,000 customers of 100 dimensions, 26 candidates and 20 neighbours the
    forecast is 2,350 MB under l2, which needs no third copy; 1,716 MB were measured.
    """
    rows, dimensions = shape
    vectors = 3 * (dimensions + 3) * 4
    return BASE_MEGABYTES + rows * (vectors + (2 * candidates + k) * 8 + 16 * 4 + 64) // 2**20


def part_megabytes(rows: int, part_rows: int, k: int) -> int:
    """Memory of loading a part of the lookalikes, without the block that is written.

    Includes the keys of all customers, and the part's neighbours and distances, mapped and copied.
    """
    return BASE_MEGABYTES + (rows * 24 + 2 * part_rows * k * 8) // 2**20


LOOKALIKE_ROW_BYTES = 240
"""Memory per lookalike in the written block: its fields as arrays, and in COPY format."""
