"""build_embeddings: stage the change of ``customer_embeddings``, or build a new generation."""

import logging
from dataclasses import asdict
from typing import Any

import numpy as np

from kindred.artefacts.folder import snapshot_slug
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import read_embeddings
from kindred.neighbours.distinct import Distinct
from kindred.neighbours.graph_artefacts import TRUTH, read_plan, read_truth
from kindred.neighbours.truth import Truth, find_truth
from kindred.run import builds
from kindred.run.builds import Current
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory, with_fitting_blocks
from kindred.serving import generations, index_build, index_builds
from kindred.serving.canary import wants_rebuild
from kindred.serving.difference import Difference
from kindred.serving.generations import StagedEmbeddings
from kindred.serving.index_kinds import search_values_of
from kindred.serving.index_plan import plan_index
from kindred.serving.index_quality import IndexProbe, measure_index
from kindred.serving.list_sizes import find_list_sizes
from kindred.serving.staging_memory import stage_megabytes, written_row_bytes
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def build_embeddings(run: Run) -> dict[str, Any]:
    """Stage the change that publish will make to the embeddings; readers do not see it yet.

    If another try of this task is running, wait for it and use its result.
    """
    with (
        run.warehouse("build_embeddings") as warehouse,
        run.locked(warehouse, Resource.EMBEDDINGS),
    ):
        staged = _built_meanwhile(run, warehouse) or stage_embeddings(run, warehouse)
    return {"mode": staged.mode, "generation": staged.generation}


def _built_meanwhile(run: Run, warehouse: Database) -> StagedEmbeddings | None:
    """The result that another try has staged since this one began, if it is still valid."""
    recorded = run.reopened().build.facts.get("embeddings")
    if recorded is None or recorded == run.build.facts.get("embeddings"):
        return None
    current = builds.current(warehouse)
    staged = StagedEmbeddings(**recorded)
    if not still_holds(staged, current, current.is_older_than(run.as_of)):
        return None
    log.info("another try has just staged the embeddings: %s", staged)
    return staged


def stage_embeddings(run: Run, warehouse: Database) -> StagedEmbeddings:
    """Stage a difference or a generation against the serving one, and record it in the build.

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
    """Stage a difference to the serving generation, or a new generation; ignores snapshot dates."""
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
    """Stage the changed rows; None if too many rows change or the index should be rebuilt."""
    block_rows = run.settings.block_rows
    difference = generations.compare_with_serving(
        warehouse, str(current.table_name), new, block_rows=block_rows
    )
    changed, rows = difference.changed_rows, max(1, len(new.customers))
    log.info("%d of %d embeddings change", changed, rows)
    if changed > run.spec.rewrite_share * rows:
        return None
    if wants_rebuild(run, warehouse, current, new, difference):
        return None
    table = f"customer_embeddings_delta_{snapshot_slug(run.as_of)}"
    generations.stage_delta(warehouse, table, new, difference, block_rows=block_rows)
    return StagedEmbeddings(
        "delta",
        table=table,
        base_generation=current.generation,
        base_published_at=current.published_at,
    )


def check_unchanged_index(run: Run, warehouse: Database, holder: Run) -> bool:
    """The nightly check of the index where no row changes; returns whether it is to be built anew.

    ``holder`` is the snapshot of the same rows whose artefacts have the vectors.

    Raises
    ------
    ArtefactError
        when they are gone.
    """
    new = read_embeddings(holder, run.key_type(warehouse))
    require_memory(run, "validate", "check of the index", stage_megabytes(new.vectors.shape))
    same = Difference(np.zeros(len(new.customers), dtype=np.bool_))
    return wants_rebuild(run, warehouse, builds.current(warehouse), new, same, holder)


def _build_generation(run: Run, warehouse: Database, new: Embeddings) -> StagedEmbeddings:
    """Build a generation with its index: plan first, then load, build and measure."""
    spec, settings = run.spec, run.settings
    threads = cores(settings.graph_threads)
    distinct = read_plan(run).distinct
    truth = _truth(run, new, distinct, threads)
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
        truth=truth,
    )
    generation, table = generations.load_generation(
        warehouse, new, as_of=run.as_of, metric=spec.metric, block_rows=settings.block_rows
    )
    built = index_build.build_index(warehouse, table, plan, spec.metric)
    quality = None
    if built is not None and plan.chosen is not None:
        planned, most = search_values_of(plan.chosen)
        quality = measure_index(
            IndexProbe(warehouse, table, new, index_build.kind_of(plan, spec.metric), spec.k),
            built,
            truth,
            planned=planned,
            most=most,
            target_recall=spec.index_target_recall,
            seed=SEED,
        )
        sizes = find_list_sizes(new.vectors, spec.metric, seed=SEED)
        index_builds.record_list_sizes(warehouse, generation, sizes)
    index_builds.finish(warehouse, generation, plan, built, quality)
    return StagedEmbeddings("generation", generation=generation, table=table)


def _truth(run: Run, new: Embeddings, distinct: Distinct, threads: int) -> Truth:
    """The exact neighbours of sampled customers; a plan of an earlier release did not keep them."""
    if run.folder.has(TRUTH):
        return read_truth(run)
    spec = run.spec
    return find_truth(new.vectors, spec.metric, spec.k, distinct, seed=SEED, threads=threads)


def still_holds(staged: StagedEmbeddings, current: Current, is_current: bool) -> bool:
    """Whether a staged result is still valid; another run may have published since."""
    if staged.mode == "generation" or not is_current:
        return True
    base = (staged.base_generation, staged.base_published_at)
    return staged.mode == "delta" and base == (current.generation, current.published_at)
