"""What the time of each task grows with: amounts that follow from the sizes of a night.

The constants say how many seconds of processor time one unit of each amount takes; the same
functions are used to fit them to measurements (`benchmarks.plan_constants`). Rows, cells and values
are in millions; *pairs* are comparisons of two vectors, in thousand millions of dimensions.
"""

import math
from collections.abc import Callable

from kindred.maps.landmarks import MOST_LANDMARKS, POINTS_PER_LANDMARK
from kindred.neighbours.inverted_lists import LIST_SIZE
from kindred.neighbours.list_training import (
    POINTS_PER_CENTROID,
    SETTLING_LISTS,
    TRAINING_ROUNDS,
)
from kindred.neighbours.refining_gain import TRIED
from kindred.neighbours.truth import MEASURING_SAMPLE, TUNING_SAMPLE
from kindred.neighbours.tuning import COST_OF_NEAR_LIST
from kindred.planning.sizes import MILLION, Sizes
from kindred.segments.kmeans.kmeans import STARTING_SAMPLE
from kindred.serving.candidates import SIZED_ROWS
from kindred.serving.candidates import TRAINING_ROUNDS as INDEX_ROUNDS
from kindred.serving.index_plan import FIXED_DIMENSIONS
from kindred.serving.ivfflat_memory import sample_rows
from kindred.serving.probes import PUBLISHED_CUSTOMERS, TUNING_CUSTOMERS

Drivers = dict[str, float]

PASSED = 300
"""Vectors that a pass over neighbours compares with each one (docs/graph.md)."""
SECOND_PASS_FROM = 2_500_000
"""Customers from which one pass does not reach .99, and a second one follows: at 2 M mixed ones
it was enough, at 3 M it was not (docs/scale.md)."""
REUSED_TRUTH = 0.05
"""The share of changed vectors up to which an earlier truth is gone on from."""
EXACT_PAIRS = "exact pairs"
"""What HDBSCAN compares up to its ``exact_limit``: every customer with every other, on one thread
(`kindred.segments.density.hdbscan_clusters`)."""
TASK = {"task": 1.0}


def worker_drivers(task: str, sizes: Sizes) -> Drivers:
    """What decides the processor time of a task on its worker, all instances together."""
    return _of(task, sizes, _WORKER)


def database_drivers(task: str, sizes: Sizes) -> Drivers:
    """What decides the processor time of a task's sessions on the server."""
    return _of(task, sizes, _DATABASE)


def _of(task: str, sizes: Sizes, known: dict[str, Callable[[Sizes], Drivers]]) -> Drivers:
    name = task if task in known else task.split(" ", 1)[0]
    return {key: amount for key, amount in known[name](sizes).items() if amount > 0.0}


def _rows(sizes: Sizes, each: float = 1.0) -> float:
    return sizes.night.customers * each / MILLION


def _cells(sizes: Sizes) -> float:
    return _rows(sizes, sizes.night.columns)


def _values(sizes: Sizes) -> float:
    return _rows(sizes, sizes.night.dimensions)


def _landed(sizes: Sizes, each: float) -> float:
    return sizes.night.landed * each / MILLION


def _pairs(sizes: Sizes, count: float) -> float:
    """A pair takes as long as 16 dimensions more: choosing, and keeping the best."""
    return count * (sizes.night.dimensions + FIXED_DIMENSIONS) / 1e9


def _first(sizes: Sizes, amount: float = 1.0) -> float:
    return amount if sizes.night.is_first else 0.0


def _algorithms(sizes: Sizes) -> int:
    return len(sizes.night.spec.clustering.algorithms)


def _encoder(sizes: Sizes) -> Drivers:
    night = sizes.night
    if night.is_first:
        return {"first": 1.0, "fitted cells": _cells(sizes)}
    return {**TASK, "drift cells": _cells(sizes) if night.measures_drift else 0.0}


def _trial(sizes: Sizes) -> float:
    """How much of a whole trial is made of what a pass over neighbours finds, once per encoder."""
    return min(1.0, sizes.night.customers / TRIED) if sizes.graph.is_refined else 0.0


