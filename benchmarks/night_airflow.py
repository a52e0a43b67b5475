"""One night on a real Airflow: its seconds per stage, processor time, memory and bytes written."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np

from benchmarks.critical_path import Instance, Step, critical_path, stage_seconds
from benchmarks.local_airflow import Machine
from benchmarks.night_facts import (
    MEGABYTE,
    RELATIONS,
    WAL,
    artefact_megabytes,
    bytes_below,
    indexed,
    row,
    searched,
    value,
    warehouse_megabytes,
)
from benchmarks.process_samples import Processes, ProcessSamples
from benchmarks.server_samples import ServerSamples
from kindred.artefacts.folder import snapshot_slug
from kindred.spec.model import Spec
from local.airflow import SCHEDULER
from local.failures import RunFailedError

POLL_SECONDS = 3.0
PATIENCE_SECONDS = 4 * 3600.0
SILENT_SECONDS = 120.0
LANDING = ("prepare", "extract", "validate")
CLUSTER = "cluster"
TASKS, AIRFLOW, SERVER = "tasks", "Airflow", "PostgreSQL"
TOOK = re.compile(r"took [\d.]+ s \(([\d.]+) s of processor time\)")
FACTS = "select stage_peak_mb, recall, encoder_version from bi.snapshots where as_of = %s"

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """One task of a night.

    ``seconds`` from the start of its first instance to the end of its last; ``work_seconds`` summed
    over the instances; ``processor_seconds`` and ``peak_mb`` (of the largest) as the tasks say;
    ``path_seconds`` is its part of the critical path; ``database_seconds`` are the server's, of
    processor time in the stage's sessions.
    """

    name: str
    instances: int
    seconds: float
    work_seconds: float
    processor_seconds: float | None
    peak_mb: int | None
    path_seconds: float
    database_seconds: float | None = None


@dataclass(frozen=True)
class Samples:
    """What is sampled while nights run: processes by group, and the server by stage."""

    processes: ProcessSamples
    server: ServerSamples

    def begin(self) -> dict[str, float]:
        """Measure anew; return the processor seconds of each group so far."""
        self.server.begin()
        return self.processes.begin()


@dataclass(frozen=True)
class Figures:
    """One night; processor seconds and peak memory by group of processes.

    ``artefacts``: MB by name; ``searched``: what its graph and its index were made of.
    """

    seconds: float
    landing_seconds: float
    stages: list[Stage]
    path: list[Step]
    processor_seconds: dict[str, float]
    peak_mb: dict[str, float]
    wal_mb: float
    relation_mb: float
    artefact_mb: float
    recall: float | None
    encoder_version: int | None
    warehouse_mb: float = 0.0
    artefacts: Mapping[str, float] = field(default_factory=dict)
    searched: Mapping[str, Any] = field(default_factory=dict)


def groups_of(running: Machine) -> dict[str, Processes]:
    """The processes of tasks, of the rest of Airflow, and of the server.

    The scheduler starts the processes of the tasks.
    """
    pids = {one.name: one.process.pid for one in running.airflow.supervisor.running()}
    scheduler = pids.pop(SCHEDULER)
    pid_file = running.airflow.server.pgdata / "postmaster.pid"
    return {
        TASKS: Processes(below=[scheduler]),
        AIRFLOW: Processes(with_children=list(pids.values()), alone=[scheduler]),
        SERVER: Processes(with_children=[int(pid_file.read_text().split("\n", 1)[0])]),
    }


def run_night(
    running: Machine, spec: Spec, samples: Samples, name: str, conf: Mapping[str, Any]
) -> Figures:
    """Run the DAG once by hand, wait for its end, and collect the figures.

    Raises
    ------
    RunFailedError
        The run fails, or does not end in time.
    """
    client, dsn = running.airflow.client, running.warehouse_dsn
    before, wal, relations = samples.begin(), value(dsn, WAL), value(dsn, RELATIONS)
    client.start_run(spec.dag_id, conf, name)
    run = wait_for(running, spec.dag_id, name)
    after, server = samples.processes.processor_seconds(), dict(samples.server.seconds)
    peaks = dict(samples.processes.peak_mb)
    entries = patiently(client.task_instances_of, spec.dag_id, name)
    instances = [instance_of(entry) for entry in entries if entry["state"] == "success"]
    began, ended = moment(run["start_date"]), moment(run["end_date"])
    path = critical_path(instances, patiently(client.upstream_tasks, spec.dag_id), began)
    as_of = datetime.fromisoformat(conf["end"])
    peak_of, recall, encoder = row(dsn, FACTS, as_of)
    processor = processor_times(running, entries, spec)
    folder = artefacts(running, spec, as_of)
    return Figures(
        seconds=(ended - began).total_seconds(),
        landing_seconds=sum(i.seconds for i in instances if i.task_id in LANDING),
        stages=[
            *stages_of(instances, path, processor, peak_of, server),
            *stages_of(by_algorithm(instances, spec), (), processor, {}),
        ],
        path=path,
        processor_seconds={group: after[group] - before[group] for group in after},
        peak_mb=peaks,
        wal_mb=(value(dsn, WAL) - wal) / MEGABYTE,
        relation_mb=(value(dsn, RELATIONS) - relations) / MEGABYTE,
        artefact_mb=bytes_below(folder) / MEGABYTE,
        recall=None if recall is None else float(recall),
        encoder_version=encoder,
        warehouse_mb=warehouse_megabytes(dsn),
        artefacts=artefact_megabytes(folder),
        searched={**searched(folder), **indexed(dsn, as_of)},
    )


def wait_for(running: Machine, dag_id: str, run_id: str) -> dict[str, Any]:
    """Wait until a run has succeeded; return Airflow's entry of it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        running.airflow.check()
        run = patiently(running.airflow.client.run, dag_id, run_id)
        if run["state"] == "success":
            return run
        logs = running.airflow.layout.logs / "tasks"
        if run["state"] == "failed":
            raise RunFailedError(dag_id, f"{run_id} has failed; see {logs}")
        if time.monotonic() > deadline:
            raise RunFailedError(dag_id, f"{run_id}: not done in {PATIENCE_SECONDS:.0f} s; {logs}")
        time.sleep(POLL_SECONDS)


