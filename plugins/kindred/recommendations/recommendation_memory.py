"""Memory forecasts for recommending to everyone and for measuring the quality."""

from kindred.neighbours.graph_memory import search_megabytes
from kindred.recommendations.everyone import PART_CUSTOMERS
from kindred.recommendations.rivals import (
    EASE_ITEMS,
    ITEM_NEIGHBOURS,
    ITEMS_AT_ONCE,
    SCORES_AT_ONCE,
)

LIST_BYTES = 17
"""Memory per item of a list: its number, score, neighbours who own it, and method."""


LISTED_ROW_BYTES = 200
"""Memory per row in the block that is written: its fields as arrays, and in COPY format."""


def everyone_megabytes(
    shape: tuple[int, int], purchases: int, items: int, count: int, neighbours: int, threads: int
) -> int:
    """Memory of `recommend_everyone`, with all its results.

    ``shape``: of the vectors; ``purchases``: pairs of customer and item. The graph's search in
    parts, and the neighbours of the part before; who owns what, as read and as the catalogue; sums
    per item and thread; the lists, as parts and together.
    """
    customers = shape[0]
    graph = search_megabytes(shape, neighbours, -(-customers // PART_CUSTOMERS))
    part = min(customers, PART_CUSTOMERS) * (neighbours + 1) * 8
    owned = 16 * purchases + 16 * customers
    lists = customers * count * LIST_BYTES
    return graph + (part + owned + 16 * items * threads + 2 * lists) // 2**20


def quality_megabytes(shape: tuple[int, int], purchases: int, items: int, neighbours: int) -> int:
    """Memory of `measure_quality` with `buying_profiles`.

    ``shape``: of the vectors of the sample; ``purchases``: its pairs of customer and item;
    ``items``: those that could be recommended. The largest of three: the fit (four dense copies of
    the decomposition), the graph with another copy of the neighbours, and the rivals (EASE's matrix
    of pairs, or the blocks of item neighbours; blocks of scores with their copies).
    """
    customers, dimensions = shape
    data = 64 * purchases
    fit = 4 * (customers + items) * (dimensions + 10) * 8
    graph = search_megabytes(shape, neighbours, 1)
    base = search_megabytes((0, dimensions), neighbours, 1)
    near = customers * neighbours * 8
    pairs = 4 * items * items if items <= EASE_ITEMS else 0
    blocks = 4 * 4 * ITEMS_AT_ONCE * items + 3 * 8 * ITEM_NEIGHBOURS * items
    rivals = max(pairs + 4 * ITEMS_AT_ONCE * items, blocks) + 5 * 4 * SCORES_AT_ONCE
    return base + (data + near + max(fit, (graph - base) * 2**20, rivals)) // 2**20
