"""Partitions of the tables with one per snapshot: filled aside, then attached."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import psycopg2.errors
from psycopg2 import sql

from kindred.artefacts.folder import snapshot_slug
from kindred.errors import LockTimeoutError
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)

Result = TypeVar("Result")

WHOLE = "000"
"""The name of the only part of a table."""

PARENTS = (
    "customer_lookalikes",
    "customer_clusters",
    "public_lookalikes",
    "customer_behaviour",
    "customer_recommendations",
    "audience_members",
    "customer_map",
)
SHARED = ("customer_lookalikes", "customer_clusters", "public_lookalikes", "customer_map")
"""What a snapshot shares with the earlier one since which nothing has changed."""
PRIMARY_KEYS = {
    "customer_lookalikes": ("customer_id", "rank"),
    "customer_clusters": ("algorithm", "customer_id"),
    "public_lookalikes": ("customer_id", "rank"),
    "customer_behaviour": ("customer_id",),
    "customer_recommendations": ("customer_id", "rank"),
    "audience_members": ("audience", "rank"),
    "customer_map": ("customer_id",),
}
"""Of each partition: ``as_of`` is the same in all its rows, and a key that begins with it is sorted
twice as slowly. The parents have no keys."""

SECOND_KEYS = {
    "customer_lookalikes": ("lookalike_id",),
    "customer_clusters": ("algorithm", "cluster_id"),
    "public_lookalikes": ("lookalike_id",),
    "customer_recommendations": ("item_number",),
    "audience_members": ("customer_id",),
}
BY_ALL_COLUMNS = "customer_lookalikes"
INDEX_WORKERS = 2
LOCK_TIMEOUT_MILLISECONDS = 100
RETRY_PAUSE_SECONDS = 0.5


def partition_name(parent: str, as_of: datetime) -> str:
    """The published partition of a snapshot."""
    return f"{parent}_{snapshot_slug(as_of)}"


def aside_name(parent: str, as_of: datetime) -> str:
    """The table that is being filled for a snapshot."""
    return f"{partition_name(parent, as_of)}_next"


def load_part(
    database: Database,
    schema: str,
    parent: str,
    as_of: datetime,
    *,
    part: str,
    digest: str,
    fill: Callable[[str], int],
    delete_part: Callable[[str], object],
    wait_seconds: float,
) -> int:
    """Load one part (a shard, an algorithm) into the table aside, exactly once.

    One transaction calls ``fill``, which loads the rows and returns their number, and records the
    part in ``loaded_parts``. A part already loaded with the same ``digest`` is kept; one with
    another digest is first deleted by ``delete_part``. Both functions receive the table's name.
    """
    table = aside_name(parent, as_of)
    _ensure_aside(database, schema, parent, table, wait_seconds)
    names = {"table": table, "part": part}
    with database.transaction():
        loaded_digest, loaded_rows = _claim(database, names, wait_seconds)
        if loaded_digest == digest:
            return loaded_rows
        if loaded_digest is not None:
            delete_part(table)
        rows = fill(table)
        database.run("warehouse/record_loaded_part", {**names, "digest": digest, "rows": rows})
    return rows


def load_whole(
    database: Database,
    schema: str,
    parent: str,
    as_of: datetime,
    *,
    digest: str,
    fill: Callable[[str], int],
    wait_seconds: float,
) -> int:
    """Like `load_part`, for a table that has one part."""
    return load_part(
        database,
        schema,
        parent,
        as_of,
        part=WHOLE,
        digest=digest,
        fill=fill,
        delete_part=lambda table: database.run("warehouse/empty_table", table=table),
        wait_seconds=wait_seconds,
    )


def _claim(
    database: Database, names: dict[str, str], wait_seconds: float
) -> tuple[str | None, int]:
    """Digest and rows of an earlier load of a part; another attempt waits for this transaction."""
    set_lock_timeout(database, int(1000 * wait_seconds) or 1, is_local=True)
    try:
        database.run("warehouse/claim_part", names)
    except psycopg2.errors.LockNotAvailable as error:
        raise LockTimeoutError(
            f"part {names['part']} of {names['table']} has been loaded by another attempt of this"
            f" task for more than {wait_seconds:.0f} s; wait for it or end it, then clear this task"
        ) from error
    set_lock_timeout(database, 0, is_local=True)
    digest, rows = database.rows("warehouse/loaded_part", names)[0]
    return digest or None, int(rows)


def _ensure_aside(
    database: Database, schema: str, parent: str, table: str, wait_seconds: float
) -> None:
    with locked(database, schema, Resource.LOAD, wait_seconds=wait_seconds):
        if database.has_table(table):
            return
        with database.transaction():
            _create_aside(database, table, parent)
            database.run("warehouse/delete_loaded_parts", {"table": table})


def _create_aside(database: Database, table: str, parent: str) -> None:
    database.run("warehouse/create_aside", table=table, parent=parent)
    if parent == BY_ALL_COLUMNS:
        database.run("warehouse/count_no_values", table=table)


def delete_customers(
    database: Database, table: str, key_type: KeyType, ends: Sequence[object]
) -> None:
    """Delete the customers between two keys (both included) from a table being filled."""
    database.run(
        "warehouse/delete_customers",
        {"first": ends[0], "last": ends[1]},
        table=table,
        key_type=sql.SQL(key_type.value),
    )


def drop_aside(database: Database, as_of: datetime) -> None:
    """Drop the tables that an unpublished build of a snapshot has filled."""
    for parent in PARENTS:
        drop_filled(database, parent, as_of)


def drop_filled(database: Database, parent: str, as_of: datetime) -> None:
    """Drop one table that was filled for a snapshot."""
    table = aside_name(parent, as_of)
    with database.transaction():
        database.run("warehouse/drop_table", table=table)
        database.run("warehouse/delete_loaded_parts", {"table": table})


def finish_aside(database: Database, parent: str, as_of: datetime, *, memory_mb: int) -> None:
    """Index a filled table, unless done, and add the CHECK that lets ATTACH skip its scan.

    ``memory_mb`` is the sort memory that the workers of an index build share. Several tasks may
    call this at once: one of them does it, the others wait.
    """
    _finish(database, parent, aside_name(parent, as_of), as_of, memory_mb)


def finish_loaded(
    database: Database, parent: str, as_of: datetime, *, parts: int, memory_mb: int
) -> None:
    """`finish_aside` if all parts of a table are loaded; to be called after each of them."""
    loaded = database.value("warehouse/count_loaded_parts", {"table": aside_name(parent, as_of)})
    if loaded == parts:
        finish_aside(database, parent, as_of, memory_mb=memory_mb)


def _finish(database: Database, parent: str, table: str, as_of: datetime, memory_mb: int) -> None:
    if database.value("warehouse/is_aside_finished", {"table": table}):
        return
    with database.transaction():
        database.run("warehouse/lock_aside", table=table)
        if database.value("warehouse/is_aside_finished", {"table": table}):
            return
        database.run(
            "warehouse/configure_build", {"memory_mb": memory_mb, "workers": INDEX_WORKERS}
        )
        database.run(
            "warehouse/finish_aside",
            table=table,
            primary_key=statements.columns(PRIMARY_KEYS[parent]),
            check="is_one_snapshot",
            as_of=sql.Literal(as_of.isoformat()),
        )
        if parent in SECOND_KEYS:
            second_key = statements.columns(SECOND_KEYS[parent])
            database.run("warehouse/index_aside", table=table, second_key=second_key)
    database.run("warehouse/analyze_table", table=table)


def has_passed(database: Database, parent: str, as_of: datetime) -> bool:
    """Whether an earlier try was attached and left no table aside."""
    return is_attached(database, parent, as_of) and not has_aside(database, parent, as_of)


def has_aside(database: Database, parent: str, as_of: datetime) -> bool:
    """Whether a table aside is being filled or waits for publish."""
    return database.has_table(aside_name(parent, as_of))


def is_attached(database: Database, parent: str, as_of: datetime) -> bool:
    """Whether the partition of a snapshot is attached."""
    return bool(database.value("warehouse/is_attached", {"table": partition_name(parent, as_of)}))


def attached_numbers(database: Database, as_of: datetime) -> dict[str, int]:
    """The attached partitions of a snapshot that another may share, with their numbers.

    A partition that is replaced gets another number.
    """
    names = {"tables": [partition_name(parent, as_of) for parent in SHARED]}
    return dict(database.rows("warehouse/partition_numbers", names))


def total_bytes(database: Database, as_of: datetime) -> int:
    """Bytes of all partitions of a snapshot, with their indexes."""
    tables = [partition_name(parent, as_of) for parent in PARENTS]
    return sum(database.value("warehouse/relation_size", {"table": table}) for table in tables)


def attach(database: Database, as_of: datetime, parents: Sequence[str] = PARENTS) -> None:
    """Attach the filled tables as partitions, without blocking readers of other partitions."""
    for parent in parents:
        _attach(database, parent, aside_name(parent, as_of), as_of)


def _attach(database: Database, parent: str, table: str, as_of: datetime) -> None:
    partition = partition_name(parent, as_of)
    database.run("warehouse/rename_table", table=table, new_name=partition)
    database.run(
        "warehouse/attach_partition",
        parent=parent,
        partition=partition,
        as_of=sql.Literal(as_of.isoformat()),
    )


def copy_attached(database: Database, as_of: datetime, heir: datetime, *, memory_mb: int) -> None:
    """Give a snapshot partitions of its own, with the rows of those it has shared so far.

    Readers go on reading the shared ones. Outside of a transaction; killed at any point, the next
    call completes it.
    """
    tables = {}
    for parent in SHARED:
        if not is_attached(database, parent, as_of) or is_attached(database, parent, heir):
            continue
        table = tables[parent] = f"{partition_name(parent, heir)}_copied"
        partition = partition_name(parent, as_of)
        with database.transaction():
            database.run("warehouse/drop_table", table=table)
            _create_aside(database, table, parent)
            found = database.rows("warehouse/columns_of_relation", {"table": table})
            database.run(
                "warehouse/copy_partition",
                table=table,
                partition=partition,
                columns=statements.columns(name for name, _ in found if name != "as_of"),
                as_of=sql.Literal(heir.isoformat()),
            )
        _finish(database, parent, table, heir, memory_mb)
    with database.transaction():
        for parent, table in tables.items():
            _attach(database, parent, table, heir)


def detach(database: Database, as_of: datetime, parents: Sequence[str] = PARENTS) -> None:
    """Detach and drop the published partitions of a snapshot, inside a transaction."""
    for parent in parents:
        partition = partition_name(parent, as_of)
        if is_attached(database, parent, as_of):
            is_detaching = database.value("warehouse/is_detaching", {"table": partition})
            statement = "warehouse/finish_detach" if is_detaching else "warehouse/detach_partition"
            database.run(statement, parent=parent, partition=partition)
            database.run("warehouse/drop_table", table=partition)


def drop_unchanged(database: Database, as_of: datetime, parents: Sequence[str]) -> list[str]:
    """Drop filled tables equal to the published partitions; returns the parents of the others.

    If a published date is run again and has not changed, its partitions stay and nobody waits.
    """
    changed = []
    for parent in parents:
        if is_published_as_filled(database, parent, as_of):
            log.info("%s has not changed and stays", partition_name(parent, as_of))
            drop_filled(database, parent, as_of)
        else:
            changed.append(parent)
    return changed


def is_published_as_filled(database: Database, parent: str, as_of: datetime) -> bool:
    """Whether the table aside equals the published partition."""
    partition = partition_name(parent, as_of)
    # A partition whose detach has begun is no longer read, whatever it holds.
    if not is_attached(database, parent, as_of) or database.value(
        "warehouse/is_detaching", {"table": partition}
    ):
        return False
    same = database.value(
        "warehouse/has_same_rows",
        table=aside_name(parent, as_of),
        partition=partition,
        primary_key=statements.columns(PRIMARY_KEYS[parent]),
    )
    return bool(same)


def set_lock_timeout(database: Database, milliseconds: int, *, is_local: bool = True) -> None:
    """Limit how long statements of this transaction (or session) wait for locks; 0: no limit."""
    parameters = {"milliseconds": milliseconds, "is_local": is_local}
    database.run("warehouse/set_lock_timeout", parameters)


def drop_unless_read(database: Database, table: str) -> bool:
    """Drop a table that a finished run has left, unless it is being read; returns whether."""
    try:
        with database.transaction():
            set_lock_timeout(database, LOCK_TIMEOUT_MILLISECONDS)
            database.run("warehouse/drop_table", table=table)
    except psycopg2.errors.LockNotAvailable:
        log.info("%s is being read; the next run removes it", table)
        return False
    return True


def with_short_locks(
    database: Database, action: Callable[[], Result], *, wait_seconds: float
) -> Result:
    """Run ``action`` inside the open transaction, with a lock timeout of 100 ms per try.

    A statement that waits for an exclusive lock makes every later reader queue behind it. Short
    tries with pauses let readers pass while a long BI query holds the table.

    Returns what ``action`` does.

    Raises
    ------
    LockTimeoutError
        when no try succeeded within ``wait_seconds``.
    """
    started = time.monotonic()
    set_lock_timeout(database, LOCK_TIMEOUT_MILLISECONDS)
    while True:
        database.run("warehouse/savepoint", savepoint="short_try")
        try:
            result = action()
        except psycopg2.errors.LockNotAvailable as error:
            database.run("warehouse/rollback_to_savepoint", savepoint="short_try")
            if time.monotonic() - started > wait_seconds:
                raise LockTimeoutError(
                    f"readers have held the published tables for more than {wait_seconds:.0f} s;"
                    " end the long query (see pg_stat_activity), then clear this task"
                ) from error
            log.info("a long query reads the published tables; trying again")
            time.sleep(RETRY_PAUSE_SECONDS)
        else:
            set_lock_timeout(database, 0)
            return result
