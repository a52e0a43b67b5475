"""Files of ids as people save them."""

import csv

import pytest

from kindred.audiences.csv_lines import csv_lines
from kindred.audiences.id_file import read_ids, spellings
from kindred.audiences.status import Status
from kindred.errors import AudienceError


@pytest.fixture
def read(tmp_path):
    """The ids of a file with this content."""

    def ids(content, column=None, name="ids.csv", role="seed", **options):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "ids.csv").write_bytes(data)
        return list(read_ids(tmp_path, name, column, "customer_id", role=role, **options))

    return ids


@pytest.mark.parametrize(
    ("content", "column", "expected"),
    [
        ("1\n2\n\n3", None, ["1", "2", "3"]),
        ("1\r\n2\r\n", None, ["1", "2"]),
        ("1\r2\r3", None, ["1", "2", "3"]),
        ("\ufeff1\n2\n", None, ["1", "2"]),
        ("1\n2\n".encode("utf-16"), None, ["1", "2"]),
        (" 1 \n\t2\n", None, [" 1 ", "\t2"]),
        ("a \r\n b", None, ["a ", " b"]),
        ('customer_id\n"a "\n" "\n\n', None, ["a "]),
        ("x, customer_id \n1,a \n2, \n", None, ["a ", ""]),
        ("x;' id\n1;a\n", "' id", ["a"]),
        ("customer_id\n1\n", None, ["1"]),
        ("a;customer_id\nx;1\ny;\nz\n\n;3\n", None, ["1", "", "", "3"]),
        ("\n\na\tcustomer_id\n1\t2\n", None, ["2"]),
        ("id,b\n1,2\n", "id", ["1"]),
        ('"id";"b"\r\n"1,5";"2"\r\n', "id", ["1,5"]),
        ("id\n1\n", "id", ["1"]),
        ("a|id|c\n1|2|3", "id", ["2"]),
        ('"a,b"\n"c,d"\n', None, ["a,b", "c,d"]),
        ("1,\n2,\n", None, ["1", "2"]),
        ("é\nß", None, ["é", "ß"]),
        ("", None, []),
        ("\n \n", None, []),
    ],
)
def test_ids_of_a_file(read, content, column, expected):
    assert read(content, column) == expected


def test_the_file_of_an_export_gives_its_ids_back(read):
    ids = ["=1", "'=1", "''=1", "-2", "'-2", " +3 ", "\t@4", "a ", "a", "'b'", "c;d", 'e"f']
    [*found] = read(csv_lines(["customer_id", *ids]))
    assert [spellings(one)[0] for one in found] == ids
    assert read(csv_lines(["=id", "=1"]), "=id") == ["'=1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        (" a\xa0", [" a\xa0", "a"]),
        ("'=a ", ["=a ", "'=a ", "=a", "'=a"]),
        (" '=a", [" '=a", "=a", "'=a"]),
    ],
)
def test_what_an_id_of_a_file_can_mean(text, expected):
    assert spellings(text) == expected


@pytest.mark.parametrize(
    ("content", "column", "reason"),
    [
        (
            "secret,b\n1,2\n",
            None,
            "has 2 columns, and none is called 'customer_id'; say in 'column'",
        ),
        ("1\n2\nsecret,b\n", None, "line 3 has several columns; give it a header"),
        ("secret\n2\n", "id", "its first line is no header with the column that"),
        ("secret,Id\n2,3\n", "id", r"'column' names \(case matters\)"),
        (b"1\nsecret\xff\n", None, "a byte is not UTF-8; save it as UTF-8"),
    ],
)
def test_files_that_do_not_say_which_are_the_ids(read, content, column, reason):
    with pytest.raises(AudienceError, match=reason) as caught:
        read(content, column)
    assert caught.value.status == Status.FAILED
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('customer_id,n\n40,a\n80,"secret\n120,b\n', 3),
        ('customer_id,n\n40,a\n80,"secret\n120,b\n400,"secret\n440,c\n', 3),
        ('n,customer_id\na,40\n"secret,80\nb,120\n', 3),
        ('customer_id\n40\n"80\n120\n', 3),
        ('\n\ncustomer_id\n"80', 4),
        ('customer_id;n\r\n40;"a ""secret""\r\nb"\r\n80;c\r\n', 2),
        ('customer_id,n\n40,"two\rlines"\n', 2),
        ('customer_id,n\n40,"secret" b\n', 2),
        ('n,customer_id\n"a "secret, b",40\n', 2),
    ],
)
def test_no_quote_swallows_a_line(read, content, line):
    for options in ({}, {"needs_all": True}):
        with pytest.raises(AudienceError, match=f"not CSV: in line {line} .*; close") as found:
            read(content, **options)
        assert "secret" not in str(found.value)
    assert read('customer_id,n\n40,"Bob ""the man"""\n80,Al "b"\n') == ["40", "80"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("n,customer_id\nx,40\n80\n", 3),
        ("customer_id,n\n40,x\n80;secret\n", 3),
        ("n,customer_id\nx,40\nsecret, y,80\n", 3),
    ],
)
def test_where_all_must_be_understood_no_line_has_other_columns(read, content, line):
    assert len(read(content)) == 2
    with pytest.raises(AudienceError, match=f"line {line} has other columns") as caught:
        read(content, needs_all=True)
    assert "secret" not in str(caught.value)
    for fine in ("customer_id,n\n40\n80,x,y\n,z\n", "n,customer_id\nx,40,\nx,80\n\nx,\n"):
        assert read(fine, needs_all=True) == ["40", "80", ""]


def test_a_file_that_is_no_csv(read, request):
    before = csv.field_size_limit(1000)
    request.addfinalizer(lambda: csv.field_size_limit(before))
    with pytest.raises(AudienceError, match="it is not CSV: field larger than field limit"):
        read("x" * 2000, None)


def test_only_files_of_the_folder_are_read(read, tmp_path):
    outside = tmp_path.parent / "outside.csv"
    outside.write_text("1\n")
    (tmp_path / "link.csv").symlink_to(outside)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "data.csv").write_text("7\n")
    (tmp_path / "mounted.csv").symlink_to("inner/data.csv")
    for name in ("../outside.csv", "link.csv", str(outside)):
        with pytest.raises(AudienceError, match="lies outside the folder"):
            read("", name=name)
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    for name in ("circle.csv", "x" * 300):
        with pytest.raises(AudienceError, match="it cannot be read"):
            read("", name=name)
    for name in ("absent.csv", "inner"):
        with pytest.raises(AudienceError, match="there is no such file"):
            read("", name=name)
    assert read("", name="mounted.csv") == ["7"]
