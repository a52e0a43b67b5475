"""Build the index of a generation as planned, with its own memory, and report progress."""

import logging
import time
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors

from kindred.errors import DataError, SettingsError
from kindred.progress.steps import step
from kindred.serving.index_kinds import IndexKind, options_of
from kindred.serving.index_plan import PARALLEL_WORKERS, Candidate, IndexPlan
from kindred.spec.metrics import Metric
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

EXACT_SCAN = "exact scan"


@dataclass(frozen=True)
class BuiltIndex:
    """A finished index: name, lists (IVFFlat only), seconds of the build, and size."""

    name: str
    lists: int | None
    build_seconds: float
    index_bytes: int


def build_index(
    database: Database,
    table: str,
    plan: IndexPlan,
    metric: Metric,
) -> BuiltIndex | None:
    """Build the index of a loaded generation; None if the plan is an exact scan.

    Raises
    ------
    SettingsError
        The server needs more memory than planned.
    DataError
        An index of this name exists already, or the server left the index invalid.
    """
    if plan.chosen is None:
        log.info("no index on %s: %s", table, plan.reason)
        return None
    kind = kind_of(plan, metric)
    index, options = f"{table}_{kind.method}", options_of(plan.chosen)
    build = {"memory_mb": plan.memory_mb, "workers": PARALLEL_WORKERS}
    names = {"index": index, "table": table, **kind.index_names(plan.chosen)}
    del database.connection.notices[:]
    started = time.monotonic()
    try:
        with step(f"building {index} with {options}"), database.transaction():
            database.run("warehouse/configure_build", build)
            database.run("serving/create_index", **names)
    except errors.ProgramLimitExceeded as error:
        raise SettingsError(
            f"index {index} with {options}: {_line(error)};"
            f" {plan.chosen.memory_mb} MB were forecast: raise KINDRED_MAINTENANCE_WORK_MEM_MB and"
            " clear task 'build_embeddings'"
        ) from error
    except errors.DuplicateTable as error:
        raise DataError(
            f"index {index}: {_line(error)}, and Kindred did not create it: drop or rename it, then"
            " clear task 'build_embeddings'"
        ) from error
    seconds = time.monotonic() - started
    for notice in database.connection.notices:  # about the quality of the index
        log.warning("building %s, server notice: %s", index, " ".join(notice.split()))
    usable, index_bytes = database.row("serving/index_state", {"index": index}) or (False, 0)
    if not usable:
        raise DataError(f"index {index} is invalid after its build; clear task 'build_embeddings'")
    log.info("built %s with %s in %.1f s", index, options, seconds)
    lists = plan.chosen.lists if isinstance(plan.chosen, Candidate) else None
    return BuiltIndex(index, lists, seconds, index_bytes)


def kind_of(plan: IndexPlan, metric: Metric) -> IndexKind:
    """The kind of the planned index."""
    return IndexKind(metric, plan.dimensions, plan.method, plan.precision)


def _line(error: psycopg2.Error) -> str:
    return str(error).strip().splitlines()[0]
