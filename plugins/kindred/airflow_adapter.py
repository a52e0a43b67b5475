"""The one module that speaks Airflow: contexts, connections, exceptions."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from kindred.connections import Connections, conninfo_of, from_environment
from kindred.errors import KindredError, LockTimeoutError, PreflightError
from kindred.settings import Settings
from kindred.spec import Algorithm, load_spec, spec_paths
from kindred.stages.prepare import Request, failure_line, prepare
from kindred.stages.registry import run_stage
from kindred.stages.run import Run, Workplace, open_run
from kindred.store import snapshots
from kindred.windows import Window, parse_moment, resolve_window

log = logging.getLogger(__name__)

RETRYABLE = (LockTimeoutError,)
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
            may_fit=str(dag_run.run_type) != "backfill",
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
    except KindredError as error:
        raise _as_airflow(error) from error


def _run(reference: Mapping[str, Any]) -> Run:
    as_of = datetime.fromisoformat(reference["as_of"])
    return open_run(workplace(), reference["space"], as_of)


def _as_airflow(error: KindredError) -> Exception:
    """What a person must mend is not tried again; what another run holds is."""
    if isinstance(error, RETRYABLE):
        return error
    return AirflowFailException(str(error))


def close(reference: Mapping[str, Any] | None) -> Any:
    """Task ``clean_up``: also notes that the build failed where no task could say so."""
    if reference is None:
        log.info("prepare has not begun a build: nothing to clean up")
        return None
    run = _run(reference)
    if run.build.state == "building":
        _note_failure(reference, run.build.run_id, "unknown", "a task ended without a word")
    return run_stage(run, "clean_up")


def on_failure(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: why the build failed, in one line."""
    task_instance = context["ti"]
    reference = task_instance.xcom_pull(task_ids="prepare")
    if reference is None:
        return
    error = context.get("exception")
    line = failure_line(error) if isinstance(error, BaseException) else str(error)
    _note_failure(reference, context["dag_run"].run_id, task_instance.task_id, line)


def _note_failure(reference: Mapping[str, Any], run_id: str, task: str, line: str) -> None:
    run = _run(reference)
    with run.warehouse(task) as warehouse:
        snapshots.record_failure(warehouse, run.as_of, run_id=run_id, task=task, failure=line)
