"""The kinds of index a spec can ask for, and pgvector's limits for each."""

from enum import StrEnum

from kindred.errors import SettingsError


class Method(StrEnum):
    """How the database finds neighbours; ``exact`` scans the table without an index."""

    IVFFLAT = "ivfflat"
    HNSW = "hnsw"
    EXACT = "exact"


class Precision(StrEnum):
    """The precision of vectors in an index: float32, or float16 (pgvector's ``halfvec``).

    The table keeps full precision, and results of a half-precision index are ranked again by it.
    """

    SINGLE = "single"
    HALF = "half"


class Rebuild(StrEnum):
    """When a run that would change embeddings in place builds a new index instead.

    ``auto``: when the serving index has lost its recall, the table has doubled, or the spec asks
    for another kind of index.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


INDEXED_DIMENSIONS = {Precision.SINGLE: 2_000, Precision.HALF: 4_000}
"""The most dimensions that IVFFlat and HNSW allow (README of pgvector, "Indexing")."""

STORED_DIMENSIONS = 16_000
"""The most dimensions of a ``vector`` (``VECTOR_MAX_DIM`` in src/vector.h)."""

VALUE_BYTES = {Precision.SINGLE: 4, Precision.HALF: 2}
VECTOR_HEADER = 8

HALF_SPARE = 2
"""Rows read from a half-precision index per row wanted, since it orders by rounded vectors."""


def max_dimensions(method: Method, precision: Precision) -> int:
    """The most dimensions that this kind of index allows."""
    return STORED_DIMENSIONS if method is Method.EXACT else INDEXED_DIMENSIONS[precision]


def check_dimensions(dimensions: int, method: Method, precision: Precision) -> None:
    """Reject vectors with too many dimensions for the index.

    Raises
    ------
    SettingsError
        naming the settings of the spec that allow such vectors, if any.
    """
    allowed = max_dimensions(method, precision)
    if dimensions > allowed:
        raise SettingsError(
            f"the vectors have {dimensions} dimensions, an index with 'index: {method}' and"
            f" 'index_precision: {precision}' takes {allowed}; give the features fewer components"
            f" or categories{index_advice(dimensions)}"
        )


def index_advice(dimensions: int) -> str:
    """The end of a message: the settings that allow vectors this wide; empty if none does."""
    ways = []
    if dimensions <= INDEXED_DIMENSIONS[Precision.HALF]:
        ways.append("'index_precision: half'")
    if dimensions <= STORED_DIMENSIONS:
        ways.append("'index: exact', which reads all vectors for every query")
    return f", or say {' or '.join(ways)}" if ways else ""


def vector_bytes(dimensions: int, precision: Precision) -> int:
    """Bytes of a vector in an index, with PostgreSQL's alignment."""
    return -(-(VECTOR_HEADER + VALUE_BYTES[precision] * dimensions) // 8) * 8
