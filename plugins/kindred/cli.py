"""The command ``kindred``; it uses the connections and environment of Airflow."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindred import audience_commands, plan_commands, report_commands
from kindred.command_context import SpaceOption, check_settings, conninfo, deployment, spec_of
from kindred.errors import KindredError, SettingsError
from kindred.progress.steps import STANDARD_ERROR, reported
from kindred.run.latest_only import Snapshots
from kindred.spec.model import DEFAULT_SPACE, Spec
from kindred.spec.names import plain
from kindred.spec.spec_files import spec_paths

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(audience_commands.app)
app.add_typer(report_commands.app)
app.add_typer(plan_commands.app)
console = Console(emoji=False)  # values such as :car: are none

FAILED = 1


@app.command()
def doctor(space: SpaceOption = DEFAULT_SPACE) -> None:
    """Run every preflight check against source and warehouse; changes nothing."""
    from kindred.preparation.doctor import examine

    findings = examine(conninfo, space, spec_of, check_settings)
    table = Table("check", "outcome", "what was found", title=f"kindred doctor, space {space}")
    colours = {"ok": "green", "warning": "yellow", "failure": "red"}
    for finding in findings:
        colour = colours[finding.outcome]
        message = escape(finding.message)
        table.add_row(finding.check, f"[{colour}]{finding.outcome}[/]", message)
    console.print(table)
    failures = sum(finding.outcome == "failure" for finding in findings)
    console.print(f"{len(findings)} checks, {failures} failed" if failures else "ready to run")
    raise typer.Exit(FAILED if failures else 0)


@app.command()
def plpython() -> None:
    """Print the SQL that a superuser runs once in the warehouse for algorithm plpython."""
    from kindred.segments.plpython.plpython_labels import installation_script

    with deployment().warehouse("kindred plpython") as warehouse:
        typer.echo(installation_script(warehouse), nl=False)


@app.command()
def fit(
    as_of: Annotated[
        str, typer.Option(help="Fit on the customers known before this time (of a date: 0:00 UTC).")
    ],
    space: SpaceOption = DEFAULT_SPACE,
    refit: Annotated[bool, typer.Option(help="Fit even if an encoder is available.")] = False,
) -> None:
    """Land all rows before a time and fit an encoder as of it, before a backfill."""
    from kindred.backfills.fit import fit as fit_stage
    from kindred.run.windows import parse_moment, resolve_window

    spec = spec_of(space)
    moment = parse_moment("as-of", as_of)
    window = resolve_window(spec.schedule, run_after=moment, now=datetime.now(UTC), end=moment)
    version, is_new = fit_stage(deployment(), spec, window, refit=refit)
    console.print(f"encoder {version} {'fitted' if is_new else 'exists already and is kept'}")


@app.command("backfill-plan")
def backfill_plan(
    first: Annotated[
        str, typer.Option("--from", help="First as_of: a date (of the schedule's clock) or a time.")
    ],
    last: Annotated[str, typer.Option("--to", help="Last as_of, included.")],
    space: SpaceOption = DEFAULT_SPACE,
    snapshots: Annotated[
        Snapshots, typer.Option(help="Compute all dates, or land all and compute only the last.")
    ] = Snapshots.ALL,
) -> None:
    """Show what a backfill would compute, with a forecast of time and disk; changes nothing."""
    from kindred.backfills.backfill_plan import plan_backfill, windows_of
    from kindred.backfills.backfill_report import print_plan

    spec = spec_of(space)
    windows = windows_of(spec, first, last)
    print_plan(console, plan_backfill(deployment(), spec, windows, snapshots))


@app.command()
def withdraw(
    as_of: Annotated[str, typer.Argument(help="The snapshot's as_of, as in bi.snapshots.")],
    space: SpaceOption = DEFAULT_SPACE,
) -> None:
    """Withdraw a published snapshot and the encoder fitted for it; the previous one serves."""
    from kindred.publication.withdraw import withdraw as withdraw_stage
    from kindred.run.windows import parse_moment

    done = withdraw_stage(deployment(), spec_of(space), parse_moment("as-of", as_of))
    serving = "none" if done.current_as_of is None else done.current_as_of.isoformat()
    console.print(f"withdrawn; current is {serving}", soft_wrap=True)
    if done.encoder_versions:
        withdrawn = ", ".join(map(str, done.encoder_versions))
        console.print(f"withdrawn with it: encoder {withdrawn}", soft_wrap=True)


@app.command()
def prune(
    space: SpaceOption = DEFAULT_SPACE,
    nights: Annotated[
        int | None, typer.Option(min=1, help="Newest snapshots to keep [KINDRED_KEEP_NIGHTS].")
    ] = None,
    month_ends: Annotated[
        int | None,
        typer.Option(min=0, help="Earlier month ends to keep [KINDRED_KEEP_MONTH_ENDS]."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only show what would be dropped.")] = False,
) -> None:
    """Drop the snapshots that need not be kept, including those of explicit backfills."""
    from kindred.publication.prune import Retention
    from kindred.publication.prune import prune as prune_stage

    target = deployment()
    settings = target.settings
    retention = Retention(
        settings.keep_nights if nights is None else nights,
        settings.keep_month_ends if month_ends is None else month_ends,
    )
    pruned = prune_stage(target, spec_of(space), retention, is_dry_run=dry_run)
    for as_of in pruned:
        console.print(as_of.isoformat(), soft_wrap=True)
    verb = "would be dropped" if dry_run else "dropped"
    console.print(f"{len(pruned)} snapshots {verb}", soft_wrap=True)


@app.command()
def relink(
    space: SpaceOption = DEFAULT_SPACE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
) -> None:
    """Give clusters the ids they would have if all published dates had run in order."""
    from kindred.segments.identity.relink import relink as relink_stage

    changes = relink_stage(deployment(), spec_of(space), is_dry_run=dry_run)
    if not changes:
        console.print("nothing to change: ids, names and lineage are those of dates run in order")
        return
    table = Table("snapshot", "algorithm", "ids", "customers", "names", "lineage")
    for change in changes:
        ids = ", ".join(f"{old} -> {new}" for old, new in change.renumbered.items())
        lineage = "rewritten" if change.is_lineage_changed else "unchanged"
        names = f"{change.renamed} changed" if change.renamed else "unchanged"
        moment, customers = change.as_of.isoformat(), str(change.customers)
        table.add_row(moment, change.algorithm, ids or "unchanged", customers, names, lineage)
    console.print(table)
    console.print("nothing changed: this was a dry run" if dry_run else "relinked")


@app.command("pod-resources")
def pod_resources(
    space: Annotated[
        str | None, typer.Option("--space", help="One space only; default: all.")
    ] = None,
    newest: Annotated[int, typer.Option(min=1, help="Of how many newest builds of each.")] = 30,
) -> None:
    """Print KINDRED_POD_RESOURCES: the memory of each task's pod, by what earlier runs forecast."""
    from kindred.run.builds import stage_megabytes
    from kindred.run.pod_sizes import largest, pod_resources

    found = []
    for name in spec_paths() if space is None else [space]:
        schema = spec_of(name).internal_schema
        with deployment().warehouse("kindred pod-resources", schema) as warehouse:
            found.append(stage_megabytes(warehouse, newest=newest))
    typer.echo(json.dumps(pod_resources(largest(found)), indent=1))


