"""One case: a fault in the middle of one task of one run, and its outcome."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

from benchmarks.faults import alone, checks, harm
from benchmarks.faults.audience_files import ASKED, file_name
from benchmarks.faults.checks import State
from benchmarks.faults.customers import FIRST, GATED, PLAIN, SECOND, Variant
from benchmarks.faults.harm import Fault, NotAsPlannedError, Outage, Scene
from benchmarks.faults.night import run_night
from benchmarks.faults.orders import Counts, Stopped, instance_of
from benchmarks.faults.person import ENDED
from benchmarks.faults.pooled import run_behind_poolers
from benchmarks.faults.reader import Reader, look, reading
from benchmarks.faults.room import Room
from kindred.spec.model import Spec
from local.failures import LocalError
from local.processes import wait_until

STOP_SECONDS = 600
LOOKS = 5
"""For the files of a stopped task, one per second, before Airflow is asked about its run."""
Middle = tuple[str, int]
# A task may survive the other faults: one that only computes, or the second of two tries.
ENDS_THE_TRY = (
    *(Fault.KILL, Fault.DISK, Fault.CONNECTION, Fault.SOURCE, Fault.IDLE),
    Fault.ARTEFACT,
)
# `prepare` has no idle session; `encode` and `validate` compute again what they cannot read.
HARMLESS = ((Fault.IDLE, "prepare"), (Fault.ARTEFACT, "encode"), (Fault.ARTEFACT, "validate"))
# `prepare` only warns of an audience that it cannot check.
HARMLESS_WITH_AUDIENCES = (*HARMLESS, (Fault.SOURCE, "prepare"))
OUTAGES = (Fault.SERVER, Fault.WAREHOUSE_DISK)
# No retry helps; the night is published without the audience, until a person clears a task.
BREAKS_AN_AUDIENCE = (Fault.DISK, Fault.ARTEFACT)
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
    """A fault and the task that it affects; of a mapped task the instance ``part``.

    ``shares_run``: other tasks of the same run have the same fault.
    """

    fault: Fault
    task: str
    variant: Variant
    part: int | None = None
    shares_run: bool = False

    @property
    def space(self) -> str:
        """The case's own space, whose name has at most 31 letters."""
        if self.shares_run:
            return f"{self.variant.name[:2]}_{self.fault}"
        part = "" if self.part is None else f"_{self.part}"
        return f"{self.variant.name[:2]}_{self.fault}_{self.task}{part}"[:31]

    @property
    def instance(self) -> str:
        """The task, with the instance if it is mapped."""
        return instance_of(self.task, self.part)

    @property
    def audience(self) -> str | None:
        """The audience that the task trains."""
        if self.part is None or not self.variant.audiences:
            return None
        return file_name(self.space, self.variant.audiences[self.part])

    @property
    def is_copy(self) -> bool:
        """Whether the source's session ends in the middle of a COPY, in which its view blocks."""
        if self.fault is not Fault.SOURCE:
            return False
        if self.task == "extract":
            return "events" not in self.variant.changes  # which come after the view
        return self.audience == file_name(self.space, ASKED)

    @property
    def ends_the_try(self) -> bool:
        """Whether the task cannot come through at its first try."""
        harmless = HARMLESS_WITH_AUDIENCES if self.variant.audiences else HARMLESS
        return self.fault in ENDS_THE_TRY and (self.fault, self.task) not in harmless

    @property
    def gated(self) -> tuple[str, str]:
        """The tables that customers and seeds are read from."""
        is_seed = self.audience is not None
        table = GATED if self.is_copy else PLAIN
        return (PLAIN, table) if is_seed else (table, PLAIN)

    @property
    def spec(self) -> Spec:
        """The spec of the space."""
        return self.variant.spec(self.space, self.gated[0])


@dataclass
class Outcome:
    """The outcome of a case, which passes if there are no problems.

    ``without_audience``: what BI saw of the snapshot while it lacked the audience that had failed.
    """

    case: Case
    at: str = ""
    place: str = ""
    done: str = ""
    tries: int = 0
    is_cleared: bool = False
    polls: int = 0
    seconds: float = 0.0
    does_not_apply: str = ""
    without_audience: str | None = None
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


def reference_of(room: Room, spec: Spec, shared: Reference | None) -> Reference:
    """An undisturbed run for comparison: the one of all spaces, or else one of the same names."""
    return shared or run_undisturbed(room.apart, spec)


