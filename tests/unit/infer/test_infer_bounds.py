"""Files made to be too much: memory stays bounded, and each gets a clear answer."""

import gzip
import io
import tracemalloc
import zipfile
from contextlib import contextmanager
from functools import cache, partial

import pytest

from kindred.errors import InferenceError
from kindred.infer.files import read_csv, read_file
from kindred.infer.proposal import Roles
from kindred.infer.reading import Bounds, read_table
from unit.read_tables import values

MB = 2**20
SMALL = Bounds(max_bytes=MB // 4, max_values=20_000)
WHOLE = Bounds(max_bytes=MB // 4, must_be_whole=True)
ROWS = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(100_000))


def packed(block, times):
    """A gzip file of a block many times over, made without holding what it unpacks to."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as file:
        for _ in range(times):
            file.write(block)
    return target.getvalue()


@contextmanager
def at_most(megabytes):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * MB
    finally:
        tracemalloc.stop()


@cache
def bomb():
    """Made when asked for: every process of the suite imports this file."""
    return packed(b"1,2\n" * MB, 64)


@pytest.mark.parametrize("data", [ROWS, gzip.compress(ROWS)], ids=["plain", "gzip"])
def test_a_large_file_is_read_in_part_and_says_so(data):
    table = read_table(data, bounds=SMALL)
    assert table.is_sample
    assert table.rows == 10_000
    assert values(table, "a")[-1] == "9999"
    assert "the file is large: inferred from its first 10,000 rows" in table.notes
    assert read_csv(data, Roles("a"), bounds=SMALL).is_sample


def test_no_half_row_or_half_character_is_read():
    text = "a,b\n" + "".join(f"{n},é🎉{n}\n" for n in range(100))
    for size in range(500, 530):
        table = read_table(text.encode(), bounds=Bounds(max_bytes=size))
        assert values(table, "b") == [f"é🎉{n}" for n in range(table.rows)]
        marked = read_table(text.encode("utf-16"), bounds=Bounds(max_bytes=size))
        assert values(marked, "b") == [f"é🎉{n}" for n in range(marked.rows)]
    quoted = b'a,b\n1,"x\ny"\n2,"' + b"z\n" * 500 + b'"\n'
    assert values(read_table(quoted, bounds=Bounds(max_bytes=100)), "a") == ["1"]


def test_a_gzip_bomb_takes_no_more_than_its_sample():
    data = bomb()
    with at_most(8):
        table = read_table(data, bounds=SMALL)
    assert table.is_sample


def test_members_one_after_the_other_are_bounded_too():
    data = gzip.compress(ROWS) * 50
    with at_most(8 + 3 * len(data) // MB):
        assert read_table(data, bounds=SMALL).is_sample


def test_a_file_that_must_be_read_whole_is_refused_if_it_is_too_large():
    for data in (ROWS, bomb()):
        with at_most(8), pytest.raises(InferenceError, match="more than 0 MB of text"):
            read_table(data, bounds=WHOLE)


def test_no_more_of_a_file_is_read_than_may_be(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**40)
    with at_most(2), pytest.raises(InferenceError, match="the file is empty"):
        read_table(read_file(path, SMALL), bounds=SMALL)


HOSTILE = {
    "one endless line": (partial(packed, b"0" * MB, 8), "the first line is longer than 1 MB"),
    "one endless line of columns": (
        partial(packed, b"a," * MB, 4),
        "the first line is longer than 1 MB",
    ),
    "a million columns": (b"c," * 200_000 + b"\n1\n", "has 200001 columns; at most 20000"),
    "an endless value": (b"a,b\n1," + b"x" * 2 * MB, "field larger than field limit"),
    "a quote that nobody closes": (b'a,b\n1,"' + b"x\n" * MB, "field larger than field limit"),
    "zeros": (partial(packed, b"\0" * MB, 8), "the file is empty"),
    "gzip in gzip": (lambda: gzip.compress(bomb()), "a gzip file within a gzip file"),
    "bzip2": (b"BZh91AY&SY\xd3", "this is a bzip2 file, not a CSV file: unpack it"),
    "xz": (b"\xfd7zXZ\x00\x00", "this is an xz file"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04", "this is a zstd file"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00", "this is a 7z archive"),
    "tar": (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "this is a tar archive"),
    "tar.gz": (gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar\x00"), "this is a tar archive"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\noid", "run 'git lfs pull'"),
    "HTML": (b"\n<!DOCTYPE html><html>", "this is an HTML page"),
    "JSON": (b'[{"id": 1},\n{"id": 2}]', "this is a JSON file"),
    "JSON lines": (b'{"id": 1}\n{"id": 2}\n', "this is a JSON file"),
    "random bytes": (bytes(range(256)) * 100, "binary file of an unknown kind"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(case):
    made, message = HOSTILE[case]
    data = made if isinstance(made, bytes) else made()
    with at_most(64), pytest.raises(InferenceError, match=message) as caught:
        read_table(data, bounds=Bounds(max_bytes=4 * MB))
    assert caught.value.part == "csv"


def test_a_zip_bomb_is_not_unpacked():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * MB)
    with pytest.raises(InferenceError, match="zip archive"):
        read_table(target.getvalue())


def test_a_control_character_can_be_the_separator():
    assert read_table(b"a\x01b\n1\x012\n", "\x01").names == ["a", "b"]


@pytest.mark.parametrize("header", ["PAR1,b", "[id],[name]", "BZh,b", "Obj,b", "{x},b", "7z,b"])
def test_odd_headers_are_no_other_kind_of_file(header):
    assert read_table(f"{header}\n1,2\n".encode()).names == header.split(",")
