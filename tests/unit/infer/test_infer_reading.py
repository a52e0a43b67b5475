"""CSV files as they come: every encoding and separator, and every way to be no table."""

import gzip

import pytest

from kindred.errors import InferenceError
from kindred.infer.column_names import clean_names, identifier_of
from kindred.infer.reading import find_separator, read_table
from unit.read_tables import values

PLAIN = "id,name,city\n1,Zoë,Köln\n2,Ann,Paris\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_encodings(encoding, pack):
    table = read_table(pack(PLAIN.encode(encoding)))
    assert table.names == ["id", "name", "city"]
    assert values(table, "name") == ["Zoë", "Ann"]
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_of_either_order(mark):
    encoding = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert values(read_table(mark + PLAIN.encode(encoding)), "city") == ["Köln", "Paris"]


def test_bytes_without_a_meaning_are_counted():
    table = read_table(b"a,b\n1,caf\xe9\n2,a\x81b\x8dc\n" + "3,déjà\n4,Orléans".encode("cp1252"))
    assert any("2 bytes are not valid there" in note for note in table.notes)
    assert values(table, "b")[0] == "café"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(separator):
    text = "\n".join(
        separator.join(row) for row in (["a", "b", "c"], ["1", "x y", ""], *["234"] * 9)
    )
    assert find_separator(text) == separator


def test_a_separator_inside_of_texts_is_not_taken():
    rows = "".join(f'{n};"well, then, yes, {"," * (n % 3)}";{n},5\n' for n in range(30))
    table = read_table(f"id;text;price\n{rows}".encode())
    assert table.separator == ";"
    assert values(table, "price")[:2] == ["0,5", "1,5"]


def test_one_column_is_a_table_too():
    assert find_separator("age\n1\n2\n") == ","
    assert values(read_table(b"age\n1\n2\n"), "age") == ["1", "2"]


def test_a_given_separator_is_used_and_may_be_named():
    assert read_table(b"a,b\tc\n1,2\t3\n", "tab").names == ["a,b", "c"]
    assert read_table(b"a,b;c\n1,2;3\n", ",").names == ["a", "b;c"]
    for separator in ("", '"', "a\n"):
        with pytest.raises(InferenceError, match=r"^separator: .* characters such as ';', '\|\|'"):
            read_table(b"a,b\n1,2\n", separator)


def test_the_line_by_which_excel_is_told_the_separator_is_no_header():
    assert read_table(b"sep=;\na;b\n1;2\n").names == ["a", "b"]


def test_quotes_newlines_emoji_and_long_texts_survive():
    long = "x" * 100_000
    text = f'id,review\r\n1,"two\nlines, and ""quotes"" 🎉"\r\n\r\n2,{long}\r\n'
    assert values(read_table(text.encode()), "review") == ['two\nlines, and "quotes" 🎉', long]


def test_nul_bytes_are_removed_and_counted_per_column():
    table = read_table(b"a,b\x00\n1\x00\x00,x\n2,\x00y\n3,z\n")
    assert values(table, "a") == ["1", "2", "3"]
    assert values(table, "b") == ["x", "y", "z"]
    assert "column 'a': 2 NUL bytes removed, which no database stores" in table.notes
    assert "column 'b': 1 NUL bytes removed, which no database stores" in table.notes


BAD = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "the file is empty"),
    "header only": (b"a,b,c\n", "a header of 3 columns but no rows"),
    "an archive": (b"PK\x03\x04rest", "zip archive"),
    "half a gzip": (gzip.compress(PLAIN.encode())[:-12], "gzip file is damaged or cut short"),
    "no gzip": (b"\x1f\x8bnothing", "gzip file is damaged or cut short"),
    "half UTF-16": (b"\xff\xfea", "begins as utf-16, but byte"),
    "an open quote": (b'a,b\n0,z\n1,"x\n2,y\n', "a quote that is opened in line 3 is not closed"),
    "a stray quote": (b'a,b\n1,"x"y\n', "line 2 cannot be read"),
    "a row too wide": (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 values and the header 2 names"),
    "too many columns": (b",".join([b"c"] * 20_001) + b"\n" + b"1," * 20_000, "at most 20000"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_table_is_refused(case):
    data, message = BAD[case]
    with pytest.raises(InferenceError, match=message) as caught:
        read_table(data, ",")
    assert caught.value.part == "csv"


def test_short_rows_are_filled_and_counted_and_empty_ends_are_cut():
    table = read_table(b"a,b,c\n1\n1,2,3,,\n")
    assert values(table, "b") == ["", "2"]
    assert table.notes == ("1 rows were shorter than the header; the rest is null (line 2)",)


def test_a_header_of_numbers_is_suspected_to_be_a_row():
    assert any("the header missing" in note for note in read_table(b"33,1,9\n35,2,4\n").notes)
    # It explains the others.
    assert "the header missing" in read_table(b"33,1,1,1,9\n35,2,2,2,4\n").notes[0]


def test_names_are_made_usable_and_unique():
    header = ["", "age", "age", "age_2", " two\nlines ", "share %", "é" * 40, "nul\0"]
    names, notes = clean_names(header)
    assert names[:6] == ["column_1", "age", "age_3", "age_2", "two lines", "share percent"]
    assert len(names[6].encode()) <= 63
    assert names[7] == "nul"
    assert len(set(names)) == len(names)
    assert len(notes) == 6
    assert "column 1 is named 'column_1': it had no name" in notes
    assert "column 3 is named 'age_3': an earlier column has the same name" in notes
    names, notes = clean_names(["1"] * 77)
    assert len({*names}) == 77
    [note] = notes
    assert note.startswith("76 columns are renamed: column 2 is named '1_2', column 3 ")
    assert "an earlier column has the same name" in note


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("telco_churn.csv", "telco_churn"),
        ("Reviews 2024.CSV.gz", "reviews_2024"),
        ("2024-customers.tsv", "t_2024_customers"),
        ("Größe & Übersicht.csv", "groe_ubersicht"),
        ("a" * 50 + ".csv", "a" * 31),
        ("data.v2.csv", "data_v2"),
    ],
)
def test_a_files_name_becomes_an_identifier(name, identifier):
    assert identifier_of(name) == identifier


def test_a_name_without_letters_is_refused():
    with pytest.raises(InferenceError, match="rename the file"):
        identifier_of("客户.csv")
