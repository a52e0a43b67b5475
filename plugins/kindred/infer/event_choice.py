"""A column that was chosen for a role of events, and why."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A column for a role, why, and the columns that may be meant instead.

    ``missing``: rows without a value, among those that were looked at.
    """

    column: str
    reason: str
    others: tuple[str, ...] = ()
    missing: int = 0

    @property
    def comment(self) -> str:
        """The reason, and what may be meant instead."""
        if not self.others:
            return self.reason
        return f"{self.reason}; or is it {_either(self.others)}?"


def _either(columns: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in columns)
