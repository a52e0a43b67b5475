"""The source table of customers: its columns, and its rows by window."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg2 import errors, sql

from kindred.errors import PreflightError
from kindred.history import key_case, key_padding
from kindred.history.column_expressions import check_kind
from kindred.history.moments import MOMENT_TYPES, check_moment, moment_of, nearby_of
from kindred.history.source_errors import SOURCE, reading, where_of
from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.spec.names import did_you_mean, listed
from kindred.spec.source import Relation, Source
from kindred.spec.sql_text import statement_of, stays_in_parentheses
from kindred.warehouse import statements
from kindred.warehouse.database import Database, Writable
from kindred.warehouse.keys import KeyType, key_cast, key_type_of, unusable_key_cast

_TOMBSTONES = {
    "boolean": "coalesce({c}, false)",
    **dict.fromkeys(("smallint", "integer", "bigint"), "coalesce({c} <> 0, false)"),
    # 9999-12-31, or infinity, is how many systems write "never".
    **dict.fromkeys(MOMENT_TYPES, "coalesce({c} < '9999-01-01', false)"),
}


@dataclass(frozen=True)
class SourceColumns:
    """The columns a spec uses, with their type names from ``format_type``.

    ``types`` holds features and labels; types that are not built into PostgreSQL are read as text.
    ``key_cast`` is the SQL fragment that turns the source's key ``{c}`` into ``key_type``;
    ``unusable_key_cast`` that for the text of a key that cannot be cast; ``ignores_case``: keys
    that differ in case only are equal in the source; ``pads_keys``: they end in blanks.
    """

    key_type: KeyType
    key_cast: str
    unusable_key_cast: str
    updated_at_type: str | None
    tombstone_type: str | None
    ignores_case: bool
    pads_keys: bool
    types: Mapping[str, str]

    @property
    def has_days(self) -> bool:
        """Whether ``updated_at`` names the day of a change only."""
        return self.updated_at_type == "date"

    def with_trimmed_keys(self) -> "SourceColumns":
        """The same, whose keys are read without blanks at their ends."""
        return replace(self, key_cast=key_padding.trimmed(self.key_cast, self.key_type))


def relation(source: Relation) -> sql.Composable:
    """The table, or the spec's query in parentheses (SQL trusted as written)."""
    if source.table is not None:
        return sql.Identifier(*source.table_parts)
    return sql.SQL("({}\n)").format(_verbatim(statement_of(source.query or "")))


def _verbatim(text: str) -> sql.SQL:
    """SQL from the spec: a % in it is not a placeholder."""
    return sql.SQL(text.replace("%", "%%"))  # statements that contain it always have parameters


def condition(source: Relation, section: str = SOURCE) -> sql.Composed:
    """The spec's ``where`` (SQL trusted as written), or true.

    Raises
    ------
    PreflightError
        when it could leave the parentheses that statements put it in.
    """
    if source.where is not None and not stays_in_parentheses(source.where):
        raise PreflightError(
            f"{where_of(source, section)}: cannot be read: 'where' is not one condition, in which"
            " each bracket, quote and comment is closed and no statement ends; correct"
            f" '{section}.where' in the spec, or write a 'query'"
        )
    return sql.SQL("{}\n").format(_verbatim(source.where or "true"))  # it may end in a comment


def require_one_statement(
    database: Database, query: sql.Composable, parameters: Mapping[str, Any]
) -> None:
    """Have the server parse a query as a part of one statement, which it does not execute.

    The driver sends texts of several statements as they are, a commit among them.

    Raises
    ------
    psycopg2.Error
        when it is not exactly one query.
    """
    with database.connection.cursor() as cursor:
        text = cursor.mogrify(query, parameters).decode().rstrip().rstrip(";")
    nested = statements.compose("history/nest_query", statement=sql.SQL(text))
    database.run("history/parse_query", {"query": nested.as_string(database.connection)})


def describe(database: Database, spec: Spec) -> SourceColumns:
    """Check the spec against the source's columns.

    Raises
    ------
    PreflightError
        with one line per problem.
    """
    found = column_types(database, spec.source)
    problems = missing_columns(wanted_columns(spec), found)
    for column, feature in spec.column_features.items():
        if column in found:
            problems += problem_of(check_kind, column, feature.kind, found[column][0])
    updated_at_type = None
    if spec.source.has_updated_at and spec.source.updated_at in found:
        updated_at_type = found[spec.source.updated_at][0]
        problems += problem_of(check_updated_at, spec.source, updated_at_type)
    tombstone_type = found.get(spec.source.tombstone or "", (None,))[0]
    if tombstone_type is not None and tombstone_type not in _TOMBSTONES:
        problems.append(
            f"tombstone column {spec.source.tombstone!r} is of type {tombstone_type}; allowed are"
            f" {', '.join(_TOMBSTONES)} (deleted where true, not 0, or a time before 9999); cast it"
            " in the spec's source query"
        )
    if spec.source.key in found:
        problems += problem_of(key_type_of, spec.source.key, *found[spec.source.key])
    if problems:
        raise PreflightError(
            "\n".join(f"{where_of(spec.source)}: {problem}" for problem in problems)
        )
    key, where = spec.source.key, where_of(spec.source)
    key_type = key_type_of(key, *found[key])
    with reading(database, spec.source):
        rows = relation(spec.source)
        ignores_case = key_case.is_ignored(database, rows, key, found[key][0], where=where)
    columns = SourceColumns(
        key_type=key_type,
        key_cast=key_cast(found[key][0], key_type),
        unusable_key_cast=unusable_key_cast(found[key][0]),
        updated_at_type=updated_at_type,
        tombstone_type=tombstone_type,
        ignores_case=ignores_case,
        pads_keys=found[key][0] == key_padding.PADDED,
        types={
            column: _landed_type(spec, column, *found[column]) for column in spec.payload_columns
        },
    )
    _check_extraction(database, spec, columns)
    return columns


