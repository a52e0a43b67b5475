"""Failures and late runs: a line in the warehouse, and one alert a run."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow.sdk import get_current_context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from kindred.airflow_adapter import alerts
from kindred.airflow_adapter.alerts import Alert, failure_line, public_line
from kindred.airflow_adapter.connections import deployment, webhook
from kindred.airflow_adapter.windows import window_of
from kindred.errors import KindredError
from kindred.run import builds
from kindred.spec.model import dag_id_of, load_spec, schema_of, spec_paths

log = logging.getLogger(__name__)


def on_failure(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: why the run failed, in one line; an alert once a run."""
    task_instance, run_id = context["ti"], context["dag_run"].run_id
    error = _error_of(context)
    task = task_instance.task_id
    reference = task_instance.xcom_pull(task_ids="prepare")
    if reference is None and task != "prepare":
        return  # it has been killed, and this is not its process: clean_up will tell
    reference = reference or _reference_of(context)
    try:
        is_first = _record_failure(reference, run_id, task, failure_line(error))
    except Exception:  # whatever is wrong with the warehouse must not keep the alert back
        log.exception("the failure could not be noted in the warehouse")
        is_first = True
    if is_first:
        _alert_of(reference, task_instance.dag_id, task, public_line(error))


def on_failure_without_build(space: str, context: Mapping[str, Any]) -> None:
    """Failure callback where there is no snapshot that could tell: an alert alone."""
    task_instance, run_id = context["ti"], context["dag_run"].run_id
    reference = {"space": space, "as_of": None, "run_id": run_id}
    reason = public_line(_error_of(context))
    _alert_of(reference, task_instance.dag_id, task_instance.task_id, reason)


def on_missed_deadline(space: str, dag_run: Mapping[str, Any]) -> str:
    """A scheduled run is late: a note in the warehouse and an alert, unless there is no need."""
    as_of = datetime.fromisoformat(dag_run["data_interval_end"])
    reference = {"space": space, "as_of": as_of.isoformat(), "run_id": dag_run["dag_run_id"]}
    try:
        with deployment().warehouse(f"kindred {space} deadline", schema_of(space)) as warehouse:
            if builds.is_published(warehouse, as_of):
                return "the snapshot has been published by another run"
            builds.record_missed_deadline(warehouse, as_of)
    except Exception:  # as above
        log.exception("the missed deadline could not be noted in the warehouse")
    reason = f"queued at {dag_run['queued_at']}, {dag_run['state']} and not published yet"
    _alert_of(reference, dag_run["dag_id"], None, reason, status=alerts.LATE)
    return "an alert was sent"


def _error_of(context: Mapping[str, Any]) -> BaseException:
    """What the task has raised, behind what Airflow was given for it."""
    error = context.get("exception")
    if isinstance(error, AirflowFailException) and error.__cause__ is not None:
        return error.__cause__
    return error if isinstance(error, BaseException) else KindredError(str(error))


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


def _record_failure(reference: Mapping[str, Any], run_id: str, task: str, line: str) -> bool:
    """Note a failure in the warehouse; whether it is the first that is known of the run."""
    if reference["as_of"] is None:
        return True
    as_of = datetime.fromisoformat(reference["as_of"])
    schema = schema_of(reference["space"])
    with deployment().warehouse(f"kindred {reference['space']} {task}", schema) as warehouse:
        if task == "prepare":
            builds.record_not_begun(warehouse, as_of, task=task, failure=line)
            return True
        return builds.record_failure(warehouse, as_of, run_id=run_id, task=task, failure=line)


def report_silent_end(reference: Mapping[str, Any]) -> None:
    """Note and tell that a build came to no end and no task could say why."""
    line = "its process ended without a word (was it killed?); see the task's log"
    task = _failed_tasks() or "unknown"
    if _record_failure(reference, reference["run_id"], task, line):
        _alert_of(reference, get_current_context()["ti"].dag_id, task, line)


def _failed_tasks() -> str:
    """The tasks of the present run that have failed, as Airflow knows it."""
    task_instance: Any = get_current_context()["ti"]
    ended = task_instance.get_task_breadcrumbs(task_instance.dag_id, task_instance.run_id)
    return ", ".join(sorted({entry["task_id"] for entry in ended if entry["state"] == "failed"}))


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
