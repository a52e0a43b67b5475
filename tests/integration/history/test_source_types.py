"""Types of a source that become wider, keys of rare types, and names that need quotes."""

from decimal import Decimal

import pytest
import yaml
from psycopg2 import sql
from typer.testing import CliRunner

from databases import close_kept
from integration.laboratory_state import state
from integration.leaving import SECRET, request
from integration.narrow_source import FIRST, SECOND, THIRD, narrow_spec, versions
from integration.warehouse import make_spec
from kindred.cli import app
from kindred.erasure.task import erase
from kindred.errors import DataError, InferenceError, PreflightError
from kindred.history.erasure_key import VARIABLE
from kindred.history.source import describe, key_expression
from kindred.warehouse.keys import KeyType

WIDER = {
    "smallint": "integer",
    "integer": "bigint",
    "bigint": "numeric(20)",
    "real": "double precision",
    "numeric(6,2)": "numeric(12,4)",
    "varchar(4)": "text",
    "text": "varchar(30)",
    "char(1)": "varchar(30)",
}
LOSSY = {"bigint": "double precision", "date": "timestamptz", "integer": "real", "text": "integer"}


def named(types):
    return {f"c{number}": type_name for number, type_name in enumerate(types)}


def spec_of(types, kind="numeric", **source):
    features = {c: "categorical" if "char" in t or t == "text" else kind for c, t in types.items()}
    dates = {c: "date" for c, t in types.items() if t == "date"}
    return make_spec(source=source, features=features | dates, labels=[])


def change_types(laboratory, types, table="customers"):
    changes = ", ".join(f"alter {c} type {t} using {c}::text::{t}" for c, t in types.items())
    laboratory.query(f"alter table {table} {changes}", source=True)


def test_a_type_that_becomes_wider_is_followed(laboratory):
    types = named(WIDER)
    columns = ", ".join(f"{c} {t}" for c, t in types.items())
    keyed = f"customer_id integer, updated_at timestamptz, {columns}"
    laboratory.fill("customers", keyed, [(1, "2026-01-10T10:00Z", *"12345678")])
    spec = spec_of(types)
    laboratory.land(spec, FIRST)
    landed = versions(laboratory, *types)
    change_types(laboratory, dict(zip(types, WIDER.values(), strict=True)))
    laboratory.query("alter table customers alter customer_id type bigint", source=True)
    big = (2**40, "2026-02-01T10:00Z", 2**20, 2**40, 10**19, 1e30, Decimal("1234567.1234"))
    laboratory.append("customers", [(*big, "longer", "than four", "letters")])
    laboratory.land(spec, SECOND)
    found = versions(laboratory, *types)
    assert found == [*landed, (big[0], *big[2:], "longer", "than four", "letters")]
    assert all(isinstance(number, int) for number in found[1][1:3])
    narrow = dict(zip(types, types.values(), strict=True))
    laboratory.query("delete from customers where customer_id > 1", source=True)
    change_types(laboratory, narrow)
    laboratory.land(spec, SECOND)  # what is stored is wide enough
    assert versions(laboratory, *types) == found


