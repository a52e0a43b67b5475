"""How a text file is laid out: separator, quotes, spaces, and which of its lines is the header.

Decided on the file's beginning. ``records.py`` checks the whole file against it.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kindred.errors import InferenceError

# In the order in which they are tried; of those that fit equally well the first is taken.
SEPARATORS = (",", ";", "\t", "|", "\x01", "\x1f", "¦", "~", "^")
_SEVERAL = re.compile(r"[|~^;:#@!&*=<>$¦§\x1c-\x1f]{2,4}")  # characters, as in ||, |~| and ::
MAX_CHARACTERS = 2**20  # of a value, and of the first line
_SAMPLE_CHARACTERS, _SAMPLE_RECORDS = 500_000, 200
_MIN_SEPARATED = 0.5  # of the records
_MAX_TITLES = 50
_SPACED_SHARE = 0.95  # of the values after a separator that begin with a space
_QUOTED_SHARE = 0.95  # of the values of a column that are within single quotes
_MAX_ABOVE = 8  # records in which the names are looked for below a title
_DIGIT = re.compile(r"\s*[+-]?[\d.,]*\d")
_NUMBER = re.compile(r"\s*[+-]?[\d.,' ]*\d[\d.,' ]*%?\s*")

Record = list[str]


@dataclass(frozen=True)
class Layout:
    """The layout of a text file.

    Attributes
    ----------
    separator, quote : str
        ``quote`` is one character.
    skips_spaces : bool
        Whether spaces after a separator belong to it, as in ``1, "Paris, FR"``.
    header : list of str
        The names as in the file.
    first_line : int
        The line after the header, from 1.
    notes : tuple of str
        What was decided, and which lines before the header are none of the table's.
    """

    separator: str
    quote: str
    skips_spaces: bool
    header: Record
    first_line: int
    notes: tuple[str, ...] = ()


def read_records(
    text: Any, layout: Layout, *, strict: bool = True, first_line: int = 1
) -> Iterator[tuple[int, int, Record]]:
    """Records with the first and the last line of each, from an iterable of lines.

    Raises
    ------
    InferenceError
        when a quote is not closed, or stands alone inside of a quoted value; or when a value is
        too long.
    """
    csv.field_size_limit(MAX_CHARACTERS)
    reader = csv.reader(
        text,
        delimiter=layout.separator,
        quotechar=layout.quote,
        skipinitialspace=layout.skips_spaces,
        strict=strict,
    )
    line = first_line
    try:
        for record in reader:
            yield line, first_line + reader.line_num - 1, record
            line = first_line + reader.line_num
    except csv.Error as error:
        if "unexpected end of data" in str(error) or "field limit" in str(error):
            why = f"a quote that is opened in line {line:,} is not closed"
            if "field limit" in str(error):
                why = f"{error}: {why}, or a value has more than {MAX_CHARACTERS:,} characters"
        else:
            why = f"{error}: a quote is inside a quoted value without being doubled"
        raise InferenceError("csv", f"line {line:,} cannot be read ({why})") from error


def find_separator(text: str) -> str:
    """The separator with which most of the first records have the same number of fields.

    If no separator occurs, the file has one column and the result is a comma.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    several = {
        run: line
        for line in re.split(r"[\r\n]+", sample, maxsplit=_MAX_ABOVE)[:-1]
        for run in _SEVERAL.findall(line)
    }
    fits = {each: _fit(_head(text, each)) for each in (*SEPARATORS, *several) if each in sample}
    for run, line in several.items():
        # One of several characters leaves values empty if it is read as one of them.
        if run in fits and set(run).isdisjoint(line.replace(run, "")):
            parts = [each for each in fits if each != run and set(each) <= set(run)]
            for part in (each for each in parts if fits[run][0] >= fits[each][0]):
                del fits[part]
    return max(fits, key=lambda separator: fits[separator], default=",")


def is_separated(text: str, separator: str) -> bool:
    """Whether a separator occurs in most records, as often as in the others."""
    return _fit(_head(text, separator))[0] > _MIN_SEPARATED


def find_layout(text: str, separator: str) -> Layout:
    """The layout of a file that begins with this text.

    Raises
    ------
    InferenceError
        when there is no header.
    """
    notes: list[str] = []
    quote = '"'
    if '"' not in text and _are_within_single_quotes(_head(text, separator)):
        quote = "'"
        notes.append("values are within single quotes")
    skips_spaces = _begin_with_spaces(_head(text, separator, quote))
    layout = Layout(separator, quote, skips_spaces, [], 1)
    numbered = _sample(text, layout)
    if not numbered:
        raise InferenceError("csv", "no header is found in the first lines")
    titles = _count_titles([record for _, _, record in numbered])
    if titles:
        lines = listed([number for first, last, _ in numbered[:titles] for number in {first, last}])
        notes.append(f"{lines} before the header, a title or a comment: left out")
    _, last, header = numbered[titles]
    return Layout(separator, quote, skips_spaces, header, last + 1, tuple(notes))


