"""Buying profiles and recommendations of many customers: seconds and memory.

n customers with 50 purchases each on average of the given number of items: half from one of 200
tastes, a third from a second one, the rest from what everybody buys; a taste is an order of the
items, in which the r-th is bought as often as r^-1.3. Measured are the fit of the block, its
columns for everybody, and the lists: the graph of k neighbours, with 20 items per customer, part
by part, in a process of their own. Their memory must not exceed its forecast. CPU seconds are those
of all threads: on a machine with other load, they say more than the wall clock.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.report import Report, arguments, machine
from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.recommendations.everyone import recommend_everyone
from kindred.recommendations.lists import Catalogue
from kindred.recommendations.parameters import Parameters
from kindred.recommendations.recommendation_memory import everyone_megabytes
from kindred.run.machine import peak_megabytes

SEED = 20_180_401
TASTES = 200
MEAN_PURCHASES = 50
STEEPNESS = 1.3
ROWS_AT_ONCE = 50_000
COUNT = 20
LARGEST_MEGABYTES = 6_000


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


def lists_of_everyone(folder: str, neighbours: int, threads: int) -> dict[str, float]:
    """The lists of all customers, from files, in a process of its own."""
    starts, owned, vectors, shape = (
        np.load(Path(folder) / f"{name}.npy") for name in ("starts", "owned", "vectors", "shape")
    )
    ones = np.ones(len(owned), dtype=np.int32)
    purchases = sparse.csr_array((ones, owned, starts), shape=tuple(shape.tolist()))
    before = time.perf_counter(), time.process_time()
    parts = list(
        recommend_everyone(
            Catalogue.of(purchases),
            vectors,
            COUNT,
            parameters=Parameters(neighbours),
            neighbours=neighbours,
            seed=SEED,
            threads=threads,
        )
    )
    return {
        "customers": sum(len(part.rows) for part in parts),
        "seconds": time.perf_counter() - before[0],
        "cpu_seconds": time.process_time() - before[1],
        "megabytes": peak_megabytes(),
    }


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
    with tempfile.TemporaryDirectory() as folder:
        for name, values in arrays.items():
            np.save(Path(folder) / f"{name}.npy", values)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            given = folder, options.k, options.threads
            figures = pool.submit(lists_of_everyone, *given).result()
    forecast = everyone_megabytes(
        vectors.shape, purchases.nnz, options.items, COUNT, options.k, options.threads
    )
    report.measure("lists", **figures, forecast=forecast)
    report.at_most("lists: megabytes, forecast", figures["megabytes"], forecast)
    report.at_most("lists: megabytes", figures["megabytes"], LARGEST_MEGABYTES)
    report.at_least("customers with a list", figures["customers"], options.n)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