def patiently(read: Callable[..., T], *given: Any) -> T:
    """What the API answers, asked again while the machine is too busy for an answer in time."""
    deadline = time.monotonic() + SILENT_SECONDS
    while True:
        try:
            return read(*given)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def stages_of(
    instances: Sequence[Instance],
    path: Sequence[Step],
    processor: Mapping[str, float],
    peak_of: Mapping[str, int],
    server: Mapping[str, float] | None = None,
) -> list[Stage]:
    """The stages of a night in the order of their starts."""
    found = []
    for name, seconds in stage_seconds(instances).items():
        same = [instance for instance in instances if instance.task_id == name]
        on_path = sum(step.instance.seconds for step in path if step.instance.task_id == name)
        work = sum(instance.seconds for instance in same)
        measured = (processor.get(name), peak_of.get(name), on_path, (server or {}).get(name))
        found.append(Stage(name, len(same), seconds, work, *measured))
    return found


def by_algorithm(instances: Sequence[Instance], spec: Spec) -> list[Instance]:
    """The instances of ``cluster``, as tasks of their own."""
    return [
        replace(one, task_id=name_of(one.task_id, one.map_index, spec), map_index=-1)
        for one in instances
        if one.task_id == CLUSTER
    ]


def name_of(task_id: str, map_index: int, spec: Spec) -> str:
    """The task, with the algorithm if it is ``cluster``."""
    if task_id != CLUSTER:
        return task_id
    return f"{task_id} {spec.clustering.algorithms[map_index]}"


def processor_times(
    running: Machine, entries: Sequence[Mapping[str, Any]], spec: Spec
) -> dict[str, float]:
    """Task, and algorithm of ``cluster`` -> processor seconds of its instances, by their logs."""
    found: dict[str, float] = {}
    for entry in (entry for entry in entries if entry["state"] == "success"):  # skipped: no log
        for message in patiently(running.airflow.client.log_messages, entry):
            said = TOOK.search(str(message.get("event", "")))
            if said:
                task_id = entry["task_id"]
                for name in {task_id, name_of(task_id, int(entry["map_index"]), spec)}:
                    found[name] = found.get(name, 0.0) + float(said[1])
    return found


def changed_share(running: Machine, spec: Spec, as_of: datetime, before: datetime) -> float | None:
    """The share of a night's vectors that are new or other than an earlier night's.

    None where the earlier artefacts have gone, or the vectors have another width.
    """
    found = [vectors_of(running, spec, date) for date in (as_of, before)]
    if not all(found):
        return None
    keys, vectors = ([load(folder[0], n) for folder in found] for n in ("customers", "vectors"))
    if vectors[0].shape[1] != vectors[1].shape[1]:
        return None
    place = np.minimum(np.searchsorted(keys[1], keys[0]), len(keys[1]) - 1)
    changed = 0
    for start in range(0, len(place), 100_000):
        rows = slice(start, start + 100_000)
        is_other = (vectors[0][rows] != vectors[1][place[rows]]).any(axis=1)
        changed += int((is_other | (keys[1][place[rows]] != keys[0][rows])).sum())
    return changed / len(place)


def vectors_of(running: Machine, spec: Spec, as_of: datetime) -> list[Path]:
    """Where a night's vectors are; empty for one that has computed none."""
    return list(artefacts(running, spec, as_of).glob("*/vectors"))


def load(folder: Path, name: str) -> np.ndarray:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))


def artefacts(running: Machine, spec: Spec, as_of: datetime) -> Path:
    """The folder of a night's artefacts."""
    return running.airflow.layout.artifacts / spec.space / snapshot_slug(as_of)


def instance_of(entry: Mapping[str, Any]) -> Instance:
    """A task instance as Airflow's API describes it."""
    start, end = moment(entry["start_date"]), moment(entry["end_date"])
    return Instance(entry["task_id"], int(entry["map_index"]), start, end)


def moment(text: str) -> datetime:
    """A time of Airflow's API."""
    return datetime.fromisoformat(text).astimezone(UTC)
