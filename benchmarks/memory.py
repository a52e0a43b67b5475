"""Memory of every task: forecast and measured.

n customers (`benchmarks.customers`) of d - 4 numeric columns and one category of three values,
which become d dimensions, on an embedded server: one night in which everything is new, and one in
which 1 % of the rows change; both with all algorithms of segments. Each task (each instance of a
mapped one) runs in its own process, which has imported what a task imports. The second night runs
only the tasks that work differently from the first night.

- **measured**: the peak memory of the process (VmHWM), including mapped artefacts.
- **forecast**: what the task recorded in `bi.snapshots.stage_forecast_mb` before it began; none for
  tasks that hold at most one block of rows, or work inside the database.

A forecast must be at least the measured memory, and at most twice as much.
"""

import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from ctypes import CDLL
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psycopg2

from benchmarks.customers import make_customers
from benchmarks.processes import embedded_server, execute, new_database, postgres_version
from benchmarks.report import Report, arguments, machine
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, open_run
from kindred.run.machine import peak_megabytes
from kindred.run.windows import Window
from kindred.settings import Settings
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, spec_from_dict
from kindred.tasks import TASKS, run_task
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows
from kindred.warehouse.database import connect
from local.page_reader import install_page_reader

CATEGORIES = (b"north", b"south", b"west")
SLOTS = len(CATEGORIES) + 1
ALGORITHMS = (Algorithm.KMEANS, Algorithm.HDBSCAN, Algorithm.DBSCAN, Algorithm.IVFFLAT)
NIGHTS = (datetime(2026, 1, 5, 2, tzinfo=UTC), datetime(2026, 1, 6, 2, tzinfo=UTC))
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
CHANGE = (
    "update customers set x0 = x0 + 0.5, updated_at = '2026-01-05 12:00+00'"
    " where customer_id % 100 = 0"
)
# A difference and the canary, stored starting centroids, and lists from the index's pages.
OTHERWISE = {"encode", "build_embeddings", "cluster kmeans", "cluster ivfflat", "publish"}
FORECAST = "select stage_forecast_mb ->> %s from bi.snapshots where as_of = %s"
RESET = "update kindred.snapshot_builds set stage_forecast_mb = default"
RESET_PEAK = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Place:
    """The environment of a run: two databases and the artefacts."""

    source: str
    warehouse: str
    artefacts: str

    @property
    def deployment(self) -> Deployment:
        """The connections, and default settings."""
        dsns = {"kindred_source": self.source, "kindred_warehouse": self.warehouse}
        settings = Settings(artifacts=self.artefacts, min_free_disk_mb=1, keep_reports=0)
        return Deployment(dsns.__getitem__, settings)


def spec_of(d: int, algorithms: Sequence[Algorithm] = ALGORITHMS) -> Spec:
    """A spec with all columns of the source."""
    numeric = {f"x{number}": "numeric" for number in range(d - SLOTS)}
    return spec_from_dict(
        {
            "space": "default",
            "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
            "k": 10,
            "features": {**numeric, "region": "categorical"},
            "clustering": {"algorithms": [str(algorithm) for algorithm in algorithms]},
        },
        where="benchmark",
    )


def fill_source(place: Place, n: int, d: int) -> None:
    """The customers table."""
    numeric = d - SLOTS
    columns = ", ".join(f"x{number} double precision" for number in range(numeric))
    execute(
        place.source,
        "create table customers"
        f" (customer_id bigint primary key, updated_at timestamptz, {columns}, region text)",
    )
    values = make_customers(n, d)
    regions = np.array(CATEGORIES)[np.arange(n) % len(CATEGORIES)]
    names = ["customer_id", "updated_at", *(f"x{number}" for number in range(numeric)), "region"]

    def chunks() -> Iterator[bytes]:
        for start in range(0, n, 20_000):
            rows = slice(start, min(n, start + 20_000))
            count = rows.stop - rows.start
            moments = np.full(count, int(BEGINNING.timestamp()) * 1_000_000)
            yield encode_rows(
                [
                    Column(Field.INT8, np.arange(start + 1, rows.stop + 1)),
                    Column(Field.TIMESTAMPTZ, moments),
                    *(Column(Field.FLOAT8, values[rows, x]) for x in range(numeric)),
                    Column(Field.TEXT, regions[rows]),
                ]
            )

    with connect(place.source, connection_id="bench", application_name="bench") as database:
        database.copy_in("customers", names, RowStream(chunks()))


def begin(place: Place, spec: Spec, as_of: datetime) -> None:
    """Task prepare."""
    window = Window(BEGINNING, as_of)
    prepare(place.deployment, spec, Request(f"bench__{as_of.isoformat()}", window, may_fit=True))


