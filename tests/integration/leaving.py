"""Customers who leave, the shop they leave, and how they would be found again."""

import re

import numpy as np

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding import text_cache
from kindred.erasure.task import request_erasure

SECRET = "6b696e64726564" * 5
FITTED, FIRST, SECOND, THIRD, FOURTH = (f"2026-01-{day:02d}T02:00" for day in (10, 12, 22, 24, 26))
SPEC = make_spec(
    source={"history": "versions"},
    features={"income": "numeric", "age": "numeric", "note": {"kind": "text", "components": 2}},
    private=["note"],
    refit="never",
    gates={"max_drift": 100.0, "max_rejected_share": 1.0},
    clustering={"algorithms": ["kmeans", "hdbscan"]},
)
COUNT = 140
LEAVING = [990_000_111_000_007 + 1_000_003 * number for number in range(6)]
MODEL = "made up"
SHARED = "a text of many"


def marker(customer):
    return f"quetzal{customer % 999_983}z wants a word"


def rows_of(customer, number):
    """A version of the first night, one of the second, and one that is refused."""
    income, age = 500_000.25 + number, 120 + number
    return [
        (customer, moment("2026-01-11T12:00"), income, age, True, "CA", False, marker(customer)),
        (customer, moment("2026-01-20T12:00"), income, age, True, "NY", False, SHARED),
        (customer, moment("2026-01-21T12:00"), np.inf, age, True, "NY", False, marker(customer)),
    ]


def others():
    return [(*row, SHARED) for row in people(COUNT, first="2026-01-01T01:00", days=9)]


def open_shop(laboratory, leaving=(), spec=SPEC):
    """Two published nights."""
    rows = others()
    for number, customer in enumerate(leaving):
        rows += rows_of(customer, number)
    laboratory.fill("customers", f"{COLUMNS}, note text", rows)
    laboratory.fit(spec, FITTED)
    laboratory.run(spec, FIRST)
    laboratory.run(spec, SECOND)
    return laboratory


def request(laboratory, customer, space="default"):
    return request_erasure(laboratory.deployment, space, str(customer))


def tables_with(laboratory, *needles):
    """Tables of the schema whose rows, written as text, have one of some words."""
    found = set()
    for (table,) in laboratory.query(
        "select oid::regclass::text from pg_class"
        " where relnamespace = 'kindred'::regnamespace and relkind in ('r', 'p')"
    ):
        text = f"select count(*) from {table} as t where t::text ~ %s"  # noqa: S608
        if laboratory.query(text, ("|".join(map(re.escape, needles)),)) != [(0,)]:
            found.add(table.removeprefix("kindred."))
    return found


def artefacts_with(laboratory, *needles):
    """Files of artefacts that have one of some strings of bytes."""
    files = [path for path in laboratory.artefacts.rglob("*") if path.is_file()]
    return [path for path in files if any(needle in path.read_bytes() for needle in needles)]


def needles_of(customer, number):
    """How a customer could be found again: the key, the marker, the extreme income."""
    words = (str(customer), marker(customer).split()[0], f"{500_000.25 + number}")
    digest = text_cache.hashes_of([marker(customer)])[0]
    hashed = "-".join(re.findall("(.{8})(.{4})(.{4})(.{4})(.{12})", digest.hex())[0])
    return (*words, hashed), (np.int64(customer).tobytes(), *(word.encode() for word in words))
