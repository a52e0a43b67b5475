"""Follow the runs of a backfill to their end, and find out why one failed."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from local.airflow import LocalAirflow
from local.failures import LOG_TAIL_LINES, RunFailedError
from local.progress import RunBoard
from local.rest import AirflowClient, JsonObject

POLL_SECONDS = 1.0
STALLED_SECONDS = 900
SILENT_SECONDS = 60
_CLOCK_TOLERANCE = timedelta(seconds=1)


def check_all_queued(
    client: AirflowClient, dag_id: str, dates: Sequence[datetime], since: datetime
) -> None:
    """Raise unless a backfill has queued a run for each of its dates."""
    queued = {
        datetime.fromisoformat(run["logical_date"])
        for run in client.runs(dag_id, dates)
        if run["queued_at"] is not None
        and datetime.fromisoformat(run["queued_at"]) >= since - _CLOCK_TOLERANCE
    }
    missing = [f"{date:%Y-%m-%d}" for date in dates if date not in queued]
    if missing:
        raise RunFailedError("backfill", f"Airflow queued no run for {', '.join(missing)}")


def watch_runs(
    airflow: LocalAirflow, dag_id: str, dates: Sequence[datetime], board: RunBoard
) -> None:
    """Show the runs of these dates until all have succeeded.

    Raises
    ------
    RunFailedError
        at the first failed run, with the tail of its first failed task's log; also when a
        component dies or does not answer, or there is no progress any more.
    """
    seen: object = None
    moved = answered = time.monotonic()
    while True:
        try:
            runs = airflow.client.runs(dag_id, dates)
            instances = airflow.client.task_instances(dag_id, dates)
            answered = time.monotonic()
        except httpx.TransportError as error:
            if time.monotonic() - answered > SILENT_SECONDS:
                raise RunFailedError("api-server", f"does not answer: {error!r}") from error
            runs, instances = [], []
        if instances:
            board.update(instances, datetime.now(UTC))
        for run in runs:
            if run["state"] == "failed":
                raise _failure(airflow.client, run, instances)
        if len(runs) == len(dates) and all(run["state"] == "success" for run in runs):
            return
        airflow.check()
        states = [(entry["id"], entry["state"], entry["try_number"]) for entry in instances]
        if states != seen:
            seen, moved = states, time.monotonic()
        elif time.monotonic() - moved > STALLED_SECONDS:
            raise RunFailedError("backfill", f"no task has moved for {STALLED_SECONDS} seconds")
        time.sleep(POLL_SECONDS)


def _failure(
    client: AirflowClient, run: Mapping[str, Any], instances: Sequence[JsonObject]
) -> RunFailedError:
    failed = [
        instance
        for instance in instances
        if instance["dag_run_id"] == run["dag_run_id"] and instance["state"] == "failed"
    ]
    if not failed:
        return RunFailedError("backfill", f"run {run['dag_run_id']} failed without a failed task")
    first = min(failed, key=lambda instance: str(instance["end_date"]))
    messages = [m for m in client.log_messages(first) if not str(m["event"]).startswith("::")]
    lines = [line for message in messages for line in format_message(message)]
    return RunFailedError(first["task_id"], reason_of(messages), lines[-LOG_TAIL_LINES:])


def reason_of(messages: Sequence[JsonObject]) -> str:
    """The last error of a task's log in one line; preferably the exception that ended it."""
    for message in reversed(messages):
        for raised in message.get("error_detail") or []:
            return f"{raised['exc_type']}: {raised['exc_value']}"
    for message in reversed(messages):
        if str(message.get("level", "")).lower() in {"error", "critical"}:
            return str(message["event"])
    return str(messages[-1]["event"]) if messages else "its log is empty"


def format_message(message: JsonObject) -> list[str]:
    """A message of a task's log as lines of text; an exception with its stack."""
    when = str(message.get("timestamp") or "")[11:19]
    lines = [f"{when} {message.get('level', '')!s:<7} {message['event']}".strip()]
    for raised in message.get("error_detail") or []:
        lines.extend(
            f"    {frame['filename']}:{frame['lineno']} in {frame['name']}"
            for frame in raised.get("frames") or []
        )
        lines.append(f"    {raised['exc_type']}: {raised['exc_value']}")
    return lines
