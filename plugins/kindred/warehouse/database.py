"""A database session: connect, run the statements of ``include/sql``, move bulk data by COPY."""

import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import psycopg2
from pgvector.psycopg2 import register_vector
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn, quote_ident
from psycopg2.extras import RealDictCursor

from kindred.errors import PreflightError, UnreachableError
from kindred.progress.steps import Look, Step, step
from kindred.warehouse import statements
from kindred.warehouse.driver_messages import without_secrets
from kindred.warehouse.statements import Name

Parameters = Mapping[str, Any] | None
# A connection may say otherwise. Firewalls and load balancers drop one that is idle for minutes, as
# it is while a stage computes, and the kernel would send the first keepalive after two hours. A
# client that is cut off gives up within 60 seconds, its server later (warehouse/begin_session):
# nobody has its locks while it still believes it holds them.
DEFAULTS = {
    "connect_timeout": 15,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
CONFORMING = "-c standard_conforming_strings=on"
IDLE_SECONDS, PROOF_SECONDS = 0.01, 5.0
_proven: set[str] = set()
"""The connection strings of which this process knows that sessions are its own."""


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
    """One session; every statement outside ``transaction`` commits by itself.

    Nothing is run or committed once one of its ``guards`` has ended: sessions whose locks keep
    others away from what this one works on. ``known_locks``: relations of locks it has found there.
    """

    connection: Connection
    guards: list[Connection] = field(default_factory=list)
    known_locks: set[str] = field(default_factory=set)

    def _cursor(self, **options: Any) -> Any:
        self.require_guards()
        return self.connection.cursor(**options)

    def _step(self, what: str, rows: int | None = None) -> AbstractContextManager[Step]:
        """Say that the session is busy; how far it is, the server says to a second session."""
        return step(what, rows, look=self._look)

    def _look(self) -> Look | None:
        try:
            session = {"pid": int(self.connection.info.backend_pid)}
            with self.beside() as other:
                found = other.row("warehouse/statement_progress", session)
        except (psycopg2.Error, UnreachableError):
            # The statement goes on without being watched.
            return None
        return None if found is None else Look(*found)

    def require_guards(self) -> None:
        """Check that all guards are still there.

        Raises
        ------
        UnreachableError
            when one has ended.
        """
        if any(map(_has_ended, self.guards)):
            raise UnreachableError(
                "the session that keeps erasures and other runs waiting has ended, so that nothing"
                " more may be written; the server's log says why. Nothing is half done: try again"
            )

    def run(self, name: str, parameters: Parameters = None, **names: Name) -> int:
        """Run a statement; returns the number of rows it affected."""
        with self._cursor() as cursor, self._step(f"statement {name}"):
            cursor.execute(statements.compose(name, **names), parameters)
            return int(cursor.rowcount)

    def rows(
        self, name: str, parameters: Parameters = None, **names: Name
    ) -> list[tuple[Any, ...]]:
        """Run a query; returns all its rows."""
        with self._cursor() as cursor, self._step(f"statement {name}"):
            cursor.execute(statements.compose(name, **names), parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

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
        with (
            self._cursor(cursor_factory=RealDictCursor) as cursor,
            self._step(f"statement {name}"),
        ):
            cursor.execute(statements.compose(name, **names), parameters)
            return [dict(row) for row in cursor.fetchall()]

    def execute(self, statement: sql.Composable, parameters: Parameters = None) -> int:
        """Run a statement composed from typed parts (DDL only)."""
        with self._cursor() as cursor, self._step("statement"):
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

    def copy_out(self, query: sql.Composable, sink: Writable, parameters: Parameters = None) -> int:
        """Send a query's rows to ``sink`` as binary COPY; returns their number."""
        with self._cursor() as cursor:
            bound = cursor.mogrify(query, parameters).decode().rstrip().rstrip(";")
            with self._step("reading"):
                cursor.copy_expert(f"copy ({bound}) to stdout with (format binary)", sink)
            return int(cursor.rowcount)

    def copy_in(
        self,
        table: Name,
        columns: Sequence[str],
        source: Readable,
        rows: int | None = None,
    ) -> int:
        """Load binary COPY data into a table; returns the number of rows.

        With the number of ``rows``, if it is known, the progress says how long it takes.
        """
        statement = sql.SQL("copy {} ({}) from stdin with (format binary)").format(
            statements.identifier(table), statements.columns(columns)
        )
        with self._cursor() as cursor, self._step(f"loading {_shown(table)}", rows):
            cursor.copy_expert(statement, source)
            return int(cursor.rowcount)

    def configure(self, schema: str | None, *, writes: bool = False) -> None:
        """Apply the settings of every session; with a schema, statements find its tables.

        If pgvector is installed, they find it too, and vectors are passed and returned as
        ``pgvector.Vector``.

        Raises
        ------
        PreflightError
            when the session is to write and can only read.
        """
        settings = self.records("warehouse/configure_session", {"schema": schema})[0]
        if writes and settings["is_read_only"]:
            raise PreflightError(_why_read_only(self.connection, is_standby=settings["is_standby"]))
        if settings["has_vectors"]:
            register_vector(self.connection)

    def limit(self, *, timeout_seconds: int) -> None:
        """Let the session write nothing, and each statement take at most so long (0: any time)."""
        self.run("warehouse/limit_session", {"milliseconds": 1000 * timeout_seconds})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commit at the end, roll back on any error."""
        self.connection.autocommit = False
        try:
            yield
            self.require_guards()
            self.connection.commit()
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise
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
        name = parameters.get("application_name", "")
        with _session(parameters, f"second session for {name!r}", "see max_connections") as beside:
            beside.run("warehouse/begin_session")
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


def _shown(name: Name) -> str:
    """A table's name for the log."""
    return " ".join(name) if isinstance(name, tuple) else str(name)


@contextmanager
def connect(
    conninfo: str,
    *,
    connection_id: str,
    application_name: str,
    schema: str | None = None,
    writes: bool = False,
    prove: bool = False,
) -> Iterator[Database]:
    """Open a session whose backend ends with this process: it checks the client every 5 s.

    With a schema, statements find that space's tables, and pgvector if it is installed; with an
    empty one, the catalogue alone; without, what the login's settings say. ``writes``: it must not
    be a read-only one. ``prove``: prove in any case that no other client gets it; that ends a
    session on the server, so otherwise only where a pooler stands in between.

    Raises
    ------
    UnreachableError
        when the database cannot be reached; the message names the connection, never the password.
    PreflightError
        when the session is shared with other clients, or can only read; nothing is left on it.
    """
    given = parse_dsn(conninfo)
    names = (application_name, given.get("application_name"))
    parameters = {
        **DEFAULTS,
        **given,
        "application_name": " ".join(filter(None, names))[:63],
        "client_encoding": "UTF8",  # binary COPY has texts in the client's encoding
    }
    advice = f"check the Airflow Connection (or AIRFLOW_CONN_{connection_id.upper()})"
    open_session = partial(_session, parameters, f"connection {connection_id!r}", advice)
    with open_session() as database:
        [(process, port, *_)] = database.rows("warehouse/begin_session")
        # A pooler makes up the number that it tells its client.
        if (prove or process != database.connection.info.backend_pid) and conninfo not in _proven:
            if not _is_own(database, open_session):
                raise PreflightError(_why_shared(connection_id, port))
            _proven.add(conninfo)
        if schema is not None:
            database.run("warehouse/close_search_path")
        database.configure(schema or None, writes=writes)
        yield database


@contextmanager
def _session(parameters: Mapping[str, Any], what: str, advice: str) -> Iterator[Database]:
    try:
        connection = _connected(parameters)
    except psycopg2.Error as error:
        why = without_secrets(str(error).strip(), parameters)
        # Not "from error": the log would show the driver's own words.
        raise UnreachableError(f"{what}: cannot connect: {why}; {advice}") from None
    with closing(connection):
        connection.autocommit = True
        yield Database(connection)


def _connected(parameters: Mapping[str, Any]) -> Connection:
    """A connection that quotes backslashes as the session reads them.

    The driver decides only once, as it connects, how it writes them, so the role's own setting has
    to be overruled by then.
    """
    connection: Connection = psycopg2.connect(**parameters)
    if connection.get_parameter_status("standard_conforming_strings") == "on":
        return connection
    connection.close()
    options = " ".join(filter(None, (parameters.get("options"), CONFORMING)))
    connection = psycopg2.connect(**{**parameters, "options": options})
    return connection


Session = AbstractContextManager[Database]


def _is_own(database: Database, open_probe: Callable[[], Session]) -> bool:
    """Whether an idle session keeps its backend.

    A probe asks the server to end its backend once it has been idle for a while. If the backend is
    its own, the probe sees that end. A pooler that takes backends back between transactions has
    nobody to pass it on to, provided that the probe had its answer before: it asks again with more
    time otherwise. (A pooler may also end idle clients; that hits ``database`` first.)
    """
    seconds = IDLE_SECONDS
    while True:
        with open_probe() as probe:
            started = time.monotonic()
            probe.value("warehouse/end_when_idle", {"milliseconds": int(seconds * 1000)})
            if time.monotonic() - started < seconds:
                return _is_readable(probe.connection, seconds + PROOF_SECONDS) and not _has_ended(
                    database.connection
                )
        seconds *= 2


def _why_shared(connection_id: str, port: str) -> str:
    return (
        f"connection {connection_id!r}: a pooler gives this client's sessions to others between"
        " transactions, so that settings and locks would stay behind on them; set pool_mode ="
        " session for this database in the pooler (pgbouncer, or what yours calls it), or point"
        f" AIRFLOW_CONN_{connection_id.upper()} (or the Airflow Connection) at the server's own"
        f" address, port {port}"
    )


def _is_readable(connection: Connection, seconds: float) -> bool:
    """Whether the server has sent something unasked: a message, or the end of the session."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _has_ended(connection: Connection) -> bool:
    """Whether a session that waits for nothing has been ended."""
    if connection.closed:
        return True
    if not _is_readable(connection, 0):
        return False
    try:
        Database(connection).rows("warehouse/begin_session")
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return True
    return False


def _why_read_only(connection: Connection, *, is_standby: bool) -> str:
    if is_standby:
        return (
            "warehouse: the server is a read-only standby; point connection 'kindred_warehouse' at"
            " the primary (with several hosts: target_session_attrs=read-write)"
        )
    user = quote_ident(connection.info.user, connection)
    return (
        f"warehouse: user {user} can only read, since 'default_transaction_read_only' is on (some"
        " services set it while the disk is nearly full): free space there, then run 'alter role"
        f" {user} set default_transaction_read_only = off'"
    )
