"""Bad input of every kind: a message that helps, and nothing changed anywhere."""

from dataclasses import replace

import pytest

from integration.laboratory_state import state
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.errors import (
    EncoderMissingError,
    PreflightError,
    SettingsError,
    SpecError,
    WindowError,
)
from kindred.preparation.doctor import examine
from kindred.run.windows import parse_moment, resolve_window
from kindred.settings import Settings
from kindred.spec.model import load_spec

AS_OF = "2026-02-01T02:00"
NEXT = "2026-02-02T02:00"


@pytest.fixture(scope="module")
def new(make_laboratory):
    """A warehouse that has never been prepared, and a source with much that is wrong."""
    laboratory = make_laboratory(is_bare=True)
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
    said = refusal(laboratory, spec, error, as_of, **changes)
    assert state(laboratory) == before
    for word in words:
        assert word in said


def refusal(laboratory, spec, error=PreflightError, as_of=NEXT, **changes):
    """What task prepare says."""
    with pytest.raises(error) as caught:
        laboratory.begin(spec, as_of, **changes)
    return str(caught.value)


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


def test_source_and_spec_do_not_fit(warehouse):
    before = state(warehouse)
    for case, (spec, words) in SOURCE_CASES.items():
        said = refusal(warehouse, spec)
        for word in words:
            assert word in said, case
    assert state(warehouse) == before


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
    words = (
        "no column 'income'",
        "names as feature",
        "the source has age, churned",
        "correct the spec",
    )
    refused(serving, make_spec(source={"table": "shorter"}), *words)


def test_key_whose_type_has_changed(serving):
    serving.query("create table renamed as select * from customers", source=True)
    serving.query("alter table renamed alter customer_id type text", source=True)
    words = ("schema kindred", "keys of type bigint", "'customer_id'", "now text", "new space")
    refused(serving, make_spec(source={"table": "renamed"}), *words)


SPEC_CASES = {
    "unknown metric": (
        {"metric": "manhattan"},
        ["metric", "'manhattan'", "allowed are l2, cosine, ip"],
    ),
    "k of 0": ({"k": 0}, ["k:", "a whole number from 1 to 1,000", "found 0"]),
    "negative k": ({"k": -3}, ["k:", "a whole number from 1 to 1,000", "found -3"]),
    "k of words": ({"k": "ten"}, ["k:", "a whole number", "'ten'"]),
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
        ["private", "'email'", "does not use"],
    ),
    "cron of four fields": ({"schedule": "0 2 * *"}, ["schedule", "'0 2 * *'", "five fields"]),
    "cron out of range": ({"schedule": "0 25 * * *"}, ["schedule", "'0 25 * * *'", "0 2 * * *"]),
    "cron of words": ({"schedule": "at two in the night"}, ["schedule", "at two in the night"]),
    "unknown kind": ({"features": {"age": "number"}}, ["features.age.kind", "'number'", "numeric"]),
    "unknown algorithm": (
        {"clustering": {"algorithms": ["optics"]}},
        ["clustering.algorithms", "'optics'", "kmeans"],
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
    "unknown word": ({"colour": "red"}, ["colour", "no such key"]),
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
        "features: {age: numeric}": ["loyal.yaml", "source: is missing"],
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
        ("KINDRED_SHARD_ROWS", "5", ["of at least 1,000"]),
        ("KINDRED_BLOCK_ROWS", "many", ["a whole number"]),
        ("KINDRED_MIN_FREE_DISK_MB", "-1", ["of at least 0"]),
    ],
)
def test_setting_outside_what_is_allowed(variable, value, words, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings.from_env()
    for word in (f"{variable}='{value}'", *words):
        assert word in str(caught.value)


def test_doctor_says_the_same_and_changes_nothing(warehouse, monkeypatch):
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(warehouse.artefacts))
    dsns = {"kindred_source": warehouse.source_dsn, "kindred_warehouse": warehouse.warehouse_dsn}

    def failures(spec):
        found = examine(dsns.__getitem__, "default", lambda space: spec)
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
