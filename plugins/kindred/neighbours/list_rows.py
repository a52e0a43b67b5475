"""Rows of ``graph_lists``: the lists of an encoder, trained once and read by all its snapshots."""

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg2.extras import Json

from kindred.encoding import encoder_versions
from kindred.encoding.vectors import vectors_as_of
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import Distinct, find_distinct
from kindred.neighbours.graph_memory import search_megabytes
from kindred.neighbours.search_plan import may_use_lists
from kindred.neighbours.truth import Truth, find_truth
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.warehouse.database import Database

if TYPE_CHECKING:
    from kindred.neighbours.frozen_lists import FrozenLists

log = logging.getLogger(__name__)


def lists_of_encoder(
    run: Run, warehouse: Database, vectors: np.ndarray, distinct: Distinct, truth: Truth
) -> "FrozenLists | None":
    """The lists of the customers that the encoder was fitted on, trained once and stored.

    They do not depend on which snapshot trains them, so the order of the dates does not matter.
    None if the snapshot or those customers have too few distinct vectors for lists.
    """
    spec = run.spec
    if not may_use_lists(len(distinct.first_rows), **_wish(run)):
        return None
    wanted = {"metric": spec.metric, "k": spec.k, "target_recall": spec.target_recall}
    names = {
        "encoder_version": run.encoder_version,
        "settings": json.dumps(wanted, sort_keys=True),
    }
    row = warehouse.row("neighbours/read_lists", names)
    if row is None:
        trained = _trained(run, warehouse, vectors, distinct, truth)
        warehouse.run("neighbours/insert_lists", names | _as_row(trained))
        row = warehouse.row("neighbours/read_lists", names)  # maybe those of a faster run
    return None if row is None else _from_row(*row)


def _trained(
    run: Run, warehouse: Database, vectors: np.ndarray, distinct: Distinct, truth: Truth
) -> "FrozenLists | None":
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.frozen_lists import freeze_lists

    spec, threads = run.spec, cores(run.settings.graph_threads)
    fitted_as_of = encoder_versions.fitted_as_of(warehouse, run.encoder_version)
    if fitted_as_of != run.as_of:
        own = vectors.nbytes // 2**20
        vectors = vectors_as_of(run, warehouse, fitted_as_of, "plan_graph")
        distinct = find_distinct(vectors, eligible(spec.metric, vectors))
        if not may_use_lists(len(distinct.first_rows), **_wish(run)):
            return None
        forecast = own + search_megabytes(vectors.shape, 0, shards=1)
        require_memory(run, "plan_graph", "lists of the encoder", forecast)
        truth = find_truth(
            vectors, spec.metric, spec.k, distinct, seed=SEED, by_content=True, threads=threads
        )
    frozen = freeze_lists(
        vectors,
        distinct,
        spec.metric,
        truth,
        spec.target_recall,
        seed=SEED,
        threads=threads,
    )
    log.info(
        "trained %d lists for encoder %d; its snapshots probe %d of %d near ones, or more",
        len(frozen.tree.centroids),
        run.encoder_version,
        frozen.rungs[0][1],
        frozen.rungs[0][0],
    )
    return frozen


def _wish(run: Run) -> dict[str, Any]:
    return {"exact": run.spec.exact, "target_recall": run.spec.target_recall}


def _as_row(frozen: "FrozenLists | None") -> dict[str, Any]:
    if frozen is None:
        empty = {"upper": b"", "starts": b"", "centroids": b""}
        return {"dimensions": 0, **empty, "rungs": Json([]), "candidate_recall": None}
    tree = frozen.tree
    return {
        "dimensions": tree.centroids.shape[1],
        "upper": tree.upper.astype("<f4").tobytes(),
        "starts": tree.starts.astype("<i8").tobytes(),
        "centroids": tree.centroids.astype("<f4").tobytes(),
        "rungs": Json(frozen.rungs),
        "candidate_recall": frozen.candidate_recall,
    }


def _from_row(
    dimensions: int,
    upper: memoryview,
    starts: memoryview,
    centroids: memoryview,
    rungs: Any,
    candidate_recall: float | None,
) -> "FrozenLists | None":
    if not rungs:
        return None
    from kindred.neighbours.frozen_lists import FrozenLists
    from kindred.neighbours.list_training import ListTree

    tree = ListTree(
        np.frombuffer(upper, dtype="<f4").reshape(-1, dimensions).copy(),
        np.frombuffer(starts, dtype="<i8").copy(),
        np.frombuffer(centroids, dtype="<f4").reshape(-1, dimensions).copy(),
    )
    return FrozenLists(tree, tuple((near, probes) for near, probes in rungs), candidate_recall)
