"""The plan of an HNSW index: links per vector, memory and time of the build, and ef_search."""

import math
from dataclasses import dataclass

from kindred.errors import SettingsError
from kindred.serving.ivfflat_memory import MEGABYTE, fits, reported_mb
from kindred.spec.index_methods import Precision, vector_bytes

LINKS = (16, 12, 8)
"""Values of m to try: pgvector's default first, then smaller ones for less memory."""

EF_CONSTRUCTION = 64
EF_SEARCH = 40
"""pgvector's defaults; the sweep on the real index starts at ef_search."""

MAX_EF_SEARCH = 1_000

ELEMENT_BYTES = 128
LINK_BYTES = 16
LIST_BYTES = 16
CHUNK_BYTES = 8
"""Sizes of an element, a link, a list of links with the pointer to it, and an allocation's header:
the structs in src/hnsw.h of pgvector 0.8.6 on 64-bit machines."""

SHARED_BYTES = 4 * MEGABYTE
"""Memory a parallel build reserves (src/hnswbuild.c: 3 MB for itself, 1 MB as a safety margin)."""

ROW_NANOSECONDS = 12_000.0
"""Per row and log2(rows), at m = 16 and 32 dimensions: 1,000,000 rows took 249 s on 2 cores."""

MEASURED_DIMENSIONS = 32
FIXED_DIMENSIONS = 32


@dataclass(frozen=True)
class HnswChoice:
    """The index to build; ``memory_mb`` is enough to hold the whole graph."""

    m: int
    ef_construction: int
    ef_search: int
    memory_mb: int
    build_seconds: float


def choose_hnsw(rows: int, dimensions: int, precision: Precision, memory_mb: int) -> HnswChoice:
    """Choose the most links whose graph fits in memory; else the build is many times slower.

    Raises
    ------
    SettingsError
        Not even the graph with the fewest links fits.
    """
    for m in LINKS:
        needed = graph_memory_bytes(rows, dimensions, precision, m)
        if fits(needed, memory_mb):
            seconds = hnsw_seconds(rows, dimensions, m)
            return HnswChoice(m, EF_CONSTRUCTION, EF_SEARCH, reported_mb(needed), seconds)
    most, least = (
        reported_mb(graph_memory_bytes(rows, dimensions, precision, m))
        for m in (LINKS[0], LINKS[-1])
    )
    raise SettingsError(
        f"an HNSW index over {rows} vectors of {dimensions} dimensions ({precision}) needs {least}"
        f" MB to build with m = {LINKS[-1]}, {most} MB with m = {LINKS[0]};"
        f" KINDRED_MAINTENANCE_WORK_MEM_MB is {memory_mb}: raise it, or say 'index: ivfflat';"
        " nothing has been changed"
    )


def graph_memory_bytes(rows: int, dimensions: int, precision: Precision, m: int) -> int:
    """Memory of a build that holds the whole graph.

    Parameters
    ----------
    rows, dimensions : int
        Of the distinct vectors; up to ten equal vectors share an element.
    precision : Precision
    m : int
        Links per vector and level; twice as many on the lowest level.

    Returns
    -------
    int
        Bytes. A vector reaches each next level with probability 1 / m (Malkov & Yashunin 2020,
        arXiv 1603.09320, with pgvector's m_L), so on average it is on 1 / (m - 1) higher levels.
    """
    lowest = ELEMENT_BYTES + LIST_BYTES + 2 * m * LINK_BYTES + 4 * CHUNK_BYTES
    higher = (LIST_BYTES + m * LINK_BYTES + CHUNK_BYTES) / (m - 1)
    return SHARED_BYTES + math.ceil(rows * (lowest + higher + vector_bytes(dimensions, precision)))


def hnsw_seconds(rows: int, dimensions: int, m: int) -> float:
    """Forecast of the build time; depending on machine and data it may be off by half."""
    width = (FIXED_DIMENSIONS + dimensions) / (FIXED_DIMENSIONS + MEASURED_DIMENSIONS)
    return rows * math.log2(max(2, rows)) * ROW_NANOSECONDS * width * m / LINKS[0] * 1e-9
