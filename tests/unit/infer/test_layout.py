"""Exports as people have them: what is no row is named, and values come out as they went in."""

import pytest

from kindred.errors import InferenceError
from kindred.infer.layout import find_separator
from kindred.infer.reading import read_table
from unit.read_tables import values

ROWS = [
    f"C{number},{20 + number % 50},{['Paris', 'Lyon', 'Nice'][number % 3]}" for number in range(60)
]
HEADER = "ref,age,city"


def read(lines, end="\n", **options):
    return read_table(end.join([*lines, ""]).encode(), **options)


def refs(table):
    return values(table, table.names[0])


EVERY_REF = [f"C{number}" for number in range(60)]

NO_ROWS = {
    "a title": (["Report of May", HEADER, *ROWS], "line 1 before the header"),
    "a padded title": (["Report of May,,", ",,", HEADER, *ROWS], "line 1 before the header"),
    "titles and blank lines": (["Report", "", "by sales", "", HEADER, *ROWS], "lines 1, 3 before"),
    "comments first": (["# made by x, y", "# today", HEADER, *ROWS], "lines 1, 2 before"),
    "a comment within": ([HEADER, *ROWS[:9], "# more", *ROWS[9:]], "a comment: line 11"),
    "padded comments": ([HEADER, *ROWS[:9], "-- more --,,", *ROWS[9:]], "a comment: line 11"),
    "a comment with commas": ([HEADER, *ROWS[:9], "# a, b", *ROWS[9:]], "a comment: line 11"),
    "a page in a comment": ([HEADER, *ROWS[:9], "// page 1", *ROWS[9:]], "a comment: line 11"),
    "a page number": ([HEADER, *ROWS[:9], "Page 2 of 7", *ROWS[9:]], "a page break: line 11"),
    "the header again": (
        [HEADER, *ROWS[:9], HEADER, *ROWS[9:40], HEADER, *ROWS[40:]],
        "the header again: lines 11, 43",
    ),
    "a row count": ([HEADER, *ROWS, "(60 rows)"], "a row count: line 62"),
    "a count by Oracle": ([HEADER, *ROWS, "", "60 rows selected."], "a row count: line 63"),
    "a total": ([HEADER, *ROWS, "Total,60,"], "a total: line 62"),
    "a total of full width": ([HEADER, *ROWS, "Summe,60,3"], "a total: line 62"),
    "subtotals": ([HEADER, *ROWS[:9], "Sub-total:,9,", *ROWS[9:]], "a total: line 11"),
    "the end": ([HEADER, *ROWS, "-- end --"], "a comment: line 62"),
    "a remark": (
        [HEADER, *ROWS, "", "Made by the intranet on Friday"],
        "another form",
    ),
    "two remarks": ([HEADER, *ROWS, "", "Made by us, today", "Secret"], "form than in other rows"),
    "totals of a group": ([HEADER, *ROWS[:9], "Total Paris,9,", *ROWS[9:]], "a total: line 11"),
    "a mean": ([HEADER, *ROWS, "Average,33.5,3"], "a total: line 62"),
    "a total below an empty key": ([HEADER, *ROWS, ",Total,60"], "a total: line 62"),
    "a total of SAP": ([HEADER, *ROWS, "*,60,"], "a total: line 62"),
    "the end of a DOS file": ([HEADER, *ROWS, "\x1a"], "form than in other rows: line 62"),
    "a line of dashes": ([HEADER, "---+----+---", *ROWS], "line 2"),
    "blank rows": ([HEADER, *ROWS[:9], ",,", *ROWS[9:], ",,", ",,"], "empty: lines 11, 63, 64"),
}