def _landed_type(spec: Spec, column: str, type_name: str, is_built_in: bool) -> str:
    """A domain lands as its base type, unless its values are categories, which are texts."""
    feature = spec.features.get(column)
    is_category = feature is None or feature.kind is Kind.CATEGORICAL
    return "text" if is_category and not is_built_in else type_name


def check_updated_at(source: Source, type_name: str) -> None:
    """Reject an ``updated_at`` that is no time, or no moment for want of a time zone.

    Raises
    ------
    PreflightError
        with what to write into the spec.
    """
    check_moment(
        f"updated_at column {source.updated_at!r}",
        type_name,
        source.source_timezone,
        other="; or say 'updated_at: none'",
        before=". Earlier releases read it as UTC: to go on as before, write 'source_timezone:"
        ' UTC\'; with another zone, run once with {"full_extract": true}',
    )


def _check_extraction(database: Database, spec: Spec, columns: SourceColumns) -> None:
    """Have the server plan the extraction, which checks its condition, names and privileges."""
    query = _window_query(spec, columns)
    parameters = _window_parameters(spec.source, ("-infinity", "-infinity"), row_limit=0)
    with reading(database, spec.source):
        plan(database, query, parameters)


def plan(database: Database, query: sql.Composable, parameters: Mapping[str, Any]) -> None:
    """Have the server plan one statement, which checks its names and privileges.

    Raises
    ------
    psycopg2.Error
        when it is not one query that may be executed.
    """
    require_one_statement(database, query, parameters)
    database.execute(sql.SQL("explain {}").format(query), parameters)


def hidden_rows(database: Database, spec: Spec, columns: SourceColumns) -> str | None:
    """What `hidden_by_policy` says of the customers' rows."""
    parameters = _window_parameters(spec.source, ("-infinity", "-infinity"), row_limit=0)
    return hidden_by_policy(database, _window_query(spec, columns), parameters)


def hidden_by_policy(
    database: Database, query: sql.Composable, parameters: Mapping[str, Any]
) -> str | None:
    """The server's words for the table whose row-level security applies to the session, if any."""
    try:
        with database.repeatable_read():
            database.run("history/refuse_row_security")
            database.execute(sql.SQL("explain {}").format(query), parameters)
    except errors.InsufficientPrivilege as error:
        return str(error.diag.message_primary)
    return None


def problem_of(check: Any, *arguments: Any) -> list[str]:
    """What a check that raises a ``PreflightError`` finds."""
    try:
        check(*arguments)
    except PreflightError as error:
        return [str(error)]
    return []


def wanted_columns(spec: Spec) -> dict[str, str]:
    """The columns of the source that a spec reads, each with its role."""
    wanted = {spec.source.key: "key", **dict.fromkeys(spec.column_features, "feature")}
    wanted |= dict.fromkeys(spec.labels, "label")
    if spec.source.has_updated_at:
        wanted[spec.source.updated_at] = "updated_at"
    if spec.source.tombstone is not None:
        wanted[spec.source.tombstone] = "tombstone"
    return wanted