def _planned_pairs(sizes: Sizes) -> float:
    """The truth; and lists, which are found on two levels, settled, and compared with each other.

    In a first night they are trained besides, on a quarter of the vectors.
    """
    count, lists = sizes.night.customers, sizes.graph.lists
    sampled = TUNING_SAMPLE + MEASURING_SAMPLE
    is_reused = not sizes.night.is_first and sizes.night.changed_share <= REUSED_TRUTH
    truth = sampled * (sizes.night.landed if is_reused else count)
    if not lists:
        return truth
    level = math.sqrt(lists)
    trained = lists * POINTS_PER_CENTROID * level * (1 + TRAINING_ROUNDS)
    assigned = count * (2 * level + 2 * SETTLING_LISTS)
    return truth + assigned + lists * lists + _first(sizes, trained)


def _passed_pairs(sizes: Sizes) -> float:
    if not sizes.graph.is_refined:
        return 0.0
    passes = 2 if sizes.night.customers >= SECOND_PASS_FROM else 1
    return sizes.night.customers * PASSED * passes


def _searched_pairs(sizes: Sizes) -> float:
    count, graph = sizes.night.customers, sizes.graph
    if not graph.lists:
        return count * count
    return count * (graph.near * COST_OF_NEAR_LIST + graph.probes * LIST_SIZE)


def _index_pairs(sizes: Sizes) -> float:
    """Lists are trained for each number that is tried, and a sample is assigned to them."""
    return sum(
        lists * (min(sizes.night.customers, sample_rows(lists)) * INDEX_ROUNDS + 2 * SIZED_ROWS)
        for lists in sizes.index.tried
    )


def _scanned(sizes: Sizes) -> float:
    """What the queries read that measure an index, values in millions."""
    index, asked = sizes.index, TUNING_CUSTOMERS + PUBLISHED_CUSTOMERS
    share = index.probes / index.lists if index.lists else 1.0
    return asked * share * _values(sizes)


def _embeddings(sizes: Sizes) -> Drivers:
    if not sizes.night.builds_index:
        return {"difference": 1.0, "compared values": _values(sizes)}
    return {
        "index": 1.0,
        "values": _values(sizes),
        "index pairs": _pairs(sizes, _index_pairs(sizes)),
    }


def _embeddings_in_database(sizes: Sizes) -> Drivers:
    if not sizes.night.builds_index:
        return {"difference": 1.0, "compared values": _values(sizes)}
    return {
        "index": 1.0,
        "values": _values(sizes),
        "forecast seconds": sizes.index.forecast_seconds,
        "scanned values": _scanned(sizes),
    }


def _kmeans(sizes: Sizes) -> Drivers:
    """A sample is clustered from scratch every night; all customers settle from there or before."""
    settings, count = sizes.night.spec.clustering.kmeans, sizes.night.customers
    k = settings.k or settings.k_max
    name = "first pairs" if sizes.night.is_first else "pairs"
    return {
        **TASK,
        "sampled pairs": _pairs(sizes, k * min(count, STARTING_SAMPLE)),
        "values": _values(sizes),
        name: _pairs(sizes, k * count),
    }


def _density(sizes: Sizes) -> Drivers:
    return {
        **TASK,
        "values": _values(sizes),
        "neighbours": _rows(sizes, sizes.graph.k),
    }


def _hdbscan(sizes: Sizes) -> Drivers:
    count = sizes.night.customers
    if count > sizes.night.spec.clustering.hdbscan.exact_limit:
        return _density(sizes)
    return {**TASK, "values": _values(sizes), EXACT_PAIRS: _pairs(sizes, count * count)}


