"""Strings to types: a type is taken only where every value fits it."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from kindred.infer.column_reader import AMBIGUOUS, AMBIGUOUS_NUMBERS
from kindred.infer.columns import SqlType
from kindred.infer.typed_values import read_key, stored_column
from unit.text_columns import text_column, typed, values_of

TYPES = {
    "integers": (["1", " -2 ", "+3", ""], SqlType.BIGINT, [1, -2, 3, None]),
    "the largest integer": ([str(2**63 - 1), "0"], SqlType.BIGINT, [2**63 - 1, 0]),
    "more digits than that": ([str(2**63), "1"], SqlType.TEXT, [str(2**63), "1"]),
    "whole floats": (["1.0", "2.", "NaN"], SqlType.BIGINT, [1, 2, None]),
    "floats": (["1.5", "2", ".5", "1e3"], SqlType.DOUBLE, [1.5, 2.0, 0.5, 1000.0]),
    "thousands": (["1,234.50", "12", "1,234,567"], SqlType.DOUBLE, [1234.5, 12.0, 1234567.0]),
    "decimal commas": (["1234,50", "12", "1.234,5"], SqlType.DOUBLE, [1234.5, 12.0, 1234.5]),
    "one comma of both kinds": (["1,234.5", "1,5"], SqlType.TEXT, ["1,234.5", "1,5"]),
    "codes": (["01234", "5678"], SqlType.TEXT, ["01234", "5678"]),
    "yes and no": (["Yes", "no", "", "N/A"], SqlType.BOOLEAN, [True, False, None, None]),
    "t and f": (["t", "F"], SqlType.BOOLEAN, [True, False]),
    "only no": (["no", "no"], SqlType.TEXT, ["no", "no"]),
    "zeros and ones": (["0", "1"], SqlType.BIGINT, [0, 1]),
    "dates": (["2012-09-04", "?"], SqlType.DATE, [date(2012, 9, 4), None]),
    "days first": (
        ["31/12/2020", "01/02/2020"],
        SqlType.DATE,
        [date(2020, 12, 31), date(2020, 2, 1)],
    ),
    "months first": (
        ["12/31/2020", "1/2/2020"],
        SqlType.DATE,
        [date(2020, 12, 31), date(2020, 1, 2)],
    ),
    "dots": (["31.12.2020", "1.2.2020"], SqlType.DATE, [date(2020, 12, 31), date(2020, 2, 1)]),
    "times": (
        ["2020-01-02 03:04", "2020-01-02T03:04:05.5"],
        SqlType.TIMESTAMP,
        [datetime(2020, 1, 2, 3, 4), datetime(2020, 1, 2, 3, 4, 5, 500_000)],
    ),
    "times with zones": (
        ["2020-01-02T03:04:05Z", "2020-01-02 03:04:05+01:00"],
        SqlType.TIMESTAMPTZ,
        [
            datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
            datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
        ],
    ),
    "a day that is none": (
        ["2020-02-30", "2020-02-01"],
        SqlType.TEXT,
        ["2020-02-30", "2020-02-01"],
    ),
    "no value": (["", " ", "NA"], SqlType.TEXT, [None, None, None]),
    "texts keep NA": (["NA", "north", " "], SqlType.TEXT, ["NA", "north", None]),
}


@pytest.mark.parametrize("case", TYPES)
def test_type_and_values(case):
    texts, sql_type, expected = TYPES[case]
    column = typed("column", texts)
    assert (column.type, values_of(column)) == (sql_type, expected)


def test_na_tokens_are_counted():
    column = typed("age", ["33", "NA", "?", "", "41"])
    assert column.notes == ("2 tokens such as NA are null",)
    np.testing.assert_array_equal(
        column.of_rows(column.numbers, np.nan), [33, np.nan, np.nan, np.nan, 41]
    )


def test_what_fits_both_conventions_goes_by_the_rest_of_the_file():
    texts = ["1,234", "2,500"]
    assert values_of(typed("a", texts)) == [1234.0, 2500.0]
    unknown = typed("a", texts, separator=";")
    assert (values_of(unknown), unknown.notes) == (texts, (AMBIGUOUS_NUMBERS,))
    assert values_of(typed("a", texts, ["1,5", "2,25"])) == [1.234, 2.5]
    assert typed("a", texts).notes == ("written with thousands as in 1,234.5",)


def test_a_column_of_numbers_with_a_few_others_stays_numeric_as_text():
    texts = [str(number) for number in range(1000)] + ["many"] * 9 + ["NA", ""]
    column = typed("amount", texts)
    assert column.type == SqlType.TEXT
    assert column.odd == 9
    assert values_of(column)[-11:] == ["many"] * 9 + [None, None]
    assert values_of(column)[:2] == ["0", "1"]
    assert np.nansum(column.numbers) == 499_500


def test_a_number_in_a_mixed_column_is_stored_so_that_it_can_be_read():
    texts = ["1,234.5"] * 200 + ["12"] * 100 + ["some"]
    column = typed("amount", texts)
    assert set(column.values.to_pylist()) == {"1234.5", "12", "some"}


def test_more_than_a_few_others_make_a_text():
    column = typed("size", [str(number) for number in range(100)] + ["big", "small"])
    assert column.numbers is None
    assert column.type == SqlType.TEXT


def test_dates_that_could_be_two_are_no_dates():
    column = typed("joined", ["01/02/2020", "03/04/2020"])
    assert column.type == SqlType.TEXT
    assert column.notes == (AMBIGUOUS,)


@pytest.mark.parametrize("text", ["2020/03/31", "31 Mar 2020", "31-Mar-2020", "March 31, 2020"])
def test_other_ways_to_write_a_date(text):
    column = typed("a", [text, ""])
    assert (column.type, values_of(column)) == (SqlType.DATE, [date(2020, 3, 31), None])
    column = typed("a", [f"{text} 23:59"])
    expected = (SqlType.TIMESTAMP, [datetime(2020, 3, 31, 23, 59)])
    assert (column.type, values_of(column)) == expected


def test_nanoseconds_are_cut():
    column = typed("a", ["2020-01-02 03:04:05.123456789"])
    assert values_of(column) == [datetime(2020, 1, 2, 3, 4, 5, 123_456)]


UUID = "0e37df36-f698-11e6-8dd4-cb9ced3df976"


@pytest.mark.parametrize(
    ("texts", "key_type", "values"),
    [
        (["7", "-2", ""], "bigint", [7, -2, None]),
        (["007", "8"], "text", ["007", "8"]),
        ([UUID, UUID.upper()], "uuid", [UUID, UUID.upper()]),
        (["NA", "7590-VHVEG"], "text", ["NA", "7590-VHVEG"]),
        ([str(2**63), "1"], "text", [str(2**63), "1"]),
        (["", ""], "text", [None, None]),
    ],
)
def test_keys(texts, key_type, values):
    column = read_key(text_column("id", texts))
    assert (column.type, values_of(column)) == (key_type, values)


def test_a_stored_text_is_a_number_only_where_kindred_can_read_it_so():
    plain = stored_column("a", "text", [" 12 ", "1.5", "", None])
    np.testing.assert_array_equal(plain.numbers, [12, 1.5])
    assert values_of(plain) == [" 12 ", "1.5", None, None]
    for texts in (["1,234.5", "2"], ["NA", "2"], ["01234", "5"], ["", None]):
        assert stored_column("a", "text", texts).numbers is None


def test_a_stored_text_of_dates_is_dated_and_what_is_none_is_odd():
    texts = [f"2021-03-{1 + n % 28:02d}T10:11:12Z" for n in range(200)]
    column = stored_column("a", "character varying", [*texts, "soon", None])
    assert (column.is_dated, column.odd, column.nulls) == (True, 1, 1)
    assert column.times[0] == np.datetime64("2021-03-01T10:11:12")
    assert not stored_column("a", "text", [*texts[:50], "soon"]).is_dated
    assert not stored_column("a", "text", ["1.3.2021"] * 50).is_dated


def test_stored_numbers_without_an_end_are_none():
    column = stored_column("a", "double precision", [float("inf"), 1.0, None])
    np.testing.assert_array_equal(column.numbers, [np.nan, 1])
