"""Columns that are no feature, codes that are no amounts, and values that mean 'missing'."""

from datetime import date

import numpy as np
import pytest

from kindred.errors import InferenceError
from kindred.infer.files import read_csv
from kindred.infer.kinds import Use, decide
from kindred.infer.proposal import Roles, propose
from kindred.infer.typed_values import stored_column
from unit.text_columns import typed, values_of

ROWS = 600
RNG = np.random.default_rng(11)


def with_check_digit(digits):
    doubled = [int(d) * (2 - n % 2) for n, d in enumerate(reversed(digits))]
    return f"{digits}{-sum(d - 9 * (d > 9) for d in doubled) % 10}"


CARDS = [with_check_digit(str(number)) for number in RNG.integers(4 * 10**14, 5 * 10**14, ROWS)]
DIGITS = [f"{number}" for number in RNG.integers(33_600_000_000, 33_799_999_999, ROWS)]
IDENTIFIERS = {
    "mail addresses": ("contact", [f"p{n}@x.example" for n in range(ROWS)], "e-mail addresses"),
    "web addresses": ("page", [f"https://x.example/{n}?q" for n in range(ROWS)], "web addresses"),
    "IPv4": ("host", [f"10.{n % 250}.{n // 250}.7" for n in range(ROWS)], "IP addresses"),
    "IPv6": ("host", [f"fe80::{n:x}:1" for n in range(ROWS)], "IP addresses"),
    "MAC": ("mac", [f"0e:ca:77:c5:{n // 256:02x}:{n % 256:02x}" for n in range(ROWS)], "MAC addr"),
    "hashes": ("fingerprint", [f"{n:032x}" for n in range(ROWS)], "hashes"),
    "JSON": ("payload", [f'{{"u": {n}, "t": "a;b\\n"}}' for n in range(ROWS)], "JSON, 600"),
    "lists": ("tags", [f"[0, {n}]" for n in range(ROWS)], "JSON, 600 distinct of 600: turn what"),
    "HTML": ("note", [f'<p class="x">{n}</p>' for n in range(ROWS)], "HTML or XML, 600"),
    "UUIDs": ("token", [f"{n:08x}-0000-4000-8000-000000000000" for n in range(ROWS)], "UUIDs"),
    "IBANs": ("bank", [f"DE12 5001 0517 0648 {n:04d} 90" for n in range(ROWS)], "IBANs"),
    "cards as digits": ("payment", CARDS, "card numbers"),
    "cards in groups": ("payment", [f"{c[:4]} {c[4:8]} {c[8:]}" for c in CARDS], "card numbers"),
    "phones as text": ("contact", [f"+{d[:2]} {d[2:7]}-{d[7:]}" for d in DIGITS], "phone numbers"),
    "phones by name": ("Tel", [f"{d[2:5]}/{d[5:]}" for d in DIGITS], "phone numbers"),
    "phones as digits": ("mobile_phone", DIGITS, "phone numbers"),
    "account numbers": ("reference", DIGITS, "whole numbers of 11 digits"),
    "accounts": ("account", [d[-8:] for d in DIGITS if d[-8] > "0"][:500], "numbers of things"),
    "accounts in German": (
        "Kontonummer", [str(7_000_000 + n) for n in RNG.permutation(10**6)[:ROWS]],
        "numbers of things",
    ),
    "staff of France": (
        "matricule", [str(9_000 + n) for n in RNG.permutation(9**5)[:ROWS]], "numbers of things"
    ),
    "row numbers with gaps": (
        "n", [str(n) for n in np.cumsum(RNG.integers(1, 9, ROWS))], "in the order of the rows"
    ),
    "shuffled numbers with gaps": (
        "n", [str(n) for n in RNG.permutation(900)[:ROWS]], "none twice, 67% of their range"
    ),
    "unique codes": ("sku_code", [str(n) for n in RNG.permutation(10**6)[:ROWS]], "codes by name"),
}  # fmt: skip


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_identifiers_are_left_out(case):
    name, texts, reason = IDENTIFIERS[case]
    decision = decide(typed(name, texts))
    assert decision.use is Use.IGNORE, decision
    assert reason in decision.reason
    assert not any(text in decision.reason for text in texts[:5] if len(text) > 3)


NO_IDENTIFIERS = {
    "sorted incomes": [str(n) for n in sorted(RNG.permutation(10**6)[:ROWS])],
    "scattered incomes": [str(n * 7 + 1000) for n in RNG.permutation(ROWS)],
    "amounts of nine digits": [str(int(n)) for n in np.exp(RNG.normal(20, 1, ROWS))],
}


