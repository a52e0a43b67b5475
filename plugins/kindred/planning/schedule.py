"""When each task of a night runs: workers with slots and cores, and a server that all share.

A simulation in continuous time. A task waits for those before it and for a slot, then goes through
its phases one after the other. A phase needs processor time of its worker and of the server, side
by side, on no more cores than it can use. The cores of a machine are shared evenly among those who
want them; nobody gets more than they can use. Who gives way gets what all others leave.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

SERVER = -1
"""The server's number among the machines; workers are 0, 1, …"""
TINY = 1e-9


@dataclass(frozen=True)
class Phase:
    """Processor seconds on the worker and on the server, and the most cores of each that it uses.

    ``pause``: seconds in which it uses neither, such as waiting for bytes.
    """

    worker: float = 0.0
    worker_cores: float = 1.0
    server: float = 0.0
    server_cores: float = 1.0
    pause: float = 0.0


@dataclass(frozen=True)
class Job:
    """One instance of a task, and the names of the tasks that it waits for.

    ``gives_way``: on its worker, not on the server. ``instances``: how many it stands for, one
    after the other.
    """

    task: str
    after: tuple[str, ...]
    phases: tuple[Phase, ...]
    gives_way: bool = False
    instances: int = 1


@dataclass(frozen=True)
class Ran:
    """A job that has run: on which worker, and its seconds since the night began.

    ``ready``: when all before it had ended; ``slot_of``: the job whose end gave it its slot, None
    if it waited for none.
    """

    job: Job
    worker: int
    began: float
    ended: float
    ready: float = 0.0
    slot_of: "Ran | None" = field(default=None, compare=False, repr=False)

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.ended - self.began

    @property
    def waited_for_slot(self) -> float:
        """How long it could have run but for a slot."""
        return 0.0 if self.slot_of is None else self.began - self.ready


@dataclass(frozen=True)
class Cluster:
    """``workers`` machines of so many ``cores`` and ``slots``, and a server.

    ``is_one``: all share the cores of one machine. ``background``: cores that others take of the
    machine of the server. ``waiting``: seconds from the end of a task to the start of the next.
    """

    workers: int
    cores: float
    slots: int
    server_cores: float
    is_one: bool = False
    background: float = 0.0
    waiting: float = 0.0


Queue = deque[tuple[int, Job]]
"""Jobs of one task that wait, each with its place among all: a night may have thousands of them."""

Queues = dict[tuple[str, tuple[str, ...]], Queue]
"""By task, and by the tasks that it waits for."""


@dataclass
class _Running:
    job: Job
    worker: int
    began: float
    ready: float
    slot_of: Ran | None
    number: int = 0
    left: list[float] = field(default_factory=list)  # worker, server, pause

    def begin(self) -> bool:
        """Begin the next phase that has anything to do; False if there is none."""
        while self.number < len(self.job.phases):
            phase = self.job.phases[self.number]
            self.left = [phase.worker, phase.server, phase.pause]
            self.number += 1
            if max(self.left) > TINY:
                return True
        return False

    @property
    def phase(self) -> Phase:
        return self.job.phases[self.number - 1]


class _Slots:
    """The slots of all workers that are taken; there may be thousands of them."""

    def __init__(self, cluster: Cluster) -> None:
        self.last: dict[int, Ran] = {}
        self._each = cluster.slots
        self._taken = [0] * cluster.workers
        # By the slots taken; what is no longer so is left until it comes first.
        self._by_taken = [(0, worker) for worker in range(cluster.workers)]

    def take(self) -> int | None:
        """Take a slot of the worker with the most free ones; None if all are taken."""
        while self._by_taken[0][0] != self._taken[self._by_taken[0][1]]:
            heappop(self._by_taken)
        taken, worker = self._by_taken[0]
        if taken == self._each:
            return None
        heappop(self._by_taken)
        self._count(worker, taken + 1)
        return worker

    def free(self, ran: Ran) -> None:
        """Give back the slot of a job that has run."""
        self.last[ran.worker] = ran
        self._count(ran.worker, self._taken[ran.worker] - 1)

    def _count(self, worker: int, taken: int) -> None:
        self._taken[worker] = taken
        heappush(self._by_taken, (taken, worker))


@dataclass(frozen=True)
class _Want:
    """So many cores for a job, by its place among the running; ``kind``: 0 worker, 1 server."""

    number: int
    kind: int
    cores: float
    gives_way: bool


def run(jobs: Sequence[Job], cluster: Cluster) -> list[Ran]:
    """Run all jobs; those that could begin at the same time begin in the given order.

    Raises
    ------
    ValueError
        Jobs wait for each other, or for one that is not there.
    """
    queues, running, ran = _queues(jobs), list[_Running](), list[Ran]()
    slots = _Slots(cluster)
    left = _counted(jobs)
    ready_at: dict[str, float] = {}
    now = 0.0
    while queues or running:
        before = (now, len(running), len(ran))
        ready = _ready(queues, left, ready_at, now, cluster)
        while ready and (worker := slots.take()) is not None:
            running.append(_started(_first(ready, queues), worker, now, ready_at, slots))
            if not running[-1].begin():
                _finish(running.pop(), left, now, ran, slots)
        rates = _rates(running, cluster)
        step = _step(running, rates, ready_at, now)
        now += step
        going = list[_Running]()
        for one, speeds in zip(running, rates, strict=True):
            one.left = [max(0.0, x - v * step) for x, v in zip(one.left, speeds, strict=True)]
            if max(one.left) > TINY or one.begin():
                going.append(one)
            else:
                _finish(one, left, now, ran, slots)
        running = going
        if before == (now, len(running), len(ran)) and not running:
            job = _first(list(queues.values()), queues)
            raise ValueError(f"{job.task} waits for what never ends: {job.after}")
    return ran