@pytest.mark.parametrize("case", NO_ROWS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_is_no_row_is_left_out_and_named(case, end):
    lines, said = NO_ROWS[case]
    table = read(lines, end)
    assert refs(table) == EVERY_REF
    assert table.names == ["ref", "age", "city"]
    assert any(said in note for note in table.notes), table.notes


@pytest.mark.parametrize(
    "row",
    [
        "Total,61,Paris",  # a customer of that name, amid the others
        "#1001,61,Paris",
        "C99,,",
        "#N/A,61,Paris",
        "C61,61,# 2",
        "Zoë-Ann,61",
    ],
)
def test_a_customer_stays(row):
    table = read([HEADER, *ROWS[:9], row, *ROWS[9:]])
    assert refs(table)[9] == row.split(",")[0]
    assert table.rows == 61


def test_units_below_the_header_are_no_customer():
    rows = [f"C{n},{n},{n}.5" for n in range(60)]
    table = read(["ref,age,spend", ",years,EUR", *rows])
    assert refs(table) == EVERY_REF
    assert table.notes == ("left out, units or a second header: line 2",)
    assert read(["ref,age,spend", "C99,unknown,n/a", *rows]).rows == 61


def test_a_header_that_looks_like_a_row_is_noted():
    assert "is the header missing?" in read(ROWS).notes[0]
    assert read(["ref,2019,2020", *ROWS]).notes == ()


def test_keys_that_begin_with_a_hash_are_no_comments():
    table = read(["order,note", *(f"#ab{n},{'' if n % 2 else 'x'}" for n in range(40))])
    assert table.rows == 40


def test_a_file_of_one_column_has_a_footer_at_its_end_only():
    table = read(["note", "# a", "total", "Page 2", "-- b", *("x" for _ in range(9)), "(13 rows)"])
    assert values(table, "note") == ["# a", "total", "Page 2", "-- b", *["x"] * 9]


def test_a_table_of_few_values_is_kept():
    table = read(["a,b,c", *(f"x{n},," if n % 2 else f"{n},1,2" for n in range(40))])
    assert table.rows == 40


def test_page_breaks_within_a_file_are_removed():
    table = read([HEADER, *ROWS[:30], f"\f{HEADER}", f"\f{ROWS[30]}", *ROWS[31:]])
    assert refs(table) == EVERY_REF
    assert table.notes[:1] == ("2 page breaks left out",)


def test_rows_with_too_many_values_are_counted_by_line_and_no_customers():
    lines = [f"{number},{number % 7}" for number in range(1000)]
    lines[500] += ",more"
    table = read(["a,b", *lines])
    assert table.rows == 999
    assert "more values than the header has names: line 502" in table.notes[0]


VALUES = [
    'O\'Hara "the" 1st, {{ x }}',
    "<b>bold</b> & [yes]: no",
    "- item\n  key: |",
    "a\tb\\N\\\\",
    "'single'",
    "%s ${HOME} \u200d\U0001f469\u2028end",
    "=1+1",
    " both ends ",
]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "||", "~|~", "¦", "::"])
def test_values_and_names_come_out_as_they_went_in(separator):
    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    rows = [["id", "<i>n:</i> {a}"], *([f"{n}", f"{v}{separator}"] for n, v in enumerate(VALUES))]
    text = "\n".join(separator.join(map(quoted, row)) for row in rows)
    table = read_table(text.encode(), separator)
    assert table.names == ["id", "<i>n:</i> {a}"]
    assert values(table, table.names[1]) == [f"{value}{separator}" for value in VALUES]
    assert table.separator == separator


def test_a_separator_of_two_characters_is_found():
    text = "a||b||c\n" + "1||2||3\n" * 9
    assert find_separator(text) == "||"
    assert values(read_table(text.encode()), "c") == ["3"] * 9


def test_spaces_after_a_separator_belong_to_it():
    table = read(["a, b, c", *('1, "x, ""y""", 2' for _ in range(9))])
    assert table.names == ["a", "b", "c"]
    assert values(table, "b") == ['x, "y"'] * 9


def test_single_quotes_enclose_values_where_all_have_them():
    table = read(["'a','b'", "'1','x, y'", "'2','it''s'"])
    assert values(table, "b") == ["x, y", "it's"]
    assert values(read(["a,b", "1,it's", "2,'tis"]), "b") == ["it's", "'tis"]


def test_quotes_may_be_written_with_a_backslash():
    table = read(["a,b", '1,"say \\"yes, no\\""', '2,"\\N"', '3,"C:\\\\"'])
    assert values(table, "b") == ['say "yes, no"', "\\N", "C:\\"]
    assert 'quotes within values are written \\"' in table.notes


def test_blanks_may_follow_quotes():
    table = read(["a,b,c", *('1,"x, y" ,2' for _ in range(9))])
    assert values(table, "b") == ["x, y"] * 9
    table = read(["a,b,c", *('"1" , "x, y" , "2"' for _ in range(9))])
    assert values(table, "b") == ["x, y"] * 9


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,b", "1,x", '2,"y', "3,z"], "line 3 cannot be read .* opened in line 3 is not closed"),
        (["a,b", '1,"x\ny"', '2,"y"z'], "line 4 cannot be read .* inside a quoted value"),
    ],
)
def test_a_quote_that_does_not_close_is_named_by_its_line(lines, said):
    with pytest.raises(InferenceError, match=said):
        read(lines)


def test_names_that_repeat_or_are_empty_or_invisible_are_shown():
    table = read(["\ufeffid,,id,\u200b,x\u2060y", "1,2,3,4,5", "2,2,3,4,5"])
    assert table.names == ["id", "column_2", "id_2", "column_4", "xy"]
    assert len(table.notes) == 4


def test_line_ends_may_be_mixed():
    table = read_table(b'a,b\r\n1,"x\ry"\r2,z\n\r\n3,"u\r\nv"\n')
    assert values(table, "a") == ["1", "2", "3"]
    assert values(table, "b") == ["x\ry", "z", "u\r\nv"]