@app.command("request-erasure")
def request_erasure(space: SpaceOption = DEFAULT_SPACE) -> None:
    """Read a customer's id from standard input and record a request to erase it.

    Not from the command line, which shell histories and process lists show to others.
    """
    from kindred.erasure.task import request_erasure as request_stage

    line = typer.get_text_stream("stdin").readline()
    if not line:
        raise SettingsError("standard input: a line with the customer's id is expected, found none")
    number = request_stage(deployment(), space, line.rstrip("\r\n"))
    console.print(f"erasure request {number}; run 'kindred erase {number}' or the DAG")


@app.command()
def erase(
    number: Annotated[int, typer.Argument(min=1, help="The number of the request.")],
    space: SpaceOption = DEFAULT_SPACE,
) -> None:
    """Erase the customer of a request for good, and print the receipt."""
    from kindred.erasure.task import erase as erase_stage

    receipt = erase_stage(deployment(), space, number)
    typer.echo(json.dumps(receipt, indent=1))
    if "warning" in receipt:
        typer.echo(f"erasure request {number}: {receipt['warning']}", err=True)


@app.command("page-reader")
def page_reader(space: SpaceOption = DEFAULT_SPACE) -> None:
    """Print the SQL that a superuser runs so that segments can be the index's IVFFlat lists."""
    from kindred.segments.lists.index_pages import reader_as_text

    with deployment().warehouse("kindred page-reader") as database:
        typer.echo(reader_as_text(database, spec_of(space).internal_schema))


@app.command("hash")
def hash_tables(
    space: SpaceOption = DEFAULT_SPACE,
    save: Annotated[Path | None, typer.Option(help="Write the hashes to this file.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Compare with a file saved earlier.")] = None,
) -> None:
    """Hash the published tables: equal hashes mean equal tables, byte for byte."""
    from kindred.publication.table_hash import table_hashes

    with deployment().warehouse("kindred hash", spec_of(space).internal_schema) as database:
        hashes = table_hashes(database)
    for table, digest in hashes.items():
        console.print(f"{digest}  {table}", soft_wrap=True)
    if save is not None:
        save.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
    if compare is not None:
        expected = read_hashes(compare)
        different = [table for table, digest in hashes.items() if expected.get(table) != digest]
        if different:
            text = f"DIFFERENT from {compare}: {', '.join(different)}"
            console.print(escape(text), soft_wrap=True)
            raise typer.Exit(FAILED)
        console.print(escape(f"EQUAL to {compare}"), soft_wrap=True)


