"""Harm done to workers in the middle of a task: they are killed, or cut off the network."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from benchmarks.night_airflow import moment
from local.cluster.cluster import Cluster
from local.cluster.environment import ALL_QUEUES
from local.cluster.worker import Worker
from local.rest import JsonObject

RESTART_SECONDS = 5.0
"""After it was killed, a machine is back so much later."""
LONGEST_CUT_SECONDS = 150.0
"""By then the server has ended the worker's sessions."""


class Harm(StrEnum):
    """What is done to a worker."""

    KILL = "killed"
    CUT = "cut off"
    UNPLUG = "cut off without being told"


@dataclass
class Strike:
    """Harm to the worker that runs one of some tasks; it strikes again where it came too late.

    ``after_seconds``: how long the task must have run by then.
    """

    harm: Harm
    tasks: tuple[str, ...]
    cluster: Cluster
    slots: int
    after_seconds: float = 0.5
    struck: JsonObject | None = None
    is_hit: bool = False
    worker: Worker | None = None
    _struck_at: float = 0.0
    _is_mended: bool = field(default=False)

    def look(self, instances: Sequence[JsonObject]) -> None:
        """Strike if one of the tasks is running; later see what became of it, and mend."""
        if self.struck is None:
            found = next(filter(self._is_due, instances), None)
            if found is not None:
                self._strike(found)
            return
        place = _place_of(self.struck)
        now = next(entry for entry in instances if _place_of(entry) == place)
        if self._is_lost(now):
            if not self.is_hit:
                seconds = time.monotonic() - self._struck_at
                _say(f"{_name(now)} is known to be lost after {seconds:.0f} s: {now['state']}")
            self.is_hit = True
        is_over = now["state"] == "success" and not self.is_hit
        if not self._is_mended and (is_over or self._may_mend(now)):
            self._mend()
        if is_over:
            _say(f"{_name(now)} was done before: once more")
            self.struck, self._is_mended = None, False

    @property
    def is_done(self) -> bool:
        """Whether it has hit a task, and the worker is there again."""
        return self.is_hit and self._is_mended

    def _is_due(self, entry: JsonObject) -> bool:
        if entry["state"] != "running" or entry["task_id"] not in self.tasks:
            return False
        if not entry["start_date"] or self.cluster.worker_at(entry["hostname"] or "") is None:
            return False
        age = (datetime.now(UTC) - moment(entry["start_date"])).total_seconds()
        return age >= self.after_seconds

    def _strike(self, entry: JsonObject) -> None:
        worker = self.cluster.worker_at(entry["hostname"])
        assert worker is not None
        match self.harm:
            case Harm.KILL:
                worker.kill()
            case Harm.CUT:
                worker.place.cut()
            case Harm.UNPLUG:
                worker.place.unplug()
        self.struck, self.worker, self._struck_at = entry, worker, time.monotonic()
        _say(f"{worker.name} is {self.harm} while it runs {_name(entry)}")

    def _is_lost(self, entry: JsonObject) -> bool:
        """Whether Airflow has given the try up."""
        assert self.struck is not None
        is_later = entry["try_number"] > self.struck["try_number"]
        return is_later or entry["state"] in ("up_for_retry", "failed")

    def _may_mend(self, entry: JsonObject) -> bool:
        """A killed machine comes back soon; a cut one once its task runs, or has run, elsewhere.

        Or after some time, where the other worker has much else to do.
        """
        assert self.struck is not None
        seconds = time.monotonic() - self._struck_at
        if self.harm is Harm.KILL:
            return seconds > RESTART_SECONDS
        if self.is_hit and seconds > LONGEST_CUT_SECONDS:
            return True
        is_later = entry["try_number"] > self.struck["try_number"]
        return is_later and entry["state"] in ("running", "success")

    def _mend(self) -> None:
        assert self.worker is not None
        if self.harm is Harm.KILL:
            self.worker.start(self.slots, ALL_QUEUES)
        else:
            self.worker.place.mend()
        self._is_mended = True
        _say(f"{self.worker.name} is back after {time.monotonic() - self._struck_at:.0f} s")


@dataclass
class Strikes:
    """Several strikes, one after the other."""

    strikes: Sequence[Strike]

    def look(self, instances: Sequence[JsonObject]) -> None:
        """Let the first one that is not done look."""
        for strike in self.strikes:
            if not strike.is_done:
                strike.look(instances)
                return


def _place_of(entry: JsonObject) -> tuple[object, ...]:
    return entry["dag_run_id"], entry["task_id"], entry["map_index"]


def _name(entry: JsonObject) -> str:
    part = f"[{entry['map_index']}]" if entry["map_index"] >= 0 else ""
    return f"{entry['task_id']}{part}, try {entry['try_number']}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
