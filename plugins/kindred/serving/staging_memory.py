"""How much memory a task takes to stage the embeddings; the server's own is in ``memory``."""

from kindred.run.base_memory import BASE_MEGABYTES

WRITTEN_ROW_BYTES = 100
"""A row of the block that is written, without its vector: keys, times, version, and lengths."""


def stage_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of planning and measuring an index, without the block of rows that is written.

    Five copies of the vectors: mapped, sorted to find the distinct ones, those, and what exact
    neighbours are looked for in; a night that asks the serving index reads its rows instead.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (5 * dimensions * 4 + 100) // 2**20


def written_row_bytes(dimensions: int) -> int:
    """Memory of a row of the block that is written: as it is, packed, in the row, and as bytes."""
    return 16 * dimensions + WRITTEN_ROW_BYTES
