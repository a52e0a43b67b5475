"""Parquet files and workbooks are read with their types; other kinds are named."""

import gzip
import io
import sys
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from kindred.errors import InferenceError
from kindred.infer.column_reader import AMBIGUOUS_NUMBERS
from kindred.infer.files import open_table, read_csv
from kindred.infer.proposal import Roles
from kindred.infer.reading import Bounds
from unit.text_columns import values_of

MOMENT = datetime(2026, 1, 31, 12, 30, 15)


def parquet_of(columns):
    target = io.BytesIO()
    parquet.write_table(pa.table(columns), target)
    return target.getvalue()


STORED = {
    "small": (pa.array([1, None], pa.int8()), "bigint", [1, None]),
    "unsigned": (pa.array([2**31, 3], pa.uint32()), "bigint", [2**31, 3]),
    "beyond": (pa.array([2**64 - 1, 3], pa.uint64()), "text", [str(2**64 - 1), "3"]),
    "float": (pa.array([0.5, None], pa.float32()), "double precision", [0.5, None]),
    "decimal": (pa.array([Decimal("1.25"), None]), "double precision", [1.25, None]),
    "flag": (pa.array([True, None]), "boolean", [True, None]),
    "day": (pa.array([date(2026, 1, 31), None]), "date", [date(2026, 1, 31), None]),
    "moment": (pa.array([MOMENT, None]), "timestamp without time zone", [MOMENT, None]),
    "zoned": (
        pa.array([MOMENT, None], pa.timestamp("ns", "Europe/Paris")),
        "timestamp with time zone",
        [MOMENT.replace(tzinfo=UTC), None],
    ),
    "clock": (pa.array([time(9, 30), None]), "text", ["09:30:00.000000", None]),
    "word": (pa.array(["a", None]), "text", ["a", None]),
    "category": (pa.array(["a", "b"]).dictionary_encode(), "text", ["a", "b"]),
    "german": (pa.array(["1.234,5", "2,25"]), "double precision", [1234.5, 2.25]),
}


def test_parquet_keeps_its_types():
    data = parquet_of({name: values for name, (values, _, _) in STORED.items()})
    evidence = read_csv(data, Roles("row_number"))
    found = {column.name: (column.type, values_of(column)) for column in evidence.columns[1:]}
    assert found == {name: (kind, values) for name, (_, kind, values) in STORED.items()}


def test_a_stored_number_that_no_vector_holds_counts_as_odd():
    evidence = read_csv(parquet_of({"x": [1.0, float("nan"), float("inf"), None]}), Roles("x"))
    assert evidence.columns[0].odd == 2


def test_nested_columns_are_named_and_left_out_unless_they_have_a_role():
    data = parquet_of(
        {"id": [1, 2], "tags": [["a"], []], "at": [{"x": 1}, None], "raw": [b"", b"x"]}
    )
    evidence = read_csv(data, Roles("id"))
    assert [column.name for column in evidence.columns] == ["id"]
    notes = "\n".join(evidence.notes)
    for name, kind in (("tags", "list"), ("at", "struct"), ("raw", "binary")):
        assert f"column {name!r} is left out: it is of type {kind}" in notes
    with pytest.raises(InferenceError, match="there is no column 'tags'"):
        read_csv(data, Roles("tags"))


def test_a_large_parquet_file_is_read_in_part_or_refused():
    data = parquet_of({"a": range(100_000), "b": range(100_000)})
    table = open_table(data, bounds=Bounds(max_values=20_000))
    assert table.rows == 10_000
    assert table.is_sample
    with pytest.raises(InferenceError, match="more than 0 MB of values"):
        open_table(data, bounds=Bounds(max_bytes=1000, must_be_whole=True))


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet_of({"a": [1, 2]})[:-20])
    with pytest.raises(InferenceError, match="the Parquet file cannot be read"):
        open_table(path)


SHEET = '<worksheet xmlns="{ns}"><sheetData>{rows}</sheetData></worksheet>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(**sheets):
    """A workbook of sheets, each a list of rows; a date has style 1."""
    names = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>'
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="w" Type="{OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        )
        for number, rows in enumerate(sheets.values(), 1):
            xml = "".join(
                f'<row r="{r}">{"".join(cell(v, r, c) for c, v in enumerate(row))}</row>'
                for r, row in enumerate(rows, 1)
            )
            archive.writestr(f"xl/worksheets/sheet{number}.xml", SHEET.format(ns=MAIN, rows=xml))
    return target.getvalue()


def cell(value, row, column):
    place = f'r="{chr(65 + column)}{row}"'
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        return f'<c {place} s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, (int, float)):
        return f"<c {place}><v>{value}</v></c>"
    return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


