"""Report failures and late runs: one line in the warehouse and one alert per run."""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from airflow.sdk import get_current_context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from kindred.airflow_adapter import alerts
from kindred.airflow_adapter.alerts import Alert, failure_line, public_line
from kindred.airflow_adapter.connections import deployment, webhook
from kindred.airflow_adapter.windows import window_of
from kindred.audiences.audience_facts import fact_of, without_members
from kindred.audiences.status import Status
from kindred.errors import KindredError
from kindred.run import builds
from kindred.run.builds import one_line
from kindred.spec.model import dag_id_of, load_spec, schema_of
from kindred.spec.schedules import local_date
from kindred.spec.spec_files import spec_paths

log = logging.getLogger(__name__)


def on_failure(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: record why the run failed; alert once per run."""
    task_instance, run_id = context["ti"], context["dag_run"].run_id
    error = _error_of(context)
    task = task_instance.task_id
    reference = task_instance.xcom_pull(task_ids="prepare")
    if reference is None and task != "prepare":
        return  # the task was killed, and this process cannot read its XComs: clean_up reports it
    reference = reference or _reference_of(context)
    try:
        is_first = _record_failure(reference, run_id, task, error)
    except Exception:  # a failing warehouse must not prevent the alert
        log.exception("the failure could not be recorded in the warehouse")
        is_first = True
    if is_first:
        _send_alert(reference, task_instance.dag_id, task, public_line(error))


def on_failed_audience(context: Mapping[str, Any]) -> None:
    """Failure callback of task ``train_audience``: record why, so that ``join_audiences`` says it.

    Neither the build nor the run has failed. Of a task that was killed ``join_audiences`` knows
    that nothing was recorded.
    """
    task_instance = context["ti"]
    reference = task_instance.xcom_pull(task_ids="prepare")
    names = task_instance.xcom_pull(task_ids="list_audiences")
    if reference is None or names is None:
        return
    audience, reason = names[task_instance.map_index], public_line(_error_of(context))
    log.error("audience %s has failed: %s", audience, reason)
    facts = {fact_of(audience): without_members(audience, Status.FAILED, reason)}
    as_of, space = datetime.fromisoformat(reference["as_of"]), reference["space"]
    with deployment().warehouse(f"kindred {space} train_audience", schema_of(space)) as warehouse:
        builds.add_facts(warehouse, as_of, reference["run_id"], **facts)


def report_failed_audiences(reference: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    """Send the one alert of the audiences that have failed, with the reason of each."""
    reason = one_line("; ".join(f"{name}: {why}" for name, why in sorted(failed.items())))
    dag_id = get_current_context()["ti"].dag_id
    status = alerts.AUDIENCES_FAILED
    _send_alert(reference, dag_id, "train_audience", reason, status=status)


def on_failure_without_build(space: str, context: Mapping[str, Any]) -> None:
    """Failure callback of tasks without a snapshot: only send an alert."""
    task_instance, run_id = context["ti"], context["dag_run"].run_id
    reference = {"space": space, "as_of": None, "run_id": run_id}
    reason = public_line(_error_of(context))
    _send_alert(reference, task_instance.dag_id, task_instance.task_id, reason)


def on_missed_deadline(space: str, dag_run: Mapping[str, Any]) -> str:
    """Record and report a late scheduled run, unless its snapshot has been published anyway."""
    as_of = datetime.fromisoformat(dag_run["data_interval_end"])
    reference = {"space": space, "as_of": as_of.isoformat(), "run_id": dag_run["dag_run_id"]}
    try:
        with deployment().warehouse(f"kindred {space} deadline", schema_of(space)) as warehouse:
            if builds.is_published(warehouse, as_of):
                return "the snapshot has been published by another run"
            builds.record_missed_deadline(warehouse, as_of, _local_date(space, as_of))
    except Exception:  # as above
        log.exception("the missed deadline could not be recorded in the warehouse")
    reason = f"queued at {dag_run['queued_at']}, {dag_run['state']} and not published yet"
    _send_alert(reference, dag_run["dag_id"], None, reason, status=alerts.LATE)
    return "an alert was sent"


def _error_of(context: Mapping[str, Any]) -> BaseException:
    """The error that the task raised, unwrapped from Airflow's exception."""
    error = context.get("exception")
    if isinstance(error, AirflowFailException) and error.__cause__ is not None:
        return error.__cause__
    return error if isinstance(error, BaseException) else KindredError(str(error))


def _reference_of(context: Mapping[str, Any]) -> dict[str, Any]:
    """The reference ``prepare`` would have returned; ``as_of`` is None if no window is known."""
    run = context["dag_run"]
    [space] = [name for name in spec_paths() if dag_id_of(name) == run.dag_id]
    as_of = None
    try:
        as_of = window_of(load_spec(spec_paths()[space]).schedule, context).as_of.isoformat()
    except KindredError as error:
        log.info("the run's window is unknown: %s", error)
    return {"space": space, "as_of": as_of, "run_id": run.run_id}


def _local_date(space: str, as_of: datetime) -> date | None:
    """The date by the schedule's clock; None if that is UTC, or the spec cannot be read."""
    try:
        return local_date(load_spec(spec_paths()[space]).schedule, as_of)
    except (KindredError, KeyError) as error:
        log.info("the date by the schedule's clock is unknown: %s", error)
        return None


def _record_failure(
    reference: Mapping[str, Any], run_id: str, task: str, error: BaseException
) -> bool:
    """Record a failure in the warehouse; returns whether it is the first one of the run."""
    if reference["as_of"] is None:
        return True
    as_of = datetime.fromisoformat(reference["as_of"])
    schema = schema_of(reference["space"])
    texts = {"failure": public_line(error), "detail": failure_line(error)}
    with deployment().warehouse(f"kindred {reference['space']} {task}", schema) as warehouse:
        if task == "prepare":
            as_of_date = _local_date(reference["space"], as_of)
            builds.record_not_begun(warehouse, as_of, task=task, as_of_date=as_of_date, **texts)
            return True
        return builds.record_failure(warehouse, as_of, run_id=run_id, task=task, **texts)


def report_silent_end(reference: Mapping[str, Any]) -> None:
    """Record and report a build that died silently: no task could say why."""
    line = "its process ended without a word (was it killed?); see the task's log"
    task = _failed_tasks() or "unknown"
    if _record_failure(reference, reference["run_id"], task, KindredError(line)):
        _send_alert(reference, get_current_context()["ti"].dag_id, task, line)


def _failed_tasks() -> str:
    """The failed tasks of this run, according to Airflow."""
    task_instance: Any = get_current_context()["ti"]
    ended = task_instance.get_task_breadcrumbs(task_instance.dag_id, task_instance.run_id)
    return ", ".join(sorted({entry["task_id"] for entry in ended if entry["state"] == "failed"}))


def _send_alert(
    reference: Mapping[str, Any],
    dag_id: str,
    task: str | None,
    reason: str,
    *,
    status: str = alerts.FAILED,
) -> None:
    """Send an alert for a run; without a webhook it is only logged."""
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