def run_in_process(place: Place, as_of: datetime, stage: str, part: dict[str, Any]) -> Any:
    """Run a stage in its own process; return its result and its peak memory."""
    # Imported because a task imports it, too.
    import kindred.airflow_adapter.tasks  # noqa: F401

    # In a reused process, do not count memory that earlier stages have freed.
    CDLL(None).malloc_trim(0)
    RESET_PEAK.write_text("5")
    result = run_task(open_run(place.deployment, "default", as_of), stage, **part)
    return result, peak_megabytes()


@dataclass
class Stages:
    """The stages of one night, one after the other."""

    place: Place
    as_of: datetime
    pool: ProcessPoolExecutor | None
    measured: Collection[str] | None = None
    algorithms: Sequence[Algorithm] = ALGORITHMS
    result: Any = None

    def run(self, stage: str, **part: Any) -> tuple[str, int | None, int | None]:
        """Name, forecast and peak (None where it is not measured) of one stage."""
        name = f"{stage} {part['algorithm']}" if "algorithm" in part else stage
        if self.measured is not None and name not in self.measured:
            run = open_run(self.place.deployment, "default", self.as_of)
            self.result = run_task(run, stage, **part)
            return name, None, None
        assert self.pool is not None, "a stage is measured in a process of its own"
        execute(self.place.warehouse, RESET)
        asked = self.pool.submit(run_in_process, self.place, self.as_of, stage, part)
        self.result, peak = asked.result()
        return name, self._forecast(stage), peak

    def all(self) -> Iterator[tuple[str, int | None, int | None]]:
        """Every stage in the order of the flow."""
        for stage in ("extract", "validate", "fit_encoder", "encode", "plan_graph"):
            yield self.run(stage)
        for shard in list(self.result):
            yield self.run("search_graph", shard=shard)
        yield self.run("merge_graph")
        parts = list(self.result)
        yield self.run("build_embeddings")
        for algorithm in self.algorithms:
            yield self.run("cluster", algorithm=str(algorithm))
        yield self.run("profile_clusters")
        for part in parts:
            yield self.run("load_lookalikes", part=part)
        yield self.run("place_customers")
        for stage in ("quality_gate", "publish", "clean_up"):
            yield self.run(stage)

    def _forecast(self, stage: str) -> int | None:
        with closing(psycopg2.connect(self.place.warehouse)) as connection:
            cursor = connection.cursor()
            cursor.execute(FORECAST, (stage, self.as_of))
            [(found,)] = cursor.fetchall()
        return None if found is None else int(found)


def measure(report: Report, place: Place, n: int, d: int, pool: ProcessPoolExecutor) -> None:
    """Run both nights; every stage is reported, and forecasts are compared with targets."""
    spec = spec_of(d)
    fill_source(place, n, d)
    for number, as_of in enumerate(NIGHTS):
        if number:
            execute(place.source, CHANGE)
            install_page_reader(place.warehouse, spec.internal_schema)
        begin(place, spec, as_of)
        stages = Stages(place, as_of, pool, OTHERWISE if number else None)
        for name, forecast, peak in stages.all():
            if peak is not None:
                report_row(report, number + 1, name, forecast, peak)


def report_row(report: Report, night: int, stage: str, forecast: int | None, peak: int) -> None:
    """Report one stage."""
    ratio = None if forecast is None else round(forecast / peak, 2)
    report.measure(stage, night=night, forecast_mb=forecast, measured_mb=peak, ratio=ratio)
    if ratio is not None:
        name = f"night {night}, {stage}: forecast / measured"
        report.at_least(name, ratio, 1.0)
        report.at_most(name, ratio, 2.0)


@contextmanager
def processes(*, reused: bool) -> Iterator[ProcessPoolExecutor]:
    """One new process per stage, or one for all, which is faster but does not release memory.

    One for all has all libraries from the start, as what is forked from Airflow's scheduler has.
    """
    lives = None if reused else 1
    ready = import_all if reused else None
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=ready, max_tasks_per_child=lives
    ) as pool:
        yield pool


def import_all() -> None:
    """Import what any task needs."""
    for task in TASKS.values():
        assert callable(task.function)


def main() -> int:
    options = arguments(__doc__, n=200_000, d=32)
    with embedded_server() as server, TemporaryDirectory() as folder, processes(reused=False) as p:
        place = Place(new_database(server, "shop"), new_database(server, "warehouse"), folder)
        used = machine(postgresql=postgres_version(place.warehouse))
        report = Report("memory", {"n": options.n, "d": options.d}, used)
        measure(report, place, options.n, options.d, p)
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
