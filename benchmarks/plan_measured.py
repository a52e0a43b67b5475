"""Nights that `benchmarks.night` has measured, as a plan sees them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmarks import mixed_customers as mixed
from benchmarks.night_kinds import NIGHTS, with_algorithms
from benchmarks.night_kinds import Night as NightKind
from kindred.planning.constants import BucketCost
from kindred.planning.workload import Machines, Night, Workload, workload_of
from kindred.settings import Settings

TOTALS = "processor seconds, peak memory and bytes written"
MORE_THAN_ON_A_DISK = "more than on a disk"
NOT_STAGES = ("waiting for Airflow",)
KNOWN = ("lists", "probes", "near", "index_lists", "index_probes")
FITTED_ROWS = 20_000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """One measured night: its work, its machine, and what was found.

    ``rows``: by task (``cluster`` of all algorithms where they were not told apart); ``totals`` of
    the night, empty for stages that ran alone; ``known``: sizes of its graph and index.
    """

    source: str
    night: Workload
    machines: Machines
    rows: dict[str, Row]
    totals: Row
    known: dict[str, int]
    artefacts: dict[str, float]
    facts: Row = field(default_factory=dict)

    @property
    def is_alone(self) -> bool:
        """Whether its tasks ran one after the other, without Airflow."""
        return not self.totals


def read_measured(path: Path) -> list[Measured]:
    """The nights of one file of `benchmarks.night`, with or without ``--stages``."""
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = content["measurements"]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.get("group", ""), []).append(row)
    customers, rows_known = int(content["parameters"]["n"]), 0
    found = []
    for kind in NIGHTS:
        changes = _named(groups.get("nights", []), kind.name)
        if kind.name not in groups or changes is None:
            continue
        changed = int(changes.get("rows_changed") or 0), int(changes.get("rows_new") or 0)
        customers += changed[1]
        # Of a new customer, the first row; of one that has changed, another one.
        landed = customers if not rows_known else changed[0]
        rows_known = rows_known + landed
        found.append(_night(path, content, groups, kind, (customers, landed, rows_known)))
    return found


def _night(
    path: Path,
    content: Mapping[str, Any],
    groups: Mapping[str, list[Row]],
    kind: NightKind,
    counts: tuple[int, int, int],
) -> Measured:
    customers, landed, versions = counts
    searched = _named(groups.get("searched", []), kind.name) or {}
    columns = int(content["parameters"]["columns"])
    spec = with_algorithms(mixed.make_spec(columns), kind.algorithms)
    night = workload_of(
        spec,
        customers=customers,
        dimensions=int(searched.get("dimensions") or dimensions_of(columns)),
        night=Night(kind.name.split(",")[0].replace("switched", "changed")),
        changed_share=None if kind.name == "first" else landed / customers,
        versions=versions / customers,
        measures_drift=False,
    )
    stages = {row["what"]: row for row in groups[kind.name] if row["what"] not in NOT_STAGES}
    artefacts = dict(_named(groups.get("MB of artefacts", []), kind.name) or {})
    totals = _totals(groups, kind.name)
    return Measured(
        path.stem,
        night,
        machines_of(content, is_alone=not totals),
        {name: row for name, row in stages.items() if not name.startswith("before")},
        totals,
        known_sizes(searched),
        {name: mb for name, mb in artefacts.items() if name not in ("what", "group")},
        {"machine": content["machine"], "parameters": content["parameters"], "kind": kind.name},
    )


def known_sizes(searched: Row) -> dict[str, int]:
    """What is known of graph and index; whether a pass follows, only of a search by lists."""
    found = {name: int(searched[name]) for name in KNOWN if searched.get(name)}
    if found.get("lists") and "is_refined" in searched:
        found["is_refined"] = int(searched["is_refined"])
    return found


def dimensions_of(columns: int) -> int:
    """The width of a vector of so many mixed columns."""
    return mixed.fitted(FITTED_ROWS, columns).dimensions


def machines_of(content: Mapping[str, Any], *, is_alone: bool) -> Machines:
    """The one machine of a measurement: LocalExecutor with four slots, or one task at a time."""
    machine, settings = content["machine"], Settings()
    cores, memory = int(machine["cores"]), int(machine["memory_mb"])
    return Machines(
        workers=1,
        cores=cores,
        slots=1 if is_alone else SLOTS,
        memory_mb=memory,
        database_cores=cores,
        database_memory_mb=memory,
        network_mb=1e9,
        shard_rows=int(content["parameters"].get("shard_rows") or settings.shard_rows),
        block_rows=settings.block_rows,
        maintenance_work_mem_mb=settings.maintenance_work_mem_mb,
        kept_snapshots=settings.keep_nights + settings.keep_month_ends,
        is_one=True,
    )


def read_bucket(path: Path) -> BucketCost:
    """What artefacts in a bucket take, by ``make bench NAME=bucket``."""
    rows = json.loads(path.read_text(encoding="utf-8"))["measurements"]
    [row] = [row for row in rows if row["group"] == MORE_THAN_ON_A_DISK]
    names = [one.name for one in fields(BucketCost)]
    return BucketCost(**{name: round(max(0.0, float(row[name])), 5) for name in names})


SLOTS = 4
"""``AIRFLOW__CORE__PARALLELISM`` of ``make run``."""


def _totals(groups: Mapping[str, list[Row]], name: str) -> Row:
    totals = _named(groups.get(TOTALS, []), name)
    if totals is None:
        return {}
    night = _named(groups["nights"], name) or {}
    waited = _named(groups[name], NOT_STAGES[0]) or {}
    steps = (_named(groups.get("critical paths", []), name) or {}).get("path", "").count(" > ")
    return {
        **totals,
        "seconds": night["seconds"],
        "recall": night.get("recall"),
        "waited": waited.get("path", 0.0),
        "steps": 1 + steps,
    }


def _named(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row["what"] == name), None)
