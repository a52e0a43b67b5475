"""Who moved from segment to segment, counted by the tests themselves from ``bi.clusters``."""

from collections import Counter
from itertools import pairwise
from typing import Any

from integration.warehouse import Laboratory

Pair = tuple[Any, Any, Any]
Cells = Counter[tuple[int | None, int | None]]


def recounted(laboratory: Laboratory) -> dict[Pair, Cells]:
    """Two dates and an algorithm -> segments before and after -> customers."""
    rows = laboratory.query("select algorithm, as_of, customer_id, cluster_id from bi.clusters")
    nights: dict[str, dict[Any, dict[Any, int]]] = {}
    for algorithm, as_of, customer, cluster in rows:
        nights.setdefault(algorithm, {}).setdefault(as_of, {})[customer] = cluster
    return {
        (before, after, algorithm): Counter(
            (found[before].get(one), found[after].get(one))
            for one in found[before].keys() | found[after].keys()
        )
        for algorithm, found in nights.items()
        for before, after in pairwise(sorted(found))
    }


def published(laboratory: Laboratory) -> dict[Pair, Cells]:
    """The same from ``bi.cluster_movements``."""
    rows = laboratory.query(
        "select from_as_of, to_as_of, algorithm, from_cluster_id, to_cluster_id, customers"
        " from bi.cluster_movements"
    )
    found: dict[Pair, Cells] = {}
    for before, after, algorithm, source, target, customers in rows:
        found.setdefault((before, after, algorithm), Counter())[source, target] += customers
    return found


def uncounted(laboratory: Laboratory) -> list[tuple[str, str, str]]:
    """Pairs of nights (their days) that a reader would have to count, by algorithm."""
    rows = laboratory.query(
        "select from_as_of, to_as_of, algorithm from kindred.consecutive_snapshots"
        " where not is_counted order by 1, 2, 3"
    )
    return [(f"{before:%m-%d}", f"{after:%m-%d}", algorithm) for before, after, algorithm in rows]


def recounted_cells(laboratory: Laboratory) -> list[tuple[Any, ...]]:
    """Date, algorithm, cell, segment, customers, as ``bi.map_cells`` has them."""
    return laboratory.query(
        """
        with placed as (
          select as_of, customer_id, floor(x / cell_size)::int as cell_column,
            floor(y / cell_size)::int as cell_row
          from bi.customer_map join kindred.map_quality using (as_of)
        )
        select as_of, 'everybody' as algorithm, cell_column, cell_row, null::int as cluster_id,
          count(*) from placed group by 1, 2, 3, 4, 5
        union all
        select as_of, algorithm, cell_column, cell_row, case when label between 0 and 11 then
          cluster_id end, count(*)
        from placed join bi.clusters using (as_of, customer_id) group by 1, 2, 3, 4, 5
        order by 1, 2, 3, 4, 5
        """
    )


def published_cells(laboratory: Laboratory) -> list[tuple[Any, ...]]:
    """The same from ``bi.map_cells``."""
    return laboratory.query(
        "select as_of, algorithm, cell_column, cell_row, cluster_id, customers from bi.map_cells"
        " order by 1, 2, 3, 4, 5"
    )
