"""The kinds of index a spec can ask for, and what pgvector allows of each."""

from enum import StrEnum

from kindred.errors import SettingsError


class Method(StrEnum):
    """How neighbours are found in the database; ``exact`` makes no index and scans."""

    IVFFLAT = "ivfflat"
    HNSW = "hnsw"
    EXACT = "exact"


class Precision(StrEnum):
    """What an index keeps of a vector: float32, or float16 (pgvector's ``halfvec``).

    The vectors themselves are kept whole, and what a half index finds is ranked by them.
    """

    SINGLE = "single"
    HALF = "half"


class Rebuild(StrEnum):
    """When a run that would change embeddings in place builds a new index instead.

    ``auto``: when the recall of the serving index is lost, the table has doubled, or the spec asks
    for another kind of index.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


INDEXED_DIMENSIONS = {Precision.SINGLE: 2_000, Precision.HALF: 4_000}
"""The widest column that IVFFlat and HNSW take (README of pgvector, "Indexing")."""

STORED_DIMENSIONS = 16_000
"""The widest ``vector`` (``VECTOR_MAX_DIM`` in src/vector.h)."""

VALUE_BYTES = {Precision.SINGLE: 4, Precision.HALF: 2}
VECTOR_HEADER = 8

HALF_SPARE = 2
"""Rows taken from a half index for each one wanted: its order is that of rounded vectors."""


def max_dimensions(method: Method, precision: Precision) -> int:
    """The widest vector that this kind of index takes."""
    return STORED_DIMENSIONS if method is Method.EXACT else INDEXED_DIMENSIONS[precision]


def check_dimensions(dimensions: int, method: Method, precision: Precision) -> None:
    """Refuse vectors that are too wide for the index.

    Raises
    ------
    SettingsError
        naming the keys of the spec that take such vectors, where there are some.
    """
    allowed = max_dimensions(method, precision)
    if dimensions > allowed:
        raise SettingsError(
            f"the vectors have {dimensions} dimensions, an index with 'index: {method}' and"
            f" 'index_precision: {precision}' takes {allowed}; give the features fewer components"
            f" or categories{index_advice(dimensions)}"
        )


def index_advice(dimensions: int) -> str:
    """What else may be said in a spec whose vectors are too wide; empty where nothing may."""
    ways = []
    if dimensions <= INDEXED_DIMENSIONS[Precision.HALF]:
        ways.append("'index_precision: half'")
    if dimensions <= STORED_DIMENSIONS:
        ways.append("'index: exact', which reads all vectors for every question")
    return f", or say {' or '.join(ways)}" if ways else ""


def vector_bytes(dimensions: int, precision: Precision) -> int:
    """Size of a vector in an index, aligned as PostgreSQL does."""
    return -(-(VECTOR_HEADER + VALUE_BYTES[precision] * dimensions) // 8) * 8
