"""The ids that a query or table of a source gives: described, checked, and sent as keys."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg2
from psycopg2 import sql

from kindred.audiences.query_text import parts_between
from kindred.audiences.source_words import public_words
from kindred.audiences.status import Status
from kindred.errors import (
    AudienceError,
    AudienceUnreachableError,
    KindredError,
    PreflightError,
    SourceValueError,
    UnreachableError,
)
from kindred.history import key_case, source
from kindred.history.source_errors import may_end_sessions, reading, where_of
from kindred.run.connections import WAREHOUSE
from kindred.run.context import Deployment
from kindred.spec.audiences import Population
from kindred.spec.names import without_secrets
from kindred.spec.sql_text import statement_of
from kindred.warehouse import statements
from kindred.warehouse.database import Database, Writable
from kindred.warehouse.keys import KeyType, foreign_key_casts

log = logging.getLogger(__name__)

# A session that has ended, a server that is starting or short of room, a deadlock.
_MAY_PASS = (UnreachableError, psycopg2.OperationalError, psycopg2.InterfaceError)


@dataclass(frozen=True)
class SourceIds:
    """The ids of a query or table.

    ``role``: the key of the file that gives it. ``casts``: see ``foreign_key_casts``.
    ``ignores_case``: ids that differ in case only are equal.
    """

    role: str
    population: Population
    relation: sql.Composable
    parameters: dict[str, Any]
    casts: tuple[sql.Composable, sql.Composable]
    ignores_case: bool

    def with_trimmed_keys(self) -> "SourceIds":
        """The same, read without blanks at their ends: for keys that are texts."""
        key, unusable = self.casts
        return replace(self, casts=(sql.SQL("rtrim({}, ' ')").format(key), unusable))

    def send(self, origin: Database, sink: Writable) -> int:
        """Send keys, and the texts of what is none, as binary COPY; returns the rows.

        They are at most one more than ``most``, a parameter.

        Raises
        ------
        AudienceError
            when the source cannot be read.
        """
        with said(self.role, self.population), reading(origin, self.population, self.role):
            return origin.copy_out(self._query(), sink, self.parameters)

    def check(self, origin: Database) -> None:
        """Have the server plan the reading, which checks names and privileges.

        Raises
        ------
        AudienceError
            when it is not one query that only reads.
        """
        with said(self.role, self.population), reading(origin, self.population, self.role):
            source.plan(origin, self._query(), self.parameters)

    def hidden_rows(self, origin: Database) -> bool:
        """Whether a policy of the source hides rows from the connection's user."""
        with said(self.role, self.population):
            return source.hidden_by_policy(origin, self._query(), self.parameters) is not None

    def _query(self) -> sql.Composed:
        key, unusable = self.casts
        names = {"key": key, "unusable": unusable, "relation": self.relation}
        return statements.compose("audiences/select_ids", **names)


def describe(
    origin: Database,
    population: Population,
    role: str,
    *,
    as_of: datetime,
    key: str,
    key_type: KeyType,
    most: int,
) -> SourceIds:
    """Find out what a query or table gives.

    ``key``: the column of the ids, unless the population names one; ``most``: the most rows.

    Raises
    ------
    AudienceError
        when it cannot be read, gives another number of columns than one, or no keys.
    """
    parameters = {"as_of": as_of, "most": most + 1}
    with said(role, population):
        relation: sql.Composable
        if population.query is not None:
            relation = sql.SQL("({}\n)").format(_bound(statement_of(population.query)))
        else:
            relation = _column_of(origin, population, role, population.column or key)
        with reading(origin, population, role):
            columns = source.described(origin, relation, parameters)
        if len(columns) != 1:
            raise PreflightError(
                f"{_place(role, population)}: it returns {len(columns)} columns; select one, the"
                " ids"
            )
        [(column_name, type_name, _)] = columns
        # Not as the file calls it, which may be a value without its quotes.
        name = "id" if population.query is not None or population.column else key
        casts = foreign_key_casts(name, type_name, key_type)
        with reading(origin, population, role):
            ignores_case = key_case.is_ignored(
                origin,
                relation,
                column_name,
                type_name,
                where=_place(role, population),
                parameters=parameters,
            )
    typed = [sql.SQL(cast).format(c=sql.Identifier("given", "id")) for cast in casts]
    return SourceIds(role, population, relation, parameters, (typed[0], typed[1]), ignores_case)


