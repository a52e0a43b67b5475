"""The ids in a file beside an audience file: one per line, or a column of CSV."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from kindred.audiences.csv_lines import unguarded
from kindred.audiences.status import Status
from kindred.errors import AudienceError

SEPARATORS = ",;\t|"
_QUOTES = "ids that hold a comma, semicolon, tab or bar in quotes"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_ids(
    folder: Path, name: str, column: str | None, key: str, *, role: str, needs_all: bool = False
) -> Iterator[str]:
    """The ids of a file exactly as they stand there; an empty text for a row without one.

    The file has one id per line, below a header or not, or it is CSV with a header, separated by
    comma, semicolon, tab or bar. ``column``: the column of the ids; without it the one called
    ``key``, or the only one. ``role``: the population it gives. ``needs_all``: a line whose columns
    are not those of the header, so that its id may be elsewhere, is an error.

    Raises
    ------
    AudienceError
        when the file is not there, lies outside the folder, cannot be read as text or CSV, or does
        not say which column the ids are; the reason quotes nothing of it.
    """
    place = f"{role}.file"
    try:
        path = _path_of(folder, name, place)
        with path.open("rb") as binary:
            start = binary.read(4)
        encoding = next((code for bom, code in _BOMS if start.startswith(bom)), "utf-8")
        with path.open(encoding=encoding, newline="") as stream:
            yield from _ids(stream, place, column, key, needs_all)
    except UnicodeDecodeError as error:
        raise _error(place, f"a byte is not {error.encoding.upper()}; save it as UTF-8") from error
    except csv.Error as error:
        raise _error(place, f"it is not CSV: {error}") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        words = getattr(error, "strerror", None) or "a link leads to itself"
        raise _error(place, f"it cannot be read: {words.lower()}") from error


def _path_of(folder: Path, name: str, place: str) -> Path:
    """The file, if it lies in the folder: links out of it are not followed."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _error(place, "it lies outside the folder of the audience file; move it there")
    if not path.is_file():
        raise _error(place, "there is no such file in the folder of the audience file")
    return path


def _ids(
    stream: Iterator[str], place: str, column: str | None, key: str, needs_all: bool
) -> Iterator[str]:
    blank, first = _first_line(stream)
    separator = _separator_of(first, column)
    rows = _rows(_after(first, stream), separator, place, blank)
    _, head = next(rows, (0, []))
    position = _position([unguarded(field.strip()) for field in head], place, column, key)
    if position is None:
        yield from _first(head)
    for line, row in rows:
        if position is not None:
            if row and (len(row) > 1 or row[0].strip()):
                if needs_all and _may_be_elsewhere(row, position, len(head), separator):
                    raise _error(
                        place,
                        f"line {line} has other columns than the first line, so that it is not sure"
                        f" where its id is; divide it like the first line, and put {_QUOTES}",
                    )
                field = row[position] if position < len(row) else ""
                yield field if field.strip() else ""
        elif any(field.strip() for field in row[1:]):
            raise _error(
                place,
                f"line {line} has several columns; give it a header, and say in 'column'"
                f" which one has the ids, or put {_QUOTES}",
            )
        else:
            yield from _first(row)


def _first_line(stream: Iterator[str]) -> tuple[int, str]:
    """The first line that is not blank, and how many are before it."""
    return next(((blank, line) for blank, line in enumerate(stream) if line.strip()), (0, ""))


def _rows(
    lines: Iterator[str], separator: str, place: str, before: int
) -> Iterator[tuple[int, list[str]]]:
    """The rows of CSV with the number of their line; ``before``: lines that came before.

    A quote that is not closed would make the lines that follow part of its field. So no field may
    have a line end.
    """
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line, wrong = before + rows.line_num + 1, ""
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            wrong = str(error)
        if not wrong and before + rows.line_num == line:
            yield line, row
            continue
        wrong = wrong or "a line ends between two quotes"
        raise _error(
            place,
            f"it is not CSV: in line {line} {wrong}; close each quote in its line, and write a"
            " quote within quotes twice",
        )


def _may_be_elsewhere(row: Sequence[str], position: int, columns: int, separator: str) -> bool:
    """Whether the id of a row may be another field than that at its position."""
    if len(row) < columns:
        others = SEPARATORS.replace(separator, "")
        return position >= len(row) or any(sign in row[position].strip() for sign in others)
    return position > 0 and any(field.strip() for field in row[columns:])


def _first(row: Sequence[str]) -> Sequence[str]:
    """The first field, if it is there and not blank."""
    return row[:1] if row and row[0].strip() else ()


def _after(first: str, stream: Iterator[str]) -> Iterator[str]:
    yield first
    yield from stream


def _separator_of(line: str, column: str | None) -> str:
    """The separator of a header: that which has the column, or else makes the most columns."""
    split = {sign: _split(line, sign) for sign in SEPARATORS}
    having = [sign for sign, fields in split.items() if column in fields]
    return max(having or split, key=lambda sign: len(split[sign]))


def _split(line: str, separator: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]


def _position(head: Sequence[str], place: str, column: str | None, key: str) -> int | None:
    """Where the ids are in a row; None if every line is an id, and the first one is no header."""
    if column is not None:
        if column not in head:  # what it has instead may be ids
            raise _error(
                place,
                "its first line is no header with the column that 'column' names (case matters);"
                " add one, or correct 'column'; a file of one id per line needs none",
            )
        return head.index(column)
    if key in head:
        return head.index(key)
    if len(head) > 1 and any(head[1:]):
        raise _error(
            place,
            f"its first line has {len(head)} columns, and none is called {key!r}; say in 'column'"
            f" which one has the ids, or put {_QUOTES}",
        )
    return None


def spellings(text: str) -> list[str]:
    """The keys that an id of a file can mean, the likeliest first.

    As it is written, but for the apostrophe that an export puts before a formula; then without
    blanks at its ends, which spreadsheets and reports add.

    >>> spellings("a "), spellings("'=a"), spellings("a")
    (['a ', 'a'], ['=a', "'=a"], ['a'])
    """
    given = [found for one in (text, text.strip()) for found in (unguarded(one), one)]
    return list(dict.fromkeys(given))


def _error(place: str, reason: str) -> AudienceError:
    return AudienceError(Status.FAILED, f"{place}: {reason}")
