"""Several cases in one run: all of its tasks are struck, and it must end as if none had been."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, nullcontext
from itertools import count

from benchmarks.faults import harm
from benchmarks.faults.case import (
    LOOKS,
    OUTAGES,
    STOP_SECONDS,
    Case,
    Middle,
    Outcome,
    Reference,
    finish,
    problems_of,
    reference_of,
    stopped_in,
    strike,
)
from benchmarks.faults.customers import FIRST, SECOND
from benchmarks.faults.harm import Fault, NotAsPlannedError, Scene
from benchmarks.faults.night import run_night
from benchmarks.faults.person import ENDED
from benchmarks.faults.reader import reading
from benchmarks.faults.room import Room
from kindred.spec.model import Spec
from local.processes import wait_until


def play_in_one_run(
    room: Room, cases: Mapping[Case, Middle], shared: Reference | None
) -> list[Outcome]:
    """Inject the fault into all of these tasks of one run; all errors are in the outcomes."""
    started, [spec, *_] = time.monotonic(), [case.spec for case in cases]
    try:
        reference = reference_of(room, spec, shared)
        outcomes = list(play_one_after_the_other(room, spec, cases, reference).values())
    except Exception as error:
        problems = (f"{type(error).__name__}: {error}",)
        outcomes = [Outcome(case, problems=problems) for case in cases]
    for outcome in outcomes:
        outcome.seconds = round((time.monotonic() - started) / len(outcomes), 1)
    return outcomes


def play_one_after_the_other(
    room: Room, spec: Spec, cases: Mapping[Case, Middle], reference: Reference
) -> dict[Case, Outcome]:
    """Inject faults into tasks of one run.

    If one is in the middle of a COPY, the run's source has the gate.

    Raises
    ------
    Exception
        whatever keeps a fault from being injected.
    """
    has_copy = any(case.is_copy for case in cases)
    outcomes = {
        case: Outcome(case, at=f"{kind} {number}") for case, (kind, number) in cases.items()
    }
    with ExitStack() as stack:
        stack.enter_context(harm.folder_of_its_own(room.artefacts / spec.space))
        for case in cases:
            stack.callback(harm.let_go, room, spec, case.instance)
        run_night(room.deployment, spec, FIRST)
        room.person.unpause(spec.dag_id)
        reader = stack.enter_context(reading(room.warehouse_dsn, spec))
        for case, middle in cases.items():
            if not case.is_copy:
                room.orders.stop(spec.dag_id, case.instance, *middle)
        with harm.gate_closed(room) if has_copy else nullcontext():
            run = room.person.trigger(spec.dag_id, SECOND)
            scenes = {case: Scene(room, spec, case.instance, run) for case in cases}
            for case in filter(lambda case: case.is_copy, cases):
                outcomes[case].place = "in the middle of COPY"
                outcomes[case].done = harm.end_copy(scenes[case])
        for case in _as_they_stop(scenes):
            _strike_on(scenes[case], case, outcomes[case])
            if case.fault is Fault.DISK:  # a task that a person has to clear
                run.wait()
                run.clear_failed()
        for case, scene in scenes.items():
            finish(scene, case, outcomes[case])
        reader.stop()
        for case, scene in scenes.items():
            outcomes[case].polls = reader.seen.total()
            outcomes[case].problems += tuple(problems_of(scene, outcomes[case], reference, reader))
    return outcomes


def _as_they_stop(scenes: Mapping[Case, Scene]) -> Iterator[Case]:
    """The cases whose tasks are yet to be struck, each as soon as its task is stopped.

    Raises
    ------
    NotAsPlannedError
        when the run has ended, or goes on for too long, with tasks that were not stopped.
    """
    left = {case: scene for case, scene in scenes.items() if not case.is_copy}
    [run, *_] = [scene.run for scene in scenes.values()]
    found: list[Case] = []

    looks = count(1)

    def is_time() -> bool:
        found[:] = [case for case, scene in left.items() if stopped_in(scene) is not None]
        return bool(found) or (next(looks) % LOOKS == 0 and run.state in ENDED)

    while left:
        wait_until(is_time, STOP_SECONDS, 1.0)
        if not found:
            names = ", ".join(case.instance for case in left)
            raise NotAsPlannedError(f"not stopped: {names}; {run.last_words()}")
        for case in list(found):
            del left[case]
            yield case


def _strike_on(scene: Scene, case: Case, outcome: Outcome) -> None:
    """Strike one of several tasks; if that fails, the others are struck nevertheless."""
    outage = harm.outage_of(case.fault, scene.room, 1) if case.fault in OUTAGES else None
    try:
        strike(scene, case, outcome, outage)
    except NotAsPlannedError as error:
        outcome.problems += (str(error),)
        harm.let_go(scene.room, scene.spec, case.instance)
