"""The critical path of a run: the chain of task instances that decided when it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Instance:
    """One finished task instance of a run; ``map_index`` is -1 if the task is not mapped."""

    task_id: str
    map_index: int
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Step:
    """One instance of the path, and how long it waited for a slot after the one before."""

    instance: Instance
    waited: float


def critical_path(
    instances: Sequence[Instance], upstream: Mapping[str, Sequence[str]], began: datetime
) -> list[Step]:
    """From the instance that ended last back to the beginning, then in the order of the run.

    The one before each is the upstream instance that ended last, by name among equals. ``upstream``
    has the tasks that a task waits for; those that did not run are passed over. The first one has
    waited since ``began``.
    """
    by_task: dict[str, list[Instance]] = {}
    for instance in instances:
        by_task.setdefault(instance.task_id, []).append(instance)
    steps: list[Step] = []
    current = _last(instances)
    while current is not None:
        before = _last(_ran_before(current.task_id, upstream, by_task))
        since = began if before is None else before.end
        steps.append(Step(current, max(0.0, (current.start - since).total_seconds())))
        current = before
    return steps[::-1]


def _ran_before(
    task_id: str, upstream: Mapping[str, Sequence[str]], by_task: Mapping[str, list[Instance]]
) -> list[Instance]:
    """The instances of the tasks before; of a task that did not run, those before that."""
    found: list[Instance] = []
    for name in upstream.get(task_id, ()):
        found += by_task.get(name) or _ran_before(name, upstream, by_task)
    return found


def _last(instances: Sequence[Instance]) -> Instance | None:
    return max(instances, key=lambda i: (i.end, i.task_id, i.map_index), default=None)


def stage_seconds(instances: Sequence[Instance]) -> dict[str, float]:
    """Task -> seconds from the start of its first instance to the end of its last, by start."""
    found: dict[str, float] = {}
    for instance in sorted(instances, key=lambda i: (i.start, i.task_id)):
        same = [other for other in instances if other.task_id == instance.task_id]
        end = max(other.end for other in same)
        found.setdefault(instance.task_id, (end - instance.start).total_seconds())
    return found
