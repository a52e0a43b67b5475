"""Reading a source that others have made: what can go wrong, in words for who wrote its spec."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors

from kindred.errors import PreflightError, SourceValueError
from kindred.spec.source import Relation
from kindred.warehouse.database import Database

# A table of another database is a NotSupportedError.
_UNREADABLE = (
    psycopg2.ProgrammingError,
    psycopg2.DataError,
    psycopg2.NotSupportedError,
    psycopg2.InternalError,
    errors.ObjectNotInPrerequisiteState,
)
SOURCE = "source"
"""The part of a spec that says where the customers are."""
_QUOTING_VALUES = (psycopg2.DataError, psycopg2.InternalError)  # a cast's, a function's own text


@contextmanager
def reading(database: Database, source: Relation, section: str = SOURCE) -> Iterator[None]:
    """A transaction for statements that hold SQL of a spec: it writes nothing.

    ``section`` is the part of the spec that gives the relation, such as ``events.purchases``.

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
        raise kind(_unreadable(source, section, error)) from error
    except errors.QueryCanceled as error:
        raise PreflightError(
            f"{where_of(source, section)}: {str(error).strip()}; make it faster, or raise"
            " KINDRED_SOURCE_TIMEOUT_SECONDS"
        ) from error


@contextmanager
def storing(source: Relation, section: str = SOURCE) -> Iterator[None]:
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
            f"{where_of(source, section)}: a text cannot be stored in the warehouse:"
            f" {error.diag.message_primary}, {error.diag.context}; create the warehouse's database"
            " with encoding 'UTF8'"
        ) from error


def _unreadable(source: Relation, section: str, error: psycopg2.Error) -> str:
    """The message for a source that a statement cannot read."""
    given = [key for key in ("query", "where") if getattr(source, key) is not None]
    correct = "".join(
        f"correct '{section}.{key}' in the spec (part of one statement, which only reads), or "
        for key in given
    )
    if len(source.table_parts) > 2:
        correct = "name it schema.table, and its database in the connection, or "
    advice = f"mend it in the source, or cast it in the spec's '{section}.query'"
    if isinstance(error, errors.InsufficientPrivilege):
        advice = "grant the connection's user what it lacks"
    elif isinstance(error, errors.CharacterNotInRepertoire):
        advice = (
            "its texts are in another encoding: if that is LATIN1 in a SQL_ASCII database, select"
            f" them in the spec's '{section}.query' as convert_from(convert(<column>::text::bytea,"
            " 'LATIN1', 'UTF8'), 'SQL_ASCII')"
        )
    words = error.diag.message_primary or str(error).strip()
    return f"{where_of(source, section)}: cannot be read: {words}; {correct}{advice}"


def may_end_sessions(owner: Mapping[str, Any]) -> str:
    """What a user may do who may end the sessions of the warehouse's ``owner``."""
    return (
        f"its user may end the sessions of {owner['user_name']}, who owns the warehouse on the same"
        " server, and so may the SQL of files; give the connection a user of its own that may only"
        " read the source"
    )


def where_of(source: Relation, section: str = SOURCE) -> str:
    """How messages name a source."""
    named = "source" if section == SOURCE else f"{section}, source"
    return f"{named} {source.connection!r}, " + (
        f"table {source.table}" if source.table else "query"
    )
