"""What the page asks of its surroundings, and how it answers: no more than names and types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """A page, its HTTP status, and headers that only this one has."""

    html: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Access(Protocol):
    """What Airflow knows. Each may take a while, and is asked in a thread."""

    def name(self, user: Any) -> str:
        """How a user is called, in logs."""

    def spaces(self, user: Any) -> list[str]:
        """The spaces whose DAG a user may read, the usual one first."""

    def sees_persons(self, user: Any, space: str) -> bool:
        """Whether a user may look at single customers of a space."""

    def seconds_to_wait(self, user: Any, space: str, kind: str) -> int:
        """Record a look-up, of a customer or an audience; 0 admits it.

        Beyond the limit of an hour, the seconds after which the user may look up again.
        """

    def space_of(self, dag_id: str) -> str | None:
        """The space that a DAG works on, if any."""

    def conninfo(self) -> str:
        """The connection string of a ``bi_reader`` in the warehouse."""
