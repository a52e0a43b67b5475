"""The artefacts of the graph: what its tasks hand to one another, and to later snapshots."""

import logging
import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.artefacts.folder import Artefact, ArtefactFolder, settings_folders
from kindred.encoding.vectors import MADE_BY, VECTORS
from kindred.errors import ArtefactError
from kindred.neighbours.changes import NONE, Changes, Snapshot, find_changes, rows_now
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.results import NeighbourGraph, ShardResult
from kindred.neighbours.search import EarlierGraph
from kindred.neighbours.search_plan import (
    GraphPlan,
    is_searched_alike,
    may_use_lists,
    with_changes,
)
from kindred.neighbours.truth import EarlierTruth, Truth
from kindred.run.context import Run

log = logging.getLogger(__name__)

PLAN = "graph_plan"
GRAPH = "graph"
PUBLIC_GRAPH = "public_graph"
TRUTH = "truth"

CHANGED_SHARE = 0.05
"""Changed vectors, old and new, per vector from which everything is searched: by then most vectors
have one of them among their candidates, and to find out takes time, too (docs/graph.md)."""


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


def write_plan(run: Run, plan: GraphPlan, earlier: "Earlier | None") -> None:
    """Write the plan of a search, with the changes since an earlier graph that was searched alike.

    The truth must have been written before.
    """
    facts: dict[str, Any] = {
        "vectors": run.folder.read(VECTORS, MADE_BY, only=[]).digest,
        "truth": run.folder.read(TRUTH, "plan_graph", only=[]).digest,
    }
    if earlier is not None and is_searched_alike(plan, earlier.plan):
        plan = with_changes(plan, earlier.plan, earlier.changes)
        facts["earlier"] = {"folder": earlier.folder, **earlier.digests}
    run.folder.write(PLAN, plan.arrays, {"parameters": plan.parameters, **facts})


def read_plan(run: Run) -> GraphPlan:
    """The plan of the search, with the distinct vectors of the snapshot and the trained lists."""
    return _plan_of(run.folder.read(PLAN, "plan_graph"))


def write_shard(run: Run, shard: int, result: ShardResult) -> None:
    """Write what was found for one shard."""
    arrays = {
        "rows": result.rows,
        "neighbours": result.neighbours,
        "distances": result.distances,
    }
    facts: dict[str, Any] = {"shard": shard}
    if result.limits is not None:
        arrays["limits"], facts["machine_code"] = result.limits, machine_code()
    run.folder.write(_shard_name(shard), arrays, facts)


def read_shards(run: Run, shards: int) -> Iterator[ShardResult]:
    """What was found for each shard."""
    for shard in range(shards):
        arrays = _read_shard(run, shard).arrays
        yield ShardResult(
            arrays["rows"], arrays["neighbours"], arrays["distances"], arrays.get("limits")
        )


def write_graph(run: Run, graph: NeighbourGraph, plan: GraphPlan) -> None:
    """Write the merged graph."""
    facts: dict[str, Any] = {"method": plan.method}
    if plan.is_frozen:
        shards = [_read_shard(run, shard, only=[]) for shard in range(plan.shards)]
        facts["machine_code"] = sorted({shard.facts["machine_code"] for shard in shards})
        facts["plan"] = run.folder.read(PLAN, "plan_graph", only=[]).digest
    write_arrays(run, GRAPH, graph, facts)


def write_arrays(run: Run, name: str, graph: NeighbourGraph, facts: dict[str, Any]) -> None:
    """Write a graph under a name."""
    arrays = {
        "neighbours": graph.neighbours,
        "distances": graph.distances,
        "eligible": graph.eligible,
    }
    if graph.limits is not None:
        arrays["limits"] = graph.limits
    run.folder.write(name, arrays, facts)


def read_graph(run: Run, name: str = GRAPH) -> NeighbourGraph:
    """Read the neighbour graph of the snapshot: `graph_k` neighbours per customer.

    ``PUBLIC_GRAPH`` has the spec's k; it exists if the spec has hidden features.
    """
    wanted = ["neighbours", "distances", "eligible"]
    arrays = run.folder.read(name, "merge_graph", only=wanted).arrays
    return NeighbourGraph(arrays["neighbours"], arrays["distances"], arrays["eligible"])


