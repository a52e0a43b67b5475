"""``make run``: start everything, publish snapshots, stop everything."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from kindred.spec.model import DEFAULT_SPACE, Spec
from local.airflow import COMPONENTS, LocalAirflow
from local.credentials import ADMIN_USER, Credentials, load_credentials
from local.data_set import DataSet
from local.environment import SOURCE, WAREHOUSE, kindred_environment
from local.html_report import write_html
from local.interrupts import Interrupts
from local.layout import Layout
from local.lock import hold_lock
from local.page_reader import install_page_reader
from local.postgres import EmbeddedServer
from local.progress import RunBoard
from local.report import Report, print_report, read_report
from local.rest import AirflowClient, Order
from local.shutdown import STOP_SECONDS, refuse_if_up, stop_all
from local.supervisor import Supervisor
from local.watch import check_all_queued, watch_runs

FIT, FIT_SECONDS = "fit", 900
_LONGEST_BUILD = 7200


@dataclass(frozen=True)
class RunOptions:
    """How to run: the order of the dates, and whether everything stays up afterwards."""

    order: Order = Order.FORWARD
    stay_up: bool = False


class Stopwatch:
    """Prints the steps done, with the seconds since ``make`` began."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = _beginning()

    @property
    def seconds(self) -> float:
        """Seconds since ``make`` began, including the creation of the environment."""
        return time.time() - self._began

    def say(self, text: str) -> None:
        """Print one line about a step that is done."""
        line = f"[dim]{self.seconds:6.1f} s[/dim]  {escape(text)}"
        self.console.print(line, highlight=False, soft_wrap=True, emoji=False)


def run(
    layout: Layout,
    data_set: DataSet,
    options: RunOptions,
    interrupts: Interrupts,
    watch: Stopwatch,
) -> Report:
    """Make the snapshots of a data set on a real Airflow; returns the report.

    However it ends, it stops everything it has started, unless it is to stay up and succeeded.
    """
    layout.create()
    credentials = load_credentials(layout)
    with ExitStack() as stack:
        stack.enter_context(hold_lock(layout, "make up" if options.stay_up else "make run"))
        server = EmbeddedServer(layout.pgdata)
        supervisor = Supervisor(layout, credentials.marker)
        refuse_if_up(layout, supervisor)
        if stop_all(supervisor, server):
            watch.say("stopped what an earlier command had left running")
        services = stack.enter_context(ExitStack())
        # Registered before anything starts, so that everything is always cleaned up.
        services.callback(server.stop)
        services.callback(supervisor.stop, STOP_SECONDS)
        try:
            airflow = LocalAirflow(layout, server, supervisor, credentials)
            report = _make_snapshots(airflow, data_set, options, watch)
            _print_access(airflow.url, credentials, data_set, options, watch.console)
        finally:
            interrupts.shield()
        if options.stay_up:
            supervisor.leave_up()
            services.pop_all()
    return report


def _make_snapshots(
    airflow: LocalAirflow, data_set: DataSet, options: RunOptions, watch: Stopwatch
) -> Report:
    server, supervisor, dag_id = airflow.server, airflow.supervisor, data_set.spec.dag_id
    server.start()
    server.create_database(SOURCE)
    server.create_database(WAREHOUSE)
    watch.say("PostgreSQL with pgvector is up")
    is_new = airflow.begin_migration()
    for line in data_set.load(server):
        watch.say(line)
    # Not before: loading deletes the space of a file that has changed.
    install_page_reader(server.dsn(WAREHOUSE), data_set.spec.internal_schema)
    begin_fit(airflow, data_set.spec, max(data_set.as_of_by_logical_date.values()))
    if is_new:
        airflow.finish_migration()
        watch.say("Airflow's database is made")
    airflow.start()
    airflow.wait_until_healthy(dag_id)
    watch.say("Airflow is healthy: API server, DAG processor, scheduler")
    supervisor.wait_for_success(FIT, FIT_SECONDS, meanwhile=COMPONENTS[:3])
    watch.say("the encoder is fitted")
    titles = {date: f"{as_of:%Y-%m-%d}" for date, as_of in data_set.as_of_by_logical_date.items()}
    begin_backfill(airflow.client, dag_id, list(titles), options.order)
    airflow.start_triggerer()
    follow_backfill(airflow, dag_id, titles, options.order, watch)
    as_ofs = list(data_set.as_of_by_logical_date.values())
    rows = data_set.file_rows, data_set.event_file_rows
    report = read_report(server.dsn(WAREHOUSE), data_set.spec, as_ofs, *rows)
    print_report(watch.console, report, airflow.client.task_order(dag_id), data_set.spec.bi_schema)
    print_html(watch, airflow, data_set.spec)
    if options.stay_up:
        airflow.wait_for_triggerer()
    return report


