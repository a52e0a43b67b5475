"""``kindred infer-spec --events``: a table of order lines, beside the customers and alone."""

import pytest
import yaml
from typer.testing import CliRunner

from integration.warehouse import COLUMNS, people
from kindred.cli import app
from kindred.errors import InferenceError, PreflightError, SettingsError
from kindred.infer import source_sample
from kindred.spec.model import load_spec

# Line n is of customer 1 + n % 200; of 400 customers every second has bought.
LINES = (
    "create table order_lines as select n as line_id, 2 * (1 + n % 200) as customer_id,"
    " timestamp '2025-01-01' + n * interval '8 hours 20 minutes' as ordered_at,"
    " n % 200 % 2 * 15 + n % 15 as product_id, (5 + n % 15 * 1.25)::numeric(10, 2) as price,"
    " 1 + n / 200 % 3 as quantity, n % 7 < 3 as is_online from generate_series(0, 1199) as n"
)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(400))
    laboratory.query(LINES, source=True)
    laboratory.query("create view visits as select customer_id from order_lines", source=True)
    return laboratory


@pytest.fixture
def infer(infer):
    """The command; returns the spec that it prints, read, and its text."""

    def call(*arguments):
        text = infer(*arguments)
        return yaml.safe_load(text), text

    return call


CUSTOMERS = ("--table", "public.customers", "--key", "customer_id", "--updated-at", "updated_at")


def test_events_beside_customers_are_proposed_in_one_spec(infer):
    content, text = infer(*CUSTOMERS, "--events", "public.order_lines")
    purchases = content["events"]["purchases"]
    assert purchases["query"].startswith('select *, "price" * "quantity" as amount from "public"')
    del purchases["query"], purchases["connection"]
    assert purchases == {
        "key": "line_id",
        "customer": "customer_id",
        "at": "ordered_at",
        "source_timezone": "UTC",
        "item": "product_id",
        "amount": "amount",
        "quantity": "quantity",
    }
    assert {"income", "basket", "spend_365d", "share_is_online_365d"} <= content["features"].keys()
    assert content["recommendations"]["similar_by"] == "basket"
    assert "100.0% of the rows have a key of the customers" in text


def test_events_alone_are_proposed_too(infer, tmp_path):
    output = tmp_path / "lines.yaml"
    assert infer("--events", "order_lines")[0]["source"] == {"events": "purchases"}
    CliRunner().invoke(app, ["infer-spec", "--events", "order_lines", "--output", str(output)])
    spec = load_spec(output)
    assert (spec.source.key, spec.source.updated_at) == ("customer_id", "ordered_at")
    assert spec.clustering.kmeans.k == 4  # by 200 customers, not 1,200 lines


def test_a_sample_has_all_lines_of_its_customers(infer, monkeypatch):
    monkeypatch.setattr(source_sample, "MAX_VALUES", 7 * 400)
    _, text = infer("--events", "order_lines")
    assert "# Note: inferred from a sample of" in text
    customers = int(text.split("they are the ")[1].split(" with an event")[0])
    assert 180 <= customers <= 220
    assert "# unique: " in text


REFUSED = {
    "no such table": (["--events", "gone"], PreflightError, "no such table or view"),
    "no such customer": (
        ["--events", "order_lines", "--key", "nr"],
        InferenceError,
        "there is no column 'nr'; the columns are line_id, customer_id",
    ),
    "no time": (["--events", "visits"], InferenceError, "no column is the time of the event"),
    "labels of nobody": (
        ["--events", "order_lines", "--labels", "churned"],
        SettingsError,
        "--labels 'churned': events alone have none, a table of customers has",
    ),
    "no key": (["--table", "customers", "--events", "order_lines"], SettingsError, "--key is miss"),
    "other keys": (
        ["--table", "customers", "--key", "income", "--events", "order_lines"],
        InferenceError,
        r"no column holds keys of the customers \(column 'income'\)",
    ),
    "lines as customers": (
        ["--table", "order_lines", "--key", "customer_id"],
        InferenceError,
        r"looks like transactions: .* declare it as events \(kindred infer-spec --events",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(infer, case):
    arguments, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        infer(*arguments)