def count_calls(room: Room, spec: Spec, shared: Reference | None) -> Counts:
    """Let Airflow build the second snapshot undisturbed; return the calls of each task."""
    reference = reference_of(room, spec, shared)
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
    made = counts[case.instance]
    kind = harm.kind_of_middle(case.fault, made)
    # Whoever has mapped an artefact does not see that it is cut.
    is_first = case.fault is Fault.ARTEFACT
    return kind, 1 if is_first else max(1, round(made[kind] * moment))


def play(
    room: Room, case: Case, shared: Reference | None, middle: Middle, outage: Outage | None = None
) -> Outcome:
    """Inject the fault and check what is left; all errors are in the outcome."""
    started = time.monotonic()
    outcome = Outcome(case, at=f"{middle[0]} {middle[1]}")
    try:
        reference = reference_of(room, case.spec, shared)
        _play(room, case, reference, outcome, middle, outage)
    except Exception as error:
        if outage is not None:
            outage.give_up()
        harm.let_go(room, case.spec, case.instance)
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
            outcome.problems = tuple(_sights(room, spec, outcome, reference, reader))
            return
        if case.is_copy:
            scene = _strike_copy(room, case, outcome)
        else:
            room.orders.stop(spec.dag_id, case.instance, *middle)
            scene = Scene(room, spec, case.instance, room.person.trigger(spec.dag_id, SECOND))
            strike(scene, case, outcome, outage)
        finish(scene, case, outcome)
        reader.stop()
        outcome.polls = reader.seen.total()
        outcome.problems = (*outcome.problems, *problems_of(scene, outcome, reference, reader))


def _strike_copy(room: Room, case: Case, outcome: Outcome) -> Scene:
    spec = case.spec
    with harm.gate_closed(room):
        scene = Scene(room, spec, case.instance, room.person.trigger(spec.dag_id, SECOND))
        outcome.place, outcome.done = "in the middle of COPY", harm.end_copy(scene)
    return scene


def strike(scene: Scene, case: Case, outcome: Outcome, outage: Outage | None) -> None:
    """Wait until the task is stopped, and do it harm."""
    stopped = _wait_for_stop(scene)
    outcome.place = stopped.place
    if case.fault in OUTAGES:
        assert outage is not None
        outcome.done = outage.strike(scene, stopped)
    else:
        outcome.done = harm.HARM[case.fault](scene, stopped)


def stopped_in(scene: Scene) -> Stopped | None:
    """The task of a scene, if it is stopped."""
    return scene.room.orders.stopped(scene.spec.dag_id, scene.instance)


def _wait_for_stop(scene: Scene) -> Stopped:
    found: list[Stopped] = []
    looks = count(1)

    def is_over() -> bool:
        stopped = stopped_in(scene)
        found[:] = [] if stopped is None else [stopped]
        return bool(found) or (next(looks) % LOOKS == 0 and scene.run.state in ENDED)

    wait_until(is_over, STOP_SECONDS, 1.0)
    if not found:
        raise NotAsPlannedError(f"the task was not stopped: {scene.run.last_words()}")
    return found[0]


def finish(scene: Scene, case: Case, outcome: Outcome) -> None:
    """Complete the run, after a person's repairs and clearing if necessary."""
    state = scene.run.wait()
    is_broken = case.audience is not None and case.fault in BREAKS_AN_AUDIENCE
    if is_broken and state == "success":
        outcome.without_audience = look(scene.room.warehouse_dsn, scene.spec)
        outcome.problems += tuple(alone.problems_of(scene, str(case.audience)))
    if is_broken or state == "failed":
        outcome.is_cleared = True
        state = _repair(scene, case)
    outcome.tries = scene.run.tries(case.task, case.part)
    if state != "success":
        words = scene.run.last_words()
        outcome.problems += (f"the run is {state}, failed: {scene.run.failed()}: {words}",)


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


def problems_of(
    scene: Scene, outcome: Outcome, reference: Reference, reader: Reader
) -> Iterator[str]:
    """Whatever is not as after an undisturbed run."""
    case, tries = outcome.case, outcome.tries
    yield from _sights(scene.room, scene.spec, outcome, reference, reader)
    yield from checks.orphans(scene.room)
    if case.ends_the_try and tries < 2:
        yield "the task was tried only once: the fault did not affect it"
    if case.fault is Fault.SETTINGS and tries > 1:
        yield f"the task was tried {tries} times: a setting has ended a session or statement"


def _sights(
    room: Room, spec: Spec, outcome: Outcome, reference: Reference, reader: Reader
) -> Iterator[str]:
    yield from checks.problems_of(room, spec, reference.state)
    expected = [reference.before, reference.after]
    if outcome.without_audience is not None:
        expected.append(outcome.without_audience)
    may_be_cut = outcome.case.fault is Fault.SERVER
    yield from checks.odd_sights(reader, expected, may_be_cut=may_be_cut)
