"""The sessions that hold a night's locks: no reader takes these, and they hold back no vacuum."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg2.errors
import pytest
from psycopg2 import sql

from integration.reader_shop import execute, reader
from integration.warehouse import Laboratory
from kindred.errors import LockTimeoutError
from kindred.warehouse.locks import Resource, locked, shared


def test_a_reader_cannot_take_a_nights_locks(shop: Laboratory) -> None:
    deployment = shop.deployment
    with reader(shop) as cursor:
        cursor.execute(
            "select pg_advisory_lock(hashtext(name), key) from"
            " unnest(array['kindred', 'kindred/customer_lookalikes']) as name,"
            " generate_series(0, 20) as key"
        )
        with deployment.warehouse("kindred default test", "kindred") as warehouse:
            for resource in Resource:
                with locked(warehouse, "kindred", resource, wait_seconds=0):
                    for mode in ("access share", "row share", "exclusive", "access exclusive"):
                        lock = sql.SQL("begin; lock table kindred.{} in {} mode nowait")
                        name = sql.Identifier(f"lock_{resource}")
                        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                            cursor.execute(lock.format(name, sql.SQL(mode)))
                        cursor.execute("rollback")


HORIZONS = (
    "select state, backend_xmin::text, backend_xid::text from pg_stat_activity"
    " where application_name like 'kindred guard %' and pid <> pg_backend_pid()"
)


def test_guards_hold_back_no_vacuum(shop: Laboratory) -> None:
    """Neither one that works, nor one that waits, nor one that shares."""
    deployment = shop.deployment
    with (
        deployment.warehouse("kindred guard first", "kindred") as first,
        deployment.warehouse("kindred guard second", "kindred") as second,
        locked(first, "kindred", Resource.PUBLISH, Resource.EXTRACT, wait_seconds=0),
        shared(first, "kindred", Resource.ERASURE, wait_seconds=0),
        shared(second, "kindred", Resource.ERASURE, wait_seconds=0),
    ):
        shop.query("create table public.dead as select generate_series(1, 1000) as id")
        shop.query("delete from public.dead")
        with locked_in_background(shop, Resource.PUBLISH):
            found = shop.query(HORIZONS)
            assert "active" in {state for state, _, _ in found}
            assert len(found) >= 6
            assert {horizon for _, *horizons in found for horizon in horizons} == {None}
            execute(shop.warehouse_dsn, "set lock_timeout = '2s'", "vacuum public.dead", "vacuum")
        [(pages,)] = shop.query("select relpages from pg_class where relname = 'dead'")
        assert pages == 0
        shop.query("drop table public.dead")
        with (
            pytest.raises(LockTimeoutError, match="erasure of kindred has been held by kindred"),
            locked(first, "kindred", Resource.ERASURE, wait_seconds=0),
        ):
            pytest.fail("the lock was given twice")


@contextmanager
def locked_in_background(shop: Laboratory, resource: Resource) -> Iterator[None]:
    """Another thread waits for a resource, without success."""

    def wait() -> None:
        with (
            pytest.raises(LockTimeoutError),
            shop.deployment.warehouse("kindred guard third", "kindred") as database,
            locked(database, "kindred", resource, wait_seconds=1.5),
        ):
            pytest.fail("the lock was given twice")

    thread = Thread(target=wait)
    thread.start()
    try:
        while not shop.query("select pid from pg_locks where not granted"):
            time.sleep(0.01)
        yield
    finally:
        thread.join()


def test_no_setting_of_the_role_ends_a_guard(shop: Laboratory) -> None:
    settings = "idle_in_transaction_session_timeout", "statement_timeout", "transaction_timeout"
    role = shop.query("select current_user")[0][0]
    execute(shop.warehouse_dsn, *(f"alter role {role} set {name} = '100ms'" for name in settings))
    try:
        with (
            shop.deployment.warehouse("kindred default test", "kindred") as warehouse,
            locked(warehouse, "kindred", Resource.LOAD, wait_seconds=0),
        ):
            time.sleep(0.4)
    finally:
        execute(shop.warehouse_dsn, *(f"alter role {role} reset {name}" for name in settings))
