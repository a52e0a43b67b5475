"""``kindred infer-spec`` on files and on tables of a database."""

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from integration.warehouse import COLUMNS, make_spec, people
from kindred.errors import InferenceError, PreflightError, SettingsError
from kindred.infer.source_sample import read_sample
from kindred.run.context import Deployment
from kindred.spec.model import load_spec
from kindred.spec.source import Source


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A laboratory whose source has a table, a view and a schema with odd names."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(400))
    laboratory.query("create view active as select * from customers where is_active", source=True)
    laboratory.query('create schema "Odd"', source=True)
    laboratory.query(
        'create table "Odd"."People" as select customer_id as "Id", age as "how old?",'
        " case when age > 60 then 'infinity'::date else '2024-01-01' end as seen,"
        " '{1,2}'::int[] as list, 'x'::char(3) as \"100 %\", state::text from customers",
        source=True,
    )
    return laboratory


def test_a_proposal_for_a_table_is_used_as_it_is(shop, infer, tmp_path):
    output = tmp_path / "people.yaml"
    printed = infer(
        *("--table", "public.customers", "--key", "customer_id", "--updated-at", "updated_at"),
        *("--labels", "churned", "--output", output),
    )
    assert printed.startswith("a spec is proposed: 4 columns encoded, 0 ignored, 1 held out")
    assert printed.endswith(f"written to {output}\n")
    spec = load_spec(output)
    assert spec.features["income"].scale == spec.features["age"].scale == "winsorised"
    assert {name: str(feature.kind) for name, feature in spec.features.items()} == {
        "income": "numeric",
        "age": "numeric",
        "is_active": "boolean",
        "state": "categorical",
    }
    shop.run(spec, "2026-02-01T02:00")
    assert shop.query("select customers from bi_people.snapshots") == [(400,)]


def test_a_file_that_is_there_is_kept(infer, tmp_path):
    output = tmp_path / "people.yaml"
    output.write_text("mine")
    with pytest.raises(SettingsError, match="the file exists"):
        infer("--table", "customers", "--key", "customer_id", "--output", output)
    assert output.read_text() == "mine"
    output.write_text("id,age\n1,2\n2,3\n")
    with pytest.raises(SettingsError, match="cannot be written"):
        infer("--csv", output, "--key", "id", "--output", tmp_path / "no" / "a.yaml")


QUERY = """select customer_id, age, income,
\tstate as "State", churned
from customers  -- half of them
where customer_id % 2 = 0;"""


def test_a_query_is_proposed_for_and_used_as_it_is(shop, infer, tmp_path):
    file, output = tmp_path / "half.sql", tmp_path / "half.yaml"
    file.write_text(QUERY)
    text = infer("--query", QUERY, "--key", "customer_id")
    assert yaml.safe_load(text)["source"]["query"] == QUERY
    printed = infer("--query", f"@{file}", "--key", "customer_id", "--output", output)
    assert output.read_text() == text
    assert "  labels:\n    churned  suspected label" in printed
    spec = load_spec(output)
    assert spec.source.table is None
    assert set(spec.features) == {"age", "income", "State"}
    shop.run(spec, "2026-02-01T02:00")
    assert shop.query("select customers from bi_half.snapshots") == [(200,)]


