"""The lookalike table: n customers with k lookalikes each, from arrays to a published date.

An embedded server with its usual settings (fsync on, ``synchronous_commit`` off). The neighbours
are random, so that the index on ``lookalike_id`` meets its keys in no order. Before the clock
starts, seven dates of few customers are published, so that there are as many partitions as the
default retention keeps. Then, for each of three dates of n customers:

- **load**: ``store.lookalikes.load_part`` as the mapped tasks load_lookalikes call it, in two
  processes at once, 250,000 customers a part, each reading the arrays from an artefact.
- **index**: ``partitions.finish_aside`` as quality_gate calls it: primary key ("lookalikes of X"),
  second index ("who has X among theirs"), CHECK, ANALYZE. The gate's count is beside it.
- **publish**: ``store.publish.publish``: attach, the wait for older statements, the new pointer.

While a date is published, two readers ask for one customer's list after another, one by plain and
one by prepared statements: their slowest answer is the whole wait of a reader, the time that the
machine gave to others included. The **lock wait** is what the server says of waits for locks, from
1 ms on.

At the end, one session asks ``bi.lookalikes_current`` for the lists of random customers, and who
has them among theirs, by plain statements (planned anew each time) and by prepared ones. Right
after each question it asks for as many rows of no table: what is slow there too is the machine.
"""

import itertools
import math
import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg2

from benchmarks.load import SPEC
from benchmarks.processes import embedded_server, new_database, postgres_version
from benchmarks.report import Report, arguments, machine, median_seconds, timed
from kindred.artefacts import ArtefactFolder
from kindred.graph.results import NeighbourGraph
from kindred.store import partitions, publish, snapshots
from kindred.store.database import Database, connect
from kindred.store.keys import KeyType
from kindred.store.lookalikes import PARENT, Lookalikes, load_part
from kindred.store.publish import StagedEmbeddings
from kindred.store.space import create_space, search_path_of

SEED = 20_180_401
ROUNDS = 3
SMALL_DATES = 7
SMALL_CUSTOMERS = 2_000
SHARD_ROWS = 250_000
BLOCK_ROWS = 50_000
MEMORY_MB = 256
PROCESSES = 2
QUESTIONS = 5_000
FIRST_DATE = datetime(2026, 1, 1, 2, tzinfo=UTC)
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


def make_lookalikes(n: int, k: int) -> dict[str, np.ndarray]:
    """Random neighbours, none of them the customer itself, with growing distances."""
    random = np.random.default_rng(SEED)
    steps = np.sort(random.integers(1, n - k + 1, (n, k), dtype=np.int32), axis=1) + np.arange(
        k, dtype=np.int32
    )
    neighbours = ((np.arange(n, dtype=np.int32)[:, None] + steps) % n).astype(np.int32)
    distances = np.sort(random.random((n, k), dtype=np.float32), axis=1)
    return {"neighbours": neighbours, "distances": distances, "customers": np.arange(1, n + 1)}


@dataclass(frozen=True)
class Place:
    """Where a date goes, and where its arrays are."""

    dsn: str
    root: str
    as_of: datetime
    customers: int

    @property
    def parts(self) -> int:
        """Tasks that load it."""
        return math.ceil(self.customers / SHARD_ROWS)

    @contextmanager
    def warehouse(self) -> Iterator[Database]:
        """A session as the stages have it."""
        with connect(self.dsn, connection_id="bench", application_name="kindred bench") as database:
            path = ", ".join(search_path_of(database, SPEC.internal_schema))
            database.run("session/configure", {"search_path": path})
            yield database

    def read(self) -> Lookalikes:
        """The rows of the date, mapped from the artefact."""
        folder = ArtefactFolder(self.root, SPEC.space, FIRST_DATE, "bench")
        arrays = {
            name: values[: self.customers]
            for name, values in folder.read(f"graph_{self.customers}", "bench").arrays.items()
        }
        eligible = np.ones(self.customers, dtype=bool)
        graph = NeighbourGraph(arrays["neighbours"], arrays["distances"], eligible)
        return Lookalikes(self.as_of, KeyType.BIGINT, arrays["customers"], graph)

    def write(self, k: int) -> None:
        """Make the artefact."""
        folder = ArtefactFolder(self.root, SPEC.space, FIRST_DATE, "bench")
        folder.write(f"graph_{self.customers}", make_lookalikes(self.customers, k), {})