@pytest.mark.parametrize("case", NO_IDENTIFIERS)
def test_amounts_are_no_identifiers(case):
    assert decide(typed("income", NO_IDENTIFIERS[case])).settings.get("kind") == "numeric"


def test_few_addresses_that_repeat_are_categories():
    texts = [f"team{n % 4}@x.example" for n in range(ROWS)]
    assert decide(typed("contact", texts)).settings["kind"] == "categorical"


CODES = {
    "an industry": ("industry_code", RNG.choice([5411, 5812, 7372], ROWS)),
    "SIC": ("sic", RNG.choice([1, 20, 99], ROWS)),
    "a region": ("region", RNG.integers(1, 14, ROWS)),
    "departments of France": ("departement", RNG.integers(1, 96, ROWS)),
    "a kind of shop": ("StoreType", RNG.integers(1, 5, ROWS)),
    "cost centers": ("Kostenstelle", RNG.choice([4200, 5300, 4711], ROWS)),
    "cost centers in English": ("cost center", RNG.choice([4200, 5300, 4711], ROWS)),
    "groups of goods": ("warengruppe", RNG.choice([101, 205, 310], ROWS)),
    "postal codes of India": ("PIN", RNG.choice([560001, 600028, 110001], ROWS)),
    "by behaviour": ("column_7", RNG.choice(RNG.integers(1000, 9999, 25), ROWS)),
}


@pytest.mark.parametrize("case", CODES)
def test_codes_are_categories(case):
    name, numbers = CODES[case]
    decision = decide(typed(name, [str(number) for number in numbers]))
    assert decision.settings.get("kind") == "categorical", decision.reason
    assert "codes" in decision.reason, decision.reason


AMOUNTS = {
    "credit limits": ("limit", RNG.choice(np.arange(1000, 9999, 500), ROWS)),
    "prices": ("price", RNG.choice([1299, 1499, 1999, 2499, 4999, 7999, 9999], ROWS)),
    "pay grades": ("salary", RNG.choice(RNG.integers(1000, 9999, 25), ROWS)),
    "incomes of cities": ("pcinc", RNG.choice(RNG.integers(14_000, 30_000, 25), ROWS)),
    "miles in the city": ("MPG.city", RNG.integers(15, 46, ROWS)),
    "years": ("since", RNG.integers(1950, 2020, ROWS)),
    "sales of a store": ("store_sales", RNG.integers(1, 40, ROWS)),
    "usage of phones": ("mobile_usage", RNG.integers(100_000, 999_999, ROWS)),
    "counts": ("visits", RNG.integers(0, 30, ROWS)),
    "groups of ages": ("age_group", RNG.integers(1, 8, ROWS)),
    "balances of accounts": ("account balance", RNG.permutation(90_000)[:ROWS] + 10_000),
    "accounts of many": ("account", RNG.integers(1000, 1300, ROWS)),
}


@pytest.mark.parametrize("case", AMOUNTS)
def test_amounts_are_no_codes(case):
    name, numbers = AMOUNTS[case]
    decision = decide(typed(name, [str(number) for number in numbers]))
    assert decision.settings.get("kind") == "numeric", decision.reason


AGES = RNG.integers(18, 80, ROWS)
SCORES = RNG.integers(550, 840, ROWS)
SENTINELS = {
    "-1": (AGES, -1),
    "999": (AGES, 999),
    "-999 among decimals": (AGES / 4, -999),
    "9999": (AGES * 10, 9999),
    "99 among children": (RNG.integers(0, 5, ROWS), 99),
    "0 among scores of credit": (SCORES, 0),
    "999 among scores of credit": (SCORES, 999),
}


@pytest.mark.parametrize("case", SENTINELS)
def test_codes_that_stand_clear_are_missing(case):
    numbers, code = SENTINELS[case]
    column = typed("age", [str(n) for n in [*numbers, *[code] * 9]])
    assert values_of(column)[-9:] == [None] * 9
    assert column.known == ROWS
    decision = decide(column)
    assert "9 values that stand clear of all others" in decision.reason
    # The rows of a database stay as they are: it is said, and what to do.
    values = [*numbers.tolist(), *[code] * 9]
    stored = decide(stored_column("age", "double precision", values))
    assert "nullif" in stored.warning
    assert "9 values that stand clear of all others" in stored.reason


