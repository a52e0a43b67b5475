"""Errors of local runs."""

from collections.abc import Iterable
from pathlib import Path

from kindred.errors import KindredError

LOG_TAIL_LINES = 25


class LocalError(KindredError):
    """A part of the local installation cannot be used."""


class RunFailedError(LocalError):
    """A run stopped at a task or component; ``log_tail`` holds the end of its log."""

    def __init__(self, step: str, reason: str, log_tail: Iterable[str] = ()) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = " ".join(reason.split()) or "no reason was given"
        self.log_tail = tuple(log_tail)


class InterruptedRunError(BaseException):
    """A signal asked the run to stop; not an Exception, so that no handler catches it as one."""

    def __init__(self, signal_name: str) -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name


def tail_of(log_file: Path, lines: int = LOG_TAIL_LINES) -> list[str]:
    """The last lines of a log file; none if the file does not exist."""
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-lines:]
