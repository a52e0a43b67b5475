"""``make run``: from nothing to three published snapshots and back to nothing running."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from kindred.local.airflow import COMPONENTS, LocalAirflow
from kindred.local.credentials import ADMIN_USER, Credentials, load_credentials
from kindred.local.demo import load_customers
from kindred.local.environment import SOURCE, WAREHOUSE, kindred_environment
from kindred.local.interrupts import Interrupts
from kindred.local.layout import Layout
from kindred.local.lock import hold_lock
from kindred.local.postgres import EmbeddedServer
from kindred.local.progress import RunBoard
from kindred.local.report import Report, print_report, read_report
from kindred.local.rest import Order
from kindred.local.shutdown import STOP_SECONDS, stop_all
from kindred.local.supervisor import Supervisor
from kindred.local.watch import check_all_queued, watch_runs

DAG_ID = "customer_similarity"
# Each interval of the demo's monthly schedule, by its start; the snapshot's moment is its end.
AS_OF_BY_LOGICAL_DATE = {
    datetime(2018, month, 1, 2, tzinfo=UTC): datetime(2018, month + 1, 1, 2, tzinfo=UTC)
    for month in (1, 2, 3)
}
FIT, FIT_SECONDS = "fit", 900
_LONGEST_BUILD = 7200


@dataclass(frozen=True)
class RunOptions:
    """How to run: in which order the dates go, and whether everything stays up afterwards."""

    order: Order = Order.FORWARD
    stay_up: bool = False


class Stopwatch:
    """Prints what has been reached with the seconds since ``make`` began."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = _beginning()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning, the making of the environment included."""
        return time.time() - self._began

    def say(self, text: str) -> None:
        """One line about a step that is done."""
        line = f"[dim]{self.seconds:6.1f} s[/dim]  {text}"
        self.console.print(line, highlight=False, soft_wrap=True)


def run(layout: Layout, options: RunOptions, interrupts: Interrupts, watch: Stopwatch) -> Report:
    """Make the three demo snapshots on a real Airflow; returns what was made.

    Whatever way it ends, nothing of it is left running, unless it is to stay up and all went well.
    """
    layout.create()
    credentials = load_credentials(layout)
    with ExitStack() as stack:
        stack.enter_context(hold_lock(layout, "make up" if options.stay_up else "make run"))
        server = EmbeddedServer(layout.pgdata)
        supervisor = Supervisor(layout, credentials.marker)
        if stop_all(supervisor, server):
            watch.say("stopped what an earlier command had left running")
        services = stack.enter_context(ExitStack())
        # Registered before anything starts, so that no moment is without its clean-up.
        services.callback(server.stop)
        services.callback(supervisor.stop, STOP_SECONDS)
        try:
            report = _make_snapshots(layout, options, server, supervisor, credentials, watch)
        finally:
            interrupts.shield()
        if options.stay_up:
            services.pop_all()
    return report


def _make_snapshots(
    layout: Layout,
    options: RunOptions,
    server: EmbeddedServer,
    supervisor: Supervisor,
    credentials: Credentials,
    watch: Stopwatch,
) -> Report:
    server.start()
    server.create_database(SOURCE)
    server.create_database(WAREHOUSE)
    watch.say("PostgreSQL with pgvector is up")
    airflow = LocalAirflow(layout, server, supervisor, credentials)
    is_new = airflow.begin_migration()
    changed = load_customers(server.dsn(SOURCE))
    watch.say(f"customers {'loaded' if changed else 'are in place'} in shop.customers")
    _begin_fit(layout, server, supervisor)
    if is_new:
        airflow.finish_migration()
        watch.say("Airflow's database is made")
    airflow.start()
    airflow.wait_until_healthy(DAG_ID)
    watch.say("Airflow is healthy: API server, DAG processor, scheduler")
    supervisor.wait_for_success(FIT, FIT_SECONDS, meanwhile=COMPONENTS[:3])
    watch.say("the encoder is fitted")
    _backfill(airflow, options.order, watch)
    watch.say("all runs have succeeded")
    report = read_report(server.dsn(WAREHOUSE), layout.report_sql)
    print_report(watch.console, report, airflow.client.task_order(DAG_ID))
    if options.stay_up:
        airflow.wait_for_triggerer()
    watch.console.print()
    for line in access_lines(airflow.url, credentials, options.stay_up):
        watch.console.print(line, highlight=False, soft_wrap=True)
    return report


def _begin_fit(layout: Layout, server: EmbeddedServer, supervisor: Supervisor) -> None:
    """Fit an encoder as of the last date; needs the two databases only, so Airflow may start."""
    as_of = max(AS_OF_BY_LOGICAL_DATE.values()).isoformat()
    command = [str(Path(sys.executable).parent / "kindred"), "fit", "--as-of", as_of]
    supervisor.start(FIT, command, kindred_environment(layout, server))


def _backfill(airflow: LocalAirflow, order: Order, watch: Stopwatch) -> None:
    client, dates = airflow.client, list(AS_OF_BY_LOGICAL_DATE)
    client.close_backfills(DAG_ID)
    client.unpause(DAG_ID)
    since = datetime.now(UTC)
    client.create_backfill(DAG_ID, dates, order)
    check_all_queued(client, DAG_ID, dates, since)
    airflow.start_triggerer()
    watch.say(f"backfill of {len(dates)} intervals started ({order}), as of:")
    titles = {date: f"{as_of:%Y-%m-%d}" for date, as_of in AS_OF_BY_LOGICAL_DATE.items()}
    with RunBoard(watch.console, client.task_order(DAG_ID), titles) as board:
        watch_runs(airflow, DAG_ID, dates, board)


def access_lines(url: str, credentials: Credentials, is_up: bool) -> Sequence[str]:
    """How to reach the UI and the tables."""
    if not is_up:
        return (
            "'make up' leaves the Airflow UI and the database running and says how to log in;",
            "'make psql' opens a shell on the warehouse.",
        )
    return (
        f"Airflow UI   {url}   user {ADMIN_USER}   password {credentials.admin_password}",
        "'make psql' opens a shell on the warehouse, 'make down' stops everything.",
    )


def _beginning() -> float:
    """When ``make`` began, if it says so and that is plausible; else now."""
    now = time.time()
    try:
        began = float(os.environ.get("KINDRED_STARTED_AT", ""))
    except ValueError:
        return now
    return began if 0 <= now - began <= _LONGEST_BUILD else now
