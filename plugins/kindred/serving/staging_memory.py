"""Memory of the task that stages embeddings; the server's is in `ivfflat_memory` and `hnsw`."""

from kindred.run.base_memory import BASE_MEGABYTES

WRITTEN_ROW_BYTES = 100
"""Bytes per row of the written block without its vector: key, times, version and lengths."""


def stage_megabytes(shape: tuple[int, ...]) -> int:
    """Memory of planning and measuring an index, without the block of rows that is written.

    Up to five copies of the vectors, among them the mapped, the sorted and the distinct ones, and
    those searched for exact neighbours. A night that measures the serving index holds its rows
    instead.
    """
    rows, dimensions = shape
    return BASE_MEGABYTES + rows * (5 * dimensions * 4 + 100) // 2**20


def written_row_bytes(dimensions: int) -> int:
    """Bytes per row of the written block; its vector exists four times during encoding."""
    return 16 * dimensions + WRITTEN_ROW_BYTES
