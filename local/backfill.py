"""``make backfill``: snapshots of a range of dates, after ``make run`` or ``make up``.

It uses a running Airflow and leaves it running; if it has to start one, it stops it again.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from kindred.backfills.backfill_plan import windows_of
from kindred.errors import WindowError
from kindred.run.latest_only import Snapshots, conf_of
from kindred.run.windows import Window
from kindred.spec.model import Spec, load_spec
from kindred.spec.names import did_you_mean, listed
from kindred.spec.schedules import cron_of
from local.airflow import COMPONENTS, LocalAirflow
from local.credentials import load_credentials
from local.environment import WAREHOUSE
from local.failures import RunFailedError, tail_of
from local.interrupts import Interrupts
from local.layout import Layout
from local.lock import hold_lock
from local.postgres import EmbeddedServer
from local.report import Report, print_report, read_report
from local.rest import Order
from local.run import (
    FIT,
    FIT_SECONDS,
    Stopwatch,
    begin_backfill,
    begin_fit,
    follow_backfill,
    print_html,
)
from local.shutdown import STOP_SECONDS, stop_all
from local.supervisor import Supervisor

NEEDED = COMPONENTS[:3]  # none of our tasks waits for the triggerer


@dataclass(frozen=True)
class BackfillRequest:
    """The arguments of ``make backfill``: as_of dates as strings, both included."""

    space: str
    first: str
    last: str
    order: Order
    snapshots: Snapshots


def backfill(
    layout: Layout, request: BackfillRequest, interrupts: Interrupts, watch: Stopwatch
) -> Report:
    """Run the range on the local Airflow; returns the report on the space, with the range's dates.

    Raises
    ------
    RunFailedError
        when the range cannot be run, makes no snapshot, or one of its tasks fails; runs not yet
        begun are cancelled.
    """
    layout.require_warehouse()
    spec = local_spec(layout, request.space)
    try:
        windows = windows_of(spec, request.first, request.last)
    except WindowError as error:
        raise RunFailedError("backfill", str(error)) from error
    with (
        hold_lock(layout, "make backfill"),
        _local_airflow(layout, spec, interrupts, watch) as airflow,
    ):
        _require_no_unfinished_runs(airflow, spec.dag_id)
        begin_fit(airflow, spec, windows[-1].as_of)
        airflow.supervisor.wait_for_success(FIT, FIT_SECONDS, meanwhile=NEEDED)
        watch.say("; ".join(tail_of(layout.log_file(FIT), 1)))
        _run(airflow, spec, windows, request, watch)
        as_ofs = [window.as_of for window in windows]
        report = read_report(airflow.server.dsn(WAREHOUSE), spec, as_ofs)
        order = airflow.client.task_order(spec.dag_id)
        print_report(watch.console, report, order, spec.bi_schema)
        print_html(watch, airflow, spec)
        watch.console.print()
    return report


def local_spec(layout: Layout, space: str) -> Spec:
    """The spec of a space of this installation: from the checkout, or of a loaded file."""
    folders = (layout.features, layout.own_features)
    paths = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    if space not in paths:
        raise RunFailedError(
            "space",
            f"there is no space {space!r}: there are {listed(list(paths))}"
            f"{did_you_mean(space, paths)}",
        )
    return load_spec(paths[space])


@contextmanager
def _local_airflow(
    layout: Layout, spec: Spec, interrupts: Interrupts, watch: Stopwatch
) -> Iterator[LocalAirflow]:
    """An Airflow with the space's DAG: the running one, else one started for this block."""
    credentials = load_credentials(layout)
    server = EmbeddedServer(layout.pgdata)
    supervisor = Supervisor(layout, credentials.marker)
    with ExitStack() as stack:
        try:
            if server.is_running and not any(map(supervisor.has_ended, NEEDED)):
                port = int(layout.url_file.read_text(encoding="utf-8").rpartition(":")[2])
                airflow = LocalAirflow(layout, server, supervisor, credentials, port=port)
                stack.callback(supervisor.end, FIT)
                airflow.client.log_in()
                watch.say(f"Airflow is up already: {airflow.url}")
            else:
                stop_all(supervisor, server)
                stack.callback(server.stop)
                stack.callback(supervisor.stop, STOP_SECONDS)
                airflow = LocalAirflow(layout, server, supervisor, credentials)
                _start(airflow, spec, watch)
            stack.callback(airflow.client.close)
            yield airflow
        finally:
            interrupts.shield()


def _start(airflow: LocalAirflow, spec: Spec, watch: Stopwatch) -> None:
    airflow.server.start()
    watch.say("PostgreSQL with pgvector is up")
    if airflow.begin_migration():
        airflow.finish_migration()
        watch.say("Airflow's database is made")
    airflow.start()
    airflow.wait_until_healthy(spec.dag_id)
    watch.say("Airflow is healthy: API server, DAG processor, scheduler")


def _require_no_unfinished_runs(airflow: LocalAirflow, dag_id: str) -> None:
    """Raise if runs of the DAG are in progress, since they belong to another backfill."""
    if unfinished := airflow.client.unfinished_runs(dag_id):
        raise RunFailedError(
            "backfill",
            f"{len(unfinished)} runs of {dag_id} have not ended, such as {unfinished[0]}: wait for"
            f" them, or end them in the UI ({airflow.url})",
        )


def _run(
    airflow: LocalAirflow,
    spec: Spec,
    windows: Sequence[Window],
    request: BackfillRequest,
    watch: Stopwatch,
) -> None:
    client, dag_id = airflow.client, spec.dag_id
    zone = cron_of(spec.schedule)[1]
    local = [window.as_of.astimezone(zone) for window in windows]
    is_daily = len({as_of.date() for as_of in local}) == len(windows)
    form = "%Y-%m-%d" if is_daily else "%Y-%m-%d %H:%M"
    titles = {
        window.start: as_of.strftime(form) for window, as_of in zip(windows, local, strict=True)
    }
    conf = conf_of(request.snapshots, windows[-1].as_of)
    try:
        begin_backfill(client, dag_id, list(titles), request.order, conf)
        follow_backfill(airflow, dag_id, titles, request.order, watch)
    except BaseException:
        client.close_backfills(dag_id)
        raise
