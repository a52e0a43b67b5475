"""The lookalike table: n customers with k lookalikes each, from arrays to a published date.

An embedded server with its usual settings (fsync on, ``synchronous_commit`` off). The neighbours
are random, so that the keys of the index on ``lookalike_id`` arrive in random order. Seven dates of
few customers are published beforehand, so that there are as many partitions as the default
retention keeps. Then, for each of three dates of n customers:

- **load**: ``lookalike_rows.load_part`` as the mapped tasks load_lookalikes call it, in two
  processes at once, 250,000 customers per part, each reading the arrays from an artefact.
- **index**: ``partitions.finish_aside`` as quality_gate calls it: primary key ("lookalikes of X"),
  second index ("who has X"), CHECK, ANALYZE. The gate's count is listed beside it.
- **publish**: as in the task publish: attach, wait for older statements, move the pointer.

While a date is published, two readers query lists of single customers, one by plain and one by
prepared statements. Their slowest answer is the total wait of a reader, including time that the
machine spent on other work. The **lock wait** is taken from the server's log of lock waits, from
1 ms on.

At the end, one session queries ``bi.lookalikes_current`` for the lists of random customers, and for
the customers who have them in their lists, by plain statements (planned each time) and by prepared
ones. After each query, it reads as many rows from no table: if that is slow, too, the machine is.
"""

import itertools
import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg2

from benchmarks.generations import SEED, SPEC
from benchmarks.lookalike_dates import FIRST_DATE, Place, begin, count, finish, load, publish_date
from benchmarks.processes import embedded_server, new_database, postgres_version
from benchmarks.report import Report, arguments, machine, median_seconds, timed
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.schemas import create_space

ROUNDS = 3
SMALL_DATES = 7
SMALL_CUSTOMERS = 2_000
PROCESSES = 2
QUESTIONS = 5_000
CURRENT = "select * from bi.lookalikes_current where"
ASKED = {
    "lookalikes of X": f"{CURRENT} customer_id = {{}} order by rank",
    "who has X": f"{CURRENT} lookalike_id = {{}}",
}
LISTS = ASKED["lookalikes of X"]
NO_TABLE = "select generate_series(1, 10), {}"
WAYS = ("plain", "prepared")
_WAITED = re.compile(r"acquired \w+ on .* after (\d+\.\d+) ms")
_spawn = multiprocessing.get_context("spawn")

Ask = Callable[[int], list[tuple[Any, ...]]]


def asker(cursor: "psycopg2.extensions.cursor", way: str, question: str) -> Ask:
    """Return a function that queries one customer, by plain or prepared statements."""
    if way == "prepared":
        cursor.execute(f"prepare asked (bigint) as {question.format('$1')}")
        question = "execute asked ({})"

    def ask(customer: int) -> list[tuple[Any, ...]]:
        cursor.execute(question.format(customer))
        return cursor.fetchall()

    return ask


def read_until(dsn: str, way: str, customers: int, k: int, is_ready: Any, is_over: Any) -> Any:
    """Query random lists until stopped; return polls, slowest milliseconds, longest lock wait."""
    random = np.random.default_rng(SEED)
    slowest = waited = 0.0
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("set log_lock_waits = on; set deadlock_timeout = '1ms'")
        cursor.execute("set client_min_messages = log")
        ask = asker(cursor, way, LISTS)
        for polls in itertools.count(1):
            seconds, rows = timed(ask, int(random.integers(1, customers + 1)))
            if len(rows) != k:
                raise AssertionError(f"{way}: a list of {len(rows)} was read while publishing")
            if polls > 20:
                slowest = max(slowest, 1000 * seconds)
                is_ready.set()
            for notice in connection.notices:
                waited = max([waited, *map(float, _WAITED.findall(notice))])
            connection.notices.clear()
            if is_over.is_set():
                return polls, slowest, waited


def publish_under_readers(place: Place, rows: int, k: int) -> tuple[float, list[Any]]:
    """Seconds of the publish, and the measurements of each reader."""
    with _spawn.Manager() as manager, ProcessPoolExecutor(len(WAYS), mp_context=_spawn) as pool:
        ready, is_over = [manager.Event() for _ in WAYS], manager.Event()
        readers = [
            pool.submit(read_until, place.dsn, way, SMALL_CUSTOMERS, k, is_ready, is_over)
            for way, is_ready in zip(WAYS, ready, strict=True)
        ]
        for is_ready in ready:
            is_ready.wait(60)
        seconds, _ = timed(publish_date, place, rows)
        time.sleep(0.5)
        is_over.set()
        return seconds, [reader.result() for reader in readers]


