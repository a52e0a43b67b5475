"""The time of an event in two columns or in a number, and amounts that count units."""

from datetime import datetime, timedelta

import numpy as np
import pytest
import yaml

from kindred.errors import InferenceError
from kindred.infer.event_proposal import propose_events
from kindred.infer.event_roles import find_customer
from kindred.infer.files import read_events
from kindred.infer.proposal import Evidence
from kindred.infer.propose import propose_alone
from kindred.infer.typed_values import stored_column
from kindred.spec.model import spec_from_dict

ROWS = 1_200
RNG = np.random.default_rng(4)
MOMENTS = [
    datetime(2024, 1, 1) + timedelta(minutes=int(minute))
    for minute in RNG.integers(0, 400 * 1440, ROWS)
]
CUSTOMERS = RNG.integers(100, 220, ROWS).tolist()
ITEMS = (RNG.integers(0, 15, ROWS) + 15 * (np.array(CUSTOMERS) % 2)).tolist()


def proposed(**columns):
    """What is proposed of a table, and the time of each row that it computes."""
    stored = {"customer_id": ("bigint", CUSTOMERS), "product_id": ("integer", ITEMS), **columns}
    evidence = Evidence(
        [stored_column(name, kind, values) for name, (kind, values) in stored.items()],
        table_rows=ROWS,
    )
    found = propose_events("shop.lines", evidence, find_customer(evidence, None))
    text, _ = propose_alone(found, "lines", "shop")
    spec_from_dict({"space": "shop", **yaml.safe_load(text)}, where="test")
    return found, text


def written(form, number=int):
    return [number(moment.strftime(form)) for moment in MOMENTS]


DAYS = {
    "a date": ("order_date", "date", written("%Y-%m-%d", str), '"order_date" +'),
    "text": ("order_date", "text", written("%Y-%m-%d", str), "btrim(\"order_date\"), '')::date +"),
    "midnights": (
        "day",
        "timestamp without time zone",
        written("%Y-%m-%d 00:00:00", str),
        "::date",
    ),
    "yyyymmdd": ("order_date", "integer", written("%Y%m%d"), '"order_date" / 10000 % 10000'),
    "yymmdd": ("order_date", "integer", written("%y%m%d"), "then 2000 else 1900"),
    "ddmmyy": ("order_dt", "text", written("%d%m%y", str), "then 2000 else 1900"),
}
TIMES = {
    "a time": ("order_time", "time without time zone", written("%H:%M:%S", str), 'coalesce("order'),
    "text": ("order_time", "character varying", written("%H:%M", str), "::time, time '00:00')"),
    "half days": ("at_clock", "text", written("%I:%M %p", str), "::time, time '00:00')"),
    "hhmm": ("trans_time", "smallint", written("%H%M"), "make_time(("),
    "hhmmss": ("trans_time", "integer", written("%H%M%S"), "make_time(("),
    "an hour": ("hour_of_day", "integer", written("%H"), "make_time(("),
}


@pytest.mark.parametrize(
    ("day", "time"), [*((day, "a time") for day in DAYS), *(("a date", time) for time in TIMES)]
)
def test_a_date_and_a_time_of_the_day_are_joined_by_a_query(day, time):
    (day_name, day_type, days, of_day), (time_name, time_type, times, of_time) = (
        DAYS[day],
        TIMES[time],
    )
    found, text = proposed(**{day_name: (day_type, days), time_name: (time_type, times)})
    query = found.relation["query"]
    assert query.endswith(' as happened_at from "shop"."lines"')
    assert of_day in query
    assert of_time in query
    assert found.roles.at.column == "happened_at"
    assert f"{day_name!r} is the day and {time_name!r} the time of the day" in text
    assert "source_timezone: UTC" in text
    assert not {day_name, time_name} & set(found.unused)
    shown = "%H:00" if time == "an hour" else "%H:%M"
    assert f"{len(set(written(f'%Y%m%d{shown}', str))):,} distinct" in found.roles.at.reason


