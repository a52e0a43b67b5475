"""A column of the source by key: keys of every type, versions, tombstones, queries."""

import pytest
from psycopg2 import sql

from integration.warehouse import make_spec
from kindred.audiences.source_values import source_column
from kindred.errors import PreflightError, SettingsError
from kindred.spec.model import Spec


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """A source of which each test makes its table."""
    return make_laboratory(is_bare=True)


def fill(shop, definition, rows):
    columns = f"{definition}, income double precision, churned boolean, email text"
    shop.fill("customers", columns, rows)


def spec_of(**source) -> Spec:
    changes = {"table": "customers", "key": "id", "updated_at": "updated_at", **source}
    return make_spec(source=changes, features={"income": "numeric"}, private=["income"])


def values(shop, spec, keys, column="email", private=()):
    with shop.deployment.source(spec, "test") as origin:
        return source_column(origin, spec, column, private).values(keys)


UUIDS = ["2b0f6b1e-0d8c-4b39-9d6b-0a4a6a0c1a01", "8f3e5a52-5f6b-4b2e-8a4e-1f2d3c4b5a69"]


@pytest.mark.parametrize(
    ("key_type", "stored", "keys"),
    [
        ("integer", [1, 2], [1, 2]),
        ("bigint", [-5, 2**62], [-5, 2**62]),
        ("numeric", ["7", "8.0"], [7, 8]),
        ("double precision", [7, 8], [7, 8]),
        ("uuid", [UUIDS[0].upper(), UUIDS[1]], UUIDS),
        ("text", ["=1+1", "a\n'\"%s{x}, b"], ["=1+1", "a\n'\"%s{x}, b"]),
        ("char(9)", ["Ab", "c"], ["Ab", "c"]),
        ("text", ["Ab", "ab"], ["Ab", "ab"]),
    ],
)
def test_values_come_in_the_order_of_the_keys(shop, key_type, stored, keys):
    rows = [(key, "2026-01-01", 1.0, True, f"of {key}") for key in stored]
    fill(shop, f"id {key_type}, updated_at timestamptz", rows)
    expected = [f"of {key}" for key in stored]
    assert values(shop, spec_of(), keys) == expected
    assert values(shop, spec_of(), keys[::-1]) == expected[::-1]
    others = {"text": "no", "char(9)": "no", "uuid": "00000000-0000-4000-8000-000000000000"}
    unknown = others.get(key_type, 99)
    assert values(shop, spec_of(), [unknown]) == []
    assert values(shop, spec_of(), []) == []


def test_case_does_not_matter_where_the_key_ignores_it(shop):
    shop.query("create extension if not exists citext", source=True)
    fill(shop, "id citext, updated_at timestamptz", [("Ab", "2026-01-01", 1.0, True, "x")])
    assert values(shop, spec_of(), ["AB"]) == ["x"]


def test_it_is_the_value_of_the_newest_row_that_counts(shop):
    rows = [
        (1, "2026-01-02", False, 1.0, True, "new"),
        (1, "2026-01-01", False, 1.0, True, "old"),
        (2, "2026-01-01", False, 1.0, True, "was"),
        (2, "2026-01-03", True, 1.0, True, "gone"),
        (3, "2026-01-01", True, 1.0, True, "gone"),
        (3, "2026-01-02", False, 1.0, True, "back"),
        (4, "2026-01-02", False, 1.0, True, None),
        (4, "2026-01-01", False, 1.0, True, "old"),
        (5, "2026-01-01", None, 1.0, False, "kept"),
    ]
    fill(shop, "id bigint, updated_at timestamptz, is_gone boolean", rows)
    spec = spec_of(history="versions", tombstone="is_gone", deletes="tombstone")
    assert values(shop, spec, [1, 2, 3, 4, 5]) == ["new", "back", "kept"]
    limited = spec_of(
        history="versions", tombstone="is_gone", where="churned and email not like '%s'"
    )
    assert values(shop, limited, [1, 5]) == ["new"]


def test_a_query_and_rows_without_a_time_are_read_too(shop):
    fill(shop, "id bigint", [(1, 1.0, True, "x"), (2, 1.0, True, "100%")])
    query = 'select id as "the key", income, churned, upper(email) as email from customers -- %'
    spec = spec_of(table=None, query=query, key="the key", updated_at="none")
    assert values(shop, spec, [2, 1]) == ["100%", "X"]
    assert values(shop, spec, [1], "churned") == ["true"]
    assert values(shop, spec, [2], "the key") == ["2"]


def test_private_and_unknown_columns_are_refused(shop):
    fill(shop, "id bigint, updated_at timestamptz", [(1, "2026-01-01", 1.0, True, "x")])
    with pytest.raises(SettingsError, match=r"--column income: the column is private in space"):
        values(shop, spec_of(), [1], "income", {"income"})
    with pytest.raises(
        SettingsError, match="it has churned, email, id, updated_at; did you mean"
    ) as error:
        values(shop, spec_of(), [1], "emails", {"income"})
    assert "income" not in str(error.value)
    with pytest.raises(SettingsError, match="no such column"):
        values(shop, spec_of(), [1], 'email" from customers --')


def test_what_cannot_be_read_is_said_without_values(shop):
    fill(shop, "id bigint, updated_at timestamptz", [(1, "2026-01-01", 1.0, True, "x")])
    shop.query(
        sql.SQL(
            "create function bad(id bigint) returns text language plpgsql as"
            " $$ begin raise exception 'no'; end $$"
        ),
        source=True,
    )
    query = "select id, updated_at, income, churned, bad(id) as email from customers"
    spec = spec_of(table=None, query=query)
    with pytest.raises(PreflightError, match="cannot be read: no"):
        values(shop, spec, [1])
