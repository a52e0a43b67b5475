"""How large the graph, its search and the index of a night are, as the product would plan them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kindred.neighbours.inverted_lists import LIST_SIZE
from kindred.neighbours.search_plan import FEWEST_REFINED, SPARE_CANDIDATES, may_use_lists
from kindred.neighbours.shards import count_parts, count_shards, graph_k
from kindred.neighbours.tuning import NARROWEST
from kindred.planning.workload import KINDS, Machines, Workload
from kindred.serving.index_plan import (
    MIN_INDEXED_ROWS,
    build_seconds,
    candidate_lists,
    forecast_mb,
    table_pages,
)
from kindred.serving.ivfflat_memory import ROWS_PER_LIST, largest_lists
from kindred.spec.index_methods import Method
from kindred.spec.metrics import Metric

MILLION = 1e6
USUAL_COLUMNS = len(KINDS)


@dataclass(frozen=True)
class Growth:
    """Something that grows as a power of the customers, and of the columns.

    ``at_million`` customers of 20 columns. How hard neighbours are to find depends on the data;
    more columns of the same kind make it harder.
    """

    at_million: float
    exponent: float
    by_columns: float = 0.0

    def of(self, customers: float, columns: int = USUAL_COLUMNS) -> float:
        """The value for so many customers of so many columns."""
        wider: float = (columns / USUAL_COLUMNS) ** self.by_columns
        larger: float = (customers / MILLION) ** self.exponent
        return self.at_million * larger * wider


@dataclass(frozen=True)
class GraphSize:
    """The search of a graph: ``probes`` of ``near`` lists; 0 lists for an exact search.

    ``candidates``: what a search by lists keeps of each; ``is_refined``: a pass over neighbours
    follows; ``shards``: mapped tasks.
    """

    k: int
    lists: int
    near: int
    probes: int
    candidates: int
    is_refined: bool
    shards: int


@dataclass(frozen=True)
class IndexSize:
    """The index that a night builds: ``tried`` numbers of lists, and the one chosen of them.

    ``lists`` 0: none of this kind. ``most_lists``: what the memory of a build allows;
    ``forecast_seconds`` are the product's own, of a build.
    """

    lists: int
    probes: int
    tried: tuple[int, ...]
    most_lists: int
    memory_mb: int
    forecast_seconds: float


@dataclass(frozen=True)
class Sizes:
    """A night, its machines, and all that follows from both."""

    night: Workload
    machines: Machines
    graph: GraphSize
    index: IndexSize
    parts: int


def sizes_of(
    night: Workload, machines: Machines, growth: Mapping[str, Growth], **known: int
) -> Sizes:
    """The sizes of a night; ``known`` are those of a night that was measured.

    ``growth``: of ``probes`` and ``near`` of the graph, and of ``index_probes``.
    """
    return Sizes(
        night,
        machines,
        _graph(night, machines, growth, known),
        _index(night, machines, growth, known),
        count_parts(night.customers, machines.shard_rows),
    )


def _graph(
    night: Workload, machines: Machines, growth: Mapping[str, Growth], known: Mapping[str, int]
) -> GraphSize:
    spec, count, columns = night.spec, night.customers, len(night.spec.features)
    k = max(0, min(graph_k(spec), count - 1))
    shards = count_shards(count, machines.shard_rows, machines.threads)
    if not may_use_lists(count, exact=spec.exact, target_recall=spec.target_recall):
        return GraphSize(k, 0, 0, 0, k + 1, is_refined=False, shards=shards)
    lists = known.get("lists") or max(1, count // LIST_SIZE)
    probes = known.get("probes") or min(lists, round(growth["probes"].of(count, columns)))
    near = known.get("near") or min(lists, _doubled(NARROWEST, growth["near"].of(count, columns)))
    candidates = k + 1 + SPARE_CANDIDATES
    # Where the lists' trial shows that it is not worth it, there is none, which no plan can know.
    is_refined = spec.metric is not Metric.INNER_PRODUCT and bool(known.get("is_refined", 1))
    if is_refined:
        candidates = max(candidates, FEWEST_REFINED)
    return GraphSize(k, lists, near, max(1, probes), candidates, is_refined, shards)


def _doubled(start: int, wanted: float) -> int:
    """The number nearest to the one wanted that doubling reaches."""
    doublings = max(0, round(math.log2(max(1.0, wanted / start))))
    return start << doublings


def _index(
    night: Workload, machines: Machines, growth: Mapping[str, Growth], known: Mapping[str, int]
) -> IndexSize:
    spec, rows, width = night.spec, night.customers, night.dimensions
    memory_mb, precision = machines.maintenance_work_mem_mb, spec.index_precision
    if spec.index is not Method.IVFFLAT or rows < MIN_INDEXED_ROWS:
        return IndexSize(0, 0, (), 0, 0, 0.0)
    pages = table_pages(rows, width)
    most = largest_lists(memory_mb, width, rows=rows, pages=pages, precision=precision)
    if most < 2:
        return IndexSize(0, 0, (), most, forecast_mb(2, rows, width, precision), 0.0)
    tried = tuple(candidate_lists(rows, min(most, rows // ROWS_PER_LIST)))
    lists = known.get("index_lists") or tried[-1]
    probes = known.get("index_probes") or round(growth["index_probes"].of(rows, len(spec.features)))
    return IndexSize(
        lists,
        max(1, min(lists, probes)),
        tried,
        most,
        forecast_mb(lists, rows, width, precision),
        build_seconds(lists, rows, width),
    )
