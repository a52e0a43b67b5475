"""Find and compose the statements of ``include/sql``: identifiers quoted, values bound."""

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

from psycopg2 import sql

from kindred.errors import SettingsError
from kindred.settings import Places

Name = str | tuple[str, ...] | sql.Composable


@cache
def sql_dir() -> Path:
    """The folder of statements: ``KINDRED_SQL``, else beside ``plugins``, else in the package."""
    configured = Places.from_env().sql
    if configured is not None:
        return configured
    package = Path(__file__).resolve().parents[1]
    beside = package.parents[1] / "include" / "sql"
    return beside if beside.is_dir() else package / "sql"


@cache
def load(name: str) -> str:
    """The text of one statement, such as ``warehouse/attach_partition``.

    Raises
    ------
    SettingsError
        when there is no such file; the message names its path.
    """
    path = sql_dir() / f"{name}.sql"
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"statement {name!r} not found at {path}: set KINDRED_SQL to the folder include/sql"
        ) from error


def compose(name: str, /, **names: Name) -> sql.Composed:
    """A statement with its ``{placeholders}`` filled by quoted identifiers or composed parts."""
    return fill(load(name), **names)


def fill(statement: str, /, **names: Name) -> sql.Composed:
    """A statement's text with its ``{placeholders}`` filled."""
    parts: list[sql.Composable] = []
    for text, name in _split(statement):
        parts.append(text)
        if name is not None:
            parts.append(identifier(names[name]))
    return sql.Composed(parts)


@lru_cache(maxsize=2048)
def _split(statement: str) -> list[tuple[sql.SQL, str | None]]:
    """The texts of a statement, each with the name of the placeholder behind it.

    A night runs six hundred statements, most of them many times.
    """
    return [(sql.SQL(text), name) for text, name, _, _ in Formatter().parse(statement)]


def identifier(name: Name) -> sql.Composable:
    """Quote a name, or a qualified name given as a tuple; composed parts pass through."""
    if isinstance(name, sql.Composable):
        return name
    return sql.Identifier(name) if isinstance(name, str) else sql.Identifier(*name)


def comma_separated(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Join composed parts by commas."""
    return sql.SQL(", ").join(parts)


def further(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Composed parts for the end of a list, each after a comma; there may be none."""
    return sql.SQL("").join(sql.SQL(", {}").format(part) for part in parts)


def columns(names: Iterable[str]) -> sql.Composed:
    """Quoted names, separated by commas."""
    return comma_separated(map(sql.Identifier, names))
