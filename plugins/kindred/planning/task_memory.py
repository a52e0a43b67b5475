"""Memory of each task, by the forecasts that the tasks themselves make before they begin."""

from collections.abc import Callable
from dataclasses import dataclass

from kindred.encoding.encoding_memory import (
    Columns,
    encode_megabytes,
    encode_row_bytes,
    fit_megabytes,
)
from kindred.maps.map_memory import PLACED_ROW_BYTES, place_megabytes
from kindred.neighbours.graph_memory import (
    LOOKALIKE_ROW_BYTES,
    merge_megabytes,
    part_megabytes,
    refined_megabytes,
    search_megabytes,
)
from kindred.planning.sizes import Sizes
from kindred.planning.workload import Machines
from kindred.run.base_memory import BASE_MEGABYTES, SMALLEST_BLOCK, fitting_rows, with_block
from kindred.segments.segment_memory import (
    density_megabytes,
    kmeans_megabytes,
    lists_megabytes,
    plpython_megabytes,
    profile_megabytes,
)
from kindred.serving.staging_memory import stage_megabytes, written_row_bytes
from kindred.spec.features import Kind

TEXT_BYTES = 100.0
"""The average size of a customer's texts, which a plan does not know."""


@dataclass(frozen=True)
class Forecast:
    """Memory without blocks of rows, and per row of a block; 0 where none is held."""

    megabytes: int
    row_bytes: int = 0

    @property
    def least(self) -> int:
        """What is needed with the smallest blocks."""
        return with_block(self.megabytes, SMALLEST_BLOCK, self.row_bytes)

    def on(self, machines: Machines) -> int:
        """What a task forecasts there: with the largest blocks that fit, or the smallest ones."""
        if not self.row_bytes:
            return self.megabytes
        limit, wanted = machines.task_memory_mb, machines.block_rows
        rows = fitting_rows(wanted, limit, self.megabytes, self.row_bytes)
        return with_block(self.megabytes, rows, self.row_bytes)


def forecast_of(task: str, sizes: Sizes) -> Forecast:
    """The forecast of a task; of one that makes none, that of an empty task."""
    known = _FORECASTS.get(task) or _FORECASTS.get(task.split(" ", 1)[0])
    return Forecast(BASE_MEGABYTES) if known is None else known(sizes)


def _shape(sizes: Sizes) -> tuple[int, int]:
    return sizes.night.customers, sizes.night.dimensions


def _columns(sizes: Sizes) -> Columns:
    features = sizes.night.spec.features.values()
    has_texts = any(feature.kind is Kind.TEXT for feature in features)
    return Columns.of((feature.kind for feature in features), TEXT_BYTES if has_texts else 0.0)


def _fit(sizes: Sizes) -> Forecast:
    columns = _columns(sizes)
    if not sizes.night.is_first:
        return Forecast(
            BASE_MEGABYTES, columns.block_row_bytes if sizes.night.measures_drift else 0
        )
    features = sizes.night.spec.features.values()
    megabytes = fit_megabytes(sizes.night.customers, columns, features)
    return Forecast(megabytes, columns.block_row_bytes)


def _encode(sizes: Sizes) -> Forecast:
    rows, dimensions = _shape(sizes)
    row_bytes = encode_row_bytes(_columns(sizes), dimensions)
    return Forecast(encode_megabytes(rows, dimensions), row_bytes)


def _merge(sizes: Sizes) -> Forecast:
    shape, graph = _shape(sizes), sizes.graph
    if graph.is_refined:
        return Forecast(refined_megabytes(shape, graph.k, graph.candidates))
    return Forecast(merge_megabytes(shape, graph.k))


def _profiles(sizes: Sizes) -> Forecast:
    spec = sizes.night.spec
    kinds = [feature.kind for feature in spec.features.values()]
    texts = (Kind.TEXT, Kind.CATEGORICAL)
    read = [Kind.CATEGORICAL if kind in texts else Kind.NUMERIC for kind in kinds]
    read += [Kind.NUMERIC] * len(spec.labels)
    megabytes = profile_megabytes(_shape(sizes), len(spec.clustering.algorithms))
    return Forecast(megabytes, Columns.of(read, 0.0).block_row_bytes)


def _lookalikes(sizes: Sizes) -> Forecast:
    rows, part = sizes.night.customers, sizes.machines.shard_rows
    megabytes = part_megabytes(rows, min(part, rows), sizes.night.spec.k)
    return Forecast(megabytes, LOOKALIKE_ROW_BYTES)


def _map(sizes: Sizes) -> Forecast:
    hides = bool(sizes.night.spec.hidden_features)
    return Forecast(place_megabytes(_shape(sizes), hides=hides), PLACED_ROW_BYTES)


def _density(sizes: Sizes) -> Forecast:
    return Forecast(density_megabytes(_shape(sizes), sizes.graph.k))


def _index_check(sizes: Sizes) -> Forecast:
    """Where nothing has changed, ``validate`` checks the index that goes on serving."""
    return Forecast(stage_megabytes(_shape(sizes)) if sizes.night.is_quiet else BASE_MEGABYTES)


_FORECASTS: dict[str, Callable[[Sizes], Forecast]] = {
    "validate": _index_check,
    "fit_encoder": _fit,
    "encode": _encode,
    "plan_graph": lambda s: Forecast(search_megabytes(_shape(s), 0, s.graph.shards)),
    "search_graph": lambda s: Forecast(search_megabytes(_shape(s), s.graph.k, s.graph.shards)),
    "merge_graph": _merge,
    "build_embeddings": lambda s: Forecast(
        stage_megabytes(_shape(s)), written_row_bytes(s.night.dimensions)
    ),
    "cluster kmeans": lambda s: Forecast(kmeans_megabytes(_shape(s))),
    "cluster hdbscan": _density,
    "cluster dbscan": _density,
    "cluster ivfflat": lambda s: Forecast(lists_megabytes(_shape(s))),
    "cluster plpython": lambda s: Forecast(plpython_megabytes(_shape(s))),
    "profile_clusters": _profiles,
    "load_lookalikes": _lookalikes,
    "place_customers": _map,
}
