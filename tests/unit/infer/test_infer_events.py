"""A table of events: which column is what, and what is proposed of it."""

import numpy as np
import pytest
import yaml

from kindred.errors import InferenceError
from kindred.infer.event_names import amount_rank, item_rank
from kindred.infer.event_proposal import propose_events
from kindred.infer.files import read_csv, read_events
from kindred.infer.proposal import Roles
from kindred.infer.propose import propose_alone, propose_text
from kindred.infer.summary import MAX_LINE, summary
from kindred.spec.model import spec_from_dict
from unit.infer.event_files import HEADER, content, order_lines, people, without

LINES = order_lines()


def proposed(data, asked=None, **options):
    evidence, customer = read_events(data, None, asked)
    return propose_events("public.order_lines", evidence, customer, **options)


def roles_of(data, asked=None):
    return {role: choice.column for role, choice in proposed(data, asked).roles.choices}


def spec_of(text):
    return spec_from_dict({"space": "shop", **yaml.safe_load(text)}, where="test")


@pytest.fixture(scope="module")
def alone():
    return proposed(content(LINES))


@pytest.fixture(scope="module")
def beside():
    """The text, the spec and the proposal for customers and their lines."""
    roles = Roles("id", "joined")
    customers = read_csv(people(), roles)
    keys = customers.column("key", "id")
    evidence, customer = read_events(content(LINES), keys)
    events = propose_events(
        "public.order_lines", evidence, customer, taken=[c.name for c in customers.columns]
    )
    text, proposal = propose_text(
        "public.people", "people.csv", roles, customers, "shop", events=events
    )
    return text, spec_of(text), proposal


def test_every_column_of_order_lines_gets_its_role(alone):
    assert {role: choice.column for role, choice in alone.roles.choices} == {
        "key": "line_id",
        "customer": "customer_id",
        "at": "ordered_at",
        "item": "product_id",
        "amount": "price",
        "quantity": "qty",
    }
    assert alone.name == "purchases"
    assert alone.unused == ("order_id", "shipped_at", "product_name")


def test_a_proposal_of_events_alone_is_a_valid_spec(alone):
    text, _ = propose_alone(alone, "lines.csv", "shop")
    spec = spec_of(text)
    assert (spec.source.events, spec.source.key) == ("purchases", "customer_id")
    assert spec.events["purchases"].key == "line_id"
    assert set(spec.features) == {
        "last_purchases",
        "purchases_90d",
        "spend_365d",
        "items_365d",
        "days_between_purchases",
        "distinct_channel_365d",
        "basket",
    }
    assert spec.features["purchases_90d"].days == 90
    assert spec.features["basket"].days == spec.features["spend_365d"].days == 365
    assert spec.recommendations is not None
    assert (spec.recommendations.of, spec.recommendations.similar_by) == ("purchases", "basket")
    assert 5 <= spec.recommendations.neighbours < 120


def test_every_line_says_why_and_no_value_is_shown(beside):
    text, spec, proposal = beside
    for line in text.splitlines():
        if any(line.startswith(f"  {name}:") for name in spec.event_features):
            assert line.partition("  # ")[2].strip(), line
    printed = [text, *summary(proposal), *proposal.notes]
    for value in ("C001", "P003", "Secret", "web", "phone", "2024", "10000", "Atown"):
        assert not any(value in line for line in printed), value
    assert max(map(len, summary(proposal))) <= MAX_LINE
    # A share is of a value, which only a person can name.
    assert "  # share_of_channel: {kind: share, of: purchases, column: amount, by: channel" in text


def test_the_customer_is_the_column_with_the_keys_of_the_customers(beside):
    _, spec, proposal = beside
    assert spec.events["purchases"].customer == "customer_id"
    assert "100.0% of the rows have a key of the customers" in proposal.events.roles.customer.reason
    assert "age" in spec.features


def test_no_feature_takes_the_name_of_a_customers_column(beside):
    _, spec, _ = beside
    assert "spend_365d_of_purchases" in spec.event_features
    assert "spend_365d" in spec.column_features


