"""Rows of a file that are no customers: comments, totals, row counts, page breaks, blank lines.

They are recognised by words and by how many of their values are empty, column by column.
"""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.infer.columns import TextColumn
from kindred.infer.layout import is_number
from kindred.infer.records import Rows

MAX_ODD_SHARE = 0.1  # of rows with one value, or equal to the header, above which they are rows
FULL_SHARE = 0.95  # of rows with a value, from which a column without one is unusual
_FEW_ROWS = 5
_TOTAL = (
    r"(?i)^[\s*(]*(sub|grand|net|over)?[- ]?(totals?|sum|summe|gesamt(summe)?|zwischensumme"
    r"|insgesamt|somme|total g[eé]n[eé]ral|sous[- ]total|suma|razem|og[oó][lł]em|totale|totaal"
    r"|toplam|celkem|összesen|yhteensä|итого|всего|合計|合计|总计|總計|average|avg|mean|moyenne"
    r"|durchschnitt|mittelwert|promedio|media|średnia|среднее)[\s:*)]*$|^\s*\*{1,4}\s*$"
)
# Words for rows of statistics, which may be names too.
_STATISTIC = (
    r"(?i)^[\s*(]*((min|max)(imum)?|count|anzahl|nombre|median|variance|std|std[. ]*dev\.?|n)"
    r"[\s:*)]*$"
)
_TOTAL_OF = r"(?i)^\s*(sub|grand)?[- ]?(totals?|sum|summe|somme|average)\b"
_COUNT = (
    r"(?i)^\W*\d[\d.,' ]* (rows?|records?|lines?|entries|results?|zeilen|datens[aä]tze|lignes"
    r"|filas|registros|righe|rijen|rader|строк\w*|wiersz\w*)\b[\w\s]*\W*$"
    r"|^\W*(row|record|line)s?( count)?\s*[:=]\s*\d[\d.,' ]*$"
)
_COMMENT = r"^\s*(#|//|--|/\*|\*\*|==)"
_SLASHES = r"^\s*/[/*]"  # a comment, whatever it says; "# page 2" is none
_PAGE = (
    r"(?i)^\W*(page|seite|p[aá]gina|pagina|strona|страница|sida|side)\W*\d+( ?\D{1,4} ?\d+)?\W*$"
)
_RULE = r'^\s*([-=_+:]{3,}|\{"ImportId".*\})\s*$'
_MAX_HEADERS = 3  # rows below the header with names for people, types and units
_ERROR_OF_A_SPREADSHEET = r"^#([A-Z0-9/]+[!?]?|N/A)$"

Flags = NDArray[np.bool_]


def find_odd_rows(rows: Rows, header: Sequence[str]) -> dict[str, Flags]:
    """The rows that are no customers by what they are: bool (rows,) each, no row in two."""
    is_filled = {column.name: _of_rows(column, _is_filled(column)) for column in rows.columns}
    filled = np.zeros(len(rows.lines), dtype=np.int32)
    for flags in is_filled.values():
        filled += flags
    found: dict[str, Flags] = {"empty": filled == 0}
    repeats = _repeats_header(rows.columns, header)
    if repeats.sum() <= MAX_ODD_SHARE * len(repeats):
        found["the header again"] = repeats
    found["a line below the header"] = _are_rules(rows.columns, is_filled) & (filled > 1)
    place = np.arange(len(filled))
    first = 0
    while first < _MAX_HEADERS and _is_second_header(rows.columns, is_filled, first):
        first += 1
    found["units or a second header"] = (place < first) & ~found["a line below the header"]
    taken = np.logical_or.reduce(list(found.values()))
    is_single = (filled == 1) & ~taken
    is_last = place >= len(filled) - _FEW_ROWS
    is_half_empty = is_last & (2 * filled <= len(header)) & (len(header) > 2)
    candidates = is_single | ((rows.is_short | is_half_empty) & ~taken)
    if len(header) == 1:  # each row has one value: only the last may be something else
        candidates[:-_FEW_ROWS] = False
    are_few = bool(candidates.sum() <= max(_FEW_ROWS, MAX_ODD_SHARE * len(filled)))
    may_be_other = (is_single | is_last) & (are_few and len(header) > 2)
    found |= _by_first_value(rows.columns, is_filled, candidates, may_be_other)
    for flags in found.values():
        taken |= flags
    found["a total"] = found.get("a total", np.zeros_like(taken)) | _totals(
        rows.columns, is_filled, taken
    )
    return {what: flags for what, flags in found.items() if flags.any()}


def looks_like_row(columns: Sequence[TextColumn], names: Sequence[str]) -> bool:
    """Whether the names are values: numbers only, or the first has digits like those below it."""
    if all(map(is_number, names)):
        return True
    everything = np.ones(len(columns[0].codes), dtype=bool)
    first = pa.array(names[:1], pa.string())
    return bool(
        len(names) > 1
        and any(map(is_number, names[1:]))
        and re.search(r"\d", names[0])
        and _looks_usual(columns[0], first, everything)[0]
    )


def _of_rows(column: TextColumn, values: NDArray[np.bool_]) -> Flags:
    return values[column.codes]


