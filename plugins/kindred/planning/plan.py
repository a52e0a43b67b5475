"""The plan of a night: what each stage takes, when it runs, and what it leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kindred.planning.constants import Constants
from kindred.planning.night_tasks import GIVING_WAY, NightTask, tasks_of
from kindred.planning.schedule import Cluster, Job, Phase, Ran, critical_path, run
from kindred.planning.sizes import Sizes, sizes_of
from kindred.planning.task_memory import Forecast, forecast_of
from kindred.planning.volumes import (
    MEGABYTE,
    Moved,
    Warehouse,
    artefacts_of,
    moved_by,
    warehouse_of,
)
from kindred.planning.work import TaskWork, work_of
from kindred.planning.workload import Machines, Workload
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.serving.index_plan import PARALLEL_WORKERS

PIPED = ("extract", "validate", "fit_encoder", "encode", "profile_clusters", "load_lookalikes")
"""Tasks that read or write rows while the server does; others compute first, then write."""
INDEXED_BY_LAST = ("load_lookalikes",)
"""Mapped tasks of which the last instance builds the indexes, alone."""
MADE_PARALLEL = (1 + PARALLEL_WORKERS) / PARALLEL_WORKERS
"""Processor time of a parallel build per that of its workers: their leader works, too."""
SECONDS_PER_HOUR = 3600.0
MOST_SIMULATED = 2_000
"""Instances of a task, if there are fewer slots: of more, several in turn are simulated as one."""


@dataclass(frozen=True)
class Stage:
    """A task of the plan, all instances together.

    ``seconds`` from the start of the first to the end of the last; ``busy_seconds``: of all of
    them, added up; ``path_seconds``: its part of the critical path. ``memory_mb`` is what the task
    forecasts, ``peak_mb`` what it is expected to take.
    """

    work: TaskWork
    forecast: Forecast
    memory_mb: int
    peak_mb: float
    moved: Moved
    seconds: float
    busy_seconds: float
    path_seconds: float

    @property
    def task(self) -> NightTask:
        """The task."""
        return self.work.task


@dataclass(frozen=True)
class NightPlan:
    """A planned night; ``written_mb`` goes to tables and indexes."""

    sizes: Sizes
    stages: tuple[Stage, ...]
    path: tuple[Ran, ...]
    seconds: float
    artefacts: Mapping[str, float]
    warehouse: Warehouse
    written_mb: float
    wal_mb: float

    @property
    def worker_hours(self) -> float:
        """Of the machines of all workers, as long as the night lasts."""
        return self.sizes.machines.count * self.seconds / SECONDS_PER_HOUR

    @property
    def busy_hours(self) -> float:
        """Of all tasks, added up."""
        return sum(stage.busy_seconds for stage in self.stages) / SECONDS_PER_HOUR

    @property
    def largest(self) -> Stage:
        """The stage whose task needs most memory."""
        return max(self.stages, key=lambda stage: stage.memory_mb)


def plan_night(
    night: Workload, machines: Machines, constants: Constants, **known: int
) -> NightPlan:
    """Plan a night; ``known`` sizes are those of one that was measured."""
    sizes = sizes_of(night, machines, constants.growth, **known)
    tasks = tasks_of(sizes)
    works = {task.name: work_of(task, sizes, constants) for task in tasks}
    moved = {task.name: moved_by(task, sizes) for task in tasks}
    jobs = [
        job
        for task in tasks
        for job in _jobs(works[task.name], moved[task.name], machines, constants)
    ]
    ran = run(_by_what_follows(jobs, tasks), _cluster(machines, constants))
    path = critical_path(ran)
    stages = tuple(
        _stage(works[task.name], moved[task.name], sizes, constants, ran, path) for task in tasks
    )
    warehouse = warehouse_of(sizes)
    written = _written(warehouse, sizes)
    return NightPlan(
        sizes,
        stages,
        tuple(path),
        max((one.ended for one in ran), default=0.0),
        artefacts_of(sizes),
        warehouse,
        written,
        written * constants.wal_share,
    )


def _cluster(machines: Machines, constants: Constants) -> Cluster:
    return Cluster(
        workers=machines.workers,
        cores=machines.cores,
        slots=machines.slots,
        server_cores=machines.database_cores,
        is_one=machines.is_one,
        background=constants.airflow_cores if machines.is_one else 0.0,
        waiting=constants.waiting,
    )


def _jobs(work: TaskWork, moved: Moved, machines: Machines, constants: Constants) -> list[Job]:
    """The instances of a task, with equal shares of its work."""
    task, count = work.task, work.task.instances
    cost = work.cost
    threads = work.threaded_seconds / count
    server = work.database_seconds * (1.0 + constants.background) / count
    parallel = min(1.0, cost.parallel * MADE_PARALLEL) * server
    transfer = 0.0 if machines.is_one else moved.total_mb / count / machines.network_mb
    serial = work.worker_seconds / count - threads
    threaded = Phase(worker=threads, worker_cores=float(machines.threads))
    rest = server - parallel
    middle = (
        (Phase(worker=serial, server=rest), threaded)
        if task.task_id in PIPED
        else (Phase(worker=serial), threaded, Phase(server=rest))
    )
    begin = (
        Phase(worker=constants.starting),
        Phase(pause=transfer),
        Phase(server=work.store_seconds / count),  # what is asked for is waited for
        Phase(worker=work.bucket_seconds / count),
    )
    of_last = count if task.task_id in INDEXED_BY_LAST else 1
    found = []
    for number, in_turn in enumerate(turns := _turns(count, machines.workers * machines.slots)):
        is_last = number == len(turns) - 1
        built = parallel * of_last if is_last else 0.0 if of_last > 1 else parallel * in_turn
        end = Phase(server=built, server_cores=1.0 + PARALLEL_WORKERS)
        phases = (*(_times(phase, in_turn) for phase in (*begin, *middle)), end)
        gives_way = task.task_id in GIVING_WAY
        found.append(Job(task.name, task.after, phases, gives_way, in_turn))
    return found


def _turns(count: int, slots: int) -> list[int]:
    """How many instances each simulated job stands for: one, unless there are very many."""
    jobs = min(count, max(MOST_SIMULATED, slots))
    each, more = divmod(count, jobs)
    return [each + (number < more) for number in range(jobs)]


def _times(phase: Phase, count: int) -> Phase:
    return replace(
        phase,
        worker=phase.worker * count,
        server=phase.server * count,
        pause=phase.pause * count,
    )


def _by_what_follows(jobs: Sequence[Job], tasks: Sequence[NightTask]) -> list[Job]:
    """The jobs whose task is waited for by most others first, as Airflow's default weights say."""
    followed = {task.name: set[str]() for task in tasks}
    for task in reversed(tasks):
        for before in task.after:
            followed[before] |= {task.name, *followed[task.name]}
    return sorted(jobs, key=lambda job: -len(followed[job.task]))


def _stage(
    work: TaskWork,
    moved: Moved,
    sizes: Sizes,
    constants: Constants,
    ran: Sequence[Ran],
    path: Sequence[Ran],
) -> Stage:
    own = [one for one in ran if one.job.task == work.task.name]
    forecast = forecast_of(work.task.name, sizes)
    memory = forecast.on(sizes.machines)
    return Stage(
        work,
        forecast,
        memory,
        constants.empty_mb + work.cost.memory_share * (memory - BASE_MEGABYTES),
        moved,
        max(one.ended for one in own) - min(one.began for one in own),
        sum(one.seconds for one in own),
        sum(one.seconds for one in path if one.job.task == work.task.name),
    )


def _written(warehouse: Warehouse, sizes: Sizes) -> float:
    """MB that the night writes to tables and indexes."""
    night = sizes.night
    written = warehouse.landing
    written += sum(warehouse.history.values()) * night.changed_share / night.versions
    if not night.is_quiet:
        written += sum(warehouse.snapshot.values())
        share = 1.0 if night.builds_index else night.changed_share
        written += sum(warehouse.serving.values()) * share
    return written / MEGABYTE
