"""The IVFFlat list of every customer, read from the pages of the index.

pgvector has no function for this, and pageinspect lets only superusers read raw pages. So an
administrator installs ``read_index_page`` (see ``kindred page-reader``), which reads pages of the
space's own indexes only.
"""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.errors import DataError
from kindred.segments.lists.page_layout import (
    FIRST_LIST_BLOCK,
    INVALID_BLOCK,
    NO_LIST,
    ListPage,
    Pages,
    lists_of_blocks,
    next_blocks,
    read_entries,
    read_list_page,
    read_meta,
)
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader, OnBlock
from kindred.warehouse.copy_writer import Array, Field
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType, concatenate_keys

log = logging.getLogger(__name__)

PAGES_AT_ONCE = 2_048  # 16 MB


@dataclass(frozen=True)
class IndexLists:
    """The lists of an index: centroids float32 (lists, d), and the list of every given customer.

    ``lists`` int32 (customers,): from 0 in the order of the index, -1 for customers without an
    entry.
    """

    centroids: NDArray[np.float32]
    lists: NDArray[np.int32]


@dataclass(frozen=True)
class IndexPages:
    """The index of a generation, and access to its pages."""

    database: Database
    schema: str
    table: str
    index: str
    blocks: int

    def page(self, block: int) -> Pages:
        """Read one page."""
        found: list[Pages] = []
        self.stream(block, block, lambda values: found.append(values[1]))
        return np.asarray(found[0][0])

    def stream(self, first: int, last: int, on_pages: OnBlock) -> None:
        """Call ``on_pages`` with block numbers and pages, in batches, for a range of blocks."""
        reader = BlockReader([Field.INT8, Field.PAGE], on_pages, block_rows=PAGES_AT_ONCE)
        parameters = {"index": self.index, "first": first, "last": last}
        query = statements.compose("segments/read_pages", space=self.schema)
        self.database.copy_out(query, reader, parameters)
        reader.flush()


def has_reader(database: Database, schema: str) -> bool:
    """Whether an administrator has installed the page reader."""
    return bool(database.value("segments/has_page_reader", {"schema": schema}))


def reader_as_text(database: Database, schema: str) -> str:
    """The script that a superuser has to run."""
    return reader_for(database, schema).as_string(database.connection)


def reader_for(database: Database, schema: str, owner: str | None = None) -> sql.Composed:
    """The statements that let ``owner`` (else this session's login) read index pages of a space."""
    login, pageinspect = database.row("segments/names_of_page_reader") or ("", "")
    return statements.compose(
        "segments/install_page_reader",
        space=schema,
        space_name=sql.Literal(schema),
        owner=owner or login,
        pageinspect=pageinspect,
    )


def install_reader(database: Database, schema: str, owner: str | None = None) -> None:
    """Install the page reader; the session must be a superuser's."""
    with database.transaction():
        database.execute(reader_for(database, schema, owner))


def open_index(database: Database, schema: str, table: str) -> IndexPages | None:
    """The usable IVFFlat index of a generation; None if there is none."""
    row = database.row("segments/index_of_table", {"table": table})
    return None if row is None else IndexPages(database, schema, table, row[0], int(row[1]))


def read_lists(
    pages: IndexPages, key_type: KeyType, customers: Array, *, block_rows: int
) -> IndexLists:
    """Read the list of every customer (ascending keys) of a generation.

    Must be called in a repeatable read transaction. The table's rows are read first: from then on
    the rows visible to the transaction's snapshot can neither be dropped nor lose their index
    entries, and later entries point to rows that are not visible. If a row was updated in place
    without a change of its embedding, its entry still points to the old position: no list is found
    for such a row.

    Raises
    ------
    DataError
        The index has two entries for one row.
    """
    rows, keys = _rows_of_table(pages, key_type, block_rows)
    centroids, first_blocks = _lists(pages)
    entries, lists = _entries(pages, first_blocks)
    order = np.argsort(rows)
    place = np.searchsorted(rows, entries, sorter=order)
    place[place == len(rows)] = 0
    is_found = rows[order[place]] == entries if len(rows) else np.zeros(len(entries), dtype=bool)
    found = order[place[is_found]]
    if np.bincount(found).max(initial=0) > 1:
        raise DataError(f"index {pages.index} has rows twice: clear task 'build_embeddings'")
    by_row = np.full(len(rows), NO_LIST, dtype=np.int32)
    by_row[found] = lists[is_found]
    log.info("%s: %d entries, %d of %d rows", pages.index, len(entries), len(found), len(rows))
    return IndexLists(centroids, _by_customer(keys, by_row, customers))


