"""The tables of docs/scale.md: what nights of 1 to 100 million customers need, by the plan.

    python -m benchmarks.plan_table [--write]

Prints Markdown, from the constants that are shipped, or writes it into the document, which a test
compares with it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.report import ROOT
from kindred.planning.constants import Constants, read_constants
from kindred.planning.limits import GIGABYTE_MB, findings_of, most_customers
from kindred.planning.plan import NightPlan, plan_night
from kindred.planning.plan_figures import KEPT_ARTEFACTS
from kindred.planning.volumes import MEGABYTE
from kindred.planning.workload import Machines, Night, usual_spec, workload_of
from kindred.settings import Settings

DOCUMENT = ROOT / "docs" / "scale.md"
BEGINNING = "<!-- made by: python -m benchmarks.plan_table --write -->"
END = "<!-- end -->"
MILLION = 1_000_000
DIMENSIONS, COLUMNS = 100, 20
NETWORK_MB = 10e9 / 8 / 2**20
SMALL_GB = 16
SINGLE = ("encode", "plan_graph", "merge_graph", "build_embeddings", "place_customers")


@dataclass(frozen=True)
class Row:
    """A size of the table, and the machines that it is planned on."""

    millions: int
    workers: int
    cores: int
    memory_gb: int
    server_cores: int
    server_gb: int

    @property
    def customers(self) -> int:
        """How many."""
        return self.millions * MILLION


ROWS = (
    Row(1, 1, 4, 16, 4, 16),
    Row(3, 2, 4, 32, 8, 32),
    Row(10, 4, 8, 64, 8, 64),
    Row(30, 8, 16, 192, 16, 128),
    Row(100, 32, 16, 512, 32, 256),
)


def machines_of(row: Row, *, slots: int = 2) -> Machines:
    """The machines of a row, with the settings that are the default."""
    settings = Settings()
    return Machines(
        workers=row.workers,
        cores=row.cores,
        slots=slots,
        memory_mb=row.memory_gb * GIGABYTE_MB,
        database_cores=row.server_cores,
        database_memory_mb=row.server_gb * GIGABYTE_MB,
        network_mb=NETWORK_MB,
        shard_rows=settings.shard_rows,
        block_rows=settings.block_rows,
        maintenance_work_mem_mb=settings.maintenance_work_mem_mb,
        kept_snapshots=settings.keep_nights + settings.keep_month_ends,
        has_bucket=True,
    )


def plan_of(row: Row, constants: Constants, night: Night = Night.CHANGED) -> NightPlan:
    """A night of a row."""
    workload = workload_of(
        usual_spec(columns=COLUMNS), customers=row.customers, dimensions=DIMENSIONS, night=night
    )
    return plan_night(workload, machines_of(row), constants)


def tables(constants: Constants) -> Iterator[str]:
    """The lines of all tables."""
    plans = {row: plan_of(row, constants) for row in ROWS}
    yield from _header(["customers", *(f"{row.millions} M" for row in ROWS)])
    yield from _machine_lines()
    yield from _stage_lines(plans)
    yield from _night_lines(plans, constants)
    yield ""
    yield from _header(["limit of one task of", f"{SMALL_GB // 2} GB", f"{SMALL_GB} GB", "64 GB"])
    yield from _limit_lines(plans[ROWS[0]], constants)


def _header(names: list[str]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"| --- |{' ---: |' * (len(names) - 1)}"


def _line(name: str, values: list[str]) -> str:
    return f"| {name} | {' | '.join(values)} |"


def _machine_lines() -> Iterator[str]:
    yield _line("workers x cores", [f"{row.workers} x {row.cores}" for row in ROWS])
    yield _line("memory of each", [f"{row.memory_gb} GB" for row in ROWS])
    yield _line("the server", [f"{row.server_cores} cores, {row.server_gb} GB" for row in ROWS])


def _stage_lines(plans: dict[Row, NightPlan]) -> Iterator[str]:
    names = [stage.task.name for stage in plans[ROWS[0]].stages]
    for name in names:
        stages = [
            next(stage for stage in plan.stages if stage.task.name == name)
            for plan in plans.values()
        ]
        if max(stage.seconds for stage in stages) < 1.0:
            continue
        values = [
            f"{stage.seconds:,.0f}"
            + (f" ({stage.task.instances} tasks)" if stage.task.instances > 1 else "")
            for stage in stages
        ]
        yield _line(f"{name}, s", values)


def _night_lines(plans: dict[Row, NightPlan], constants: Constants) -> Iterator[str]:
    figures: dict[str, Callable[[NightPlan], str]] = {
        "**the night, s**": lambda plan: f"**{plan.seconds:,.0f}**",
        "worker hours (task hours)": lambda p: f"{p.worker_hours:,.1f} ({p.busy_hours:,.1f})",
        "memory of the largest task": lambda p: _gb(p.largest.memory_mb),
        "warehouse, 10 snapshots": lambda p: _gb(_warehouse_mb(p)),
        "one snapshot": lambda p: _gb(sum(p.warehouse.snapshot.values()) / MEGABYTE),
        "artefacts": lambda p: _gb((KEPT_ARTEFACTS + 1) * sum(p.artefacts.values()) / MEGABYTE),
        "write-ahead log": lambda p: _gb(p.wal_mb),
        "network": lambda p: _gb(sum(stage.moved.total_mb for stage in p.stages)),
    }
    for name, figure in figures.items():
        yield _line(name, [figure(plan) for plan in plans.values()])
    for night in (Night.FIRST, Night.FULL, Night.QUIET):
        others = [plan_of(row, constants, night) for row in ROWS]
        yield _line(f"a {night} night, s", [f"{plan.seconds:,.0f}" for plan in others])
    refused = [
        any(finding.is_refusal for finding in findings_of(plan, constants))
        for plan in plans.values()
    ]
    yield _line("fits", ["no" if one else "yes" for one in refused])


def _limit_lines(plan: NightPlan, constants: Constants) -> Iterator[str]:
    names = ("search_graph", *SINGLE, "cluster kmeans", "cluster hdbscan", "profile_clusters")
    for name in names:
        counts = [
            most_customers(plan, constants, name, gigabytes * GIGABYTE_MB)
            for gigabytes in (SMALL_GB // 2, SMALL_GB, 64)
        ]
        if name == "search_graph":
            name += f", on {plan.sizes.machines.cores} cores"
        yield _line(name, [f"{count / MILLION:,.1f} M" for count in counts])


def _warehouse_mb(plan: NightPlan) -> float:
    warehouse, kept = plan.warehouse, plan.sizes.machines.kept_snapshots
    shared = 2 * sum(warehouse.serving.values()) + sum(warehouse.history.values())
    return (kept * sum(warehouse.snapshot.values()) + shared + warehouse.landing) / MEGABYTE


def _gb(megabytes: float) -> str:
    gigabytes = megabytes / GIGABYTE_MB
    return f"{gigabytes:,.1f} GB" if gigabytes < 100 else f"{gigabytes:,.0f} GB"


def with_tables(text: str, constants: Constants) -> str:
    """The document with the tables of these constants between its two marks."""
    before, _, rest = text.partition(BEGINNING)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGINNING, "", *tables(constants), "", END + after])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/scale.md")
    if parser.parse_args(arguments).write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_tables(text, read_constants()), encoding="utf-8")
    else:
        print("\n".join(tables(read_constants())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
