"""The binary COPY format, byte for byte; the round trip through PostgreSQL is tests/integration."""

import struct

import numpy as np
import pytest
from pgvector import Vector

from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import (
    HEADER,
    TRAILER,
    Column,
    Field,
    RowStream,
    encode_rows,
    wire_dtype,
)


def test_rows_of_fixed_width_are_laid_out_as_documented():
    data = encode_rows(
        [
            Column(Field.INT8, np.array([1, -2])),
            Column(Field.INT2, np.array([3, 4])),
            Column(Field.FLOAT4, np.array([0.5, -1.0], dtype=np.float32)),
        ]
    )
    assert data == struct.pack(">hiqihif", 3, 8, 1, 2, 3, 4, 0.5) + struct.pack(
        ">hiqihif", 3, 8, -2, 2, 4, 4, -1.0
    )


def test_rows_with_text_are_laid_out_as_documented():
    names = np.array(["né".encode(), b"", b"abc"], dtype="S")
    data = encode_rows(
        [Column(Field.INT4, np.array([7, 8, 9])), Column(Field.TEXT, names)],
    )
    rows = zip((7, 8, 9), ("né".encode(), b"", b"abc"), strict=True)
    assert data == b"".join(
        struct.pack(">hiii", 2, 4, number, len(text)) + text for number, text in rows
    )


def test_a_vector_carries_its_dimensions():
    vectors = np.array([[1.5, -2.0]], dtype=np.float32)
    data = encode_rows([Column(Field.VECTOR, vectors)])
    assert data == struct.pack(">hihhff", 1, 12, 2, 0, 1.5, -2.0)


@pytest.mark.parametrize("dimensions", [1, 3, 16_000])
def test_vectors_are_those_that_pgvector_itself_encodes(dimensions):
    vectors = np.random.default_rng(1).normal(size=(4, dimensions)).astype(np.float32)
    limits = np.finfo(np.float32)
    vectors[:, 0] = limits.max, -limits.tiny, limits.smallest_subnormal, -0.0
    encoded = [Vector(vector).to_binary() for vector in vectors]
    length = struct.pack(">hi", 1, len(encoded[0]))
    assert encode_rows([Column(Field.VECTOR, vectors)]) == b"".join(length + e for e in encoded)
    for vector, data in zip(vectors, encoded, strict=True):
        assert Vector.from_binary(data).to_numpy().tobytes() == vector.tobytes()


def test_a_vector_that_is_not_contiguous_is_sent_in_its_own_order():
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    straight = encode_rows([Column(Field.VECTOR, np.ascontiguousarray(matrix[::2, ::-1]))])
    assert encode_rows([Column(Field.VECTOR, matrix[::2, ::-1])]) == straight


def test_a_moment_counts_from_the_year_2000():
    microseconds = np.array([946_684_800_000_000, 946_684_799_999_999])
    data = encode_rows([Column(Field.TIMESTAMPTZ, microseconds)])
    assert data == struct.pack(">hiq", 1, 8, 0) + struct.pack(">hiq", 1, 8, -1)


@pytest.mark.parametrize(
    "columns",
    [
        [Column(Field.INT4, np.empty(0, dtype=np.int32))],
        [Column(Field.TEXT, np.empty(0, dtype="S1")), Column(Field.INT4, np.empty(0, dtype=int))],
        [Column(Field.VECTOR, np.empty((0, 3), dtype=np.float32))],
    ],
)
def test_no_rows_are_no_bytes(columns):
    assert encode_rows(columns) == b""


def test_a_field_without_a_fixed_width_has_no_wire_type():
    with pytest.raises(KeyError):
        wire_dtype(Field.TEXT)


@pytest.mark.parametrize("size", [1, 7, 8192, -1])
def test_the_stream_is_header_chunks_and_trailer_in_pieces_of_any_size(size):
    stream = RowStream(iter([b"first", b"", b"second"]))
    pieces = iter(lambda: stream.read(size), b"")
    assert b"".join(pieces) == HEADER + b"first" + b"second" + TRAILER
    assert stream.read(size) == b""
    assert stream.readline() == b""


def test_the_stream_asks_for_a_chunk_only_when_it_needs_it():
    asked = []

    def chunks():
        for number in range(3):
            asked.append(number)
            yield b"x" * 100

    stream = RowStream(chunks())
    assert stream.read(len(HEADER)) == HEADER
    assert asked == []
    stream.read(60)
    assert asked == [0]


def read_back(columns, fields, **limits):
    """Decode rows that are handed over as libpq does: one a write, the header with the first."""
    blocks = []
    reader = BlockReader(fields, blocks.append, **limits)
    rows = len(columns[0].values)
    for row in range(rows):
        one = [Column(column.field, column.values[row : row + 1]) for column in columns]
        assert reader.write((HEADER if row == 0 else b"") + encode_rows(one)) > 0
    reader.write((HEADER if rows == 0 else b"") + TRAILER)
    reader.flush()
    return blocks


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_blocks_end_where_they_should(rows, sizes):
    columns = [Column(Field.INT8, np.arange(rows)), Column(Field.FLOAT8, np.arange(rows) / 4)]
    blocks = read_back(columns, [Field.INT8, Field.FLOAT8], block_rows=3)
    assert [len(block[0]) for block in blocks] == sizes
    for column in (0, 1):
        values = np.concatenate([block[column] for block in blocks] or [np.empty(0)])
        np.testing.assert_array_equal(values, columns[column].values)


