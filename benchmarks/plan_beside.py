"""What ``kindred plan`` predicts beside what was measured, night by night and stage by stage.

    python -m benchmarks.plan_beside 3m.json [more.json ...] [--constants FILE]

The files are those of `benchmarks.night`. Each is planned from its customers, columns, dimensions,
changes, cores and settings alone; probes and lists are predicted, too. A prediction may be off by a
fifth of the night's seconds, of the processor time of tasks and server, of the largest task's
memory, and of the bytes of artefacts and log; and by a fifth of each stage that takes a twentieth
of the night's processor time or more.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.night_airflow import CLUSTER
from benchmarks.plan_constants import SERVER, has_database
from benchmarks.plan_measured import Measured, read_measured
from benchmarks.report import Report, machine
from kindred.planning.constants import SHIPPED, Constants, read_constants
from kindred.planning.plan import NightPlan, Stage, plan_night
from kindred.planning.volumes import MEGABYTE

MOST_OFF = 0.2
LARGE_SHARE = 0.05


@dataclass(frozen=True)
class Compared:
    """A figure that was predicted and measured; ``counts``: whether it has a limit."""

    what: str
    predicted: float
    measured: float
    counts: bool

    @property
    def off(self) -> float:
        """The relative error."""
        return self.predicted / self.measured - 1.0 if self.measured else 0.0


def compared(one: Measured, constants: Constants) -> list[Compared]:
    """A night's prediction beside its measurement."""
    plan = plan_night(one.night, one.machines, constants)
    return [*_of_night(one, plan), *_of_stages(one, plan, constants)]


def _of_night(one: Measured, plan: NightPlan) -> Iterable[Compared]:
    totals = one.totals
    rows = [row for name, row in one.rows.items() if not name.startswith(f"{CLUSTER} ")]
    rows = rows if CLUSTER in one.rows else list(one.rows.values())
    if totals:
        yield Compared("seconds", plan.seconds, float(totals["seconds"]), counts=True)
        server = sum(stage.work.database_seconds for stage in plan.stages)
        yield Compared("server, processor", server, float(totals[SERVER]), counts=False)
    worker = sum(stage.work.worker_seconds for stage in plan.stages)
    measured = sum(float(row.get("processor") or 0.0) for row in rows)
    yield Compared("tasks, processor", worker, measured, counts=True)
    peaks = [float(row["peak_mb"]) for row in one.rows.values() if row.get("peak_mb")]
    largest = max(stage.peak_mb for stage in plan.stages)
    yield Compared("MB of the largest task", largest, max(peaks), counts=True)
    if one.artefacts:
        predicted = sum(plan.artefacts.values()) / MEGABYTE
        yield Compared("MB of artefacts", predicted, sum(one.artefacts.values()), counts=True)
    logged = [float(row["wal_mb"]) for row in (*one.rows.values(), totals) if "wal_mb" in row]
    yield Compared("MB of the log", plan.wal_mb, sum(logged), counts=True)


def _of_stages(one: Measured, plan: NightPlan, constants: Constants) -> Iterable[Compared]:
    everything = sum(_taken(stage) for stage in plan.stages)
    told = has_database(one)
    for name, row in one.rows.items():
        stages = [stage for stage in plan.stages if name in (stage.task.name, stage.task.task_id)]
        if not stages or row.get("processor") is None:
            continue
        counts = sum(map(_taken, stages)) >= LARGE_SHARE * everything
        predicted = sum(stage.work.worker_seconds for stage in stages)
        measured = float(row["processor"])
        if told and row.get("database") is not None:
            predicted += sum(stage.work.database_seconds for stage in stages)
            measured += float(row["database"])
        yield Compared(f"{name}, processor", predicted, measured, counts=counts)
        if one.totals:
            seconds = max(stage.seconds for stage in stages)
            yield Compared(f"{name}, seconds", seconds, float(row["seconds"]), counts=False)


def _taken(stage: Stage) -> float:
    return stage.work.worker_seconds + stage.work.database_seconds


def report_compared(report: Report, one: Measured, constants: Constants) -> None:
    """Report a night, and hold what counts against its limit."""
    name = f"{one.source}, {one.facts['kind']}"
    for figure in compared(one, constants):
        report.measure(
            figure.what,
            group=name,
            predicted=figure.predicted,
            measured=figure.measured,
            off_percent=100 * figure.off,
        )
        if figure.counts:
            report.at_most(f"{name}: {figure.what}, off", abs(figure.off), MOST_OFF)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="night.json or night_stages.json")
    parser.add_argument("--constants", type=Path, default=SHIPPED, help="the constants to use")
    options = parser.parse_args(arguments)
    constants = read_constants(options.constants)
    report = Report("plan_beside", {"files": ", ".join(map(str, options.files))}, machine())
    for path in options.files:
        for one in read_measured(path):
            report_compared(report, one, constants)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