def read_plan_and_earlier_graph(run: Run) -> tuple[GraphPlan, EarlierGraph | None]:
    """The plan, and the earlier graph that it refers to; None if there is none, or no longer."""
    artefact = run.folder.read(PLAN, "plan_graph")
    plan, wanted = _plan_of(artefact), artefact.facts.get("earlier")
    if wanted is None:
        return plan, None
    folder = ArtefactFolder(
        posixpath.join(run.settings.artifacts, run.spec.space, wanted["folder"])
    )
    try:
        graph = folder.read(GRAPH, "merge_graph")
        vectors = folder.read(VECTORS, MADE_BY, only=["vectors"])
    except ArtefactError as error:
        log.info("the earlier graph has gone, so everything is searched: %s", error)
        return plan, None
    found = {"graph": graph.digest, "vectors": vectors.digest, "machine_code": machine_code()}
    if any(wanted[name] != value for name, value in found.items()):
        log.info("the earlier graph has been made again or elsewhere, so everything is searched")
        return plan, None
    return plan, EarlierGraph(
        graph.arrays["neighbours"],
        graph.arrays["distances"],
        np.asarray(graph.arrays["limits"]),
        vectors.arrays["vectors"][plan.arrays["gone_rows"]],
    )


@dataclass(frozen=True)
class Earlier:
    """Another snapshot of the encoder whose graph is at hand, and what has changed since.

    ``folder``: its artefacts; ``digests``: of those that a search reads.
    """

    folder: str
    digests: dict[str, str]
    plan: GraphPlan
    truth: Truth
    changes: Changes

    def truth_now(self) -> EarlierTruth:
        """What its truth says of the customers of this snapshot."""
        same = np.where(self.changes.is_same, self.changes.earlier_rows, NONE)
        arrived = np.flatnonzero(~self.changes.is_same)
        return EarlierTruth(self.truth, rows_now(same, self.plan.rows), arrived)


def find_earlier(run: Run, vectors: NDArray[np.float32], distinct: Distinct) -> Earlier | None:
    """The nearest date whose graph was searched in lists of the encoder; None if too much differs.

    None, too, if this snapshot is searched exactly. Only artefacts that belong together are used,
    since a later run may be replacing them.
    """
    spec = run.spec
    if not may_use_lists(
        len(distinct.first_rows), exact=spec.exact, target_recall=spec.target_recall
    ):
        return None
    customers = run.folder.read(VECTORS, MADE_BY, only=["customers"]).arrays["customers"]
    new = Snapshot(customers, vectors, distinct)
    for folder in _nearest_folders(run):
        try:
            earlier = _searched_before(run, folder, new)
        except ArtefactError as error:
            log.debug("%s cannot be used: %s", folder.path, error)
            continue
        if earlier is None:
            continue
        share = earlier.changes.count / len(distinct.first_rows)
        log.info("%.2f %% of the vectors differ from those of %s", 100 * share, earlier.folder)
        if share <= CHANGED_SHARE:
            return earlier
        log.info("everything is searched: the limit is %.2f %%", 100 * CHANGED_SHARE)
        return None
    return None


def _searched_before(run: Run, folder: ArtefactFolder, new: Snapshot) -> Earlier | None:
    graph = folder.read(GRAPH, "merge_graph", only=[])
    if graph.facts.get("machine_code") != [machine_code()]:
        return None
    planned, truth = folder.read(PLAN, "plan_graph"), folder.read(TRUTH, "plan_graph")
    vectors = folder.read(VECTORS, MADE_BY, only=["customers", "vectors"])
    found = (planned.digest, vectors.digest, truth.digest, vectors.facts["encoder_version"])
    if found != (
        graph.facts["plan"],
        planned.facts["vectors"],
        planned.facts["truth"],
        run.encoder_version,
    ):
        return None
    plan = _plan_of(planned)
    kinds = {part.dtype.kind for part in (vectors.arrays["customers"], new.customers)}
    if (plan.metric, plan.recall_k) != (run.spec.metric, run.spec.k) or len(kinds) > 1:
        return None
    then = Snapshot(vectors.arrays["customers"], vectors.arrays["vectors"], plan.distinct)
    return Earlier(
        _name_of(folder),
        {"graph": graph.digest, "vectors": vectors.digest, "machine_code": machine_code()},
        plan,
        Truth.from_arrays(truth.arrays),
        find_changes(then, new),
    )


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
