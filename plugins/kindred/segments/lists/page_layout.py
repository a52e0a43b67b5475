"""Parser for the pages of an IVFFlat index: centroids of lists, and pointers to rows.

The layout is that of pgvector 0.8 (src/ivfflat.h): block 0 holds the numbers of dimensions and
lists, a chain of pages from block 1 holds the lists, and each list has a chain of pages with its
entries. Numbers are assumed to be little-endian, as on every server that pgvector is built for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.errors import DataError
from kindred.warehouse.copy_writer import POSITION_BITS

FIRST_LIST_BLOCK = 1
NO_LIST = -1
INVALID_BLOCK = 0xFFFF_FFFF
_MAGIC = 0x14FF_1A7
_VERSION = 1
_PAGE_ID = 0xFF84
_HEADER_BYTES = 24
_LOWER = 12 // 2  # pd_lower of the page header, in 16-bit words
_SPECIAL_BYTES = 8
_POINTER_BYTES = 4
_OFFSET_BITS, _FLAG_BITS = 15, 2  # in a line pointer
_VECTOR_AT = 8  # in a list item: two block numbers come before the centroid
_VECTOR_HEADER_BYTES = 8

Pages = NDArray[np.uint8]
"""Pages of 8 kB, shape (pages, 8192), or a single page."""


@dataclass(frozen=True)
class ListPage:
    """The lists of one page: centroids, float32 (lists, dimensions), and first blocks, int64."""

    centroids: NDArray[np.float32]
    first_blocks: NDArray[np.int64]
    next_block: int


def read_meta(page: Pages) -> tuple[int, int]:
    """Read the numbers of dimensions and lists from block 0.

    Raises
    ------
    DataError
        The page does not belong to an IVFFlat index of the supported version.
    """
    words = page[_HEADER_BYTES : _HEADER_BYTES + 12]
    magic, version = (int(number) for number in words[:8].view("<u4"))
    if (magic, version) != (_MAGIC, _VERSION):
        raise DataError(
            f"block 0 of the index has magic number {magic:#x} and version {version}, an IVFFlat"
            f" index has {_MAGIC:#x} and {_VERSION}: this version of pgvector writes pages that"
            " Kindred cannot read; remove 'ivfflat' from clustering.algorithms"
        )
    dimensions, lists = (int(number) for number in words[8:].view("<u2"))
    return dimensions, lists


def read_list_page(page: Pages, dimensions: int) -> ListPage:
    """Read the lists of one list page, in order."""
    _, offsets = _items(page[None, :])
    blocks = np.array([_number(page, offset, "<u4") for offset in offsets], dtype=np.int64)
    centroids = [_centroid(page, int(offset) + _VECTOR_AT, dimensions) for offset in offsets]
    following = int(next_blocks(page[None, :])[0])
    return ListPage(np.array(centroids, np.float32).reshape(-1, dimensions), blocks, following)


def read_entries(pages: Pages) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read all entries of some pages, which must not include block 0: their pages and rows.

    A row is identified by its block and its position in it: ``block << POSITION_BITS | position``.
    """
    page, offsets = _items(pages)
    words = pages.view("<u2")
    at = offsets // 2
    high, low, position = (words[page, at + number].astype(np.int64) for number in range(3))
    return page, ((high << 16 | low) << POSITION_BITS) | position


def next_blocks(pages: Pages) -> NDArray[np.int64]:
    """The next block of each page in its chain, INVALID_BLOCK at the end; int64 (pages,).

    Raises
    ------
    DataError
        A page that is not empty does not belong to an IVFFlat index.
    """
    special = pages[:, -_SPECIAL_BYTES:]
    is_empty = pages.view("<u2")[:, _LOWER] == 0  # allocated, but the server died before the write
    is_other = (special.view("<u2")[:, 3] != _PAGE_ID) & ~is_empty
    if is_other.any():
        raise DataError(
            f"{int(is_other.sum())} pages of the index are not an IVFFlat index's; rebuild it:"
            " clear task 'build_embeddings'"
        )
    following = special.view("<u4")[:, 0].astype(np.int64)
    return np.where(is_empty, INVALID_BLOCK, following)


def lists_of_blocks(
    first_blocks: NDArray[np.int64], following: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The list that each block belongs to.

    Parameters
    ----------
    first_blocks : ndarray of int64, shape (lists,)
    following : ndarray of int64, shape (blocks,)
        As `next_blocks` returns them, by block.

    Returns
    -------
    ndarray of int32, shape (blocks,)
        NO_LIST for pages of no list. A chain ends where it leaves the given blocks; pages added to
        the index since are ignored.
    """
    lists = np.full(len(following), NO_LIST, dtype=np.int32)
    block, owner = first_blocks, np.arange(len(first_blocks), dtype=np.int32)
    for _ in range(len(following)):
        is_inside = block < len(following)
        block, owner = block[is_inside], owner[is_inside]
        if not len(block):
            break
        lists[block] = owner
        block = following[block]
    return lists


def _items(pages: Pages) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Page and byte offset of every used item, in order."""
    lower = pages.view("<u2")[:, _LOWER].astype(np.int64)
    counts = np.maximum(0, lower - _HEADER_BYTES) // _POINTER_BYTES
    start = _HEADER_BYTES // _POINTER_BYTES
    pointers = pages.view("<u4")[:, start : start + int(counts.max(initial=0))]
    flags = (pointers >> _OFFSET_BITS) & ((1 << _FLAG_BITS) - 1)
    is_used = (np.arange(pointers.shape[1]) < counts[:, None]) & (flags != 0)
    page, column = np.nonzero(is_used)
    offsets = pointers[page, column] & ((1 << _OFFSET_BITS) - 1)
    return page, offsets.astype(np.int64)


def _number(page: Pages, offset: int, dtype: str) -> int:
    return int(np.frombuffer(page, dtype=dtype, count=1, offset=int(offset))[0])


def _centroid(page: Pages, offset: int, dimensions: int) -> NDArray[np.floating[Any]]:
    """The centroid at an offset; its length shows whether it is a vector or a halfvec."""
    length = (_number(page, offset, "<u4") >> 2) - _VECTOR_HEADER_BYTES
    dtype = "<f4" if length == 4 * dimensions else "<f2"
    return np.frombuffer(page, dtype, dimensions, offset + _VECTOR_HEADER_BYTES)
