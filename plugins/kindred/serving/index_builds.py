"""``index_builds``: plan, build and measurements of every generation's index."""

import logging
from dataclasses import asdict
from typing import Any

import numpy as np
from pgvector import Vector
from psycopg2.extras import Json

from kindred.serving.hnsw import HnswChoice
from kindred.serving.index_build import EXACT_SCAN, BuiltIndex
from kindred.serving.index_kinds import SEARCH_PARAMETERS
from kindred.serving.index_plan import Candidate, IndexPlan
from kindred.serving.index_quality import IndexQuality
from kindred.serving.list_sizes import ListSizes
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

MEASURED = (
    "k",
    "recall_at_k",
    "recall_low",
    "recall_high",
    "recall_sample",
    "query_milliseconds",
    "p50_milliseconds",
    "p95_milliseconds",
    "is_index_used",
)


def finish(
    database: Database,
    generation: int,
    plan: IndexPlan,
    built: BuiltIndex | None,
    quality: IndexQuality | None,
) -> None:
    """Record a generation as ready, with all figures; without an index they are null."""
    figures = _planned(plan) | {
        "generation": generation,
        "method": EXACT_SCAN if built is None else plan.method.value,
        "precision": None if built is None else plan.precision.value,
        "build_seconds": None if built is None else built.build_seconds,
        "index_bytes": None if built is None else built.index_bytes,
        **dict.fromkeys((*SEARCH_PARAMETERS.values(), "probe_sweep")),
        **{name: None if quality is None else getattr(quality, name) for name in MEASURED},
    }
    if quality is not None:
        search_parameter = SEARCH_PARAMETERS[plan.method]
        figures |= {
            search_parameter: quality.search_value,
            "probe_sweep": Json(quality.sweep_as_json(search_parameter)),
        }
    database.run("serving/finish_generation", figures)
    shown = {name: value for name, value in figures.items() if not isinstance(value, Json)}
    log.info("generation %d: %s", generation, shown)


def record_list_sizes(database: Database, generation: int, sizes: ListSizes) -> None:
    """Record the list sizes of a generation, for the drift checks of later nights."""
    parameters = {
        "generation": generation,
        "centres": [Vector(centroid) for centroid in sizes.centroids],
        "sizes": sizes.sizes.tolist(),
    }
    database.run("serving/record_list_sizes", parameters)


def list_sizes(database: Database, generation: int | None) -> ListSizes | None:
    """The list sizes of a generation, if recorded."""
    row = database.row("serving/list_sizes", {"generation": generation})
    if row is None:
        return None
    centroids = np.stack([centroid.to_numpy() for centroid in row[0]])
    return ListSizes(centroids, np.array(row[1], dtype=np.int64))


def _planned(plan: IndexPlan) -> dict[str, Any]:
    chosen = plan.chosen
    lists = chosen if isinstance(chosen, Candidate) else None
    graph = chosen if isinstance(chosen, HnswChoice) else None
    return {
        "rows": plan.rows,
        "target_recall": plan.target_recall,
        "reason": plan.reason,
        "plan": Json(asdict(plan)),
        "lists": None if lists is None else lists.lists,
        "m": None if graph is None else graph.m,
        "ef_construction": None if graph is None else graph.ef_construction,
        "expected_recall": None if lists is None else lists.recall,
        "expected_scanned_rows": None if lists is None else lists.scanned_rows,
        "forecast_memory_mb": None if chosen is None else chosen.memory_mb,
        "forecast_build_seconds": None if chosen is None else chosen.build_seconds,
    }


def built_index(database: Database, generation: int | None) -> tuple[Any, ...] | None:
    """Rows, k, metric, method, precision, search value and recall of a generation's index."""
    return database.row("serving/built_index", {"generation": generation})


def record_check(database: Database, figures: dict[str, Any]) -> None:
    """Record the result and the decision of the nightly check of the serving index."""
    database.run("serving/record_index_check", figures)


def table_and_lists(database: Database, generation: int | None) -> tuple[str | None, int | None]:
    """The table of a generation, and the lists of its index."""
    row = database.row("serving/generation_of_build", {"generation": generation})
    return (None, None) if row is None else (row[0], row[1])
