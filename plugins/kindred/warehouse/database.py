"""A database session: connect, run the statements of ``include/sql``, move bulk data by COPY."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from pgvector.psycopg2 import register_vector
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn
from psycopg2.extras import RealDictCursor

from kindred.errors import UnreachableError
from kindred.warehouse import statements
from kindred.warehouse.statements import Name

Parameters = Mapping[str, Any] | None
CONNECT_TIMEOUT_SECONDS = 15
# Firewalls and load balancers drop a connection that is idle for minutes, as it is while a stage
# computes. Without these settings the kernel sends the first keepalive after two hours.
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}


class Readable(Protocol):
    """The source of COPY FROM STDIN."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""

    def readline(self, size: int = -1, /) -> bytes:
        """Required by psycopg2, although binary data has no lines."""


class Writable(Protocol):
    """The target of COPY TO STDOUT."""

    def write(self, data: bytes, /) -> int:
        """Receive some bytes; returns their number."""


@dataclass(frozen=True)
class Database:
    """One session; every statement outside ``transaction`` commits by itself."""

    connection: Connection

    def run(self, name: str, parameters: Parameters = None, **names: Name) -> int:
        """Run a statement; returns the number of rows it affected."""
        with self.connection.cursor() as cursor:
            cursor.execute(statements.compose(name, **names), parameters)
            return int(cursor.rowcount)

    def rows(
        self, name: str, parameters: Parameters = None, **names: Name
    ) -> list[tuple[Any, ...]]:
        """Run a query; returns all its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statements.compose(name, **names), parameters)
            return cursor.fetchall()

    def row(
        self, name: str, parameters: Parameters = None, **names: Name
    ) -> tuple[Any, ...] | None:
        """Run a query; returns its first row, if any."""
        return next(iter(self.rows(name, parameters, **names)), None)

    def value(self, name: str, parameters: Parameters = None, **names: Name) -> Any:
        """Run a query of one row and one column; returns the value, or None without a row."""
        row = self.row(name, parameters, **names)
        return None if row is None else row[0]

    def has_table(self, name: str) -> bool:
        """Whether statements find a table or view of this name."""
        return bool(self.value("warehouse/table_exists", {"table": name}))

    def records(
        self, name: str, parameters: Parameters = None, **names: Name
    ) -> list[dict[str, Any]]:
        """Run a query; returns its rows as mappings from column name to value."""
        with self.connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statements.compose(name, **names), parameters)
            return [dict(row) for row in cursor.fetchall()]

    def execute(self, statement: sql.Composable, parameters: Parameters = None) -> int:
        """Run a statement composed from typed parts (DDL only)."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

    def copy_out(self, query: sql.Composable, sink: Writable, parameters: Parameters = None) -> int:
        """Send a query's rows to ``sink`` as binary COPY; returns their number."""
        with self.connection.cursor() as cursor:
            bound = cursor.mogrify(query, parameters).decode().rstrip().rstrip(";")
            cursor.copy_expert(f"copy ({bound}) to stdout with (format binary)", sink)
            return int(cursor.rowcount)

    def copy_in(self, table: Name, columns: Sequence[str], source: Readable) -> int:
        """Load binary COPY data into a table; returns the number of rows."""
        statement = sql.SQL("copy {} ({}) from stdin with (format binary)").format(
            statements.identifier(table), statements.columns(columns)
        )
        with self.connection.cursor() as cursor:
            cursor.copy_expert(statement, source)
            return int(cursor.rowcount)

    def configure(self, schema: str | None) -> None:
        """Apply the settings of every session; with a schema, statements find its tables.

        If pgvector is installed, they find it too, and vectors are passed and returned as
        ``pgvector.Vector``.
        """
        settings = self.row("warehouse/configure_session", {"schema": schema})
        if settings is not None and settings[-1]:
            register_vector(self.connection)

    def limit(self, *, timeout_seconds: int) -> None:
        """Let the session write nothing, and each statement take at most so long (0: any time)."""
        self.run("warehouse/limit_session", {"milliseconds": 1000 * timeout_seconds})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commit at the end, roll back on any error."""
        self.connection.autocommit = False
        try:
            with self.connection:
                yield
        finally:
            if not self.connection.closed:
                self.connection.autocommit = True

    @contextmanager
    def beside(self) -> Iterator["Database"]:
        """Open another session of this login in this database, under the same name.

        Raises
        ------
        UnreachableError
            when the server accepts no further session.
        """
        info = self.connection.info
        parameters = info.dsn_parameters | {"password": info.password}
        name = parameters["application_name"]
        with _session(parameters, f"second session for {name!r}", "see max_connections") as beside:
            beside.run("warehouse/close_search_path")
            beside.configure(None)
            yield beside

    @contextmanager
    def repeatable_read(self) -> Iterator[None]:
        """A read-only transaction whose statements see the same rows, as part of one if open.

        It is rolled back, so that not even a setting outlives it.
        """
        if not self.connection.autocommit:
            yield
            return
        with self.transaction():
            self.run("warehouse/repeatable_read")
            yield
            self.connection.rollback()


@contextmanager
def connect(
    conninfo: str, *, connection_id: str, application_name: str, schema: str | None = None
) -> Iterator[Database]:
    """Open a session whose backend ends with this process: it checks the client every 5 s.

    With a schema, statements find that space's tables, and pgvector if it is installed; with an
    empty one, the catalogue alone; without, what the login's settings say.

    Raises
    ------
    UnreachableError
        when the database cannot be reached; the message names the connection, never the password.
    """
    parameters = {
        **KEEPALIVES,
        **parse_dsn(conninfo),
        "application_name": application_name[:63],
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    advice = f"check the Airflow Connection (or AIRFLOW_CONN_{connection_id.upper()})"
    with _session(parameters, f"connection {connection_id!r}", advice) as database:
        if schema is not None:
            database.run("warehouse/close_search_path")
        database.configure(schema or None)
        yield database


@contextmanager
def _session(parameters: Mapping[str, Any], what: str, advice: str) -> Iterator[Database]:
    try:
        connection = psycopg2.connect(**parameters)
    except psycopg2.Error as error:
        raise UnreachableError(f"{what}: cannot connect: {str(error).strip()}; {advice}") from error
    with closing(connection):
        connection.autocommit = True
        yield Database(connection)


def pipe(send: Callable[[Writable], int], receive: Callable[[Readable], int]) -> int:
    """Connect two COPYs without a file in between: one database sends, another receives.

    Returns the receiver's count; the sender's error comes first.
    """
    read_end, write_end = os.pipe()
    failure: list[BaseException] = []

    def sender() -> None:
        try:
            with os.fdopen(write_end, "wb") as sink:
                send(sink)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=sender, name="copy-out", daemon=True)
    thread.start()
    count = 0
    try:
        with os.fdopen(read_end, "rb") as stream:
            count = receive(stream)
    except psycopg2.Error:
        thread.join()
        if not failure or isinstance(failure[0], BrokenPipeError):
            raise
    thread.join()
    if failure:
        raise failure[0]
    return count
