"""Files as they really come, each with something odd: what is loaded of them, to the last row.

The files lie in ``../shared/cases/files``, or beside the folder that KINDRED_TEST_DATA names.
"""

import csv
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kindred.errors import InferenceError
from kindred.infer.files import read_csv
from kindred.infer.kinds import Use
from kindred.infer.proposal import Roles, propose
from unit.text_columns import values_of

DATA = Path(
    os.environ.get("KINDRED_TEST_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
)
FILES = DATA.parent / "cases" / "files"


def content(name):
    path = FILES / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there; KINDRED_TEST_DATA names the folder beside it")
    return path.read_bytes()


def texts_of(name, column, separator=","):
    rows = csv.DictReader(content(name).decode().splitlines(), delimiter=separator)
    return [row[column] for row in rows]


def proposed(name, roles):
    evidence = read_csv(content(name), roles)
    decisions = {d.column: d for d in propose(f"public.{name}", roles, evidence).decisions}
    return evidence, decisions


def day(text, form="%Y-%m-%d"):
    return datetime.strptime(text, form).replace(tzinfo=UTC).date()


def comma(text):
    return float(text.replace(".", "").replace("\u202f", "").replace(",", "."))


NUMERIC, DATED = "numeric", "date"
# file: separator, key, and for a column what it becomes: kind, type, and the value of each text.
READ = {
    "german_dot_thousands-umsatz": (";", "kunde", NUMERIC, "double precision", comma),
    "german_dot_thousands-kreditrahmen": (";", "kunde", NUMERIC, "bigint", comma),
    "date_utc_suffix-last_login": (
        *(",", "customer_ref", DATED, "timestamp with time zone"),
        lambda text: datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=UTC),
    ),
    "date_yyyymmdd-signup_date": (
        *(",", "customer_ref", DATED, "date"),
        lambda text: day(text, "%Y%m%d"),
    ),
    "date_dmyy-signup_date": (
        *(",", "customer_ref", DATED, "date"),
        lambda text: day(text, "%d.%m.%y"),
    ),
    "date_mixed_one-signup_date": (",", "customer_ref", DATED, "text", str),
    "date_9999_null-valid_to": (
        *(",", "customer_ref", None, "date"),
        lambda text: None if text == "9999-12-31" else day(text),
    ),
    "num_backslash_n-spend": (
        *(",", "customer_ref", NUMERIC, "double precision"),
        lambda text: None if text == "\\N" else float(text),
    ),
    "num_unknown-spend": (
        *(",", "customer_ref", NUMERIC, "double precision"),
        lambda text: float(text) if text[0].isdigit() else None,
    ),
    "num_currency-income": (
        *(",", "customer_ref", NUMERIC, "double precision"),
        lambda text: float(text.replace("$", "").replace(",", "")),
    ),
    "num_percent-open_rate": (
        *(",", "customer_ref", NUMERIC, "double precision"),
        lambda text: float(text.removesuffix("%")),
    ),
    "num_units-weight": (
        *(",", "customer_ref", NUMERIC, "bigint"),
        lambda text: int(text.removesuffix(" kg")),
    ),
    "num_space_thousands-ca": (";", "customer_ref", NUMERIC, "double precision", comma),
    "num_trailing_minus-saldo": (
        *(",", "customer_ref", NUMERIC, "double precision"),
        lambda text: -float(text[:-1]) if text.endswith("-") else float(text),
    ),
    "phone-phone": (",", "customer_ref", None, "text", str),
}


@pytest.mark.parametrize("case", READ)
def test_a_column_of_a_file_is_read(case):
    separator, key, kind, sql_type, meaning = READ[case]
    name, column = case.split("-")
    evidence, decisions = proposed(name, Roles(key))
    found = evidence.column("columns", column)
    expected = [meaning(text) for text in texts_of(name, column, separator)]
    assert (found.type, values_of(found)) == (sql_type, expected)
    assert decisions[column].settings.get("kind") == kind, decisions[column].reason


def test_one_bad_date_among_many_is_refused_alone():
    evidence, decisions = proposed("date_mixed_one", Roles("customer_ref"))
    assert evidence.column("columns", "signup_date").odd == 1
    assert "1 values that are none: their rows will be rejected" in decisions["signup_date"].reason


def test_what_was_read_is_said():
    _, decisions = proposed("date_9999_null", Roles("customer_ref"))
    count = texts_of("date_9999_null", "valid_to").count("9999-12-31")
    assert f"{count} values that stand clear of all others" in decisions["valid_to"].reason
    evidence, decisions = proposed("german_dot_thousands", Roles("kunde"))
    assert (
        "conventions of the file: the decimal sign is a comma, as 1 column shows" in evidence.notes
    )
    evidence, decisions = proposed("num_unknown", Roles("customer_ref"))
    assert "30 tokens such as NA are null" in decisions["spend"].reason
    assert any("missing values are written" in note for note in evidence.notes)


