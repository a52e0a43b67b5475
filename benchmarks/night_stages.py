"""Stages of one night alone, each task in a process of its own, without Airflow (some 100 MB)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import mixed_customers as mixed
from benchmarks.memory import Place
from benchmarks.processes import Alone, embedded_server, measure_alone, new_database
from benchmarks.report import Report
from kindred.backfills.fit import fit
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, open_run
from kindred.run.windows import Window
from kindred.spec.model import Spec
from kindred.tasks import run_task
from local.tables import load_table

STAGES = {
    "encode": ("encode",),
    "graph": ("plan_graph", "search_graph", "merge_graph"),
    "index": ("build_embeddings",),
    "cluster": ("cluster",),
    "profiles": ("profile_clusters",),
    "lookalikes": ("load_lookalikes",),
    "map": ("place_customers",),
}
"""What ``--stages`` names, in the order of a night, and its tasks."""

BEFORE = ("prepare", "extract", "validate", "fit_encoder")
MAPPED = {"search_graph": ("shard", "plan_graph"), "load_lookalikes": ("part", "merge_graph")}
AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
FIT_AT_MOST = 1_000_000
TEN_MILLION, MAX_SECONDS, MAX_MEGABYTES = 10_000_000, 3600.0, 16 * 1024.0
MIN_RECALL = 0.99


class PlaceOfOne(Place):
    """Databases and artefacts of tasks that run one after the other, each with all the memory."""

    @property
    def deployment(self) -> Deployment:
        """The connections, and settings for one task at a time."""
        deployment = super().deployment
        settings = deployment.settings.model_copy(update={"tasks_at_once": 1})
        return replace(deployment, settings=settings)


def chosen_stages(names: str) -> list[str]:
    """The stages named, in the order of a night.

    Raises
    ------
    SystemExit
        A name is unknown.
    """
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in STAGES]
    if unknown:
        raise SystemExit(f"--stages: found {', '.join(unknown)}, allowed are {', '.join(STAGES)}")
    return [name for name in STAGES if name in wanted]


def begin(place: Place, spec: Spec) -> None:
    """Task prepare of the first night."""
    request = Request("bench", Window(BEGINNING, AS_OF), may_fit=True)
    prepare(place.deployment, spec, request)


def fit_before(place: Place, spec: Spec, n: int) -> None:
    """Fit an encoder on the first million customers that were known, as ``kindred fit`` does."""
    known = timedelta(seconds=mixed.KNOWN_SECONDS * FIT_AT_MOST / n)
    first = mixed.BEFORE.astype(datetime).replace(tzinfo=UTC) - timedelta(
        seconds=mixed.KNOWN_SECONDS
    )
    fit(place.deployment, spec, Window(BEGINNING, first + known))


def run_stage(place: Place, spec: Spec, stage: str, part: dict[str, Any]) -> Any:
    """Run one task; what it says of its progress goes to standard error."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("kindred.progress").setLevel(logging.INFO)
    return run_task(open_run(place.deployment, spec.space, AS_OF), stage, **part)


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
    needs = {"encode": (), "graph": ("encode",), "index": ("graph",), "lookalikes": ("graph",)}
    needs |= {"cluster": ("graph",), "profiles": ("cluster",), "map": ("graph",)}
    found = set(wanted)
    while True:
        more = {name for stage in found for name in needs[stage]} - found
        if not more:
            return [name for name in STAGES if name in found]
        found |= more


def measure_stages(report: Report, spec: Spec, names: str, *, n: int, columns: int) -> None:
    """Load the source, land it, and measure the stages one after the other."""
    wanted = chosen_stages(names)
    with embedded_server() as server, TemporaryDirectory(prefix="kindred-bench-") as folder:
        place = PlaceOfOne(new_database(server, "shop"), new_database(server, "warehouse"), folder)
        load_table(place.source, mixed.source_table(n, columns))
        if n > FIT_AT_MOST:
            report_tasks(report, "before: fit", [measure_alone(fit_before, place, spec, n)])
        report_tasks(report, "before: prepare", [measure_alone(begin, place, spec)])
        for task in BEFORE[1:]:
            alone = measure_alone(run_stage, place, spec, task, {})
            report_tasks(report, f"before: {task}", [alone])
        measured: list[Alone[Any]] = []
        results: dict[str, Any] = {}
        for stage in needed(wanted):
            for task in STAGES[stage]:
                found = [
                    measure_alone(run_stage, place, spec, task, part)
                    for part in parts_of(task, spec, results)
                ]
                results[task] = found[-1].result
                what = f"{stage}: {task}" if stage in wanted else f"before: {task}"
                report_tasks(report, what, found)
                measured += found if stage in wanted else []
        if "graph" in wanted:
            report.at_least("recall", recall_of(place, spec), MIN_RECALL)
        check(report, measured, n)


def recall_of(place: Place, spec: Spec) -> float:
    """The recall of the graph that was built."""
    build = open_run(place.deployment, spec.space, AS_OF).build
    return float(build.facts["recall"])


def report_tasks(report: Report, what: str, found: Sequence[Alone[Any]]) -> None:
    """Report the instances of one task as one row."""
    report.measure(
        what,
        instances=len(found),
        seconds=sum(alone.seconds for alone in found),
        processor=sum(alone.cpu_seconds for alone in found),
        peak_mb=round(max(alone.peak_rss_mb for alone in found)),
    )


def check(report: Report, measured: Sequence[Alone[Any]], n: int) -> None:
    """Report the stages together; from ten million customers on they have limits."""
    seconds = sum(alone.seconds for alone in measured)
    peak = max(alone.peak_rss_mb for alone in measured)
    report.measure("all stages", instances=len(measured), seconds=seconds, peak_mb=round(peak))
    if n >= TEN_MILLION:
        report.at_most("seconds of the stages", seconds, MAX_SECONDS)
        report.at_most("peak MB of a task", peak, MAX_MEGABYTES)
