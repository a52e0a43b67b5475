"""Fit the constants of ``kindred plan`` to measured nights, and write them down.

    python -m benchmarks.plan_constants 250k.json 1m.json [more.json ...] [--output FILE]

The files are ``build/bench/night.json`` of nights of two sizes and more, and ``night_stages.json``
of stages that ran alone (``--stages``), which say besides how much of a task's time one thread
takes, and ``bucket.json`` of ``make bench NAME=bucket``; without such a file, that stays as it was.
Seconds of processor time are fitted as sums of the drivers of each task (in
`kindred.planning.drivers`), none of them negative, so that the relative errors are smallest; tasks
that were only measured together are fitted together. By default the constants of the package are
replaced.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from benchmarks.plan_measured import Measured, read_bucket, read_measured
from kindred.planning.constants import SHIPPED, BucketCost, Constants, TaskCost, read_constants
from kindred.planning.drivers import Drivers, database_drivers, worker_drivers
from kindred.planning.night_tasks import CLUSTER, tasks_of
from kindred.planning.plan import plan_night
from kindred.planning.sizes import USUAL_COLUMNS, Growth, Sizes, sizes_of
from kindred.planning.task_memory import forecast_of
from kindred.run.base_memory import BASE_MEGABYTES

FLOOR_SECONDS = 0.3
"""Below this, an error counts as if so much had been measured."""
SERVER = "PostgreSQL_processor"
LARGE_MB = 300
"""Of smaller forecasts, above an empty task, what does not grow is the larger part."""
DIGITS = 5
NOTHING = 1e-12
"""Seconds per unit that are left of rounding in the fit."""
USUAL_GROWTH, VARIES = 0.1, 1.5
"""The exponent of what was measured at one size only, and how much larger another size is."""
BUCKET = "bucket"
"""The name of the benchmark's file."""
NO_BUCKET = BucketCost(0.0, 0.0, 0.0, 0.0)
Key = tuple[str, str]


@dataclass(frozen=True)
class Observation:
    """Seconds that were measured, and the amounts (by task and driver) that they are made of."""

    amounts: Mapping[Key, float]
    seconds: float


def fit(
    measured: Sequence[Measured], before: Constants | None = None, bucket: BucketCost | None = None
) -> Constants:
    """The constants of these nights.

    ``before`` has the shares of threads and parallel workers where no stage ran alone, and what a
    ``bucket`` takes where that was not measured.
    """
    growth = growth_of(measured)
    sized = [(one, sizes_of(one.night, one.machines, growth, **one.known)) for one in measured]
    worker = solved(chain.from_iterable(worker_observations(*pair) for pair in sized))
    database = solved(chain.from_iterable(database_observations(*pair) for pair in sized))
    names = {task.name for _, sizes in sized for task in tasks_of(sizes)}
    empty = empty_megabytes(measured)
    kept = {} if before is None else kept_elsewhere(before, worker)
    tasks = {
        name: TaskCost(
            coefficients(worker, name)
            | {driver: seconds for (task, driver), seconds in kept.items() if task == name},
            coefficients(database, name),
            share(measured, name, lambda row: row["processor"] - row["main"], "processor")
            or known_share(before, name, "threaded"),
            share(measured, name, lambda row: row["database_parallel"], "database")
            or known_share(before, name, "parallel"),
            memory_share(sized, name, empty),
        )
        for name in sorted(names)
    }
    nights = [one for one in measured if not one.is_alone]
    begun = Constants(
        measured=tuple(described(measured)),
        growth=growth,
        tasks=tasks,
        starting=_mean(started(one) for one in nights),
        waiting=_mean(one.totals["waited"] / one.totals["steps"] for one in nights),
        airflow_cores=_mean(
            one.totals["Airflow_processor"] / one.totals["seconds"] for one in nights
        ),
        background=_mean(background(one) for one in nights if has_database(one)),
        empty_mb=round(empty),
        wal_share=1.0,
        bucket=bucket or (NO_BUCKET if before is None else before.bucket),
        elsewhere={} if before is None else {one: before.elsewhere[one] for _, one in kept},
    )
    return with_wal(begun, measured)


def worker_observations(one: Measured, sizes: Sizes) -> Iterable[Observation]:
    """What each task's processes have taken."""
    for name, row in one.rows.items():
        if row.get("processor") is not None and not is_part_of_sum(name, one):
            amounts = together(name, sizes, worker_drivers)
            yield Observation(amounts, float(row["processor"]))


