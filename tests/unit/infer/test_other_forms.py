"""Forms of files and values that were refused or ignored: each is read, or named with a remedy."""

# ruff: noqa: RUF001 - signs and digits of other scripts

import io
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from pyarrow import parquet

from kindred.errors import InferenceError
from kindred.infer.files import open_table, read_csv
from kindred.infer.kinds import Use, decide
from kindred.infer.proposal import Roles, propose
from kindred.infer.reading import read_table
from unit.read_tables import values
from unit.text_columns import typed, values_of

N = 60


def parquet_evidence(columns, *roles):
    target = io.BytesIO()
    parquet.write_table(pa.table(columns), target)
    return read_csv(target.getvalue(), Roles(*roles))


def test_codes_and_dates_of_parquet_are_those_of_text_files():
    evidence = parquet_evidence(
        {
            "id": range(N),
            "born": [19700101 + n % 28 + 100 * (n % 12) for n in range(N)],
            "since": [20200101.0 + n % 28 if n % 9 else None for n in range(N)],
            "ends": [date(9999, 12, 31) if n % 3 else date(2024, 1, 1 + n % 28) for n in range(N)],
            "age": [999 if n % 10 == 0 else 20 + n % 40 for n in range(N)],
            "score": [-1.0 if n % 10 == 0 else n / 3 for n in range(N)],
            "created_at": [1_700_000_000 + n * 1000 for n in range(N)],
            "changed": [20240101 + n % 28 for n in range(N)],
            "waited": [timedelta(minutes=30 * n) for n in range(N)],
            "amount": [10_000 + n for n in range(N)],
        },
        "id",
        "changed",
    )
    found = {c.name: (c.type, values_of(c)[1], c.nulls) for c in evidence.columns}
    zoned = datetime(2023, 11, 14, 22, 30, tzinfo=UTC)
    assert found == {
        "id": ("bigint", 1, 0),
        "born": ("date", date(1970, 2, 2), 0),
        "since": ("date", date(2020, 1, 2), 7),
        "ends": ("date", None, 40),
        "age": ("bigint", 21, 6),
        "score": ("double precision", 1 / 3, 6),
        "created_at": ("timestamp with time zone", zoned, 0),
        "changed": ("date", date(2024, 1, 2), 0),
        "waited": ("double precision", 0.5, 0),
        "amount": ("bigint", 10_001, 0),
    }
    assert "6 values that stand clear" in evidence.column("columns", "age").notes[0]


def test_a_parquet_key_keeps_its_codes_and_numbers_are_no_updated_at():
    evidence = parquet_evidence({"id": [999, *range(N), *[999] * 5], "x": range(N + 6)}, "id")
    assert evidence.column("key", "id").nulls == 0
    with pytest.raises(InferenceError, match="'x' cannot be read as dates or times: row 1"):
        parquet_evidence({"id": range(9), "x": range(9)}, "id", "x")


@pytest.mark.parametrize(
    "separator", ["|~|", "||", "^|^", "::", "~|~", "##", "<|>", "\x1f\x1e", "\x01"]
)
def test_a_separator_of_several_characters_is_found(separator):
    rows = [[f"{n}", "" if n % 2 else "x|y", "", f"{n}~^:#"] for n in range(30)]
    text = "".join(separator.join(r) + "\n" for r in [["id", "a b", "c", "d"], *rows])
    table = read_table(text.encode())
    assert table.separator == separator
    assert values(table, "d") == [row[3] for row in rows]


def test_an_empty_name_or_value_makes_no_separator():
    assert read_table(b"a||b|c\n1||2|3\n1||4|3\n").names == ["a", "column_2", "b", "c"]
    assert read_table(b"a|b|c\n" + b"1||2\n3|=>|4\n" * 9).separator == "|"


CITIES = ["New York", "Lyon", "Los Angeles", "Köln, DE", ""]
FIXED = ["REF     CITY             AGE      SPEND"] + [
    f"C{n:<7}{CITIES[n % 5]:<14}{20 + n % 50:>6} {n * 7 % 91:>10.2f}" for n in range(N)
]
ALIGNED = {
    "fixed places": FIXED,
    "a rule and a footer": [
        *FIXED[:1],
        "------  ------------- ------ ----------",
        *FIXED[1:],
        "",
        "(60 rows affected by this query)",
    ],
    "blanks between": ["REF CITY AGE SPEND"]
    + [f'C{n}   "{CITIES[n % 5]}" {20 + n % 50}  {n * 7 % 91:.2f}' for n in range(N)],
}