def test_phones_are_left_out_as_text_and_as_digits():
    _, decisions = proposed("phone", Roles("customer_ref"))
    assert decisions["phone"].use is Use.IGNORE
    assert decisions["phone"].reason == "phone numbers: 300 distinct of 300"
    texts = texts_of("phone", "phone")
    lines = [f"{n},{''.join(filter(str.isdigit, text))},{n % 60}" for n, text in enumerate(texts)]
    roles = Roles("id")
    evidence = read_csv(("id,mobile_phone,age\n" + "\n".join(lines)).encode(), roles)
    found = {d.column: d for d in propose("public.phones", roles, evidence).decisions}
    assert found["mobile_phone"].reason == "phone numbers: 300 distinct of 300"


def test_spellings_of_one_city_are_noted():
    _, decisions = proposed("city_case_space", Roles("customer_ref"))
    expected = "5 groups of values differ in case or blanks only, in 300 rows"
    assert decisions["city"].settings["kind"] == "categorical"
    assert expected in decisions["city"].reason
    assert decisions["city"].warning.startswith(expected)


@pytest.mark.parametrize(
    "roles", [Roles("InvoiceNo"), Roles("CustomerID", "InvoiceDate"), Roles("CustomerID")]
)
def test_transactions_are_no_customers(roles):
    evidence = read_csv(content("transactions"), roles)
    with pytest.raises(InferenceError) as caught:
        propose("public.transactions", roles, evidence)
    assert "looks like transactions: " in str(caught.value)
    assert "aggregate it to one row per customer" in str(caught.value)
    assert "declare it as events" in str(caught.value)


def test_numbered_transactions_are_advised_against():
    roles = Roles("row_number")
    proposal = propose("public.lines", roles, read_csv(content("transactions"), roles))
    (note,) = [note for note in proposal.notes if "transactions" in note]
    assert "declare it as events" in note


def test_transactions_have_the_dates_of_the_united_states():
    column = read_csv(content("transactions"), Roles("row_number")).column("columns", "InvoiceDate")
    expected = [
        datetime.strptime(text, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
        for text in texts_of("transactions", "InvoiceDate")
    ]
    assert [value.replace(tzinfo=UTC) for value in values_of(column)] == expected
    assert min(expected).date() < date(2011, 1, 1)


def read(name):
    evidence = read_csv(content(name), Roles("row_number"))
    columns = {column.name: values_of(column) for column in evidence.columns[1:]}
    return columns, "\n".join(evidence.notes)


def test_totals_comments_and_counts_are_no_customers():
    columns, notes = read("footer_total_comment")
    assert columns["customer_ref"] == [f"C{number}" for number in range(1000, 1300)]
    assert columns["age"][:3] == [23, 41, 48]
    assert set(columns["city"]) == {"Paris", "Lille", "Lyon", "Nice", "Nantes"}
    assert columns["spend"][-1] == 293.96
    assert "left out, a page break: line 102" in notes
    assert "left out, a total: line 303" in notes
    assert "left out, a row count: line 304" in notes


USUAL = ["customer_ref", "age", "city", "spend"]
# file: the names of its columns, its first row, and a note on what is odd about it.
ODD = {
    "cp1251": (
        ["клиент", "возраст", "город", "сумма"],
        ["C1000", 23, "Казань", 103.01],
        "read as Windows-1251 (cp1251)",
    ),
    "title_line": (
        USUAL,
        ["C1000", 23, "Paris", 103.01],
        "line 1 before the header, a title or a comment: left out",
    ),
    "space_after_comma": (USUAL, ["C1000", 23, "Paris, FR", 103.01], ""),
    "zero_width": (
        USUAL,
        ["C1000", 23, "Paris", 103.01],
        r"column 2 is named 'age': the file says 'age\u200b', which has invisible characters",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_read_and_what_is_odd_is_said(name):
    names, first, said = ODD[name]
    columns, notes = read(name)
    assert list(columns) == names
    assert [values[0] for values in columns.values()] == first
    assert {len(values) for values in columns.values()} == {300}
    assert said in notes


def test_long_names_are_shown_with_what_the_file_calls_them():
    question = "How satisfied are you with the overall service quality in the last quarter: "
    columns, notes = read("long_header")
    assert [values[0] for values in columns.values()] == ["C1000", 5, 1, 1]
    for number, answer in enumerate(("store", "online", "phone"), start=2):
        name = list(columns)[number - 1]
        assert len(name.encode()) <= 63
        assert f"column {number} is named {name!r}: the file says {question + answer!r}" in notes
