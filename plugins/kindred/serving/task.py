"""build_embeddings: stage the change of ``customer_embeddings``, or build a new generation."""

import logging
from dataclasses import asdict
from functools import partial
from typing import Any

from kindred.artefacts.folder import snapshot_slug
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import read_embeddings
from kindred.neighbours.task import read_plan
from kindred.run import builds
from kindred.run.builds import Current
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import with_fitting_blocks
from kindred.serving import generations, index_build, index_builds
from kindred.serving.canary import wants_rebuild
from kindred.serving.index_kinds import efforts_of
from kindred.serving.index_plan import plan_index
from kindred.serving.index_quality import IndexOf, measure_index
from kindred.serving.list_sizes import find_list_sizes
from kindred.serving.staged_embeddings import StagedEmbeddings
from kindred.serving.staging_memory import stage_megabytes, written_row_bytes
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def build_embeddings(run: Run) -> dict[str, Any]:
    """Prepare what publish will do to the embeddings; readers see nothing of it yet.

    A try of the same task that is under way is waited for, and what it has built is taken.
    """
    with (
        run.warehouse("build_embeddings") as warehouse,
        run.locked(warehouse, Resource.EMBEDDINGS),
    ):
        staged = _built_meanwhile(run, warehouse) or stage_embeddings(run, warehouse)
    return {"mode": staged.mode, "generation": staged.generation}


def _built_meanwhile(run: Run, warehouse: Database) -> StagedEmbeddings | None:
    """What another try has staged since this one began, if it still fits what serves."""
    noted = run.reopened().build.facts.get("embeddings")
    if noted is None or noted == run.build.facts.get("embeddings"):
        return None
    current = builds.current(warehouse)
    staged = StagedEmbeddings(**noted)
    if not still_holds(staged, current, current.is_older_than(run.as_of)):
        return None
    log.info("another try has just staged the embeddings: %s", staged)
    return staged


def stage_embeddings(run: Run, warehouse: Database) -> StagedEmbeddings:
    """Stage a difference or a generation against what serves now, and note it in the build.

    Must be called under ``Resource.EMBEDDINGS``.
    """
    current = builds.current(warehouse)
    generations.drop_own_leftovers(warehouse, run.as_of)
    staged = _stage(run, warehouse, current)
    run.add_facts(warehouse, embeddings=asdict(staged))
    return staged


def _stage(run: Run, warehouse: Database, current: Current) -> StagedEmbeddings:
    if not current.is_older_than(run.as_of):
        log.info("a newer snapshot serves: the embeddings stay as they are")
        return StagedEmbeddings("skip", base_generation=current.generation)
    return stage_against(run, warehouse, current)


def stage_against(run: Run, warehouse: Database, current: Current) -> StagedEmbeddings:
    """A difference to what serves, or a generation, whichever of the two is the newer snapshot."""
    new = read_embeddings(run, run.key_type(warehouse))
    run = with_fitting_blocks(
        run,
        "build_embeddings",
        f"staging of {new.vectors.shape[0]} embeddings x {new.vectors.shape[1]} dimensions",
        stage_megabytes(new.vectors.shape),
        written_row_bytes(new.vectors.shape[1]),
    )
    if current.table_name is not None and current.encoder_version == new.encoder_version:
        delta = _stage_delta(run, warehouse, current, new)
        if delta is not None:
            return delta
    return _build_generation(run, warehouse, new)


def _stage_delta(
    run: Run, warehouse: Database, current: Current, new: Embeddings
) -> StagedEmbeddings | None:
    """The changed rows aside; None where a new generation is better: many change, or it ages."""
    block_rows = run.settings.block_rows
    difference, serving = generations.compare_with_serving(
        warehouse, str(current.table_name), new, block_rows=block_rows
    )
    changed, rows = difference.changed_rows, max(1, len(new.customers))
    log.info("%d of %d embeddings change", changed, rows)
    if changed > run.spec.rewrite_share * rows:
        return None
    if wants_rebuild(
        run, warehouse, current, serving, rows=len(new.customers), changed_rows=changed
    ):
        return None
    table = f"customer_embeddings_delta_{snapshot_slug(run.as_of)}"
    generations.stage_delta(warehouse, table, new, difference, block_rows=block_rows)
    return StagedEmbeddings(
        "delta",
        table=table,
        base_generation=current.generation,
        base_published_at=current.published_at,
    )


def _build_generation(run: Run, warehouse: Database, new: Embeddings) -> StagedEmbeddings:
    """A generation with its index, planned before anything is made, and measured."""
    spec, settings = run.spec, run.settings
    threads = cores(settings.graph_threads)
    distinct = read_plan(run).distinct
    plan = plan_index(
        new.vectors,
        spec.metric,
        spec.k,
        target_recall=spec.index_target_recall,
        memory_mb=settings.maintenance_work_mem_mb,
        seed=SEED,
        threads=threads,
        method=spec.index,
        precision=spec.index_precision,
        distinct=distinct,
    )
    generation, table = generations.load_generation(
        warehouse, new, as_of=run.as_of, metric=spec.metric, block_rows=settings.block_rows
    )
    watcher = partial(run.second_session, "watch_index")
    built = index_build.build_index(warehouse, table, plan, spec.metric, watcher=watcher)
    quality = None
    if built is not None and plan.chosen is not None:
        planned, most = efforts_of(plan.chosen)
        quality = measure_index(
            IndexOf(
                warehouse, table, new, index_build.kind_of(plan, spec.metric), spec.k, distinct
            ),
            built,
            planned=planned,
            most=most,
            target_recall=spec.index_target_recall,
            seed=SEED,
            threads=threads,
        )
        sizes = find_list_sizes(new.vectors, spec.metric, seed=SEED)
        index_builds.note_list_sizes(warehouse, generation, sizes)
    index_builds.finish(warehouse, generation, plan, built, quality)
    return StagedEmbeddings("generation", generation=generation, table=table)


def still_holds(staged: StagedEmbeddings, current: Current, is_current: bool) -> bool:
    """Whether what was staged still fits what serves now; another run may have published since."""
    if staged.mode == "generation" or not is_current:
        return True
    base = (staged.base_generation, staged.base_published_at)
    return staged.mode == "delta" and base == (current.generation, current.published_at)