def test_names_do_not_count_where_keys_do():
    header = HEADER.replace("customer_id", "who").replace("order_id", "client_no")
    keys = read_csv(people(), Roles("id")).column("key", "id")
    _, customer = read_events(content(LINES, header), keys)
    assert customer.column == "who"
    assert customer.others == ()


def test_keys_that_differ_in_blanks_and_capitals_are_counted_and_not_shown():
    """Each is a customer of its own, and beside a table of customers nobody."""
    rows = [[*row] for row in LINES]
    for row in rows[::3]:
        row[2] = row[2].lower()
    few, many = (len({row[2] for row in some}) for some in (LINES, rows))
    [note] = [note for note in proposed(content(rows)).notes if "capitals" in note]
    assert f"{many} keys of customers, which are {few} if" in note
    assert not any("capitals" in note for note in proposed(content(LINES)).notes)
    keys = read_csv(people(), Roles("id")).column("key", "id")
    _, customer = read_events(content(rows), keys)
    lower = len({row[2] for row in rows if row[2][0] == "c"})
    assert f"but {lower} keys are those of customers only if" in customer.reason
    assert "capitals" not in read_events(content(LINES), keys)[1].reason


def test_columns_that_hold_keys_too_are_named():
    rows = [[*row[:2], str(int(row[2][1:])), *row[3:], str(n % 110)] for n, row in enumerate(LINES)]
    header = HEADER.replace("customer_id", "who") + ",other"
    keys = read_csv(people(), Roles("number")).column("key", "number")
    evidence, customer = read_events(content(rows, header), keys)
    assert (customer.column, customer.others) == ("who", ("other", "qty"))
    events = propose_events("lines", evidence, customer, taken=[])
    assert "column 'who' is taken for the events' customer, and 'other', 'qty' could be" in "".join(
        events.notes
    )


def test_customers_of_whom_few_buy_with_their_number_are_found_by_name():
    keys = read_csv(people(12), Roles("id")).column("key", "id")
    assert read_events(content(LINES), keys)[1].column == "customer_id"


def test_events_of_others_are_refused_with_the_nearest_column():
    keys = read_csv(people(), Roles("city")).column("key", "city")
    with pytest.raises(InferenceError, match=r"no column holds keys of the customers .*'city'"):
        read_events(content(LINES), keys)


def test_without_a_named_customer_one_has_to_be_named():
    data = content(LINES, HEADER.replace("customer_id", "x7"))
    with pytest.raises(
        InferenceError, match=r"name it \(--key, or KEY=\); the columns are line_id"
    ):
        read_events(data, None)
    assert roles_of(data, "x7")["customer"] == "x7"


def test_events_without_a_time_are_refused():
    with pytest.raises(InferenceError, match="no column is the time of the event"):
        proposed(content(*without(LINES, "ordered_at", "shipped_at")))


def test_keys_that_a_program_wrote_as_decimals_are_numbers():
    rows = [
        [*row[:2], f"{int(row[2][1:])}.0" if n % 9 else "", *row[3:]] for n, row in enumerate(LINES)
    ]
    evidence, _ = read_events(content(rows), None)
    column = evidence.column("key", "customer_id")
    assert column.type == "bigint"
    assert column.nulls == sum(n % 9 == 0 for n in range(len(rows)))
    assert proposed(content(rows)).relation["where"] == '"customer_id" is not null'
    assert "where" not in proposed(content(LINES)).relation


def test_numbers_of_customers_are_texts_where_their_keys_are():
    keys = read_csv(people() + b"\nx,X1,1,Atown,1,2023-01-01", Roles("number")).column(
        "key", "number"
    )
    rows = [[*row[:2], str(int(row[2][1:])), *row[3:]] for row in LINES]
    evidence, _ = read_events(content(rows), keys)
    column = evidence.column("key", "customer_id")
    assert (column.type, str(column.values.type)) == ("text", "string")


def test_codes_of_missing_values_among_customers_stay_customers():
    rows = [[*row[:2], "9999" if row[2] == "C001" else row[2][1:], *row[3:]] for row in LINES]
    evidence, _ = read_events(content(rows), None)
    assert evidence.column("key", "customer_id").nulls == 0


