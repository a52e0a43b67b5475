"""The shapes of texts, in which 9 stands for any digit: what they are is decided per shape.

A column of a million numbers or dates has a few dozen shapes. All texts of one shape have their
digits at the same places, so that they are converted together as one matrix of bytes.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.infer.columns import Codes, Counts

MAX_BYTES = 80  # of a text that has a shape: no number or date is longer
MAX_SHAPES = 3000  # the most frequent ones, which are looked at; numbers and dates have fewer
BLANKS = "".join(
    (
        *map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200E))),
        *map(chr, (0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)),
    )
)
_NINE, _ZERO = ord("9"), ord("0")
_DIGITS_AS_NINE = np.arange(256, dtype=np.uint8)
_DIGITS_AS_NINE[_ZERO : _NINE + 1] = _NINE
_BEYOND_ASCII = 0x80
_OTHER_DIGIT = r"[^\P{Nd}0-9]"  # a digit, but none of ASCII
_LEADING_BYTES = 8  # within which a number's first digit is looked for
_SHOWN_CHARACTERS = 24

Bytes = NDArray[np.uint8]
Read = TypeVar("Read")


@dataclass(frozen=True, eq=False)
class ShapeGroup:
    """The distinct texts of one shape.

    ``places`` (n,) are their places among the column's distinct texts; ``cells`` (n, bytes) are
    their bytes.
    """

    places: NDArray[np.intp]
    cells: Bytes


@dataclass(frozen=True, eq=False)
class ShapedTexts:
    """The distinct texts of a column, stripped, with the shape of each.

    Attributes
    ----------
    stripped : string array of shape (distinct,)
    rows : int64 array of shape (distinct,)
        Rows per text.
    is_meant : bool array of shape (distinct,)
        Texts that are neither empty nor a marker of a missing value.
    shapes : list of str
        The shapes of the meant texts, the most frequent first, :data:`MAX_SHAPES` at most. A digit
        is 9, but 0 if the first digit of a text is 0.
    shape_rows : int64 array of shape (shapes,)
    shape_codes : int32 array of shape (distinct,)
        The index of each text's shape, -1 if it is not meant, or is too long or of a rarer shape.
    """

    stripped: pa.StringArray
    rows: Counts
    is_meant: NDArray[np.bool_]
    shapes: list[str]
    shape_rows: Counts
    shape_codes: Codes

    @classmethod
    def of(
        cls, stripped: pa.StringArray, rows: Counts, is_meant: NDArray[np.bool_]
    ) -> "ShapedTexts":
        """The shapes of stripped texts, without looking at those that are not meant."""
        is_short = is_meant & (np.asarray(pc.binary_length(stripped)) <= MAX_BYTES)
        short = stripped if is_short.all() else stripped.filter(pa.array(is_short))
        found = shapes_of(short).dictionary_encode()
        codes = found.indices.to_numpy(zero_copy_only=False)
        totals = np.bincount(codes, weights=rows[is_short], minlength=len(found.dictionary))
        order = np.argsort(-totals, kind="stable")[:MAX_SHAPES]
        ranks = np.full(len(totals) + 1, -1, dtype=np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        shape_codes = np.full(len(stripped), -1, dtype=np.int32)
        shape_codes[is_short] = ranks[codes]
        shapes = found.dictionary.take(pa.array(order)).to_pylist()
        return cls(stripped, rows, is_meant, shapes, totals[order].astype(np.int64), shape_codes)

    @property
    def meant_rows(self) -> int:
        """Rows with a text that means something."""
        return int(self.rows[self.is_meant].sum())

    def groups(self, read: Mapping[int, Read]) -> Iterator[tuple[Read, ShapeGroup]]:
        """The texts of some shapes, by their places, with what each is read as."""
        wanted = np.zeros(len(self.shapes) + 1, dtype=bool)
        wanted[list(read)] = True
        places = np.flatnonzero(wanted[self.shape_codes])
        codes = self.shape_codes[places].astype(np.int16)  # numpy sorts 16 bits in linear time
        places = places[np.argsort(codes, kind="stable")]
        offsets, data = buffers_of(self.stripped.take(pa.array(places)))
        bounds = np.searchsorted(np.sort(codes), np.arange(len(self.shapes) + 1))
        for number in sorted(read):
            first, last = int(bounds[number]), int(bounds[number + 1])
            cells = data[offsets[first] : offsets[last]].reshape(last - first, -1)
            yield read[number], ShapeGroup(places[first:last], cells)


def strip(texts: pa.StringArray) -> pa.StringArray:
    """The texts without blanks, visible or not, at both ends."""
    return pc.utf8_trim(texts, characters=BLANKS)


def plain_digits(texts: pa.StringArray) -> pa.StringArray:
    """The texts with the digits of other scripts, and signs of double width, as those of ASCII."""
    if not len(texts) or buffers_of(texts)[1].max(initial=0) < _BEYOND_ASCII:
        return texts
    has_any = pc.match_substring_regex(texts, _OTHER_DIGIT)
    if not pc.any(has_any).as_py():
        return texts
    wide = (unicodedata.normalize("NFKC", text) for text in texts.filter(has_any).to_pylist())
    plain = ["".join(str(int(c)) if c.isdecimal() else c for c in text) for text in wide]
    return pc.replace_with_mask(texts, has_any, pa.array(plain, pa.string()))


def shapes_of(texts: pa.StringArray) -> pa.StringArray:
    """The shape of each text (n,): 9 for a digit, and 0 for a first digit that is 0."""
    offsets, data = buffers_of(texts)
    shaped = _DIGITS_AS_NINE[data]
    starts, ends = offsets[:-1], offsets[1:]
    searched = np.arange(len(starts))
    for step in range(_LEADING_BYTES):
        searched = searched[starts[searched] + step < ends[searched]]
        at = starts[searched] + step
        shaped[at[data[at] == _ZERO]] = _ZERO
        searched = searched[shaped[at] != _NINE]
        searched = searched[shaped[starts[searched] + step] != _ZERO]
    return pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(shaped)
    )


def buffers_of(texts: pa.StringArray) -> tuple[NDArray[np.int32], Bytes]:
    """The offsets (n + 1,) and the bytes of a string array without nulls."""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    offsets = offsets[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    filled = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, np.uint8)
    return offsets - offsets[0], filled[offsets[0] : offsets[-1]]


@lru_cache(maxsize=4096)
def shown(shape: str) -> str:
    """A shape that shows no value: a and A stand for letters too.

    >>> shown("99 Main Street"), shown("0,99 kg")
    ('99 Aaaa Aaaaaa', '9,99 aa')
    """
    masked = re.sub(r"[^\W\d_]", lambda found: "A" if found[0].isupper() else "a", shape)
    masked = masked.replace("0", "9")
    return masked if len(masked) <= _SHOWN_CHARACTERS else masked[:_SHOWN_CHARACTERS] + "…"
