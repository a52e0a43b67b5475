"""Rows of the tables that are filled aside: the items of a snapshot, and everybody's lists."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kindred.recommendations.lists import Catalogue, Recommendations
from kindred.recommendations.parameters import Method
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import (
    Array,
    Column,
    Field,
    RowStream,
    encode_rows,
    moment_column,
)
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

PARENT = "customer_recommendations"
ITEM_COLUMNS = ("as_of", "item_number", "item", "name", "share")
COLUMNS = (
    "as_of",
    "customer_id",
    "item_number",
    "score",
    "rank",
    "bought_by",
    "neighbours",
    "method",
)
ITEMS_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Listed:
    """The lists of all customers, and the items that could be on them.

    ``customers`` (n,): keys, in the order of the lists' rows; ``items`` str (items,) and ``names``
    object (items,), str or None, as the columns of ``catalogue``.
    """

    as_of: datetime
    key_type: KeyType
    customers: Array
    catalogue: Catalogue
    items: NDArray[np.str_]
    names: NDArray[np.object_]
    lists: Recommendations

    @property
    def counts(self) -> dict[str, int]:
        """Rows and customers with a list, and items that could be on one."""
        is_listed = self.lists.items >= 0
        return {
            "rows": int(is_listed.sum()),
            "customers": int(is_listed.any(axis=1).sum()),
            "items": int(self.catalogue.may_be_listed.sum()),
        }

    @property
    def methods(self) -> list[dict[str, int]]:
        """How many rows each method gives, and to how many customers."""
        is_listed = self.lists.items >= 0
        found = []
        for method in Method:
            is_by_it = is_listed & (self.lists.methods == method)
            if is_by_it.any():
                customers = int(is_by_it.any(axis=1).sum())
                counted = {"listed": int(is_by_it.sum()), "customers": customers}
                found.append({"method": int(method), **counted})
        return found

    def digest(self) -> str:
        """A hash of everything that the rows are made from."""
        digest = hashlib.sha256(repr((self.items.tolist(), self.names.tolist())).encode())
        lists = self.lists
        for values in (
            self.customers,
            self.catalogue.may_be_listed,
            self.catalogue.shares,
            lists.items,
            lists.scores,
            lists.bought_by,
            lists.methods,
            lists.counted,
        ):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def item_rows(self) -> Iterator[bytes]:
        """Encode the items that could be listed; their number is their place among them.

        Part by part: texts are as wide as the longest of their part, and one name may be a page.
        """
        every = np.flatnonzero(self.catalogue.may_be_listed)
        for start in range(0, len(every), ITEMS_AT_ONCE):
            chosen = every[start : start + ITEMS_AT_ONCE]
            names = self.names[chosen]
            texts = [_as_bytes(values) for values in (self.items[chosen], names)]
            is_null = np.array([name is None for name in names], dtype=bool)
            yield encode_rows(
                [
                    moment_column(self.as_of, len(chosen)),
                    Column(Field.INT4, start + np.arange(len(chosen))),
                    Column(Field.TEXT, texts[0]),
                    Column(Field.TEXT, texts[1], is_null),
                    Column(Field.FLOAT4, self.catalogue.shares[chosen]),
                ]
            )

    def chunks(self, block_rows: int) -> Iterator[bytes]:
        """Encode the rows of the lists by customer and rank."""
        numbers = np.cumsum(self.catalogue.may_be_listed) - 1
        step = max(1, block_rows // self.lists.items.shape[1])
        for start in range(0, len(self.customers), step):
            yield self._encoded(slice(start, start + step), numbers)

    def _encoded(self, part: slice, numbers: NDArray[np.int64]) -> bytes:
        lists = self.lists
        row, place = np.nonzero(lists.items[part] >= 0)
        chosen = row, place
        return encode_rows(
            [
                moment_column(self.as_of, len(row)),
                self.key_type.column(self.customers[part][row]),
                Column(Field.INT4, numbers[lists.items[part][chosen]]),
                Column(Field.FLOAT4, lists.scores[part][chosen]),
                Column(Field.INT2, place + 1),
                Column(Field.INT2, lists.bought_by[part][chosen]),
                Column(Field.INT2, lists.counted[part][row]),
                Column(Field.INT2, lists.methods[part][chosen]),
            ]
        )


def aside_of_items(lists_aside: str) -> str:
    """The table of the items of lists that are filled aside."""
    return lists_aside.replace(PARENT, "recommended_items")


def load(
    database: Database, schema: str, listed: Listed, *, block_rows: int, wait_seconds: float
) -> None:
    """Fill both tables aside; the lists exactly once."""
    items = aside_of_items(partitions.aside_name(PARENT, listed.as_of))
    with database.transaction():
        database.run("warehouse/drop_table", table=items)
        database.run("warehouse/create_aside", table=items, parent="recommended_items")
        database.copy_in(items, ITEM_COLUMNS, RowStream(listed.item_rows()))

    partitions.load_whole(
        database,
        schema,
        PARENT,
        listed.as_of,
        digest=listed.digest(),
        fill=lambda table: database.copy_in(table, COLUMNS, RowStream(listed.chunks(block_rows))),
        wait_seconds=wait_seconds,
    )


def _as_bytes(texts: Array) -> Array:
    return np.array(
        [b"" if text is None else str(text).encode() for text in texts], dtype=np.bytes_
    )
