"""The functions that the DAGs' tasks call."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from inspect import signature
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from kindred.airflow_adapter import failures, metrics
from kindred.airflow_adapter.connections import deployment
from kindred.airflow_adapter.windows import only_lands, window_of
from kindred.errors import KindredError, LockTimeoutError, SupersededError, UnreachableError
from kindred.progress.steps import reported
from kindred.run import builds
from kindred.run.context import opened_run
from kindred.run.priority import give_way
from kindred.spec.clustering import Algorithm
from kindred.spec.model import load_spec
from kindred.spec.spec_files import spec_paths
from kindred.tasks import TASKS, reason_to_skip, run_task

log = logging.getLogger(__name__)

RETRYABLE = (LockTimeoutError, UnreachableError)


def begin(space: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Task ``prepare``: returns the reference to the run that the other tasks receive."""
    # Imported here because each task is a process of its own, and few need it.
    from kindred.preparation.task import Request, prepare

    try:
        spec = load_spec(spec_paths()[space])
        params = context["params"]
        dag_run = context["dag_run"]
        window = window_of(spec.schedule, context)
        request = Request(
            run_id=dag_run.run_id,
            window=window,
            only_lands=only_lands(window, context),
            # Not str(): in the task run_type is an Enum, whose str() is not its value.
            may_fit=dag_run.run_type != "backfill",
            may_refit=dag_run.run_type == "scheduled",
            algorithms=[Algorithm(a) for a in params["algorithms"]]
            if params["algorithms"]
            else None,
            encoder_version=params["encoder_version"],
            full_extract=params["full_extract"],
        )
        named = (space, window.as_of.isoformat(), dag_run.run_id)
        log.info("space %s, snapshot %s, run %s", *named)
        with reported("prepare"):
            return prepare(deployment(), spec, request)
    except KindredError as error:
        raise _as_airflow(error) from error


def call(name: str, reference: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """Run one task of the run that ``reference`` names.

    ``context`` is Airflow's, with the arguments of a mapped task by name.
    """
    log.info("space %(space)s, snapshot %(as_of)s, run %(run_id)s", reference)
    try:
        asked = {option: reference[option] for option in ("full_extract", "only_lands")}
        with opened_run(
            deployment(), *_space_and_as_of(reference), reference["run_id"], name
        ) as run:
            reason = reason_to_skip(run, name)
            if reason is not None:
                raise AirflowSkipException(reason)
            if TASKS[name].gives_way:
                give_way()
            parameters = signature(TASKS[name].function).parameters
            part = {argument: context[argument] for argument in parameters if argument != "run"}
            return run_task(replace(run, **asked), name, **part)
    except SupersededError as error:
        raise AirflowSkipException(str(error)) from error
    except KindredError as error:
        raise _as_airflow(error) from error


def join(reference: Mapping[str, Any] | None, context: Mapping[str, Any]) -> Any:
    """Task ``join_audiences``: also sends the alert of the audiences that have failed."""
    if reference is None:
        raise AirflowSkipException("prepare has not begun a build: there are no audiences")
    joined = call("join_audiences", reference, context)
    if joined["failed"]:
        failures.report_failed_audiences(reference, joined["failed"])
    return joined


def close(reference: Mapping[str, Any] | None) -> Any:
    """Task ``clean_up``: also records that the build failed if no task could.

    It cleans up after the snapshot's build even if a later run has restarted it.
    """
    if reference is None:
        log.info("prepare has not begun a build: nothing to clean up")
        return None
    with opened_run(deployment(), *_space_and_as_of(reference), None, "clean_up") as run:
        if run.build.state == "building":
            failures.report_silent_end(reference)
        cleaned = run_task(run, "clean_up")
        with run.warehouse("clean_up") as warehouse:
            builds.delete_failure(warehouse, run.as_of, reference["run_id"], task="clean_up")
            metrics.send(run.spec.space, builds.figures(warehouse, run.as_of))
    return cleaned


def erase_customer(space: str, context: Mapping[str, Any]) -> int:
    """Task ``erase``: carries out the request whose number is in the params; returns the number."""
    from kindred.erasure.task import erase

    try:
        number = int(context["params"]["request"])
        with reported("erase"):
            erase(deployment(), space, number)
        return number
    except KindredError as error:
        raise _as_airflow(error) from error


def _space_and_as_of(reference: Mapping[str, Any]) -> tuple[str, datetime]:
    """Space and snapshot of a run."""
    return reference["space"], datetime.fromisoformat(reference["as_of"])


def _as_airflow(error: KindredError) -> Exception:
    """Retry errors that may pass by themselves; fail at once on those a person must fix."""
    if isinstance(error, RETRYABLE):
        return error
    return AirflowFailException(str(error))