CUSTOMERS = [
    ["Report of May"],
    [],
    ["id", "income", "joined", "city", "active", "code"],
    *(
        [f"C{n}", 1.234 + n, date(2024, 1, 1 + n % 28), "Köln, DE", n % 2 == 0, f"0{n}"]
        for n in range(40)
    ),
    ["C40", None, None, None, None, None],
    ["Total", 49.36],
]


def test_a_workbook_is_read_with_its_types_and_without_titles_and_totals():
    evidence = read_csv(xlsx(May=CUSTOMERS), Roles("id"))
    columns = {column.name: column for column in evidence.columns}
    assert list(columns) == ["id", "income", "joined", "city", "active", "code"]
    assert values_of(columns["id"]) == [f"C{n}" for n in range(41)]
    assert columns["income"].type == "double precision"
    assert values_of(columns["income"])[:2] == [1.234, 2.234]
    assert values_of(columns["joined"])[:2] == [date(2024, 1, 1), date(2024, 1, 2)]
    assert values_of(columns["active"])[:2] == [True, False]
    assert values_of(columns["code"])[:2] == ["00", "01"]
    notes = "\n".join(evidence.notes)
    assert "line 1 before the header" in notes
    assert "left out, a total: line 45" in notes


LIMITS = [f"{n}.{n * 7919 % 1000:03d}" for n in range(10, 70)]


@pytest.mark.parametrize("place", ["beside typed cells", "among typed cells"])
def test_typed_cells_show_nothing_of_how_texts_write_their_numbers(place):
    sales = [n * 7 + 0.37 for n in range(len(LIMITS))]
    rows = [
        [f"C{n}", sale, limit] for n, (sale, limit) in enumerate(zip(sales, LIMITS, strict=True))
    ]
    if place == "among typed cells":
        rows = [[key, sale, sale if n % 2 else limit] for n, (key, sale, limit) in enumerate(rows)]
    evidence = read_csv(xlsx(May=[["id", "sales", "limit"], *rows]), Roles("id"))
    assert evidence.columns[2].notes == (AMBIGUOUS_NUMBERS,)
    assert values_of(evidence.columns[1]) == sales
    german = [[*row, f"1.{n:03d},5"] for n, row in enumerate(rows)]
    evidence = read_csv(xlsx(May=[["id", "sales", "limit", "x"], *german]), Roles("id"))
    assert values_of(evidence.columns[2])[0] == 10_190
    assert values_of(evidence.columns[1]) == sales


def test_a_sheet_is_chosen_and_the_others_are_named():
    data = xlsx(Notes=[["only this"]], May=CUSTOMERS, June=[["id", "age"], ["x", 1], ["y", 2]])
    may = open_table(data)
    assert may.names[0] == "id"
    assert "sheet 'May' is read, not 'Notes', 'June'" in may.notes
    assert open_table(data, sheet="June").names == ["id", "age"]
    with pytest.raises(InferenceError, match=r"^sheet: there is no sheet 'july'; the sheets are"):
        open_table(data, sheet="july")


def test_without_its_package_a_workbook_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(InferenceError, match=r"this is a workbook.*install 'kindred\[excel\]'"):
        open_table(xlsx(May=CUSTOMERS))


def zipped(**files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return target.getvalue()


NO_TABLES = {
    "a zip with files": (zipped(a_csv="a,b\n", b_txt=""), "a zip archive with a.csv, b.txt"),
    "a document": (zipped(**{"word/document_xml": "x"}), "this is a Word document"),
    "half a workbook": (xlsx(May=CUSTOMERS)[:-40], "a zip archive that is damaged or cut short"),
    "an old document": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "workbook cannot be read",
    ),
    "an empty workbook": (xlsx(May=[]), "no sheet with a header and rows"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "run 'git lfs pull'"),
    "HTML as xls": (b"<html><table><tr><td>id", "an HTML page"),
    "SQLite": (b"SQLite format 3\x00", "an SQLite database"),
    "PDF": (b"%PDF-1.7", "a PDF document"),
}


@pytest.mark.parametrize("case", NO_TABLES)
def test_other_kinds_are_named(case, tmp_path):
    data, said = NO_TABLES[case]
    with pytest.raises(InferenceError, match=said):
        open_table(data)
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    with pytest.raises(InferenceError, match=said):
        open_table(path)


@pytest.mark.parametrize(
    ("data", "option", "kind"),
    [
        (b"a,b\n1,2\n", {"sheet": "May"}, "CSV"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), {"sheet": "May"}, "CSV"),
        (parquet_of({"a": [1]}), {"encoding": "utf-8"}, "Parquet"),
        (xlsx(May=CUSTOMERS), {"separator": ";"}, "Excel"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(data, option, kind):
    with pytest.raises(InferenceError, match=f"a {kind} file has no {next(iter(option))}"):
        open_table(data, **option)
