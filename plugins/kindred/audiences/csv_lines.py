"""Lines of CSV that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with, blanks aside, that spreadsheets would evaluate (OWASP, "CSV Injection");
the last four are the full-width twins of the first four."""
GUARD = "'"


def guarded(value: str) -> str:
    """The value, after an apostrophe if a spreadsheet could take it for a formula."""
    is_formula = value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
    return GUARD + value if is_formula else value


def csv_lines(values: Sequence[str], *, are_numbers: bool = False) -> bytes:
    """One column as CSV (RFC 4180): UTF-8, lines that end in CR LF, quotes where needed.

    ``are_numbers``: whole numbers, which are no formulas even with a minus in front.
    """
    text = io.StringIO(newline="")
    rows = values if are_numbers else map(guarded, values)
    csv.writer(text).writerows((value,) for value in rows)
    return text.getvalue().encode()
