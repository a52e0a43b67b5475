"""The IVFFlat index of a generation: built as planned, with its own memory, and watched."""

import logging
import time
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors, sql

from kindred.errors import DataError, SettingsError
from kindred.index.plan import IndexPlan
from kindred.metrics import OPERATORS, Metric
from kindred.store.build_progress import Watcher, watched
from kindred.store.database import Database

log = logging.getLogger(__name__)

PARALLEL_WORKERS = 2
EXACT_SCAN = "exact scan"
IVFFLAT = "ivfflat"


@dataclass(frozen=True)
class BuiltIndex:
    """An index as it stands: its name, lists, the seconds it took and its size."""

    name: str
    lists: int
    build_seconds: float
    index_bytes: int


def build_index(
    database: Database,
    table: str,
    plan: IndexPlan,
    metric: Metric,
    *,
    watcher: Watcher | None = None,
) -> BuiltIndex | None:
    """Build the index of a loaded generation; None where the plan says an exact scan.

    Raises
    ------
    SettingsError
        when the server asks for more memory than was planned.
    DataError
        when there is an index of this name already, or the server left it invalid.
    """
    if plan.chosen is None:
        log.info("no index on %s: %s", table, plan.reason)
        return None
    index = f"{table}_ivfflat"
    started = time.monotonic()
    try:
        with watched(database, watcher, index):
            _create(database, table, index, plan.chosen.lists, metric, plan.memory_mb)
    except errors.ProgramLimitExceeded as error:
        raise SettingsError(
            f"index {index} of {plan.chosen.lists} lists: {_line(error)};"
            f" {plan.chosen.memory_mb} MB were forecast: raise KINDRED_MAINTENANCE_WORK_MEM_MB and"
            " clear task 'build_embeddings'"
        ) from error
    except errors.DuplicateTable as error:
        raise DataError(
            f"index {index}: {_line(error)}, and Kindred did not make it: drop or rename it, then"
            " clear task 'build_embeddings'"
        ) from error
    seconds = time.monotonic() - started
    _log_notices(database, index)
    usable, index_bytes = database.row("embeddings/index_state", {"index": index}) or (False, 0)
    if not usable:
        raise DataError(f"index {index} is invalid after its build; clear task 'build_embeddings'")
    log.info("built %s with %d lists in %.1f s", index, plan.chosen.lists, seconds)
    return BuiltIndex(index, plan.chosen.lists, seconds, index_bytes)


def _create(
    database: Database, table: str, index: str, lists: int, metric: Metric, memory_mb: int
) -> None:
    del database.connection.notices[:]
    with database.transaction():
        database.run(
            "embeddings/configure_build", {"memory_mb": memory_mb, "workers": PARALLEL_WORKERS}
        )
        database.run(
            "embeddings/create_index",
            index=index,
            table=table,
            operator_class=sql.SQL(OPERATORS[metric].operator_class),
            lists=sql.Literal(lists),
        )


def _log_notices(database: Database, index: str) -> None:
    """What the server says while it builds is about the quality of the index."""
    for notice in database.connection.notices:
        log.warning("building %s, the server says: %s", index, " ".join(notice.split()))


def _line(error: psycopg2.Error) -> str:
    return str(error).strip().splitlines()[0]
