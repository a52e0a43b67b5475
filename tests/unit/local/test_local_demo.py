from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest

from local.demo import customer_columns, load_customers, updated_at


@pytest.fixture(scope="module")
def columns():
    return {column.name: column for column in customer_columns()}


@pytest.fixture(scope="module")
def shop(make_database):
    dsn = make_database("shop")
    assert load_customers(dsn)
    return dsn


def rows(dsn: str, query: str) -> list[tuple]:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def test_there_are_ten_thousand_customers_with_their_own_keys(columns):
    ids = columns["customer_id"].values
    assert len(set(ids)) == 10_000
    assert {len(column.values) for column in columns.values()} == {10_000}


def test_no_change_lies_on_the_edge_of_a_monthly_window(columns):
    days = {moment.day for moment in columns["updated_at"].values}
    assert days == set(range(2, 28))


def test_the_moment_of_change_depends_on_the_customer_alone():
    assert updated_at(1, "Mar-2018") == datetime(2018, 3, 3, 2, 11, 59, tzinfo=UTC)
    assert updated_at(1, "Mar-2018") == updated_at(1, "Mar-2018")
    assert updated_at(2, "Mar-2018") != updated_at(1, "Mar-2018")


def test_values_are_of_their_types_and_missing_ones_are_none(columns):
    kinds = {"bigint": int, "double precision": float, "text": str, "boolean": bool}
    for column in columns.values():
        if column.type in kinds:
            found = {type(value) for value in column.values if value is not None}
            assert found == {kinds[column.type]}, column.name
    assert columns["emp_length"].type == "bigint"
    assert columns["emp_length"].values.count(None) == 817
    assert columns["annual_income"].type == "double precision"


def test_windows_hold_the_expected_customers(shop):
    counts = rows(
        shop,
        "select count(*) filter (where updated_at < '2018-02-01T02:00Z'),"
        " count(*) filter (where updated_at < '2018-03-01T02:00Z'),"
        " count(*) filter (where updated_at < '2018-04-01T02:00Z') from customers",
    )
    assert counts == [(3395, 6383, 10_000)]


def test_the_table_has_a_key_an_index_and_the_derived_boolean(shop):
    definitions = " ".join(
        row[0] for row in rows(shop, "select indexdef from pg_indexes where tablename='customers'")
    )
    assert "UNIQUE INDEX customers_pkey" in definitions
    assert "(updated_at)" in definitions
    query = "select count(*) from customers where has_bankruptcy <> (public_record_bankrupt > 0)"
    assert rows(shop, query) == [(0,)]


def test_an_equal_table_is_left_untouched(shop):
    before = rows(shop, "select xmin, ctid, customer_id from customers order by customer_id")
    assert not load_customers(shop)
    assert rows(shop, "select xmin, ctid, customer_id from customers order by 3") == before


@pytest.mark.parametrize(
    "change",
    [
        "update customers set annual_income = null where customer_id = 7",
        "alter table customers drop column grade",
        "drop table customers",
        *(
            pytest.param(change, marks=pytest.mark.soak)
            for change in (
                "delete from customers where customer_id = 10000",
                "insert into customers (customer_id) values (0)",
                "alter table customers alter column term type integer",
            )
        ),
    ],
)
def test_a_changed_table_becomes_the_demo_again(shop, change):
    rows(shop, change)
    assert load_customers(shop)
    assert not load_customers(shop)


def test_text_with_separators_survives(shop, columns):
    odd = [text for text in columns["emp_title"].values if text and not text.isascii()]
    loaded = {row[0] for row in rows(shop, "select emp_title from customers")}
    assert set(odd) <= loaded
    assert set(columns["emp_title"].values) == loaded
