"""Backfill of CDNOW's monthly snapshots in four ways, which must give the same tables.

The source is ``benchmarks.cdnow``: one version per customer and purchase date, 1997-01 to 1998-06.
A real Airflow, set up as by ``make run`` (LocalExecutor, embedded PostgreSQL, on this machine),
runs the DAG's own backfill over all months, with one space per way, one way after the other:

- **forward** and **backward**: one date at a time.
- **parallel**: three dates at once.
- **killed**: forward; in the run of the middle date two tasks are killed midway by ``kill -9`` on
  their process: validate while it moves rows into the history, and publish when its partitions are
  attached but the snapshot is not current yet. Airflow tries them again.

All ways use an encoder of the last date. Compared are the hashes of ``kindred hash`` and, after
``kindred relink``, those of ids, births, lineage and names of the clusters; forward must not need a
relink. Pandas counts customers and landed rows of each snapshot from the file. A trigger on the
pointer records every snapshot that becomes current.

``--n`` limits the months, ``--every m`` takes every m-th customer, ``--data`` reads another file.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks import cdnow
from benchmarks.backfilled import Backfilled, moves_back, others
from benchmarks.local_airflow import Machine, exit_code, local_airflow
from benchmarks.report import Report, arguments, data_file, machine
from benchmarks.stopped_tasks import (
    kill,
    reserved,
    wait_until_backend_is_gone,
    wait_until_blocked,
)
from kindred.spec.model import Spec
from local.failures import RunFailedError
from local.processes import wait_until
from local.rest import Order
from local.watch import check_all_queued

FORWARD, KILLED = "forward", "killed"
ORDERS = {
    FORWARD: Order.FORWARD,
    "backward": Order.BACKWARD,
    "parallel": Order.PARALLEL,
    KILLED: Order.FORWARD,
}
AT_ONCE = 3
STOPS = {"validate": "rejected_rows", "publish": "cluster_lineage"}  # task -> what it waits for
PATIENCE_SECONDS = 3600.0
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Way:
    """One way through all dates: its time, and the tables it produced."""

    name: str
    seconds: float
    tries: int
    hashes: dict[str, str]
    links: dict[str, str]
    published: dict[datetime, tuple[int, int]]
    current: set[datetime]
    moves: list[datetime]
    renumbered: int


def expected_counts(
    purchases: pd.DataFrame, logical_dates: Sequence[datetime], as_ofs: Sequence[datetime]
) -> dict[datetime, tuple[int, int]]:
    """Customers and landed rows of each snapshot, from the purchases alone."""
    known = cdnow.customers_known(purchases, as_ofs)
    return {
        as_of: (known[as_of], cdnow.rows_between(purchases, start, as_of))
        for start, as_of in zip(logical_dates, as_ofs, strict=True)
    }


def go(running: Machine, spec: Spec, edges: Sequence[datetime]) -> Way:
    """Backfill the months between the edges in the way that the space is named after."""
    dates, as_ofs = edges[:-1], edges[1:]
    name, client = spec.space, running.airflow.client
    space = Backfilled(running.deployment, spec)
    running.fit(spec, as_ofs[-1])
    space.watch()
    client.unpause(spec.dag_id)
    since, started = datetime.now(UTC), time.perf_counter()
    client.create_backfill(spec.dag_id, dates, ORDERS[name], at_once=AT_ONCE)
    check_all_queued(client, spec.dag_id, dates, since)
    if name == KILLED:
        kill_in_the_middle(running, spec, dates[len(dates) // 2])
    wait_for_all(running, spec, dates)
    seconds = time.perf_counter() - started
    tries = max(entry["try_number"] for entry in client.task_instances(spec.dag_id, dates))
    hashes, moves = space.hashes(), space.moves()
    changes = space.relink()
    return Way(
        name,
        seconds,
        tries,
        hashes,
        space.links(),
        space.published(),
        space.current(),
        moves,
        sum(len(change.renumbered) for change in changes),
    )


def kill_in_the_middle(running: Machine, spec: Spec, date: datetime) -> None:
    """End two tasks of one run, each while it waits inside a transaction."""
    client, dsn = running.airflow.client, running.warehouse_dsn
    look = partial(read_states, running, spec, [date])
    if not wait_until(lambda: "running" in look().values(), PATIENCE_SECONDS, POLL_SECONDS / 4):
        raise RunFailedError("backfill", f"the run of {date:%Y-%m-%d} did not begin")
    for task_id, table in STOPS.items():
        with reserved(dsn, spec.internal_schema, table):
            backend = wait_until_blocked(dsn, spec.space, task_id, PATIENCE_SECONDS, look)
            instances = client.task_instances(spec.dag_id, [date])
            [entry] = [entry for entry in instances if entry["task_id"] == task_id]
            kill(entry)
            wait_until_backend_is_gone(dsn, backend)


def wait_for_all(running: Machine, spec: Spec, dates: Sequence[datetime]) -> None:
    """Report runs as they succeed, until all have.

    Raises
    ------
    RunFailedError
        A run fails, or the last one does not end in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    done: set[str] = set()
    while len(done) < len(dates):
        states = read_states(running, spec, dates)
        for run_id in sorted(name for name, state in states.items() if state == "success"):
            if run_id not in done:
                print(f"{spec.space}: {run_id} has succeeded", file=sys.stderr, flush=True)
                done.add(run_id)
        if time.monotonic() > deadline:
            raise RunFailedError("backfill", f"not done in {PATIENCE_SECONDS:.0f} s: {states}")
        time.sleep(POLL_SECONDS)