def missing_columns(wanted: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    """A line for each column that is wanted, with its role in the spec, and was not found."""
    return [
        f"there is no column {column!r}, which the spec names as {role}; the source has"
        f" {listed(sorted(found))}; correct the spec{did_you_mean(column, found)}"
        for column, role in wanted.items()
        if column not in found
    ]


def column_types(
    database: Database, source: Relation, section: str = SOURCE
) -> dict[str, tuple[str, bool]]:
    """Name -> (type name, whether the type is built in) for every column of the source.

    Raises
    ------
    PreflightError
        when the table does not exist, or the user may not read it, or the query is not valid.
    """
    with reading(database, source, section):
        if source.table is not None:
            _check_access(database, source, section)
        found = described(database, relation(source), {})
    return {column: (type_name, built_in) for column, type_name, built_in in found}


def described(
    database: Database, relation: sql.Composable, parameters: Mapping[str, Any]
) -> list[tuple[str, str, bool]]:
    """Name, type name, and whether the type is built in, of every column; no row is read.

    Raises
    ------
    psycopg2.Error
        when it is not one query that may be executed.
    """
    query = statements.compose("history/describe_query", relation=relation)
    require_one_statement(database, query, parameters)
    with database.connection.cursor() as cursor:
        cursor.execute(query, parameters)
        columns = [(column.name, column.type_code) for column in cursor.description or ()]
    rows = database.rows("history/type_names", {"oids": [oid for _, oid in columns]})
    names = {oid: (type_name, built_in) for oid, type_name, built_in in rows}
    return [(column, *names[oid]) for column, oid in columns]


def _check_access(database: Database, source: Relation, section: str) -> None:
    quoted = relation(source).as_string(database.connection)
    access = database.records("history/source_table_access", {"table": quoted})[0]
    if not access["exists"]:
        alike = database.value("history/tables_alike", {"name": source.table_parts[-1]})
        hint = f"use {alike}, or " if alike else ""
        raise PreflightError(
            f"{where_of(source, section)}: there is no such table or view; {hint}check"
            f" '{section}.table' in the spec (schema.table; names are case-sensitive, in double"
            " quotes where they hold a dot) and the connection's database"
        )
    if not access["is_readable"]:
        raise PreflightError(f"{where_of(source, section)}: it may not be read; grant select on it")


def copy_window(
    database: Database,
    spec: Spec,
    columns: SourceColumns,
    window: tuple[str, str],
    sink: Writable,
    *,
    row_limit: int,
) -> int:
    """Write the rows of one window to ``sink``, in the column order of the landing table."""
    parameters = _window_parameters(spec.source, window, row_limit=row_limit)
    with reading(database, spec.source):
        return database.copy_out(_window_query(spec, columns), sink, parameters)


def _window_parameters(
    source: Source, window: tuple[str, str], *, row_limit: int
) -> dict[str, Any]:
    return {
        "window_start": window[0],
        "window_end": window[1],
        "source_timezone": source.zone,
        "row_limit": row_limit,
    }


def _window_query(spec: Spec, columns: SourceColumns) -> sql.Composed:
    source = spec.source
    names: dict[str, sql.Composable] = {
        "columns": selected(spec, columns),
        "relation": relation(source),
        "condition": condition(source),
    }
    if not source.has_updated_at:
        return statements.compose("history/select_all", **names)
    updated_at = sql.Identifier(source.updated_at)
    names |= {
        "updated_at": updated_at,
        "moment": moment_of(source.updated_at, columns.updated_at_type or ""),
        "nearby": nearby_of(source.updated_at, columns.updated_at_type or ""),
    }
    return statements.compose("history/select_window", **names)


def selected(spec: Spec, columns: SourceColumns) -> sql.Composed:
    """The select list: own columns and payload, cast to the landed types."""
    payload = [
        sql.SQL("{}::{}").format(sql.Identifier(column), sql.SQL(type_name))
        for column, type_name in columns.types.items()
    ]
    return statements.comma_separated([*own_columns(spec, columns), *payload])


def own_columns(spec: Spec, columns: SourceColumns) -> list[sql.Composable]:
    """The expressions of customer_id, updated_at, is_deleted and unusable_key."""
    source = spec.source
    tombstone: sql.Composable = sql.SQL("false")
    if source.tombstone is not None:
        tombstone = sql.SQL(_TOMBSTONES[columns.tombstone_type or ""]).format(
            c=sql.Identifier(source.tombstone)
        )
    unusable_key = sql.SQL(columns.unusable_key_cast).format(c=sql.Identifier(source.key))
    return [key_expression(source, columns), moment(source, columns), tombstone, unusable_key]


def moment(source: Source, columns: SourceColumns) -> sql.Composed:
    """The time of a row; without ``updated_at`` the end of the window."""
    if source.has_updated_at:
        return moment_of(source.updated_at, columns.updated_at_type or "")
    return sql.SQL("(%(window_end)s::timestamptz - interval '1 microsecond')").format()


def key_expression(source: Source, columns: SourceColumns) -> sql.Composed:
    """The key cast to the base type of ``customer_key``."""
    return sql.SQL(columns.key_cast).format(c=sql.Identifier(source.key))


def oldest_moment(database: Database, spec: Spec) -> datetime | None:
    """The oldest ``updated_at`` of the source, if any; raises as `describe`."""
    columns = describe(database, spec)
    found: datetime | None = database.value(
        "history/oldest_moment",
        {"source_timezone": spec.source.zone},
        moment=moment(spec.source, columns),
        relation=relation(spec.source),
        condition=condition(spec.source),
    )
    return found


def estimated_rows(database: Database, source: Relation) -> int:
    """Estimated rows of the source, from the server's statistics; 0 if there are none."""
    if source.table is None:
        return 0
    quoted = relation(source).as_string(database.connection)
    return max(0, int(database.value("history/estimate_rows", {"table": quoted}) or 0))
