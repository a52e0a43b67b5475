"""publish: one short step from the last snapshot to this one."""

import logging
from typing import Any

from kindred.stages.embeddings import stage_embeddings, still_holds
from kindred.stages.profiles import read_profiles
from kindred.stages.run import Run
from kindred.store import clusters, snapshots
from kindred.store import publish as store_publish
from kindred.store.database import Database
from kindred.store.locks import Resource
from kindred.store.publish import StagedEmbeddings

log = logging.getLogger(__name__)

COUNTS = (
    "customers",
    "lookalikes",
    "rows_landed",
    "rows_rejected",
    "recall",
    "recall_low",
    "recall_high",
    "center",
)


def publish(run: Run) -> dict[str, Any]:
    """Make the snapshot visible; a task that runs again after it has finished changes nothing."""
    with (
        run.warehouse("publish") as warehouse,
        run.locked(warehouse, Resource.PUBLISH),
        run.locked(warehouse, Resource.EMBEDDINGS),
    ):
        run = run.reopened()
        if run.build.state == "published":
            log.info("snapshot %s is published already", run.as_of.isoformat())
            return {"published": False}
        facts = run.build.facts
        for algorithm in run.spec.clustering.algorithms:
            clusters.require_same_links(warehouse, run.as_of, facts.get(f"relinks_{algorithm}", 0))
        staged = _staged(run, warehouse)
        lineage = [
            {"algorithm": str(algorithm), **event}
            for algorithm in run.spec.clustering.algorithms
            for event in facts[f"lineage_{algorithm}"]
        ]
        counts = {name: facts[name] for name in COUNTS}
        counts["history"] = snapshots.history_of(
            warehouse, run.as_of, keeps_versions=run.spec.source.history == "versions"
        )
        is_current = store_publish.publish(
            warehouse,
            run.as_of,
            run_id=run.build.run_id,
            counts=counts,
            lineage=lineage,
            profiles=read_profiles(run),
            staged=staged,
            wait_seconds=run.settings.lock_wait_seconds,
        )
    log.info("published %s%s", run.as_of.isoformat(), ", now current" if is_current else "")
    return {"published": True, "is_current": is_current}


def _staged(run: Run, warehouse: Database) -> StagedEmbeddings:
    """What build_embeddings staged, or staged anew where another run has published since."""
    current = snapshots.current(warehouse)
    staged = StagedEmbeddings(**run.build.facts["embeddings"])
    if still_holds(staged, current, current.is_older_than(run.as_of)):
        return staged
    log.info("another snapshot was published since: the embeddings are staged anew")
    return stage_embeddings(run, warehouse)
