"""Memory of an IVFFlat build, computed from the same terms as pgvector's own check."""

from bisect import bisect_left

from kindred.spec.index_methods import Precision, vector_bytes

ROWS_PER_LIST = 50
"""Training rows per list in pgvector (``ComputeCenters`` in src/ivfbuild.c)."""

MIN_SAMPLE_ROWS = 10_000
MAX_LISTS = 32_768
"""Limit in src/ivfflat.h."""

TUPLES_PER_PAGE = 291
"""``MaxHeapTuplesPerPage`` for pages of 8 kB; limits the sample of a small table."""

MEGABYTE = 1 << 20
ARRAY_HEADER = 32


def sample_rows(lists: int, pages: int | None = None) -> int:
    """Rows that k-means allocates memory for, limited by the ``pages`` of the table."""
    rows = max(lists * ROWS_PER_LIST, MIN_SAMPLE_ROWS)
    return rows if pages is None else max(1, min(rows, pages * TUPLES_PER_PAGE))


def build_memory_bytes(
    lists: int,
    dimensions: int,
    *,
    rows: int | None = None,
    pages: int | None = None,
    precision: Precision = Precision.SINGLE,
) -> int:
    """The memory that pgvector checks against ``maintenance_work_mem`` before it starts k-means.

    Parameters
    ----------
    lists : int
    dimensions : int
    rows, pages : int, optional
        Of the table; if omitted, the table is assumed to be large.
    precision : Precision
        Of the index: k-means works on its values, but sums in float32.

    Returns
    -------
    int
        Bytes. The lower bounds of Elkan's k-means (4 bytes per sampled row and list, about
        200 * lists^2) dominate. The sample is allocated by the table's pages; k-means counts the
        rows actually sampled. Source: pgvector 0.8.6, ``InitBuildState`` and ``ComputeCenters`` in
        src/ivfbuild.c, ``ElkanKmeans`` in src/ivfkmeans.c. The sort after k-means respects the
        setting on its own.
    """
    room = sample_rows(lists, pages)
    found = room if rows is None else min(room, rows)
    item = vector_bytes(dimensions, precision)
    centroids_twice = 2 * (ARRAY_HEADER + lists * item)
    samples = ARRAY_HEADER + room * item
    sums = 4 * lists * dimensions
    bounds = 4 * found * lists + 4 * lists * lists
    return centroids_twice + samples + sums + bounds + 8 * found + 12 * lists


def reported_mb(memory_bytes: int) -> int:
    """Megabytes as pgvector's error message rounds them."""
    return memory_bytes // MEGABYTE + 1


def fits(memory_bytes: int, memory_mb: int) -> bool:
    """Whether pgvector accepts that ``maintenance_work_mem``; it compares whole kilobytes."""
    return memory_bytes // 1024 <= memory_mb * 1024


def largest_lists(
    memory_mb: int,
    dimensions: int,
    *,
    rows: int | None = None,
    pages: int | None = None,
    precision: Precision = Precision.SINGLE,
) -> int:
    """The most lists whose build fits in memory; 0 if not even one does."""

    def is_too_large(lists: int) -> bool:
        needed = build_memory_bytes(lists, dimensions, rows=rows, pages=pages, precision=precision)
        return not fits(needed, memory_mb)

    return bisect_left(range(1, MAX_LISTS + 1), True, key=is_too_large)
