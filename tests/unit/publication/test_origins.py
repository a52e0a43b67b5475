"""Which columns of the source a column of a view repeats."""

import pytest

from kindred.publication.data_sets import Column, DataSet, Place, origins_of
from kindred.spec.model import spec_from_dict

PURCHASES = {"table": "lines", "customer": "buyer", "at": "bought_at", "item": "product"}
LINES = Place("shop", 5432, "shop", "public", "lines")
SOURCES = {"events.purchases": [DataSet(LINES, (Column("buyer"), Column("product")))]}


def spec(**changes):
    content = {
        "space": "buying",
        "source": {"events": "purchases"},
        "events": {"purchases": PURCHASES},
        "features": {
            "visits": {"kind": "count", "of": "purchases"},
            "basket": {"kind": "items", "of": "purchases"},
        },
        "recommendations": {"of": "purchases", "similar_by": "basket"},
        **changes,
    }
    return spec_from_dict(content, where="test")


@pytest.mark.parametrize(
    ("view", "column", "origin"),
    [
        ("clusters", "customer_id", "buyer"),  # customers are who is in the events
        ("recommendations", "item", "product"),
        ("recommendations_current", "item", "product"),
        ("cluster_items", "item", None),  # of any events
        ("customers", "visits", None),  # computed
    ],
)
def test_columns_of_events(view, column, origin):
    expected = [] if origin is None else [(LINES, origin)]
    assert list(origins_of(spec(), view, column, SOURCES)) == expected


@pytest.mark.parametrize("name", ["item", "product"])
def test_private_items_come_from_nowhere(name):
    hidden = spec(private=[name])
    assert list(origins_of(hidden, "recommendations", "item", SOURCES)) == []


def test_a_query_has_no_columns_to_come_from():
    tables = {"events.purchases": [DataSet(LINES)]}
    assert list(origins_of(spec(), "clusters", "customer_id", tables)) == []
