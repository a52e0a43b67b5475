"""Binary COPY against the server itself: what is sent is there, and comes back as it was."""

from uuid import UUID

import numpy as np
import pytest
from pgvector import Vector
from psycopg2 import sql

from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows
from kindred.warehouse.database import connect
from kindred.warehouse.keys import KeyType, concatenate_keys, empty_keys

SEED = 20_180_401
TYPES = {
    Field.INT2: "smallint",
    Field.INT4: "integer",
    Field.INT8: "bigint",
    Field.FLOAT4: "real",
    Field.FLOAT8: "double precision",
    Field.TIMESTAMPTZ: "timestamptz",
    Field.UUID: "uuid",
    Field.TEXT: 'text collate "C"',
    Field.VECTOR: "vector(3)",
}
FIXED = [field for field in TYPES if field is not Field.TEXT]


@pytest.fixture(scope="module")
def warehouse(make_database):
    """A session in a database with pgvector."""
    with connect(make_database("copy"), connection_id="test", application_name="test") as database:
        execute(database, "create extension vector")
        yield database


def execute(database, statement):
    with database.connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def make_table(database, fields):
    parts = [f"{field.value}_{number} {TYPES[field]}" for number, field in enumerate(fields)]
    execute(database, "drop table if exists copied")
    execute(database, sql.SQL("create table copied ({})").format(sql.SQL(", ".join(parts))))
    return [part.split()[0] for part in parts]


def send(database, columns, block_rows=1_000_000):
    names = make_table(database, [column.field for column in columns])
    rows = len(columns[0].values)
    chunks = (
        encode_rows([Column(c.field, c.values[start : start + block_rows]) for c in columns])
        for start in range(0, rows, block_rows)
    )
    return database.copy_in("copied", names, RowStream(chunks))


def receive(database, fields, *, block_rows=1_000_000, order="1"):
    names = execute(
        database,
        "select attname from pg_attribute where attrelid = 'copied'::regclass and attnum > 0"
        " order by attnum",
    )
    columns = statements.comma_separated([sql.Identifier(name) for (name,) in names])
    query = sql.SQL("select {} from copied order by {}").format(columns, sql.SQL(order))
    blocks = []
    reader = BlockReader(fields, blocks.append, block_rows=block_rows, dimensions=3)
    rows = database.copy_out(query, reader)
    reader.flush()
    assert rows == sum(len(block[0]) for block in blocks)
    return blocks


def sample(field, rows):
    random = np.random.default_rng(SEED)
    if field in (Field.INT2, Field.INT4, Field.INT8):
        limits = np.iinfo({"int2": "int16", "int4": "int32", "int8": "int64"}[field.value])
        values = random.integers(limits.min, limits.max, rows, dtype=np.int64, endpoint=True)
        values[:3] = limits.min, limits.max, 0
        return values.astype(limits.dtype)
    if field in (Field.FLOAT4, Field.FLOAT8):
        dtype = np.float32 if field is Field.FLOAT4 else np.float64
        values = random.normal(size=rows).astype(dtype)
        limits = np.finfo(dtype)
        values[:6] = np.nan, np.inf, -np.inf, -0.0, limits.max, limits.smallest_subnormal
        return values
    if field is Field.TIMESTAMPTZ:
        values = random.integers(-(10**15), 4 * 10**15, rows)
        values[:3] = 0, 946_684_800_000_000, 946_684_799_999_999
        return values
    if field is Field.UUID:
        values = [random.bytes(16) for _ in range(rows)]
        values[:3] = bytes(16), b"\x01" + bytes(15), b"\xff" * 16
        return np.array(values, dtype="S16")
    assert field is Field.VECTOR
    values = random.normal(size=(rows, 3)).astype(np.float32)
    values[0] = 0.0, -0.0, np.finfo(np.float32).max
    return values


def same_bits(left, right):
    assert left.dtype.newbyteorder("=") == right.dtype.newbyteorder("=")
    return np.ascontiguousarray(left).tobytes() == np.ascontiguousarray(right).tobytes()


@pytest.mark.parametrize("rows", [7, 100])
def test_all_fields_of_fixed_width_together(warehouse, rows):
    columns = [Column(Field.INT8, np.arange(rows))]
    columns += [Column(field, sample(field, rows)) for field in FIXED]
    assert send(warehouse, columns) == rows
    [block] = receive(warehouse, [column.field for column in columns])
    for column, values in zip(columns, block, strict=True):
        assert same_bits(values, column.values), column.field


@pytest.mark.parametrize("field", FIXED)
def test_the_server_reads_what_was_meant(warehouse, field):
    values = sample(field, 10)
    send(warehouse, [Column(Field.INT4, np.arange(10)), Column(field, values)])
    shown = f"{field.value}_1::text"
    if field is Field.TIMESTAMPTZ:
        shown = f"(extract(epoch from {field.value}_1) * 1000000)::bigint::text"
    query = sql.SQL("select {} from copied order by 1").format(sql.SQL(shown))
    stored = [value for (value,) in execute(warehouse, query)]
    if field is Field.VECTOR:
        expected = {tuple(map(float, row)) for row in values}
        found = {tuple(Vector.from_text(value).to_list()) for value in stored}
    elif field is Field.UUID:
        expected = {str(UUID(bytes=value.ljust(16, b"\0"))) for value in values.tolist()}
        found = set(stored)
    elif field is Field.TIMESTAMPTZ:
        expected, found = {str(value) for value in values}, set(stored)
    else:
        number = values.dtype.type
        expected = {repr(value) for value in values}
        found = {repr(number(value)) for value in stored}
    assert found == expected


