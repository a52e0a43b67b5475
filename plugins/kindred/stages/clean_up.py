"""clean_up: remove what finished runs have left; never what serves or is still needed."""

from typing import Any

from kindred.artefacts import remove_snapshot_folder, snapshot_folders, snapshot_slug
from kindred.stages.prune import prune_nights
from kindred.stages.run import Run
from kindred.store import partitions, snapshots
from kindred.store.database import Database
from kindred.store.locks import Resource


def clean_up(run: Run) -> dict[str, Any]:
    """Drop landed and staged tables, retired generations, old artefacts and snapshots.

    What there is is listed before what is needed: a run that begins in between loses nothing.
    """
    root, space = run.settings.artifacts, run.spec.space
    folders = snapshot_folders(root, space)
    with (
        run.warehouse("clean_up") as warehouse,
        run.locked(warehouse, Resource.PUBLISH),
        run.locked(warehouse, Resource.EMBEDDINGS),
    ):
        tables = _drop_run_tables(run, warehouse)
        generations = _drop_generations(run, warehouse)
        _make_room(run, warehouse)
        pruned = prune_nights(run, warehouse)
        kept = {snapshot_slug(row[0]) for row in warehouse.rows("snapshots/unfinished")}
    old = [slug for slug in folders if slug not in kept]
    for slug in old:
        remove_snapshot_folder(root, space, slug)
    return {
        "tables": tables,
        "generations": generations,
        "artefacts": len(old),
        "snapshots": len(pruned),
    }


def _make_room(run: Run, warehouse: Database) -> None:
    """Vacuum what serves after a night that changed rows in place.

    Autovacuum waits until a fifth of the rows is dead; an IVFFlat index grows by each of them.
    """
    staged = run.build.facts.get("embeddings", {})
    current = snapshots.current(warehouse)
    if staged.get("mode") == "delta" and current.as_of == run.as_of:
        warehouse.run("embeddings/vacuum", table=str(current.table_name))


def _drop_run_tables(run: Run, warehouse: Database) -> int:
    tables = warehouse.rows("cleanup/run_tables", {"schema": run.spec.internal_schema})
    unfinished = {snapshot_slug(row[0]) for row in warehouse.rows("cleanup/unfinished_builds")}
    dropped = 0
    for (table,) in tables:
        if not any(slug in table for slug in unfinished):
            dropped += partitions.drop_unless_read(warehouse, table)
    return dropped


def _drop_generations(run: Run, warehouse: Database) -> int:
    dropped = 0
    nights = {"nights": run.settings.keep_replaced_nights}
    for generation, table in warehouse.rows("embeddings/retired_tables", nights):
        if partitions.drop_unless_read(warehouse, table):
            warehouse.run("embeddings/forget_table", {"generation": generation})
            dropped += 1
    return dropped
