"""What is said of how the numbers of a column are written."""

import re
from collections.abc import Sequence

from kindred.infer.column_evidence import NumberReading
from kindred.infer.numerals import COMMA, PERCENT

_GROUPS = re.compile(r"[09]([^09])99+")  # what stands between thousands


def style_notes(reading: NumberReading, shapes: Sequence[str]) -> list[str]:
    """Thousands and decimal sign, currency, percent or unit of a column with these shapes."""
    notes = []
    grouped = (shapes[place] for place, numeral in reading.numerals.items() if numeral.is_grouped)
    sign = next((found[1] for shape in grouped if (found := _GROUPS.search(shape))), "")
    has_decimals = sign == COMMA or any(n.point >= 0 for n in reading.numerals.values())
    decimals = f"{reading.decimal}5" if has_decimals else ""
    if sign or decimals.startswith(COMMA):
        what = "thousands" if sign else "a comma"
        notes.append(f"written with {what} as in 1{sign}234{decimals}")
    if reading.is_currency:
        notes.append("without its currency sign")
    elif reading.affix == PERCENT:
        notes.append("in percent")
    elif reading.affix:
        affix = reading.affix
        notes.append(f"per {affix[1:]}" if affix.startswith("/") else f"in {affix}")
    return notes
