"""Lines of an export: safe for spreadsheets, exact for programs; values hashed as platforms do."""

import csv
import hashlib
import hmac
import io

import pytest

from kindred.audiences.csv_lines import csv_lines, is_formula, unguarded
from kindred.audiences.hashing import Hashing, hasher

FORMULAS = [
    "=1+1", "+491234", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =cmd|' /C calc'!A0",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\xa0=1",
]  # fmt: skip
PLAIN = [
    "anna@example.com",
    "a=b",
    "7",
    'say "hi", twice',
    "two\nlines",
    "two\r\nlines",
    "a\rb",
    " x ",
    "ä€😀",
    "it's",
    "'quoted'",
]
GUARDED = ["'=1+1", "''=1+1", "'-2", "' =1", "'='"]
"""Values that look like the guarded formulas of an export."""


def read(data):
    return [row for (row,) in csv.reader(io.StringIO(data.decode(), newline=""))]


def test_no_value_is_a_formula_and_all_come_back():
    assert all(map(is_formula, FORMULAS))
    assert not any(map(is_formula, PLAIN))
    assert read(csv_lines(FORMULAS)) == [f"'{value}" for value in FORMULAS]
    assert read(csv_lines(PLAIN)) == PLAIN
    for value in (*FORMULAS, *PLAIN, *GUARDED):
        [cell] = read(csv_lines([value]))
        assert unguarded(cell) == value
    assert len({*read(csv_lines(FORMULAS + GUARDED))}) == len(FORMULAS + GUARDED)
    # Where lists are separated by semicolons, the rest of the line would be a cell of its own.
    assert csv_lines(["a;=1+1", "a\t=1", "a|=1"]) == b'"a;=1+1"\r\n"a\t=1"\r\n"a|=1"\r\n'
    data = csv_lines(["a", "b\rc", "d"])
    assert data == b'a\r\n"b\rc"\r\nd\r\n'


def test_whole_numbers_are_left_alone():
    assert csv_lines(["-5", "7"], are_numbers=True) == b"-5\r\n7\r\n"
    assert csv_lines([]) == b""


@pytest.mark.parametrize(
    "value", ["Anna@Example.COM", " anna@example.com\t\n", "\xa0anna@example.com"]
)
def test_values_are_hashed_as_platforms_take_them(value):
    plain = b"anna@example.com"
    assert hasher(Hashing.SHA256)(value) == hashlib.sha256(plain).hexdigest()
    secret = b"s" * 32
    assert hasher(Hashing.HMAC, secret)(value) == hmac.new(secret, plain, "sha256").hexdigest()
    assert hasher(Hashing.NONE)(value) == value
