"""A night behind a pooler: refused where it shares sessions, equal where it does not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import pooler
from benchmarks.debian import CannotInstallError
from benchmarks.faults import checks
from benchmarks.faults.customers import SECOND
from benchmarks.faults.harm import DoesNotApplyError, NotAsPlannedError
from benchmarks.faults.night import run_night
from benchmarks.faults.room import Room
from kindred.errors import PreflightError
from kindred.run.context import Deployment
from kindred.spec.model import Spec
from local.layout import CHECKOUT


def run_behind_poolers(room: Room, spec: Spec, task: str) -> str:
    """Build the second snapshot in session mode, trying one task in transaction mode first."""
    try:
        tree = pooler.installed(CHECKOUT / "build")
    except CannotInstallError as error:
        raise DoesNotApplyError(f"pgbouncer cannot be had here: {error}") from error
    dsns = (room.source_dsn, room.warehouse_dsn)
    with (
        pooler.pooling(tree, dsns, "transaction") as shared,
        pooler.pooling(tree, dsns, "session") as own,
    ):
        refused: list[str] = []
        attempt = partial(_attempt, room, spec, task, _through(room, shared), refused)
        run_night(_through(room, own), spec, SECOND, attempt)
    if not refused:
        raise NotAsPlannedError(f"task {task} was not tried")
    return "refused in transaction mode, came through in session mode"


def _through(room: Room, one: pooler.Pooler) -> Deployment:
    deployment = room.deployment
    return replace(deployment, connections=lambda name: one.through(deployment.connections(name)))


def _attempt(
    room: Room,
    spec: Spec,
    task: str,
    shared: Deployment,
    refused: list[str],
    stage: str,
    work: Callable[[Deployment], Any],
) -> None:
    """Try a stage once; it must be refused, and leave everything as it was."""
    if stage != task or refused:
        return
    before = checks.state_of(room, spec)
    try:
        work(shared)
    except PreflightError as error:
        refused.append(str(error))
    else:
        raise NotAsPlannedError("a pooler in transaction mode was not refused")
    if "pool_mode = session" not in refused[0]:
        raise NotAsPlannedError(f"it was refused for another reason: {refused[0]}")
    if checks.state_of(room, spec) != before:
        raise NotAsPlannedError("the refused task has changed something")
    locks = checks.locks_of(room, spec)
    if locks:
        raise NotAsPlannedError(f"the refused task has left locks: {locks}")