def database_observations(one: Measured, sizes: Sizes) -> Iterable[Observation]:
    """What the server has taken for each task; or only for all of them, where no more is known."""
    if has_database(one):
        for name, row in one.rows.items():
            if row.get("database") is not None:
                yield Observation(together(name, sizes, database_drivers), float(row["database"]))
    elif one.totals:
        amounts: dict[Key, float] = {}
        for task in tasks_of(sizes):
            amounts |= together(task.name, sizes, database_drivers)
        yield Observation(amounts, float(one.totals[SERVER]))


def together(name: str, sizes: Sizes, drivers: Any) -> dict[Key, float]:
    """The amounts of a task, of ``cluster`` those of all its algorithms."""
    tasks = [task.name for task in tasks_of(sizes) if name in (task.name, task.task_id)]
    found: dict[Key, float] = {}
    for task in tasks or [name]:
        amounts: Drivers = drivers(task, sizes)
        found |= {(task, driver): amount for driver, amount in amounts.items()}
    return found


def is_part_of_sum(name: str, one: Measured) -> bool:
    """Whether a row repeats what others say: ``cluster`` where its algorithms have rows."""
    return name == CLUSTER and any(other.startswith(f"{CLUSTER} ") for other in one.rows)


def solved(observations: Iterable[Observation]) -> dict[Key, float]:
    """Seconds per unit of each driver, none negative: the least squares of relative errors."""
    given = [one for one in observations if one.amounts]
    keys = sorted({key for one in given for key in one.amounts})
    if not given:
        return {}
    amounts = np.array([[one.amounts.get(key, 0.0) for key in keys] for one in given])
    seconds = np.array([one.seconds for one in given])
    weights = 1.0 / np.maximum(seconds, FLOOR_SECONDS)
    matrix = amounts * weights[:, None]
    # Of amounts as different as 1 and a thousand million, so that all count alike.
    scale = np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    found, _ = nnls(matrix / scale, seconds * weights)
    return {key: float(value) for key, value in zip(keys, found / scale, strict=True)}


def coefficients(found: Mapping[Key, float], name: str) -> dict[str, float]:
    """Those of one task that are not 0, but for rounding."""
    return {
        driver: float(f"{value:.{DIGITS}g}")
        for (task, driver), value in found.items()
        if task == name and value > NOTHING
    }


def kept_elsewhere(before: Constants, found: Mapping[Key, float]) -> dict[Key, float]:
    """What earlier constants have from elsewhere, and no night tells."""
    return {
        (name, driver): float(seconds)
        for name, cost in before.tasks.items()
        for driver, seconds in cost.worker.items()
        if driver in before.elsewhere and (name, driver) not in found
    }


def share(measured: Sequence[Measured], name: str, part: Any, whole: str) -> float:
    """A share of a task's time, of all nights of the largest file that tells it."""
    nights = [one for one in measured if "main" in one.rows.get(name, {})]
    if not nights:
        return 0.0
    most = max(one.night.customers for one in nights)
    rows = [one.rows[name] for one in nights if one.night.customers >= 0.9 * most]
    total = sum(float(row[whole]) for row in rows)
    found = sum(float(part(row)) for row in rows) / total if total else 0.0
    return round(min(1.0, max(0.0, found)), 3)


def known_share(before: Constants | None, name: str, which: str) -> float:
    """A share as earlier constants have it; 0 if there are none."""
    cost = None if before is None else before.tasks.get(name)
    return 0.0 if cost is None else float(vars(cost)[which])


def memory_share(sized: Sequence[tuple[Measured, Sizes]], name: str, empty: float) -> float:
    """Measured per forecast memory of a task, above an empty one; of the largest nights."""
    found: list[tuple[float, float]] = []
    for one, sizes in sized:
        row = one.rows.get(name, {})
        if not row.get("peak_mb"):  # of the algorithms of `cluster`, the largest alone is known
            row = one.rows.get(name.split(" ", 1)[0], {})
        more = forecast_of(name, sizes).on(sizes.machines) - BASE_MEGABYTES
        if row.get("peak_mb") and more >= LARGE_MB and not is_smaller(name, one, sizes):
            found.append((more, float(row["peak_mb"]) - empty))
    if not found:
        return 1.0
    forecast, measured = map(sum, zip(*found, strict=True))
    return round(max(0.0, measured / forecast), 3)


def is_smaller(name: str, one: Measured, sizes: Sizes) -> bool:
    """Whether only the largest of several algorithms was measured, and this one is not that."""
    if one.rows.get(name, {}).get("peak_mb"):
        return False
    others = [task.name for task in tasks_of(sizes) if task.task_id == name.split(" ", 1)[0]]
    largest = max(others, key=lambda other: forecast_of(other, sizes).least, default=name)
    return name != largest