def test_the_few_times_that_are_none_are_null():
    rows = [[*row[:3], "soon" if n == 5 else row[3], *row[4:]] for n, row in enumerate(LINES)]
    evidence, _ = read_events(content(rows), None)
    column = evidence.column("at", "ordered_at")
    assert (column.type, column.nulls) == ("timestamp with time zone", 1)


PRICES = {
    "a total": (lambda price, quantity: price * quantity, "price", False),
    "of one unit": (lambda price, quantity: price, "price", True),
    "of one unit by name": (lambda price, quantity: price * quantity, "unit_price", True),
}


@pytest.mark.parametrize("case", PRICES)
def test_a_price_of_one_unit_is_multiplied(case):
    paid, name, is_of_one = PRICES[case]
    rows = [
        [*row[:8], f"{paid(1.25 * (1 + int(row[5][1:])), int(row[9])):.2f}", row[9]]
        for row in LINES
    ]
    events = proposed(content(rows, HEADER.replace("price", name)))
    assert events.roles.price_of_one == is_of_one
    if is_of_one:
        assert f'"{name}" * "qty" as amount from "public"' in events.relation["query"]
        assert events.roles.amount.column == "amount"
    else:
        assert events.relation["table"] == "public.order_lines"


def test_an_order_and_its_line_are_a_key_and_nothing_is_none():
    rows, header = without(LINES, "line_id")
    assert "key" not in roles_of(content(rows, header))
    numbered = [[*row, str(1 + n % 2)] for n, row in enumerate(rows)]
    events = proposed(content(numbered, f"{header},line_no"))
    assert events.roles.key_columns == ("order_id", "line_no")
    text, _ = propose_alone(events, "lines.csv", "shop")
    assert spec_of(text).events["purchases"].key == ("order_id", "line_no")


def test_a_time_of_loading_is_one_only_if_it_is_never_before_the_event():
    def loaded(hours):
        return [
            [*row, str(np.datetime64(row[3].removesuffix("Z")) + np.timedelta64(hours, "h"))]
            for row in LINES
        ]

    header = f"{HEADER},_loaded_at"
    assert roles_of(content(loaded(30), header))["loaded_at"] == "_loaded_at"
    assert "loaded_at" not in roles_of(content(loaded(-30), header))


@pytest.mark.parametrize(
    ("days", "long", "short"), [(400, 365, 90), (200, 180, 30), (40, 30, 7), (3, None, None)]
)
def test_windows_suit_the_span_of_the_data(days, long, short):
    features = proposed(content(order_lines(days=days))).features
    by_kind = {line.settings["kind"]: line.settings.get("days") for line in features}
    assert (by_kind["sum"], by_kind["count"], by_kind["recency"]) == (long, short, None)


def test_items_that_nobody_shares_are_no_buying_profile():
    rows = [[*row[:5], f"P{n // 2}", f"Thing {n // 2}", *row[7:]] for n, row in enumerate(LINES)]
    events = proposed(content(rows))
    assert "basket" not in [line.name for line in events.features]
    assert events.recommendations.settings is None
    text, proposal = propose_alone(events, "lines.csv", "shop")
    assert spec_of(text).recommendations is None
    assert "# No recommendations: 0 of 600 items have 5 customers or more" in text
    assert any("no recommendations: 0 of 600" in line for line in summary(proposal))


def test_few_customers_get_no_recommendations():
    events = proposed(content(order_lines(customers=40)))
    assert events.recommendations.settings is None
    assert "40 customers have an item, and 100 are needed" in events.recommendations.reason


def test_visits_have_features_too():
    rows, header = without(LINES, "price", "qty", "product_id", "product_name", "order_id")
    events = proposed(content(rows, header))
    assert events.name == "order_lines"
    names = [line.name for line in events.features if not line.is_comment]
    assert names[:3] == ["last_order_lines", "order_lines_90d", "days_between_order_lines"]
    assert spec_of(propose_alone(events, "visits.csv", "shop")[0]).recommendations is None


