"""A plan as plain figures: rows for a table, lines for people, JSON for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kindred.planning.constants import Constants
from kindred.planning.limits import GIGABYTE_MB, Finding
from kindred.planning.night_tasks import NO_PROCESS
from kindred.planning.plan import SECONDS_PER_HOUR, NightPlan, Stage
from kindred.planning.volumes import MEGABYTE
from kindred.planning.work import BUCKET, DATABASE, STORE, WORKER

COLUMNS = (
    "stage",
    "tasks",
    "seconds",
    "of the path",
    "task hours",
    "memory GB",
    "moved GB",
    "runs on",
)
TEXTS, GAP = (COLUMNS[0], COLUMNS[-1]), "  "
LEFT_OUT = ("runs on", "task hours", "moved GB", "of the path", "tasks")
"""The columns that a narrow terminal does without, in this order."""
UNITS = {
    "task": "", "first": "", "index": "", "difference": "", "shards": "", "parts": "", "trial": "",
    "forecast seconds": "", "MB read": "", "MB written": "", "MB served": "",
}  # fmt: skip
"""Drivers that are counted one by one; pairs are in thousand millions, all others in millions."""
SHOWN_SECONDS = 0.5
KEPT_ARTEFACTS = 2
"""Snapshots whose artefacts are kept (``publication/kept_artefacts``)."""


def table(plan: NightPlan, findings: Sequence[Finding], width: int | None = None) -> Iterator[str]:
    """The stages in lines; within a width, columns are left out, and none is ever cut."""
    rows = [COLUMNS, *stage_rows(plan, findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = list(range(len(COLUMNS)))
    for name in LEFT_OUT:
        if width is None or sum(widths[n] for n in shown) + len(GAP) * (len(shown) - 1) <= width:
            break
        shown.remove(COLUMNS.index(name))
    for row in rows:
        cells = [
            row[number].ljust(widths[number])
            if COLUMNS[number] in TEXTS
            else row[number].rjust(widths[number])
            for number in shown
        ]
        yield GAP.join(cells).rstrip()
    if len(shown) < len(COLUMNS):
        left = [name for number, name in enumerate(COLUMNS) if number not in shown]
        yield f"(a wider terminal, a pipe or --json has: {', '.join(left)})"


def stage_rows(plan: NightPlan, findings: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    """One row per stage, as `COLUMNS` says."""
    refused = {finding.stage for finding in findings if finding.is_refusal}
    for stage in plan.stages:
        task = stage.task
        yield (
            task.name,
            f"{task.instances:,}",
            f"{stage.seconds:,.0f}",
            f"{stage.path_seconds:,.0f}" if stage.path_seconds >= SHOWN_SECONDS else "",
            f"{stage.busy_seconds / SECONDS_PER_HOUR:,.2f}",
            _memory(stage) + (" !" if task.name in refused else ""),
            f"{stage.moved.total_mb / GIGABYTE_MB:,.2f}",
            _where(stage),
        )


def _memory(stage: Stage) -> str:
    return "" if stage.task.task_id in NO_PROCESS else f"{stage.memory_mb / GIGABYTE_MB:,.1f}"


def _where(stage: Stage) -> str:
    if stage.task.instances > 1:
        return "all workers"
    work = stage.work
    return "the server" if work.database_seconds > work.worker_seconds else "one machine"


def title(plan: NightPlan) -> str:
    """What is planned, on what."""
    night, machines = plan.sizes.night, plan.sizes.machines
    algorithms = ", ".join(night.spec.clustering.algorithms)
    changed = "" if night.is_first or night.is_quiet else f", {night.changed_share:.3g} changed"
    workers = "1 worker" if machines.workers == 1 else f"{machines.workers:,} workers"
    size = f"of {machines.cores} cores"
    memory = f"{machines.memory_mb / GIGABYTE_MB:,.0f} GB"
    slots = f"{machines.slots} tasks at once"
    if machines.is_one:
        each = " each" if machines.workers > 1 else ""
        on = f"one machine {size}, {memory}: {workers}, {slots}{each}, and the server"
    else:
        server = f"{machines.database_memory_mb / GIGABYTE_MB:,.0f} GB"
        on = f"{workers} {size}, {slots}, {memory}; a server of {machines.database_cores} cores,"
        on += f" {server}"
    artefacts = "in a bucket" if machines.has_bucket else "on a disk"
    return (
        f"a {night.night} night{changed}: {night.customers:,} customers x {night.dimensions}"
        f" dimensions ({night.columns} columns), {night.spec.k} neighbours, {algorithms};"
        f" {on}; artefacts {artefacts}"
    )


def summary(plan: NightPlan) -> Iterator[str]:
    """The night as a whole: seconds and their path, hours, disk and network."""
    yield f"the night: {plan.seconds:,.0f} s ({_clock(plan.seconds)}); its path: {_path(plan)}"
    machines = plan.sizes.machines
    yield (
        f"worker hours: {plan.worker_hours:,.2f} ({machines.count:,} x {plan.seconds:,.0f} s),"
        f" of which tasks run {plan.busy_hours:,.2f}"
    )
    largest = plan.largest
    yield (
        f"memory of the largest task: {_gb(largest.memory_mb)} forecast by {largest.task.name}"
        f" ({_gb(largest.peak_mb)} expected), {_gb(machines.task_memory_mb)} allowed"
    )
    graph, index = plan.sizes.graph, plan.sizes.index
    if graph.lists and not plan.sizes.night.is_quiet:
        yield (
            f"graph: {graph.lists:,} lists, {graph.probes} probed of {graph.near} near ones,"
            f" {graph.shards} {'shard' if graph.shards == 1 else 'shards'}, {graph.k} neighbours"
        )
    if index.lists and plan.sizes.night.builds_index:
        yield f"index: {index.lists:,} lists, {index.memory_mb:,} MB to build"
    yield from _disk(plan)
    moved = sum(stage.moved.total_mb for stage in plan.stages)
    artefacts = sum(stage.moved.read_mb + stage.moved.written_mb for stage in plan.stages)
    yield (
        f"network: {_gb(moved)}, of it artefacts {_gb(artefacts)}, rows to and from the servers"
        f" {_gb(moved - artefacts)}"
    )


@dataclass
class _Step:
    """Instances of a task that follow each other on the path; ``slot_of``: who held their slot."""

    stage: str
    began: float
    seconds: float
    instances: int
    slot_of: str
    slot_wait: float


def _steps(plan: NightPlan) -> list[_Step]:
    found: list[_Step] = []
    for one in plan.path:
        if found and found[-1].stage == one.job.task:
            found[-1].seconds += one.seconds
            found[-1].instances += one.job.instances
            continue
        held = one.slot_of.job.task if one.slot_of else ""
        wait = one.waited_for_slot
        found.append(_Step(one.job.task, one.began, one.seconds, one.job.instances, held, wait))
    return found


def _path(plan: NightPlan) -> str:
    """The steps that take half a second and more, and what is left; all of it adds up."""
    long = [step for step in _steps(plan) if step.seconds >= SHOWN_SECONDS]
    said = []
    for step in long:
        notes = [f"{step.instances:,} in turn"] if step.instances > 1 else []
        if step.slot_wait >= SHOWN_SECONDS:
            notes.append(f"waited {step.slot_wait:,.0f} for the slot of {step.slot_of}")
        said.append(f"{step.stage} {step.seconds:,.0f}" + f" ({', '.join(notes)})" * bool(notes))
    rest = plan.seconds - sum(step.seconds for step in long)
    return f"{' > '.join(said)}; starting tasks, and short ones: {rest:,.0f}"


def _disk(plan: NightPlan) -> Iterator[str]:
    warehouse, kept = plan.warehouse, plan.sizes.machines.kept_snapshots
    snapshot, serving, history = (
        sum(tables.values()) / MEGABYTE
        for tables in (warehouse.snapshot, warehouse.serving, warehouse.history)
    )
    landing = warehouse.landing / MEGABYTE
    snapshots = kept * snapshot
    whole = snapshots + 2 * serving + history + landing
    yield (
        f"disk of the warehouse: {_gb(whole)}: {kept} snapshots of {_gb(snapshot)}, embeddings"
        f" with their index {_gb(serving)} twice while they are replaced, history {_gb(history)},"
        f" landing {_gb(landing)}"
    )
    artefacts = sum(plan.artefacts.values()) / MEGABYTE
    yield (
        f"disk of artefacts: {_gb((KEPT_ARTEFACTS + 1) * artefacts)}: {_gb(artefacts)} of each of"
        f" {KEPT_ARTEFACTS} nights kept and of the one that runs"
    )
    yield f"write-ahead log of the night: {_gb(plan.wal_mb)}"


def arithmetic(plan: NightPlan) -> Iterator[str]:
    """How each stage's processor seconds come about."""
    for stage in plan.stages:
        for resource in (WORKER, DATABASE, BUCKET, STORE):
            terms = [term for term in stage.work.terms if term.resource == resource]
            if not terms:
                continue
            total = sum(term.seconds for term in terms)
            parts = " + ".join(
                f"{term.amount:,.6g} {_unit(term.driver)} x {term.seconds_each:.4g} s"
                for term in terms
            )
            yield f"{stage.task.name}, {resource}: {parts} = {total:,.1f} s"


