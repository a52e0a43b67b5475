"""The commands ``kindred audience`` and ``kindred export-audience``."""

import os
import platform
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from kindred.audiences.hashing import Hashing
from kindred.command_context import SpaceOption, deployment, endpoint, snapshot_asked, spec_of
from kindred.errors import SettingsError
from kindred.settings import Places
from kindred.spec.audiences import Share
from kindred.spec.model import DEFAULT_SPACE

if TYPE_CHECKING:
    from kindred.audiences.export_target import Target

app = typer.Typer()
console = Console(emoji=False)
errors = Console(emoji=False, stderr=True)
FAILED = 1


@app.command()
def audience(
    name: Annotated[
        str | None, typer.Argument(help="The audience: the name of its file. Default: list all.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what its file would give now; writes nothing.")
    ] = False,
    space: SpaceOption = DEFAULT_SPACE,
) -> None:
    """Show the audiences of a space, or one of them, as published or as it would be."""
    from kindred.audiences import preview as stage
    from kindred.audiences.audience_files import ignored_files
    from kindred.audiences.preview_report import print_audience, print_audiences
    from kindred.audiences.status import Status

    spec, target = spec_of(space), deployment()
    if name is None:
        if preview:
            raise SettingsError("--preview needs the name of an audience: kindred audience NAME")
        print_audiences(console, stage.list_audiences(target, spec), space)
        for sentence in ignored_files():
            console.print(sentence, soft_wrap=True, highlight=False, markup=False)
        return
    made = stage.preview if preview else stage.published_audience
    shown = made(target, spec, name)
    print_audience(console, shown, is_preview=preview)
    raise typer.Exit(0 if shown.row["status"] == Status.PUBLISHED else FAILED)


@app.command("export-audience")
def export_audience(
    name: Annotated[str, typer.Argument(help="The audience: the name of its file.")],
    tier: Annotated[str, typer.Option(help="One of its sizes, such as 5%.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to make, under KINDRED_EXPORT_ROOTS.")
    ] = None,
    connection: Annotated[
        str | None, typer.Option(help="Or an Airflow Connection: the HTTP endpoint to send it to.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="A column of the source instead of the ids, such as email.")
    ] = None,
    hashing: Annotated[
        Hashing | None,
        typer.Option(
            "--hash",
            help="How values are hashed, trimmed and in lower case; hmac takes the secret in"
            " KINDRED_EXPORT_KEY. Default: sha256 for a column, none for ids.",
        ),
    ] = None,
    space: SpaceOption = DEFAULT_SPACE,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="The snapshot, as in bi.snapshots; a date: the newest of that day by the"
            " schedule's clock; default: the current."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Export the members of an audience, without its control group; the warehouse records it."""
    from kindred.audiences.export_rows import ExportRequest
    from kindred.audiences.exporting import export_audience as export_stage
    from kindred.audiences.preview_report import export_lines

    plain = Hashing.NONE if column is None else Hashing.SHA256
    with _target(out, connection, may_replace=force) as target:
        request = ExportRequest(
            audience=name,
            tier=_tier(tier),
            hashing=plain if hashing is None else hashing,
            exported_by=_who(),
            exported_at=datetime.now(UTC),
            destination=target.name,
            as_of=snapshot_asked(space, as_of),
            column=column,
        )
        done = export_stage(deployment(), spec_of(space), request, target)
    for warning in done.warnings:
        errors.print(f"warning: {warning}", soft_wrap=True, highlight=False, markup=False)
    for line in export_lines(done, request):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def _target(out: Path | None, connection: str | None, *, may_replace: bool) -> Iterator["Target"]:
    from kindred.audiences.export_file import opened_destination
    from kindred.audiences.export_target import EndpointTarget, FileTarget

    if (out is None) == (connection is None):
        raise SettingsError("exactly one of --out and --connection must be given")
    if out is not None:
        roots = Places.from_env().export_roots
        with opened_destination(out, roots, may_replace=may_replace) as destination:
            yield FileTarget(destination)
    elif connection is not None:
        yield EndpointTarget(endpoint(connection))


def _tier(text: str) -> float:
    try:
        given = text if "%" in text else float(text)
        return TypeAdapter(Share).validate_python(given)
    except (ValidationError, ValueError):
        raise SettingsError(
            f"--tier {text!r}: a share of the pool is expected, such as 5% or 0.05"
        ) from None


def _who() -> str:
    """The user of this process, by the system's own list and not by a variable, and the machine."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = f"user {os.getuid()}"
    return f"{user}@{platform.node()}"