def test_text_comes_back_as_bytes_after_the_fixed_fields():
    texts = np.array(["ä".encode(), b"", b"zz"], dtype="S")
    columns = [Column(Field.INT4, np.array([1, 2, 3])), Column(Field.TEXT, texts)]
    [[numbers, decoded]] = read_back(columns, [Field.INT4, Field.TEXT], block_rows=10)
    assert numbers.dtype == np.dtype("int32")
    assert numbers.tolist() == [1, 2, 3]
    assert decoded.tolist() == ["ä".encode(), b"", b"zz"]


def test_a_null_text_is_none():
    blocks = []
    reader = BlockReader([Field.INT4, Field.TEXT, Field.TEXT], blocks.append, block_rows=5)
    reader.write(HEADER + struct.pack(">hiiii", 3, 4, 1, -1, 2) + b"ab")
    reader.write(struct.pack(">hiii", 3, 4, 2, 0) + struct.pack(">i", -1))
    reader.write(TRAILER)
    reader.flush()
    [[_, first, second]] = blocks
    assert first.tolist() == [None, b""]
    assert second.tolist() == [b"ab", None]


@pytest.mark.parametrize("block_rows", [1, 3, 4, 100])
def test_vectors_come_back_in_blocks_that_are_their_own(block_rows):
    """No block may change when the next one is read."""
    vectors = np.arange(20, dtype=np.float32).reshape(10, 2)
    columns = [Column(Field.INT8, np.arange(10)), Column(Field.VECTOR, vectors)]
    blocks = read_back(columns, [Field.INT8, Field.VECTOR], block_rows=block_rows, dimensions=2)
    assert all(len(block[0]) <= block_rows for block in blocks)
    np.testing.assert_array_equal(np.concatenate([block[0] for block in blocks]), np.arange(10))
    np.testing.assert_array_equal(np.concatenate([block[1] for block in blocks]), vectors)


@pytest.mark.parametrize("piece_bytes", [1, 7, 64, 10_000])
def test_rows_of_one_length_may_be_cut_anywhere(piece_bytes):
    numbers = np.arange(100)
    data = HEADER + encode_rows([Column(Field.INT8, numbers)]) + TRAILER
    blocks = []
    reader = BlockReader([Field.INT8], blocks.append, block_rows=30)
    for start in range(0, len(data), piece_bytes):
        reader.write(data[start : start + piece_bytes])
    reader.flush()
    assert [len(block[0]) for block in blocks] == [30, 30, 30, 10]
    assert np.concatenate([block[0] for block in blocks]).tolist() == numbers.tolist()


def test_more_rows_than_are_collected_before_they_are_looked_at():
    numbers = np.arange(20_000)
    columns = [Column(Field.INT8, numbers)]
    blocks = []
    reader = BlockReader([Field.INT8], blocks.append, block_rows=7_000)
    row = len(encode_rows(columns)) // len(numbers)
    data = encode_rows(columns)
    reader.write(HEADER + data[:row])
    for start in range(row, len(data), row):
        reader.write(data[start : start + row])
    reader.write(TRAILER)
    reader.flush()
    assert [len(block[0]) for block in blocks] == [7_000, 7_000, 6_000]
    assert np.concatenate([block[0] for block in blocks]).tolist() == numbers.tolist()


def test_long_texts_end_a_block_by_their_bytes():
    texts = np.array([b"a" * 10, b"b" * 600, b"c" * 600, b"d", b"e" * 1500, b"f"], dtype="S")
    columns = [Column(Field.INT4, np.arange(6)), Column(Field.TEXT, texts)]
    blocks = read_back(columns, [Field.INT4, Field.TEXT], block_rows=5, block_bytes=1000)
    assert [block[0].tolist() for block in blocks] == [[0, 1, 2], [3, 4], [5]]
    assert np.concatenate([block[1] for block in blocks]).tolist() == texts.tolist()


@pytest.mark.parametrize("block_bytes", [1, 14, 15, 28, 41])
def test_bytes_bound_a_block_of_numbers_too(block_bytes):
    """A row has 14 bytes; a block has one at least."""
    columns = [Column(Field.INT8, np.arange(5))]
    blocks = read_back(columns, [Field.INT8], block_rows=100, block_bytes=block_bytes)
    rows = max(1, block_bytes // 14)
    assert [len(block[0]) for block in blocks][:-1] == [rows] * ((5 - 1) // rows)
    assert np.concatenate([block[0] for block in blocks]).tolist() == list(range(5))


def test_nulls_have_a_length_of_minus_1_and_no_bytes():
    is_null = np.array([False, True])
    data = encode_rows(
        [
            Column(Field.INT4, np.array([7, 8]), is_null=is_null),
            Column(Field.FLOAT4, np.array([0.5, np.nan], dtype=np.float32), is_null=~is_null),
            Column(Field.TEXT, np.array([b"ab", b"c"]), is_null=is_null),
        ]
    )
    assert data == struct.pack(">hiiii", 3, 4, 7, -1, 2) + b"ab" + struct.pack(
        ">hiifi", 3, -1, 4, np.nan, -1
    )