def listed(lines: Sequence[int]) -> str:
    """Line numbers in words, the first few of many.

    >>> listed([3]), listed([1, 2]), listed(range(1, 9))
    ('line 3', 'lines 1, 2', '8 lines: 1, 2, 3, 4, 5, …')
    """
    shown = ", ".join(f"{line:,}" for line in lines[:5])
    if len(lines) > 5:
        return f"{len(lines):,} lines: {shown}, …"
    return f"line{'s' if len(lines) > 1 else ''} {shown}"


def _sample(text: str, layout: Layout) -> list[tuple[int, int, Record]]:
    """The first records but blank ones, and without the one in which the text was cut."""
    lines = io.StringIO(text[:_SAMPLE_CHARACTERS], newline="")
    found = read_records(lines, layout, strict=False)
    records = list(islice((one for one in found if "".join(one[2]).strip()), _SAMPLE_RECORDS))
    return (
        records[:-1]
        if len(text) > _SAMPLE_CHARACTERS and 1 < len(records) < _SAMPLE_RECORDS
        else records
    )


def _head(text: str, separator: str, quote: str = '"') -> list[Record]:
    if len(separator) > 1:
        text, separator = text[: 2 * _SAMPLE_CHARACTERS].replace(separator, "\x1f"), "\x1f"
    layout = Layout(separator, quote, False, [], 1)
    return [record for _, _, record in _sample(text, layout)]


def _fit(records: Sequence[Record]) -> tuple[float, int]:
    """The share of the records that have the usual number of fields, and that number."""
    if not records:
        return 0.0, 0
    widths = [len(record) for record in records]
    (width, count), *_ = Counter(widths).most_common(1)
    if width == 1:
        return 0.0, 1
    # With the right separator the header has as many fields as the rows, unless titles precede it.
    return count / len(widths) - 0.1 * (widths[0] != width), width


def _are_within_single_quotes(records: Sequence[Record]) -> bool:
    width = max(map(len, records), default=0)
    for place in range(width):
        values = [r[place].strip() for r in records[1:] if len(r) > place and r[place].strip()]
        quoted = sum(len(v) > 1 and v[0] == v[-1] == "'" for v in values)
        if len(values) > 1 and quoted >= _QUOTED_SHARE * len(values):
            return True
    return False


def _begin_with_spaces(records: Sequence[Record]) -> bool:
    later = [value for record in records for value in record[1:] if value]
    spaced = sum(value[0] == " " for value in later)
    return bool(later) and (
        spaced >= _SPACED_SHARE * len(later)
        or any(re.match(r' +"', value) is not None for value in later)
    )


def _count_titles(records: Sequence[Record]) -> int:
    """How many of the first records are titles, comments or the like, and not the header.

    The header is the first record that is as wide as most rows, or nearly so. A title that a
    spreadsheet has padded has one value only.
    """
    widths = Counter(len(record) for record in records)
    width = widths.most_common(1)[0][0]
    if width == 1:
        return 0
    for number, record in enumerate(records[:_MAX_TITLES]):
        filled = sum(bool(value.strip()) for value in record)
        is_title = filled <= 1 if width > 2 or len(record) == 1 else False
        is_narrow = len(record) < width - 1 and filled <= width // 2
        is_title |= _is_above_names(records[number:][:_MAX_ABOVE], width)
        is_comment = record[0].lstrip().startswith(("#", "//", "--")) and len(record) != width
        if not (is_title or is_narrow or is_comment):
            return number
    return 0


def _is_above_names(records: Sequence[Record], width: int) -> bool:
    """Whether the first record has half of the names or too many, and one below it has all of them.

    So a spreadsheet pads ``Date:,2026-01-31``, and writes names of groups above those of columns.
    """
    first = {value.strip() for value in records[0]} - {""}
    is_other = len(records[0]) > width + 1 and any(map(_DIGIT.match, first))
    if len(first) > width // 2 and not is_other:
        return False
    for number, record in enumerate(records[1:], start=1):
        names = {value.strip() for value in record} - {""}
        if any(map(_DIGIT.match, names)):
            if len(names) > width // 2:
                return False
            continue
        if len(names) == len(record) == width:
            return any(_DIGIT.match(v) for below in records[number + 1 :] for v in below)
    return False


def is_number(text: str) -> bool:
    """Whether a text is a plain number."""
    return _NUMBER.fullmatch(text) is not None
