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
largest instance) as the tasks themselves record them, **database**, the processor seconds of the
server in the stage's sessions (sampled), and what it adds to the critical **path**. A night's row
has the seconds from the start of the run to its end, those of landing (prepare, extract, validate),
processor seconds of the tasks, of the rest of Airflow and of PostgreSQL, the highest memory of all
tasks at one moment (PSS, which counts shared pages once; that of the scheduler, from which tasks
are forked, included), MB written to the WAL, to tables and indexes (``pg_stat_io``, with temporary
ones) and as artefacts (the files that are there at the end; another table has them by name), and
the size of the warehouse at the end. What was **searched** is a table, too: customers and
dimensions, lists and probes of graph and index.

``--nights=first,full`` runs some of them. ``--stages=encode,graph,cluster,lookalikes`` runs these
stages of a first night alone, one process per task and one after the other, without Airflow (more:
``index``, ``profiles``, ``map``, ``publication``, ``all``); what they need before is run, too, and
listed. With ``--nights`` all stages of those nights are run in this way; ``--shard-rows`` changes
how many shards there are. ``main`` is the processor time of one thread, ``database_parallel`` that
of the server's parallel workers: what more cores do not shorten, and what they do. Time limits are
for a million customers of 20 columns on two cores; from ten million on, for the stages alone.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks import mixed_customers as mixed
from benchmarks.local_airflow import Machine, exit_code, local_airflow
from benchmarks.night_airflow import (
    TASKS,
    Figures,
    Samples,
    changed_share,
    groups_of,
    run_night,
    vectors_of,
)
from benchmarks.night_kinds import (
    ChangingSource,
    Night,
    chosen_nights,
    window_of,
    with_algorithms,
)
from benchmarks.night_stages import measure_stages
from benchmarks.process_samples import sampled
from benchmarks.report import Report, arguments, machine
from benchmarks.server_samples import server_sampled
from kindred.spec.model import Spec
from local.environment import SOURCE

MILLION = 1_000_000
MIN_RECALL, MAX_MEGABYTES = 0.99, 4096.0


@dataclass
class Nights:
    """The nights of one space."""

    running: Machine
    spec: Spec
    samples: Samples
    source: ChangingSource
    before: datetime | None = None

    def run(self, number: int, night: Night) -> tuple[Figures, dict[str, Any]]:
        """Change the source, run the night; return its figures, and what has changed."""
        changed: dict[str, Any] = {**self.source.change(number, night)}
        window = window_of(number)
        as_of = window.as_of
        conf = {"start": window.start.isoformat(), "end": as_of.isoformat()}
        spec = with_algorithms(self.spec, night.algorithms)
        self.running.change_spec(spec)
        name = night.name.replace(", ", "_")
        figures = run_night(self.running, spec, self.samples, name, conf)
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
        warehouse_mb=round(found.warehouse_mb),
    )
    report.measure(night.name, group="searched", **found.searched)
    report.measure(night.name, group="MB of artefacts", **found.artefacts)
    for stage in found.stages:
        report.measure(
            stage.name,
            group=night.name,
            seconds=stage.seconds,
            instances=stage.instances,
            work=stage.work_seconds,
            processor=stage.processor_seconds,
            database=stage.database_seconds,
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
        superuser = running.airflow.server.dsn("postgres")
        with sampled(groups_of(running)) as processes, server_sampled(superuser) as server:
            source = ChangingSource(running.airflow.server.dsn(SOURCE), n, columns)
            playing = Nights(running, spec, Samples(processes, server), source)
            for number, night in enumerate(nights):
                found, changed = playing.run(number, night)
                report_night(report, night, found, changed)
                check_night(report, night, found, n, columns)


def main() -> int:
    options = arguments(
        __doc__, n=MILLION, columns=mixed.COLUMNS, nights="", stages="", shard_rows=0
    )
    given = {"n": options.n, "columns": options.columns}

    def measure() -> int:
        if options.stages:
            asked = {"stages": options.stages, "shard_rows": options.shard_rows}
            nights = chosen_nights(options.nights or "first")
            report = Report("night_stages", {**given, **asked}, machine())
            measure_stages(report, mixed.make_spec(options.columns), nights, **given, **asked)
        else:
            nights = chosen_nights(options.nights)
            report = Report("night", given, machine())
            measure_nights(report, nights, **given)
        return report.finish()

    return exit_code(measure)


if __name__ == "__main__":
    sys.exit(main())
