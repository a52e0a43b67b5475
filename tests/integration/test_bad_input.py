"""Bad input of every kind: a message that helps, and nothing changed anywhere."""

from dataclasses import replace

import psycopg2
import pytest
from psycopg2 import sql

from databases import administer
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import Laboratory, make_spec, moment, people
from kindred.connections import Connections
from kindred.errors import (
    EncoderMissingError,
    PreflightError,
    SettingsError,
    SpecError,
    WindowError,
)
from kindred.settings import Settings
from kindred.spec import load_spec
from kindred.stages.doctor import examine
from kindred.windows import parse_moment, resolve_window

AS_OF = "2026-02-01T02:00"
NEXT = "2026-02-02T02:00"


def state_of(dsn):
    """Everything a change would show in: relations, roles, schemas, functions, contents."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        found = {}
        for name, query in {
            "relations": "select oid, relname, relnamespace, relfilenode, relowner from pg_class",
            "columns": "select attrelid, attname, atttypid from pg_attribute where attnum > 0",
            "roles": "select oid, rolname from pg_roles",
            "schemas": "select oid, nspname, nspowner, nspacl::text from pg_namespace",
            "functions": "select oid, proname, prosrc from pg_proc",
            "types": "select oid, typname from pg_type",
            "extensions": "select extname, extversion from pg_extension",
        }.items():
            cursor.execute(query)
            found[name] = sorted(map(str, cursor.fetchall()))
        cursor.execute("""
            select oid::regclass::text from pg_class
            where relkind = 'r' and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        """)
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from ")
                + sql.SQL("{} as t").format(sql.SQL(table))
            )
            found[table] = cursor.fetchall()
    connection.close()
    return found


def state(laboratory):
    """What a refused run must leave as it was."""
    files = sorted(str(path) for path in laboratory.artefacts.rglob("*"))
    return state_of(laboratory.source_dsn), state_of(laboratory.warehouse_dsn), files


@pytest.fixture(scope="module")
def new(make_laboratory):
    """A warehouse that has never been prepared, and a source with much that is wrong."""
    laboratory = make_laboratory()
    laboratory.fill("customers", CUSTOMERS, people(60))
    laboratory.query(
        """
        create table odd as
        select customer_id, updated_at, updated_at::text as updated_text, income,
          income::text::bytea as picture, to_json(income) as details, now() - now() as lasting,
          array[income] as incomes, state as "share_%%", customer_id as is_deleted
        from customers
        """,
        source=True,
    )
    laboratory.query("create schema hidden; create table hidden.customers ()", source=True)
    return laboratory


@pytest.fixture(scope="module")
def serving(new, make_laboratory):
    """A warehouse with a published snapshot, on the same source."""
    laboratory = make_laboratory(beside=new)
    laboratory.run(make_spec(), AS_OF)
    return laboratory


@pytest.fixture(params=["new", "serving"])
def warehouse(request):
    """Each test once before the first run and once after."""
    return request.getfixturevalue(request.param)


def refused(laboratory, spec, *words, error=PreflightError, as_of=NEXT, **changes):
    """Task prepare is refused with every one of these words, and nothing is changed."""
    before = state(laboratory)
    with pytest.raises(error) as caught:
        laboratory.begin(spec, as_of, **changes)
    assert state(laboratory) == before
    for word in words:
        assert word in str(caught.value)


def odd_spec(source=None, **features):
    return make_spec(source={"table": "odd"} | (source or {}), features=features, labels=[])


SOURCE_CASES = {
    "no table": (
        make_spec(source={"table": "sales.clients"}),
        ["'kindred_source'", "sales.clients", "no such table", "source.table"],
    ),
    "no key column": (
        make_spec(source={"key": "client_no"}),
        ["table customers", "no column 'client_no'", "as key", "customer_id, income", "correct"],
    ),
    "no updated_at column": (
        make_spec(source={"updated_at": "changed"}),
        ["table customers", "no column 'changed'", "as updated_at", "state, updated_at"],
    ),
    "missing feature": (
        make_spec(features={"income": "numeric", "salary": "numeric"}, labels=[]),
        ["table customers", "no column 'salary'", "as feature", "age, churned"],
    ),
    "missing label": (
        make_spec(labels=["won"]),
        ["table customers", "no column 'won'", "as label", "correct the spec"],
    ),
    "missing tombstone": (
        make_spec(source={"tombstone": "gone"}),
        ["table customers", "no column 'gone'", "as tombstone"],
    ),
    "updated_at of a wrong type": (
        odd_spec({"updated_at": "updated_text"}, income="numeric"),
        ["table odd", "'updated_text'", "of type text", "timestamp with time zone", "none"],
    ),
    "key of a wrong type": (
        odd_spec({"key": "picture"}, income="numeric"),
        ["table odd", "'picture'", "bytea", "bigint, uuid, text", "cast it"],
    ),
    "tombstone of a wrong type": (
        odd_spec({"tombstone": "updated_text"}, income="numeric"),
        ["table odd", "'updated_text'", "of type text", "boolean, smallint", "cast it"],
    ),
    "number from bytes": (
        odd_spec(picture="numeric"),
        ["table odd", "'picture'", "bytea", "numeric", "another kind", "cast it"],
    ),
    "number from json": (
        odd_spec(details="numeric"),
        ["table odd", "'details'", "json", "numeric", "another kind"],
    ),
    "boolean from an interval": (odd_spec(lasting="boolean"), ["'lasting'", "interval"]),
    "number from an array": (odd_spec(incomes="numeric"), ["'incomes'", "double precision[]"]),
    "broken condition": (
        make_spec(source={"where": "incom > 0 and state like 'C%'"}),
        ["table customers", "cannot be read", '"incom" does not exist', "source.where"],
    ),
    "broken query": (
        make_spec(source={"table": None, "query": "selct * from customers"}),
        ["'kindred_source', query", "cannot be read", "syntax error", "source.query"],
    ),
    "query with an ambiguous column": (
        make_spec(source={"table": None, "query": "select *, 1 as income from customers"}),
        ["query", '"income" is ambiguous', "source.query"],
    ),
}


@pytest.mark.parametrize("case", SOURCE_CASES)
def test_source_and_spec_do_not_fit(warehouse, case):
    spec, words = SOURCE_CASES[case]
    refused(warehouse, spec, *words)


def test_all_that_is_wrong_is_said_at_once(new):
    spec = odd_spec({"key": "no_key"}, picture="numeric", wage="numeric")
    spec = spec.model_copy(update={"labels": ("no_label",)})
    laboratory = replace(new, environment={"KINDRED_MIN_FREE_DISK_MB": "99999999"})
    refused(laboratory, spec, "'no_key'", "'picture'", "'wage'", "'no_label'", "MB are needed")


@pytest.mark.parametrize("connection", ["kindred_source", "kindred_warehouse"])
@pytest.mark.parametrize("what", ["database", "server"])
def test_unreachable_database(warehouse, connection, what, tmp_path):
    dsn = {
        "database": warehouse.source_dsn.replace("shop_", "stranger_"),
        "server": f"postgresql://me:secret@/shop?host={tmp_path}",
    }[what]
    changed = "source_dsn" if connection == "kindred_source" else "warehouse_dsn"
    laboratory = replace(warehouse, **{changed: dsn})
    before = state(warehouse)
    with pytest.raises(PreflightError) as caught:
        laboratory.begin(make_spec(), NEXT)
    assert state(warehouse) == before
    variable = f"AIRFLOW_CONN_{connection.upper()}"
    for word in (repr(connection), "cannot connect", variable):
        assert word in str(caught.value)
    assert "secret" not in str(caught.value)


def test_too_little_disk(warehouse):
    laboratory = replace(warehouse, environment={"KINDRED_MIN_FREE_DISK_MB": "99999999"})
    found = str(laboratory.artefacts)
    words = ("MB are free", found, "99999999 MB are needed", "KINDRED_MIN_FREE_DISK_MB = 99999999")
    refused(laboratory, make_spec(), *words, "KINDRED_ARTIFACTS elsewhere")


def test_encoder_version_that_does_not_exist(warehouse):
    words = ("encoder_version 99", "does not exist", "schema kindred", "kindred fit")
    refused(warehouse, make_spec(), *words, error=EncoderMissingError, encoder_version=99)


def test_algorithm_that_the_spec_does_not_allow(new):
    spec = make_spec(metric="ip", clustering={"algorithms": ["kmeans"]})
    words = ("parameters of the run", "'hdbscan'", "algorithms: [kmeans]")
    refused(new, spec, *words, error=SpecError, algorithms=["hdbscan"])


def test_encoder_version_of_other_features(serving):
    spec = make_spec(features={"income": "numeric"})
    words = ("encoder_version 1", "other features", "'default'", "restore that spec")
    refused(serving, spec, *words, error=EncoderMissingError, encoder_version=1)


def test_backfill_without_an_encoder(new):
    words = ("'default'", "no encoder", "kindred fit --space default")
    refused(new, make_spec(), *words, error=EncoderMissingError, may_fit=False)


def test_column_whose_type_has_changed_overnight(serving):
    serving.query("create table turned as select * from customers", source=True)
    serving.query("alter table turned alter income type text", source=True)
    words = ("'income'", "is now text", "landed as double precision", "source query")
    refused(serving, make_spec(source={"table": "turned"}), *words)


def test_column_that_is_gone_overnight(serving):
    serving.query("create table shorter as select * from customers", source=True)
    serving.query("alter table shorter drop column income", source=True)
    words = ("no column 'income'", "names as feature", "it has age, churned", "correct the spec")
    refused(serving, make_spec(source={"table": "shorter"}), *words)


def test_key_whose_type_has_changed(serving):
    serving.query("create table renamed as select * from customers", source=True)
    serving.query("alter table renamed alter customer_id type text", source=True)
    words = ("schema kindred", "keys of type bigint", "'customer_id'", "now text", "new space")
    refused(serving, make_spec(source={"table": "renamed"}), *words)


SPEC_CASES = {
    "unknown metric": (
        {"metric": "manhattan"},
        ["metric", "'manhattan'", "'l2', 'cosine' or 'ip'"],
    ),
    "k of 0": ({"k": 0}, ["k:", "greater than or equal to 1", "found 0"]),
    "negative k": ({"k": -3}, ["k:", "greater than or equal to 1", "found -3"]),
    "k of words": ({"k": "ten"}, ["k:", "integer", "'ten'"]),
    "composite key": (
        {"source": {"key": ["shop", "number"]}},
        ["source.key", "composite key ['shop', 'number']", "one key column", "concatenates"],
    ),
    "table and query": (
        {"source": {"query": "select 1"}},
        ["source", "exactly one of 'table' and 'query'"],
    ),
    "unknown time zone": (
        {"source": {"source_timezone": "Mars/Olympus"}},
        ["source.source_timezone", "'Mars/Olympus'", "Europe/Berlin"],
    ),
    "private unknown column": (
        {"private": ["email"]},
        ["private", "['email']", "does not use"],
    ),
    "cron of four fields": ({"schedule": "0 2 * *"}, ["schedule", "'0 2 * *'", "five fields"]),
    "cron out of range": ({"schedule": "0 25 * * *"}, ["schedule", "'0 25 * * *'", "0 2 * * *"]),
    "cron of words": ({"schedule": "at two in the night"}, ["schedule", "at two in the night"]),
    "unknown kind": ({"features": {"age": "number"}}, ["features.age.kind", "'number'", "numeric"]),
    "unknown algorithm": (
        {"clustering": {"algorithms": ["dbscan"]}},
        ["clustering.algorithms", "'dbscan'", "'kmeans'"],
    ),
    "density without a distance": (
        {"metric": "ip"},
        ["metric 'ip'", "'hdbscan'", "kmeans, hdbscan", "another metric"],
    ),
    "key as feature": ({"features": {"customer_id": "numeric"}}, ["'customer_id'", "source's key"]),
    "label as feature": ({"labels": ["age"]}, ["'age'", "label", "must not be encoded"]),
    "own column": ({"features": {"is_deleted": "boolean"}}, ["'is_deleted'", "rename it"]),
    "percent sign": ({"features": {"share_%": "numeric"}}, ["'share_%'", "rename it"]),
    "percent sign in the key": ({"source": {"key": "no%"}}, ["'no%'", "rename it"]),
    "no features": ({"features": {}}, ["features", "at least one column"]),
    "unknown word": ({"colour": "red"}, ["colour", "not permitted"]),
    "space of a wrong name": ({"space": "Loyal-2"}, ["space", "'Loyal-2'", "lower-case"]),
}


@pytest.mark.parametrize("case", SPEC_CASES)
def test_spec_that_cannot_be_used(case):
    changes, words = SPEC_CASES[case]
    with pytest.raises(SpecError) as caught:
        make_spec(**changes)
    for word in ("test: ", *words):
        assert word in str(caught.value)


def test_spec_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "loyal.yaml"
    for text, words in {
        "source: [unclosed": ["loyal.yaml", "YAML"],
        "just a sentence": ["loyal.yaml", "'source' and 'features'"],
        "features: {age: numeric}": ["loyal.yaml", "source: Field required"],
    }.items():
        path.write_text(text)
        with pytest.raises(SpecError) as caught:
            load_spec(path)
        for word in words:
            assert word in str(caught.value)


NOW = moment("2026-03-01T12:00")


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-03-01", "2026-02-01", ["start 2026-03-01", "not before end 2026-02-01", "earlier"]),
        ("2026-02-01", "2026-02-01", ["start 2026-02-01", "not before end 2026-02-01"]),
        (None, "2026-03-02", ["end 2026-03-02", "in the future", "2026-03-01T12:00"]),
        ("2026-03-01", "2027-01-01", ["end 2027-01-01", "in the future", "has passed"]),
    ],
)
def test_window_that_cannot_be_used(start, end, words):
    with pytest.raises(WindowError) as caught:
        resolve_window(
            "0 2 * * *",
            run_after=NOW,
            now=NOW,
            start=parse_moment("start", start) if start else None,
            end=parse_moment("end", end),
        )
    for word in words:
        assert word in str(caught.value)


def test_end_that_is_no_time():
    with pytest.raises(WindowError, match=r"end: 'yesterday' is not an ISO 8601 date"):
        parse_moment("end", "yesterday")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KINDRED_SHARD_ROWS", "5", ["greater than or equal to 1000"]),
        ("KINDRED_BLOCK_ROWS", "many", ["valid integer"]),
        ("KINDRED_MIN_FREE_DISK_MB", "-1", ["greater than or equal to 0"]),
    ],
)
def test_setting_outside_what_is_allowed(variable, value, words):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: value})
    for word in (f"{variable}='{value}'", *words):
        assert word in str(caught.value)


def test_doctor_says_the_same_and_changes_nothing(warehouse, monkeypatch):
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(warehouse.artefacts))
    dsns = {"kindred_source": warehouse.source_dsn, "kindred_warehouse": warehouse.warehouse_dsn}
    connections = Connections(lambda name: dsns[name])

    def failures(spec):
        found = examine(connections, "default", lambda space: spec)
        assert {finding.check for finding in found} >= {"settings and spec"}
        return [finding.message for finding in found if finding.outcome == "failure"]

    before = state(warehouse)
    assert failures(make_spec()) == []
    for case, (spec, words) in SOURCE_CASES.items():
        (message,) = failures(spec)
        assert all(word in message for word in words), case
    dsns["kindred_warehouse"] = dsns["kindred_warehouse"].replace("warehouse_", "stranger_")
    (message,) = failures(make_spec())
    assert "'kindred_warehouse'" in message
    monkeypatch.setenv("KINDRED_SHARD_ROWS", "5")
    (message,) = failures(make_spec())
    assert "KINDRED_SHARD_ROWS" in message
    assert state(warehouse) == before


# What depends on the whole server: roles, and which pgvector it has.


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
        "create extension vector": "may not install it there (that takes a superuser)",
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
    assert 'belongs to somebody else than user "data-team"' in message
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
    assert "table customers: no right to read it; grant select on it" in message
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
    found = examine(Connections(dsns.__getitem__), "default", lambda space: make_spec())
    (warning,) = [finding for finding in found if finding.outcome == "warning"]
    assert "pgvector 0.8.1 leaks memory" in warning.message
