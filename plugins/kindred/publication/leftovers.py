"""Leftovers of runs, which ``clean_up`` drops; never tables in service or still needed."""

from datetime import datetime

from kindred.artefacts.folder import snapshot_slug
from kindred.publication import retention
from kindred.run import builds
from kindred.warehouse import partitions
from kindred.warehouse.database import Database


def drop_run_tables(database: Database, schema: str) -> int:
    """Drop the tables of runs that have ended; returns how many."""
    tables = database.rows("publication/run_tables", {"schema": schema})
    unfinished = {snapshot_slug(row[0]) for row in database.rows("publication/unfinished_builds")}
    dropped = 0
    for (table,) in tables:
        if not any(slug in table for slug in unfinished):
            dropped += partitions.drop_unless_read(database, table)
    return dropped


def drop_retired_generations(database: Database, *, nights: int) -> int:
    """Drop replaced embeddings that no kept night needs for a rollback; returns how many."""
    known, dropped = retention.nights(database), 0
    since = "infinity" if not nights else "-infinity" if len(known) < nights else known[-nights]
    for generation, table in database.rows("publication/retired_tables", {"since": since}):
        if partitions.drop_unless_read(database, table):
            database.run("serving/record_dropped_table", {"generation": generation})
            dropped += 1
    return dropped


def vacuum_serving(database: Database, as_of: datetime) -> None:
    """Vacuum the serving table after a night that changed rows in place.

    Autovacuum waits until a fifth of the rows are dead, and each dead row enlarges an IVFFlat
    index.
    """
    current = builds.current(database)
    if current.as_of == as_of:
        database.run("publication/vacuum_table", table=str(current.table_name))


def slugs_with_artefacts(database: Database) -> set[str]:
    """Snapshots whose artefacts are kept: unfinished, or newest by date or by publication."""
    return {snapshot_slug(row[0]) for row in database.rows("publication/kept_artefacts")}
