"""Rows of recommended items: their memory."""

import tracemalloc
from datetime import UTC, datetime

import numpy as np
from scipy import sparse

from kindred.recommendations.lists import Catalogue, most_popular
from kindred.recommendations.recommendation_rows import Listed
from kindred.warehouse.keys import KeyType

CUSTOMERS, ITEMS = 5, 1_500


def test_one_long_name_makes_not_all_names_as_long():
    """All of them as wide as one would take 600 MB."""
    owned = sparse.csr_array(np.ones((CUSTOMERS, ITEMS), dtype=np.int32))
    catalogue = Catalogue.of(owned)
    names = np.array([f"Product {n}" for n in range(ITEMS)], dtype=object)
    names[7], names[8] = "x" * 400_000, None
    listed = Listed(
        datetime(2026, 1, 1, tzinfo=UTC),
        KeyType.BIGINT,
        np.arange(CUSTOMERS),
        catalogue,
        np.arange(ITEMS).astype(str),
        names,
        most_popular(catalogue, np.arange(CUSTOMERS), 1),
    )
    tracemalloc.start()
    rows = b"".join(listed.item_rows())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 250 * 2**20
    assert rows.count(b"Product ") == ITEMS - 2
    assert rows.count(b"x" * 400_000) == 1
