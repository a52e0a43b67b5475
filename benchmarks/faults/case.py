"""One case: a fault in the middle of one task of one run, and its outcome."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.faults import checks, harm
from benchmarks.faults.checks import State
from benchmarks.faults.customers import FIRST, GATED, PLAIN, SECOND, Variant
from benchmarks.faults.harm import Fault, NotAsPlannedError, Outage, Scene
from benchmarks.faults.night import run_night
from benchmarks.faults.orders import Counts, Stopped
from benchmarks.faults.person import ENDED
from benchmarks.faults.pooled import run_behind_poolers
from benchmarks.faults.reader import Reader, look, reading
from benchmarks.faults.room import Room
from kindred.spec.model import Spec
from local.failures import LocalError
from local.processes import wait_until

STOP_SECONDS = 600
Middle = tuple[str, int]
# A task may survive the other faults: one that only computes, or the second of two tries.
ENDS_THE_TRY = (
    *(Fault.KILL, Fault.DISK, Fault.CONNECTION, Fault.SOURCE, Fault.IDLE),
    Fault.ARTEFACT,
)
# `prepare` has no idle session; `encode` counts again what it cannot read.
HARMLESS = ((Fault.IDLE, "prepare"), (Fault.ARTEFACT, "encode"))
OUTAGES = (Fault.SERVER, Fault.WAREHOUSE_DISK)
CLEARED_TASK = re.compile(r"clear task \W*(\w+)")
REPAIRS = 6


@dataclass(frozen=True)
class Reference:
    """An undisturbed run of a variant: its final state, and what BI sees before and after."""

    state: State
    before: str
    after: str


@dataclass(frozen=True)
class Case:
    """A fault and the task that it affects."""

    fault: Fault
    task: str
    variant: Variant

    @property
    def space(self) -> str:
        """The case's own space."""
        return f"{self.variant.name[0]}_{self.fault}_{self.task}"

    @property
    def is_copy(self) -> bool:
        """Whether the source's session ends in the middle of a COPY, in which its view blocks."""
        return self.fault is Fault.SOURCE and self.task == "extract"

    @property
    def spec(self) -> Spec:
        """The spec of the space."""
        return self.variant.spec(self.space, GATED if self.is_copy else PLAIN)


