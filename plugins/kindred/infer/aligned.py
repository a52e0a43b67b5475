"""Tables whose columns are aligned by blanks: at fixed places, or with blanks between values."""

import re
from collections.abc import Sequence
from itertools import pairwise

from kindred.errors import InferenceError

_MIN_COLUMNS = 3  # of names of two words there are many
_MIN_LINES, _MAX_LINES = 3, 500
_MAX_OTHERS = 0.02  # share of the lines that are no row, and three more, such as a footer
_VALUE = re.compile(r'"[^"]*"|\S+')
_LINE_END = re.compile(r"\r\n|\r|\n")
_DIGIT = re.compile(r"\d")
_GAP = re.compile(r"\S {2,}\S")


def cells_of(content: bytes, unit: str) -> tuple[bytes, str] | None:
    """A text with ``unit`` between its values, and how they were aligned; None if they are not.

    All lines have as many values as there are names, or columns begin at places before which all
    lines are blank, below a name each. A line that is no such row is left as it is.

    Raises
    ------
    InferenceError
        when the header is aligned so, but too many lines are not.
    """
    lines = [
        line.expandtabs().rstrip() for line in _LINE_END.split(content.decode("utf-8", "ignore"))
    ]
    filled = [line for line in lines[:_MAX_LINES] if line]
    names = _VALUE.findall(filled[0]) if len(filled) >= _MIN_LINES else []
    if len(names) < _MIN_COLUMNS:
        return None
    rows, how = [_VALUE.findall(line) for line in lines], "values are separated by blanks"
    if not _are_most(rows, len(names)) or not _have_digits(rows, len(names)):
        starts = _starts(filled)
        how = f"columns begin at fixed places: {', '.join(str(start + 1) for start in starts)}"
        rows = [_cut(line, starts) for line in lines]
        if len(starts) < _MIN_COLUMNS or not _are_most(rows, len(starts)):
            if len(_GAP.findall(filled[0])) < _MIN_COLUMNS - 1:
                return None
            raise InferenceError(
                "csv",
                "the names are aligned by blanks, and no places are blank in all rows: export the"
                " table with a separator, such as a comma or a tab",
            )
        names = _cut(filled[0], starts)
    texts = (
        unit.join(r) if len(r) == len(names) else line for r, line in zip(rows, lines, strict=True)
    )
    return "\n".join(texts).encode(), how


def _are_most(rows: Sequence[Sequence[str]], width: int) -> bool:
    others = sum(bool(row) and len(row) != width for row in rows)
    return others <= 3 + _MAX_OTHERS * len(rows) and 2 * others < len(rows)


def _have_digits(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether a column has digits in most rows: sentences of equally many words have none."""
    whole = [row for row in rows[:_MAX_LINES] if len(row) == width][1:]
    columns = zip(*whole, strict=True)
    return any(2 * sum(map(bool, map(_DIGIT.search, column))) > len(whole) for column in columns)


def _cut(line: str, starts: Sequence[int]) -> list[str]:
    """The values of a line; the line itself if a value of it lies across two columns."""
    if any(line[start - 1 : start].strip() for start in starts if start):
        return [line]
    return [line[start:end].strip() for start, end in pairwise((*starts, None))] if line else []


def _starts(lines: Sequence[str]) -> list[int]:
    """The places at which columns begin, each below (or above the end of) a name."""
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    most = len(lines) - min(3 + _MAX_OTHERS * len(lines), len(lines) / 2)
    is_blank = [p[0] == " " and p.count(" ") >= most for p in zip(*padded, strict=True)]
    starts = [p for p in range(width) if not is_blank[p] and (p == 0 or is_blank[p - 1])]
    return [start for start, end in pairwise((*starts, width)) if padded[0][start:end].strip()]
