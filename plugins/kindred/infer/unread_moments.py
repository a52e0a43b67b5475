"""Dates that are recognised, but written so that nothing says for sure what they mean."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kindred.infer.column_names import (
    looks_like_amount,
    looks_like_id,
    looks_like_postal_code,
    looks_like_time,
)
from kindred.infer.moments import has_unknown_zone
from kindred.infer.shapes import ShapedTexts

UNKNOWN_ZONE = "times of a zone that is not known"
EXCEL = "day numbers of Excel"
_MIN_DISTINCT = 10  # of four random digits 1 in 27 is a day of a month
_MIN_SHARE = 0.99
_DAY, _MONTH = "(?:0[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|1[0-2])"
_YEAR = "(?:19|20)[0-9]{2}"
_FORMS = {
    "DDMMYYYY": rf"^{_DAY}{_MONTH}{_YEAR}$",
    "MMDDYYYY": rf"^{_MONTH}{_DAY}{_YEAR}$",
    "YYMMDD": rf"^[0-9]{{2}}{_MONTH}{_DAY}$",
    "DDMMYY": rf"^{_DAY}{_MONTH}[0-9]{{2}}$",
    "YYYY-DDD": rf"^{_YEAR}-(?:[0-2][0-9]{{2}}|3[0-5][0-9]|36[0-6])$",
}
_DAYS_OF_EXCEL = r"^(?:[2-5][0-9]{4})(?:[.,][0-9]+)?$"  # 1954 to 2064
_SHAPES = {"99999999", "09999999", "999999", "099999", "9999-999"}


def unread_form(name: str, shaped: ShapedTexts) -> str | None:
    """How all of many dates are written, or None: a form such as YYMMDD, or those it may be."""
    is_timed = np.array([has_unknown_zone(shape) for shape in shaped.shapes], dtype=bool)
    if shaped.shape_rows[is_timed].sum() >= _MIN_SHARE * shaped.meant_rows > 0:
        return UNKNOWN_ZONE
    shapes = {shape for shape in shaped.shapes if shape in _SHAPES}
    is_serial = looks_like_time(name) and any(shape[:5] == "99999" for shape in shaped.shapes)
    if not shapes and not is_serial:
        return None
    if looks_like_amount(name) or looks_like_id(name) or looks_like_postal_code(name):
        return None
    meant = pa.array(shaped.is_meant)
    texts, rows = shaped.stripped.filter(meant), shaped.rows[shaped.is_meant]
    if len(texts) < _MIN_DISTINCT:
        return None
    wanted = dict(_FORMS) if shapes else {}
    if is_serial:
        wanted[EXCEL] = _DAYS_OF_EXCEL
    found = []
    for form, pattern in wanted.items():
        fits = np.asarray(pc.match_substring_regex(texts, pattern))
        if rows[fits].sum() >= _MIN_SHARE * rows.sum():
            found.append(form)
    return " or ".join(found) or None


def remedy(form: str) -> str:
    """What a person can do about dates of such a form."""
    if form == UNKNOWN_ZONE:
        return "write them with an offset, as in 2026-03-31T23:59:00+02:00"
    if form == EXCEL:
        how = "date '1899-12-30' + column::numeric::integer"
    else:
        how = f"to_date(column, '{form.split(' or ')[0]}')"
    return f"write them as 2026-03-31, or read them in the spec's source query: {how}"
