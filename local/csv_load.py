"""Load a file's table into the local source database, and put its spec where Airflow reads it."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import psycopg2
from psycopg2 import sql

from kindred.errors import SpecError
from kindred.spec.model import Spec, load_spec
from kindred.spec.name_checks import columns_of_events
from local.environment import SOURCE, WAREHOUSE
from local.layout import Layout
from local.postgres import EmbeddedServer
from local.tables import SCHEMA, SourceTable, load_table


@dataclass(frozen=True)
class Plan:
    """The tables of files with their spec, ready to be loaded.

    ``spec_path`` is where Airflow reads the spec; ``command`` runs the file again.
    """

    command: str
    tables: tuple[SourceTable, ...]
    spec: Spec
    spec_text: str
    spec_path: Path


def load(layout: Layout, server: EmbeddedServer, plan: Plan) -> list[str]:
    """Load the tables into the source, and put its spec where Airflow reads it."""
    deleted: list[str] = []

    def delete_space(why: str) -> None:
        dropped = _delete_space(layout, server, plan.spec)
        if dropped is not None:
            snapshots = f", and its {dropped} earlier snapshots are dropped" if dropped else ""
            deleted.append(f"{why}: space {plan.spec.space} starts over{snapshots}")

    def before_change(are_same_columns: bool) -> None:
        what = "rows" if are_same_columns else "columns"
        delete_space(f"the {what} of the file have changed, and rows that landed stay as they are")

    loaded, any_changed = [], False
    for table in plan.tables:
        changed = load_table(server.dsn(SOURCE), table, before_change)
        any_changed |= changed
        state = "loaded" if changed else "are in place"
        rows = len(table.columns[0].values)
        loaded.append(f"{rows:,} rows {state} in {SOURCE}.{SCHEMA}.{table.name}")
    if not any_changed and not _has_landed(plan):
        delete_space("the spec reads columns or a source that it did not read before")
    return [*loaded, *deleted, *_write_spec(plan)]


def _has_landed(plan: Plan) -> bool:
    """Whether the previous spec read the same source and columns, so that the history continues."""
    try:
        before = load_spec(plan.spec_path)
    except SpecError:
        return False
    now = plan.spec
    is_covered = set(now.payload_columns) <= set(before.payload_columns)
    is_covered &= set(_columns_of_events(now)) <= set(_columns_of_events(before))
    return (before.source, before.events) == (now.source, now.events) and is_covered


def _columns_of_events(spec: Spec) -> tuple[str, ...]:
    return columns_of_events(spec.events, spec.features)


def _delete_space(layout: Layout, server: EmbeddedServer, spec: Spec) -> int | None:
    """Delete a space, because a landed row cannot change without a later ``updated_at``.

    Returns the number of its snapshots; None if there was no space.
    """
    shutil.rmtree(layout.artifacts / spec.space, ignore_errors=True)
    schemas = [spec.bi_schema, spec.internal_schema]
    with (
        closing(psycopg2.connect(server.dsn(WAREHOUSE))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        snapshots = sql.Identifier(spec.internal_schema, "snapshots")
        cursor.execute("select to_regclass(%s)", (snapshots.as_string(cursor),))
        dropped = None
        if cursor.fetchone() != (None,):
            command = sql.SQL("select from {} where status = 'published'")
            cursor.execute(command.format(snapshots))
            dropped = cursor.rowcount
        for schema in schemas:
            command = sql.SQL("drop schema if exists {} cascade")
            cursor.execute(command.format(sql.Identifier(schema)))
    return dropped


def _write_spec(plan: Plan) -> list[str]:
    """Write the spec; keep an existing one beside it, since somebody may have edited it."""
    path, lines = plan.spec_path, []
    if path.exists() and path.read_text(encoding="utf-8") != plan.spec_text:
        kept = path.with_name(f"{path.name}.before")
        path.replace(kept)
        lines.append(f"the spec of the previous run is kept as {shown(kept)}")
    path.write_text(plan.spec_text, encoding="utf-8")
    return [*lines, f"the spec is {shown(path)}"]


def advice(plan: Plan) -> tuple[str, str]:
    """How to continue with the spec."""
    path = shown(plan.spec_path)
    return (
        f"Spec         {path}; edit it, then run:",
        f"             {plan.command} SPEC={quote(path)}",
    )


def shown(path: Path) -> str:
    """A path relative to the current folder, if it lies inside."""
    folder = Path.cwd()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