def staged_keys(database: Database, table: str, key_type: KeyType) -> Array:
    """New and changed customers of a staged difference; empty once it has been applied."""
    if not database.has_table(table):
        return concatenate_keys(key_type, [])
    query = statements.compose("segments/staged_keys", table=table)
    blocks: list[Array] = []
    reader = BlockReader(
        [key_type.field], lambda values: blocks.append(values[0]), block_rows=10**6
    )
    database.copy_out(query, reader)
    reader.flush()
    return concatenate_keys(key_type, [key_type.from_copy(block) for block in blocks])


def _rows_of_table(
    pages: IndexPages, key_type: KeyType, block_rows: int
) -> tuple[NDArray[np.int64], Array]:
    """Position (as in index entries) and key of every row of the table."""
    rows: list[Array] = []
    keys: list[Array] = []

    def keep(values: list[Array]) -> None:
        rows.append(values[0])
        keys.append(key_type.from_copy(values[1]))

    names: list[sql.Composable] = [sql.Identifier(name) for name in ("ctid", "customer_id")]
    columns = statements.comma_separated(names)
    query = statements.compose("serving/read_generation", columns=columns, table=pages.table)
    reader = BlockReader([Field.TID, key_type.field], keep, block_rows=block_rows)
    pages.database.copy_out(query, reader)
    reader.flush()
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *rows]), concatenate_keys(key_type, keys)


def _lists(pages: IndexPages) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Centroids and first blocks of all lists, read along the chain of list pages."""
    dimensions, count = read_meta(pages.page(0))
    block = FIRST_LIST_BLOCK
    found: list[ListPage] = []
    while block < pages.blocks and len(found) < pages.blocks:
        found.append(read_list_page(pages.page(block), dimensions))
        block = found[-1].next_block
    centroids = np.concatenate([page.centroids for page in found])
    if len(centroids) != count:
        raise DataError(
            f"index {pages.index} should have {count} lists but has {len(centroids)}: clear task"
            " 'build_embeddings'"
        )
    return centroids, np.concatenate([page.first_blocks for page in found])


def _entries(
    pages: IndexPages, first_blocks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The row and the list of every index entry."""
    following = [np.full(FIRST_LIST_BLOCK, INVALID_BLOCK, dtype=np.int64)]
    rows: list[NDArray[np.int64]] = []
    blocks: list[NDArray[np.int64]] = []

    def keep(values: list[Array]) -> None:
        numbers, some = values
        page, row = read_entries(some)
        following.append(next_blocks(some))
        rows.append(row)
        blocks.append(numbers[page])

    pages.stream(FIRST_LIST_BLOCK, pages.blocks - 1, keep)
    lists = lists_of_blocks(first_blocks, np.concatenate(following))
    of_entry = lists[np.concatenate(blocks)]
    is_entry = of_entry != NO_LIST  # items on the list pages themselves are not entries
    return np.concatenate(rows)[is_entry], of_entry[is_entry]


def _by_customer(keys: Array, by_row: NDArray[np.int32], customers: Array) -> NDArray[np.int32]:
    """Translate lists by row to lists by customer; customers without a row have none."""
    lists = np.full(len(customers), NO_LIST, dtype=np.int32)
    if len(customers) and len(keys):
        place = np.minimum(np.searchsorted(customers, keys), len(customers) - 1)
        is_known = customers[place] == keys
        lists[place[is_known]] = by_row[is_known]
    return lists
