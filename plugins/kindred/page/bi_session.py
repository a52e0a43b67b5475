"""Sessions of the page in the warehouse: a reader's, short, and never more than a reader's."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import Error
from psycopg2.errors import InsufficientPrivilege, QueryCanceled

from kindred.errors import PreflightError, UnreachableError
from kindred.spec.model import schema_of
from kindred.warehouse.database import Database, connect

CONNECTION = "kindred_bi"
STATEMENT_SECONDS = 10
"""A statement that takes longer is given up: people have gone by then."""


@contextmanager
def opened(conninfo: str, space: str) -> Iterator[Database]:
    """A read-only session whose statements all see the same rows.

    Raises
    ------
    PreflightError
        when the login could read more than a ``bi_reader``, may not read what it should, or a
        statement took too long.
    UnreachableError
        when the warehouse cannot be reached.
    """
    label = f"kindred {space} page"
    with connect(conninfo, connection_id=CONNECTION, application_name=label, schema="") as database:
        database.limit(timeout_seconds=STATEMENT_SECONDS)
        try:
            with database.repeatable_read():
                if database.value("page/login_powers", {"schema": schema_of(space)}):
                    raise PreflightError(
                        f"connection {CONNECTION!r}: its login could read more than BI may; make"
                        " one that is a member of bi_reader and nothing else (docs/page.md)"
                    )
                yield database
        except QueryCanceled as error:
            raise UnreachableError(
                f"the warehouse took longer than {STATEMENT_SECONDS} s for one of the figures;"
                " try again when it is less busy"
            ) from error
        except InsufficientPrivilege as error:
            raise PreflightError(
                f"connection {CONNECTION!r}: its login may not read all of schema bi; make it a"
                " member of bi_reader"
            ) from error
        except Error as error:
            raise UnreachableError(
                f"the warehouse did not answer: {type(error).__name__}"
            ) from error
