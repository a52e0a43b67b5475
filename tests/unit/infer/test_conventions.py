"""What a column is read as by the evidence of the whole file, and what stays unclear."""

from datetime import UTC, date, datetime

import pytest

from kindred.infer.column_reader import AMBIGUOUS, AMBIGUOUS_NUMBERS, DISPUTED_NUMBERS
from kindred.infer.columns import SqlType
from kindred.infer.conventions import read_conventions
from kindred.infer.kinds import decide
from kindred.infer.markers import ALWAYS
from kindred.infer.typed_values import read_column
from unit.text_columns import MARKERS, text_column, typed, values_of

COMMAS = ["429,15", "256,38", "7,5"]
DOTS = ["429.15", "256.38", "7.5"]

NUMBERS = {
    "a dot is for thousands where others have a comma": (["1.001", "117"], COMMAS, [1001, 117]),
    "and for decimals where others have one": (["1.001", "117"], DOTS, [1.001, 117]),
    "a comma is for decimals where others have one": (["1,001", "117"], COMMAS, [1.001, 117]),
    "a zero before it shows a decimal sign": (["0,512", "1,001"], [], [0.512, 1.001]),
    "two of them show thousands": (["1.234.567", "1.001"], [], [1_234_567, 1001]),
    "spaces": (["10 301,00", "1\u00a0001,5", "1\u202f001"], [], [10301.0, 1001.5, 1001.0]),
    "apostrophes": (["1'234.50", "CHF 1\u2019000.-"], [], [1234.5, 1000.0]),
    "lakhs": (["12,34,567.00", "1,00,000.5"], [], [1_234_567.0, 100_000.5]),
    "a currency before": (["$3,811.37", "-$5.00", "$-1.5", "7"], [], [3811.37, -5.0, -1.5, 7.0]),
    "a currency after": (["3.811,37 €", "0 €"], [], [3811.37, 0.0]),
    "a code": (["EUR 1.234,50", "EUR -2,00"], [], [1234.5, -2.0]),
    "percent": (["10.0%", "5 %"], [], [10.0, 5.0]),
    "parentheses": (["(1,292.08)", "$(3.5)", "(2.00) $"], [], [-1292.08, -3.5, -2.0]),
    "trailing minus": (["103.01-", "5"], [], [-103.01, 5.0]),
    "a real minus": (["\N{MINUS SIGN}3", "4"], [], [-3, 4]),
    "a shared unit": (["4 kg", "13 kg"], [], [4, 13]),
    "thousands and millions": (["$1.5M", "$300K", "$7"], [], [1_500_000.0, 300_000.0, 7.0]),
    "millions in words": (["1,5 Mio. €", "2 Mrd. €"], [], [1_500_000.0, 2_000_000_000.0]),
    "debits": (["1.50 CR", "2.25 DR"], [], [1.5, -2.25]),
    "Soll and Haben": (["1.234,56S", "2,25H"], [], [-1234.56, 2.25]),
    "Soll and Haben behind a blank": (["1.234,56 S", "2,25 H", "7,5 H"], [], [-1234.56, 2.25, 7.5]),
    "rupees without paise": (["Rs. 1,23,456/-", "Rs. 77,615/-"], [], [123_456, 77_615]),
    "a rate": (["0.285/h", "1.5/h"], [], [0.285, 1.5]),
    "an accountant's dash": (["$1,000.50", "$ -"], [], [1000.5, None]),
    "exponents": (["1e-05", "2.5E+3"], [], [1e-05, 2500.0]),
    "rounding of many digits": (["0.1234567890123456789", "1"], [], [0.12345678901234568, 1.0]),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers(case):
    texts, beside, expected = NUMBERS[case]
    assert values_of(typed("amount", texts, beside)) == expected


def test_many_numbers_that_all_end_in_three_digits_have_thousands():
    texts = [
        f"{n // 1000}.{n % 1000:03d}" if n >= 1000 else str(n) for n in range(700, 99_000, 789)
    ]
    assert values_of(typed("limit", texts)) == list(range(700, 99_000, 789))
    # A single one with fewer decimals shows that these are no thousands.
    assert values_of(typed("weight", [*texts, "1.5"]))[-1] == 1.5


@pytest.mark.parametrize("form", ["${},{}", "{}.{} €"])
def test_money_that_always_ends_in_three_digits_has_thousands(form):
    texts = [form.format(n, 100 + n) for n in range(1, 40)]
    assert values_of(typed("income", texts, separator=";")) == [
        n * 1001 + 100 for n in range(1, 40)
    ]


def test_a_sign_that_nothing_shows_is_said():
    for texts in (["1.234", "2.500"], ["1,234", "2,500"]):
        column = typed("amount", texts, separator=";")
        assert (column.type, column.notes) == (SqlType.TEXT, (AMBIGUOUS_NUMBERS,))


def test_a_column_may_differ_and_it_is_said():
    column = typed("amount", ["1,234.50", "2.25"], COMMAS, ["1,25", "2,5"])
    assert values_of(column) == [1234.5, 2.25]
    assert "the decimal sign is a dot here, unlike in other columns" in column.notes


PLACES = [f"5{n % 7}.{n * 7919 % 10**6:06d}" for n in range(40)]
UNCLEAR = ["637.202", "284", "12.100"]
GROUPED = ["2.304,99", "781,49"]
BESIDE = {
    "coordinates prove nothing of others": ([PLACES, PLACES], ";", None),
    "nor against a column with thousands": ([PLACES, PLACES, GROUPED], ";", 637_202),
    "both signs, of which one's columns look alike": ([DOTS, GROUPED, COMMAS], ";", 637_202),
    "the others look alike": ([["0.512", "7.125"], DOTS, COMMAS], ";", 637.202),
    "neither does": ([DOTS, COMMAS, COMMAS], ";", None),
    "both do": ([["0.512", "7.125"], GROUPED, COMMAS], ";", None),
    "a tie": ([DOTS, GROUPED], ";", None),
    "a tie between commas": ([DOTS, COMMAS], ",", None),
}


@pytest.mark.parametrize("case", BESIDE)
def test_a_column_that_shows_no_sign_is_read_like_those_that_prove_one(case):
    others, separator, first = BESIDE[case]
    column = typed("people", UNCLEAR, *others, separator=separator)
    if first is not None:
        assert values_of(column)[0] == first
        return
    is_disputed = len(others) > 1 and others[1] is not PLACES
    assert column.notes == (DISPUTED_NUMBERS if is_disputed else AMBIGUOUS_NUMBERS,)
    many = typed("people", [f"{n}.{n:03d}" for n in range(100, 160)], *others, separator=separator)
    if is_disputed:  # fifty values that no column decides are no category
        decision = decide(many)
        assert "replace(column, '.', '')::numeric" in decision.warning
        assert decision.warning in decision.remark


def test_a_tie_is_said_and_decides_nothing():
    days, months = ["31/12/2020", "01/02/2020"], ["12/31/2020", "01/02/2020"]
    for others in ((days, months), (months, days)):
        assert typed("joined", ["03/04/2021"], *others).notes == (AMBIGUOUS,)
        line = read_conventions([text_column(str(n), other) for n, other in enumerate(others)]).line
        assert "day first (3/4/2021 is in April) in 1 column" in line
        assert "month first (3/4/2021 is in March) in 1 column" in line
    signs = [text_column("a", COMMAS), text_column("b", DOTS)]
    assert "a comma in 1 column and a dot in 1 column" in read_conventions(signs).line


NO_NUMBERS = {
    "two units": ["4 kg", "500 g"] * 50,
    "two currencies": ["$4", "€5"] * 50,
    "percent and none": ["4%", "0.5"] * 50,
    "codes": ["cat 42", "cat 7"] * 50,
    "three or more": ["0", "1", "2", "3+"] * 50,
    "ages from": ["15-", "20-", "25-"] * 50,
    "flats": ["12B", "14K", "3M"] * 50,
    "halls and staircases": ["12H", "14S"] * 50,
    "sizes": ["38.5S", "40.5S"] * 50,
    "rates of two": ["4/h", "5/d"] * 50,
    "houses": ["12a", "14b"] * 50,
    "phones": ["06 11 46 10 56", "06 72 54 22 23"] * 50,
    "versions": ["1.2.3", "1.2.14"] * 50,
    "ranges": ["10-20", "20-30"] * 50,
    "mixed conventions": ["1,234.5", "1.234,5"] * 50,
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_no_numbers(case):
    texts = NO_NUMBERS[case]
    column = typed("value", texts)
    assert (column.type, values_of(column)) == (SqlType.TEXT, texts)


def test_what_a_column_almost_is_has_a_share_and_shapes():
    column = typed("weight", ["4 kg"] * 90 + ["500 g"] * 6 + ["Ask Ms 7"] * 4)
    assert (column.almost.kind, column.almost.share) == ("number", 0.9)
    assert decide(column).almost == column.almost
    assert column.almost.shapes == (("999 a", 6), ("Aaa Aa 9", 4))
    column = typed("since", ["2021-03-04"] * 80 + ["spring 21"] * 20)
    assert (column.almost.kind, column.almost.share) == ("date", 0.8)
    assert typed("city", ["Ulm", "Bonn"]).almost is None


@pytest.mark.parametrize("spelled", ["inf", "-Infinity", "+INF", "∞"])
def test_infinities_are_no_reason_to_take_numbers_for_names(spelled):
    decision = decide(typed("paid", [*(f"{n}.25" for n in range(290)), *[spelled] * 10]))
    assert decision.reason.startswith("10 of 300 values are not a finite number")


def test_an_ignored_column_of_almost_numbers_is_said_to_be_one():
    decision = decide(typed("paid", [*(f"{n}.25" for n in range(290)), *["abc"] * 10]))
    assert decision.remark.startswith("96.67% are numbers; the others look like 'aaa' 10; near-")


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


MOMENTS = {
    "UTC": (["2022-05-06 10:11:12 UTC"], [at(2022, 5, 6, 10, 11, 12)]),
    "a named zone": (
        ["2022-07-06 10:11:12 Europe/Paris", "2022-01-06 10:11:12 America/New_York"],
        [at(2022, 7, 6, 8, 11, 12), at(2022, 1, 6, 15, 11, 12)],
    ),
    "an abbreviation": (
        ["2022-05-06 10:11 CET", "2022-05-06 10:11 CEST"],
        [at(2022, 5, 6, 9, 11), at(2022, 5, 6, 8, 11)],
    ),
    "one that its partner tells": (
        ["2022-01-06 10:11 CST", "2022-07-06 10:11 CDT"],
        [at(2022, 1, 6, 16, 11), at(2022, 7, 6, 15, 11)],
    ),
    "an offset": (
        ["2022-05-06T10:11:12.5+0530", "2022-05-06 10:11:12 -03:00"],
        [at(2022, 5, 6, 4, 41, 12, 500_000), at(2022, 5, 6, 13, 11, 12)],
    ),
    "an offset and a zone": (
        ["2022-05-06T10:11:12+02:00[Europe/Paris]"],
        [at(2022, 5, 6, 8, 11, 12)],
    ),
    "a zone in words": (
        ["January 5, 2022 3:04 PM Eastern Time", "July 5, 2022 3:04 PM Eastern Time"],
        [at(2022, 1, 5, 20, 4), at(2022, 7, 5, 19, 4)],
    ),
    "summer time in words": (
        ["2022-07-05 15:04 Pacific Daylight Time", "2022-01-05 15:04 Pacific Standard Time"],
        [at(2022, 7, 5, 22, 4), at(2022, 1, 5, 23, 4)],
    ),
    "a zone of Europe": (["5.1.2022 15:04 (Central European Time)"], [at(2022, 1, 5, 14, 4)]),
    "mail": (["Fri, 06 May 2022 10:11:12 +0200"], [at(2022, 5, 6, 8, 11, 12)]),
    "JavaScript": (
        ["Fri May 06 2022 10:11:12 GMT+0200 (Central European Summer Time)"],
        [at(2022, 5, 6, 8, 11, 12)],
    ),
    "Go": (["2022-05-06 10:11:12 +0200 CEST"], [at(2022, 5, 6, 8, 11, 12)]),
    "Oracle": (["06-MAY-22 10.11.12.000000 AM +02:00"], [at(2022, 5, 6, 8, 11, 12)]),
    "Java": (["Fri May 06 10:11:12 CEST 2022"], [at(2022, 5, 6, 8, 11, 12)]),
}


@pytest.mark.parametrize("case", MOMENTS)
def test_times_with_zones(case):
    texts, expected = MOMENTS[case]
    column = typed("seen", texts)
    assert (column.type, values_of(column)) == (SqlType.TIMESTAMPTZ, expected)


def test_an_hour_that_a_clock_repeats_is_standard_time():
    column = typed("seen", ["2022-10-30 02:30:00 Europe/Paris", "2022-03-27 02:30:00 Europe/Paris"])
    assert values_of(column) == [at(2022, 10, 30, 1, 30), at(2022, 3, 27, 1, 30)]


@pytest.mark.parametrize("zone", ["-05:00", " America/New_York", " CET", "Z"])
def test_the_end_of_all_time_stays_there(zone):
    texts = [f"9999-12-31 23:59:59{zone}", f"0001-01-01 00:00:00{zone}"]
    column = read_column(text_column("seen", texts), is_updated_at=True)
    assert values_of(column) == [at(9999, 12, 31, 23, 59, 59), at(1, 1, 1)]


def test_times_of_a_zone_nobody_knows_are_almost_dates():
    texts = [f"January {1 + n % 28}, 2022 3:{n:02d} PM Martian Time" for n in range(60)]
    decision = decide(typed("seen", texts))
    assert "100.00% are dates written as times of a zone that is not known" in decision.remark
    assert "2026-03-31T23:59:00+02:00" in decision.warning


@pytest.mark.parametrize("zone", ["CST", "IST", "BST"])
def test_an_abbreviation_of_several_zones_is_said(zone):
    column = typed("seen", [f"2022-05-06 10:11:12 {zone}"])
    assert column.type == SqlType.TEXT
    assert column.notes == (f"times of zone {zone}, which means several zones",)


DAYS = {
    "English": [
        "Mar 5, 2021",
        "March 5, 2021",
        "5-Mar-21",
        "5th March 2021",
        "Friday, March 5, 2021",
    ],
    "German": ["5. März 2021", "05. Mrz 2021"],
    "French": ["5 mars 2021"],
    "Spanish": ["5 de marzo de 2021"],
    "slashes": ["2021/3/5", "2021/03/05"],
    "compact": ["20210305"],
}


@pytest.mark.parametrize("case", DAYS)
def test_days(case):
    column = typed("signup_date", DAYS[case])
    assert (column.type, set(values_of(column))) == (SqlType.DATE, {date(2021, 3, 5)})


@pytest.mark.parametrize("text", ["2021-03", "03/2021", "2021/03", "March 2021", "Mar-2021"])
def test_months_are_dates_by_name(text):
    assert values_of(typed("birth_month", [text])) == [date(2021, 3, 1)]
    assert typed("season", [text]).type == SqlType.TEXT


@pytest.mark.parametrize("form", ["%Y-%m", "%m/%Y", "%b %Y"])
def test_many_months_without_a_day_are_their_first(form):
    days = [date(2001 + n % 20, 1 + n % 12, 1) for n in range(40)]
    column = typed("season", [f"{day:{form}}" for day in days])
    assert values_of(column) == days
    assert column.notes == ("months without a day are their first",)
    few = decide(typed("season", [f"{days[n % 5]:{form}}" for n in range(40)]))
    assert few.settings["kind"] == "categorical"
    assert "100.00% are months without a day" in few.remark


@pytest.mark.parametrize(
    "text",
    [
        "2022-05-06-21.06.00",
        "May  6 2022  9:06PM",
        "6.5.2022 21.06",
        "20220506T210600",
        "2022-05-06 21h06",
    ],
)
def test_times_of_other_programs(text):
    column = typed("seen", [text, "31.12.2020 10.11"] if text[1] == "." else [text])
    assert values_of(column)[0] == datetime(2022, 5, 6, 21, 6)


def test_times_without_zones():
    column = typed("seen", ["5/13/2022 12:06 AM", "5/6/2022 9:06:30 PM"])
    expected = [datetime(2022, 5, 13, 0, 6), datetime(2022, 5, 6, 21, 6, 30)]
    assert (column.type, values_of(column)) == (SqlType.TIMESTAMP, expected)


def test_the_order_of_days_and_months_is_that_of_the_file():
    texts = ["03/04/2021", "05/06/2021"]
    assert typed("joined", texts).notes == (AMBIGUOUS,)
    found = typed("joined", texts, ["31/12/2020", "01/02/2020"])
    assert values_of(found) == [date(2021, 4, 3), date(2021, 6, 5)]
    found = typed("joined", texts, ["12/31/2020", "01/02/2020"])
    assert values_of(found) == [date(2021, 3, 4), date(2021, 5, 6)]
    # Two columns that contradict each other are each read by what it shows itself.
    found = typed("joined", ["31/12/2020", "01/02/2020"], ["12/31/2020"], ["11/30/2020"])
    assert values_of(found) == [date(2020, 12, 31), date(2020, 2, 1)]
    assert "dates are day first here, unlike in other columns" in found.notes


def test_years_of_two_digits():
    days = [f"{1 + n % 28:02d}.{1 + n % 12:02d}.{n % 30 + 70:02d}" for n in range(90)]
    assert min(values_of(typed("joined", days))).year == 1970
    assert max(values_of(typed("birth_date", ["01.02.45", "31.12.68"]))).year == 1968
    # Nobody can tell 21-03-04 from days and months alone, if there are few.
    assert typed("joined", ["21-03-04", "20-05-06"]).notes == (AMBIGUOUS,)


def test_numbers_are_times_only_by_name_and_value():
    epoch = ["1651831872", "1651831000"]
    assert values_of(typed("created_at", epoch))[0] == at(2022, 5, 6, 10, 11, 12)
    assert values_of(typed("created_at", [f"{text}000" for text in epoch]))[0].year == 2022
    assert typed("revenue", epoch).type == SqlType.BIGINT
    assert values_of(typed("order_date", ["44687", "44000"]))[0] == date(2022, 5, 6)
    assert typed("distance", ["44687", "44000"]).type == SqlType.BIGINT
    days = [f"2021{1 + n % 12:02d}{1 + n % 28:02d}" for n in range(40)]
    assert typed("since", days).type == SqlType.DATE
    assert typed("account_id", days).type == SqlType.BIGINT
    assert typed("turnover", [f"2021{n:04d}" for n in range(1, 200)]).type == SqlType.BIGINT


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_is_missing_beside_anything_else(marker):
    for texts in (["1", "2.5"], ["2021-03-04", "2021-05-06"], ["yes", "no"]):
        column = typed("value", [*texts, marker])
        assert column.type != SqlType.TEXT
        assert values_of(column)[-1] is None
    # Among texts, it is missing if it is elsewhere in the file.
    assert values_of(typed("city", ["Ulm", marker], ["1", "2", marker])) == ["Ulm", None]
    kept = None if marker.lower() in ALWAYS else marker
    assert values_of(typed("city", ["Ulm", marker])) == ["Ulm", kept]


def test_nothing_is_said_of_the_usual_conventions():
    columns = [text_column("a", ["1.5", ""]), text_column("b", ["2021-03-04", "2021-05-06"])]
    assert read_conventions(columns).line == ""


def test_a_few_bad_dates_are_refused_and_the_others_spelled_plainly():
    texts = [f"{1 + n % 28:02d}/03/2021 10:11" for n in range(200)]
    column = typed("seen", [*texts, "31/02/2021 10:11", ""])
    assert (column.type, column.odd, column.is_dated) == (SqlType.TEXT, 1, True)
    assert values_of(column)[0] == "2021-03-01 10:11:00.000000"
    assert values_of(column)[-2:] == ["31/02/2021 10:11", None]
