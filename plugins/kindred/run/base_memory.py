"""What every forecast of memory begins with, and how blocks of rows are fitted to what is left."""

BASE_MEGABYTES = 500
"""A task with all its libraries (270 MB without those imported late) and its threads' working
memory."""

SMALLEST_BLOCK = 1_000
"""The smallest block; a still smaller one would save less than a megabyte."""


def fitting_rows(wanted: int, limit: int, megabytes: int, row_bytes: int) -> int:
    """The rows of a block, as many as wanted if they fit beside ``megabytes`` within a limit."""
    left = max(0, limit - megabytes - 1) * 2**20 // row_bytes
    return max(min(wanted, SMALLEST_BLOCK), min(wanted, left))


def with_block(megabytes: int, rows: int, row_bytes: int) -> int:
    """Memory of some work with a block of rows."""
    return megabytes + rows * row_bytes // 2**20
