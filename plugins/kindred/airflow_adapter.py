"""The one module that speaks Airflow: contexts, connections, exceptions."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

from airflow.sdk import Connection, get_current_context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from kindred import alerts
from kindred.alerts import Alert, failure_line, public_line
from kindred.backfills import LaterRun, Snapshots, is_followed, names_another_date
from kindred.clustering import Algorithm
from kindred.connections import (
    ALERTS,
    Connections,
    conninfo_of,
    from_environment,
    webhook_from_environment,
    webhook_of,
)
from kindred.errors import (
    KindredError,
    LockTimeoutError,
    PreflightError,
    SupersededError,
    UnreachableError,
)
from kindred.settings import Settings
from kindred.spec import dag_id_of, load_spec, schema_of, spec_paths
from kindred.stages.erase import erase
from kindred.stages.prepare import Request, prepare
from kindred.stages.registry import run_stage
from kindred.stages.run import Run, Workplace, open_run
from kindred.store import snapshots
from kindred.windows import Window, parse_moment, resolve_window

log = logging.getLogger(__name__)

RETRYABLE = (LockTimeoutError, UnreachableError)
LANDING_STAGES = ("extract", "validate")
NOTHING_TO_COMPUTE = {
    "empty": "the snapshot has no customers",
    "landed": "snapshots: latest_only: the rows of this date have landed; the snapshot is computed"
    " for the last date of the backfill",
}
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
    return conninfo_of(_fields(connection), connection.extra_dejson)


def _fields(connection: Connection) -> dict[str, Any]:
    names = ("conn_type", "host", "port", "login", "password", "schema")
    return {name: getattr(connection, name) for name in names}


def webhook() -> str | None:
    """Where alerts go; None where nobody has connected anything."""
    found = webhook_from_environment()
    if found is not None:
        return found
    try:
        return webhook_of(_fields(Connection.get(ALERTS)))
    except AirflowNotFoundException:
        return None


def begin(space: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Task ``prepare``: returns the reference that the other tasks are given."""
    try:
        spec = load_spec(spec_paths()[space])
        params = context["params"]
        dag_run = context["dag_run"]
        window = window_of(spec.schedule, context)
        request = Request(
            run_id=dag_run.run_id,
            window=window,
            only_lands=only_lands(window, context),
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


def only_lands(window: Window, context: Mapping[str, Any]) -> bool:
    """Whether the run leaves the snapshot to a later date of its backfill."""
    params, dag_run = context["params"], context["dag_run"]
    if params["snapshots"] != Snapshots.LATEST_ONLY:
        return False
    if params["latest_as_of"]:
        latest_as_of = parse_moment("latest_as_of", params["latest_as_of"])
        return names_another_date(window.as_of, latest_as_of)
    if dag_run.run_type != "backfill":
        return False
    task_instance = context["ti"]
    return is_followed(
        _plain(dag_run.logical_date),
        _plain(dag_run.data_interval_end),
        created_at=_made_at(task_instance.id),
        now=datetime.now(UTC),
        newest_before=partial(_newest_before, task_instance.dag_id),
    )


def _made_at(task_instance_id: UUID) -> datetime:
    """When a task instance was made: its id is a UUID of version 7, which begins with the time.

    A retry has a new id. Where newest comes first, a date whose ``prepare`` is retried may so take
    itself for the last one: then one snapshot more is computed, never one less.
    """
    return datetime.fromtimestamp((task_instance_id.int >> 80) / 1000, UTC)


def _newest_before(dag_id: str, moment: datetime, state: str | None) -> LaterRun | None:
    """The run with the latest logical date before a moment."""
    # The method of the task instance asks for its own date alone.
    from airflow.sdk.execution_time.comms import GetPreviousDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    answer: Any = SUPERVISOR_COMMS.send(
        GetPreviousDagRun(dag_id=dag_id, logical_date=moment, state=state)
    )
    found = answer.dag_run
    if found is None:
        return None
    return LaterRun(
        _plain(found.logical_date),
        found.run_type == "backfill"
        and (found.conf or {}).get("snapshots") == Snapshots.LATEST_ONLY,
        _plain(found.end_date) if found.end_date else None,
    )


def _plain(moment: datetime) -> datetime:
    """Airflow's pendulum times as the standard library's."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def call(stage: str, reference: Mapping[str, Any], part: Any = None) -> Any:
    """Run one stage (or the mapped ``part`` of it) of the run that ``reference`` names."""
    try:
        run = _run(reference)
        if run.build.state in NOTHING_TO_COMPUTE and stage not in LANDING_STAGES:
            raise AirflowSkipException(NOTHING_TO_COMPUTE[run.build.state])
        arguments = {} if part is None else {PARTS[stage]: part}
        if stage in LANDING_STAGES:
            arguments["full_extract"] = reference["full_extract"]
        if stage == "validate":
            arguments["only_lands"] = reference["only_lands"]
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


def erase_customer(space: str, context: Mapping[str, Any]) -> int:
    """Task ``erase``: meets the request whose number the run was given; returns that number."""
    try:
        number = int(context["params"]["request"])
        erase(workplace(), space, number)
        return number
    except KindredError as error:
        raise _as_airflow(error) from error


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
        task = _failed_tasks() or "unknown"
        if _note_failure(reference, reference["run_id"], task, line):
            _alert_of(reference, get_current_context()["ti"].dag_id, task, line)
    cleaned = run_stage(run, "clean_up")
    with run.warehouse("clean_up") as warehouse:
        snapshots.forget_failure(warehouse, run.as_of, reference["run_id"], task="clean_up")
    return cleaned


def _failed_tasks() -> str:
    """The tasks of the present run that have failed, as Airflow knows it."""
    task_instance: Any = get_current_context()["ti"]
    ended = task_instance.get_task_breadcrumbs(task_instance.dag_id, task_instance.run_id)
    return ", ".join(sorted({entry["task_id"] for entry in ended if entry["state"] == "failed"}))


def on_failure(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: why the run failed, in one line; an alert once a run."""
    task_instance, run_id = context["ti"], context["dag_run"].run_id
    error = context.get("exception")
    if isinstance(error, AirflowFailException) and error.__cause__ is not None:
        error = error.__cause__
    if not isinstance(error, BaseException):
        error = KindredError(str(error))
    task = task_instance.task_id
    reference = task_instance.xcom_pull(task_ids="prepare")
    if reference is None and task != "prepare":
        return  # it has been killed, and this is not its process: clean_up will tell
    reference = reference or _reference_of(context)
    try:
        is_first = _note_failure(reference, run_id, task, failure_line(error))
    except Exception:  # whatever is wrong with the warehouse must not keep the alert back
        log.exception("the failure could not be noted in the warehouse")
        is_first = True
    if is_first:
        _alert_of(reference, task_instance.dag_id, task, public_line(error))


def on_missed_deadline(space: str, dag_run: Mapping[str, Any]) -> str:
    """A scheduled run is late: a note in the warehouse and an alert, unless there is no need."""
    as_of = datetime.fromisoformat(dag_run["data_interval_end"])
    reference = {"space": space, "as_of": as_of.isoformat(), "run_id": dag_run["dag_run_id"]}
    try:
        with workplace().warehouse(f"kindred {space} deadline", schema_of(space)) as warehouse:
            if snapshots.is_published(warehouse, as_of):
                return "the snapshot has been published by another run"
            snapshots.note_missed_deadline(warehouse, as_of)
    except Exception:  # as above
        log.exception("the missed deadline could not be noted in the warehouse")
    reason = f"queued at {dag_run['queued_at']}, {dag_run['state']} and not published yet"
    _alert_of(reference, dag_run["dag_id"], None, reason, status=alerts.LATE)
    return "an alert was sent"


def _reference_of(context: Mapping[str, Any]) -> dict[str, Any]:
    """What ``prepare`` would have returned; its ``as_of`` is None where no window is clear."""
    run = context["dag_run"]
    [space] = [name for name in spec_paths() if dag_id_of(name) == run.dag_id]
    as_of = None
    try:
        as_of = window_of(load_spec(spec_paths()[space]).schedule, context).as_of.isoformat()
    except KindredError as error:
        log.info("the run's window is not clear: %s", error)
    return {"space": space, "as_of": as_of, "run_id": run.run_id}


def _note_failure(reference: Mapping[str, Any], run_id: str, task: str, line: str) -> bool:
    """Note a failure in the warehouse; whether it is the first that is known of the run."""
    if reference["as_of"] is None:
        return True
    as_of = datetime.fromisoformat(reference["as_of"])
    schema = schema_of(reference["space"])
    with workplace().warehouse(f"kindred {reference['space']} {task}", schema) as warehouse:
        if task == "prepare":
            snapshots.note_not_begun(warehouse, as_of, task=task, failure=line)
            return True
        return snapshots.record_failure(warehouse, as_of, run_id=run_id, task=task, failure=line)


def _alert_of(
    reference: Mapping[str, Any],
    dag_id: str,
    task: str | None,
    reason: str,
    *,
    status: str = alerts.FAILED,
) -> None:
    """Send an alert of a run; without a connection it is in the log alone."""
    as_of, run_id = reference["as_of"], reference["run_id"]
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    alert = Alert(
        space=reference["space"],
        as_of=None if as_of is None else datetime.fromisoformat(as_of),
        status=status,
        task=task,
        reason=reason,
        run_id=run_id,
        url=f"{base}/dags/{dag_id}/runs/{quote(run_id)}",
    )
    alerts.send(alert, webhook())
