"""Bytes that a stage has moved, by the counters of its worker's cable and the store's log.

A worker with one slot runs one task at a time, so that what its cable moves while a task runs is
the task's: rows and answers of the databases, objects of the bucket, and the little that Airflow
says. The store's log says which part of it was objects.
"""

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.night_airflow import moment
from local.cluster.network import Place
from local.rest import JsonObject

EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class Moved:
    """Bytes of one stage: all that its instances have received and sent, and objects of it."""

    received: int = 0
    sent: int = 0
    objects_received: int = 0
    objects_sent: int = 0

    def plus(self, other: "Moved") -> "Moved":
        """The sum."""
        return Moved(
            self.received + other.received,
            self.sent + other.sent,
            self.objects_received + other.objects_received,
            self.objects_sent + other.objects_sent,
        )


@dataclass
class Counts:
    """Counters of one worker's cable over time: seconds since 1970, bytes received and sent."""

    times: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def add(self, when: float, received: int, sent: int) -> None:
        """Append what the counters show."""
        self.times.append(when)
        self.received.append(received)
        self.sent.append(sent)

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Bytes received and sent from the sample before one moment to that after another."""
        if not self.times:
            return 0, 0
        first = max(0, bisect_right(self.times, start) - 1)
        last = min(bisect_left(self.times, end), len(self.times) - 1)
        return self.received[last] - self.received[first], self.sent[last] - self.sent[first]


@dataclass(frozen=True)
class Request:
    """A line of the store's log: when, from whom, and the bytes that the client got and gave."""

    when: float
    client: str
    received: int
    sent: int


@contextmanager
def counted(places: Sequence[Place]) -> Iterator[Mapping[str, Counts]]:
    """Sample the cables of places while the block runs: address -> counters."""
    found, is_done = {place.address: Counts() for place in places}, threading.Event()

    def watch() -> None:
        while not is_done.wait(EVERY_SECONDS):
            for place in places:
                found[place.address].add(time.time(), *place.bytes_moved())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        is_done.set()
        thread.join()


def requests_in(log: Path) -> list[Request]:
    """The requests that the store has answered; what a client sends, the store receives."""
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        when, client, _, rest = line.split(" ", 3)
        _, sent, received = rest.rsplit(" ", 2)
        found.append(Request(float(when), client, int(received), int(sent)))
    return found


def moved_by_stage(
    instances: Iterable[JsonObject], counts: Mapping[str, Counts], requests: Sequence[Request]
) -> dict[str, Moved]:
    """Task -> bytes that its instances have moved, in the order of their starts."""
    ended = [entry for entry in instances if entry["start_date"] and entry["end_date"]]
    stages: dict[str, Moved] = {}
    for entry in sorted(ended, key=lambda entry: str(entry["start_date"])):
        start = moment(entry["start_date"]).timestamp()
        end, host = moment(entry["end_date"]).timestamp(), entry["hostname"]
        if host not in counts:
            continue
        objects = [r for r in requests if r.client == host and start <= r.when <= end]
        moved = Moved(
            *counts[host].between(start, end),
            sum(request.received for request in objects),
            sum(request.sent for request in objects),
        )
        stages[entry["task_id"]] = stages.get(entry["task_id"], Moved()).plus(moved)
    return stages
