"""Memory of a task: a forecast from rows and width, checked against the limit of a task."""

import logging
from dataclasses import replace

from kindred.errors import SettingsError
from kindred.run.base_memory import fitting_rows, with_block
from kindred.run.context import Run
from kindred.run.machine import available_megabytes, held_megabytes, total_megabytes
from kindred.settings import Settings

log = logging.getLogger(__name__)


def limit_megabytes(settings: Settings) -> int:
    """The memory limit of one task.

    By default the task's share of all memory, and no more than is available now.
    """
    if settings.memory_limit_mb:
        return settings.memory_limit_mb
    share = total_megabytes() // settings.tasks_at_once
    return min(share, available_megabytes() + held_megabytes())


def require_memory(run: Run, stage: str, work: str, megabytes: int) -> None:
    """Record the forecast of some work in the build, and reject work above the limit.

    Raises
    ------
    SettingsError
        with the forecast, the limit of a task, and what to do.
    """
    limit = limit_megabytes(run.settings)
    log.info("%s: %d MB forecast, a task may take %d MB", work, megabytes, limit)
    run.record_forecast(stage, megabytes)
    if megabytes > limit:
        raise SettingsError(
            f"{work}: {megabytes} MB of memory are forecast, a task may take {limit} MB; raise"
            " KINDRED_MEMORY_LIMIT_MB if the machine has more, lower KINDRED_TASKS_AT_ONCE and the"
            " tasks that Airflow runs at once, or use a larger worker; then clear this task"
        )


def with_fitting_blocks(run: Run, stage: str, work: str, megabytes: int, row_bytes: int) -> Run:
    """The run with blocks of the configured size, or smaller ones if memory is short.

    ``megabytes``: what the work needs without blocks; ``row_bytes``: what it needs per row of a
    block. The size of a block changes no result.

    Raises
    ------
    SettingsError
        when not even small blocks fit.
    """
    wanted = run.settings.block_rows
    limit = limit_megabytes(run.settings)
    rows = fitting_rows(wanted, limit, megabytes, row_bytes)
    if rows < wanted:
        log.warning(
            "%s: blocks of %d rows instead of %d (KINDRED_BLOCK_ROWS), a task may take %d MB",
            *(work, rows, wanted, limit),
        )
    require_memory(run, stage, work, with_block(megabytes, rows, row_bytes))
    settings = run.settings.model_copy(update={"block_rows": rows})
    return replace(run, deployment=replace(run.deployment, settings=settings))
