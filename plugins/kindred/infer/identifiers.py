"""Columns that identify a person or a thing, by how their values are written, and numeric codes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kindred.infer.column_names import (
    looks_like_amount,
    looks_like_number_of_thing,
    looks_like_phone,
)
from kindred.infer.columns import COMMON_VALUES, Column, Numbers, whole
from kindred.infer.shapes import buffers_of, strip

_MIN_SHARE = 0.95  # of the rows that look so
_FEW_PER_ROW = 0.1  # distinct values per row below which even addresses are categories
NEAR_UNIQUE = 0.95  # distinct values per known row at which a column identifies its rows
_PATTERNS = (
    ("e-mail addresses", r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$"),
    ("web addresses", r"^(?i:(https?|ftp)://\S+|www\.\S+\.\S+)$"),
    ("MAC addresses", r"^(?i:[0-9a-f]{2}([:-][0-9a-f]{2}){5})$"),
    (
        "IP addresses",
        r"^(\d{1,3}(\.\d{1,3}){3}|(?i:[0-9a-f]{0,4}(:[0-9a-f]{0,4}){3,7}))(/\d{1,3})?$",
    ),
    ("UUIDs", r"^\{?(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$"),
    ("hashes", r"^(?:0x)?(?i:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"),
    ("IBANs", r"^[A-Z]{2}\d{2}[ ]?[A-Z0-9]{4}([ ]?[A-Z0-9]{4}){2,6}[ ]?[A-Z0-9]{0,4}$"),
)
_JSON = r'(?s)^\s*(\{\s*(".*:.*)?\}|\[\s*(("|\[|\{|-?\d|true|false|null).*)?\])\s*$'
_MARKUP = r"(?s)^\s*<[A-Za-z!?][^<>]*>.*>?\s*$"
_CARD = r"^\d([ -]?\d){12,18}$"
_MIN_LUHN_SHARE = 0.9  # of random digits a tenth passes
_PHONE = r"^[+(]?[\d(][\d\s().\-]{7,20}(\s?(x|ext\.?)\s?\d{1,5})?$"
_PHONE_START = r"^(\+|00[1-9]|\(|0[1-9])"
_PHONE_BY_NAME = r"^[+(]?\d[\d\s().\-/]{5,20}(\s?(x|ext\.?)\s?\d{1,5})?$"
_PHONE_DIGITS = (9, 15)
_MIN_ID_DIGITS = 9  # from which near-unique whole numbers of one width are of phones or accounts
_MIN_NUMBER_DIGITS = 4  # of a thing that the name says is numbered
_MIN_ACCOUNTS = 100  # rows: of fewer amounts all may have one width
_MIN_SORTED = 20  # rows that nobody would expect to be in ascending order, all different
_MIN_COLLISIONS = 5.0  # pairs of equal numbers that chance would make among amounts of that range
_DENSE = 0.5  # share of a range that is taken, without a number twice: no chance does that
_MIN_CODE_DIGITS, _MIN_CODES, _MIN_REPEATS = 4, 10, 5.0
_MAX_CODE_DENSITY = 0.1
_MIN_LAST_DIGITS = 6
_MIN_CODE_SPAN = 0.5  # of all numbers of that width: amounts of one width seldom fill it
_YEARS = (1900, 2100)


def identifies(column: Column, *, is_sample: bool) -> str | None:
    """Why a column of texts or numbers identifies something, in counts; None if it does not."""
    if column.numbers is not None:
        return _numbers(column, column.numbers, is_sample=is_sample)
    if pa.types.is_string(column.values.type) and not column.is_temporal:
        return _texts(column)
    return None


def markup(column: Column) -> str | None:
    """The language of texts that programs read, JSON or HTML and XML; None for other texts."""
    for language, pattern in (("JSON", _JSON), ("HTML or XML", _MARKUP)):
        if _share(column, pc.match_substring_regex(column.values, pattern)) >= _MIN_SHARE:
            return language
    return None


def _is_repeated(column: Column) -> bool:
    return column.distinct <= COMMON_VALUES and column.distinct < _FEW_PER_ROW * column.known


def _texts(column: Column) -> str | None:
    if _is_repeated(column):
        return None
    stripped = strip(column.values)
    for what, pattern in _PATTERNS:
        if _share(column, pc.match_substring_regex(stripped, pattern)) >= _MIN_SHARE:
            return f"{what}: {column.distinct:,} distinct of {column.known:,}"
    is_card = pc.match_substring_regex(stripped, _CARD)
    if _share(column, is_card) >= _MIN_SHARE and passes_luhn(stripped.filter(is_card)):
        return f"card numbers: {column.distinct:,} distinct of {column.known:,}"
    named = looks_like_phone(column.name)
    digits = (
        pc.utf8_length(pc.replace_substring_regex(stripped, r"\D", ""))
        if named or _may_be_phone(column, stripped)
        else None
    )
    if digits is None:
        return None
    least = 6 if named else _PHONE_DIGITS[0]
    is_phone = pc.and_(
        pc.match_substring_regex(stripped, _PHONE_BY_NAME if named else _PHONE),
        pc.and_(pc.greater_equal(digits, least), pc.less_equal(digits, _PHONE_DIGITS[1])),
    )
    if _share(column, is_phone) >= (0.5 if named else _MIN_SHARE):
        return f"phone numbers: {column.distinct:,} distinct of {column.known:,}"
    return None


def _may_be_phone(column: Column, stripped: pa.StringArray) -> bool:
    return _share(column, pc.match_substring_regex(stripped, _PHONE_START)) >= _MIN_SHARE


def _share(column: Column, is_so: pa.BooleanArray) -> float:
    matching = is_so.to_numpy(zero_copy_only=False)
    return float(column.counts[matching].sum() / max(column.known, 1))


def passes_luhn(texts: pa.StringArray) -> bool:
    """Whether nine of ten card numbers have the check digit that Luhn's method gives."""
    plain = pc.replace_substring_regex(texts, r"\D", "")
    offsets, data = buffers_of(plain)
    if not len(data):
        return False
    digits = data.astype(np.int64) - ord("0")
    ends = np.repeat(offsets[1:], np.diff(offsets))
    is_doubled = (ends - np.arange(len(data))) % 2 == 0
    doubled = digits * 2
    added = np.where(is_doubled, doubled - 9 * (doubled > 9), digits)
    sums = np.add.reduceat(added, offsets[:-1])
    return bool((sums % 10 == 0).mean() >= _MIN_LUHN_SHARE)


