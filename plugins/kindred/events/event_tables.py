"""The tables of events: one per name under ``events``, with a partition per month (UTC)."""

from functools import partial

from psycopg2 import sql

from kindred.events.stored_names import OWN_COLUMNS, stored_name
from kindred.history.versions import column_types
from kindred.spec.event_columns import ITEM, codes_of, numbers_of
from kindred.spec.events import Events
from kindred.spec.model import Spec
from kindred.warehouse import partitions, statements
from kindred.warehouse.database import Database

CODE, NUMBER = "integer", "double precision"


def table_of(name: str) -> str:
    """The table of the events with this name in the spec."""
    return f"events_{name}"


def columns_of(spec: Spec, name: str) -> dict[str, tuple[str, str]]:
    """The stored columns of some events: name -> (the source's column, `CODE` or `NUMBER`).

    They are the roles that the spec names, and what features are made of.
    """
    table = spec.events[name]
    return {
        stored_name(column, is_code=is_code): (
            table.source_column(column) or column,
            CODE if is_code else NUMBER,
        )
        for column, is_code in _columns_used(spec, name)
    }


def names_in_spec(spec: Spec, name: str) -> dict[str, str]:
    """The stored columns of some events, and the names by which features use them."""
    used = _columns_used(spec, name)
    return {stored_name(column, is_code=is_code): column for column, is_code in used}


def _columns_used(spec: Spec, name: str) -> list[tuple[str, bool]]:
    """The columns that are stored, by the names that features use, and which become codes."""
    table = spec.events[name]
    numbers = {role for role in ("amount", "quantity") if table.roles[role] is not None}
    codes = {ITEM} if table.item is not None else set()
    for feature in spec.event_features.values():
        if feature.of == name:
            numbers.update(numbers_of(feature))
            codes.update(codes_of(feature))
    return [*((column, True) for column in sorted(codes)), *((c, False) for c in sorted(numbers))]


def join_values(
    name: str, column: str, alias: sql.Identifier, **equal: sql.Composable
) -> sql.Composed:
    """A join of a column's texts and codes; ``equal`` is the ``code`` or the ``value`` to find."""
    conditions = {
        "event": sql.Literal(name),
        "column_name": sql.Literal(column),
        **equal,
    }
    return sql.SQL(" left join event_values as {} on {}").format(
        alias,
        sql.SQL(" and ").join(
            sql.SQL("{}.{} = {}").format(alias, sql.Identifier(key), value)
            for key, value in conditions.items()
        ),
    )


def names(database: Database) -> list[str]:
    """The names of all events of which something has landed."""
    return [name for (name,) in database.rows("events/names")]


def in_force(database: Database, name: str) -> sql.Composed:
    """A query for the events in force, in a fixed order, with texts instead of codes."""
    selected: list[sql.Composable] = []
    joins = []
    types = column_types(database, table_of(name))
    for number, column in enumerate(sorted(types.keys() - {*OWN_COLUMNS})):
        stored = sql.Identifier("events", column)
        if types[column] != CODE:
            selected.append(stored)
            continue
        alias = sql.Identifier(f"value_{number}")
        joins.append(join_values(name, column, alias, code=stored))
        selected.append(sql.SQL("{}.value").format(alias))
    return statements.compose(
        "events/in_force",
        events=table_of(name),
        further_columns=statements.further(selected),
        joins=sql.SQL("").join(joins),
    )


def ensure_event_tables(database: Database, spec: Spec, *, wait_seconds: float) -> None:
    """Create the tables of a spec's events, and add the columns that it has gained.

    The caller must hold ``Resource.SCHEMA``, inside a transaction.

    Raises
    ------
    LockTimeoutError
        when other runs read a table for longer than ``wait_seconds``.
    """
    for name, table in spec.events.items():
        change = partial(_ensure_table, database, spec, name, table)
        partitions.with_short_locks(database, change, wait_seconds=wait_seconds)


def _ensure_table(database: Database, spec: Spec, name: str, events: Events) -> None:
    table = table_of(name)
    existing = column_types(database, table)
    if not existing:
        database.run("events/create_events", table=table)
    for column, (_, type_name) in columns_of(spec, name).items():
        if column not in existing:
            database.run(
                "events/add_column", table=table, column=column, type_name=sql.SQL(type_name)
            )
    if events.key_columns:  # an event may come again with another time
        database.run("events/index_identities", table=table, index=f"{table}_identity")


def ensure_months(database: Database, name: str, landing: str) -> None:
    """Make the partitions of the months in which events that have just arrived happened.

    The caller must be inside a transaction. Readers of the other partitions do not wait.
    """
    table = table_of(name)
    for month, start, end in database.rows(
        "events/months_without_partition", {"table": table}, landing=landing
    ):
        partition = f"{table} {month}"
        lower = sql.SQL("minvalue") if start is None else sql.Literal(start)
        database.run("warehouse/create_aside", parent=table, table=partition)
        database.run(
            "events/attach_partition",
            parent=table,
            partition=partition,
            lower=lower,
            upper=sql.Literal(end),
        )