def test_nothing_spent_is_an_amount_and_what_many_have_is_no_code():
    assert typed("fee amount", [str(n) for n in [*SCORES, *[0] * 9]]).nulls == 0
    assert typed("fico", [str(n) for n in [*SCORES, *[0] * ROWS]]).nulls == 0
    assert typed("fico", [str(n) for n in [*SCORES, *[0] * 9, *[999] * 9]]).nulls == 18


def test_two_codes_beside_each_other_are_missing():
    column = typed("age", [str(n) for n in [*AGES, *[-1] * 5, *[-999] * 5, *[999] * 5]])
    assert values_of(column)[-15:] == [None] * 15


KEPT = {
    "99 among ages": (AGES, 99),
    "-1 among gains and losses": (RNG.integers(-50, 50, ROWS), -1),
    "-1 on a scale": (RNG.integers(0, 2, ROWS), -1),
    "99 among prices": (RNG.choice([5, 9, 19], ROWS), 99),
    "99 on a scale to 20": (RNG.integers(0, 20, ROWS), 25),
    "0 among marks": (RNG.integers(40, 101, ROWS), 0),
    "a limit that many reach": (RNG.integers(0, 9999, ROWS), 9999),
}


@pytest.mark.parametrize("case", KEPT)
def test_numbers_among_others_stay(case):
    numbers, code = KEPT[case]
    column = typed("value", [str(n) for n in [*numbers, *[code] * 9]])
    assert values_of(column)[-1] == code
    assert column.nulls == 0


def test_one_far_value_is_no_code():
    assert values_of(typed("age", [*map(str, AGES), "999"]))[-1] == 999


DAYS = [f"{2010 + n % 12}-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(ROWS)]


@pytest.mark.parametrize(
    "code", ["9999-12-31", "2999-12-31", "1900-01-01", "0001-01-01", "1970-01-01"]
)
def test_placeholder_dates_are_missing(code):
    column = typed("ends", [*DAYS, *[code] * 90])
    assert set(values_of(column)[-90:]) == {None}
    assert "90 values that stand clear of all others" in decide(column).reason
    stored = decide(stored_column("ends", "date", [*DAYS, *[code] * 90]))
    assert "90 values that stand clear" in stored.reason or stored.use is Use.IGNORE


def test_an_early_birthday_is_none():
    days = [f"{1900 + n % 90}-01-01" for n in range(ROWS)]
    assert min(values_of(typed("birth_date", days))) == date(1900, 1, 1)


def test_an_order_a_row_is_warned_of():
    data = lines().replace(b"order_no", b"line").splitlines()
    data = b"\n".join(
        [data[0], *(b"%d,%b" % (n, b.partition(b",")[2]) for n, b in enumerate(data[1:]))]
    )
    proposal = propose("public.lines", Roles("line"), read_csv(data, Roles("line")))
    (note,) = [note for note in proposal.notes if "transactions" in note]
    assert "60 distinct 'customer_no'" in note
    assert "aggregate" in note


def lines(rows=400, holders=60):
    header = "order_no,customer_no,ordered_at,product,quantity,unit_price"
    made = [
        f"{n // 3},{n * 7 % holders},2024-{1 + n % 12:02d}-{1 + n % 28:02d}T10:{n % 60:02d}:00"
        f",item {n % 17},{1 + n % 5},{n % 83}.5"
        for n in range(rows)
    ]
    return "\n".join([header, *made]).encode()


@pytest.mark.parametrize(
    "roles", [Roles("customer_no", "ordered_at"), Roles("customer_no"), Roles("order_no")]
)
def test_lines_of_orders_are_refused_as_customers(roles):
    with pytest.raises(InferenceError, match=r"looks like transactions: .*aggregate it to one row"):
        propose("public.lines", roles, read_csv(lines(), roles))


def test_versions_with_a_price_are_no_transactions():
    header = "id,changed_at,plan,monthly_price,age,total_spend,order_count"
    made = [
        f"{n // 3},2024-0{1 + n % 3}-01,{'abc'[n % 3]},{9 + n % 3},{20 + n % 50},{n * 3}.5,{n}"
        for n in range(300)
    ]
    roles = Roles("id", "changed_at")
    proposal = propose("public.t", roles, read_csv("\n".join([header, *made]).encode(), roles))
    assert proposal.keeps_versions
    assert proposal.notes == ()
