"""Where the rows of a text file begin, in which line, and how many values each has.

Arrays of the whole file, of which only as much is looked at once as a piece has: no Python object
per row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.infer.layout import Layout

_PIECE_BYTES = 2**24

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowIndex:
    """The rows of a file but blank lines, int64 (rows,) each.

    ``starts`` and ``ends`` are bytes, the end of line included; ``lines`` count from 1; ``widths``
    are numbers of values. ``has_inner_breaks``: whether values hold line breaks.
    """

    starts: Places
    ends: Places
    lines: Places
    widths: Places
    has_inner_breaks: bool


def are_quotes_regular(body: memoryview, layout: Layout) -> bool:
    """Whether every quote encloses a whole value, or is doubled inside of one."""
    quote, separator = ord(layout.quote), ord(layout.separator)
    data = np.frombuffer(body, dtype=np.uint8)
    edges = np.zeros(256, dtype=bool)
    edges[[quote, separator, *b"\r\n"]] = True
    is_open = False
    for start in range(0, len(data), _PIECE_BYTES):
        piece = data[start : start + _PIECE_BYTES]
        places = np.flatnonzero(piece == quote) + start
        opening, closing = places[int(is_open) :: 2], places[int(not is_open) :: 2]
        before = opening[opening > 0] - 1
        after = closing[closing < len(data) - 1] + 1
        if not (edges[data[before]].all() and edges[data[after]].all()):
            return False
        is_open ^= bool(len(places) % 2)
    return not is_open


def index_rows(content: bytes, start: int, end: int, layout: Layout, *, quoted: bool) -> RowIndex:
    """The rows between two bytes; ``quoted``: whether there are quotes, which must be regular."""
    quote, separator = ord(layout.quote), ord(layout.separator)
    line, separators, inner, is_open = layout.first_line, 0, 0, False
    found = [np.array([[start], [line], [0]])]
    for begin in range(start, end, _PIECE_BYTES):
        # One byte more, to see whether a carriage return is followed by a newline.
        piece = np.frombuffer(content, np.uint8, min(_PIECE_BYTES + 1, end - begin), begin)
        breaks, piece = _breaks(piece), piece[:_PIECE_BYTES]
        between = np.flatnonzero(piece == separator)
        lines = line + 1 + np.arange(len(breaks))
        line += len(breaks)
        if quoted:
            quotes = np.flatnonzero(piece == quote)
            is_outside = (np.searchsorted(quotes, breaks) + is_open) % 2 == 0
            between = between[(np.searchsorted(quotes, between) + is_open) % 2 == 0]
            is_open ^= bool(len(quotes) % 2)
            inner += int((~is_outside).sum())
            breaks, lines = breaks[is_outside], lines[is_outside]
        before = separators + np.searchsorted(between, breaks)
        separators += len(between)
        found.append(np.stack([breaks + begin + 1, lines, before]))
    starts, lines, before = np.concatenate(found, axis=1)
    ends = np.append(starts[1:], end)
    widths = np.append(before[1:], separators) - before + 1
    data = np.frombuffer(content, np.uint8)
    first = data[np.minimum(starts, len(data) - 1)]
    is_row = (ends > starts) & ~((ends - starts <= 2) & np.isin(first, (10, 13)))
    return RowIndex(starts[is_row], ends[is_row], lines[is_row], widths[is_row], inner > 0)


def _breaks(piece: NDArray[np.uint8]) -> Places:
    """The places of newlines, and of carriage returns that no newline follows."""
    is_break = piece == 10
    returns = np.flatnonzero(piece == 13)
    if len(returns):
        is_lone = piece[np.minimum(returns + 1, len(piece) - 1)] != 10
        is_break[returns[is_lone | (returns + 1 == len(piece))]] = True
    return np.flatnonzero(is_break[:_PIECE_BYTES])
