"""A pooler between Kindred and a database: sessions are the client's own, or are refused."""

import os
from contextlib import contextmanager
from dataclasses import replace

import pytest

from benchmarks import pooler as poolers
from benchmarks.debian import CannotInstallError
from integration.laboratory_state import state
from integration.warehouse import COLUMNS, Laboratory, make_spec, people
from kindred.erasure.task import request_erasure
from kindred.errors import PreflightError
from kindred.preparation.doctor import examine
from kindred.warehouse import database

AS_OF = "2026-02-01T02:00"


@pytest.fixture(scope="module")
def tree(repository):
    """The folder with Debian's pgbouncer."""
    try:
        return poolers.installed(repository / "build")
    except CannotInstallError as error:
        if os.geteuid() == 0:
            raise
        pytest.skip(f"pgbouncer is not here, and an ordinary user cannot get it: {error}")


@pytest.fixture
def shop(laboratory: Laboratory):
    laboratory.fill("customers", COLUMNS, people(40))
    return laboratory


@pytest.fixture
def behind(shop, tree, monkeypatch):
    """The shop with a pooler before one of its databases, or both."""
    monkeypatch.setattr(database, "PROOF_SECONDS", 0.2)
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(shop.artefacts))

    @contextmanager
    def place(mode, *names, **settings):
        dsns = {name: getattr(shop, name) for name in names}
        with poolers.pooling(tree, list(dsns.values()), mode, **settings) as pooler:
            yield replace(shop, **{name: pooler.through(dsn) for name, dsn in dsns.items()})

    return place


def locks(shop):
    """Locks that other sessions hold, those that a pooler keeps among them."""
    return shop.query(
        "select locktype from pg_locks where pid <> pg_backend_pid() and granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )


@pytest.mark.parametrize(
    ("mode", "name"), [("statement", "source_dsn"), ("transaction", "warehouse_dsn")]
)
def test_shared_sessions_are_refused_before_anything_is_changed(shop, behind, mode, name):
    before = state(shop)
    connection_id = f"kindred_{name.removesuffix('_dsn')}"
    with behind(mode, name) as pooled:
        with pytest.raises(PreflightError) as caught:
            pooled.begin(make_spec(), AS_OF)
        dsns = {"kindred_source": pooled.source_dsn, "kindred_warehouse": pooled.warehouse_dsn}
        *_, found = examine(dsns.__getitem__, "default", lambda space: make_spec())
        assert locks(shop) == []
    message = str(caught.value)
    assert message.startswith(f"connection '{connection_id}': a pooler gives")
    assert "pool_mode = session" in message
    assert f"AIRFLOW_CONN_{connection_id.upper()}" in message
    assert message.endswith("at the server's own address, port 5432")
    assert (found.outcome, found.message) == ("failure", message)
    assert state(shop) == before


def test_a_pooler_that_ends_idle_clients_does_not_look_like_a_server(shop, behind, monkeypatch):
    """And one backend for all: the probe meets its own settings again."""
    monkeypatch.setattr(database, "PROOF_SECONDS", 5.0)
    settings = {"client_idle_timeout": 1, "default_pool_size": 1}
    with (
        behind("transaction", "warehouse_dsn", **settings) as pooled,
        pytest.raises(PreflightError, match="a pooler gives this client's sessions"),
    ):
        pooled.begin(make_spec(), AS_OF)


def test_every_command_refuses_a_pooler_that_came_later(shop, behind):
    shop.begin(make_spec(), AS_OF)
    with (
        behind("transaction", "warehouse_dsn") as pooled,
        pytest.raises(PreflightError, match="a pooler gives this client's sessions"),
    ):
        request_erasure(pooled.deployment, "default", "7")
    assert shop.query("select count(*) from kindred.erasure_requests") == [(0,)]


def test_sessions_that_last_as_long_as_their_client_are_used(shop, behind):
    """One after the other they may be the same backend, which the pooler has reset."""
    with behind("session", "source_dsn", "warehouse_dsn") as pooled:
        assert pooled.land(make_spec(), AS_OF).build.state == "building"
        assert locks(shop) == []
    assert shop.query("select count(*) from kindred.customer_versions") == [(40,)]