def _counted(jobs: Iterable[Job]) -> dict[str, int]:
    found: dict[str, int] = {}
    for job in jobs:
        found[job.task] = found.get(job.task, 0) + 1
    return found


def _queues(jobs: Iterable[Job]) -> Queues:
    """The jobs by task and what they wait for, each with its place in the list."""
    found: Queues = {}
    for place, job in enumerate(jobs):
        found.setdefault((job.task, job.after), deque()).append((place, job))
    return found


def _ready(
    queues: Queues,
    left: Mapping[str, int],
    ready_at: dict[str, float],
    now: float,
    cluster: Cluster,
) -> list[Queue]:
    """The queues of jobs that can begin now; notes when a task's predecessors have ended."""
    found = []
    for (task, after), queue in queues.items():
        if any(left.get(before, 0) for before in after):
            continue
        began = ready_at.setdefault(task, now + cluster.waiting)
        if now >= began - TINY:
            found.append(queue)
    return found


def _first(chosen: list[Queue], queues: Queues) -> Job:
    """Take the job that stands first in the list out of the chosen queues."""
    queue = min(chosen, key=lambda one: one[0][0])
    _, job = queue.popleft()
    if not queue:
        chosen.remove(queue)
        del queues[job.task, job.after]
    return job


def _started(
    job: Job, worker: int, now: float, ready_at: Mapping[str, float], slots: _Slots
) -> _Running:
    """A job that begins now; if it could have before, its slot is that of the last that ended."""
    ready = ready_at[job.task]
    slot_of = slots.last[worker] if now > ready + TINY else None
    return _Running(job, worker, now, min(ready, now), slot_of)


def _finish(one: _Running, left: dict[str, int], now: float, ran: list[Ran], slots: _Slots) -> None:
    left[one.job.task] -= 1
    ran.append(Ran(one.job, one.worker, one.began, now, one.ready, one.slot_of))
    slots.free(ran[-1])


def _rates(running: Sequence[_Running], cluster: Cluster) -> list[list[float]]:
    """The cores that each job gets of its worker and of the server, and 1 for its pause."""
    wants: dict[int, list[_Want]] = {}
    for number, one in enumerate(running):
        at = SERVER if cluster.is_one else one.worker
        if one.left[0] > TINY:
            want = _Want(number, 0, one.phase.worker_cores, one.job.gives_way)
            wants.setdefault(at, []).append(want)
        if one.left[1] > TINY:
            wants.setdefault(SERVER, []).append(_Want(number, 1, one.phase.server_cores, False))
    rates = [[0.0, 0.0, 1.0] for _ in running]
    for machine, wanted in wants.items():
        cores = _cores_of(machine, cluster)
        for gives_way in (False, True):
            asking = [want for want in wanted if want.gives_way is gives_way]
            for want, share in zip(asking, _shared(asking, cores), strict=True):
                rates[want.number][want.kind] = share
                cores -= share
    return rates


def _cores_of(machine: int, cluster: Cluster) -> float:
    cores = cluster.cores if cluster.is_one or machine != SERVER else cluster.server_cores
    return max(TINY, cores - cluster.background) if machine == SERVER else cores


def _shared(wanted: Sequence[_Want], cores: float) -> list[float]:
    """Divide cores: evenly, and what somebody cannot use among the others."""
    left, found = max(0.0, cores), [0.0] * len(wanted)
    open_ones = sorted(range(len(wanted)), key=lambda place: wanted[place].cores)
    for done, place in enumerate(open_ones):
        found[place] = min(wanted[place].cores, left / (len(open_ones) - done))
        left -= found[place]
    return found


def _step(
    running: Sequence[_Running],
    rates: Sequence[Sequence[float]],
    ready_at: Mapping[str, float],
    now: float,
) -> float:
    """Seconds until something changes: a need is met, or a task may begin."""
    times = [began - now for began in ready_at.values() if began > now + TINY]
    for one, speeds in zip(running, rates, strict=True):
        times += [x / v for x, v in zip(one.left, speeds, strict=True) if x > TINY and v > TINY]
    return min(times, default=0.0)


def critical_path(ran: Sequence[Ran]) -> list[Ran]:
    """From the job that ended last back to the beginning, then in the order of the night.

    Before a job that waited for a slot comes the one that held it, else the last that it waits for.
    So nothing but Airflow's own time lies between two steps.
    """
    by_task: dict[str, list[Ran]] = {}
    for one in ran:
        by_task.setdefault(one.job.task, []).append(one)
    steps, current = list[Ran](), _last(ran)
    while current is not None:
        steps.append(current)
        current = current.slot_of or _last(
            one for name in current.job.after for one in by_task.get(name, ())
        )
    return steps[::-1]


def _last(ran: Iterable[Ran]) -> Ran | None:
    return max(ran, key=lambda one: (one.ended, one.job.task), default=None)
