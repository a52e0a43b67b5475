"""Lines of CSV that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with, blanks aside, that spreadsheets would evaluate (OWASP, "CSV Injection");
the last four are the full-width twins of the first four."""
GUARD = "'"


def is_formula(value: str) -> bool:
    """Whether a spreadsheet could take a value for a formula."""
    return value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)


def csv_lines(values: Sequence[str], *, are_numbers: bool = False) -> bytes:
    """One column as CSV (RFC 4180): UTF-8, lines that end in CR LF, quotes where needed.

    A value that a spreadsheet could take for a formula gets an apostrophe in front.
    ``are_numbers``: whole numbers, which are no formulas even with a minus in front.
    """
    text = io.StringIO(newline="")
    if not are_numbers:
        values = [GUARD + value if is_formula(value) else value for value in values]
    csv.writer(text).writerows((value,) for value in values)
    return text.getvalue().encode()
