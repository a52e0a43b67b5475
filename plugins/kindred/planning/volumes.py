"""Bytes of a night: artefacts, what tasks move over the network, and the warehouse's tables."""

from collections.abc import Callable
from dataclasses import dataclass

from kindred.neighbours.truth import MEASURING_SAMPLE, TUNING_SAMPLE
from kindred.planning.night_tasks import NightTask
from kindred.planning.sizes import Sizes
from kindred.serving.index_plan import PAGE_BYTES
from kindred.spec.index_methods import Method, vector_bytes

MEGABYTE = 2**20

PAGE_HEADER, LINE_POINTER, ROW_HEADER, INDEX_HEADER, POINTER = 24, 4, 24, 8, 6
LEAF_FILL = 0.9
"""PostgreSQL's page layout (src/include/storage/bufpage.h, htup_details.h, itup.h)."""
KEY, MOMENT, REAL, INTEGER = 8, 8, 4, 4
CELL = 6
"""A column of a customer in a table: doubles and short texts, integers and booleans."""
COPIED_CELL = 7
"""The same in a binary COPY."""
COPIED_FIELD = 4
"""The length before each field of a binary COPY; rows have two bytes more."""

Bytes = dict[str, float]


@dataclass(frozen=True)
class Moved:
    """MB that the instances of a task move, together: artefacts, and rows to and from servers."""

    read_mb: float
    written_mb: float
    database_mb: float

    @property
    def total_mb(self) -> float:
        """All of it."""
        return self.read_mb + self.written_mb + self.database_mb


def artefacts_of(sizes: Sizes) -> Bytes:
    """Artefact -> bytes, as the tasks of the graph and the others write them."""
    night, graph = sizes.night, sizes.graph
    if night.is_quiet:
        return {}
    n, width, algorithms = night.customers, night.dimensions, _algorithms(sizes)
    # Eligible customers, distinct vectors and their members, and the orders of both.
    plan = n * (1 + 4 + 8 + 4 + 4 + 4)
    plan += graph.lists * (8 + 4 * width + 4 * graph.near)
    shard = graph.candidates * 8 if graph.is_refined else 4 + graph.k * 8
    sample = min(n, TUNING_SAMPLE + MEASURING_SAMPLE)
    return {
        "vectors": n * (4 * width + KEY + MOMENT),
        "truth": sample * (8 + 8 * night.spec.k + 8),
        "graph_plan": plan,
        "graph_shard": n * shard,
        "graph": n * (8 * graph.k + 1),
        "profiles": n * 4 * algorithms,
        "places": n * 8,
    }


_READS: dict[str, tuple[str, ...]] = {
    "plan_graph": ("vectors",),
    "search_graph": ("vectors", "graph_plan"),
    "merge_graph": ("vectors", "graph_plan", "graph_shard", "truth", "graph"),
    "build_embeddings": ("vectors", "graph_plan", "truth"),
    "cluster": ("vectors", "graph_plan"),
    "cluster hdbscan": ("vectors", "graph_plan", "graph"),
    "cluster dbscan": ("vectors", "graph_plan", "graph"),
    "profile_clusters": ("vectors",),
    "load_lookalikes": ("vectors", "graph"),
    "place_customers": ("vectors", "graph_plan"),
    "publish": ("profiles", "places"),
}
"""What every instance of a task reads, whole."""

_WRITES: dict[str, tuple[str, ...]] = {
    "encode": ("vectors",),
    "plan_graph": ("truth", "graph_plan"),
    "search_graph": ("graph_shard",),
    "merge_graph": ("graph",),
    "profile_clusters": ("profiles",),
    "place_customers": ("places",),
}


def moved_by(task: NightTask, sizes: Sizes) -> Moved:
    """What a task moves, all instances together."""
    artefacts = artefacts_of(sizes)
    read = _READS.get(task.name) or _READS.get(task.task_id, ())
    each = sum(artefacts.get(name, 0.0) for name in read)
    written = sum(artefacts.get(name, 0.0) for name in _WRITES.get(task.task_id, ()))
    rows = _COPIED.get(task.task_id)
    copied = 0.0 if rows is None else rows(sizes)
    return Moved(task.instances * each / MEGABYTE, written / MEGABYTE, copied / MEGABYTE)


def _algorithms(sizes: Sizes) -> int:
    return len(sizes.night.spec.clustering.algorithms)


def _copied(rows: float, *fields: float) -> float:
    return rows * (2 + sum(COPIED_FIELD + size for size in fields))


def _customers_copied(sizes: Sizes, rows: float) -> float:
    return _copied(rows, KEY, MOMENT, *[COPIED_CELL] * sizes.night.columns)


