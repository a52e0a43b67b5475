"""One advisory lock per resource: two runs never change the same thing at once."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from kindred.errors import LockTimeoutError
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
REPORT_EVERY_SECONDS = 10.0


class Resource(IntEnum):
    """The resources that can be locked; the number is the second half of the advisory key."""

    SCHEMA = 1
    EXTRACT = 2
    ENCODER = 3
    EMBEDDINGS = 4
    CLUSTER_IDS = 5
    PUBLISH = 6
    LOAD = 7
    ERASURE = 8


@contextmanager
def locked(
    database: Database, scope: str, resource: Resource, *, wait_seconds: float
) -> Iterator[None]:
    """Hold a resource of a schema (``scope``) in this session; logs the holder while it waits.

    Raises
    ------
    LockTimeoutError
        when another session still holds it after ``wait_seconds``.
    """
    _wait_for("warehouse/try_lock", database, scope, resource, wait_seconds)
    try:
        yield
    finally:
        if not database.connection.closed:
            database.value("warehouse/unlock", _key(scope, resource))


def share(database: Database, scope: str, resource: Resource, *, wait_seconds: float) -> None:
    """Share a resource with other sessions until this session ends.

    Raises
    ------
    LockTimeoutError
        when another session still holds it exclusively after ``wait_seconds``.
    """
    _wait_for("warehouse/try_lock_shared", database, scope, resource, wait_seconds)


def _wait_for(
    statement: str, database: Database, scope: str, resource: Resource, wait_seconds: float
) -> None:
    parameters = _key(scope, resource)
    started = time.monotonic()
    reported = -REPORT_EVERY_SECONDS
    while not database.value(statement, parameters):
        waited = time.monotonic() - started
        holder = database.value("warehouse/lock_holder", parameters) or "a session that just ended"
        if waited > wait_seconds:
            raise LockTimeoutError(
                f"resource {resource.name.lower()} of {scope} has been held by {holder} for more"
                f" than {wait_seconds:.0f} s; wait for that run or end it, then clear this task"
            )
        if waited - reported >= REPORT_EVERY_SECONDS:
            log.info("waiting for %s, which holds %s of %s", holder, resource.name.lower(), scope)
            reported = waited
        time.sleep(POLL_SECONDS)


def _key(scope: str, resource: Resource) -> dict[str, str | int]:
    return {"scope": scope, "resource": int(resource)}
