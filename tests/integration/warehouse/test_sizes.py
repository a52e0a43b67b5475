"""What a reader may ask for is bounded."""

import time

import psycopg2.errors
import pytest
from psycopg2 import sql

from integration.reader_shop import reader
from integration.warehouse import Laboratory

IDS = "array(select generate_series(1, {})::bigint)"
TOO_LARGE = {
    f"bi.lookalike_audience({IDS.format(1_000_000)})": r"ids holds 1000000 .* at most 100000",
    f"bi.lookalike_audience({IDS.format(30)}, 2000000000)": "n is 2000000000, .* at most 1000000",
    f"bi.lookalike_audience({IDS.format(30)}, 5, 2000000000)": "too few seeds",
    "bi.similar_customers(1, 2000000000)": "k is 2000000000, but .* at most 100000",
    "bi.similar_customers(1, 5, jsonb_build_object('income', (select jsonb_agg(x) from"
    " generate_series(1, 200000) as x)))": r"condition takes \d+ bytes, but at most 262144",
    "bi.similar_customers(1, 5, jsonb_build_object('age', (select jsonb_agg(x) from"
    " generate_series(1, 1001) as x)))": '"age" has 1001 values, but at most 1000 are allowed',
    "bi.similar_customers(1, 5, (select jsonb_object_agg(x, 1) from"
    " generate_series(1, 1000) as x))": 'condition names column "',
    "bi.similar_customers(1, 5, jsonb_build_object(repeat('x', 200000), 1))": 'column "x{100}"',
    "bi.similar_customers(1, 5, to_jsonb(repeat('x', 200000)))": 'condition is "x+, but must be',
    "bi.similar_customers(1, 5, jsonb_build_object('age', repeat('x', 200000)))": 'on column "age"',
    "bi.similar_customers(1, 5, null, repeat('x', 10000000), 1)": 'algorithm is "x{100}"',
    "bi.similar_customers(1, 5, null, null, null, repeat('x', 10000000))": 'metric is "x{100}"',
}


@pytest.mark.parametrize("call", TOO_LARGE)
def test_sizes_are_bounded(shop: Laboratory, call: str) -> None:
    with reader(shop) as cursor:
        started = time.monotonic()
        with pytest.raises(psycopg2.errors.RaiseException, match=TOO_LARGE[call]) as caught:
            cursor.execute(sql.SQL("select * from {}").format(sql.SQL(call)))
        assert time.monotonic() - started < 2
        assert len(str(caught.value)) < 1000


def test_the_largest_arguments_are_answered(shop: Laboratory) -> None:
    ids = IDS.format(100_000).replace("1, 1", "101, 1")
    values = "(select jsonb_agg(x) from generate_series(20, 1019) as x)"
    with reader(shop) as cursor:
        condition = f"jsonb_build_object('age', {values})"
        for call, rows in (
            (f"lookalike_audience({ids}, 1000000)", 100),
            (f"similar_customers(1, 100000, {condition})", 199),
        ):
            cursor.execute(sql.SQL("select count(*) from bi.{}").format(sql.SQL(call)))
            assert cursor.fetchall() == [(rows,)]