def read_states(running: Machine, spec: Spec, dates: Sequence[datetime]) -> dict[str, str]:
    """Run -> state of the runs of some dates.

    Raises
    ------
    RunFailedError
        A run has failed, or a component of Airflow has ended.
    """
    running.airflow.check()
    runs = running.airflow.client.runs(spec.dag_id, dates)
    states = {run["dag_run_id"]: run["state"] for run in runs}
    failed = [run_id for run_id, state in states.items() if state == "failed"]
    if failed:
        logs = running.airflow.layout.logs / "tasks"
        raise RunFailedError(spec.dag_id, f"{failed[0]} has failed; see {logs}")
    return states


def compare(report: Report, ways: Sequence[Way], expected: dict[datetime, tuple[int, int]]) -> None:
    """Compare every way with the first one, and all with the file."""
    first, newest = ways[0], max(expected)
    for way in ways:
        tables, links = others(way.hashes, first.hashes), others(way.links, first.links)
        report.measure(
            way.name,
            seconds=way.seconds,
            snapshots=len(way.published),
            seconds_each=way.seconds / len(expected),
            customers=way.published.get(newest, (0, 0))[0],
            equal_tables="no: " + ", ".join(tables) if tables else "yes",
            equal_links="no: " + ", ".join(links) if links else "yes",
            renumbered=way.renumbered,
            moves_of_current=len(way.moves),
            tries=way.tries,
        )
        wrong = sum(way.published.get(as_of) != counts for as_of, counts in expected.items())
        report.at_most(f"{way.name}: tables unlike forward's", len(tables), 0)
        report.at_most(f"{way.name}: unlike forward's after relink", len(links), 0)
        report.at_most(f"{way.name}: snapshots unlike the file", wrong, 0)
        report.at_most(f"{way.name}: current moved backwards", moves_back(way.moves), 0)
        is_newest = way.current == {newest} and way.moves[-1:] == [newest]
        report.at_least(f"{way.name}: current is the newest", is_newest, 1)
    [killed] = [way for way in ways if way.name == KILLED]
    report.at_most("forward: ids that relink changes", first.renumbered, 0)
    report.at_least("killed: tries of a killed task", killed.tries, 2)


def main() -> int:
    options = arguments(__doc__, n=cdnow.MONTHS, every=1, data="")
    path = Path(options.data) if options.data else data_file(cdnow.FILE)
    purchases = cdnow.read_purchases(path, options.every)
    edges = cdnow.month_starts(options.n + 1)
    expected = expected_counts(purchases, edges[:-1], edges[1:])
    table = cdnow.source_table(cdnow.versions(purchases))
    specs = [cdnow.make_spec(name) for name in ORDERS]
    report = Report("backfill", {"n": options.n, "every": options.every}, machine())

    def measure() -> int:
        with local_airflow("backfill", specs, table) as running:
            ways = [go(running, spec, edges) for spec in specs]
        compare(report, ways, expected)
        return report.finish()

    return exit_code(measure)


if __name__ == "__main__":
    sys.exit(main())
