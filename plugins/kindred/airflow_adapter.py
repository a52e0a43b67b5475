"""The one module that speaks Airflow: contexts, connections, exceptions."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Connection, get_current_context
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from kindred.clustering import Algorithm
from kindred.connections import Connections, conninfo_of, from_environment
from kindred.errors import (
    KindredError,
    LockTimeoutError,
    PreflightError,
    SupersededError,
    UnreachableError,
)
from kindred.settings import Settings
from kindred.spec import load_spec, spec_paths
from kindred.stages.prepare import Request, failure_line, prepare
from kindred.stages.registry import run_stage
from kindred.stages.run import Run, Workplace, open_run
from kindred.store import snapshots
from kindred.windows import Window, parse_moment, resolve_window

log = logging.getLogger(__name__)

RETRYABLE = (LockTimeoutError, UnreachableError)
LANDING_STAGES = ("extract", "validate")
PARTS = {"search_graph": "shard", "cluster": "algorithm", "load_lookalikes": "part"}


def workplace() -> Workplace:
    """Connections from Airflow, settings from the environment."""
    return Workplace(Connections(_conninfo), Settings.from_env())


def _conninfo(connection_id: str) -> str:
    return from_environment(connection_id) or conninfo_from_airflow(connection_id)


def conninfo_from_airflow(connection_id: str) -> str:
    """The connection string of a connection in Airflow's own store.

    Raises
    ------
    PreflightError
        when Airflow does not know it.
    """
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        raise PreflightError(
            f"Airflow has no connection {connection_id!r}; add it in the UI, or set"
            f" AIRFLOW_CONN_{connection_id.upper()}"
        ) from error
    fields = {
        name: getattr(connection, name) for name in ("host", "port", "login", "password", "schema")
    }
    return conninfo_of(fields, connection.extra_dejson)


def begin(space: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Task ``prepare``: returns the reference that the other tasks are given."""
    try:
        spec = load_spec(spec_paths()[space])
        params = context["params"]
        dag_run = context["dag_run"]
        request = Request(
            run_id=dag_run.run_id,
            window=window_of(spec.schedule, context),
            # Not str(): in the task that type is an Enum whose text is not its value.
            may_fit=dag_run.run_type != "backfill",
            may_refit=dag_run.run_type == "scheduled",
            algorithms=[Algorithm(a) for a in params["algorithms"]]
            if params["algorithms"]
            else None,
            encoder_version=params["encoder_version"],
            full_extract=params["full_extract"],
        )
        return prepare(workplace(), spec, request)
    except KindredError as error:
        raise _as_airflow(error) from error


def window_of(schedule: str, context: Mapping[str, Any]) -> Window:
    """The window of a scheduled, backfilled, manual or asset-triggered run."""
    params = context["params"]
    start, end = params["start"], params["end"]
    interval = None
    # A manual run without a logical date, or one that an asset triggered, has no data interval.
    if context.get("data_interval_start") and context.get("data_interval_end"):
        interval = (_plain(context["data_interval_start"]), _plain(context["data_interval_end"]))
    return resolve_window(
        schedule,
        run_after=_plain(context["dag_run"].run_after),
        now=datetime.now(UTC),
        interval=interval,
        start=parse_moment("start", start) if start else None,
        end=parse_moment("end", end) if end else None,
    )


def _plain(moment: datetime) -> datetime:
    """Airflow's pendulum times as the standard library's."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def call(stage: str, reference: Mapping[str, Any], part: Any = None) -> Any:
    """Run one stage (or the mapped ``part`` of it) of the run that ``reference`` names."""
    try:
        run = _run(reference)
        if run.build.state == "empty" and stage not in LANDING_STAGES:
            raise AirflowSkipException("the snapshot has no customers")
        arguments = {} if part is None else {PARTS[stage]: part}
        if stage in LANDING_STAGES:
            arguments["full_extract"] = reference["full_extract"]
        return run_stage(run, stage, **arguments)
    except SupersededError as error:
        raise AirflowSkipException(str(error)) from error
    except KindredError as error:
        raise _as_airflow(error) from error


def _run(reference: Mapping[str, Any]) -> Run:
    as_of = datetime.fromisoformat(reference["as_of"])
    return open_run(workplace(), reference["space"], as_of, reference["run_id"])


def _run_of_anybody(reference: Mapping[str, Any]) -> Run:
    """The build of the snapshot, even where a later run has begun it anew."""
    return open_run(workplace(), reference["space"], datetime.fromisoformat(reference["as_of"]))


def _as_airflow(error: KindredError) -> Exception:
    """What a person must mend is not tried again; what may pass by itself is."""
    if isinstance(error, RETRYABLE):
        return error
    return AirflowFailException(str(error))


def close(reference: Mapping[str, Any] | None) -> Any:
    """Task ``clean_up``: also notes that the build failed where no task could say so."""
    if reference is None:
        log.info("prepare has not begun a build: nothing to clean up")
        return None
    run = _run_of_anybody(reference)
    if run.build.state == "building":
        line = "its process ended without a word (was it killed?); see the task's log"
        _note_failure(reference, reference["run_id"], _failed_tasks() or "unknown", line)
    return run_stage(run, "clean_up")


def _failed_tasks() -> str:
    """The tasks of the present run that have failed, as Airflow knows it."""
    task_instance: Any = get_current_context()["ti"]
    ended = task_instance.get_task_breadcrumbs(task_instance.dag_id, task_instance.run_id)
    return ", ".join(sorted({entry["task_id"] for entry in ended if entry["state"] == "failed"}))


def on_failure(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: why the build failed, in one line."""
    task_instance = context["ti"]
    reference = task_instance.xcom_pull(task_ids="prepare")
    if reference is None:
        return
    error = context.get("exception")
    if isinstance(error, AirflowFailException) and error.__cause__ is not None:
        error = error.__cause__
    line = failure_line(error) if isinstance(error, BaseException) else str(error)
    _note_failure(reference, context["dag_run"].run_id, task_instance.task_id, line)


def _note_failure(reference: Mapping[str, Any], run_id: str, task: str, line: str) -> None:
    run = _run_of_anybody(reference)
    with run.warehouse(task) as warehouse:
        snapshots.record_failure(warehouse, run.as_of, run_id=run_id, task=task, failure=line)
