"""The artefacts of the graph: what its tasks hand to one another, and to later snapshots."""

import logging
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.artefacts.folder import Artefact, ArtefactFolder, settings_folders
from kindred.encoding.vectors import MADE_BY, VECTORS
from kindred.errors import ArtefactError
from kindred.neighbours.changes import find_changes
from kindred.neighbours.results import Candidates, NeighbourGraph, ShardResult
from kindred.neighbours.search_plan import GraphPlan
from kindred.neighbours.truth import EarlierTruth, Truth
from kindred.run.context import Run

log = logging.getLogger(__name__)

PLAN = "graph_plan"
GRAPH = "graph"
PUBLIC_GRAPH = "public_graph"
TRUTH = "truth"

CHANGED_SHARE = 0.05
"""Changed vectors per vector from which the truth is searched anew: by then few of the sample have
kept all their neighbours, and to find out takes time, too."""


def read_vectors(run: Run) -> NDArray[np.float32]:
    """The vectors of the snapshot, float32 (rows, dimensions)."""
    vectors: NDArray[np.float32] = run.folder.read(VECTORS, MADE_BY).arrays["vectors"]
    return vectors


def write_truth(run: Run, truth: Truth) -> None:
    """Write the sample with its exact neighbours."""
    run.folder.write(TRUTH, truth.arrays, {})


def read_truth(run: Run) -> Truth:
    """The exact neighbours (the spec's k) of the snapshot's sampled customers."""
    return Truth.from_arrays(run.folder.read(TRUTH, "plan_graph").arrays)


def write_plan(run: Run, plan: GraphPlan) -> None:
    """Write the plan of a search. The truth must have been written before."""
    facts: dict[str, Any] = {
        "vectors": run.folder.read(VECTORS, MADE_BY, only=[]).digest,
        "truth": run.folder.read(TRUTH, "plan_graph", only=[]).digest,
    }
    run.folder.write(PLAN, plan.arrays, {"parameters": plan.parameters, **facts})


def read_plan(run: Run) -> GraphPlan:
    """The plan of the search, with the distinct vectors of the snapshot and the trained lists."""
    return _plan_of(run.folder.read(PLAN, "plan_graph"))


def write_shard(run: Run, shard: int, result: ShardResult | Candidates) -> None:
    """Write what was found for one shard."""
    facts: dict[str, Any] = {"shard": shard}
    if isinstance(result, Candidates):
        arrays = {"points": result.points, "scores": result.scores}
        facts["start"] = result.start
    else:
        arrays = {
            "rows": result.rows,
            "neighbours": result.neighbours,
            "distances": result.distances,
        }
    run.folder.write(_shard_name(shard), arrays, facts)


def read_shards(run: Run, shards: int) -> Iterator[ShardResult]:
    """What was found for each shard, of a plan without a pass over neighbours."""
    for shard in range(shards):
        arrays = _read_shard(run, shard).arrays
        yield ShardResult(arrays["rows"], arrays["neighbours"], arrays["distances"])


def read_candidates(run: Run, shards: int) -> Iterator[Candidates]:
    """What was found for each shard, of a plan with a pass over neighbours."""
    for shard in range(shards):
        artefact = _read_shard(run, shard)
        arrays = artefact.arrays
        yield Candidates(artefact.facts["start"], arrays["points"], arrays["scores"])


def write_graph(run: Run, graph: NeighbourGraph, plan: GraphPlan) -> None:
    """Write the merged graph."""
    write_arrays(run, GRAPH, graph, {"method": plan.method})


def write_arrays(run: Run, name: str, graph: NeighbourGraph, facts: dict[str, Any]) -> None:
    """Write a graph under a name."""
    arrays = {
        "neighbours": graph.neighbours,
        "distances": graph.distances,
        "eligible": graph.eligible,
    }
    run.folder.write(name, arrays, facts)


def read_graph(run: Run, name: str = GRAPH) -> NeighbourGraph:
    """Read the neighbour graph of the snapshot: `graph_k` neighbours per customer.

    ``PUBLIC_GRAPH`` has the spec's k; it exists if the spec has hidden features.
    """
    arrays = run.folder.read(name, "merge_graph").arrays
    return NeighbourGraph(arrays["neighbours"], arrays["distances"], arrays["eligible"])


def earlier_truth(run: Run, vectors: NDArray[np.float32]) -> EarlierTruth | None:
    """The truth of the nearest date that this encoder has vectors of; None if too much differs.

    Only artefacts that belong together are used, since a later run may be replacing them.
    """
    customers = run.folder.read(VECTORS, MADE_BY, only=["customers"]).arrays["customers"]
    for folder in _nearest_folders(run):
        try:
            earlier = _truth_before(run, folder, customers, vectors)
        except ArtefactError as error:
            log.debug("%s cannot be used: %s", folder.path, error)
            continue
        if earlier is None:
            continue
        share = len(earlier.arrived) / len(vectors)
        log.info("%.2f %% of the vectors differ from those of %s", 100 * share, _name_of(folder))
        return earlier if share <= CHANGED_SHARE else None
    return None


def _truth_before(
    run: Run, folder: ArtefactFolder, customers: NDArray[Any], vectors: NDArray[np.float32]
) -> EarlierTruth | None:
    planned, truth = folder.read(PLAN, "plan_graph", only=[]), folder.read(TRUTH, "plan_graph")
    then = folder.read(VECTORS, MADE_BY, only=["customers", "vectors"])
    found = (then.digest, truth.digest, then.facts["encoder_version"])
    parameters = planned.facts["parameters"]
    if (
        found != (planned.facts["vectors"], planned.facts["truth"], run.encoder_version)
        or (parameters["metric"], parameters["recall_k"]) != (run.spec.metric.value, run.spec.k)
        or then.arrays["customers"].dtype.kind != customers.dtype.kind
    ):
        return None
    changes = find_changes(then.arrays["customers"], then.arrays["vectors"], customers, vectors)
    return EarlierTruth(Truth.from_arrays(truth.arrays), changes.rows_now, changes.arrived)


def _nearest_folders(run: Run) -> list[ArtefactFolder]:
    """All artefacts of the space: of this date, of those before and of those after it."""
    folders = settings_folders(run.settings.artifacts, run.spec.space)
    own = _name_of(run.folder).split("/")[0]
    before = [folder for folder in folders if _name_of(folder).split("/")[0] <= own]
    return [*reversed(before), *folders[len(before) :]]


def _name_of(folder: ArtefactFolder) -> str:
    """The slug of the snapshot and the hash of the settings."""
    return "/".join(folder.path.split("/")[-2:])


def machine_code() -> str:
    """A digest of all that scores depend on besides the numbers (see ``neighbours/compiled``)."""
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours import compiled

    return compiled.machine_code()


def _plan_of(artefact: Artefact) -> GraphPlan:
    arrays = {name: np.asarray(values) for name, values in artefact.arrays.items()}
    return GraphPlan.from_parts(artefact.facts["parameters"], arrays)


def _read_shard(run: Run, shard: int, only: Collection[str] | None = None) -> Artefact:
    return run.folder.read(_shard_name(shard), f"search_graph[{shard}]", only=only)


def _shard_name(shard: int) -> str:
    return f"graph_shard_{shard:03d}"