def _extracted(sizes: Sizes) -> float:
    """Out of the source and into the warehouse; the keys of all, too."""
    night = sizes.night
    return 2 * (_customers_copied(sizes, night.landed) + _copied(night.customers, KEY))


def _embedded(sizes: Sizes) -> float:
    night = sizes.night
    row = (KEY, 4 + 4 * night.dimensions, MOMENT, INTEGER)
    staged = 0.0 if night.builds_index else night.landed
    return _copied(night.customers, *row) + _copied(staged, *row)


_COPIED: dict[str, Callable[[Sizes], float]] = {
    "extract": _extracted,
    "fit_encoder": lambda s: (
        _customers_copied(s, s.night.customers)
        if s.night.is_first or s.night.measures_drift
        else 0.0
    ),
    "encode": lambda s: _customers_copied(s, s.night.customers),
    "build_embeddings": _embedded,
    "cluster": lambda s: _copied(
        s.night.customers, MOMENT, 7, KEY, INTEGER, INTEGER, REAL, INTEGER, INTEGER, 8
    ),
    "profile_clusters": lambda s: (
        _customers_copied(s, s.night.customers)
        + _copied(s.night.customers * _algorithms(s), KEY, INTEGER, INTEGER, REAL)
    ),
    "load_lookalikes": lambda s: _copied(
        s.night.customers * s.night.spec.k, MOMENT, KEY, 2, KEY, REAL
    ),
    "place_customers": lambda s: _copied(s.night.customers, MOMENT, KEY, REAL, REAL, MOMENT),
}


@dataclass(frozen=True)
class Warehouse:
    """Bytes by table with its indexes: of one snapshot, and those that all snapshots share.

    ``landing`` is there while the night runs.
    """

    snapshot: Bytes
    history: Bytes
    serving: Bytes
    landing: float


def warehouse_of(sizes: Sizes) -> Warehouse:
    """The tables of a space with one snapshot of this size."""
    night = sizes.night
    n, spec = night.customers, night.spec
    lookalikes = n * spec.k
    snapshot: Bytes = {
        # as_of, customer_id, rank, lookalike_id, distance; by customer, and by lookalike
        "customer_lookalikes": heap(lookalikes, 8 + 8 + 8 + 8 + 4)
        + btree(lookalikes, 16)
        + btree(lookalikes, 0, copies=spec.k),
        # with a text of the algorithm and one of the method
        "customer_clusters": _algorithms(sizes)
        * (heap(n, 8 + 8 + 8 + 5 * 4 + 16) + btree(n, 8 + KEY) + btree(n, 0, copies=n)),
        "customer_map": heap(n, 8 + 8 + 4 + 4 + 8) + btree(n, KEY),
    }
    versions = n * night.versions
    history: Bytes = {
        "customer_versions": heap(versions, 8 + 8 + 1 + night.columns * CELL)
        + btree(versions, KEY + MOMENT)
    }
    vector = vector_bytes(night.dimensions, spec.index_precision)
    lists = sizes.index.lists * PAGE_BYTES  # the last page of each is half empty
    indexed = 0.0 if spec.index is Method.EXACT else pages(n, 8 + vector) + lists
    serving: Bytes = {
        "customer_embeddings": heap(n, 8 + 8 + 4 * night.dimensions + 8 + 4) + btree(n, KEY),
        "its index": indexed,
    }
    landing = heap(night.landed, 8 + 8 + night.columns * CELL) + heap(n, KEY)
    customers = heap(n, 8 + 8 + night.columns * CELL)
    return Warehouse(snapshot, history, serving, landing + customers)


def heap(rows: float, row_bytes: float) -> float:
    """Bytes of a table of rows of this size."""
    return pages(rows, ROW_HEADER + row_bytes)


def btree(rows: float, key_bytes: float, *, copies: float = 1.0) -> float:
    """Bytes of a B-tree; of equal keys, a row takes the pointer alone (deduplication).

    ``copies``: rows per key, of which ``key_bytes`` are not counted then.
    """
    if copies > 1.0:
        each = POINTER + (INDEX_HEADER + KEY + LINE_POINTER) / copies
        return pages(rows, each - LINE_POINTER) / LEAF_FILL
    return pages(rows, INDEX_HEADER + key_bytes) / LEAF_FILL


def pages(rows: float, row_bytes: float) -> float:
    """Bytes of the pages that hold rows of this size, each with its line pointer."""
    aligned = -(-row_bytes // 8) * 8 if row_bytes >= 16 else row_bytes
    return rows * (aligned + LINE_POINTER) * PAGE_BYTES / (PAGE_BYTES - PAGE_HEADER)
