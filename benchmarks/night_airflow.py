"""One night on a real Airflow: its seconds per stage, processor time, memory and bytes written."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import psycopg2

from benchmarks.critical_path import Instance, Step, critical_path, stage_seconds
from benchmarks.local_airflow import Machine
from benchmarks.process_samples import ProcessSamples
from kindred.artefacts.folder import snapshot_slug
from kindred.spec.model import Spec
from local.airflow import SCHEDULER
from local.failures import RunFailedError

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 4 * 3600.0
SILENT_SECONDS = 120.0
LANDING = ("prepare", "extract", "validate")
TASKS, AIRFLOW, SERVER = "tasks", "Airflow", "PostgreSQL"
TOOK = re.compile(r"took [\d.]+ s \(([\d.]+) s of processor time\)")
FACTS = "select stage_peak_mb, recall, encoder_version from bi.snapshots where as_of = %s"
WAL = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
# Tables and indexes only; what a COPY writes into a new table may be missing from the WAL.
RELATIONS = (
    "select coalesce(sum(write_bytes + extend_bytes), 0)::bigint from pg_stat_io"
    " where object in ('relation', 'temp relation')"
)
MEGABYTE = 2**20

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """One task of a night.

    ``seconds`` from the start of its first instance to the end of its last; ``work_seconds`` summed
    over the instances; ``processor_seconds`` and ``peak_mb`` (of the largest) as the tasks say;
    ``path_seconds`` is its part of the critical path.
    """

    name: str
    instances: int
    seconds: float
    work_seconds: float
    processor_seconds: float | None
    peak_mb: int | None
    path_seconds: float


@dataclass(frozen=True)
class Figures:
    """One night; processor seconds and peak memory by group of processes."""

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


def groups_of(running: Machine) -> dict[str, list[int]]:
    """The processes of tasks, of the rest of Airflow, and of the server."""
    components = running.airflow.supervisor.running()
    found: dict[str, list[int]] = {TASKS: [], AIRFLOW: []}
    for component in components:
        found[TASKS if component.name == SCHEDULER else AIRFLOW].append(component.process.pid)
    pid_file = running.airflow.server.pgdata / "postmaster.pid"
    return found | {SERVER: [int(pid_file.read_text().split("\n", 1)[0])]}


def run_night(
    running: Machine, spec: Spec, samples: ProcessSamples, name: str, conf: Mapping[str, Any]
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
    after = samples.processor_seconds()
    peaks = dict(samples.peak_mb)
    entries = patiently(client.task_instances_of, spec.dag_id, name)
    instances = [instance_of(entry) for entry in entries if entry["state"] == "success"]
    began, ended = moment(run["start_date"]), moment(run["end_date"])
    path = critical_path(instances, patiently(client.upstream_tasks, spec.dag_id), began)
    as_of = datetime.fromisoformat(conf["end"])
    peak_of, recall, encoder = row(dsn, FACTS, as_of)
    processor = processor_times(running, entries)
    return Figures(
        seconds=(ended - began).total_seconds(),
        landing_seconds=sum(i.seconds for i in instances if i.task_id in LANDING),
        stages=stages_of(instances, path, processor, peak_of),
        path=path,
        processor_seconds={group: after[group] - before[group] for group in after},
        peak_mb=peaks,
        wal_mb=(value(dsn, WAL) - wal) / MEGABYTE,
        relation_mb=(value(dsn, RELATIONS) - relations) / MEGABYTE,
        artefact_mb=bytes_below(artefacts(running, spec, as_of)) / MEGABYTE,
        recall=None if recall is None else float(recall),
        encoder_version=encoder,
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
) -> list[Stage]:
    """The stages of a night in the order of their starts."""
    found = []
    for name, seconds in stage_seconds(instances).items():
        same = [instance for instance in instances if instance.task_id == name]
        on_path = sum(step.instance.seconds for step in path if step.instance.task_id == name)
        work = sum(instance.seconds for instance in same)
        found.append(
            Stage(name, len(same), seconds, work, processor.get(name), peak_of.get(name), on_path)
        )
    return found


def processor_times(running: Machine, entries: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Task -> processor seconds of its instances, as their logs say."""
    found: dict[str, float] = {}
    for entry in (entry for entry in entries if entry["start_date"]):  # others have no log
        for message in patiently(running.airflow.client.log_messages, entry):
            said = TOOK.search(str(message.get("event", "")))
            if said:
                found[entry["task_id"]] = found.get(entry["task_id"], 0.0) + float(said[1])
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


def bytes_below(folder: Path) -> int:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def instance_of(entry: Mapping[str, Any]) -> Instance:
    """A task instance as Airflow's API describes it."""
    start, end = moment(entry["start_date"]), moment(entry["end_date"])
    return Instance(entry["task_id"], int(entry["map_index"]), start, end)


def moment(text: str) -> datetime:
    """A time of Airflow's API."""
    return datetime.fromisoformat(text).astimezone(UTC)


def value(dsn: str, query: str) -> int:
    """The one number of a query."""
    return int(row(dsn, query)[0])


def row(dsn: str, query: str, *parameters: Any) -> tuple[Any, ...]:
    """The one row of a query."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        [found] = cursor.fetchall()
    return tuple(found)
