"""What a preflight check found."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, and what was found, allowed and to be done."""

    check: str
    outcome: Outcome
    message: str
