"""Airflow connections as libpq connection strings."""

import json

import psycopg2.extensions
import pytest

from kindred.errors import PreflightError
from kindred.run.connections import conninfo_of, from_environment

VARIABLE = "AIRFLOW_CONN_KINDRED_WAREHOUSE"
HOSTILE = "p@ss:w/rd?#%20 'q\" \\ü&=+"


def parts(text):
    return psycopg2.extensions.parse_dsn(text)


def read(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    return parts(from_environment("kindred_warehouse"))


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            "postgresql://kindred:secret@db.example:5433/warehouse",
            {
                "user": "kindred",
                "password": "secret",
                "host": "db.example",
                "port": "5433",
                "dbname": "warehouse",
            },
        ),
        ("postgres://db/warehouse", {"host": "db", "dbname": "warehouse"}),
        (
            "postgresql://postgres@/warehouse?host=/run/my%20sockets",
            {"user": "postgres", "host": "/run/my sockets", "dbname": "warehouse"},
        ),
        (
            "postgres://u@db/warehouse?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
            {
                "user": "u",
                "host": "db",
                "dbname": "warehouse",
                "sslmode": "verify-full",
                "sslrootcert": "/etc/ca.pem",
            },
        ),
        (
            "postgres://u:%40%3A%2F%23%25%20%27@[::1]:5432/my%20db",
            {
                "user": "u",
                "password": "@:/#% '",
                "host": "::1",
                "port": "5432",
                "dbname": "my db",
            },
        ),
    ],
)
def test_a_uri_is_read(monkeypatch, uri, expected):
    assert read(monkeypatch, uri) == expected


@pytest.mark.parametrize("extra", [{"sslmode": "require"}, json.dumps({"sslmode": "require"})])
def test_json_is_read_with_its_extra_as_mapping_or_text(monkeypatch, extra):
    connection = {
        "conn_type": "postgres",
        "host": "db",
        "port": 5432,
        "login": "kindred",
        "password": HOSTILE,
        "schema": "warehouse",
        "extra": extra,
    }
    assert read(monkeypatch, "\n  " + json.dumps(connection)) == {
        "host": "db",
        "port": "5432",
        "user": "kindred",
        "password": HOSTILE,
        "dbname": "warehouse",
        "sslmode": "require",
    }


@pytest.mark.parametrize("extra", [None, "", {}])
def test_json_without_extra_is_read(monkeypatch, extra):
    text = json.dumps({"host": "db", "schema": "warehouse", "extra": extra})
    assert read(monkeypatch, text) == {"host": "db", "dbname": "warehouse"}


def test_fields_of_airflow_with_a_socket_folder_and_hostile_values():
    fields = {
        "host": "/run/my sockets",
        "port": None,
        "login": "o'brien",
        "password": HOSTILE,
        "schema": "ware house",
    }
    assert parts(conninfo_of(fields, {})) == {
        "host": "/run/my sockets",
        "user": "o'brien",
        "password": HOSTILE,
        "dbname": "ware house",
    }


def test_only_what_libpq_knows_is_kept_of_extra():
    extra = {"sslmode": "require", "cursor": "dictcursor", "options": "-c statement_timeout=5s"}
    assert parts(conninfo_of({"host": "db"}, extra)) == {
        "host": "db",
        "sslmode": "require",
        "options": "-c statement_timeout=5s",
    }


def test_a_host_in_extra_wins_over_none():
    assert parts(conninfo_of({"host": ""}, {"host": "/run/sockets"}))["host"] == "/run/sockets"


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_none(monkeypatch, value):
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    assert from_environment("kindred_warehouse") is None


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://u:topsecret@db:port/x",
        "postgresql://u:topsecret@db:99999999/x",
        "postgresql://u:topsecret@[::1/x",
        "topsecret",
        "mysql://u:topsecret@db/x",
        "postgresql://u:topsecret@db/x?sslmode",
        '{"host": "db", "password": "topsecret"',
        '{"host": "db", "password": "topsecret", "extra": "{"}',
        '{"host": "db", "password": "topsecret", "extra": [1]}',
        '{"conn_type": "mysql", "host": "db", "password": "topsecret"}',
        '["topsecret"]',
    ],
)
def test_what_cannot_be_read_is_refused_without_its_secret(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(PreflightError) as caught:
        from_environment("kindred_warehouse")
    text = str(caught.value)
    assert text.startswith(f"{VARIABLE} is neither a URI such as postgresql://")
    assert "topsecret" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
