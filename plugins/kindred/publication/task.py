"""Tasks ``quality_gate``, ``publish`` and ``clean_up``: readers see complete snapshots only."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from kindred.artefacts.folder import remove_snapshot_folder, snapshot_folders
from kindred.audiences.audience_facts import outcomes_of
from kindred.audiences.audience_files import FACT
from kindred.audiences.export_rows import delete_old_exported
from kindred.errors import GateError
from kindred.events.event_retention import drop_old_events
from kindred.maps.task import count_on_map
from kindred.publication import leftovers, promotion, unchanged
from kindred.publication.aside_rows import problems_of_rows
from kindred.publication.gate import problems_of_figures
from kindred.publication.prune import prune_nights
from kindred.publication.shared_partitions import stored_as_of
from kindred.run import builds
from kindred.run.context import Run
from kindred.segments.identity import stable_ids
from kindred.segments.movement_rows import count_missing
from kindred.segments.profiles import several_nights
from kindred.segments.profiles.profile_rows import Profiles
from kindred.segments.profiles.task import read_profiles
from kindred.serving.generations import StagedEmbeddings
from kindred.serving.task import stage_embeddings, still_holds
from kindred.warehouse import bi_objects, partitions, schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

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
    "lookalike_distances",
)


def quality_gate(run: Run) -> dict[str, Any]:
    """Check the snapshot against the gates of the spec, then finish its tables.

    Raises
    ------
    GateError
        naming every figure that misses a gate; the last snapshot still serves.
    """
    facts = run.reopened().build.facts
    with run.warehouse("quality_gate") as warehouse:
        problems = problems_of_figures(run.spec, facts)
        if stored_as_of(facts) is None:
            problems = [*problems_of_rows(warehouse, run.spec, run.as_of, facts), *problems]
        else:
            unchanged.require_shared(warehouse, run.as_of, facts)
        if problems:
            raise GateError("not published: " + "; ".join(problems))
        for parent in partitions.PARENTS:
            if partitions.has_aside(warehouse, parent, run.as_of):
                memory_mb = run.settings.maintenance_work_mem_mb
                partitions.finish_aside(warehouse, parent, run.as_of, memory_mb=memory_mb)
    return {"customers": facts["customers"], "recall": facts["recall"]}


def publish(run: Run) -> dict[str, Any]:
    """Make the snapshot visible; running the task again changes nothing.

    If audiences of a published snapshot have been made again, they alone are replaced.
    """
    with (
        run.warehouse("publish") as warehouse,
        run.locked(warehouse, Resource.PUBLISH, Resource.EMBEDDINGS, Resource.SCHEMA),
    ):
        run = run.reopened()
        facts = run.build.facts
        if run.build.state == "published":
            log.info("snapshot %s is published already", run.as_of.isoformat())
            return {"published": _publish_audiences(run, warehouse, facts)}
        shared = stored_as_of(facts)
        if shared is None:
            for algorithm in run.spec.clustering.algorithms:
                stable_ids.require_same_links(
                    warehouse, run.as_of, facts.get(f"relinks_{algorithm}", 0)
                )
            staged = _staged(run, warehouse)
        else:
            unchanged.require_shared(warehouse, run.as_of, facts)
            staged = unchanged.stage_shared(run, warehouse)
        lineage = [
            {"algorithm": str(algorithm), **event}
            for algorithm in run.spec.clustering.algorithms
            for event in facts[f"lineage_{algorithm}"]
        ]
        profiles = read_profiles(run) if shared is None else read_profiles(run, "validate")
        counts = _counts(run, warehouse, shared)
        verdict = several_nights.judge(run, warehouse, counts["hidden_algorithms"], shared)
        counts["hidden_algorithms"] += verdict.own
        profiles = _shown(profiles, counts["hidden_algorithms"])
        cells = {} if shared else count_on_map(run, profiles.labels)
        is_current = promotion.publish(
            warehouse,
            run.as_of,
            run_id=run.build.run_id,
            counts=counts,
            lineage=lineage,
            profiles=profiles,
            cells=cells,
            staged=staged,
            hide_segments=partial(several_nights.carry_out, run, warehouse, verdict, shared),
            replace_views=view_changes(run, warehouse),
            wait_seconds=run.settings.lock_wait_seconds,
            memory_mb=run.settings.maintenance_work_mem_mb,
        )
    log.info("published %s%s", run.as_of.isoformat(), ", now current" if is_current else "")
    return {"published": True, "is_current": is_current}


def _counts(run: Run, warehouse: Database, shared: datetime | None) -> dict[str, Any]:
    """What the row of the snapshot says of it, besides what the build has recorded."""
    facts = run.build.facts
    counts = {name: facts[name] for name in COUNTS}
    counts["unchanged_since"] = shared
    counts["mapped"] = facts["map"]["customers"]
    counts["hidden_features"] = list(run.spec.hidden_features)
    counts["hidden_algorithms"] = [
        entry["algorithm"] for entry in facts.get("cluster_quality", ()) if entry.get("revealed")
    ]
    if run.spec.recommendations is not None:
        found = facts["recommended"]
        counts |= {"recommendations": found["rows"], "item_names": found["item_names"]}
        counts["catalogue_as_of"] = found["catalogue_as_of"]
        counts["recommendation_methods"] = found["methods"]
    if facts.get("audience_rows"):
        counts["audience_members"] = _members(facts)
    elif facts.get(FACT):
        log.warning("audience files are newer than this run's tasks: the next run has them")
    counts["history"] = builds.history_of(
        warehouse, run.as_of, keeps_versions=run.spec.source.keeps_versions
    )
    return counts


def _shown(found: Profiles, hidden_algorithms: Sequence[str]) -> Profiles:
    """The profiles, without what is counted by segments that readers do not see."""
    return replace(
        found,
        moves=[one for one in found.moves if one.algorithm not in hidden_algorithms],
        labels={
            algorithm: labels
            for algorithm, labels in found.labels.items()
            if algorithm not in hidden_algorithms
        },
    )


def _publish_audiences(run: Run, warehouse: Database, facts: dict[str, Any]) -> bool:
    if not facts.get("audience_rows"):
        return False
    is_new = promotion.publish_audiences(
        warehouse,
        run.as_of,
        members=_members(facts),
        wait_seconds=run.settings.lock_wait_seconds,
    )
    if is_new:
        log.info("its audiences were made again, and are published")
    return is_new


def _members(facts: dict[str, Any]) -> int:
    return sum(facts["audience_members"].values())


def view_changes(run: Run, warehouse: Database) -> Callable[[], None] | None:
    """What replaces the views and functions whose text this release has changed, if any has."""
    extension, key_type = schemas.extension_schema_in(warehouse), run.key_type(warehouse)
    changes = bi_objects.outdated(warehouse, run.spec, extension, key_type)
    return partial(bi_objects.replace, warehouse, run.spec, *changes) if any(changes) else None


def _staged(run: Run, warehouse: Database) -> StagedEmbeddings:
    """What ``build_embeddings`` staged; staged again if another run has published since."""
    current = builds.current(warehouse)
    staged = StagedEmbeddings(**run.build.facts["embeddings"])
    if still_holds(staged, current, current.is_older_than(run.as_of)):
        return staged
    log.info("another snapshot has been published since: staging the embeddings again")
    return stage_embeddings(run, warehouse)


def clean_up(run: Run) -> dict[str, Any]:
    """Drop landed and staged tables, retired generations, old artefacts and snapshots.

    It lists what exists before what is needed, so that a run that begins in between loses nothing.
    """
    root, space = run.settings.artifacts, run.spec.space
    folders = snapshot_folders(root, space)
    with (
        run.warehouse("clean_up") as warehouse,
        run.locked(warehouse, Resource.PUBLISH, Resource.EMBEDDINGS),
    ):
        tables = leftovers.drop_run_tables(warehouse, run.spec.internal_schema)
        generations = leftovers.drop_retired_generations(
            warehouse, nights=run.settings.keep_replaced_nights
        )
        if run.build.facts.get("embeddings", {}).get("mode") == "delta":
            leftovers.vacuum_serving(warehouse, run.as_of)
        pruned = prune_nights(run, warehouse)
        kept = leftovers.slugs_with_artefacts(warehouse)
    with run.warehouse("clean_up") as warehouse:
        tables += drop_old_events(run, warehouse)
        outcomes = outcomes_of(run.build.facts.get(FACT, ()))
        delete_old_exported(warehouse, run.as_of, run.settings.keep_export_days, outcomes)
        count_missing(warehouse)
    old = [slug for slug in folders if slug not in kept]
    for slug in old:
        remove_snapshot_folder(root, space, slug)
    return {
        "tables": tables,
        "generations": generations,
        "artefacts": len(old),
        "snapshots": len(pruned),
    }
