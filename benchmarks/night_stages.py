"""Stages of nights alone, each task in a process of its own, without Airflow (some 100 MB)."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import mixed_customers as mixed
from benchmarks.memory import Place
from benchmarks.night_facts import (
    MEGABYTE,
    RELATIONS,
    WAL,
    artefact_megabytes,
    bytes_below,
    indexed,
    searched,
    value,
    warehouse_megabytes,
)
from benchmarks.night_kinds import (
    BEGINNING,
    ChangingSource,
    Night,
    window_of,
    with_algorithms,
)
from benchmarks.process_samples import Processes, ProcessSamples
from benchmarks.processes import Alone, embedded_server, measure_alone, new_database
from benchmarks.report import Report
from benchmarks.server_samples import ServerSamples, server_sampled
from kindred.artefacts.folder import snapshot_slug
from kindred.backfills.fit import fit
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, open_run
from kindred.run.windows import Window
from kindred.spec.model import Spec
from kindred.tasks import reason_to_skip, run_task
from local.postgres import EmbeddedServer
from local.tables import load_table

STAGES = {
    "encode": ("encode",),
    "graph": ("plan_graph", "search_graph", "merge_graph"),
    "index": ("build_embeddings",),
    "cluster": ("cluster",),
    "profiles": ("profile_clusters",),
    "lookalikes": ("load_lookalikes",),
    "map": ("place_customers",),
    "publication": ("quality_gate", "publish", "clean_up"),
}
"""What ``--stages`` names, in the order of a night, and its tasks."""

NEEDS = {
    "encode": (), "graph": ("encode",), "index": ("graph",), "lookalikes": ("graph",),
    "cluster": ("graph",), "profiles": ("cluster",), "map": ("graph",),
    "publication": ("index", "profiles", "lookalikes", "map"),
}  # fmt: skip
BEFORE = ("prepare", "extract", "validate", "fit_encoder")
MAPPED = {"search_graph": ("shard", "plan_graph"), "load_lookalikes": ("part", "merge_graph")}
FIT_AT_MOST = 1_000_000
TEN_MILLION, MAX_SECONDS, MAX_MEGABYTES = 10_000_000, 3600.0, 16 * 1024.0
MIN_RECALL = 0.99
SERVER = "PostgreSQL"


@dataclass(frozen=True)
class PlaceOfOne(Place):
    """Databases and artefacts of tasks that run one after the other, each with all the memory.

    ``shard_rows``: 0 for what the settings say.
    """

    shard_rows: int = 0

    @property
    def deployment(self) -> Deployment:
        """The connections, and settings for one task at a time."""
        deployment = super().deployment
        changes = {"shard_rows": self.shard_rows} if self.shard_rows else {}
        settings = deployment.settings.model_copy(update={"tasks_at_once": 1, **changes})
        return replace(deployment, settings=settings)


def chosen_stages(names: str) -> list[str]:
    """The stages named, in the order of a night; ``all`` names each of them.

    Raises
    ------
    SystemExit
        A name is unknown.
    """
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in (*STAGES, "all")]
    if unknown:
        raise SystemExit(
            f"--stages: found {', '.join(unknown)}, allowed are {', '.join(STAGES)}, all"
        )
    return [name for name in STAGES if name in wanted or "all" in wanted]


def begin(place: Place, spec: Spec, window: Window) -> None:
    """Task prepare."""
    run_id = f"bench__{window.as_of.isoformat()}"
    prepare(place.deployment, spec, Request(run_id, window, may_fit=True))


def fit_before(place: Place, spec: Spec, n: int) -> None:
    """Fit an encoder on the first million customers that were known, as ``kindred fit`` does."""
    known = timedelta(seconds=mixed.KNOWN_SECONDS * FIT_AT_MOST / n)
    first = mixed.BEFORE.astype(datetime).replace(tzinfo=BEGINNING.tzinfo) - timedelta(
        seconds=mixed.KNOWN_SECONDS
    )
    fit(place.deployment, spec, Window(BEGINNING, first + known))


def run_stage(place: Place, spec: Spec, as_of: datetime, stage: str, part: dict[str, Any]) -> Any:
    """Run one task; what it says of its progress goes to standard error."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("kindred.progress").setLevel(logging.INFO)
    return run_task(open_run(place.deployment, spec.space, as_of), stage, **part)