TEXTS = ["", " ", "ß", "日本語", "a" * 255, "🙂", "tab\there", 'quote"', "back\\slash", "zz"]


@pytest.mark.parametrize("block_rows", [1, 3, 100])
def test_text_beside_every_other_field(warehouse, block_rows):
    rows = len(TEXTS)
    texts = np.array([text.encode() for text in TEXTS], dtype="S")
    columns = [Column(Field.INT8, np.arange(rows))]
    columns += [Column(field, sample(field, rows)) for field in FIXED]
    columns += [Column(Field.TEXT, texts), Column(Field.TEXT, texts[::-1])]
    assert send(warehouse, columns, block_rows) == rows
    blocks = receive(warehouse, [column.field for column in columns], block_rows=block_rows)
    assert [len(block[0]) for block in blocks] == [
        min(block_rows, rows - start) for start in range(0, rows, block_rows)
    ]
    first = np.concatenate([block[-2] for block in blocks]).tolist()
    second = np.concatenate([block[-1] for block in blocks]).tolist()
    assert [text.decode() for text in first] == TEXTS
    assert [text.decode() for text in second] == TEXTS[::-1]
    for position in range(len(FIXED) + 1):
        values = np.concatenate([block[position] for block in blocks])
        assert same_bits(values, columns[position].values)


def test_null_texts_come_back_as_none(warehouse):
    make_table(warehouse, [Field.INT4, Field.TEXT, Field.TEXT])
    execute(
        warehouse,
        "insert into copied values (1, null, 'b'), (2, '', null), (3, null, null), (4, 'ä', 'ö')",
    )
    [block] = receive(warehouse, [Field.INT4, Field.TEXT, Field.TEXT])
    assert block[0].tolist() == [1, 2, 3, 4]
    assert block[1].tolist() == [None, b"", None, "ä".encode()]
    assert block[2].tolist() == [b"b", None, None, "ö".encode()]


@pytest.mark.parametrize("field", TYPES)
def test_no_rows(warehouse, field):
    empty = {
        Field.TEXT: np.empty(0, dtype="S1"),
        Field.UUID: np.empty(0, dtype="S16"),
        Field.VECTOR: np.empty((0, 3), dtype=np.float32),
    }.get(field, np.empty(0, dtype=np.int64))
    make_table(warehouse, [field])
    assert warehouse.copy_in("copied", [f"{field.value}_0"], RowStream([])) == 0
    chunk = encode_rows([Column(field, empty)])
    assert warehouse.copy_in("copied", [f"{field.value}_0"], RowStream([chunk])) == 0
    assert receive(warehouse, [field]) == []


@pytest.mark.parametrize("block_rows", [1, 499, 500, 501, 1000])
def test_block_boundaries_lose_no_row(warehouse, block_rows):
    """More bytes than one network packet, in blocks around and beyond the number of rows."""
    rows = 1000
    vectors = np.random.default_rng(SEED).normal(size=(rows, 3)).astype(np.float32)
    columns = [Column(Field.INT8, np.arange(rows)), Column(Field.VECTOR, vectors)]
    assert send(warehouse, columns, block_rows) == rows
    blocks = receive(warehouse, [Field.INT8, Field.VECTOR], block_rows=block_rows)
    assert [len(block[0]) for block in blocks] == [block_rows] * (rows // block_rows) + (
        [rows % block_rows] if rows % block_rows else []
    )
    assert np.concatenate([block[0] for block in blocks]).tolist() == list(range(rows))
    assert same_bits(np.concatenate([block[1] for block in blocks]), vectors)


def keys_of(kind, rows=200):
    random = np.random.default_rng(SEED)
    if kind is KeyType.BIGINT:
        return kind.from_python(random.choice(10**9, rows, replace=False) - 5 * 10**8)
    if kind is KeyType.UUID:
        return kind.from_python([UUID(bytes=random.bytes(16)) for _ in range(rows)])
    words = {
        "".join(chr(c) for c in random.integers(33, 800, random.integers(1, 9)))
        for _ in range(rows)
    }
    return kind.from_python([word for word in words if word.isprintable()])


@pytest.mark.parametrize("kind", KeyType)
def test_the_server_sorts_keys_as_numpy_does(warehouse, kind):
    keys = keys_of(kind)
    assert len(keys) > 100
    send(warehouse, [kind.column(keys)])
    [[values]] = receive(warehouse, [kind.field])
    sorted_keys = np.sort(keys)
    assert kind.from_copy(values).tolist() == sorted_keys.tolist()
    query = "select array_agg(k::text order by k) from (select {}::{} as k from copied) as keys"
    name = sql.Identifier(f"{kind.field.value}_0")
    cast = sql.SQL(kind.value + (' collate "C"' if kind is KeyType.TEXT else ""))
    [(texts,)] = execute(warehouse, sql.SQL(query).format(name, cast))
    assert texts == [str(key) for key in kind.to_python(sorted_keys)]


@pytest.mark.parametrize("kind", KeyType)
def test_keys_of_blocks_are_put_end_to_end(kind):
    keys = keys_of(kind)
    joined = concatenate_keys(kind, [keys[:1], keys[1:50], keys[50:]])
    assert joined.tolist() == keys.tolist()
    assert concatenate_keys(kind, []).dtype == empty_keys(kind).dtype
    assert len(empty_keys(kind)) == 0
    assert kind.from_python(kind.to_python(keys)).tolist() == keys.tolist()
