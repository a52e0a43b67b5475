"""The window of a run by its type, and whether it leaves the snapshot to another run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from kindred.run.latest_only import LaterRun, Snapshots, is_followed, names_another_date
from kindred.run.windows import Window, parse_moment, resolve_window
from kindred.spec.schedules import LocalSchedule


def window_of(schedule: str | LocalSchedule, context: Mapping[str, Any]) -> Window:
    """The window of a scheduled, backfilled, manual or asset-triggered run."""
    params = context["params"]
    start, end = params["start"], params["end"]
    interval = None
    # A manual run without a logical date, or a run triggered by an asset, has no data interval.
    if context.get("data_interval_start") and context.get("data_interval_end"):
        interval = (_as_utc(context["data_interval_start"]), _as_utc(context["data_interval_end"]))
    return resolve_window(
        schedule,
        run_after=_as_utc(context["dag_run"].run_after),
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
        _as_utc(dag_run.logical_date),
        _as_utc(dag_run.data_interval_end),
        created_at=_created_at(task_instance.id),
        now=datetime.now(UTC),
        newest_before=partial(_newest_before, task_instance.dag_id),
    )


def _created_at(task_instance_id: UUID) -> datetime:
    """When a task instance was created: its id is a version 7 UUID, which begins with the time.

    A retry has a new id. If the newest date runs first, a retried ``prepare`` may therefore take
    its own date for the last one: this computes one snapshot too many, never one too few.
    """
    return datetime.fromtimestamp((task_instance_id.int >> 80) / 1000, UTC)


def _newest_before(dag_id: str, moment: datetime, state: str | None) -> LaterRun | None:
    """The run with the latest logical date before a moment."""
    # The task instance's own method can only ask for its own date.
    from airflow.sdk.execution_time.comms import GetPreviousDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    answer: Any = SUPERVISOR_COMMS.send(
        GetPreviousDagRun(dag_id=dag_id, logical_date=moment, state=state)
    )
    found = answer.dag_run
    if found is None:
        return None
    return LaterRun(
        _as_utc(found.logical_date),
        found.run_type == "backfill"
        and (found.conf or {}).get("snapshots") == Snapshots.LATEST_ONLY,
        _as_utc(found.end_date) if found.end_date else None,
    )


def _as_utc(moment: datetime) -> datetime:
    """Convert Airflow's pendulum times to the standard library's datetime."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)
