"""The page in Airflow and the report of many customers: seconds per part, as a browser waits.

Two nights of 10,000 customers (`benchmarks.customers`, 32 dimensions, k-means and HDBSCAN) are
published as the DAG does. Then their rows are multiplied in the warehouse until there are n: the
copies of a customer lie beside it on the map and are in its segments. Vectors and lists, which the
page reads of single customers, are not copied. What is counted per snapshot is counted again, as in
a night:

- **count cells**, **write cells**: customers per cell of the map, in all and by segment; of one
  night.
- **count moves**: who moved since the night before, for one algorithm. A night counts this once
  for the stability of its segments, too. **processor** is that of the database session.

The page's app is then served over HTTP by a process of its own, without Airflow's login, and asked
for every part by a reader's login: the **first** time, when charts are drawn, and **again** (median
of 5). ``cold``: the first page of a process that has imported nothing, ``warm``: ten seconds after
its start. **without counts**: the parts whose view counts who moved itself, as before it was kept.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil
import psycopg2
import uvicorn
from psycopg2 import sql

from benchmarks.memory import CHANGE, NIGHTS, Place, Stages, begin, fill_source, spec_of
from benchmarks.processes import embedded_server, execute, new_database, postgres_version
from benchmarks.report import Report, arguments, machine, median_seconds, timed
from kindred.maps.cell_rows import insert_cells
from kindred.maps.density import count_cells
from kindred.page.app import make_app, warm_up_later
from kindred.segments import movement_rows
from kindred.segments.profiles.profile_rows import read_segmentation
from kindred.spec.clustering import Algorithm
from kindred.warehouse import partitions
from kindred.warehouse.database import Database
from local.postgres import SUPERUSER, as_user

BASE = 10_000
DIMENSIONS = 32
ALGORITHMS = (Algorithm.KMEANS, Algorithm.HDBSCAN)
LOGIN = "page_of_benchmark"
MULTIPLIED = ("customer_versions", "customer_clusters", "customer_map")
BESIDE = "{column} + 0.02 * sin(copy * 12.9 + customer_id)"
AGAIN = 5
LONGEST_SECONDS, MOST_CPU_SECONDS = 1.5, 2.0
CUSTOMER = {"customer_id": "17"}
READY_SECONDS = 60.0


@dataclass
class Anybody:
    """A user with all rights on the only space, in place of Airflow's login."""

    dsn: str

    def name(self, user: Any) -> str:
        """How a user is called."""
        return "anybody"

    def spaces(self, user: Any) -> list[str]:
        """The only one."""
        return ["default"]

    def sees_persons(self, user: Any, space: str) -> bool:
        """Everybody may look up."""
        return True

    def seconds_to_wait(self, user: Any, space: str, kind: str) -> int:
        """Without a limit."""
        return 0

    def space_of(self, dag_id: str) -> str | None:
        """Of any DAG."""
        return "default"

    def conninfo(self) -> str:
        """A reader."""
        return self.dsn


def serve(dsn: str, ports: Any, warm_up_seconds: float | None) -> None:
    """Serve the page until this process is ended; the port goes through a queue."""
    app = make_app(lambda: "anybody", Anybody(dsn))
    if warm_up_seconds is not None:
        warm_up_later(lambda: None, warm_up_seconds)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))

    def tell() -> None:
        while not server.started:
            time.sleep(0.01)
        ports.put(server.servers[0].sockets[0].getsockname()[1])

    threading.Thread(target=tell, daemon=True).start()
    server.run()


