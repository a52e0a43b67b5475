"""The task ``encode``: n customers of 20 columns, from the history to the artefact ``vectors``.

A seeded statement creates the customers (12 numeric, 3 boolean, 5 categorical columns) in
``customer_versions`` of an embedded server; every twentieth has a second, newer version. With
``--data=mixed`` the customers are those of `benchmarks.mixed_customers`, landed from a source by
the tasks ``extract`` and ``validate``. An encoder is fitted on them. Then each of these runs three
times, in its own process; medians are reported:

- **stage encode**: ``encoding.task.encode`` as the DAG's task calls it: reading by COPY, the
  transform, writing the artefact. The peak is the process's ``VmHWM``, including libraries. The
  server's memory and CPU time are not included: the difference between seconds and the task's CPU
  time (``cpu_seconds``) shows how busy the machine was otherwise.
- **transform**: ``FittedEncoder.transform`` only, on the same frames in blocks of the same size.

The task is also timed with n / 4 customers, in another database: time may grow at most in
proportion to the rows, with a tolerance of a quarter.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import mixed_customers as mixed
from benchmarks.processes import (
    Alone,
    embedded_server,
    measure_alone,
    new_database,
    postgres_version,
    run_file,
)
from benchmarks.report import Report, arguments, machine, median_seconds, timed
from benchmarks.vectors import CUSTOMERS, MIXED, report_name
from kindred.encoding import encoder_versions
from kindred.encoding.task import encode, fit_encoder
from kindred.history import snapshot_customers
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, Run, open_run
from kindred.run.windows import Window
from kindred.settings import Settings
from kindred.spec.model import Spec, spec_from_dict
from kindred.tasks import run_task
from kindred.warehouse.copy_writer import Array
from local.tables import load_table

SEED = 0.20180401  # as setseed takes it
ROUNDS = 3
SECOND_VERSION_EVERY = 20
AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
SKEWED = ("annual_income", "spend_12m", "spend_total", "basket_value", "orders_12m", "visits_30d")
EVEN = (
    "age",
    "tenure_months",
    "days_since_order",
    "returns_12m",
    "discount_share",
    "support_calls",
)
BOOLEAN = ("is_active", "has_newsletter", "is_business")
CATEGORICAL = ("gender", "channel", "plan", "region", "occupation")


def make_spec() -> Spec:
    """A spec of all columns; amounts and counts are log-transformed."""
    features: dict[str, Any] = {c: {"kind": "numeric", "transform": "log1p"} for c in SKEWED}
    features |= dict.fromkeys(EVEN, "numeric") | dict.fromkeys(BOOLEAN, "boolean")
    features |= {c: {"kind": "categorical", "max_categories": 60} for c in CATEGORICAL}
    source = {"table": "customers", "key": "customer_id", "updated_at": "updated_at"}
    content = {"space": "default", "source": source, "features": features}
    return spec_from_dict(content, where="benchmark")


def deployment(dsn: str, artefacts: str) -> Deployment:
    """One database as source and warehouse."""
    return Deployment(lambda name: dsn, Settings(artifacts=artefacts))


def opened(dsn: str, artefacts: str) -> Run:
    """The run as a task opens it."""
    return open_run(deployment(dsn, artefacts), "default", AS_OF)


def land_mixed(dsn: str, artefacts: str, n: int) -> None:
    """Begin a build, land n mixed customers from their source, and fit its encoder."""
    load_table(dsn, mixed.source_table(n))
    window = Window(AS_OF - timedelta(days=1), AS_OF)
    prepare(deployment(dsn, artefacts), mixed.make_spec(), Request("bench", window, may_fit=True))
    for stage in ("extract", "validate", "fit_encoder"):
        run_task(opened(dsn, artefacts), stage)


def make_customers(dsn: str, artefacts: str, n: int) -> None:
    """Begin a build whose history has n customers, and fit its encoder."""
    run_file(dsn, "create_customers")
    window = Window(AS_OF - timedelta(days=1), AS_OF)
    prepare(deployment(dsn, artefacts), make_spec(), Request("bench", window, may_fit=True))
    first = {"customers": n, "every": 1, "updated_at": AS_OF - timedelta(days=20), "seed": SEED}
    second = {**first, "every": SECOND_VERSION_EVERY, "updated_at": AS_OF - timedelta(days=3)}
    for parameters in (first, second):
        run_file(dsn, "make_customers", parameters, schema="kindred")
    run = opened(dsn, artefacts)
    with run.warehouse("bench") as warehouse:
        snapshot_customers.keep_customers(warehouse, run)
    fit_encoder(run)


def run_stage_encode(dsn: str, artefacts: str) -> dict[str, Any]:
    """Run the task's function."""
    return encode(opened(dsn, artefacts))


def transform_only(dsn: str, artefacts: str) -> float:
    """Seconds of the transform alone, block by block."""
    run = opened(dsn, artefacts)
    frames: list[pd.DataFrame] = []

    def collect(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        frames.append(frame)

    with run.warehouse("bench") as warehouse:
        encoder = encoder_versions.read(warehouse, run.encoder_version)
        customers = snapshot_customers.kept_customers(warehouse, run)
        snapshot_customers.read_customers(warehouse, run, customers, collect)
    return sum(timed(encoder.transform, frame)[0] for frame in frames)


def measure(report: Report, places: dict[int, tuple[str, str]]) -> dict[int, tuple[float, float]]:
    """Seconds and peak of the task at each size; the sizes alternate."""
    stages: dict[int, list[Alone[dict[str, Any]]]] = {n: [] for n in places}
    alone: dict[int, list[float]] = {n: [] for n in places}
    for n in [n for _ in range(ROUNDS) for n in places]:
        stages[n].append(measure_alone(run_stage_encode, *places[n]))
        alone[n].append(measure_alone(transform_only, *places[n]).result)
    found = {}
    for n, runs in stages.items():
        if any(run.result["customers"] != n for run in runs):
            raise AssertionError(f"not {n} customers were encoded: {[run.result for run in runs]}")
        found[n] = (
            median_seconds([run.seconds for run in runs]),
            max(run.peak_rss_mb for run in runs),
        )
        counts = {"customers": n, "dimensions": runs[0].result["dimensions"]}
        report.measure(
            "stage encode",
            **counts,
            seconds=found[n][0],
            cpu_seconds=median_seconds([run.cpu_seconds for run in runs]),
            peak_rss_mb=round(found[n][1]),
        )
        report.measure("transform", **counts, seconds=median_seconds(alone[n]))
    return found


def main() -> int:
    options = arguments(__doc__, n=1_000_000, data=CUSTOMERS)
    name = report_name("encode", options.data)
    make = land_mixed if options.data == MIXED else make_customers
    sizes = (options.n // 4, options.n)
    with embedded_server() as server, tempfile.TemporaryDirectory() as folder:
        places = {
            n: (new_database(server, f"customers_{n}"), str(Path(folder) / str(n))) for n in sizes
        }
        used = machine(postgresql=postgres_version(places[options.n][0]))
        given = {"n": options.n, "data": options.data, "rounds": ROUNDS, "seed": SEED}
        report = Report(name, given, used)
        for n, (dsn, artefacts) in places.items():
            make(dsn, artefacts, n)
        found = measure(report, places)
    (quarter, _), (whole, peak) = (found[n] for n in sizes)
    report.at_most("seconds of the stage", whole, 20.0)
    report.at_most("peak RSS of the stage in MB", peak, 2_000.0)
    report.at_most("seconds at n / seconds at n/4", whole / quarter, 4 * 1.25)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