@app.command("infer-spec")
def infer_spec(
    key: Annotated[
        str | None,
        typer.Option(
            help="The customers' key column, or row_number to number a file's rows (default, of a"
            " file: the only column that looks like one); of events alone, the column of their"
            " customer (default: detect it)."
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", "--file", help="Propose from this file: CSV (.gz), Parquet, Excel."),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Or from this table of the source.")] = None,
    query: Annotated[
        str | None, typer.Option(help="Or from this query to the source, or @file.sql.")
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            help="The table of what customers do, such as order lines: beside the customers' table"
            " or query, or alone. Beside a file, or where it exists, a file."
        ),
    ] = None,
    connection: Annotated[
        str, typer.Option(help="The Connection of the source, for a table or query.")
    ] = "kindred_source",
    separator: Annotated[
        str | None,
        typer.Option("--separator", "--sep", help="Its separator; default: detect it."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Its encoding, such as cp1251; default: detect it.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="The sheet of a workbook; default: the first with a table.")
    ] = None,
    updated_at: Annotated[str | None, typer.Option(help="Time of a row's last change.")] = None,
    labels: Annotated[str, typer.Option(help="Outcomes, with commas: never encoded.")] = "",
    output: Annotated[Path | None, typer.Option(help="Write to this new file.")] = None,
) -> None:
    """Propose a feature spec for a table, query or file, with a reason on every line."""
    from kindred.infer.propose import (
        ProposalRequest,
        Relations,
        TextFormat,
        propose_spec,
        write_new,
    )
    from kindred.infer.summary import summary

    request = ProposalRequest(key, updated_at, labels, output.stem if output else None)
    relations = Relations(csv, table, query, events, connection)
    form = TextFormat(separator, encoding, sheet)
    text, proposal = propose_spec(deployment, request, relations, form)
    if output is not None:
        write_new(output, text)
    # Standard output is for the spec, unless a file takes it.
    for line in (*(f"note: {plain(note)}" for note in proposal.notes), *summary(proposal)):
        typer.echo(line, err=output is None)
    typer.echo(text if output is None else f"written to {output}", nl=output is not None)


@app.command("superset-export")
def superset_export(
    uri: Annotated[
        str,
        typer.Option(
            help="Where Superset finds the warehouse, and as whom; without the password:"
            " postgresql://login@host:port/database."
        ),
    ],
    output: Annotated[Path, typer.Option(help="Write the zip to this file.")],
    space: SpaceOption = DEFAULT_SPACE,
    no_password: Annotated[
        bool,
        typer.Option(
            "--no-password",
            help="Do not let Superset ask for a password at import: its own environment has it.",
        ),
    ] = False,
) -> None:
    """Write the zip of the dashboards that Apache Superset imports."""
    from kindred.superset.address import address_of
    from kindred.superset.bundle import superset_zip
    from kindred.superset.dashboard_files import dashboards_dir, read_dashboards, write_zip

    address = address_of(uri, asks_password=not no_password)
    content = read_dashboards(dashboards_dir())
    write_zip(output, superset_zip(content, spec_of(space), address))
    titles = ", ".join(said["title"] for said in content["dashboards"].values())
    typer.echo(f"written to {output}: {titles}")


@app.command("spec-schema")
def spec_schema(
    audience: Annotated[
        bool, typer.Option("--audience", help="The schema of an audience file instead.")
    ] = False,
) -> None:
    """Print the JSON schema of a feature spec, by which editors complete and check one."""
    from kindred.spec.audiences import Audience
    from kindred.spec.schema import json_schema

    typer.echo(json.dumps(json_schema(Audience if audience else Spec), indent=1))


@app.command("spec-reference")
def spec_reference() -> None:
    """Print the reference of a feature spec's keys: docs/spec.md."""
    from kindred.spec.reference import reference

    typer.echo(reference(), nl=False)


def read_hashes(path: Path) -> dict[str, str]:
    """Read hashes that ``kindred hash --save`` has written.

    Raises
    ------
    SettingsError
        when the file is missing or has another format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        content = error
    if not isinstance(content, dict):
        raise SettingsError(
            f"--compare {path}: a file of 'kindred hash --save' is expected"
            f" ({content if isinstance(content, Exception) else type(content).__name__} found)"
        )
    return content


def main() -> None:
    """Run the command; errors meant for a person are printed without a traceback."""
    try:
        say = partial(typer.echo, err=True)
        with reported("kindred", say, descriptor=STANDARD_ERROR):
            app()
    except KindredError as error:
        text = f"[red]error:[/] {escape(str(error))}"
        Console(stderr=True, emoji=False).print(text, soft_wrap=True, highlight=False)
        raise SystemExit(FAILED) from None


if __name__ == "__main__":
    main()