def _unit(driver: str) -> str:
    if driver in UNITS:
        return driver
    return f"{'10^9 dimensions of ' if 'pairs' in driver else 'million '}{driver}"


def sources(constants: Constants) -> str:
    """Where the constants are from, in a line."""
    one, counts = constants.measured[-1], [int(n["customers"]) for n in constants.measured]
    machine: Mapping[str, Any] = one["machine"]
    nights = "1 night" if len(counts) == 1 else f"{len(counts)} nights"
    sizes = " to ".join(f"{count:,}" for count in dict.fromkeys((min(counts), max(counts))))
    return (
        f"constants: of {nights} of {sizes} customers on {machine['cores']} cores"
        f" ({machine['cpu']}), {one['fitted']}"
    )


def all_sources(constants: Constants) -> Iterator[str]:
    """Every measurement that the constants are from."""
    for one in constants.measured:
        yield (
            f"measured: {one['customers']:,} customers x {one['columns']} columns, a {one['night']}"
            f" night, on {one['machine']['cores']} cores ({one['machine']['cpu']})"
        )
    for driver, source in constants.elsewhere.items():
        yield f"{driver}: {source}"


def as_json(plan: NightPlan, findings: Sequence[Finding], constants: Constants) -> dict[str, Any]:
    """All of a plan as plain JSON."""
    night = plan.sizes.night
    return {
        "night": {
            "kind": str(night.night),
            "customers": night.customers,
            "dimensions": night.dimensions,
            "columns": night.columns,
            "neighbours": night.spec.k,
            "algorithms": [str(one) for one in night.spec.clustering.algorithms],
            "changed_share": night.changed_share,
        },
        "machines": {
            **vars(plan.sizes.machines),
            "threads": plan.sizes.machines.threads,
            "task_memory_mb": plan.sizes.machines.task_memory_mb,
        },
        "graph": vars(plan.sizes.graph),
        "index": vars(plan.sizes.index),
        "stages": [_stage_json(stage) for stage in plan.stages],
        "path": [
            {
                "stage": step.stage,
                "began": step.began,
                "seconds": step.seconds,
                "tasks_in_turn": step.instances,
                "waited_for_slot": step.slot_wait,
                "slot_of": step.slot_of or None,
            }
            for step in _steps(plan)
        ],
        "starting_seconds": plan.seconds - sum(one.seconds for one in plan.path),
        "seconds": plan.seconds,
        "worker_hours": plan.worker_hours,
        "busy_hours": plan.busy_hours,
        "artefact_mb": {name: size / MEGABYTE for name, size in plan.artefacts.items()},
        "snapshot_mb": {n: s / MEGABYTE for n, s in plan.warehouse.snapshot.items()},
        "history_mb": {n: s / MEGABYTE for n, s in plan.warehouse.history.items()},
        "serving_mb": {n: s / MEGABYTE for n, s in plan.warehouse.serving.items()},
        "landing_mb": plan.warehouse.landing / MEGABYTE,
        "written_mb": plan.written_mb,
        "wal_mb": plan.wal_mb,
        "findings": [vars(finding) for finding in findings],
        "constants": [dict(one) for one in constants.measured],
    }


def _stage_json(stage: Stage) -> dict[str, Any]:
    return {
        "stage": stage.task.name,
        "after": list(stage.task.after),
        "tasks": stage.task.instances,
        "runs_on": _where(stage),
        "seconds": stage.seconds,
        "path_seconds": stage.path_seconds,
        "busy_hours": stage.busy_seconds / SECONDS_PER_HOUR,
        "worker_processor_seconds": stage.work.worker_seconds,
        "database_processor_seconds": stage.work.database_seconds,
        "bucket_processor_seconds": stage.work.bucket_seconds,
        "store_processor_seconds": stage.work.store_seconds,
        "memory_mb": stage.memory_mb,
        "expected_peak_mb": stage.peak_mb,
        "artefacts_read_mb": stage.moved.read_mb,
        "artefacts_written_mb": stage.moved.written_mb,
        "rows_moved_mb": stage.moved.database_mb,
        "terms": [{**vars(term), "seconds": term.seconds} for term in stage.work.terms],
    }


def _gb(megabytes: float) -> str:
    return f"{megabytes / GIGABYTE_MB:,.2f} GB"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