def empty_megabytes(measured: Sequence[Measured]) -> float:
    """The memory of a task that holds no customers."""
    found = [
        float(one.rows[name]["peak_mb"])
        for one in measured
        for name in ("quality_gate", "prepare", "extract")
        if one.rows.get(name, {}).get("peak_mb")
    ]
    return float(np.median(found)) if found else float(BASE_MEGABYTES)


def growth_of(measured: Sequence[Measured]) -> dict[str, Growth]:
    """How probes and near lists grow with customers and columns: powers, fitted to logarithms."""
    found = {}
    for name, usual in (("probes", 40.0), ("near", 256.0), ("index_probes", 15.0)):
        points = [
            (one.night.customers / 1e6, len(one.night.spec.features) / USUAL_COLUMNS, known)
            for one in measured
            for known in [one.known.get(name)]
            if known
        ]
        found[name] = _growth(np.log(np.array(points))) if points else Growth(usual, USUAL_GROWTH)
    return found


def _growth(points: np.ndarray) -> Growth:
    """Of the logarithms of customers, columns and values: an exponent for each that varies."""
    *sizes, values = points.T
    varies = [size.max() - size.min() > np.log(VARIES) for size in sizes]
    exponents = [USUAL_GROWTH, 0.0]
    design = [size for size, does in zip(sizes, varies, strict=True) if does]
    fixed = sum(e * s for e, s, v in zip(exponents, sizes, varies, strict=True) if not v)
    matrix = np.column_stack([np.ones(len(values)), *design])
    solution = np.linalg.lstsq(matrix, values - fixed, rcond=None)[0].tolist()
    level = solution.pop(0)
    for place, does in enumerate(varies):
        if does:
            exponents[place] = max(0.0, solution.pop(0))
    return Growth(round(float(np.exp(level)), 2), *(round(one, 3) for one in exponents))


def started(one: Measured) -> float:
    """Processor seconds per task instance outside of its work, the scheduler's among them."""
    rows = [
        row
        for name, row in one.rows.items()
        if not name.startswith(f"{CLUSTER} ") or CLUSTER not in one.rows
    ]
    worked = sum(float(row.get("processor") or 0.0) for row in rows)
    instances = sum(int(row["instances"]) for row in rows)
    return max(0.0, (float(one.totals["tasks_processor"]) - worked) / instances)


def has_database(one: Measured) -> bool:
    """Whether the server's time is known by task."""
    return any(row.get("database") is not None for row in one.rows.values())


def background(one: Measured) -> float:
    """The server's processor time outside of the tasks' sessions, per time in them."""
    inside = sum(float(row.get("database") or 0.0) for row in one.rows.values())
    return max(0.0, float(one.totals[SERVER]) / inside - 1.0)


def with_wal(constants: Constants, measured: Sequence[Measured]) -> Constants:
    """The constants with what the log has per megabyte that a plan writes to tables."""
    written, logged = 0.0, 0.0
    for one in measured:
        sizes = [row["wal_mb"] for row in (*one.rows.values(), one.totals) if "wal_mb" in row]
        if sizes:
            plan = plan_night(one.night, one.machines, constants, **one.known)
            written, logged = written + plan.written_mb, logged + float(sum(sizes))
    given = constants.as_json() | {"wal_share": round(logged / written, 3) if written else 1.0}
    return Constants.from_json(given)


def described(measured: Sequence[Measured]) -> Iterable[dict[str, Any]]:
    """What was measured, where and when the constants were made of it."""
    today = datetime.now(UTC).date().isoformat()
    for one in measured:
        night = one.night
        yield {
            "file": one.source,
            "night": one.facts["kind"],
            "customers": night.customers,
            "columns": len(night.spec.features),
            "dimensions": night.dimensions,
            "has_airflow": not one.is_alone,
            "machine": one.facts["machine"],
            "fitted": today,
        }


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return round(float(np.mean(found)), 3) if found else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "files", nargs="+", type=Path, help="night.json, night_stages.json and bucket.json"
    )
    parser.add_argument("--output", type=Path, default=SHIPPED, help="the file to write")
    options = parser.parse_args(arguments)
    buckets = [path for path in options.files if path.stem == BUCKET]
    nights = [path for path in options.files if path not in buckets]
    measured = [one for path in nights for one in read_measured(path)]
    before = read_constants(options.output) if options.output.exists() else None
    bucket = read_bucket(buckets[-1]) if buckets else None
    constants = fit(measured, before, bucket)
    text = json.dumps(constants.as_json(), indent=1)
    options.output.write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(measured)} nights -> {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
