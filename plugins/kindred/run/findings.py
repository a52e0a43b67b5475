"""The result of a preflight check."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One check: its subject, its outcome, and a message with what was found and what to do."""

    check: str
    outcome: Outcome
    message: str
