"""The tables of events: their columns, and a partition per month."""

import pytest

from integration.events_shop import open_shop, shop_spec
from kindred.events.event_tables import ensure_months
from kindred.events.stored_names import stored_name


@pytest.fixture(scope="module")
def laboratory(make_laboratory):
    """A shop whose tables have been made, without lines."""
    laboratory = make_laboratory()
    open_shop(laboratory, lines=[])
    laboratory.begin(shop_spec(), "2026-04-01T02:00")
    return laboratory


def test_a_table_has_the_roles_and_the_columns_that_features_use(laboratory):
    found = laboratory.query(
        "select attname, format_type(atttypid, -1) from pg_attribute"
        " where attrelid = 'kindred.events_purchases'::regclass and attnum > 0 order by attnum"
    )
    assert found[5:] == [
        ("code channel", "integer"),
        ("item", "integer"),
        ("amount", "double precision"),
        ("quantity", "double precision"),
    ]


def test_months_become_partitions_and_what_is_older_than_1900_is_one(laboratory):
    with (
        laboratory.deployment.warehouse("test", "kindred") as database,
        database.transaction(),
        database.connection.cursor() as cursor,
    ):
        cursor.execute(
            "create temporary table landed as select unnest(array['0004-02-01 BC',"
            " '1899-12-31', '1900-01-01', '2026-01-31 23:59', '2026-02-01', '2026-02-28',"
            " '9999-02-28']::timestamptz[]) as at"
        )
        for _ in range(2):  # the second time there is nothing to do
            ensure_months(database, "purchases", "landed")
        cursor.execute(
            "insert into events_purchases (customer_id, at, identity, landed_at)"
            " select 1, at, gen_random_uuid(), now() from landed"
        )
        cursor.execute("select tableoid::regclass::text, count(*) from events_purchases group by 1")
        found = dict(cursor.fetchall())
    assert sorted(found.values()) == [1, 1, 1, 2, 2]
    assert found['"events_purchases 2026-02"'] == 2
    assert found['"events_purchases before 1900"'] == 2


def test_a_column_is_stored_under_a_name_of_its_own():
    assert stored_name("item") == "item"
    assert stored_name("item", is_code=False) == "number item"
    assert stored_name("channel", is_code=True) == "code channel"
    assert stored_name("at") == "column at"
    assert stored_name("xmin") == "column xmin"
    longest = "x" * 63
    assert stored_name(longest) == longest
    assert len(stored_name(longest, is_code=True)) < 63
