"""Arrow's parser reads regular files as Python's ``csv`` does, and leaves others alone."""

import csv
import io
from collections import Counter

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kindred.errors import InferenceError
from kindred.infer.layout import Layout
from kindred.infer.records import read_any, read_regular, read_rows

MANY = settings(max_examples=400)
VALUES = st.text(st.sampled_from("ab1 ,;\"'\n\r\0\té€\u2028\x85#\\"), max_size=6)


def layout(width, **more):
    names = [f"c{number}" for number in range(width)]
    return Layout(
        **({"separator": ",", "quote": '"', "skips_spaces": False} | more),
        header=names,
        first_line=2,
    )


def as_rows(rows):
    columns = [np.array(c.texts.to_pylist(), object)[c.codes] for c in rows.columns]
    return list(zip(*columns, strict=True)), rows.lines.tolist()


def everything(rows):
    return *as_rows(rows), rows.is_short.tolist(), rows.too_long


def read_both(body, made, block_bytes=2**23):
    """What each reader finds, None if it refuses."""
    content = b"header\n" + body
    try:
        exact = read_any(body, made, 2)
    except InferenceError:
        exact = None
    fast = read_regular(content, 7, len(content), made, block_bytes)
    return fast, exact


@MANY
@given(st.integers(1, 3), st.text(st.sampled_from('ab,,,""\n\n\r\'é'), max_size=40))
def test_whatever_arrow_accepts_is_what_csv_reads(width, text):
    fast, exact = read_both(text.encode(), layout(width))
    event(f"fast: {fast is not None}")
    if fast is not None:
        assert exact is not None
        assert everything(fast) == everything(exact)


PLAIN_ROWS = [f'{n},"x, ""{n}""\n",y' for n in range(60)]


@MANY
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.text(st.sampled_from('ab,,,"\n\ré1'), max_size=12)),
        max_size=4,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_odd_rows_among_regular_ones_are_read_the_same(odd, end):
    lines = list(PLAIN_ROWS)
    for place, text in sorted(odd, reverse=True):
        lines.insert(place, text)
    fast, exact = read_both(end.join(lines).encode(), layout(3))
    event(f"fast: {fast is not None}")
    if fast is not None:
        assert everything(fast) == everything(exact)


@MANY
@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[VALUES] * n), min_size=1, max_size=8)),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", ";", "\t", "\x1f"]),
)
def test_what_is_written_is_read_by_both(rows, quoting, end, separator):
    text = io.StringIO(newline="")
    # The writer quotes only the characters of the line end that it writes.
    quoting = quoting if end == "\r\n" else csv.QUOTE_ALL
    csv.writer(text, quoting=quoting, lineterminator=end, delimiter=separator).writerows(rows)
    made = layout(len(rows[0]), separator=separator)
    body = text.getvalue().encode()
    fast, exact = read_both(body, made)
    assert as_rows(exact)[0] == rows
    if "\0" in text.getvalue():
        assert fast is None
    else:
        assert as_rows(fast) == as_rows(exact)


def test_blocks_end_anywhere():
    text = "".join(f'{n},"two\r\nlines, ""{n}""",é{n}\r\n' for n in range(2000))
    for size in (701, 1024, 4099):
        fast, exact = read_both(text.encode(), layout(3), size)
        assert as_rows(fast) == as_rows(exact)
        assert as_rows(fast)[1][:3] == [2, 4, 6]


IRREGULAR = {
    "a quote in a value": b'1,5" pipe\n2,b\n',
    "a short row": b"1,2\n3\n",
    "a long row": b"1,2\n3,4,5\n",
    "a NUL byte": b"1,\x002\n",
    "an open quote": b'1,"2\n3,4\n',
    "text after a quote": b'1,"2"x\n',
}


@pytest.mark.parametrize("case", IRREGULAR)
def test_what_is_not_regular_is_not_read_by_arrow(case):
    content = b"a,b\n" + IRREGULAR[case]
    assert read_regular(content, 4, len(content), layout(2)) is None


def test_an_odd_row_in_the_middle_of_many_is_found_and_the_others_are_read_by_arrow(monkeypatch):
    lines = [f"{n},{n % 7}" for n in range(300_000)]
    lines[123_456] += ",more"
    lines[200_000] = "200000"
    lines[250_000] = "250000,1,,"
    content = ("a,b\n" + "\n".join([*lines, "", "(300000 rows)", ""])).encode()
    seen = []
    monkeypatch.setattr(
        "kindred.infer.records.read_any",
        lambda *given, **more: seen.append(given[0]) or read_any(*given, **more),
    )
    rows = read_rows(content, 4, layout(2), max_rows=None, is_cut=False)
    assert seen == [b"123456,4,more\n200000\n250000,1,,\n(300000 rows)\n"]
    assert rows.too_long == [123_458]
    assert rows.lines[rows.is_short].tolist() == [200_002, 300_003]
    found = as_rows(rows)[0]
    assert found[123_456] == ("123457", "5")
    assert found[199_999:200_001] == [("200000", ""), ("200001", "4")]
    assert found[249_999] == ("250000", "1")
    assert found[-1] == ("(300000 rows)", "")
    assert len(found) == 300_000


def test_a_column_holds_each_text_once():
    content = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n % 3) for n in range(1000))
    for read in (
        read_regular(content, 4, len(content), layout(2), 512),
        read_any(content[4:], layout(2), 2),
    ):
        assert read.columns[1].texts.to_pylist() == ["0", "1", "2"]
        assert Counter(read.columns[1].codes.tolist())[0] == 334
        assert read.columns[1].counts.tolist() == [334, 333, 333]
