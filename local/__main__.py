"""``python -m local``: the commands behind the Makefile."""

import argparse
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kindred.errors import KindredError
from local.credentials import ADMIN_USER, load_credentials
from local.failures import InterruptedRunError, LocalError, RunFailedError
from local.interrupts import Interrupts
from local.layout import Layout
from local.lock import find_holder, hold_lock
from local.postgres import EmbeddedServer, binary
from local.shutdown import end_holder, refuse_if_up, stop_all
from local.supervisor import Supervisor

if TYPE_CHECKING:
    from local.data_set import DataSet
    from local.report import Report
    from local.run import Stopwatch

INTERRUPTED = 130
PASS_THROUGH = ("psql", "exec")
_FILE_OPTIONS = {
    "csv": "load this file of customers instead of the demo",
    "events": "load this file of what customers do, beside the customers or alone",
    "key": "the customers' key column, or row_number to number the rows",
    "sep": "its separator (default: detect it)",
    "encoding": "its encoding, such as cp1251 (default: detect it)",
    "sheet": "the sheet of a workbook (default: the first with a table)",
    "updated-at": "its column with the time of a row's last change",
    "labels": "its outcomes, separated by commas",
    "spec": "its feature spec (default: propose one)",
}
_ORDER: dict[str, Any] = {
    "choices": ("forward", "backward", "parallel"),
    "default": "forward",
    "help": "the order in which the dates run (default: forward)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output has left, as `head` does; what was to be stopped has been stopped.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _main(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in PASS_THROUGH:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    layout = Layout.of_checkout()
    try:
        if options.command in {"run", "up"}:
            return _run(layout, options)
        if options.command == "backfill":
            return _backfill(layout, options)
        if options.command == "down":
            return _down(layout)
        if options.command == "status":
            return _status(layout)
        if options.command == "psql":
            dsn = EmbeddedServer(layout.pgdata).dsn("warehouse")
            return _with_server(layout, [str(binary("psql")), dsn, *rest])
        return _with_server(layout, rest)
    except KindredError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "make snapshots on a real Airflow, then stop everything"),
        ("up", "the same, and leave the UI and the database running"),
    ):
        command = commands.add_parser(name, help=text)
        for option, text in _FILE_OPTIONS.items():
            command.add_argument(f"--{option}", help=text)
        command.add_argument("--demo", help="the demo: loans (default) or grocery")
        command.add_argument("--order", **_ORDER)
    command = commands.add_parser("backfill", help="make the snapshots of a range of dates")
    command.add_argument("--from", dest="first", default="", help="the first as_of date")
    command.add_argument("--to", dest="last", default="", help="the last one, included")
    command.add_argument("--space", default="", help="the space (default: default)")
    command.add_argument("--order", **_ORDER)
    command.add_argument(
        "--snapshots",
        choices=("", "all", "latest_only"),
        default="",
        help="compute all dates (the default), or land all and compute only the last",
    )
    command.add_argument("--dry-run", action="store_true", help="only show what would be done")
    commands.add_parser("down", help="stop everything that runs")
    commands.add_parser("status", help="show what runs")
    for name, text in (
        ("psql", "open a shell on the warehouse, or run psql with the given arguments"),
        ("exec", "run the given command with the local databases as source and warehouse"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    return parser


def _run(layout: Layout, options: argparse.Namespace) -> int:
    def work(interrupts: Interrupts, watch: "Stopwatch") -> "Report":
        from local.rest import Order
        from local.run import RunOptions, run

        if layout.state.exists():
            refuse_if_up(layout, Supervisor(layout, load_credentials(layout).marker))
        run_options = RunOptions(Order(options.order), stay_up=options.command == "up")
        return run(layout, _data_set(layout, options), run_options, interrupts, watch)

    return _print_outcome(work)


def _backfill(layout: Layout, options: argparse.Namespace) -> int:
    def work(interrupts: Interrupts, watch: "Stopwatch") -> "Report":
        from kindred.run.latest_only import Snapshots
        from local.backfill import BackfillRequest, backfill
        from local.rest import Order

        snapshots = Snapshots(options.snapshots or "all")
        order = Order(options.order)
        request = BackfillRequest(space, options.first, options.last, order, snapshots)
        return backfill(layout, request, interrupts, watch)

    space = options.space or "default"
    if not (options.first and options.last):
        _print_last(
            "KINDRED FAILED backfill FROM and TO are needed: the first and the last as_of date,"
            " both included, such as FROM=2018-02-01 TO=2018-04-01"
        )
        return 1
    if not options.dry_run:
        return _print_outcome(work)
    dates = ["--from", options.first, "--to", options.last]
    choice = ["--space", space, "--snapshots", options.snapshots or "all"]
    return _with_server(layout, ["kindred", "backfill-plan", *dates, *choice])


def _print_outcome(work: Callable[[Interrupts, "Stopwatch"], "Report"]) -> int:
    """Do the work of a run; the last line always shows how it ended."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        # Imported here: stopping must work even if the packages of a run are not installed.
        from rich.console import Console

        from local.run import Stopwatch

        # Values such as :car: are no emoji.
        width = None if sys.stdout.isatty() else 120
        watch = Stopwatch(Console(width=width, emoji=False))
        report = work(interrupts, watch)
    except BrokenPipeError:
        raise
    except InterruptedRunError as interrupt:
        _print_last(f"KINDRED FAILED run interrupted by {interrupt.signal_name}")
        return INTERRUPTED
    except RunFailedError as failure:
        for line in failure.log_tail:
            print(line)
        _print_last(f"KINDRED FAILED {failure.step} {failure.reason}")
        return 1
    except KindredError as error:
        first, *others = str(error).splitlines()
        if others:
            print(error)
        _print_last(f"KINDRED FAILED local {first}")
        return 1
    except Exception as error:
        traceback.print_exc()
        _print_last(f"KINDRED FAILED local {type(error).__name__}: {' '.join(str(error).split())}")
        return 1
    _print_last(report.last_line(watch.seconds))
    return 0


def _data_set(layout: Layout, options: argparse.Namespace) -> "DataSet":
    from local.csv_file import csv_data_set
    from local.demos import data_set_of
    from local.file_request import request_of

    names = [option.replace("-", "_") for option in _FILE_OPTIONS]
    request = request_of({name: getattr(options, name) for name in names})
    if request is None:
        return data_set_of(layout, options.demo or "loans")
    if options.demo:
        raise RunFailedError("demo", f"DEMO={options.demo} is data of its own: leave out the files")
    return csv_data_set(layout, request, datetime.now(UTC))


def _print_last(line: str) -> None:
    # Flush stderr first, so that this is the last line if both streams go to the same place.
    sys.stderr.flush()
    print(line, flush=True)


def _down(layout: Layout) -> int:
    if not layout.state.exists():
        print("nothing was running")
        return 0
    ended = end_holder(layout)
    with hold_lock(layout, "make down"):
        supervisor = Supervisor(layout, load_credentials(layout).marker)
        stopped = stop_all(supervisor, EmbeddedServer(layout.pgdata))
    print("stopped" if ended or stopped else "nothing was running")
    return 0


def _status(layout: Layout) -> int:
    if not layout.state.exists():
        print("not set up yet: 'make run' or 'make up'")
        return 0
    credentials = load_credentials(layout)
    holder = find_holder(layout)
    components = Supervisor(layout, credentials.marker).running()
    server = EmbeddedServer(layout.pgdata)
    if holder is not None:
        print(f"{holder.command:<16}at work, process {holder.process.pid}")
    state = f"running, socket in {server.socket_dir}" if server.is_running else "stopped"
    print(f"{'PostgreSQL':<16}{state}")
    for component in components:
        where = f"process {component.process.pid}, log {layout.log_file(component.name)}"
        print(f"{component.name:<16}running, {where}")
    if not components:
        print(f"{'Airflow':<16}stopped")
    elif holder is None:
        url = layout.url_file.read_text(encoding="utf-8")
        print(f"{'UI':<16}{url}   user {ADMIN_USER}   password {credentials.admin_password}")
    return 0


def _with_server(layout: Layout, command: Sequence[str]) -> int:
    """Run a command with the server up; afterwards stop the server if it was not running."""
    from local.environment import kindred_environment

    server = EmbeddedServer(layout.pgdata)
    layout.require_warehouse()
    environment = kindred_environment(layout, server, load_credentials(layout))
    if server.is_running:
        return _call(command, environment)
    with hold_lock(layout, " ".join(command[:1])):
        server.start()
        try:
            return _call(command, environment)
        finally:
            server.stop()


def _call(command: Sequence[str], environment: dict[str, str]) -> int:
    # Ctrl-C is for the command only: psql cancels a query with it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except FileNotFoundError as error:
        raise LocalError(f"{command[0]!r} cannot be run: {error}") from error
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
