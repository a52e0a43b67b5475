"""Buying profiles and recommendations of many customers: seconds and memory.

n customers with 50 purchases each on average of the given number of items: half from one of 200
tastes, a third from a second one, the rest from what everybody buys; a taste is an order of the
items, in which the r-th is bought as often as r^-1.3. Measured are the fit of the block, its
columns for everybody, and, in a process of their own:

- **lists**: the graph of k neighbours, with 20 items per customer, part by part.
- **load**: ``recommendation_rows.load`` as task recommend calls it, on an embedded server.
- **index**: ``partitions.finish_aside`` as quality_gate calls it: by customer, and by item.

Their memory must not exceed its forecast. CPU seconds are those of all threads of the process: on a
machine with other load, they say more than the wall clock. At the end, the date is published, and
one session reads the lists of random customers, and the audience of popular and of rare items.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from scipy import sparse

from benchmarks.generations import SPEC
from benchmarks.lookalike_dates import (
    BLOCK_ROWS,
    FIRST_DATE,
    MEMORY_MB,
    Place,
    begin,
    publish_date,
)
from benchmarks.processes import embedded_server, new_database
from benchmarks.report import Report, arguments, machine
from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.recommendations.everyone import recommend_everyone
from kindred.recommendations.lists import Catalogue, Recommendations
from kindred.recommendations.parameters import Parameters
from kindred.recommendations.recommendation_memory import everyone_megabytes
from kindred.recommendations.recommendation_rows import PARENT, Listed, load
from kindred.run.machine import peak_megabytes
from kindred.warehouse import partitions
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space

SEED = 20_180_401
TASTES = 200
MEAN_PURCHASES = 50
STEEPNESS = 1.3
ROWS_AT_ONCE = 50_000
COUNT = 20
LARGEST_MEGABYTES = 6_000
LONGEST_SECONDS = 240
LONGEST_MILLISECONDS = 2
QUESTIONS, WARM = 2_000, 50
LIST = "select * from bi.recommendations_current where customer_id = %s order by rank"
AUDIENCE = "select * from bi.item_audience(%s, 1000)"
ITEMS = (
    "select (array_agg(item order by lists desc))[1], (array_agg(item order by lists))[1] from"
    " (select item, count(*) as lists from bi.recommendations_current group by item) as found"
)


def make_purchases(customers: int, items: int) -> Any:
    """Seeded purchases, csr_array of int32 (customers, items)."""
    random = np.random.default_rng(SEED)
    orders = np.stack([random.permutation(items) for _ in range(TASTES)]).astype(np.int32)
    parts = list(_parts(random, orders, customers))
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def _parts(random: np.random.Generator, orders: Any, customers: int) -> Iterator[Any]:
    items = orders.shape[1]
    for start in range(0, customers, ROWS_AT_ONCE):
        rows = min(ROWS_AT_ONCE, customers - start)
        row = np.repeat(np.arange(rows), random.poisson(MEAN_PURCHASES, rows))
        tastes = random.integers(0, TASTES, (2, rows))
        rank = (random.zipf(STEEPNESS, len(row)) - 1) % items
        draw = random.random(len(row))
        taste = np.where(draw < 0.5, tastes[0, row], tastes[1, row])
        item = np.where(draw < 0.8, orders[taste, rank], rank)
        ones = np.ones(len(row), dtype=np.int32)
        counted = sparse.csr_array((ones, (row, item)), shape=(rows, items))
        counted.sum_duplicates()
        yield counted


def profiles(report: Report, purchases: Any) -> Any:
    """The buying profiles of all customers, float32 (customers, components)."""
    values = ItemCounts(purchases, np.arange(purchases.shape[1]))
    before = time.perf_counter(), time.process_time()
    block = fit_items(values)
    _report(report, "fit", before, customers=purchases.shape[0], purchases=purchases.nnz)
    before = time.perf_counter(), time.process_time()
    vectors = np.zeros((purchases.shape[0], len(block.reduced.centroid)), dtype=np.float32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        out = np.zeros((len(vectors[part]), block.width), dtype=np.float32)
        block.write(ItemCounts(purchases[part], values.items), out)
        vectors[part] = block.profile_part(out)
    _report(report, "encode", before)
    return vectors


def _report(report: Report, what: str, before: tuple[float, float], **more: Any) -> None:
    seconds, cpu_seconds = time.perf_counter() - before[0], time.process_time() - before[1]
    report.measure(what, seconds=seconds, cpu_seconds=cpu_seconds, **more)


def lists_of_everyone(folder: str, dsn: str, neighbours: int, threads: int) -> list[dict[str, Any]]:
    """The lists of all customers, from files, and their tables; in a process of its own."""
    starts, owned, vectors, shape = (
        np.load(Path(folder) / f"{name}.npy") for name in ("starts", "owned", "vectors", "shape")
    )
    ones = np.ones(len(owned), dtype=np.int32)
    purchases = sparse.csr_array((ones, owned, starts), shape=tuple(shape.tolist()))
    customers = purchases.shape[0]
    place = Place(dsn, "", FIRST_DATE, customers)
    found: list[dict[str, Any]] = []
    catalogue = Catalogue.of(purchases)
    before = time.perf_counter(), time.process_time()
    parts = recommend_everyone(
        catalogue,
        vectors,
        COUNT,
        parameters=Parameters(neighbours),
        neighbours=neighbours,
        seed=SEED,
        threads=threads,
    )
    lists = Recommendations.joined(list(parts))
    found.append({"what": "lists", **_since(before), "customers": len(lists.rows)})
    items = np.sort(np.arange(purchases.shape[1]).astype(np.str_))
    names = np.full(len(items), "a product", dtype=object)
    keys = np.arange(1, customers + 1)
    listed = Listed(FIRST_DATE, KeyType.BIGINT, keys, catalogue, items, names, lists)
    with place.warehouse() as database:
        schema = SPEC.internal_schema
        before = time.perf_counter(), time.process_time()
        load(database, schema, listed, block_rows=BLOCK_ROWS, wait_seconds=60)
        found.append({"what": "load", **_since(before), **listed.counts})
        before = time.perf_counter(), time.process_time()
        partitions.finish_aside(database, PARENT, FIRST_DATE, memory_mb=MEMORY_MB)
        found.append({"what": "index", **_since(before)})
    found[-1]["megabytes"] = peak_megabytes()
    return found


def _since(before: tuple[float, float]) -> dict[str, float]:
    return {
        "seconds": time.perf_counter() - before[0],
        "cpu_seconds": time.process_time() - before[1],
    }


def measure_questions(report: Report, place: Place) -> None:
    """Milliseconds of one customer's list, and of who should hear of an item."""
    random = np.random.default_rng(SEED)
    with closing(psycopg2.connect(place.dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def ask(statement: str, value: object) -> tuple[float, int]:
            before = time.perf_counter()
            cursor.execute(statement, (value,))
            return 1000 * (time.perf_counter() - before), len(cursor.fetchall())

        customers = random.integers(1, place.customers + 1, QUESTIONS).tolist()
        asked = [ask(LIST, customer) for customer in customers][WARM:]
        median, p99 = np.quantile([took for took, _ in asked], [0.5, 0.99]).tolist()
        rows = sum(found for _, found in asked)
        report.measure("one customer's list", rows=rows, median_ms=median, p99_ms=p99)
        report.at_most("one customer's list: median ms", median, LONGEST_MILLISECONDS)
        cursor.execute(ITEMS)
        for name, item in zip(("most", "few"), cursor.fetchone() or (), strict=True):
            took, found = ask(AUDIENCE, item)
            report.measure(f"audience of an item on {name} lists", rows=found, median_ms=took)


def publish(place: Place, rows: int) -> None:
    """Publish the date as task publish does."""
    counts = {"recommendations": rows, "item_names": ["item"]}
    publish_date(place, 0, **counts)


def main() -> int:
    options = arguments(__doc__, n=100_000, items=50_000, k=200, threads=2)
    parameters = {
        "n": options.n,
        "items": options.items,
        "k": options.k,
        "threads": options.threads,
    }
    report = Report("recommend_speed", parameters, machine())
    purchases = make_purchases(options.n, options.items)
    vectors = profiles(report, purchases)
    arrays = {
        "starts": purchases.indptr,
        "owned": purchases.indices,
        "vectors": vectors,
        "shape": np.array(purchases.shape),
    }
    with embedded_server() as server, tempfile.TemporaryDirectory() as folder:
        place = Place(new_database(server, "warehouse"), "", FIRST_DATE, options.n)
        with (
            connect(place.dsn, connection_id="bench", application_name="bench") as database,
            database.transaction(),
        ):
            create_space(database, SPEC, KeyType.BIGINT)
        begin(place)
        for name, values in arrays.items():
            np.save(Path(folder) / f"{name}.npy", values, allow_pickle=False)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            given = folder, place.dsn, options.k, options.threads
            figures = pool.submit(lists_of_everyone, *given).result()
        for one in figures:
            report.measure(**one)
        publish(place, figures[1]["rows"])
        measure_questions(report, place)
    forecast = everyone_megabytes(
        vectors.shape, purchases.nnz, options.items, COUNT, options.k, options.threads
    )
    megabytes = figures[-1]["megabytes"]
    report.measure("all", seconds=sum(one["seconds"] for one in figures), forecast=forecast)
    report.at_most("megabytes, forecast", megabytes, forecast)
    report.at_most("megabytes", megabytes, LARGEST_MEGABYTES)
    seconds = sum(one["seconds"] for one in figures)
    report.at_most("lists, load and index: seconds", seconds, LONGEST_SECONDS)
    report.at_least("customers with a list", figures[1]["customers"], options.n)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
