"""Stage by name: what the tasks of the DAG and the tests call."""

from collections.abc import Callable
from typing import Any

from kindred.stages.clean_up import clean_up
from kindred.stages.cluster import cluster, list_algorithms
from kindred.stages.embed_texts import embed_texts
from kindred.stages.embeddings import build_embeddings
from kindred.stages.encode import encode
from kindred.stages.extract import extract
from kindred.stages.fit_encoder import fit_encoder
from kindred.stages.gate import quality_gate
from kindred.stages.graph import merge_graph, plan_graph, search_graph
from kindred.stages.lookalikes import load_lookalikes
from kindred.stages.profiles import profile_clusters
from kindred.stages.publish import publish
from kindred.stages.run import Run, timed
from kindred.stages.validate import validate
from kindred.store import snapshots

STAGES: dict[str, Callable[..., Any]] = {
    "extract": extract,
    "validate": validate,
    "embed_texts": embed_texts,
    "fit_encoder": fit_encoder,
    "encode": encode,
    "build_embeddings": build_embeddings,
    "plan_graph": plan_graph,
    "search_graph": search_graph,
    "merge_graph": merge_graph,
    "list_algorithms": list_algorithms,
    "cluster": cluster,
    "profile_clusters": profile_clusters,
    "load_lookalikes": load_lookalikes,
    "quality_gate": quality_gate,
    "publish": publish,
    "clean_up": clean_up,
}


def run_stage(run: Run, stage: str, **arguments: Any) -> Any:
    """Run one stage and note its seconds.

    Raises
    ------
    DataError
        when a customer has been erased since the build began: it must begin anew.
    """
    with run.working(stage) as warehouse:
        if stage != "clean_up":
            snapshots.require_nobody_erased(warehouse, run.as_of)
        with timed(run, stage):
            return STAGES[stage](run, **arguments)
