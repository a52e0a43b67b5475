"""Memory forecasts for laying a map out, and for placing customers on it."""

from kindred.run.base_memory import BASE_MEGABYTES

PLACED_ROW_BYTES = 160
"""Memory per customer in the written block: its fields as arrays, and in COPY format."""


def place_megabytes(shape: tuple[int, ...], *, hides: bool) -> int:
    """Memory of placing customers and judging the map, without the block that is written.

    The vectors as they are mapped, padded (or as unit vectors), and the distinct ones in content
    order, twice while they are sorted; per customer its key, place, and the index of distinct
    vectors, and the tree of places. ``hides``: there is a copy without private columns.
    """
    rows, dimensions = shape
    copies = 5 if hides else 4
    return BASE_MEGABYTES + rows * (4 * copies * (dimensions + 3) + 240) // 2**20
