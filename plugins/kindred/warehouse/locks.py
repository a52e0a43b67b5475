"""One lock per resource: two runs never change the same thing at once.

Readers can take any advisory lock, so a lock is a relation of the internal schema, locked by a
session beside the one that works. Its transaction takes no snapshot and no transaction id: however
long it lasts, it holds back no vacuum. It ends with its process, and with it the locks.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

import psycopg2
import psycopg2.errors
from psycopg2 import sql

from kindred.errors import LockTimeoutError, UnreachableError
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

BEFORE_LOCKS = "before_locks"  # rolling back to it releases what has been locked since
REPORT_EVERY_SECONDS = 10.0


class Resource(StrEnum):
    """The resources of a space that can be locked."""

    SCHEMA = "schema"
    EXTRACT = "extract"
    ENCODER = "encoder"
    EMBEDDINGS = "embeddings"
    CLUSTER_IDS = "cluster_ids"
    PUBLISH = "publish"
    LOAD = "load"
    ERASURE = "erasure"


@contextmanager
def locked(
    database: Database, scope: str, *resources: Resource, wait_seconds: float
) -> Iterator[None]:
    """Hold resources of a schema (``scope``), taken in this order; logs whom it waits for.

    Raises
    ------
    LockTimeoutError
        when another session still holds one of them after ``wait_seconds``.
    """
    # Neither mode conflicts with reading, and row share with nothing that maintenance does.
    with _held(database, scope, resources, "exclusive", wait_seconds):
        yield


@contextmanager
def shared(
    database: Database, scope: str, resource: Resource, *, wait_seconds: float
) -> Iterator[None]:
    """Share a resource with others who share it; raises as ``locked``."""
    with _held(database, scope, (resource,), "row share", wait_seconds):
        yield


@contextmanager
def _held(
    database: Database,
    scope: str,
    resources: tuple[Resource, ...],
    mode: str,
    wait_seconds: float,
) -> Iterator[None]:
    made = _make_missing(database, scope, resources)
    with guarded(database) as guard:
        guard.run("warehouse/savepoint", savepoint=BEFORE_LOCKS)
        try:
            _take_all(guard, scope, resources, mode, wait_seconds)
            yield
        except BaseException:
            with suppress(psycopg2.Error):  # the session may be lost: the block's error matters
                guard.run("warehouse/rollback_to_savepoint", savepoint=BEFORE_LOCKS)
                if made is not None:  # a refused request leaves nothing behind
                    database.run("warehouse/drop_lock", schema=scope, lock=made)
            raise
        try:
            guard.run("warehouse/rollback_to_savepoint", savepoint=BEFORE_LOCKS)
        except psycopg2.Error as error:
            raise UnreachableError(
                f"the session that held {', '.join(resources)} of {scope} was lost, so another run"
                f" may have worked at the same time: {str(error).strip()}; clear this task"
            ) from error


@contextmanager
def guarded(database: Database) -> Iterator[Database]:
    """The session that holds all locks of ``database``, its transaction open."""
    if database.guards:
        yield Database(database.guards[-1])
        return
    with database.beside() as guard:
        guard.connection.autocommit = False
        database.guards.append(guard.connection)
        try:
            yield guard
        finally:
            database.guards.remove(guard.connection)


def _make_missing(
    database: Database, scope: str, resources: tuple[Resource, ...]
) -> sql.Identifier | None:
    """Make the relations of locks that do not exist; returns the last one if the schema is new.

    What a session has found there it does not look for again.
    """
    names = [_relation(scope, resource)[1] for resource in resources]
    if database.known_locks.issuperset(names):
        return None
    is_new, missing = database.rows("warehouse/missing_locks", {"schema": scope, "names": names})[0]
    made = None
    for resource, name in zip(resources, names, strict=True):
        if name in missing:
            made, _ = _relation(scope, resource)
            database.run("warehouse/create_lock", schema=scope, lock=made, quoted=sql.Literal(name))
    if is_new:
        return made
    database.known_locks.update(names)
    return None


def _take_all(
    guard: Database, scope: str, resources: tuple[Resource, ...], mode: str, wait_seconds: float
) -> None:
    before = BEFORE_LOCKS
    for resource in resources:
        _take(guard, scope, resource, mode, wait_seconds, before)
        if resource is not resources[-1]:
            before = f"after_{resource}"
            guard.run("warehouse/savepoint", savepoint=before)


def _take(
    guard: Database, scope: str, resource: Resource, mode: str, wait_seconds: float, before: str
) -> None:
    """Take one lock; a try in vain goes back to the savepoint ``before`` it.

    The first try does not wait: later ones find all names in the server's caches, so that a
    session which waits holds no snapshot of the catalogue either.
    """
    lock, name = _relation(scope, resource)
    started, patience = time.monotonic(), "nowait"
    while True:
        try:
            guard.run(
                "warehouse/take_lock", lock=lock, mode=sql.SQL(mode), patience=sql.SQL(patience)
            )
            return
        except psycopg2.errors.LockNotAvailable:
            _begin_again(guard, before)
        waited = time.monotonic() - started
        holder = guard.value("warehouse/lock_holder", {"name": name, "mode": mode})
        holder = holder or "a session that just ended"
        if waited > wait_seconds:
            raise LockTimeoutError(
                f"resource {resource} of {scope} has been held by {holder} for more"
                f" than {wait_seconds:.0f} s; wait for that run or end it, then clear this task"
            )
        log.info("waiting for %s, which holds %s of %s", holder, resource, scope)
        milliseconds = max(1, int(1000 * min(REPORT_EVERY_SECONDS, wait_seconds - waited)))
        guard.run("warehouse/set_lock_timeout", {"milliseconds": milliseconds, "is_local": False})
        patience = ""


def _begin_again(guard: Database, savepoint: str) -> None:
    guard.run("warehouse/rollback_to_savepoint", savepoint=savepoint)
    guard.run("warehouse/savepoint", savepoint=savepoint)


def _relation(scope: str, resource: Resource) -> tuple[sql.Identifier, str]:
    """The relation of a lock: to compose, and as text that the server parses."""
    lock = f"lock_{resource}"
    return sql.Identifier(scope, lock), '"{}".{}'.format(scope.replace('"', '""'), lock)