def begin_fit(airflow: LocalAirflow, spec: Spec, as_of: datetime) -> None:
    """Start to fit an encoder as of the last date, while Airflow starts: it needs no Airflow."""
    kindred = str(Path(sys.executable).parent / "kindred")
    command = [kindred, "fit", "--space", spec.space, "--as-of", as_of.isoformat()]
    credentials = load_credentials(airflow.layout)
    environment = kindred_environment(airflow.layout, airflow.server, credentials)
    airflow.supervisor.start(FIT, command, environment)


def begin_backfill(
    client: AirflowClient,
    dag_id: str,
    dates: Sequence[datetime],
    order: Order,
    conf: Mapping[str, str] | None = None,
) -> None:
    """Start a backfill of the DAG for these logical dates."""
    client.close_backfills(dag_id)
    client.unpause(dag_id)
    since = datetime.now(UTC)
    client.create_backfill(dag_id, dates, order, conf)
    check_all_queued(client, dag_id, dates, since)


def follow_backfill(
    airflow: LocalAirflow,
    dag_id: str,
    titles: Mapping[datetime, str],
    order: Order,
    watch: Stopwatch,
) -> None:
    """Show the runs of these logical dates by title until all have succeeded."""
    watch.say(f"backfill of {len(titles)} intervals started ({order}), as of:")
    with RunBoard(watch.console, airflow.client.task_order(dag_id), titles) as board:
        watch_runs(airflow, dag_id, list(titles), board)
    watch.say("all runs have succeeded")


def print_html(watch: Stopwatch, airflow: LocalAirflow, spec: Spec) -> None:
    """Write the report of the current snapshot as a file of HTML, and name it."""
    path = write_html(airflow.server.dsn(WAREHOUSE), spec, airflow.layout.reports)
    watch.console.print()
    watch.say(f"the report, for a browser: {path}")


def look_lines(space: str) -> tuple[str, ...]:
    """The commands that show a space at the terminal."""
    option = "" if space == DEFAULT_SPACE else f" --space {space}"
    return (
        f'Look at it   make kindred ARGS="segments{option}"',
        f'             make kindred ARGS="lookalikes CUSTOMER_ID{option}"',
        f'             make kindred ARGS="snapshots{option}"',
    )


def _print_access(
    url: str, credentials: Credentials, data_set: DataSet, options: RunOptions, console: Console
) -> None:
    """Print how to reach the UI and the tables."""
    access = (
        "'make up' leaves the Airflow UI and the database running and shows how to log in;",
        "'make psql' opens a shell on the warehouse.",
    )
    if options.stay_up:
        access = (
            f"Airflow UI   {url}   user {ADMIN_USER}   password {credentials.admin_password}",
            "'make psql' opens a shell on the warehouse, 'make down' stops everything.",
        )
    console.print()
    for line in (*data_set.closing_lines, *look_lines(data_set.spec.space), *access):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _beginning() -> float:
    """When ``make`` began, if the environment says so plausibly; else now."""
    now = time.time()
    try:
        began = float(os.environ.get("KINDRED_STARTED_AT", ""))
    except ValueError:
        return now
    return began if 0 <= now - began <= _LONGEST_BUILD else now