def _map(sizes: Sizes) -> Drivers:
    landmarks = min(MOST_LANDMARKS, sizes.night.customers // POINTS_PER_LANDMARK)
    pairs = _pairs(sizes, sizes.night.customers * landmarks)
    return {**TASK, "first": _first(sizes), "values": _values(sizes), "pairs": pairs}


def _extract(sizes: Sizes) -> Drivers:
    """A first night reads all rows; later ones compare the keys besides."""
    landed = _landed(sizes, sizes.night.columns)
    return {**TASK, "landed cells": landed, "keys": 0.0 if sizes.night.is_first else _rows(sizes)}


def _lookalikes(sizes: Sizes) -> float:
    return _rows(sizes, sizes.night.spec.k)


def _difference(sizes: Sizes, amount: float) -> float:
    night = sizes.night
    return 0.0 if night.builds_index or night.is_quiet else amount


def _plain(_: Sizes) -> Drivers:
    return TASK


_WORKER: dict[str, Callable[[Sizes], Drivers]] = {
    "prepare": _plain,
    "extract": _extract,
    "validate": lambda s: {**TASK, "checked values": _values(s) if s.night.is_quiet else 0.0},
    "fit_encoder": _encoder,
    "encode": lambda s: {**TASK, "cells": _cells(s), "values": _values(s)},
    "plan_graph": lambda s: {
        **TASK,
        "trial": _first(s, _trial(s)),
        "values": _values(s),
        "pairs": _pairs(s, _planned_pairs(s)),
    },
    "search_graph": lambda s: {
        "shards": float(s.graph.shards),
        "values of all shards": s.graph.shards * _values(s),
        "pairs": _pairs(s, _searched_pairs(s)),
    },
    "merge_graph": lambda s: {
        **TASK,
        "neighbours": _rows(s, s.graph.k),
        "pairs": _pairs(s, _passed_pairs(s)),
    },
    "build_embeddings": _embeddings,
    "list_algorithms": _plain,
    "cluster": lambda s: {**TASK, "values": _values(s)},
    "cluster kmeans": _kmeans,
    "cluster hdbscan": _hdbscan,
    "cluster dbscan": _density,
    "profile_clusters": lambda s: {
        **TASK,
        "cells": _cells(s),
        "values by algorithm": _algorithms(s) * _values(s),
    },
    "load_lookalikes": lambda s: {
        "parts": float(s.parts),
        "keys of all parts": _rows(s, s.parts),
        "lookalikes": _lookalikes(s),
    },
    "place_customers": _map,
    "quality_gate": _plain,
    "publish": lambda s: {
        **TASK,
        "labels": 0.0 if s.night.is_quiet else _rows(s, _algorithms(s)),
    },
    "clean_up": _plain,
    "finish": lambda _: {},
}

_DATABASE: dict[str, Callable[[Sizes], Drivers]] = {
    "prepare": _plain,
    "extract": _extract,
    "validate": lambda s: {
        **TASK,
        "landed cells": _landed(s, s.night.columns),
        "cells": _cells(s),
        "versions": _rows(s, s.night.versions),
    },
    "fit_encoder": _encoder,
    "encode": lambda s: {**TASK, "cells": _cells(s)},
    "plan_graph": _plain,
    "search_graph": lambda s: {"shards": float(s.graph.shards)},
    "merge_graph": _plain,
    "build_embeddings": _embeddings_in_database,
    "list_algorithms": _plain,
    "cluster": lambda s: {
        **TASK,
        "rows": _rows(s),
        "earlier rows": _rows(s) - _first(s, _rows(s)),
    },
    "profile_clusters": lambda s: {
        **TASK,
        "cells": _cells(s),
        "labels": _rows(s, _algorithms(s)),
    },
    "load_lookalikes": lambda s: {
        "parts": float(s.parts),
        "sorted lookalikes": _lookalikes(s) * math.log2(max(2.0, _lookalikes(s) * MILLION)),
    },
    "place_customers": lambda s: {**TASK, "rows": _rows(s)},
    "quality_gate": lambda s: {
        **TASK,
        "lookalikes": 0.0 if s.night.is_quiet else _lookalikes(s),
    },
    "publish": lambda s: {
        **TASK,
        "changed values": _difference(s, _landed(s, s.night.dimensions)),
    },
    "clean_up": lambda s: {**TASK, "vacuumed values": _difference(s, _values(s))},
    "finish": lambda _: {},
}
