"""Lines of CSV that no spreadsheet takes for formulas."""

from collections.abc import Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with, blanks aside, that spreadsheets would evaluate (OWASP, "CSV Injection");
the last four are the full-width twins of the first four."""
GUARD = "'"
QUOTED_SIGNS = ',;\t|"\r\n'
"""What divides cells or lines by the rules of some country or program."""


def is_formula(value: str) -> bool:
    """Whether a spreadsheet could take a value for a formula."""
    return value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)


def needs_guard(value: str) -> bool:
    """Whether a value gets an apostrophe in front: a formula, or one that has some already."""
    return is_formula(value.lstrip(GUARD))


def unguarded(text: str) -> str:
    """The value that a cell of an export stands for."""
    return text[1:] if text.startswith(GUARD) and needs_guard(text[1:]) else text


def csv_lines(values: Sequence[str], *, are_numbers: bool = False) -> bytes:
    """One column as CSV (RFC 4180): UTF-8, lines that end in CR LF, quotes where needed.

    A value that a spreadsheet could take for a formula gets an apostrophe in front, and so does one
    that is such a value behind apostrophes: by `unguarded` all come back.
    ``are_numbers``: whole numbers, which are no formulas even with a minus in front.
    """
    if not are_numbers:
        values = [GUARD + value if needs_guard(value) else value for value in values]
    return "".join(f"{_quoted(value)}\r\n" for value in values).encode()


def _quoted(value: str) -> str:
    """In quotes what any program could divide: in much of Europe a semicolon begins a cell."""
    if value and not any(sign in value for sign in QUOTED_SIGNS):
        return value
    return '"' + value.replace('"', '""') + '"'
