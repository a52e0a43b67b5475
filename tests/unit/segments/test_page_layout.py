"""Pages of an IVFFlat index made by hand, as src/ivfflat.h of pgvector lays them out."""

import struct

import numpy as np
import pytest

from kindred.errors import DataError
from kindred.segments.lists.page_layout import (
    INVALID_BLOCK,
    NO_LIST,
    lists_of_blocks,
    next_blocks,
    read_entries,
    read_list_page,
    read_meta,
)

BYTES = 8_192


def make_page(items, following=INVALID_BLOCK, *, page_id=0xFF84, unused=()):
    """Items from the end of a page downward, line pointers from its header upward."""
    page = bytearray(BYTES)
    at, lower = BYTES - 8, 24
    for number, item in enumerate(items):
        at -= -(-len(item) // 8) * 8
        page[at : at + len(item)] = item
        flags = 0 if number in unused else 1
        struct.pack_into("<I", page, lower, at | flags << 15 | len(item) << 17)
        lower += 4
    struct.pack_into("<HHH", page, 12, lower, at, BYTES - 8)
    struct.pack_into("<IHH", page, BYTES - 8, following, 0, page_id)
    return np.frombuffer(bytes(page), dtype=np.uint8)


def make_meta(magic=0x14FF1A7, version=1, dimensions=3, lists=2):
    page = bytearray(BYTES)
    struct.pack_into("<IIHH", page, 24, magic, version, dimensions, lists)
    return np.frombuffer(bytes(page), dtype=np.uint8)


def list_item(first_block, centre, kind="f"):
    values = struct.pack(f"<{len(centre)}{kind}", *centre)
    length = (8 + len(values)) << 2
    return struct.pack("<IIIhh", first_block, 99, length, len(centre), 0) + values


def entry(block, position, size=40):
    return struct.pack("<HHHH", block >> 16, block & 0xFFFF, position, size) + bytes(size - 8)


def test_block_0_tells_dimensions_and_lists():
    assert read_meta(make_meta(dimensions=1_999, lists=32_768)) == (1_999, 32_768)


@pytest.mark.parametrize("changes", [{"magic": 0xA953A953}, {"version": 2}])
def test_another_kind_or_version_of_index_is_refused(changes):
    with pytest.raises(DataError, match=r"magic number 0x.* and version .*remove 'ivfflat'"):
        read_meta(make_meta(**changes))


@pytest.mark.parametrize("kind", ["f", "e"])
def test_lists_stand_in_their_order_with_centres_of_vectors_or_halfvecs(kind):
    centres = [[1.5, -2.0, 0.25], [0.0, 4.0, 8.0]]
    items = [list_item(7, centres[0], kind), list_item(3, centres[1], kind)]
    found = read_list_page(make_page(items, following=2), 3)
    np.testing.assert_array_equal(found.centroids, np.array(centres, dtype=np.float32))
    assert found.centroids.dtype == np.float32
    assert found.first_blocks.tolist() == [7, 3]
    assert found.next_block == 2


def test_entries_point_to_rows_of_any_block():
    pages = np.stack(
        [
            make_page([entry(0, 1), entry(70_000, 291)]),
            make_page([]),
            make_page([entry(5, 2), entry(5, 3), entry(5, 4)], unused=(1,)),
        ]
    )
    page, rows = read_entries(pages)
    assert page.tolist() == [0, 0, 2, 2]
    assert [(int(row) >> 16, int(row) & 0xFFFF) for row in rows] == [
        (0, 1),
        (70_000, 291),
        (5, 2),
        (5, 4),
    ]


def test_a_full_page_of_the_smallest_entries():
    items = [entry(block, 1, size=16) for block in range(400)]
    _, rows = read_entries(make_page(items)[None])
    assert (rows >> 16).tolist() == list(range(400))


def test_the_chain_goes_on_or_ends():
    pages = np.stack([make_page([], following=4), make_page([])])
    assert next_blocks(pages).tolist() == [4, INVALID_BLOCK]


def test_a_page_of_something_else_is_refused_and_an_empty_one_is_not():
    zeros = np.zeros((1, BYTES), dtype=np.uint8)
    assert next_blocks(zeros).tolist() == [INVALID_BLOCK]
    assert len(read_entries(zeros)[1]) == 0
    with pytest.raises(DataError, match="1 pages of the index are not an IVFFlat index's"):
        next_blocks(np.stack([make_page([]), make_page([], page_id=0xFF90)]))


def test_every_block_belongs_to_the_list_whose_chain_it_is_in():
    end = INVALID_BLOCK
    # Block 1 holds lists; 2 -> 5 -> 3, 4 alone, 6 was made room for, 7 comes after what is read.
    following = np.array([end, end, 5, end, end, 3, end])
    lists = lists_of_blocks(np.array([2, 4, 7]), following)
    assert lists.tolist() == [NO_LIST, NO_LIST, 0, 0, 1, 0, NO_LIST]


def test_a_broken_chain_comes_to_an_end():
    assert lists_of_blocks(np.array([1]), np.array([INVALID_BLOCK, 2, 1])).tolist() == [-1, 0, 0]
