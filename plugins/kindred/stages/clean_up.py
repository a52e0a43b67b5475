"""clean_up: remove what finished runs have left; never what serves or is still needed."""

import logging
from typing import Any

import psycopg2.errors

from kindred.artefacts import remove_snapshot_folder, snapshot_folders, snapshot_slug
from kindred.stages.run import Run
from kindred.store.database import Database
from kindred.store.locks import Resource

log = logging.getLogger(__name__)


def clean_up(run: Run) -> dict[str, Any]:
    """Drop landed and staged tables, retired generations and old artefacts; returns how many."""
    with (
        run.warehouse("clean_up") as warehouse,
        run.locked(warehouse, Resource.PUBLISH),
        run.locked(warehouse, Resource.EMBEDDINGS),
    ):
        tables = _drop_run_tables(run, warehouse)
        generations = _drop_generations(warehouse)
        kept = {snapshot_slug(row[0]) for row in warehouse.rows("snapshots/unfinished")}
    root, space = run.settings.artifacts, run.spec.space
    old = [slug for slug in snapshot_folders(root, space) if slug not in kept]
    for slug in old:
        remove_snapshot_folder(root, space, slug)
    return {"tables": tables, "generations": generations, "artefacts": len(old)}


def _drop_run_tables(run: Run, warehouse: Database) -> int:
    building = {snapshot_slug(row[0]) for row in warehouse.rows("cleanup/building")}
    dropped = 0
    for (table,) in warehouse.rows("cleanup/run_tables", {"schema": run.spec.internal_schema}):
        if not any(slug in table for slug in building):
            dropped += _try_drop(warehouse, table)
    return dropped


def _try_drop(warehouse: Database, table: str) -> bool:
    """Drop a table unless somebody reads it; the next run tries again."""
    try:
        with warehouse.transaction():
            warehouse.run("partitions/set_lock_timeout", {"milliseconds": 100})
            warehouse.run("cleanup/drop_run_table", table=table)
    except psycopg2.errors.LockNotAvailable:
        log.info("%s is being read; the next run removes it", table)
        return False
    return True


def _drop_generations(warehouse: Database) -> int:
    dropped = 0
    for generation, table in warehouse.rows("embeddings/retired_tables"):
        if _try_drop(warehouse, table):
            warehouse.run("embeddings/forget_table", {"generation": generation})
            dropped += 1
    return dropped
