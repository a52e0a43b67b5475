"""The steps that a thread is in, and a second thread that reports them every few seconds.

`reported` is once around a stage or a command. Within it, anything that may take seconds says what
it is by `step`, at any depth; statements of a database do so by themselves, and so does compiling
to machine code. So a line comes also where the work is inside one long call of a library or of the
server.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from kindred.progress.bystander import bystander
from kindred.progress.compiling import COMPILING, Compiling
from kindred.progress.meter import Meter, duration

log = logging.getLogger(__name__)

T = TypeVar("T")

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
PACKAGE = "kindred."
JOIN_SECONDS = 2.0

REPORT_EVERY_SECONDS = 8.0
"""So that a line comes at least every ten seconds, on a busy machine, too."""


class Look(NamedTuple):
    """What a server says of its work: the phase, and what is done of a total, if it is known."""

    phase: str
    done: float
    total: float | None
    unit: str


class Step:
    """Some work that is being done; threads may count for it.

    ``look`` asks somebody else, as a database server, how far it is: from the reporting thread.
    """

    def __init__(
        self,
        what: str,
        total: float | None = None,
        unit: str = "rows",
        *,
        look: Callable[[], Look | None] | None = None,
        compiling: Compiling = COMPILING,
    ) -> None:
        self.what = what
        self.is_reported = False
        self._compiling = compiling
        self._look = look
        self._phase = ""
        self._lock = threading.Lock()
        self._began = compiling.work_seconds()
        self._meter = None if total is None else Meter(self._began, total, unit)

    @property
    def has_rate(self) -> bool:
        """Whether the rate is known, and so how long the rest takes."""
        with self._lock:
            meter, now = self._meter, self._compiling.work_seconds()
            return meter is not None and meter.seconds_left(now) is not None

    @property
    def is_watched(self) -> bool:
        """Whether somebody else does it, who can be asked."""
        return self._look is not None

    @property
    def has_total(self) -> bool:
        """Whether it is known how much there is to do."""
        return self._meter is not None and self._meter.total is not None

    def advance(self, count: float = 1) -> None:
        """Count what has been done since the last call."""
        with self._lock:
            if self._meter is not None:
                self._meter.reach(self._meter.done + count, self._compiling.work_seconds())

    def ask(self) -> None:
        """Ask whoever does the work how far it is."""
        found = None if self._look is None else self._look()
        if found is None:
            return
        now = self._compiling.work_seconds()
        with self._lock:
            meter = self._meter
            total = found.total if meter is None or found.total else meter.total
            # When a phase began nobody knows: its rate is one between two looks at it.
            if meter is None or (found.phase, found.unit) != (self._phase, meter.unit):
                meter = Meter(now, total, found.unit, done=found.done)
            meter.total = total
            meter.reach(found.done, now)
            self._phase, self._meter = found.phase, meter

    def text(self) -> str:
        """How far it is."""
        now = self._compiling.work_seconds()
        phase = f"{self._phase}: " if self._phase else ""
        with self._lock:
            if self._meter is not None:
                return phase + self._meter.text(now)
        return f"{phase}{duration(now - self._began)} so far"


@dataclass
class _Thread:
    """The steps of one thread, and where and how often a process beside it reports."""

    steps: list[Step] = field(default_factory=list)
    descriptor: int = STANDARD_OUTPUT
    pause_seconds: float = REPORT_EVERY_SECONDS


class _Local(threading.local):
    def __init__(self) -> None:
        self.own = _Thread()


_local = _Local()


@contextmanager
def step(
    what: str,
    total: float | None = None,
    unit: str = "rows",
    *,
    look: Callable[[], Look | None] | None = None,
) -> Iterator[Step]:
    """Say what the calling thread does in the block; with a total, count by `Step.advance`."""
    steps, opened = _local.own.steps, Step(what, total, unit, look=look)
    steps.append(opened)
    try:
        yield opened
    finally:
        # With what is left open in it: a generator that an error has left behind ends later.
        if opened in steps:
            del steps[steps.index(opened) :]


def counted(what: str, items: Sequence[T], unit: str) -> Iterator[T]:
    """The items one after the other, as a step that counts those that are done."""
    with step(what, len(items), unit) as opened:
        for item in items:
            yield item
            opened.advance()


@contextmanager
def blind_step(what: str, *, is_long: bool) -> Iterator[None]:
    """A step in which a library does not let go of the interpreter, so that no thread can report.

    If it ``is_long``, and within `reported`, another process does.
    """
    thread = _local.own
    with step(what) as opened:
        if not is_long or len(thread.steps) == 1:
            yield
            return
        opened.is_reported = True
        named = ": ".join(one.what for one in thread.steps)
        with bystander(named, thread.descriptor, thread.pause_seconds):
            yield


@contextmanager
def reported(
    what: str,
    say: Callable[[str], None] = log.info,
    *,
    descriptor: int = STANDARD_OUTPUT,
    pause_seconds: float | None = None,
) -> Iterator[None]:
    """Report what the calling thread does in the block; what ends sooner is not reported.

    ``descriptor`` is where a process beside this one writes, where ``say`` cannot be called. Within
    such a block it is only a step: one thread has one reporter.
    """
    thread = _local.own
    if thread.steps:
        with step(what):
            yield
        return
    is_done = threading.Event()
    pause = REPORT_EVERY_SECONDS if pause_seconds is None else pause_seconds
    thread.descriptor, thread.pause_seconds = descriptor, pause
    caller = threading.get_ident()

    def report() -> None:
        while not is_done.wait(pause):
            found = line(tuple(thread.steps), place=place_of(caller))
            if found:
                say(found)

    reporter = threading.Thread(target=report, name="progress", daemon=True)
    with step(what):
        reporter.start()
        try:
            yield
        finally:
            is_done.set()
            # It may be asking a server that does not answer.
            reporter.join(JOIN_SECONDS)


def place_of(thread: int) -> str:
    """The innermost function of Kindred that a thread is in, such as ``distinct.find_distinct``."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(PACKAGE) and not module.startswith(__package__):
            return f"{module.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


def line(steps: Sequence[Step], compiling: Compiling = COMPILING, *, place: str = "") -> str:
    """One line for steps from the outermost to the innermost; empty if another process reports.

    It ends with the outermost step that has a rate: what is inside is a detail of it. If there is
    none, it ends with the innermost whose total is known, or with the innermost of all; then the
    ``place`` in the code says more, unless that is a statement.
    """
    if not steps or steps[-1].is_reported:
        return ""
    if compiling.name is not None:
        lasting = duration(compiling.lasting_seconds())
        what = f"compiling {compiling.name} to machine code, {lasting} so far"
        return ": ".join([*(one.what for one in steps), what])
    counted = [number for number, one in enumerate(steps) if one.has_total]
    moving = [number for number in counted if steps[number].has_rate]
    last = (moving[:1] or counted[-1:] or [len(steps) - 1])[0]
    steps[last].ask()
    named = [one.what for one in steps[: last + 1]]
    if place and not counted and not steps[last].is_watched:
        named.append(f"in {place}")
    return ": ".join([*named, steps[last].text()])