def test_the_connection_of_a_query_is_named(shop, infer, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CRM", shop.source_dsn)
    monkeypatch.delenv("AIRFLOW_CONN_KINDRED_SOURCE")
    query = "select customer_id, age from customers"
    text = infer("--query", query, "--key", "customer_id", "--connection", "crm")
    assert yaml.safe_load(text)["source"] == {
        "connection": "crm",
        "query": query,
        "key": "customer_id",
        "updated_at": "none",
    }


def test_a_view_can_be_proposed_for(infer):
    content = yaml.safe_load(infer("--table", "active", "--key", "customer_id"))
    assert content["features"]["is_active"] == "ignore"  # constant there
    assert content["labels"] == ["churned"]


def test_odd_names_and_types_are_coped_with(infer):
    content = yaml.safe_load(infer("--table", "Odd.People", "--key", "Id"))
    assert content["source"]["table"] == "Odd.People"
    assert content["features"] == {
        "how old?": {"kind": "numeric", "scale": "winsorised"},
        "seen": "ignore",  # more than a few are infinite
        "list": "ignore",
        "state": {"kind": "categorical", "min_frequency": 4},
    }


def test_a_sample_is_the_same_each_time_and_said_to_be_one(shop):
    shop.query("analyze customers", source=True)
    deployment: Deployment = shop.deployment
    with deployment.source(make_spec(), "test") as database:
        source = Source(table="customers", key="customer_id", updated_at="none")
        samples = [read_sample(database, source, 100) for _ in "ab"]
        whole = read_sample(database, source)
    first, second = (sample.column("key", "customer_id").values.tolist() for sample in samples)
    assert first == second
    assert 50 < len(first) <= 100
    assert samples[0].is_sample
    assert samples[0].rows == whole.rows == 400
    assert not whole.is_sample
    assert samples[0].notes[0].startswith("inferred from a sample of")


REFUSED = {
    "neither": (["--key", "a"], SettingsError, "exactly one of --csv, --table and --query"),
    "two statements": (
        ["--key", "a", "--query", "select 1 as a; drop table customers"],
        PreflightError,
        "query: cannot be read: ",
    ),
    "a query that writes": (
        ["--key", "a", "--query", "delete from customers returning customer_id as a"],
        PreflightError,
        "query: cannot be read: ",
    ),
    "a query that closes its bracket": (
        ["--key", "a", "--query", "select 1 as a) as b; commit; drop table customers; --"],
        PreflightError,
        "query: cannot be read: ",
    ),
    "no query": (["--key", "a", "--query", " "], SettingsError, "a query is expected"),
    "no file of a query": (
        ["--key", "a", "--query", "@gone.sql"],
        SettingsError,
        "--query @gone.sql: cannot be read: no such file",
    ),
    "a key in another case": (
        ["--key", "CUSTOMER_ID", "--table", "customers"],
        InferenceError,
        r"the columns are customer_id, .*; did you mean 'customer_id'\?",
    ),
    "both": (["--key", "a", "--csv", "x", "--table", "y"], SettingsError, "exactly one of"),
    "no such table": (["--key", "a", "--table", "gone"], PreflightError, "no such table or view"),
    "no such key": (
        ["--key", "nr", "--table", "customers"],
        InferenceError,
        "key: there is no column 'nr'; the columns are customer_id, updated_at",
    ),
    "no such label": (
        ["--key", "customer_id", "--table", "customers", "--labels", "x"],
        InferenceError,
        "labels: there is no column 'x'",
    ),
    "no such file": (["--key", "a", "--csv", "gone.csv"], InferenceError, "cannot be read: no"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(infer, case):
    arguments, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        infer(*arguments)


def test_a_file_is_proposed_for_and_its_oddities_are_told_aside(infer, tmp_path):
    path = tmp_path / "clients.csv"
    rows = "".join(f"{n};{n % 7};\u00e9{n % 3}\n" for n in range(200))
    path.write_bytes(f"nr;visits;town\n{rows}".encode("cp1252"))
    text = infer("--csv", path, "--key", "nr")
    assert yaml.safe_load(text)["source"]["table"] == "public.clients"
    assert "# Note: the file is not UTF-8 and was read as Windows-1252" in text


def test_a_file_of_any_kind_is_named_with_how_it_is_written(infer, tmp_path):
    path = tmp_path / "people.txt"
    rows = "".join(f"{n}||{n % 50}||{['Казань', 'Москва'][n % 2]}\n" for n in range(60))
    path.write_bytes(f"id||age||город\n{rows}".encode("koi8-r"))
    given = ("--separator", "||", "--encoding", "koi8-r", "--key", "id")
    assert yaml.safe_load(infer("--csv", path, *given))["features"].keys() == {"age", "город"}
    stored = tmp_path / "people.parquet"
    parquet.write_table(pa.table({"id": range(60), "age": [n % 50 for n in range(60)]}), stored)
    assert yaml.safe_load(infer("--csv", stored, "--key", "id"))["features"].keys() == {"age"}
    with pytest.raises(InferenceError, match="a Parquet file has no sheet"):
        infer("--csv", stored, "--key", "id", "--sheet", "May")
