"""How wide texts of charts are, and the lines in which they fit their place without being cut."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from kindred.reports.wording import shown

SIZE = 11
"""Pixels of the texts in charts."""

WIDER = 1.2
"""Texts are measured as so much larger than they are shown: fonts of readers may be wider."""

LINE = 13
"""Pixels from one line of a text to the next."""

_THOUSANDTHS = {
    222: "ijl'",
    278: " !,./:;I[\\]ft|",
    333: '-()r`{}"',
    389: "*^",
    500: "cksvxyzJ",
    556: "0123456789#$?L_abdeghnopqu",
    611: "FTZ+<=>~",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    944: "%W",
    1015: "@",
}
"""Advance widths of Helvetica, in thousandths of the size; nearly those of the fonts asked for."""

_UNKNOWN, _WIDE = 650, 1000
_HALVINGS = 6
_WORDS = re.compile(r"\S+(?: ·)?\s*")
_BREAKS = "_-./:,;&=)"
"""A word that is longer than a line is broken behind one of these, if it has one."""


@cache
def _advance(letter: str) -> int:
    for thousandths, letters in _THOUSANDTHS.items():
        if letter in letters:
            return thousandths
    parts = unicodedata.normalize("NFKD", letter)
    if parts != letter:  # an accent, or a ligature of many letters
        return sum(map(_advance, parts))
    if unicodedata.combining(letter):
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _UNKNOWN


def width_of(text: str, size: float = SIZE) -> float:
    """Pixels that a text takes at most."""
    return sum(map(_advance, text)) * size * WIDER / 1000


def lines_of(text: object, pixels: float, size: float = SIZE) -> list[str]:
    """A text of the data in as many lines as it takes; words are broken where they must be.

    Lines are about as long as each other: no word is left alone on the last one without need.
    """
    words = _WORDS.findall(shown(text))
    lines = _filled(words, pixels, size)
    least = max(width_of(word.rstrip(), size) for word in words)
    if len(lines) == 1 or least > pixels:
        return lines
    most = pixels
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        narrower = _filled(words, middle, size)
        if len(narrower) == len(lines):
            lines, most = narrower, middle
        else:
            least = middle
    return lines


def _filled(words: Sequence[str], pixels: float, size: float) -> list[str]:
    """Lines that are as full as they can be."""
    lines: list[str] = []
    line = ""
    for word in words:
        if line and width_of(f"{line}{word}".rstrip(), size) > pixels:
            lines.append(line.rstrip())
            line = ""
        rest = word
        while width_of(rest.rstrip(), size) > pixels and len(rest) > 1:
            head = _head(rest, pixels, size)
            lines.append(head)
            rest = rest[len(head) :]
        line += rest
    return [one for one in (*lines, line.rstrip()) if one]


def _head(word: str, pixels: float, size: float) -> str:
    """As much of a word as fits on a line: at least a letter."""
    fits = 1
    while fits < len(word) and width_of(word[: fits + 1], size) <= pixels:
        fits += 1
    breaks = [at + 1 for at in range(fits) if word[at] in _BREAKS]
    # Far to the left a break would waste the line.
    return word[: breaks[-1]] if breaks and 2 * breaks[-1] >= fits else word[:fits]
