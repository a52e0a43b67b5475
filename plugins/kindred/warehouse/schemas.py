"""The schemas of a space, which ``prepare`` creates, migrates and opens to BI under a lock."""

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.bi_objects import applied_names, create_bi_objects
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType


def extension_schema_in(database: Database) -> str:
    """The schema that holds pgvector."""
    return str(database.value("warehouse/extension_schema") or "public")


def create_space(database: Database, spec: Spec, key_type: KeyType) -> None:
    """Bring the space up to date with this version of Kindred; safe to run every night.

    The caller must hold ``Resource.SCHEMA``, inside a transaction.

    Raises
    ------
    PreflightError
        when the space was made for another type of key.
    """
    database.run("warehouse/create_reader")
    if not database.value("warehouse/extension_schema"):
        database.run("warehouse/create_extension")
    database.run("warehouse/create_schema", schema=spec.internal_schema)
    database.run("warehouse/create_schema", schema=spec.bi_schema)
    database.configure(spec.internal_schema)
    _create_key_domain(database, spec, key_type)
    _migrate(database)
    create_bi_objects(database, spec, extension_schema_in(database), key_type)


def _create_key_domain(database: Database, spec: Spec, key_type: KeyType) -> None:
    existing = database.value("warehouse/key_domain_type", {"schema": spec.internal_schema})
    if existing is None:
        collation = sql.SQL(' collate "C"' if key_type is KeyType.TEXT else "")
        domain = sql.SQL("create domain customer_key as {}{}")
        database.execute(domain.format(sql.SQL(key_type.value), collation))
    elif existing != key_type.value:
        raise PreflightError(
            f"schema {spec.internal_schema} was made for keys of type {existing}, but column"
            f" {spec.source.key!r} of the source is now {key_type}: use a new space for it"
            " (a spec file with another name), or cast the key in the spec's source query"
        )


def _migrate(database: Database) -> None:
    database.run("warehouse/create_ledger")
    applied = applied_names(database)
    for path in sorted((statements.sql_dir() / "warehouse/migrations").glob("[0-9]*.sql")):
        if path.stem not in applied:
            database.run(f"warehouse/migrations/{path.stem}")
            database.run("warehouse/record_migration", {"name": path.stem})


def key_type_in(database: Database, schema: str) -> KeyType:
    """The key type of a prepared space.

    Raises
    ------
    PreflightError
        when the space has not been prepared.
    """
    existing = database.value("warehouse/key_domain_type", {"schema": schema})
    if existing is None:
        raise PreflightError(f"schema {schema} has not been prepared: run the DAG or 'kindred fit'")
    return KeyType(existing)