def _matching(texts: pa.Array, pattern: str) -> Flags:
    found = pc.match_substring_regex(texts, pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _is_filled(column: TextColumn) -> Flags:
    return _matching(column.texts, r"[^\s\x00]")


def _repeats_header(columns: Sequence[TextColumn], header: Sequence[str]) -> Flags:
    found = np.ones(len(columns[0].codes), dtype=bool)
    for column, name in zip(columns, header, strict=True):
        trimmed = pc.utf8_trim_whitespace(column.texts)
        is_name = np.asarray(pc.equal(trimmed, name.strip()).to_numpy(zero_copy_only=False))
        if not is_name.any():
            return np.zeros_like(found)
        found &= _of_rows(column, is_name)
    return found


def _by_first_value(
    columns: Sequence[TextColumn],
    is_filled: dict[str, Flags],
    candidates: Flags,
    may_be_other: Flags,
) -> dict[str, Flags]:
    """What rows with one value, or too few, are by the value that comes first."""
    found: dict[str, Flags] = {}
    left = candidates.copy()
    for column in columns:
        here = left & is_filled[column.name]
        left &= ~here
        places = np.flatnonzero(here)
        if not len(places):
            continue
        codes = column.codes[places]
        numbers, inverse = np.unique(codes, return_inverse=True)
        texts = column.texts.take(pa.array(numbers))
        is_error = _matching(texts, _ERROR_OF_A_SPREADSHEET)[inverse]
        is_odd = ~_looks_usual(column, texts, ~candidates)[inverse]
        is_total = _matching(texts, _TOTAL)[inverse] | (
            _matching(texts, _STATISTIC)[inverse] & is_odd
        )
        is_other = is_odd & may_be_other[places]
        rules = (
            ("a row count", _matching(texts, _COUNT)[inverse]),
            ("a page break", (_matching(texts, _PAGE) & ~_matching(texts, _SLASHES))[inverse]),
            ("a comment", _matching(texts, _COMMENT)[inverse] & ~is_error & is_odd),
            ("a total", is_total),
            ("few values, the first of another form than in other rows", is_other),
        )
        taken = np.zeros(len(places), dtype=bool)
        for what, flags in rules:
            flags = flags & ~taken
            taken |= flags
            found.setdefault(what, np.zeros_like(candidates))[places[flags]] = True
    return found


def _looks_usual(column: TextColumn, texts: pa.Array, others: Flags) -> Flags:
    """Which texts have the form (letters and digits as such) of a value of other rows."""
    used = np.bincount(column.codes[others], minlength=len(column.texts)) > 0
    forms = pc.unique(_forms(column.texts.filter(pa.array(used))))
    found = pc.is_in(_forms(texts), value_set=forms)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _forms(texts: pa.Array) -> pa.Array:
    digits = pc.replace_substring_regex(texts, pattern=r"[0-9]+", replacement="9")
    return pc.replace_substring_regex(digits, pattern=r"\p{L}+", replacement="a")


def _totals(columns: Sequence[TextColumn], is_filled: dict[str, Flags], taken: Flags) -> Flags:
    """Rows whose first value is a word for a total.

    They count at the end of the file, or if a value is missing that hardly any other row lacks.
    """
    usual = [column.name for column in columns if is_filled[column.name].mean() >= FULL_SHARE]
    found = np.zeros_like(taken)
    words, left = found.copy(), ~taken
    for column in columns:
        is_total = _matching(column.texts, _TOTAL)
        is_statistic = _matching(column.texts, _STATISTIC)
        if is_statistic.any():
            is_odd = ~_looks_usual(column, column.texts, ~_of_rows(column, is_total | is_statistic))
            is_total |= is_statistic & is_odd
        is_named = is_total | _matching(column.texts, _TOTAL_OF)
        if is_named.any():
            places = np.flatnonzero(left & _of_rows(column, is_named))
            lacks = np.zeros(len(places), dtype=bool)
            for name in usual:
                lacks |= ~is_filled[name][places]
            found[places[lacks]] = True
            words[places[is_total[column.codes[places]]]] = True
        left &= ~is_filled[column.name]
        if not left.any():
            break
    last = len(taken) - 1
    while last >= 0 and (taken[last] or found[last] or words[last]):
        found[last] = not taken[last]
        last -= 1
    return found


def _are_rules(columns: Sequence[TextColumn], is_filled: dict[str, Flags]) -> Flags:
    """The rows of dashes only, or of the ids that a survey writes below its questions."""
    found = np.ones(len(columns[0].codes), dtype=bool)
    for column in sorted(columns, key=lambda column: len(column.texts)):
        found &= _of_rows(column, _matching(column.texts, _RULE)) | ~is_filled[column.name]
        if not found.any():
            break
    return found


def _is_second_header(
    columns: Sequence[TextColumn], is_filled: dict[str, Flags], place: int
) -> bool:
    """Whether a row of the first has units or more names: words where those below have digits.

    Its first value is empty, or of another form than those of the others.
    """
    rows = len(columns[0].codes)
    others = np.arange(rows) >= max(place + 1, min(_MAX_HEADERS, rows // 4))
    first = columns[0].texts.take(pa.array(columns[0].codes[place : place + 1]))
    if others.sum() < _FEW_ROWS or (
        is_filled[columns[0].name][place] and _looks_usual(columns[0], first, others)[0]
    ):
        return False
    words = 0
    for column in columns[1:]:
        has_digit = _of_rows(column, _matching(column.texts, r"\d"))
        filled = is_filled[column.name]
        below = has_digit[others].sum()
        if not filled[place] or below < FULL_SHARE * max(filled[others].sum(), 1):
            continue
        if has_digit[place]:
            return False
        words += 1
    return words > 1