@contextmanager
def served(dsn: str, warm_up_seconds: float | None) -> Iterator[httpx.Client]:
    """A client of the page, served by a process of its own."""
    spawn = get_context("spawn")
    ports = spawn.Queue()
    process = spawn.Process(target=serve, args=(dsn, ports, warm_up_seconds), daemon=True)
    process.start()
    try:
        address = f"http://127.0.0.1:{ports.get(timeout=READY_SECONDS)}"
        headers = {"Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            yield client
    finally:
        process.terminate()
        process.join()


def publish_nights(place: Place, n: int) -> None:
    """Two nights of n customers; 1 % change in between."""
    spec = spec_of(DIMENSIONS, ALGORITHMS)
    fill_source(place, n, DIMENSIONS)
    for number, as_of in enumerate(NIGHTS):
        if number:
            execute(place.source, CHANGE)
        begin(place, spec, as_of)
        for _ in Stages(place, as_of, None, (), ALGORITHMS).all():
            pass


def multiply(warehouse: str, base: int, times: int) -> None:
    """As many copies of every row of a customer, with keys of their own."""
    with closing(psycopg2.connect(warehouse)) as connection, connection, connection.cursor() as run:
        run.execute("set search_path to kindred, public")
        for table in MULTIPLIED:
            run.execute(
                "select column_name from information_schema.columns"
                " where table_schema = 'kindred' and table_name = %s",
                (table,),
            )
            columns = [name for (name,) in run.fetchall()]
            values = [_value(name) for name in columns]
            statement = sql.SQL(
                "insert into {table} ({columns}) select {values} from {table},"
                " generate_series(1, {last}) as copy"
            ).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(values),
                last=sql.Literal(times - 1),
            )
            run.execute(statement, {"base": base})
        for table, column in (
            ("snapshots", "customers"),
            ("cluster_profiles", "customers"),
            ("cluster_quality", "customers"),
        ):
            run.execute(
                sql.SQL("update {table} set {column} = {column} * %s").format(
                    table=sql.Identifier(table), column=sql.Identifier(column)
                ),
                (times,),
            )
        run.execute("delete from cluster_moves; delete from map_cells")
    execute(warehouse, "vacuum analyze")


def _value(column: str) -> sql.Composable:
    if column == "customer_id":
        return sql.SQL("{} + copy * %(base)s").format(sql.Identifier(column))
    if column in ("x", "y"):
        return sql.SQL(BESIDE).format(column=sql.Identifier(column))
    return sql.Identifier(column)


def count_again(report: Report, place: Place, n: int) -> None:
    """What a night counts for the page, of n customers."""
    with place.deployment.warehouse("bench", "kindred") as warehouse:
        session = psutil.Process(warehouse.connection.get_backend_pid())
        for as_of in NIGHTS:
            cells_cpu = _count_cells(report, warehouse, as_of, n)
        before = session.cpu_times()
        seconds, pairs = timed(movement_rows.count_missing, warehouse)
        after = session.cpu_times()
    spent = after.user + after.system - before.user - before.system
    if pairs != len(ALGORITHMS):
        raise AssertionError(f"{pairs} pairs of nights were counted")
    per_pair = {"seconds": seconds / pairs, "processor": spent / pairs}
    report.measure("count moves", group="a night", **per_pair)
    report.at_most("cells of a night: processor seconds", cells_cpu, MOST_CPU_SECONDS)


def _count_cells(report: Report, warehouse: Database, as_of: Any, n: int) -> float:
    """Count the cells of a night; returns processor seconds, the session's among them."""
    table = partitions.partition_name("customer_clusters", as_of)
    labels = {
        str(one): read_segmentation(warehouse, table, str(one), n, block_rows=50_000).labels
        for one in ALGORITHMS
    }
    session = psutil.Process(warehouse.connection.get_backend_pid())
    with warehouse.connection.cursor() as cursor:
        cursor.execute(
            "select x, y from customer_map where as_of = %s order by customer_id", (as_of,)
        )
        places = np.array(cursor.fetchall(), dtype=np.float32)
        cursor.execute("select cell_size from map_quality where as_of = %s", (as_of,))
        [(size,)] = cursor.fetchall()
    started, before = time.process_time(), session.cpu_times()
    count_seconds, counts = timed(count_cells, places, size, labels)
    with warehouse.transaction():
        write_seconds, rows = timed(insert_cells, warehouse, as_of, counts)
    after = session.cpu_times()
    spent = time.process_time() - started
    spent += after.user + after.system - before.user - before.system
    report.measure("count cells", group="a night", seconds=count_seconds)
    report.measure(
        "write cells", group="a night", seconds=write_seconds, rows=rows, processor=spent
    )
    return spent