def parts_of(task: str, spec: Spec, results: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a task: one without arguments if it is not mapped."""
    if task == "cluster":
        return [{"algorithm": str(a)} for a in spec.clustering.algorithms]
    if task in MAPPED:
        argument, before = MAPPED[task]
        return [{argument: number} for number in results[before]]
    return [{}]


def needed(wanted: Sequence[str]) -> list[str]:
    """The stages wanted, with those that they need."""
    found = set(wanted)
    while True:
        more = {name for stage in found for name in NEEDS[stage]} - found
        if not more:
            return [name for name in STAGES if name in found]
        found |= more


@dataclass(frozen=True)
class Spent:
    """What the server and the artefacts have taken so far, or of one task."""

    database: float
    wal_mb: float
    relation_mb: float
    artefact_mb: float

    def since(self, before: "Spent") -> dict[str, float]:
        """The differences by name."""
        return {name: vars(self)[name] - vars(before)[name] for name in vars(self)}


@dataclass
class NightsAlone:
    """Nights of one space, task by task."""

    report: Report
    place: PlaceOfOne
    server: EmbeddedServer
    samples: ServerSamples
    spec: Spec
    measured: list[Alone[Any]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)

    def run(self, number: int, night: Night, wanted: Sequence[str]) -> None:
        """Run the tasks of a night; those of stages that are not wanted are listed as before."""
        spec, window = with_algorithms(self.spec, night.algorithms), window_of(number)
        self.results.clear()
        with self._task(night, "prepare") as found:
            found.append(measure_alone(begin, self.place, spec, window))
        for task in BEFORE[1:]:
            self._run(night, spec, window.as_of, task)
        for stage in needed(wanted):
            for task in STAGES[stage]:
                alone = self._run(night, spec, window.as_of, task)
                self.measured += alone if stage in wanted else []
        folder = self._folder(window.as_of)
        dsn = self.place.warehouse
        self.report.measure(
            night.name, group="searched", **searched(folder), **indexed(dsn, window.as_of)
        )
        self.report.measure(night.name, group="MB of artefacts", **artefact_megabytes(folder))
        self.report.measure(
            night.name, group="MB of the warehouse", warehouse_mb=warehouse_megabytes(dsn)
        )

    def _run(self, night: Night, spec: Spec, as_of: datetime, task: str) -> list[Alone[Any]]:
        if reason_to_skip(open_run(self.place.deployment, spec.space, as_of), task):
            return []
        alone: list[Alone[Any]] = []
        with self._task(night, task) as found:
            for part in parts_of(task, spec, self.results):
                found.append(measure_alone(run_stage, self.place, spec, as_of, task, part))
                if "algorithm" in part:
                    self._report(night, f"{task} {part['algorithm']}", found)
                    alone += [found.pop()]
        alone += found
        self.results[task] = alone[-1].result
        return alone

    @contextmanager
    def _task(self, night: Night, task: str) -> Iterator[list[Alone[Any]]]:
        self._before = self._spent()
        self.samples.begin()
        found: list[Alone[Any]] = []
        yield found
        if found:
            self._report(night, task, found)

    def _report(self, night: Night, what: str, found: Sequence[Alone[Any]]) -> None:
        now, workers = self._spent(), sum(self.samples.parallel.values())
        self.report.measure(
            what,
            group=night.name,
            instances=len(found),
            seconds=sum(alone.seconds for alone in found),
            processor=sum(alone.cpu_seconds for alone in found),
            main=sum(alone.main_cpu_seconds for alone in found),
            **now.since(self._before),
            database_parallel=workers,
            peak_mb=round(max(alone.peak_rss_mb for alone in found)),
        )
        self._before = now
        self.samples.begin()

    def _spent(self) -> Spent:
        pid_file = self.server.pgdata / "postmaster.pid"
        pids = [int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])]
        server = {SERVER: Processes(with_children=pids)}
        seconds = ProcessSamples(server).processor_seconds()[SERVER]
        wal, relations = (value(self.place.warehouse, query) for query in (WAL, RELATIONS))
        written = bytes_below(Path(self.place.artefacts))
        return Spent(seconds, wal / MEGABYTE, relations / MEGABYTE, written / MEGABYTE)

    def _folder(self, as_of: datetime) -> Path:
        return Path(self.place.artefacts) / self.spec.space / snapshot_slug(as_of)


def measure_stages(
    report: Report,
    spec: Spec,
    nights: Sequence[Night],
    *,
    stages: str,
    n: int,
    columns: int,
    shard_rows: int = 0,
) -> None:
    """Load the source, and measure the stages of the nights one after the other."""
    wanted = chosen_stages("all" if len(nights) > 1 else stages)
    with ExitStack() as stack:
        server = stack.enter_context(embedded_server())
        folder = stack.enter_context(TemporaryDirectory(prefix="kindred-bench-"))
        shop, warehouse = (new_database(server, name) for name in ("shop", "warehouse"))
        place = PlaceOfOne(shop, warehouse, folder, shard_rows)
        load_table(place.source, mixed.source_table(n, columns))
        samples = stack.enter_context(server_sampled(server.dsn("postgres")))
        alone = NightsAlone(report, place, server, samples, spec)
        if n > FIT_AT_MOST:
            seconds = measure_alone(fit_before, place, spec, n).seconds
            report.measure("before: fit", group=nights[0].name, seconds=seconds)
        source = ChangingSource(place.source, n, columns)
        for number, night in enumerate(nights):
            report.measure(night.name, group="nights", **source.change(number, night))
            alone.run(number, night, wanted)
        if "graph" in wanted:
            report.at_least("recall", recall_of(place, spec), MIN_RECALL)
        check(report, alone.measured, n)


def recall_of(place: Place, spec: Spec) -> float:
    """The recall of the first night's graph."""
    build = open_run(place.deployment, spec.space, window_of(0).as_of).build
    return float(build.facts["recall"])


def check(report: Report, measured: Sequence[Alone[Any]], n: int) -> None:
    """Report the stages together; from ten million customers on they have limits."""
    seconds = sum(alone.seconds for alone in measured)
    peak = max(alone.peak_rss_mb for alone in measured)
    report.measure("all stages", instances=len(measured), seconds=seconds, peak_mb=round(peak))
    if n >= TEN_MILLION:
        report.at_most("seconds of the stages", seconds, MAX_SECONDS)
        report.at_most("peak MB of a task", peak, MAX_MEGABYTES)
