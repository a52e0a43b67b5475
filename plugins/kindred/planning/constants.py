"""The constants of plans: what a unit of work takes, as it was measured and written down.

``constants.json`` is made by ``python -m benchmarks.plan_constants`` from measured nights, and says
on which machine, when, and of how many customers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kindred.errors import SettingsError
from kindred.planning.sizes import Growth

SHIPPED = Path(__file__).with_name("constants.json")
FORMAT = 1

Coefficients = Mapping[str, float]


@dataclass(frozen=True)
class TaskCost:
    """Seconds of processor time per unit of each driver, on the worker and on the server.

    ``threaded`` is the share of the worker's that several threads take, ``parallel`` that of the
    server's parallel workers. ``memory_share``: measured per forecast memory, of what exceeds an
    empty task.
    """

    worker: Coefficients
    database: Coefficients
    threaded: float
    parallel: float
    memory_share: float


@dataclass(frozen=True)
class BucketCost:
    """Processor seconds that artefacts in a bucket take, beside those on a disk.

    ``starting``: of each task that opens it; ``read_mb``, ``written_mb``: of a task per MB;
    ``served_mb``: of the S3 server that was measured, which matters where it shares a machine.
    """

    starting: float
    read_mb: float
    written_mb: float
    served_mb: float


@dataclass(frozen=True)
class Constants:
    """All constants, and where they are from.

    ``starting``: processor seconds of a task before its work; ``waiting``: seconds from the end of
    a task to the start of the next one; ``airflow_cores``: what Airflow's own processes take;
    ``background``: processor time of the server outside of sessions, per time in them;
    ``empty_mb``: a task that holds nothing; ``wal_share``: of what is written to tables.
    ``elsewhere``: drivers that no measured night has, and what their seconds are from.
    """

    measured: tuple[Mapping[str, Any], ...]
    growth: Mapping[str, Growth]
    tasks: Mapping[str, TaskCost]
    starting: float
    waiting: float
    airflow_cores: float
    background: float
    empty_mb: float
    wal_share: float
    bucket: BucketCost
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def most_customers(self) -> int:
        """The largest night that the constants are from."""
        return max(int(one["customers"]) for one in self.measured)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The constants as `as_json` has written them.

        Raises
        ------
        SettingsError
            when it is of another format.
        """
        if content.get("format") != FORMAT:
            raise SettingsError(
                f"constants of a plan: found format {content.get('format')!r}, {FORMAT} is"
                " expected; make them anew by 'python -m benchmarks.plan_constants'"
            )
        given = {name: value for name, value in content.items() if name != "format"}
        given["measured"] = tuple(given["measured"])
        given["growth"] = {name: Growth(**one) for name, one in given["growth"].items()}
        given["bucket"] = BucketCost(**given["bucket"])
        given["tasks"] = {name: TaskCost(**one) for name, one in given["tasks"].items()}
        return cls(**given)

    def as_json(self) -> dict[str, Any]:
        """The constants as plain JSON."""
        named = {name: vars(self)[name] for name in self.__dataclass_fields__}
        return {
            "format": FORMAT,
            **named,
            "measured": [dict(one) for one in self.measured],
            "growth": {name: vars(one) for name, one in self.growth.items()},
            "bucket": vars(self.bucket),
            "elsewhere": dict(self.elsewhere),
            "tasks": {name: vars(one) for name, one in self.tasks.items()},
        }


def read_constants(path: Path = SHIPPED) -> Constants:
    """Read constants, by default those that are shipped with this release."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Constants.from_json(content)