def _numbers(column: Column, numbers: Numbers, *, is_sample: bool) -> str | None:
    known = numbers[~np.isnan(numbers)]
    if not len(known) or not whole(known) or column.distinct <= 2:
        return None
    counted = f"{column.distinct:,} distinct of {column.known:,}"
    is_near_unique = column.distinct >= NEAR_UNIQUE * column.known
    widths = {len(str(int(abs(limit)))) for limit in (known.min(), known.max())}
    if known.min() > 0 and not _is_repeated(column):
        texts = column.texts if pa.types.is_integer(column.values.type) else None
        if min(widths) >= 13 and texts is not None and passes_luhn(texts):
            return f"card numbers: {counted}"
        is_amount = looks_like_amount(column.name)
        if looks_like_phone(column.name) and not is_amount and min(widths) >= 6:
            return f"phone numbers: {counted}"
        is_many = column.known >= _MIN_ACCOUNTS
        if (
            is_many
            and is_near_unique
            and not is_amount
            and len(widths) == 1
            and min(widths) >= _MIN_ID_DIGITS
        ):
            return f"whole numbers of {min(widths)} digits, as of phones or accounts: {counted}"
        if (
            looks_like_number_of_thing(column.name)
            and is_near_unique
            and not is_amount
            and column.known >= _MIN_SORTED
            and min(widths) >= _MIN_NUMBER_DIGITS
            and max(widths) - min(widths) <= 1
        ):
            return f"numbers of things by name, {counted}: an id"
    if is_sample or column.distinct != column.known or column.odd:
        return None
    return _row_number(column, numbers, known)


def _row_number(column: Column, numbers: Numbers, known: Numbers) -> str | None:
    """Numbers that no two rows share, and that count the rows or were given out in their order."""
    span = known.max() - known.min() + 1
    if span == len(known):
        return f"a gapless sequence of {column.distinct:,} whole numbers: an id"
    if len(known) < _MIN_SORTED:
        return None
    of_rows = numbers[column.codes[column.codes >= 0]]
    steps = np.diff(of_rows)
    is_sorted = (steps > 0).all() or (steps < 0).all()
    if is_sorted and len(known) ** 2 / (2 * span) >= _MIN_COLLISIONS:
        return f"{column.distinct:,} whole numbers in the order of the rows, none twice: an id"
    if len(known) >= _DENSE * span:
        taken = len(known) / span
        return f"{column.distinct:,} whole numbers, none twice, {taken:.0%} of their range: an id"
    return None


def are_codes(column: Column, numbers: Numbers) -> bool:
    """Whether whole numbers are codes by their values: of one width, repeated, scattered and odd.

    Amounts of one width that repeat are dense, such as years, or round, such as credit limits.
    """
    known = ~np.isnan(numbers)
    values, counts = numbers[known], column.counts[known]
    if len(values) < _MIN_CODES or not whole(values) or values.min() < 10 ** (_MIN_CODE_DIGITS - 1):
        return False
    if len(str(int(values.min()))) != len(str(int(values.max()))):
        return False
    if _YEARS[0] <= values.min() and values.max() < _YEARS[1]:
        return False
    span = values.max() - values.min() + 1
    width = 9 * 10.0 ** (len(str(int(values.min()))) - 1)
    last = np.bincount((values % 10).astype(np.int64), minlength=10)
    return bool(
        counts.mean() >= _MIN_REPEATS
        and len(values) <= _MAX_CODE_DENSITY * span
        and span >= _MIN_CODE_SPAN * width
        and (last > 0).sum() >= _MIN_LAST_DIGITS
    )