@pytest.mark.parametrize("case", ALIGNED)
def test_columns_aligned_by_blanks_are_read(case):
    table = read_table("\n".join(ALIGNED[case]).encode())
    assert table.names == ["REF", "CITY", "AGE", "SPEND"]
    assert values(table, "REF") == [f"C{n}" for n in range(N)]
    assert values(table, "CITY")[:5] == CITIES
    assert values(table, "SPEND")[:3] == ["0.00", "7.00", "14.00"]
    assert [n for n in table.notes if "blanks" in n or "fixed places" in n]


def test_names_aligned_above_values_that_are_not_are_refused():
    rows = [f"C{n} {'x' * (n * 7 % 30)} y {n}" for n in range(N)]
    rows = [row if n % 2 else row.replace(" y", "") for n, row in enumerate(rows)]
    with pytest.raises(InferenceError, match=r"aligned by blanks.*export the table with a sep"):
        read_table("\n".join(["REF     CITY     AGE", *rows]).encode())


@pytest.mark.parametrize(
    "lines",
    [["full name", "Anna Smith", "Bob Jones", "A B"], ["a long note", *["well said sir"] * 9]],
)
def test_one_column_of_sentences_stays_one(lines):
    assert read_table("\n".join(lines).encode()).names == lines[:1]


def test_other_encodings_that_fit_are_named():
    cities = ["Yılmaz", "Kadıköy", "Adapazarı"]
    text = "id,city\n" + "".join(f"{n},{cities[n % 3]}\n" for n in range(N))
    [note] = read_table(text.encode("cp1254")).notes
    assert "this is not certain" in note
    assert "(--encoding, ENCODING=), such as cp1254" in note


