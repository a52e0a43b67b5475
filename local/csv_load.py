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
from local.environment import SOURCE, WAREHOUSE
from local.layout import Layout
from local.postgres import EmbeddedServer
from local.tables import SCHEMA, SourceTable, load_table


@dataclass(frozen=True)
class Plan:
    """A file's table with its spec, ready to be loaded.

    ``spec_path`` is where Airflow reads the spec; ``command`` runs the file again.
    """

    command: str
    table: SourceTable
    spec: Spec
    spec_text: str
    spec_path: Path


def load(layout: Layout, server: EmbeddedServer, plan: Plan) -> list[str]:
    """Load the table into the source, and put its spec where Airflow reads it."""
    deleted: list[str] = []

    def delete_space() -> None:
        if _delete_space(layout, server, plan.spec):
            deleted.append(f"its table or columns have changed: space {plan.spec.space} is new")

    changed = load_table(server.dsn(SOURCE), plan.table, before_change=delete_space)
    if not changed and not _has_landed(plan):
        delete_space()
    state = "loaded" if changed else "are in place"
    rows = len(plan.table.columns[0].values)
    loaded = f"{rows:,} rows {state} in {SOURCE}.{SCHEMA}.{plan.table.name}"
    return [loaded, *deleted, *_write_spec(plan)]


def _has_landed(plan: Plan) -> bool:
    """Whether the previous spec read the same source and columns, so that the history continues."""
    try:
        before = load_spec(plan.spec_path)
    except SpecError:
        return False
    is_covered = set(plan.spec.payload_columns) <= set(before.payload_columns)
    return before.source == plan.spec.source and is_covered


def _delete_space(layout: Layout, server: EmbeddedServer, spec: Spec) -> bool:
    """Delete a space, because a landed row cannot change without a later ``updated_at``."""
    shutil.rmtree(layout.artifacts / spec.space, ignore_errors=True)
    schemas = [spec.bi_schema, spec.internal_schema]
    with (
        closing(psycopg2.connect(server.dsn(WAREHOUSE))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select from pg_namespace where nspname = any(%s)", (schemas,))
        found = cursor.rowcount > 0
        for schema in schemas:
            command = sql.SQL("drop schema if exists {} cascade")
            cursor.execute(command.format(sql.Identifier(schema)))
    return found


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