def measure_date(report: Report, pool: ProcessPoolExecutor, place: Place, k: int) -> dict[str, Any]:
    """Load, index and publish one date of n customers."""
    begin(place)
    with place.warehouse() as database, database.connection.cursor() as cursor:
        cursor.execute("checkpoint")
    seconds: dict[str, float] = {}
    seconds["load"], rows = timed(load, pool, place)
    count_seconds, found = timed(count, place)
    if (rows, *found) != (place.customers * k, place.customers * k, place.customers):
        raise AssertionError(f"{rows} rows were loaded, {found} are there")
    seconds["index"], _ = timed(finish, place)
    seconds["publish"], readers = publish_under_readers(place, rows, k)
    total = sum(seconds.values())
    report.measure(
        f"{place.as_of:%Y-%m-%d}",
        rows=rows,
        **seconds,
        total=total,
        count=count_seconds,
        polls=sum(polls for polls, _, _ in readers),
        slowest_ms=max(slowest for _, slowest, _ in readers),
        lock_wait_ms=max(waited for _, _, waited in readers),
    )
    return report.measurements[-1]


def measure_questions(report: Report, place: Place) -> None:
    """Milliseconds of querying one customer in the newest date, in a warm session."""
    for question, way in itertools.product(ASKED, WAYS):
        customers = np.random.default_rng(SEED).integers(1, place.customers + 1, QUESTIONS)
        with closing(psycopg2.connect(place.dsn)) as connection:
            connection.autocommit = True
            ask = asker(connection.cursor(), way, ASKED[question])
            ask_nothing = asker(connection.cursor(), "plain", NO_TABLE)
            for customer in customers[:20]:
                ask(int(customer))
            found = [(*timed(ask, int(c)), timed(ask_nothing, int(c))[0]) for c in customers]
        if any(row[0] != place.as_of for _, rows, _ in found for row in rows):
            raise AssertionError("read rows of another date")
        seconds = np.array([(took, nothing) for took, _, nothing in found])
        (median, _), (p99, nothing) = np.quantile(1000 * seconds, [0.5, 0.99], axis=0).tolist()
        report.measure(
            f"{question}, {way}",
            rows=sum(len(rows) for _, rows, _ in found),
            median_ms=median,
            p99_ms=p99,
            no_table_ms=nothing,
        )
        if question == "lookalikes of X":
            report.at_most(f"{question}, {way}: median ms", median, 2.0)
            report.at_most(f"{question}, {way}: 99th percentile ms", p99, 2.0)


def publish_small_dates(pool: ProcessPoolExecutor, dsn: str, root: str, k: int) -> None:
    """Publish the dates that exist beforehand."""
    for number in range(SMALL_DATES):
        place = Place(dsn, root, FIRST_DATE + timedelta(days=number), SMALL_CUSTOMERS)
        if number == 0:
            place.write(k)
        begin(place)
        rows = load(pool, place)
        finish(place)
        publish_date(place, rows)


def run(report: Report, dsn: str, root: str, n: int, k: int) -> None:
    """Measure all dates, then the queries."""
    dates = [FIRST_DATE + timedelta(days=SMALL_DATES + number) for number in range(ROUNDS)]
    places = [Place(dsn, root, as_of, n) for as_of in dates]
    places[0].write(k)
    with ProcessPoolExecutor(PROCESSES, mp_context=_spawn) as pool:
        publish_small_dates(pool, dsn, root, k)
        found = [measure_date(report, pool, place, k) for place in places]
    total = median_seconds([row["total"] for row in found])
    report.at_most("load + index + publish, seconds", total, 45.0)
    report.at_most("slowest answer while publishing, ms", max(r["slowest_ms"] for r in found), 200)
    measure_questions(report, places[-1])


def main() -> int:
    options = arguments(__doc__, n=1_000_000, k=10)
    with embedded_server() as server, tempfile.TemporaryDirectory() as root:
        dsn = new_database(server, "warehouse")
        with connect(dsn, connection_id="bench", application_name="bench") as database:
            with database.transaction():
                create_space(database, SPEC, KeyType.BIGINT)
            used = machine(postgresql=postgres_version(dsn))
        given = {"n": options.n, "k": options.k, "rounds": ROUNDS, "questions": QUESTIONS}
        report = Report("lookalikes", given, used)
        run(report, dsn, root, options.n, options.k)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
