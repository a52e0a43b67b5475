"""Airflow connections as libpq connection strings."""

import json
from urllib.parse import urlencode

import psycopg2.extensions
import pytest

from kindred.errors import PreflightError
from kindred.run.connections import OPTIONS, conninfo_of, extra_of, from_environment

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


GIVEN = {
    "sslmode": "verify-full",
    "sslcrl": "/etc/crl.pem",
    "sslnegotiation": "direct",
    "channel_binding": "require",
    "target_session_attrs": "read-write",
    "load_balance_hosts": "random",
    "keepalives": 0,
    "gssdelegation": True,
    "tcp_user_timeout": 5,
    "options": "-c search_path=a+b -c statement_timeout=5s",
}


def test_every_option_that_libpq_knows_is_passed_on_from_every_form(monkeypatch):
    as_text = {name: str(int(v) if v is True else v) for name, v in GIVEN.items()}
    expected = {"host": "db", **as_text}
    query = urlencode(as_text)
    nested = urlencode({"__extra__": json.dumps(GIVEN)})
    assert parts(conninfo_of({"host": "db"}, GIVEN)) == expected
    assert read(monkeypatch, json.dumps({"host": "db", "extra": GIVEN})) == expected
    assert read(monkeypatch, f"postgresql://db?{query}") == expected
    assert read(monkeypatch, f"postgres://db/?{nested}") == expected


def test_every_name_that_is_suggested_is_one_that_libpq_knows():
    newer = {"max_protocol_version", "min_protocol_version", "servicefile", "sslkeylogfile"}
    newer |= {"scram_client_key", "scram_server_key"}
    for name in set(OPTIONS.split()) - newer:
        assert parts(conninfo_of({}, {name: "1"})) == {name: "1"}


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("postgresql://u@h1:5432,h2:5433/x", "h1,h2", "5432,5433"),
        ("postgresql://u@h1,h2:5433/x", "h1,h2", ",5433"),
        ("postgresql://u@[::1]:1,h2/x", "::1,h2", "1,"),
        ('{"host": "h1,h2", "port": "1,2", "login": "u", "schema": "x"}', "h1,h2", "1,2"),
        ('{"login": "u", "schema": "x", "extra": {"host": "a,b", "port": "1,2"}}', "a,b", "1,2"),
    ],
)
def test_several_hosts_are_all_tried(monkeypatch, value, host, port):
    expected = {"user": "u", "dbname": "x", "host": host, "port": port}
    assert read(monkeypatch, value) == expected


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"sslmod": "s3cret"}, "libpq knows no option 'sslmod'.*did you mean 'sslmode'"),
        ({"sslMode": "s3cret"}, "no option 'sslMode'.*did you mean 'sslmode'"),
        ({"target-session-attrs": "s3cret"}, "did you mean 'target_session_attrs'"),
        ({"cursor": "s3cret"}, "no option 'cursor', so it would have no effect: take it out"),
        ({"iam": True, "region": "s3cret"}, r"'iam'[^\n]*\nconnection: [^\n]*'region'"),
        ({"options": {"a": "s3cret"}}, "'options' must be a text or number, not a dict"),
        ({"user": "s3cret"}, "option 'user' is given twice"),
        ({"port": "1,s3cret"}, "the port must be a number"),
        ({"__extra__": '{"nosuch": "s3cret"}'}, "no option 'nosuch'"),
        ({"": "s3cret"}, "no option ''"),
    ],
)
def test_nothing_is_dropped_without_a_word(monkeypatch, extra, words):
    with pytest.raises(PreflightError, match=words) as direct:
        conninfo_of({"login": "u"}, extra_of(extra))
    assert "s3cret" not in str(direct.value)
    monkeypatch.setenv(VARIABLE, json.dumps({"login": "u", "extra": extra}))
    with pytest.raises(PreflightError, match=VARIABLE):
        from_environment("kindred_warehouse")


def test_a_field_that_no_connection_has_is_named(monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({"host": "db", "user": "u", "dbname": "x"}))
    with pytest.raises(PreflightError, match="no field 'dbname', 'user'; it has host, port, login"):
        from_environment("kindred_warehouse")


def test_a_host_in_extra_is_as_good_as_one_beside_it():
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
