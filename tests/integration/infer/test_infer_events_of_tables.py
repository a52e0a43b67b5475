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


SPLIT = {
    "numbers": (
        "to_char(ordered_at, 'YYYYMMDD')::integer",
        "to_char(ordered_at, 'HH24MI')::integer",
    ),
    "short numbers": (
        "to_char(ordered_at, 'YYMMDD')::integer",
        "to_char(ordered_at, 'HH24MISS')::integer",
    ),
    "decimals": (
        "to_char(ordered_at, 'YYYYMMDD')::float8",
        "to_char(ordered_at, 'HH24MI')::numeric",
    ),
    "texts": ("to_char(ordered_at, 'YYYY-MM-DD')", "to_char(ordered_at, 'HH12:MI PM')"),
    "digits": ("to_char(ordered_at, 'DDMMYY')", "to_char(ordered_at, 'HH24:MI:SS')"),
    "days": ("ordered_at::date", "ordered_at::time"),
    "midnights": ("date_trunc('day', ordered_at)", "to_char(ordered_at, 'HH24:MI')::varchar(5)"),
}


AS_SPLIT = (
    "create table {table} as select line_id, customer_id, product_id, price, ordered_at as truth,"
    " {day} as order_date, {time} as order_time from order_lines;"
    " create view {view} as select line_id, customer_id, product_id, price, order_date, order_time"
    " from {table}"
)
WRONG = (
    "select count(*) from ({query}) as read join {table} using (line_id)"
    " where happened_at is distinct from truth"
)
ODD = "update {table} set order_date = {day}, order_time = {time} where line_id = {line}"
ODD_NUMBERS = [(0, 0), (999999, 9999), (-5, -1), (20260230, 2460)]


def test_a_date_and_a_time_in_two_columns_are_the_moment_that_they_say(shop, infer):
    """Whatever forms both have; and what is no date or time breaks nothing."""
    for name, (day, time) in SPLIT.items():
        table, view = f'"split {name}"', f'"view {name}"'
        shop.query(AS_SPLIT.format(table=table, view=view, day=day, time=time), source=True)
        content, text = infer("--events", view)
        (events,) = content["events"].values()
        assert (events["at"], events["source_timezone"]) == ("happened_at", "UTC"), name
        assert "'order_date' is the day and 'order_time' the time of the day" in text
        query = events["query"]
        assert shop.query(WRONG.format(query=query, table=table), source=True) == [(0,)], name
        if name in ("numbers", "short numbers", "decimals"):
            for line, (date, clock) in enumerate(ODD_NUMBERS):
                odd = ODD.format(table=table, day=date, time=clock, line=line)
                shop.query(odd, source=True)
            read = [row[-1] for row in shop.query(f"{query} order by line_id", source=True)]
            assert len(read) == 1200
            assert sum(moment is None for moment in read) in (3, 4)