def parts() -> dict[str, tuple[str, str, dict[str, str]]]:
    """Method, address and fields of each part of the page, by its name."""
    found = {
        name: ("GET", "/", {"part": name})
        for name in ("night", "map", "lookalikes", "index", "audiences", "recommendations")
    }
    for algorithm in map(str, ALGORITHMS):
        found[f"segments {algorithm}"] = (
            "GET",
            "/",
            {"part": "segments", "algorithm": algorithm},
        )
    found["lookup"] = ("GET", "/", {"part": "lookup"})
    found["a customer"] = ("POST", "/customer", CUSTOMER)
    found["report"] = ("GET", "/report", {})
    return found


def ask(client: httpx.Client, method: str, path: str, fields: dict[str, str]) -> int:
    """Ask for a part; returns how many bytes came."""
    sent = {"params": fields} if method == "GET" else {"data": fields}
    found = client.request(method, path, **sent)  # type: ignore[arg-type]
    if found.status_code != 200:
        raise AssertionError(f"{path} {fields}: {found.status_code} {found.text[:500]}")
    return len(found.content)


def measure_parts(report: Report, dsn: str) -> None:
    """All parts of the page, once and again."""
    with served(dsn, None) as client:
        seconds, _ = timed(ask, client, *parts()["night"])
        report.measure("cold", group="first page of a process", seconds=seconds)
    with served(dsn, 0.0) as client:
        time.sleep(10)
        seconds, _ = timed(ask, client, *parts()["night"])
        report.measure("warm", group="first page of a process", seconds=seconds)
        report.at_most("first page of a process, warm: seconds", seconds, LONGEST_SECONDS)
        for name, asked in parts().items():
            first, size = timed(ask, client, *asked)
            again = [timed(ask, client, *asked)[0] for _ in range(AGAIN)]
            figures = {"first": first, "again": median_seconds(again), "kilobytes": size / 1000}
            report.measure(name, group="parts", **figures)
            if name != "report":  # a file that is made whole, each time
                report.at_most(f"{name}: seconds", first, LONGEST_SECONDS)


def measure_uncounted(report: Report, warehouse: str, dsn: str) -> None:
    """The parts that a reader would have to count."""
    execute(warehouse, "delete from kindred.cluster_moves")
    with served(dsn, 0.0) as client:
        time.sleep(5)
        for name, asked in parts().items():
            if name.startswith("segments"):
                first, _ = timed(ask, client, *asked)
                report.measure(name, group="without counts", first=first)


def main() -> int:
    options = arguments(__doc__, n=1_000_000)
    times = max(1, options.n // BASE)
    base = min(BASE, options.n)
    with embedded_server() as server, TemporaryDirectory() as folder:
        place = Place(new_database(server, "shop"), new_database(server, "warehouse"), folder)
        used = machine(postgresql=postgres_version(place.warehouse))
        report = Report("page", {"n": base * times}, used)
        seconds, _ = timed(publish_nights, place, base)
        report.measure("two nights", group="made", customers=base, seconds=seconds)
        seconds, _ = timed(multiply, place.warehouse, base, times)
        report.measure("multiplied", group="made", customers=base * times, seconds=seconds)
        administrator = server.dsn("postgres", SUPERUSER)
        execute(administrator, f"create role {LOGIN} login in role bi_reader")
        dsn = as_user(place.warehouse, LOGIN)
        count_again(report, place, base * times)
        measure_parts(report, dsn)
        measure_uncounted(report, place.warehouse, dsn)
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
