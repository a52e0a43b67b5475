"""The schemas of a space, which ``prepare`` creates, migrates and opens to BI under a lock."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from psycopg2 import sql

from kindred import __version__
from kindred.errors import PreflightError
from kindred.spec.event_columns import SIGNED
from kindred.spec.model import Spec
from kindred.warehouse import bi_objects, statements
from kindred.warehouse.database import Database
from kindred.warehouse.dependents import naming_dependents
from kindred.warehouse.keys import KeyType
from kindred.warehouse.partitions import with_short_locks
from kindred.warehouse.reader_rights import put_rights_right


def extension_schema_in(database: Database) -> str:
    """The schema that holds pgvector."""
    return str(database.value("warehouse/extension_schema") or "public")


def create_space(
    database: Database, spec: Spec, key_type: KeyType, *, wait_seconds: float = 60
) -> None:
    """Bring the space up to date with this version of Kindred; safe to run every night.

    Nothing that BI reads changes before publish, with two exceptions: what does not exist is made,
    and a column that the spec calls private is hidden at once, with all that follows from it. The
    rights of ``bi_reader`` are put right. The caller must hold ``Resource.SCHEMA``, inside a
    transaction, and should have called ``hide_private_columns`` before that.

    Raises
    ------
    PreflightError
        when the space was made for another type of key or migrated by a newer release, or when
        something was built on what this release must replace.
    LockTimeoutError
        when readers hold what a migration changes for longer than ``wait_seconds``.
    """
    require_known_migrations(database, spec.internal_schema)
    database.run("warehouse/create_reader")
    put_rights_right(database, spec, logging.WARNING)
    if not database.value("warehouse/extension_schema"):
        database.run("warehouse/create_extension")
    database.run("warehouse/create_schema", schema=spec.internal_schema)
    database.run("warehouse/create_schema", schema=spec.bi_schema)
    database.configure(spec.internal_schema)
    _create_key_domain(database, spec, key_type)
    database.run("warehouse/create_ledger")
    missing = missing_migrations(database, spec.internal_schema)
    if missing:
        migrate = partial(_migrate, database, spec, missing)
        with_short_locks(database, migrate, wait_seconds=wait_seconds)
    extension = extension_schema_in(database)
    create = partial(bi_objects.create_missing, database, spec, extension, key_type)
    changes = with_short_locks(database, create, wait_seconds=wait_seconds)
    if any(changes):
        rehearsed = partial(rehearse, database, spec, *changes)
        with_short_locks(database, rehearsed, wait_seconds=wait_seconds)
    _hide(database, spec)
    if missing:  # all else had its rights put right before
        put_rights_right(database, spec)


def hide_private_columns(database: Database, spec: Spec) -> Collection[str]:
    """Hide what the spec calls private, whatever becomes of the run; returns what is hidden.

    Nothing, if the space is new, another login's, or of a newer release, or if its list of private
    columns has to be upgraded first: then ``create_space`` hides them, or refuses.
    The caller must be outside a transaction, so that no refusal takes it back.
    """
    schema = spec.internal_schema
    if not (spec.private and database.value("warehouse/can_hide", {"schema": schema})):
        return ()
    if not _applied_migrations(database, schema) <= _migrations_of_release():
        return ()
    _hide(database, spec)
    return spec.private


@contextmanager
def naming_hidden(hidden: Collection[str]) -> Iterator[None]:
    """Change the space, or say in the refusal that these columns are hidden all the same."""
    try:
        yield
    except PreflightError as error:
        if not hidden:
            raise
        raise type(error)(
            f"{error}. Hidden from readers all the same, as the spec calls them private:"
            f" {', '.join(hidden)}"
        ) from error


def _hide(database: Database, spec: Spec) -> None:
    # Signs of these say what is a purchase, and are in all that is made of the events.
    signs = () if spec.publish_distances else {*SIGNED} & {*spec.private}
    private = {"private": list(spec.private), "hidden": [*spec.hidden_features, *signs]}
    database.run("warehouse/record_private_columns", private, space=spec.internal_schema)


def rehearse(
    database: Database, spec: Spec, changed: list[bi_objects.BiObject], dropped: list[str]
) -> None:
    """Prove before the night that publish can replace the views; leaves them as they are."""
    database.run("warehouse/savepoint", savepoint="rehearsal")
    bi_objects.replace(database, spec, changed, dropped)
    database.run("warehouse/rollback_to_savepoint", savepoint="rehearsal")


def _create_key_domain(database: Database, spec: Spec, key_type: KeyType) -> None:
    existing = database.value("warehouse/key_domain_type", {"schema": spec.internal_schema})
    if existing is None:
        collation = sql.SQL(' collate "C"' if key_type is KeyType.TEXT else "")
        domain = sql.SQL("create domain customer_key as {}{}")
        database.execute(domain.format(sql.SQL(key_type.value), collation))
    else:
        require_key_type(spec, existing, key_type)


def require_key_type(spec: Spec, existing: str, key_type: KeyType) -> None:
    """Refuse a source whose keys are of another type than those of the space.

    Raises
    ------
    PreflightError
        saying what to do.
    """
    if existing != key_type.value:
        raise PreflightError(
            f"schema {spec.internal_schema} was made for keys of type {existing}, but column"
            f" {spec.source.key!r} of the source is now {key_type}: use a new space for it"
            " (a spec file with another name), or cast the key in the spec's source query"
        )


def _migrate(database: Database, spec: Spec, missing: Sequence[str]) -> None:
    for name in missing:
        with naming_dependents(f"what migration {name} changes"):
            database.run(f"warehouse/migrations/{name}", bi=spec.bi_schema)
        database.run("warehouse/record_migration", {"name": name})


def missing_migrations(database: Database, schema: str) -> list[str]:
    """The migrations of this release that a space does not have yet, in their order."""
    return sorted(_migrations_of_release() - _applied_migrations(database, schema))


def require_known_migrations(database: Database, schema: str, *, is_migrated: bool = False) -> None:
    """Refuse a space that a newer release of Kindred has changed.

    ``is_migrated``: also refuse one that this release has not upgraded yet.

    Raises
    ------
    PreflightError
        when it has migrations that this release does not know, or lacks one that it must have;
        nothing has been changed.
    """
    applied, released = _applied_migrations(database, schema), _migrations_of_release()
    unknown, missing = applied - released, released - applied
    if unknown:
        raise PreflightError(
            f"warehouse: schema {schema} was upgraded by a newer release of Kindred: this release,"
            f" {__version__}, does not know its migrations {', '.join(sorted(unknown))}. Install"
            " that release or a newer one, or restore a backup from before the upgrade"
            " (docs/upgrade.md)"
        )
    if is_migrated and missing:
        raise PreflightError(
            f"warehouse: schema {schema} lacks migrations of this release, {__version__}:"
            f" {', '.join(sorted(missing))}; clear task 'prepare' with its downstream tasks, or"
            " start a run"
        )


def _migrations_of_release() -> frozenset[str]:
    return _migrations_in(statements.sql_dir() / "warehouse/migrations")


@cache
def _migrations_in(folder: Path) -> frozenset[str]:
    return frozenset(path.stem for path in folder.glob("[0-9]*.sql"))


def _applied_migrations(database: Database, schema: str) -> set[str]:
    if not database.value("warehouse/has_ledger", {"schema": schema}):
        return set()
    return {name for (name,) in database.rows("warehouse/applied_migrations", space=schema)}


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
