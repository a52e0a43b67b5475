"""Servers on which the login may not do what it must, or whose pgvector is another one."""

from dataclasses import replace

import psycopg2
import pytest

from databases import administer
from integration.laboratory_state import state
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import Laboratory, make_spec, people
from kindred.errors import PreflightError
from kindred.preparation.doctor import examine

AS_OF = "2026-02-01T02:00"


@pytest.fixture(scope="module")
def untouched(start_server):
    """A server of its own: without role bi_reader, with a login that may do nothing special."""
    server = start_server("untouched")
    administer(server, 'create role "data-team" login')
    yield server
    server.stop()


@pytest.fixture
def team(untouched, tmp_path):
    """Databases that belong to somebody else than the login, and a way to run as their owner."""
    laboratory = Laboratory(
        untouched.dsn("shop", "data-team"), untouched.dsn("warehouse", "data-team"), tmp_path
    )
    administer(untouched, "create database shop", "create database warehouse")
    as_administrator(laboratory).fill("customers", CUSTOMERS, people(40))
    administer(untouched, 'grant select on customers to "data-team"', database="shop")

    def admin(*statements, database="warehouse"):
        administer(untouched, *statements, database=database)

    yield laboratory, admin
    administer(
        untouched,
        "drop database shop with (force)",
        "drop database warehouse with (force)",
        "drop role if exists bi_reader, analyst",
        'alter role "data-team" nocreaterole',
    )


def as_administrator(laboratory):
    dsns = {
        name: getattr(laboratory, name).replace("data-team", "postgres")
        for name in ("source_dsn", "warehouse_dsn")
    }
    return replace(laboratory, **dsns)


def advice_in(laboratory, spec=None):
    """The statements that the message of a refused run tells somebody to run."""
    before = state(as_administrator(laboratory))
    with pytest.raises(PreflightError) as caught:
        laboratory.begin(spec or make_spec(), AS_OF)
    assert state(as_administrator(laboratory)) == before
    return str(caught.value)


def test_user_without_rights_is_told_what_an_administrator_must_run(team):
    laboratory, admin = team
    admin("revoke temporary on database warehouse from public")
    message = advice_in(laboratory)
    steps = {
        'grant create on database warehouse to "data-team"': "may not create schema kindred in",
        'grant temporary on database warehouse to "data-team"': "temporary tables",
        "create role bi_reader nologin": "role bi_reader does not exist",
        "create extension vector": "may not install it there (only a superuser can)",
    }
    for statement, found in steps.items():
        assert f"'{statement}'" in message
        assert found in message
    assert "may not create schema bi in" in message
    assert len(message.splitlines()) == 5, "one line for each of the two schemas and the others"
    admin(*steps)
    assert laboratory.run(make_spec(), AS_OF).build.state == "published"
    admin("create role analyst login", "grant bi_reader to analyst")
    dsn = laboratory.warehouse_dsn.replace("data-team", "analyst")
    analyst = replace(laboratory, warehouse_dsn=dsn)
    assert analyst.query("select count(*) from bi.lookalikes_current") == [(200,)]
    assert len(analyst.query("select * from bi.similar_customers(7, 5)")) == 5
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        analyst.query("select * from kindred.customer_versions")


def test_user_who_may_create_roles_needs_nobody_for_the_reader(team):
    laboratory, admin = team
    admin("create extension vector", 'grant create on database warehouse to "data-team"')
    message = advice_in(laboratory)
    assert message.endswith("have an administrator run 'create role bi_reader nologin'")
    admin('alter role "data-team" createrole')
    laboratory.begin(make_spec(), AS_OF)
    assert laboratory.query("select count(*) from pg_roles where rolname = 'bi_reader'") == [(1,)]


@pytest.mark.parametrize("schema", ["kindred", "bi"])
def test_schema_that_belongs_to_somebody_else(team, schema):
    laboratory, admin = team
    admin(f"create schema {schema}", f"grant all on schema {schema} to public")
    message = advice_in(laboratory)
    assert f"schema {schema} in database warehouse" in message
    assert 'does not belong to user "data-team"' in message
    assert f"'alter schema {schema} owner to \"data-team\"'" in message


def test_closed_schema_of_pgvector(team):
    laboratory, admin = team
    admin("create schema tools", "create extension vector schema tools")
    message = advice_in(laboratory)
    assert "may not use schema tools, which holds pgvector" in message
    assert "'grant usage on schema tools to \"data-team\"'" in message


def test_source_table_that_may_not_be_read(team):
    laboratory, admin = team
    admin('revoke select on customers from "data-team"', database="shop")
    message = advice_in(laboratory)
    assert "table customers: it may not be read; grant select on it" in message
    admin("create schema sales", "create table sales.customers ()", database="shop")
    message = advice_in(laboratory, make_spec(source={"table": "sales.customers"}))
    assert "table sales.customers: cannot be read: permission denied for schema sales" in message
    assert "grant the connection's user what it lacks" in message


def old_pgvector(server, folder, version):
    """A folder of extensions in which pgvector is of another version."""
    extensions = server.pgdata / folder / "extension"
    extensions.mkdir(parents=True)
    content = f"default_version = '{version}'\nmodule_pathname = '$libdir/vector'\n"
    (extensions / "vector.control").write_text(content)
    (extensions / f"vector--{version}.sql").write_text("create domain vector as text;\n")
    return extensions.parent


def test_server_without_pgvector(team):
    laboratory, admin = team
    admin("alter database warehouse set extension_control_path = '/nowhere'")
    message = advice_in(laboratory)
    assert "extension 'vector' (pgvector) is not available on the server" in message
    assert "install its package, 0.8.6 or newer, there" in message
    assert "run 'create extension vector' in database warehouse" in message


@pytest.mark.parametrize(
    ("version", "is_installed", "words"),
    [
        ("0.7.4", False, ["pgvector 0.7.4", "0.8.0 or newer", "install a newer package there"]),
        ("0.7.4", True, ["pgvector 0.7.4", "install a newer package and run 'alter extension"]),
        ("0.10.0", False, ["pgvector 0.10.0 is on the server but not in database"]),
    ],
)
def test_pgvector_of_another_version(team, untouched, version, is_installed, words):
    laboratory, admin = team
    folder = old_pgvector(untouched, f"{version}_{is_installed}", version)
    admin(f"alter database warehouse set extension_control_path = '{folder}'")
    if is_installed:
        admin("create extension vector")
    message = advice_in(laboratory)
    for word in words:
        assert word in message


def test_old_pgvector_beside_a_newer_package(team, untouched):
    laboratory, admin = team
    folder = old_pgvector(untouched, "older", "0.5.1")
    admin(f"alter database warehouse set extension_control_path = '{folder}'")
    admin("create extension vector")
    admin("alter database warehouse reset extension_control_path")
    message = advice_in(laboratory)
    assert "pgvector 0.5.1 was found" in message
    assert "have an administrator run 'alter extension vector update' there" in message


def test_older_but_usable_pgvector_is_a_warning(team, untouched, monkeypatch):
    laboratory, admin = team
    folder = old_pgvector(untouched, "usable", "0.8.1")
    admin(f"alter database warehouse set extension_control_path = '{folder}'")
    admin("create extension vector")
    dsns = {"kindred_source": laboratory.source_dsn, "kindred_warehouse": laboratory.warehouse_dsn}
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(laboratory.artefacts))
    found = examine(dsns.__getitem__, "default", lambda space: make_spec())
    (warning,) = [
        finding for finding in found if finding.outcome == "warning" and finding.check == "pgvector"
    ]
    assert "pgvector 0.8.1 leaks memory" in warning.message
