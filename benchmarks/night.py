"""Nights of many mixed customers on a real Airflow: seconds per stage, and what decided them.

The source is a table of n customers of 20 columns (`benchmarks.mixed_customers`; ``--columns`` for
another width), the spec what ``kindred infer-spec`` proposes for it: k 10, k-means and HDBSCAN. A
real Airflow, set up as by ``make run`` (LocalExecutor, embedded PostgreSQL, on this machine), runs
the whole DAG, one night after the other:

- **first**: nothing is there; the encoder is fitted.
- **full**: on the encoder of the night before, after 30 % of the customers have changed, which is
  more than a night computes as a difference.
- **changed**: 1 % of the customers have changed, .2 % are new.
- **quiet**: nothing has changed, and nothing is computed.
- **switched, kmeans**: as many have changed, and the spec has k-means alone from now on. No limit:
  it makes the night that the next one can build on.
- **changed, kmeans**: as many have changed; k-means alone.

For each night and stage: **seconds** from the start of its first task instance to the end of its
last (from Airflow), **work** summed over the instances, **processor** and **peak MB** (of the
largest instance) as the tasks themselves record them, and what it adds to the critical **path**. A
night's row has the seconds from the start of the run to its end, those of landing (prepare,
extract, validate), processor seconds of the tasks, of the rest of Airflow and of PostgreSQL, the
highest memory of all tasks at one moment (PSS, which counts shared pages once; the scheduler, from
which tasks are forked, included), and MB written: to the WAL, to tables and indexes
(``pg_stat_io``, with temporary ones), and as artefacts (the files that are there at the end).

``--nights=first,full`` runs some of them. ``--stages=encode,graph,cluster,lookalikes`` runs these
stages of a first night alone, one process per task and one after the other, without Airflow (more:
``index``, ``profiles``); what they need before is run, too, and listed. Time limits are for a
million customers of 20 columns on two cores; from ten million on, for the stages alone.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import mixed_customers as mixed
from benchmarks.local_airflow import Machine, exit_code, local_airflow
from benchmarks.mixed_changes import add_customers, change_customers
from benchmarks.night_airflow import (
    TASKS,
    Figures,
    changed_share,
    groups_of,
    run_night,
    vectors_of,
)
from benchmarks.night_stages import measure_stages
from benchmarks.process_samples import ProcessSamples, sampled
from benchmarks.report import Report, arguments, machine
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec
from local.environment import SOURCE

FIRST = datetime(2026, 1, 5, 2, tzinfo=UTC)
DAY = timedelta(days=1)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
MILLION = 1_000_000
MIN_RECALL, MAX_MEGABYTES = 0.99, 4096.0


@dataclass(frozen=True)
class Night:
    """A night: what has changed before it, per mille, and the most seconds for a million.

    ``algorithms`` are those of the spec from then on.
    """

    name: str
    changed: int
    new: int
    limit_seconds: float | None
    algorithms: tuple[Algorithm, ...] = (Algorithm.KMEANS, Algorithm.HDBSCAN)


KMEANS = (Algorithm.KMEANS,)
NIGHTS = (
    Night("first", 0, 0, 220.0),
    Night("full", 300, 2, 150.0),
    Night("changed", 10, 2, 110.0),
    Night("quiet", 0, 0, 30.0),
    Night("switched, kmeans", 10, 2, None, KMEANS),
    Night("changed, kmeans", 10, 2, 60.0, KMEANS),
)


def chosen_nights(names: str) -> list[Night]:
    """The nights named, in their order; a later one needs the first.

    Raises
    ------
    SystemExit
        A name is unknown, or the first night is missing.
    """
    known = {night.name.replace(", ", "-"): night for night in NIGHTS}
    wanted = [name.strip() for name in names.split(",")] if names else list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown or "first" not in wanted:
        raise SystemExit(
            f"--nights: found {names!r}, allowed are 'first' and any of {', '.join(known)}"
        )
    return [night for name, night in known.items() if name in wanted]


def with_algorithms(spec: Spec, algorithms: Sequence[Algorithm]) -> Spec:
    """The spec with other algorithms of segments."""
    clustering = spec.clustering.model_copy(update={"algorithms": tuple(algorithms)})
    return spec.model_copy(update={"clustering": clustering})


@dataclass
class Nights:
    """The nights of one space, and how many customers its source has by now."""

    running: Machine
    spec: Spec
    samples: ProcessSamples
    customers: int
    columns: int
    before: datetime | None = None

    def run(self, number: int, night: Night) -> tuple[Figures, dict[str, Any]]:
        """Change the source, run the night; return its figures, and what has changed."""
        as_of = FIRST + number * DAY
        source = self.running.airflow.server.dsn(SOURCE)
        when, new = as_of - timedelta(hours=6), self.customers * night.new // 1000
        add_customers(source, self.customers, new, when, self.columns)
        self.customers += new
        rows = change_customers(
            source, self.customers, night.changed, when, self.columns, seed=number
        )
        window = {"start": (as_of - DAY if number else BEGINNING).isoformat()}
        conf = {**window, "end": as_of.isoformat()}
        self.running.change_spec(with_algorithms(self.spec, night.algorithms))
        name = night.name.replace(", ", "_")
        figures = run_night(self.running, self.spec, self.samples, name, conf)
        changed: dict[str, Any] = {"rows_changed": rows, "rows_new": new}
        if self.before is not None:
            share = changed_share(self.running, self.spec, as_of, self.before)
            changed["vectors_changed"] = share
        if vectors_of(self.running, self.spec, as_of):
            self.before = as_of
        return figures, changed


def report_night(report: Report, night: Night, found: Figures, changed: dict[str, Any]) -> None:
    """Report a night and its stages, and compare it with its limits."""
    report.measure(
        night.name,
        group="nights",
        **changed,
        seconds=found.seconds,
        landing=found.landing_seconds,
        recall=found.recall,
        encoder=found.encoder_version,
    )
    report.measure(
        night.name,
        group="processor seconds, peak memory and bytes written",
        **{f"{group}_processor": s for group, s in found.processor_seconds.items()},
        **{f"{group}_mb": round(mb) for group, mb in found.peak_mb.items()},
        wal_mb=round(found.wal_mb),
        relation_mb=round(found.relation_mb),
        artefact_mb=round(found.artefact_mb),
    )
    for stage in found.stages:
        report.measure(
            stage.name,
            group=night.name,
            seconds=stage.seconds,
            instances=stage.instances,
            work=stage.work_seconds,
            processor=stage.processor_seconds,
            peak_mb=stage.peak_mb,
            path=stage.path_seconds,
        )
    waited = sum(step.waited for step in found.path)
    report.measure("waiting for Airflow", group=night.name, path=waited)
    report.measure(
        night.name,
        group="critical paths",
        path=" > ".join(
            f"{step.instance.task_id} {step.instance.seconds:.1f}" for step in found.path
        ),
    )


def check_night(report: Report, night: Night, found: Figures, n: int, columns: int) -> None:
    """Compare a night with its limits: of time for a million customers of 20 columns."""
    if found.recall is not None:
        report.at_least(f"{night.name}: recall", found.recall, MIN_RECALL)
    if n <= MILLION:
        report.at_most(f"{night.name}: MB of the tasks", found.peak_mb[TASKS], MAX_MEGABYTES)
    if (n, columns) == (MILLION, mixed.COLUMNS) and night.limit_seconds is not None:
        report.at_most(f"{night.name}: seconds", found.seconds, night.limit_seconds)


def measure_nights(report: Report, nights: Sequence[Night], n: int, columns: int) -> None:
    """Load the source, start an Airflow, and run the nights."""
    spec = mixed.make_spec(columns)
    with local_airflow("night", [spec], mixed.source_table(n, columns)) as running:
        running.airflow.client.unpause(spec.dag_id)
        with sampled(groups_of(running)) as samples:
            playing = Nights(running, spec, samples, n, columns)
            for number, night in enumerate(nights):
                found, changed = playing.run(number, night)
                report_night(report, night, found, changed)
                check_night(report, night, found, n, columns)


def main() -> int:
    options = arguments(__doc__, n=MILLION, columns=mixed.COLUMNS, nights="", stages="")
    given = {"n": options.n, "columns": options.columns}

    def measure() -> int:
        if options.stages:
            report = Report("night_stages", {**given, "stages": options.stages}, machine())
            measure_stages(report, mixed.make_spec(options.columns), options.stages, **given)
        else:
            nights = chosen_nights(options.nights)
            report = Report("night", given, machine())
            measure_nights(report, nights, **given)
        return report.finish()

    return exit_code(measure)


if __name__ == "__main__":
    sys.exit(main())