def load_one(place: Place, number: int) -> int:
    """What a mapped task does; returns its rows."""
    part = slice(number * SHARD_ROWS, (number + 1) * SHARD_ROWS)
    with place.warehouse() as database:
        return load_part(
            database,
            SPEC.internal_schema,
            place.read(),
            number,
            part,
            block_rows=BLOCK_ROWS,
            wait_seconds=60,
        )


def load(pool: ProcessPoolExecutor, place: Place) -> int:
    """All parts, two at once."""
    return sum(pool.map(load_one, itertools.repeat(place), range(place.parts)))


def finish(place: Place) -> None:
    """What the gate does once the rows have been counted."""
    with place.warehouse() as database:
        partitions.finish_aside(database, PARENT, place.as_of, memory_mb=MEMORY_MB)


def count(place: Place) -> tuple[int, int]:
    """What the gate counts: rows and customers."""
    with place.warehouse() as database:
        table = partitions.aside_name(PARENT, place.as_of)
        rows, customers = database.row("partitions/count_rows", table=table) or (0, 0)
        return int(rows), int(customers)


def begin(place: Place) -> None:
    """What prepare notes of a build."""
    with place.warehouse() as database:
        snapshots.begin(
            database,
            as_of=place.as_of,
            window_start=place.as_of - timedelta(days=1),
            run_id="bench",
            settings={},
            settings_hash="bench",
            history="complete",
            encoder_version=1,
            may_fit=False,
            may_refit=False,
        )


def publish_date(place: Place, rows: int) -> None:
    """What task publish does with the lookalike table."""
    counts: dict[str, Any] = dict.fromkeys(
        ("rows_landed", "rows_rejected", "recall", "recall_low", "recall_high", "center")
    )
    counts |= {"customers": place.customers, "lookalikes": rows, "history": "complete"}
    with place.warehouse() as database:
        publish.publish(
            database,
            place.as_of,
            run_id="bench",
            counts=counts,
            lineage=[],
            staged=StagedEmbeddings("skip"),
            wait_seconds=60,
        )


def asker(cursor: "psycopg2.extensions.cursor", way: str, question: str) -> Ask:
    """Ask about one customer after another."""
    if way == "prepared":
        cursor.execute(f"prepare asked (bigint) as {question.format('$1')}")
        question = "execute asked ({})"

    def ask(customer: int) -> list[tuple[Any, ...]]:
        cursor.execute(question.format(customer))
        return cursor.fetchall()

    return ask


def read_until(dsn: str, way: str, customers: int, k: int, is_ready: Any, is_over: Any) -> Any:
    """Ask for random lists until told to stop: polls, slowest milliseconds, longest lock wait."""
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
    """Seconds of the publish, and what each reader saw."""
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
    """One date of n customers, from arrays to readers."""
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
    """Milliseconds of one customer's rows in the newest date, of a session that is warm."""
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
            raise AssertionError("rows of another date were read")
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
    """Dates that are there already."""
    for number in range(SMALL_DATES):
        place = Place(dsn, root, FIRST_DATE + timedelta(days=number), SMALL_CUSTOMERS)
        if number == 0:
            place.write(k)
        begin(place)
        rows = load(pool, place)
        finish(place)
        publish_date(place, rows)


def run(report: Report, dsn: str, root: str, n: int, k: int) -> None:
    """All dates, then the questions."""
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