@pytest.mark.parametrize("day", ["yyyymmdd", "yymmdd", "ddmmyy", "text"])
def test_a_date_that_is_no_date_by_its_type_is_read_by_a_query(day):
    name, kind, days, of_day = DAYS[day]
    found, text = proposed(
        **{
            name: (kind, days),
            "loaded": ("timestamp with time zone", ["2025-12-01 00:00:00+00"] * ROWS),
        }
    )
    assert of_day.removesuffix(" +") in found.relation["query"]
    assert found.roles.at.column == "happened_at"
    assert "source_timezone" not in text
    assert f"{len(set(days)):,} distinct" in found.roles.at.reason


def test_a_time_that_differs_needs_no_other():
    found, _ = proposed(
        ordered_at=("timestamp without time zone", written("%Y-%m-%d %H:%M:%S", str)),
        pickup_time=("time without time zone", written("%M:%S:00".replace("%M", "%H"), str)),
    )
    assert (found.relation["table"], found.roles.at.column) == ("shop.lines", "ordered_at")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        # From 01.01.01 to 03.03.03, in any order.
        (
            "order_date",
            [10_101 + 10_000 * (n % 3) + 100 * (n // 3 % 3) + n // 9 for n in range(27)],
        ),
        ("order_date", list(range(27))),
    ],
)
def test_what_only_may_be_a_date_is_said(name, values):
    with pytest.raises(InferenceError, match=r"'order_date' may be by the name.*to_date\("):
        proposed(**{name: ("integer", values * (ROWS // 27) + values[: ROWS % 27])})


def test_numbers_that_look_like_dates_are_items_where_a_time_is_there():
    found, _ = proposed(
        ordered_at=("timestamp with time zone", written("%Y-%m-%d %H:%M:%S+00", str)),
        sku=("integer", written("%y%m%d")),
    )
    assert found.roles.at.column == "ordered_at"
    assert "table" in found.relation


HEADER = (
    "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,"
    "SALES_PRICE"
)


def lines(amounts, *, is_total=True, header=HEADER):
    """A file of transactions as retailers publish them; a price is 13 to 195."""
    rows = [header]
    for moment, customer, item, amount in zip(MOMENTS, CUSTOMERS, ITEMS, amounts, strict=True):
        price = 13 * (item % 15 + 1) * (amount if is_total else 1)
        values = (f"{moment:%m/%d/%Y}", f"{customer:08}", "K" if customer % 3 else "B", 115)
        values += (100_100 + item // 3, 4_710_000_000_000 + item, amount, price - 3, price)
        rows.append(",".join(map(str, values)))
    return "\n".join(rows).encode()


UNITS = RNG.choice([1, 1, 1, 1, 2, 2, 3, 6, 12], ROWS).tolist()


@pytest.mark.parametrize("is_total", [True, False])
def test_small_whole_amounts_beside_a_price_are_units(is_total):
    evidence, customer = read_events(lines(UNITS, is_total=is_total), None)
    found = propose_events("public.lines", evidence, customer)
    roles = {role: choice.column for role, choice in found.roles.choices}
    assert (roles["quantity"], roles["item"], roles["at"]) == (
        "AMOUNT",
        "PRODUCT_ID",
        "TRANSACTION_DT",
    )
    text, _ = propose_alone(found, "lines", "shop")
    assert "# units, whatever its name: whole numbers up to 20 in 100% of the rows" in text
    assert "column 'AMOUNT' counts units, whatever its name" in "".join(found.notes)
    if is_total:
        assert roles["amount"] == "SALES_PRICE"
    else:
        assert '"SALES_PRICE" * "AMOUNT" as' in found.relation["query"]


def test_money_in_whole_numbers_stays_an_amount():
    evidence, customer = read_events(lines([100 * unit for unit in UNITS], is_total=False), None)
    roles = propose_events("public.lines", evidence, customer).roles
    assert roles.amount.column == "AMOUNT"
    assert roles.quantity is None
    no_price = lines(UNITS, header=HEADER.replace("SALES_PRICE", "MARGIN"))
    evidence, customer = read_events(no_price, None)
    assert propose_events("public.lines", evidence, customer).roles.amount.column == "AMOUNT"
