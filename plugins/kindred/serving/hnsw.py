"""The plan of an HNSW index: links a vector, memory of the build, where the sweep begins."""

import math
from dataclasses import dataclass

from kindred.errors import SettingsError
from kindred.serving.ivfflat_memory import MEGABYTE, fits, reported_mb
from kindred.spec.index_methods import Precision, vector_bytes

LINKS = (16, 12, 8)
"""Values of m: pgvector's default first, smaller ones where the memory is small."""

EF_CONSTRUCTION = 64
EF_SEARCH = 40
"""pgvector's defaults; ef_search is where the sweep on the real index begins."""

MAX_EF_SEARCH = 1_000

ELEMENT_BYTES = 128
LINK_BYTES = 16
LIST_BYTES = 16
CHUNK_BYTES = 8
"""An element, a link, a list of links with the pointer to it, the header of an allocation: sizes of
the structs in src/hnsw.h of pgvector 0.8.6 on 64-bit machines."""

SHARED_BYTES = 4 * MEGABYTE
"""What a parallel build keeps back (src/hnswbuild.c: 3 MB for itself, 1 MB that never runs out)."""

ROW_NANOSECONDS = 12_000.0
"""Of a row and a doubling of the rows, m 16, 32 dimensions: 1,000,000 rows took 249 s, 2 cores."""

MEASURED_DIMENSIONS = 32
FIXED_DIMENSIONS = 32


@dataclass(frozen=True)
class HnswChoice:
    """What to build; ``memory_mb`` is what keeps the whole graph in memory."""

    m: int
    ef_construction: int
    ef_search: int
    memory_mb: int
    build_seconds: float


def choose_hnsw(rows: int, dimensions: int, precision: Precision, memory_mb: int) -> HnswChoice:
    """The most links whose graph fits the memory: others are finished on disk, many times slower.

    Raises
    ------
    SettingsError
        when not even the fewest fit.
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
    """What a build holds in memory, with all links of all vectors.

    Parameters
    ----------
    rows, dimensions : int
        Distinct vectors; up to ten equal ones share an element.
    precision : Precision
    m : int
        Links of a vector on every level; twice as many on the lowest.

    Returns
    -------
    int
        Bytes. A vector reaches each next level with the probability 1 / m (Malkov & Yashunin 2020,
        arXiv 1603.09320, with the m_L of pgvector), so it is on 1 / (m - 1) higher levels.
    """
    lowest = ELEMENT_BYTES + LIST_BYTES + 2 * m * LINK_BYTES + 4 * CHUNK_BYTES
    higher = (LIST_BYTES + m * LINK_BYTES + CHUNK_BYTES) / (m - 1)
    return SHARED_BYTES + math.ceil(rows * (lowest + higher + vector_bytes(dimensions, precision)))


def hnsw_seconds(rows: int, dimensions: int, m: int) -> float:
    """Forecast of the build; links, machine and data make it good to about a half."""
    width = (FIXED_DIMENSIONS + dimensions) / (FIXED_DIMENSIONS + MEASURED_DIMENSIONS)
    return rows * math.log2(max(2, rows)) * ROW_NANOSECONDS * width * m / LINKS[0] * 1e-9