def test_a_type_by_which_values_change_is_refused(laboratory):
    """As a number, and as a category, whose text would change."""
    pairs = [*LOSSY.items(), ("real", "double precision"), ("integer", "numeric(9,2)")]
    types = named(before for before, _ in pairs)
    spec = spec_of(types)
    categories = dict.fromkeys(list(types)[len(LOSSY) :], "categorical")
    spec = make_spec(
        features={c: f.model_dump(mode="json") for c, f in spec.features.items()} | categories,
        labels=[],
    )
    columns = ", ".join(f"{c} {t}" for c, t in types.items())
    laboratory.fill("customers", f"customer_id integer, updated_at timestamptz, {columns}", [])
    laboratory.land(spec, FIRST)
    change_types(laboratory, dict(zip(types, (after for _, after in pairs), strict=True)))
    before = state(laboratory)
    with pytest.raises(PreflightError) as caught:
        laboratory.begin(spec, SECOND)
    assert state(laboratory) == before
    for column in types:
        assert f"column {column!r} of the source is now" in str(caught.value)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A source with names that need quotes, and a column of every type that may be a key."""
    laboratory = make_laboratory()
    laboratory.query(
        """
        create extension citext;
        create domain customer_number as bigint check (value > 0);
        create domain short_code as varchar(20);
        create type tier as enum ('a1', 'a2', 'a3');
        create schema "Sales Dept";
        create table customers as
        select
          timestamptz '2026-01-10T10:00Z' as updated_at,
          timestamp '2026-01-10 10:00' as changed, 100.5 + i % 37 as income,
          i::numeric as plain, i::numeric(10, 0) as scaled, i::float8 as double, i::real as single,
          ('C' || i)::citext as folded, i::customer_number as positive,
          ('K' || i)::short_code as code,
          ('n' || i)::name as label, ('p' || i)::char(8) as padded, i / 2.0 as half,
          make_date(2000, 1, 1) + i as day, i % 50 = 0 as flag
        from generate_series(1, 300) as i;
        create table "Sales Dept"."Customers" as table customers;
        create table "a.b" as table customers;
        """,
        source=True,
    )
    return laboratory


@pytest.fixture
def infer(shop, monkeypatch):
    """The command; returns the proposal it prints."""
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_SOURCE", shop.source_dsn)

    def call(table, key, *more):
        arguments = ["infer-spec", "--table", table, "--key", key, *more]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return yaml.safe_load(result.stdout)

    return call


KEYS = {
    **dict.fromkeys(("plain", "scaled", "double", "single", "positive"), ""),
    **{"folded": "C", "code": "K", "label": "n", "padded": "p"},
}


def test_a_key_that_is_proposed_is_read(shop, infer):
    for key, prefix in KEYS.items():
        proposed = infer("public.customers", key, "--updated-at", "updated_at")
        spec = make_spec(source=proposed["source"], features={"income": "numeric"}, labels=[])
        with shop.deployment.source(spec, "test") as origin:
            expression = key_expression(spec.source, describe(origin, spec))
            query = sql.SQL("select {} from customers").format(expression)
            found = {str(value) for (value,) in shop.query(query, source=True)}
        assert found == {f"{prefix}{i}" for i in range(1, 301)}, key


def test_a_number_lands_as_a_key_where_it_is_whole(laboratory):
    rows = [(1, "2026-01-10T10:00Z", 1), (2**53, "2026-01-10T10:00Z", 2)]
    odd = [(key, "2026-01-10T10:00Z", 3) for key in (2.5, "NaN", "Infinity", 1e300)]
    laboratory.fill(
        "customers", "customer_id float8, updated_at timestamptz, value integer", rows + odd
    )
    laboratory.land(narrow_spec(), FIRST)
    assert versions(laboratory, "value") == [(1, 1), (2**53, 2)]
    reason = "customer_id: not a whole number of at most 64 bits"
    assert laboratory.rejected() == [(key, reason) for key in ("1e+300", "2.5", "Infinity", "NaN")]


@pytest.mark.texts
@pytest.mark.parametrize("is_recorded", [True, False])
def test_keys_of_char_stay_those_of_the_same_customers_as_texts(
    laboratory, monkeypatch, is_recorded
):
    """Also if the blanks come along; a space that did not record the first type refuses them."""
    columns = "customer_id {}, updated_at timestamptz, value integer"
    rows = [(key, "2026-01-10T10:00Z", 1) for key in ("A1", "B2", "C3")]
    laboratory.fill("customers", columns.format("char(6)"), rows)
    spec = narrow_spec(source={"deletes": "compare_keys"})
    laboratory.land(spec, FIRST)
    later = [("A1    ", "2026-02-01T10:00Z", 2), ("B2    ", "2026-01-10T10:00Z", 1)]
    laboratory.fill("customers", columns.format("text"), [*later, ("D4    ", *later[0][1:])])
    if is_recorded:
        laboratory.land(spec, SECOND)
        found = versions(laboratory, "value", where="not is_deleted")
        assert found == [("A1", 1), ("A1", 2), ("B2", 1), ("C3", 1), ("D4", 2)]
        assert versions(laboratory, where="is_deleted") == [("C3",)]
        monkeypatch.setenv(VARIABLE, SECRET)
        receipt = erase(laboratory.deployment, "default", request(laboratory, "B2    "))
        assert "warning" not in receipt
        laboratory.land(spec, THIRD)
        assert {key for key, _ in versions(laboratory, "value")} == {"A1", "C3", "D4"}
        return
    laboratory.query("delete from kindred.padded_keys")
    before = versions(laboratory, "value", "is_deleted")
    with pytest.raises(DataError, match=r"2 of 3 keys .* rtrim\(\"customer_id\"\) as key_text"):
        laboratory.land(spec, SECOND)
    assert versions(laboratory, "value", "is_deleted") == before


@pytest.mark.texts
def test_keys_with_blanks_do_not_become_those_of_a_char(laboratory):
    columns = "customer_id {}, updated_at timestamptz, value integer"
    laboratory.fill("customers", columns.format("text"), [("A1 ", "2026-01-10T10:00Z", 1)])
    laboratory.land(narrow_spec(), FIRST)
    laboratory.query("alter table customers alter customer_id type char(6)", source=True)
    before = state(laboratory)
    with pytest.raises(PreflightError, match="the keys of 1 known customers end in blanks"):
        laboratory.land(narrow_spec(), SECOND)
    assert state(laboratory) == before


@pytest.mark.texts
def test_keys_of_citext_are_one_customer_however_they_are_written(laboratory):
    laboratory.query("create extension citext", source=True)
    columns = "customer_id citext, updated_at timestamptz, value integer"
    rows = [("anna", "2026-01-10T10:00Z", 1), ("ANNA", "2026-01-11T10:00Z", 2)]
    laboratory.fill("customers", columns, [*rows, ("Émil", "2026-01-10T10:00Z", 1)])
    spec = narrow_spec(source={"history": "versions", "deletes": "compare_keys"})
    laboratory.land(spec, FIRST)
    late = [("Anna", "2026-01-12T10:00Z", 3), ("éMIL", "2026-02-01T10:00Z", 3)]
    laboratory.fill("customers", columns, late)
    laboratory.land(spec, SECOND)
    found = versions(laboratory, "value", "is_deleted")
    expected = [("ANNA", value, False) for value in (1, 2, 3)]
    assert found == [*expected, ("Émil", 1, False), ("Émil", 3, False)]


@pytest.mark.texts
def test_an_erased_person_stays_away_in_any_spelling_where_case_does_not_matter(
    laboratory, monkeypatch
):
    monkeypatch.setenv(VARIABLE, SECRET)
    laboratory.query("create extension citext", source=True)
    rows = [(name, "2026-01-10T10:00Z", 1) for name in ("anna", "Bert", "Cleo", "Dora")]
    laboratory.fill("customers", "customer_id text, updated_at timestamptz, value integer", rows)
    spec = narrow_spec()
    laboratory.land(spec, FIRST)

    def erased(key):
        receipt = erase(laboratory.deployment, "default", request(laboratory, key))
        return receipt["rows"].get("customer_versions", 0), "warning" in receipt

    assert erased("anna") == (1, False)
    assert erased("EMIL") == (0, True)
    assert erased("Bert") == (1, False)
    laboratory.query(
        "delete from kindred.suppressed_spellings"  # An earlier release knew one spelling only.
        " where ctid = (select max(ctid) from kindred.suppressed_spellings)"
    )
    laboratory.query("alter table customers alter customer_id type citext", source=True)
    change = "update customers set updated_at = %s, customer_id = {}(customer_id::text)"
    laboratory.query(change.format("upper"), ("2026-02-01T12:00Z",), source=True)
    laboratory.land(spec, SECOND)
    laboratory.query(change.format("lower"), ("2026-02-02T12:00Z",), source=True)
    assert erased("DORA") == (2, False)
    laboratory.land(spec, THIRD)
    assert {key for key, _ in versions(laboratory, "value")} == {"Cleo"}


@pytest.mark.parametrize(("given", "expected"), [("2.00", 2), ("2.", 2), (" -7.0 ", -7)])
def test_a_whole_number_is_a_key_as_a_source_of_decimals_writes_it(given, expected):
    assert KeyType.BIGINT.parse(given).tolist() == [expected]
    for wrong in ("2.01", ".0", "2.0.0", "2,00"):
        with pytest.raises(DataError, match="is not a key of type bigint"):
            KeyType.BIGINT.parse(wrong)


def test_a_key_that_a_night_would_refuse_is_not_proposed(infer):
    with pytest.raises(InferenceError, match="'half' is of type numeric, and 150 of its 300"):
        infer("customers", "half")
    with pytest.raises(PreflightError, match=r"allowed are .*query: select \*, \"day\"::text as"):
        infer("customers", "day")


def test_the_zone_of_naive_times_is_proposed(shop, infer):
    [(database,)] = shop.query("select current_database()", source=True)
    shop.query(f"alter database {database} set timezone to 'America/New_York'", source=True)
    close_kept()  # it holds for new sessions
    for column, zone in (("changed", "America/New_York"), ("updated_at", None)):
        source = infer("customers", "plain", "--updated-at", column)["source"]
        assert source.get("source_timezone") == zone


def test_names_are_those_of_the_server(shop, infer):
    [(database,)] = shop.query("select current_database()", source=True)
    for name in (
        '"Sales Dept"."Customers"',
        "Sales Dept.Customers",
        '"a.b"',
        f"{database}.public.customers",
    ):
        proposed = infer(name, "plain", "--updated-at", "updated_at")
        assert proposed["source"]["table"] == name
    for name, error, words in (
        (
            "otherdb.public.customers",
            PreflightError,
            "otherdb.*name it schema.table",
        ),
        (
            "PUBLIC.CUSTOMERS",
            PreflightError,
            "no such table or view; use .*public.customers.*case-sensitive",
        ),
        ("a.b.c.d", PreflightError, "too many dotted names"),
        ('"Sales', InferenceError, "table: .* is not the name of a table"),
        ("public..customers", InferenceError, "is not the name of a table"),
    ):
        with pytest.raises(error, match=words):
            infer(name, "plain")
