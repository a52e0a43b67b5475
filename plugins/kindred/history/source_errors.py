"""Reading a source that others have made: what can go wrong, in words for who wrote its spec."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import errors

from kindred.errors import PreflightError, SourceValueError
from kindred.spec.source import Source
from kindred.warehouse.database import Database

# A table of another database is a NotSupportedError.
_UNREADABLE = (
    psycopg2.ProgrammingError,
    psycopg2.DataError,
    psycopg2.NotSupportedError,
    psycopg2.InternalError,
    errors.ObjectNotInPrerequisiteState,
)
_QUOTING_VALUES = (psycopg2.DataError, psycopg2.InternalError)  # a cast's, a function's own text


@contextmanager
def reading(database: Database, source: Source) -> Iterator[None]:
    """A transaction for statements that hold SQL of a spec: it writes nothing.

    Raises
    ------
    PreflightError
        when a statement fails, tries to write, or takes longer than is allowed; a
        ``SourceValueError`` if the server's words may quote a value.
    """
    try:
        with database.repeatable_read():
            yield
    except _UNREADABLE as error:
        kind = SourceValueError if isinstance(error, _QUOTING_VALUES) else PreflightError
        raise kind(_unreadable(source, error)) from error
    except errors.QueryCanceled as error:
        raise PreflightError(
            f"{where_of(source)}: {str(error).strip()}; make it faster, or raise"
            " KINDRED_SOURCE_TIMEOUT_SECONDS"
        ) from error


@contextmanager
def storing(source: Source) -> Iterator[None]:
    """Rows of a source arrive in the warehouse.

    Raises
    ------
    PreflightError
        when the warehouse's encoding has no such characters.
    """
    try:
        yield
    except (errors.CharacterNotInRepertoire, errors.UntranslatableCharacter) as error:
        raise PreflightError(
            f"{where_of(source)}: a text cannot be stored in the warehouse:"
            f" {error.diag.message_primary}, {error.diag.context}; create the warehouse's database"
            " with encoding 'UTF8'"
        ) from error


def _unreadable(source: Source, error: psycopg2.Error) -> str:
    """The message for a source that a statement cannot read."""
    given = [key for key in ("query", "where") if getattr(source, key) is not None]
    correct = "".join(
        f"correct 'source.{key}' in the spec (part of one statement, which only reads), or "
        for key in given
    )
    if len(source.table_parts) > 2:
        correct = "name it schema.table, and its database in the connection, or "
    advice = "mend it in the source, or cast it in the spec's 'source.query'"
    if isinstance(error, errors.InsufficientPrivilege):
        advice = "grant the connection's user what it lacks"
    elif isinstance(error, errors.CharacterNotInRepertoire):
        advice = (
            "its texts are in another encoding: if that is LATIN1 in a SQL_ASCII database, select"
            " them in the spec's 'source.query' as convert_from(convert(<column>::text::bytea,"
            " 'LATIN1', 'UTF8'), 'SQL_ASCII')"
        )
    return (
        f"{where_of(source)}: cannot be read: {error.diag.message_primary or str(error).strip()};"
        f" {correct}{advice}"
    )


def where_of(source: Source) -> str:
    """How messages name a source."""
    return f"source {source.connection!r}, " + (
        f"table {source.table}" if source.table else "query"
    )