@dataclass
class Outcome:
    """The outcome of a case, which passes if there are no problems."""

    case: Case
    at: str = ""
    place: str = ""
    done: str = ""
    tries: int = 0
    is_cleared: bool = False
    polls: int = 0
    seconds: float = 0.0
    does_not_apply: str = ""
    problems: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The outcome as one word for the table."""
        if self.does_not_apply:
            return "-"
        if self.problems:
            return "FAILED"
        tries = "1 try" if self.tries == 1 else f"{self.tries} tries"
        return f"ok, {tries}" + (", cleared" if self.is_cleared else "")


def run_undisturbed(room: Room, spec: Spec) -> Reference:
    """Build both snapshots without a fault and without Airflow."""
    run_night(room.deployment, spec, FIRST)
    before = look(room.warehouse_dsn, spec)
    run_night(room.deployment, spec, SECOND)
    return Reference(checks.state_of(room, spec), before, look(room.warehouse_dsn, spec))


def count_calls(room: Room, spec: Spec, reference: Reference) -> Counts:
    """Let Airflow build the second snapshot undisturbed; return the calls of each task."""
    run_night(room.deployment, spec, FIRST)
    room.orders.count(spec.dag_id)
    room.person.unpause(spec.dag_id)
    run = room.person.trigger(spec.dag_id, SECOND)
    if run.wait() != "success":
        raise LocalError(f"the undisturbed run of {spec.dag_id} failed: {run.last_words()}")
    problems = checks.problems_of(room, spec, reference.state)
    if problems:
        raise LocalError(f"the undisturbed run of {spec.dag_id}: {'; '.join(problems)}")
    return room.orders.counts(spec.dag_id)


def middle_of(case: Case, counts: Counts, moment: float) -> Middle:
    """Where to stop the task: a kind of call, and which of these calls.

    Raises
    ------
    DoesNotApplyError
        The fault cannot affect the task.
    """
    made = counts[case.task]
    kind = harm.kind_of_middle(case.fault, made)
    # Whoever has mapped an artefact does not see that it is cut.
    is_first = case.fault is Fault.ARTEFACT
    return kind, 1 if is_first else max(1, round(made[kind] * moment))


def play(
    room: Room, case: Case, reference: Reference, middle: Middle, outage: Outage | None = None
) -> Outcome:
    """Inject the fault and check what is left; all errors are in the outcome."""
    started = time.monotonic()
    outcome = Outcome(case, at=f"{middle[0]} {middle[1]}")
    try:
        _play(room, case, reference, outcome, middle, outage)
    except Exception as error:
        if outage is not None:
            outage.give_up()
        harm.let_go(room, case.spec, case.task)
        outcome.problems = (*outcome.problems, f"{type(error).__name__}: {error}")
    outcome.seconds = round(time.monotonic() - started, 1)
    return outcome


def _play(
    room: Room,
    case: Case,
    reference: Reference,
    outcome: Outcome,
    middle: Middle,
    outage: Outage | None,
) -> None:
    spec = case.spec
    with ExitStack() as stack:
        stack.enter_context(harm.folder_of_its_own(room.artefacts / spec.space))
        run_night(room.deployment, spec, FIRST)
        room.person.unpause(spec.dag_id)
        reader = stack.enter_context(reading(room.warehouse_dsn, spec))
        if case.fault is Fault.POOLER:
            outcome.tries, outcome.done = 1, run_behind_poolers(room, spec, case.task)
            reader.stop()
            outcome.polls = reader.seen.total()
            outcome.problems = tuple(_sights(room, spec, case.fault, reference, reader))
            return
        if case.is_copy:
            scene = _strike_copy(room, case, outcome)
        else:
            room.orders.stop(spec.dag_id, case.task, *middle)
            scene = Scene(room, spec, case.task, room.person.trigger(spec.dag_id, SECOND))
            _strike(scene, case, outcome, outage)
        _finish(scene, case, outcome)
        reader.stop()
        outcome.polls = reader.seen.total()
        outcome.problems = (*outcome.problems, *_problems(scene, case, reference, reader))


def play_one_after_the_other(
    room: Room, spec: Spec, cases: Mapping[Case, Middle], reference: Reference
) -> dict[Case, Outcome]:
    """Inject faults into tasks of one run, in the order of the flow; its source has the gate.

    Raises
    ------
    Exception
        whatever keeps a fault from being injected.
    """
    outcomes = {
        case: Outcome(case, at=f"{kind} {number}") for case, (kind, number) in cases.items()
    }
    with ExitStack() as stack:
        stack.enter_context(harm.folder_of_its_own(room.artefacts / spec.space))
        for case in cases:
            stack.callback(harm.let_go, room, spec, case.task)
        run_night(room.deployment, spec, FIRST)
        room.person.unpause(spec.dag_id)
        reader = stack.enter_context(reading(room.warehouse_dsn, spec))
        for case, middle in cases.items():
            if not case.is_copy:
                room.orders.stop(spec.dag_id, case.task, *middle)
        with harm.gate_closed(room):
            run = room.person.trigger(spec.dag_id, SECOND)
            scenes = {case: Scene(room, spec, case.task, run) for case in cases}
            for case in filter(lambda case: case.is_copy, cases):
                outcomes[case].place = "in the middle of COPY"
                outcomes[case].done = harm.end_copy(scenes[case])
        for case, scene in scenes.items():
            if not case.is_copy:
                _strike(scene, case, outcomes[case], None)
            if case.fault is Fault.DISK:  # a task that a person has to clear
                scene.run.wait()
                scene.run.clear_failed()
        for case, scene in scenes.items():
            _finish(scene, case, outcomes[case])
        reader.stop()
        for case, scene in scenes.items():
            outcomes[case].polls = reader.seen.total()
            outcomes[case].problems += tuple(_problems(scene, case, reference, reader))
    return outcomes


def _strike_copy(room: Room, case: Case, outcome: Outcome) -> Scene:
    spec = case.spec
    with harm.gate_closed(room):
        scene = Scene(room, spec, case.task, room.person.trigger(spec.dag_id, SECOND))
        outcome.place, outcome.done = "in the middle of COPY", harm.end_copy(scene)
    return scene


def _strike(scene: Scene, case: Case, outcome: Outcome, outage: Outage | None) -> None:
    stopped = _wait_for_stop(scene)
    outcome.place = stopped.place
    if case.fault in OUTAGES:
        assert outage is not None
        outcome.done = outage.strike(scene, stopped)
    else:
        outcome.done = harm.HARM[case.fault](scene, stopped)


def _wait_for_stop(scene: Scene) -> Stopped:
    orders, dag_id = scene.room.orders, scene.spec.dag_id
    found: list[Stopped] = []

    def is_over() -> bool:
        stopped = orders.stopped(dag_id, scene.task)
        found[:] = [] if stopped is None else [stopped]
        return bool(found) or scene.run.state in ENDED

    wait_until(is_over, STOP_SECONDS, 0.5)
    if not found:
        raise NotAsPlannedError(f"the task was not stopped: {scene.run.last_words()}")
    return found[0]


def _finish(scene: Scene, case: Case, outcome: Outcome) -> None:
    """Complete the run, after a person's repairs and clearing if necessary."""
    state = scene.run.wait()
    if state == "failed":
        outcome.is_cleared = True
        state = _repair(scene, case)
    outcome.tries = scene.run.tries(case.task)
    if state != "success":
        words = scene.run.last_words()
        outcome.problems = (f"the run is {state}, failed: {scene.run.failed()}: {words}",)


def _repair(scene: Scene, case: Case) -> str:
    """Clear what failed, or what the messages of the failed tasks name; returns the run's state."""
    if case.fault is not Fault.ARTEFACT:
        scene.run.clear_failed()
        return scene.run.wait()
    for _ in range(REPAIRS):
        named = sorted(set(CLEARED_TASK.findall(scene.run.failed_logs())))
        if not named:
            break
        scene.run.clear(named)
        if scene.run.wait() != "failed":
            break
    return scene.run.state


def _problems(scene: Scene, case: Case, reference: Reference, reader: Reader) -> Iterator[str]:
    yield from _sights(scene.room, scene.spec, case.fault, reference, reader)
    yield from checks.orphans(scene.room)
    tries = scene.run.tries(case.task)
    if case.fault in ENDS_THE_TRY and tries < 2 and (case.fault, case.task) not in HARMLESS:
        yield "the task was tried only once: the fault did not affect it"
    if case.fault is Fault.SETTINGS and tries > 1:
        yield f"the task was tried {tries} times: a setting has ended a session or statement"


def _sights(
    room: Room, spec: Spec, fault: Fault, reference: Reference, reader: Reader
) -> Iterator[str]:
    yield from checks.problems_of(room, spec, reference.state)
    may_be_cut = fault is Fault.SERVER
    yield from checks.odd_sights(reader, reference.before, reference.after, may_be_cut=may_be_cut)
