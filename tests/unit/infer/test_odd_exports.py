"""Ordinary exports of other programs and countries, which failed when they were first tried."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kindred.errors import InferenceError
from kindred.infer.files import read_csv
from kindred.infer.kinds import Use, decide
from kindred.infer.proposal import Roles, propose
from kindred.infer.reading import read_table
from unit.read_tables import values
from unit.text_columns import typed, values_of

HEADER = "ref,city,age,spend,since"
ROWS = [
    f"C{n},{'Lyon' if n % 3 else 'Nice'},{20 + n % 50},{n * 7 % 91}.5,2024-0{1 + n % 9}-11"
    for n in range(60)
]

ABOVE = {
    "a padded title of two cells": ["Report,,,,", "As of:,2026-01-31,,,", ",,,,"],
    "the settings of a program": ["EXTF,700,16,,,20260101,4,,,"],
    "names of groups": [",Customer,,Sales,"],
    "names of groups, repeated": ["Customer,Customer,Customer,Sales,Sales"],
}
BELOW = {
    "dashes": ["---,----,---,-----,-----"],
    "descriptions, types and units": [
        "Number,City,Age of customer,Total spend,First order",
        "text,text,integer,numeric,date",
        ",,years,EUR,",
    ],
    "ids of questions": [
        "Number,City?,How old?,How much?,When?",
        ",".join(f'"{{""ImportId"":""QID{n}""}}"' for n in range(5)),
    ],
}


@pytest.mark.parametrize("case", [*ABOVE, *BELOW])
def test_lines_beside_the_header_are_no_customers(case):
    lines = [*ABOVE.get(case, []), HEADER, *BELOW.get(case, []), *ROWS]
    evidence = read_csv("\n".join([*lines, ""]).encode(), Roles("ref"))
    assert [column.name for column in evidence.columns] == HEADER.split(",")
    assert values_of(evidence.column("columns", "ref")) == [f"C{n}" for n in range(60)]
    assert evidence.column("columns", "age").type == "bigint"
    assert "left out" in "\n".join(evidence.notes)


def test_a_header_with_few_names_stays():
    table = read_table(",".join(["a", "b", "", "", ""]).encode() + b"\n1,2,3,4,5\n2,3,4,5,6\n")
    assert table.names[:2] == ["a", "b"]


@pytest.mark.parametrize("form", ['="{}"', '"=""{}"""', "'{}"])
def test_texts_of_a_spreadsheet_are_unwrapped(form):
    numbers = [f"{n:05d}" for n in range(40)]
    lines = ["ref,x", *(f"{form.format(number)},{number[-1]}" for number in numbers)]
    table = read_table("\n".join([*lines, ""]).encode())
    assert values(table, "ref") == numbers
    assert "column 'ref': values are written as texts of a spreadsheet" in "\n".join(table.notes)


@pytest.mark.parametrize("zones", [("EST", "CST", "PST"), ("CST", "MDT")])
def test_central_time_beside_other_zones_of_the_united_states(zones):
    texts = [f"2024-01-{1 + n % 28:02d} 10:00 {zones[n % len(zones)]}" for n in range(60)]
    column = typed("created", texts)
    expected = datetime(2024, 1, 1 + zones.index("CST"), 16, tzinfo=UTC)
    assert values_of(column)[zones.index("CST")] == expected


def test_times_of_a_zone_of_the_united_states_without_summer_time():
    found = values_of(typed("created", ["01/31/2024 9:06 AM ET", "07/31/2024 9:06 AM ET"] * 20))
    assert [moment.hour for moment in found[:2]] == [14, 13]


DAY = date(2024, 7, 1)
DATES = {
    "1er juillet 2024": DAY,
    "1 lipca 2024": DAY,
    "1 października 2024": date(2024, 10, 1),
    "1 июля 2024 г.": DAY,  # noqa: RUF001
    "2024年7月1日": DAY,
    "2024年7月1日 9時05分": datetime(2024, 7, 1, 9, 5),
    "01.07.2024 09:05 Uhr": datetime(2024, 7, 1, 9, 5),
    "01/07/2024 à 09:05": datetime(2024, 7, 1, 9, 5),
    "2024.07.01.": DAY,
    "2024. 7. 1.": DAY,
    "1. 7. 2024": DAY,
    "01JUL2024:09:05:00": datetime(2024, 7, 1, 9, 5),
    "20240701 09:05:00": datetime(2024, 7, 1, 9, 5),
}


@pytest.mark.parametrize("text", DATES)
def test_dates_of_other_countries(text):
    assert values_of(typed("when", [text, text], ["31/12/2024"] * 2)) == [DATES[text]] * 2


def test_months_without_a_sign_are_dates_by_name():
    texts = [f"{2015 + n // 12}{1 + n % 12:02d}" for n in range(60)]
    column = typed("signup_month", texts)
    assert (column.type, values_of(column)[13]) == ("date", date(2016, 2, 1))
    assert "written as YYYYMM" in column.notes
    assert typed("spend", texts).type == "bigint"
    assert typed("month", [str(200_013 + n) for n in range(60)]).type == "bigint"