def _column_of(origin: Database, population: Population, role: str, column: str) -> sql.Composable:
    """The named column of a table as a relation."""
    found = source.column_types(origin, population, role)
    if missing := source.missing_columns({column: "that of the ids"}, found):
        log.warning("%s: %s", role, without_secrets(missing[0]))
        raise AudienceError(  # readers need not know the other columns
            Status.FAILED,
            f"{_place(role, population)}: it has no such column; correct '{role}.column'",
        ) from PreflightError(missing[0])
    query = statements.compose(
        "audiences/select_column",
        column=sql.Identifier("source_rows", column),
        table=sql.Identifier(*population.table_parts),
        condition=sql.SQL("{}\n").format(_bound(population.where or "true")),
    )
    return sql.SQL("({})").format(query)


def _bound(text: str) -> sql.Composable:
    """SQL of a file with ``:as_of`` as a parameter; a % in it is none."""
    parts = [sql.SQL(part.replace("%", "%%")) for part in parts_between(text)]
    return sql.SQL("(%(as_of)s::timestamptz)").join(parts)


@contextmanager
def opened(
    deployment: Deployment, warehouse: Database, population: Population, role: str, label: str
) -> Iterator[Database]:
    """A session for a query or table, which only reads, and never as the warehouse's owner.

    Raises
    ------
    AudienceError
        when there is no such connection, or its user may change the warehouse.
    """
    with ExitStack() as stack:
        with said(role, population):
            if population.connection == WAREHOUSE:
                raise PreflightError(
                    f"{_place(role, population)}: this connection is the warehouse's own, whose"
                    " user may change it; name one whose user may only read"
                )
            origin = stack.enter_context(_reader(deployment, population, role, label))
            owner = warehouse.records("preparation/identity")[0]
            has_sql = population.query is not None or population.where is not None
            if has_sql and origin.value("preparation/may_act_as", owner):
                raise PreflightError(
                    f"{_place(role, population)}: the connection's user may act as the owner of"
                    " the warehouse in the same database, and the file's SQL would run with those"
                    " rights; name a connection whose user may only read"
                )
            words = excess_rights(origin, warehouse) if has_sql else None
            if words is not None:
                log.warning("%s: %s", where_of(population, role), words)
        yield origin


@contextmanager
def _reader(
    deployment: Deployment, population: Population, role: str, label: str
) -> Iterator[Database]:
    with ExitStack() as stack:
        try:
            origin = stack.enter_context(deployment.reader(population.connection, label))
        except UnreachableError:
            raise
        except PreflightError as error:  # its words name the connection
            log.warning("%s: %s", role, without_secrets(str(error)))
            raise AudienceError(
                Status.FAILED,
                f"{_place(role, population)}: there is no such connection, or it cannot be used;"
                " the log of the task says why",
            ) from error
        yield origin


def excess_rights(origin: Database, warehouse: Database) -> str | None:
    """What the SQL of a file could do to the sessions of the warehouse's owner, if anything."""
    owner = warehouse.records("preparation/identity")[0]
    may = origin.value("preparation/may_end_sessions", owner)
    return may_end_sessions(owner) if may else None


@contextmanager
def said(role: str, population: Population) -> Iterator[None]:
    """Say why a source cannot be read, without a word that may quote an id or a value.

    The source's own words are in the log.

    Raises
    ------
    AudienceError
        of status ``failed``; ``AudienceUnreachableError`` where it may pass by itself.
    """
    try:
        yield
    except AudienceError:
        raise
    except (KindredError, psycopg2.Error) as error:
        log.warning("%s: %s", role, without_secrets(str(error).strip()))
        kind = AudienceUnreachableError if isinstance(error, _MAY_PASS) else AudienceError
        raise kind(Status.FAILED, _reason(role, population, error)) from error


def _reason(role: str, population: Population, error: Exception) -> str:
    where = _place(role, population)
    cause = error.__cause__ or error
    if isinstance(error, UnreachableError):
        return f"{where}: the database cannot be reached; the log of the task says why"
    if isinstance(cause, psycopg2.Error):
        keys = [key for key in ("query", "where") if getattr(population, key) is not None]
        correct = f"correct '{role}.{keys[0]}' in the file; " if keys else ""
        words = public_words(type(cause).__name__, cause.pgcode)
        return (
            f"{where}: cannot be read: {words}; {correct}the log of the task has the server's words"
        )
    if isinstance(error, SourceValueError):
        return f"{where}: cannot be read; the log of the task says why"
    return of_a_file(str(error).replace(where_of(population, role), where))


def _place(role: str, population: Population) -> str:
    """How readers are told of a source, whose connection and table they need not know."""
    return f"{role}.{population.form}"


def of_a_file(text: str) -> str:
    """A message about a spec as one about an audience file."""
    return text.replace(" in the spec", " in the file").replace("the spec's", "the file's")