NUMBERS = {
    "full width": ("１，２３４", 1234),
    "a full-width percentage": ("１２．５％", 12.5, "567%"),
    "Arabic digits": ("١٢٣", 123),
    "a percentage in Turkey": ("%12", 12, "%567"),
    "a loss": ("▲1,234", -1234),
    "ten thousands": ("1,234万円", 12_340_000),
    "hundred millions": ("3.5億", 350_000_000),
    "of Korea": ("12만원", 120_000),
    "people": ("3万人", 30_000, "567人"),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_of_east_asia_and_other_scripts(case):
    text, number, *other = NUMBERS[case]
    assert values_of(typed("x", [text, *(other or ["567"])])) == [number, 567]


def test_digits_of_other_scripts_stay_in_texts():
    assert values_of(typed("address", ["東京１－２", "大阪"])) == ["東京１－２", "大阪"]
    assert values_of(typed("day", ["２０２４／０１／３１"] * 2)) == [date(2024, 1, 31)] * 2


@pytest.mark.parametrize("words", ["J N", "S N", "Vero Falso", "Verdadero Falso", "Vrai Faux"])
def test_yes_and_no_of_other_languages(words):
    yes, no = words.split()
    assert values_of(typed("x", [yes, no, yes.lower(), no.upper()])) == [True, False] * 2


HOURS = {
    "ISO 8601": (["PT3H", "PT1H30M", "P1DT2H", "PT0S"], [3, 1.5, 26, 0]),
    "units": (["3h 15m", "2 days 4 hours", "-", "1min 30s"], [3.25, 52, None, 0.025]),
    "years and months": (["1y 0m", "2 yrs 6 mos", "P1Y2M"], [8766, 2.5 * 8766, 8766 + 1461]),
    "of Python": (["2 days 04:00:00", "1 day, 2:30:00"], [52, 26.5]),
    "more than a day": (["26:10:30", "01:00:00"], [26.175, 1]),
    "by name": (["00:45:00", "01:00:00"], [0.75, 1]),
}


@pytest.mark.parametrize("case", HOURS)
def test_durations_are_hours(case):
    texts, hours = HOURS[case]
    column = typed("call_duration" if case == "by name" else "x", texts)
    assert values_of(column) == pytest.approx(hours)
    assert "durations, in hours" in column.notes


def test_times_of_the_day_and_codes_are_no_durations():
    clock = typed("x", [f"{n % 24:02d}:{n:02d}:00" for n in range(N)])
    assert "durations" in decide(clock).warning
    for texts in (["P1M", "P2M"], ["P1", "P2"], ["PA", "PB"], ["09:10", "10:20"]):
        assert typed("plan", texts).type == "text"


@pytest.mark.parametrize("form", ["{}:{:02d} Uhr", "{}:{:02d} PM", "{}h{:02d}"])
def test_times_of_the_day_in_words_are_said_to_be_some(form):
    clock = typed("x", [form.format(n % 12 + 1, n) for n in range(N)])
    assert "times of the day" in decide(clock).warning


def test_a_count_with_mistakes_is_no_category():
    counts = [str(n % 40) for n in range(980)]
    decision = decide(typed("visits", [*counts, *["oops"] * 20]))
    assert (decision.use, decision.almost.share) == (Use.IGNORE, 0.98)
    assert "make the others null" in decision.reason
    assert typed("visits", [*counts, *["s.o."] * 20]).type == "bigint"
    sizes = decide(typed("size", [*(str(n % 5) for n in range(98)), *["all"] * 2]))
    assert sizes.settings["kind"] == "categorical"


def test_times_of_sweden():
    found = values_of(typed("x", ["2024-03-31 kl. 10:05", "2024-04-01 kl 9:05"]))
    assert found == [datetime(2024, 3, 31, 10, 5), datetime(2024, 4, 1, 9, 5)]


def test_weeks_are_their_mondays():
    weeks = ["2024-W05", "2021W01", "2020-W53", "2024-W05-3"]
    monday = date(2024, 1, 29)
    expected = [monday, date(2021, 1, 4), date(2020, 12, 28), monday + timedelta(days=2)]
    assert values_of(typed("x", weeks)) == expected
    assert typed("x", ["2021-W53"] * 9).type == "text"


BEGIN = date(2018, 3, 5)
MADE = [BEGIN + timedelta(days=41 * n) for n in range(N)]
SERIALS = [(day - date(1899, 12, 30)).days for day in MADE]


@pytest.mark.parametrize(
    "name", ["Eintrittsdatum", "fecha_alta", "data di nascita", "дата", "päivä"]
)
def test_day_numbers_of_excel_are_dates_by_names_of_any_language(name):
    assert values_of(typed(name, list(map(str, SERIALS)))) == MADE
    assert values_of(typed(name, [f"{n}.5" for n in SERIALS]))[0] == datetime(2018, 3, 5, 12)


UNREAD = {
    "yymmdd": ("created", [f"{day:%y%m%d}" for day in MADE], "YYMMDD"),
    "ddmmyyyy": ("created", [f"{day:%d%m%Y}" for day in MADE], "DDMMYYYY"),
    "a day of a year": ("x", [f"{day:%Y-%j}" for day in MADE], "YYYY-DDD"),
    "Excel": ("joined", list(map(str, SERIALS)), "day numbers of Excel"),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_is_almost_a_date_is_no_number_and_says_what_to_write(case):
    name, texts, form = UNREAD[case]
    decision = decide(typed(name, texts))
    assert (decision.use, decision.almost.kind, decision.almost.form[: len(form)]) == (
        Use.IGNORE, "date", form
    )  # fmt: skip
    assert f"100.00% are dates written as {form}" in decision.remark
    assert "source query: " in decision.warning
    assert decision.warning.removeprefix("almost a date: ") in decision.remark


@pytest.mark.parametrize("name", ["data_usage", "salary", "visit_id", "distance"])
def test_amounts_and_ids_are_no_dates(name):
    for texts in (list(map(str, SERIALS)), [str(n * 7919 % 10**6) for n in range(100, 200)]):
        assert typed(name, texts).type == "bigint"
    assert typed("salary", [f"{day:%y%m%d}" for day in MADE]).type == "bigint"


ROWS = [f"C{n},{n % 50},{n * 7 % 91}.5,Lyon" for n in range(N)]


def test_statistics_at_the_end_are_no_customers():
    footer = ["Min,0,0.5,", "Max,49,90.5,", "Count,60,60,60", "Median:,25,40,", "Average,25,40,"]
    table = read_table("\n".join(["ref,age,spend,city", *ROWS, *footer]).encode())
    assert values(table, "ref") == [f"C{n}" for n in range(N)]
    assert table.notes == ("left out, a total: lines 62, 63, 64, 65, 66",)


def test_a_row_at_the_end_that_is_half_empty_and_unlike_the_others_is_no_customer():
    text = "\n".join(["ref,age,spend,city", *ROWS, "Totalt,,2345.5,"])
    assert read_table(text.encode()).rows == N
    assert read_table(text.replace("Totalt", "C99").encode()).rows == N + 1


def test_people_of_such_names_are_customers():
    names = ["Anna", "Min", "Max", "Count"]
    rows = [f"{names[n % 4]},{row.split(',', 1)[1]}" for n, row in enumerate(ROWS)]
    assert read_table("\n".join(["name,age,spend,city", *rows]).encode()).rows == N


SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011") + bytes(400)
KINDS = {
    "mysqldump": (b"-- MySQL dump\n--\n\n/*!40101 SET NAMES utf8 */;\nDROP TABLE x;", "SQL"),
    "pg_dump": (b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "SQL"),
    "inserts": (b"\xef\xbb\xbfinsert into customers values (1, 'a');\n", "SQL"),
    "sqlite": (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "SQL"),
    "SAS": (SAS, "SAS data set"),
    "xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "SAS transport"),
    "Stata": (b"<stata_dta><header><release>118</release>", "Stata file"),
    "old Stata": (b"\x72\x02\x01\x00" + bytes(99), "Stata file"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE", "SPSS file"),
    "ORC": (b"ORC\x0a\x0b" + bytes(99), "an ORC file"),
    "Avro": (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
    "JSON": (b'[\n  {"id": 1}\n]', "a JSON file"),
    "JSON lines": (b'{"id": 1}\n{"id": 2}\n', "a JSON file"),
    "XML": (b"<customers>\n  <customer><id>1</id></customer></customers>", "an XML file"),
    "R": (b"RDX3\nX\n\x00\x00", "a file of R"),
    "contacts": (b"BEGIN:VCARD\nVERSION:3.0\n", "contacts"),
}


@pytest.mark.parametrize("case", KINDS)
def test_other_kinds_are_named_with_what_to_do(case):
    data, said = KINDS[case]
    with pytest.raises(InferenceError, match=f"this is .*{said}.*: (export|load|convert)"):
        open_table(data)


@pytest.mark.parametrize("header", ["begin;end", "use case;b", "<b>x</b>;y", "-- id;y", "insert;y"])
def test_headers_that_begin_so_are_tables(header):
    names = header.split(";")
    assert read_table(f"{header}\n1;2\n3;4\n5;6\n".encode()).names == names


def test_words_of_other_languages_in_names():
    texts = [str((4711, 6201, 5610)[n % 3]) for n in range(90)]
    assert decide(typed("Branchencode", texts)).settings["kind"] == "categorical"
    lines = ["nr,Gekündigt,umsatz", *(f"K{n},{n % 2},{n * 7 % 50}.5" for n in range(N))]
    roles = Roles("nr")
    proposal = propose("public.t", roles, read_csv("\n".join(lines).encode(), roles))
    assert [d.use for d in proposal.decisions] == [Use.LABEL, Use.FEATURE]


def test_how_numbers_are_written_is_said_as_it_is():
    said = {
        "300 123 kr|1 234 kr": "written with thousands as in 1 234",
        "1.001|37.631": "written with thousands as in 1.234",
        "1'001.50|37'631.25": "written with thousands as in 1'234.5",
        "1.001,50|37,25": "written with thousands as in 1.234,5",
        "1001,50|37,25": "written with a comma as in 1234,5",
    }
    for texts, note in said.items():
        assert typed("x", texts.split("|"), ["0,5"] if "'" not in texts else []).notes[0] == note