def test_a_mantissa_has_no_thousands():
    assert values_of(typed("x", ["6,179E+03", "2,212E+03"])) == [6179.0, 2212.0]


def test_yen_are_money():
    assert values_of(typed("x", ["1,234円", "12,345円"], ["1.5"])) == [1234, 12345]


MIXED = {
    "several currencies": ([f"{'$€'[n % 2]}{n}.50" for n in range(60)], "several currencies"),
    "several units": ([f"{n + 100} {('kg', 'g')[n % 2]}" for n in range(60)], "or units"),
    "durations": ([f"{n % 7}:{n:02d}:{n % 59:02d}" for n in range(60)], "or durations"),
    "a zone of several": ([f"2024-05-0{1 + n % 9} 10:{n:02d} CST" for n in range(60)], "zone CST"),
}


@pytest.mark.parametrize("case", MIXED)
def test_what_cannot_be_compared_is_warned_of(case):
    texts, warning = MIXED[case]
    decision = decide(typed("x", texts))
    assert decision.use is Use.IGNORE
    assert warning in decision.warning


def test_streets_are_no_units():
    texts = [f"{n} {('Oak', 'Elm', 'Ash')[n % 3]}" for n in range(60)]
    assert decide(typed("x", texts)).warning == ""


def test_texts_without_letters_are_no_free_text():
    texts = [f"{n % 41}.{n % 7} ± 0.{n % 97}" for n in range(400)]
    assert decide(typed("x", texts)).use is Use.IGNORE


def test_codes_with_a_point_are_categories():
    texts = [("62.01", "47.11", "10.10")[n % 3] for n in range(90)]
    assert decide(typed("industry_code", texts)).settings["kind"] == "categorical"
    assert decide(typed("growth", texts)).settings["kind"] == "numeric"


@pytest.mark.parametrize(
    ("code", "is_missing"), [("-99999", True), ("9999999.99", True), ("-1", False)]
)
def test_codes_beside_negative_numbers(code, is_missing):
    texts = [code if n % 10 == 0 else f"{(n - 150) / 500:.3f}" for n in range(300)]
    assert (typed("balance", texts).nulls == 30) is is_missing


def lines_of(*columns):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        ",".join(
            [f"u{n * 7 % 60}", (start + timedelta(hours=n)).isoformat(), *(c(n) for c in columns)]
        )
        for n in range(400)
    ]
    return rows


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("event", lambda n: ("click", "view", "login")[n // 60 % 3]),
        ("revenue", lambda n: f"{n * 3}.5"),
    ],
)
def test_a_log_and_a_panel_are_no_customers(name, made):
    text = "\n".join([f"user_id,time,{name}", *lines_of(made)])
    roles = Roles("user_id")
    with pytest.raises(InferenceError, match="declare it as events"):
        propose("public.t", roles, read_csv(text.encode(), roles))


@pytest.mark.parametrize(
    ("first", "last"), [(1940, 2001), (1960, 1999), (1990, 2026), (2015, 2040)]
)
def test_two_digit_years_of_people_and_of_contracts(first, last):
    days = [date(first + n * 7 % (last - first + 1), 1 + n % 12, 1 + n % 28) for n in range(300)]
    assert values_of(typed("x", [day.strftime("%d.%m.%y") for day in days])) == days


def test_units_of_japan():
    assert values_of(typed("x", [f"{n}歳" for n in range(20, 60)])) == list(range(20, 60))


@pytest.mark.parametrize("marker", ["brak", "N/C", "néant", "不明", ".A", "não informado"])
def test_missing_in_other_languages(marker):
    assert typed("x", [marker, *map(str, range(60))]).nulls == 1


def test_padded_amounts_have_signs_and_codes_have_none():
    texts = [f"{n * 37:08d}{'-' if n % 9 == 0 else ' '}" for n in range(90)]
    assert values_of(typed("x", texts))[9:11] == [-333, 370]
    assert values_of(typed("x", [f"+{n:04d}" for n in range(90)])) == list(range(90))
    assert typed("x", [text.strip("- ") for text in texts]).type == "text"


def test_padded_numbers_are_no_phones():
    decision = decide(typed("credit", [f"{n * 7919 % 10**6:09d}" for n in range(300)]))
    assert "phone" not in decision.reason


def test_ids_of_companies_are_no_amounts():
    texts = [str(n * 7919 % 10**6) for n in range(300)]
    assert decide(typed("Associated Company IDs", texts)).use is Use.IGNORE


def test_decades_are_no_texts_of_a_spreadsheet():
    table = read_table("\n".join(["ref,x", *(f"{n},'{n % 3 + 7}0s" for n in range(40))]).encode())
    assert values(table, "x")[:2] == ["'70s", "'80s"]


def test_a_household_of_customers_is_no_receipt():
    lines = ["ref,email,joined,total_spend,orders"]
    lines += [f"C{n},h{n % 90}@x.org,2024-01-{1 + n % 28:02d},{n}.5,{n % 7}" for n in range(300)]
    roles = Roles("ref")
    proposal = propose("public.t", roles, read_csv("\n".join(lines).encode(), roles))
    assert not [note for note in proposal.notes if "transactions" in note]
