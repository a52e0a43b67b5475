"""Whether machine code is being compiled, and how long that has taken so far."""

import threading
import time
from collections.abc import Callable
from typing import Any

Clock = Callable[[], float]


class Compiling:
    """Seconds in which functions were compiled, for which nothing else can be blamed.

    Compilers call each other for the functions that a function calls, and several threads may wait
    for one: the seconds count once.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._began = 0.0
        self._seconds = 0.0

    def begin(self, name: str) -> None:
        """A function begins to be compiled."""
        with self._lock:
            if not self._names:
                self._began = self._clock()
            self._names.append(name)

    def end(self) -> None:
        """The function that began last is compiled, or could not be."""
        with self._lock:
            self._names.pop()
            if not self._names:
                self._seconds += self._clock() - self._began

    @property
    def name(self) -> str | None:
        """The function that is compiled now, not those that it needs."""
        names = self._names[:1]
        return names[0] if names else None

    def work_seconds(self) -> float:
        """The time of a clock that stands still while something is compiled."""
        with self._lock:
            now = self._began if self._names else self._clock()
            return now - self._seconds

    def lasting_seconds(self) -> float:
        """How long the compiling of now has taken so far."""
        with self._lock:
            return self._clock() - self._began if self._names else 0.0


COMPILING = Compiling()
_is_listening = threading.Event()


def listen() -> None:
    """Hear of every function that numba compiles in this process; not of those in its cache."""
    if _is_listening.is_set():
        return
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            COMPILING.begin(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event: Any) -> None:
            COMPILING.end()

    register: Callable[[str, Any], None] = event.register
    register("numba:compile", Listener())
    _is_listening.set()