def test_flags_have_a_share_since_their_words_are_no_values():
    rows = [[*row[:7], ("Yes", "No")[n % 2], *row[8:]] for n, row in enumerate(LINES)]
    events = proposed(content(rows, HEADER.replace("channel", "is_online")))
    (line,) = [line for line in events.features if line.settings["kind"] == "share"]
    assert (line.settings["by"], line.settings["value"]) == ("is_online", "true")


def test_what_belongs_to_the_customer_is_no_feature_of_events():
    rows = [[*row[:7], f"S{int(row[2][1:]) % 9}", *row[8:]] for row in LINES]
    events = proposed(content(rows, HEADER.replace("channel", "home_store")))
    assert "home_store" in events.unused


def test_names_of_items_are_taken_from_the_events_of_a_file():
    catalogue = proposed(content(LINES), names_items=True).recommendations.catalogue
    assert (catalogue["key"], catalogue["name"]) == ("item", "name")
    assert '"product_name"' in catalogue["query"]
    renamed = [[*row[:6], f"{row[6]} {n}", *row[7:]] for n, row in enumerate(LINES)]
    assert not proposed(content(renamed), names_items=True).recommendations.catalogue


@pytest.mark.parametrize(
    ("names", "rank", "expected"),
    [
        (("product_id", "StockCode", "sku", "track_id"), item_rank, 3),
        (("item_count", "items", "order_item_id", "store_name", "payment_type"), item_rank, 0),
        (("line_total", "amount", "Umsatz", "sales_value"), amount_rank, 3),
        (("discount_amount", "tax", "amount_id", "total_points"), amount_rank, 0),
    ],
)
def test_names_tell_items_and_amounts(names, rank, expected):
    assert {name: rank(name) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    ("names", "amount"),
    [
        ("lineid,orderid,customerid,orderdate,shipdate,productid,productname,shop", "linetotal"),
        ("Zeilennr,Bestellnr,Kundennr,Datum,Lieferdatum,Artikelnr,Bezeichnung,Ort", "Gesamtpreis"),
        ("l,order,klantnummer,besteldatum,ship_date,artikelnummer,naam,winkel", "totaal"),
        ("l,pedido_id,visitor_id,data_pedido,ship_date,produto_id,nome,loja", "valor_total"),
        ("l,order,Loyalty Card,Date,Ship Date,Item Code,Item Desc,Store", "Net Sales"),
    ],
)
def test_names_of_one_word_and_of_other_languages(names, amount):
    names = names.split(",")
    roles = roles_of(content(LINES, ",".join([*names, amount, "orderqty"])))
    assert roles["customer"] == names[2]
    assert roles["at"] == names[3]
    assert roles["item"] == names[5]
    assert (roles["amount"], roles["quantity"]) == (amount, "orderqty")


@pytest.mark.parametrize("customer", ["customer_id", "customer_email", "who"])
def test_a_quantity_is_no_customer_though_its_numbers_are_keys_of_some(customer):
    keys = read_csv(people(), Roles("number")).column("key", "number")
    header = HEADER.replace("customer_id", customer)
    with pytest.raises(InferenceError, match="the nearest, ") as refused:
        read_events(content(LINES, header), keys)
    assert "'qty', in" not in str(refused.value)


def test_money_that_leaves_an_account_is_turned_and_doubts_are_told():
    place = HEADER.split(",").index("price")
    rows = [[*row[:place], f"-{row[place]}", row[place + 1]] for row in LINES]
    rows = [[*row, "AB"[n % 2], "xyz"[n % 3]] for n, row in enumerate(rows)]
    events = proposed(content(rows, f"{HEADER.replace('price', 'amount')},currency,status"))
    assert events.relation["query"].startswith('select *, -"amount" as line_amount from')
    assert events.roles.amount.column == "line_amount"
    assert "mostly negative" in events.reasons["query"]
    told = " ".join(events.notes)
    assert "column 'currency' has 2 values: amounts in all of them are added" in told
    assert "column 'status' may say that an event was cancelled" in told
