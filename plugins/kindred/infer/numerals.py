"""Numbers as people and programs write them: one shape's readings, and the numbers of its texts.

``1.234,50 €``, ``(1,234.50)``, ``1'234.-``, ``12,5 %``, ``4 kg``, ``103.01-`` and ``1e-05`` are
numbers.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kindred.infer.shapes import ShapeGroup

DOT, COMMA = ".", ","
BARE, PERCENT = "", "%"
_MINUS = "-\N{MINUS SIGN}\N{EN DASH}▲△"  # accountants in Japan write ▲ or △
_SIGNS = f"+{_MINUS}"
_SPACES = " \u00a0\u202f\u2009\u2007"
_GROUPING = ".,'`\N{RIGHT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}" + _SPACES
_EXPONENT = r"[eE][+-]?[09]9?9?"
_BODY = rf"(?:[09](?:[09{_GROUPING}]*[09])?[.,]?|[.,][09]+)"
_NUMBER = re.compile(
    rf"(?P<head>[^09]{{0,12}}?)(?P<body>{_BODY})(?P<exponent>{_EXPONENT})?"
    r"(?P<tail>[^09]{0,20})"
)
_GROUPED = re.compile(
    r"(?:9{1,3}(?:(?P<sign>[^09])999)(?:(?P=sign)999)*"
    r"|99?(?P<lakh>,)99,(?:99,)*999)"
)
_ENCLOSED = re.compile(r"[^()09]*\([^()09]*[09][^()]*\)[^()09]*")
_NO_CENTS = re.compile(rf"[.,][{_MINUS}—]{{1,2}}$")  # as in 12.- or 12,--
# ISO 4217 codes of the currencies that are traded most, and abbreviations that people write.
_CURRENCIES_WORDS = (
    "aed ars aud bgn brl cad chf clp cny cop czk dkk egp eur gbp hkd hrk huf idr ils inr isk jpy "
    "krw kzt mad mxn myr ngn nok nzd pen php pkr pln ron rsd rub sar sek sgd thb try twd uah usd "
    "uyu vnd zar 円 元 원 kr fr sfr us$ r$ a$ c$ nz$ hk$ s$ mx$ ca$ au$ rs kč zł lei ft euro euros "
    "dollars eu tl dm rmb "
)
_CURRENCIES = frozenset((*_CURRENCIES_WORDS.split(), "руб", "р"))  # noqa: RUF001
_POWERS = {
    **{"k": 3, "K": 3, "tsd": 3, "thousand": 3, "M": 6, "mn": 6, "mio": 6, "million": 6},
    **{"millions": 6, "B": 9, "bn": 9, "mrd": 9, "billion": 9},
}
_EASTERN_POWERS = {"千": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "億": 8, "亿": 8, "억": 8, "兆": 12}
# A debit is a negative balance; in German Haben is the credit, Soll the debit.
_BALANCES = {"cr": False, "dr": True, "haben": False, "soll": True}
DEBIT, CREDIT = "S", "H"  # Soll and Haben, where a column has both; alone they may be anything
_PERCENTS = frozenset(("%", "percent", "pct", "prozent"))
# Units that are written without a space; with one, any word may be a unit.
_UNITS_WORDS = (
    "kg g mg t lb lbs oz km m cm mm mi ft l ml cl hl h hr hrs min s sec ms d yr yrs mo kWh MWh W "
    "kW MW V Hz GB MB kB KB TB px pt pcs pc x st ha m² m³ km² kcal °C °F ° "
    "歳 才 岁 人 名 個 个 件 回 次 点 本 枚 台 日 세 명 개 "
)
UNITS = frozenset(_UNITS_WORDS.split())
_UNIT = re.compile(r"/[^\W\d_]{1,10}[²³]?|[^\W\d_]{1,12}[²³]?\.?(?:/[^\W\d_]{1,10}[²³]?)?|°[CF]?|‰")


@dataclass(frozen=True)
class Numeral:
    """How the texts of one shape are read as numbers.

    Attributes
    ----------
    decimal : str
        The decimal sign that this reading needs, ``''`` if it does not matter.
    affix : str
        What stands beside the number: a currency, ``%``, a unit, or nothing.
    is_currency, is_negative, is_code, is_whole, is_grouped : bool
        A code begins with a zero, as in 01234.
    keep : tuple of int
        The places of the bytes that remain: digits, and the decimal sign.
    point : int
        Which of them is the decimal sign, -1 for none.
    has_exponent : bool
    has_minus_after : bool
        Whether the minus stands after the digits, as in 103.01-.
    power : int
        The power of ten that the numbers are multiplied by, as for 1.5k or 2 Mio.
    """

    decimal: str
    affix: str
    is_currency: bool
    is_negative: bool
    is_code: bool
    is_whole: bool
    is_grouped: bool
    keep: tuple[int, ...]
    point: int
    has_exponent: bool = False
    power: int = 0
    has_minus_after: bool = False

    @property
    def decimals(self) -> int:
        """How many digits follow the decimal sign, an exponent's among them."""
        return len(self.keep) - self.point - 1 if self.point >= 0 else 0

    def spelled(self, group: ShapeGroup) -> pa.StringArray:
        """The texts of the shape as plain numbers (n,), such as -1234.5."""
        cells = group.cells[:, self.keep]
        if self.point >= 0:
            cells[:, self.point] = ord(".")
        if self.is_negative:
            cells = np.hstack([_repeated(b"-", len(cells)), cells])
        if self.power:
            cells = np.hstack([cells, _repeated(b"e%d" % self.power, len(cells))])
        return fixed_width(cells)


def _repeated(text: bytes, rows: int) -> NDArray[np.uint8]:
    return np.tile(np.frombuffer(text, dtype=np.uint8), (rows, 1))


def fixed_width(cells: NDArray[np.uint8]) -> pa.StringArray:
    """The rows of a matrix of bytes as strings (n,)."""
    offsets = np.arange(len(cells) + 1, dtype=np.int32) * cells.shape[1]
    data = np.ascontiguousarray(cells)
    return pa.StringArray.from_buffers(len(cells), pa.py_buffer(offsets), pa.py_buffer(data))


@lru_cache(maxsize=65536)
def readings(shape: str) -> tuple[Numeral, ...]:
    """The ways to read a shape as a number: none, one, or one per decimal sign.

    >>> [(n.decimal, n.is_whole) for n in readings("9.999")]
    [('.', False), (',', True)]
    >>> [(n.affix, n.is_negative) for n in readings("($9,999.99)")]
    [('$', True)]
    """
    text, is_negative = shape, False
    if _ENCLOSED.fullmatch(text):
        # Blanks keep the places of all other characters.
        text, is_negative = text.replace("(", " ").replace(")", " "), True
    shift = 0
    found = _NUMBER.fullmatch(text)
    if found is None:
        return ()
    head, body, exponent, tail = (
        found["head"],
        found["body"],
        found["exponent"] or "",
        found["tail"],
    )
    if body[0] == "." and head[-1:].isalpha():  # Rs.500
        head, body, shift = head + ".", body[1:], 1
    if _NO_CENTS.search(body + tail.rstrip(_SPACES)) and not exponent:
        tail = tail.rstrip(_SPACES).rstrip(_MINUS + "—").removesuffix(".").removesuffix(",")
        body = body.rstrip(".,")
    beside = _beside(head, tail)
    if beside is None or (exponent and (beside.affix or beside.power)):
        return ()
    if beside.is_minus and is_negative:
        return ()
    start = len(text[: found.start("body") + shift].encode())
    results = []
    for decimal, other in ((DOT, COMMA), (COMMA, DOT)):
        read = _read_body(body, decimal)
        if read is None:
            continue
        digits, point, is_grouped, is_code = read
        if exponent and is_grouped:
            continue  # 6,179E+03 has a decimal comma: programs do not group such numbers
        keep = [start + len(body[:place].encode()) for place in digits]
        first = start + len(body.encode())
        keep += range(first, first + len(exponent))
        matters = _read_body(body, other) != read or point >= 0
        results.append(
            Numeral(
                decimal if matters else "",
                beside.affix,
                beside.is_currency,
                is_negative or beside.is_minus,
                is_code,
                is_whole=point < 0 and not exponent and not beside.power,
                is_grouped=is_grouped,
                keep=tuple(keep),
                point=point,
                has_exponent=bool(exponent),
                power=beside.power,
                has_minus_after=beside.has_minus_after,
            )
        )
        if not matters:
            break
    return tuple(results)


def _read_body(body: str, decimal: str) -> tuple[list[int], int, bool, bool] | None:
    """The places of digits and decimal sign, which of them is the sign, grouped, and a code."""
    whole, sign, fraction = body.partition(decimal)
    if fraction.strip("09") or not (whole or fraction):
        return None
    is_grouped = bool(whole.strip("09"))
    if is_grouped and not _is_grouped(whole):
        return None
    digits = [place for place, c in enumerate(whole) if c in "09"]
    is_code = len(digits) > 1 and whole[0] == "0" and not sign
    point = -1
    if sign and fraction:
        point = len(digits)
        digits += range(len(whole), len(body))
    return digits, point, is_grouped, is_code


def _is_grouped(whole: str) -> bool:
    found = _GROUPED.fullmatch(whole)
    return found is not None and bool(found["lakh"] or found["sign"] in _GROUPING)


@dataclass(frozen=True)
class _Beside:
    """What stands beside a number."""

    affix: str = BARE
    is_currency: bool = False
    is_minus: bool = False
    power: int = 0
    has_minus_after: bool = False


def _beside(head: str, tail: str) -> _Beside | None:
    """What stands before and after a number; None if it is no number for it."""
    signs = [c for c in head if c in _SIGNS]
    before = head.translate(_BLANK_SIGNS).strip(_SPACES)
    after = tail.strip(_SPACES)
    if before and after in _NOTHING_FOLLOWS and _is_currency(before):
        after = tail = ""
    if "+" in after:  # 3+ is three or more
        return None
    is_spaced = tail[:1] in _SPACES
    if after[:1] and after[0] in _SIGNS:
        signs.append(after[0])
        after, is_spaced = after[1:].strip(_SPACES), True
    elif after[-1:] and after[-1] in _SIGNS:
        signs.append(after[-1])
        after = after[:-1].strip(_SPACES)
    has_minus_after = len(signs) == 1 and not any(c in _SIGNS for c in head)
    power, after = _power(after, is_beside_currency=bool(before))
    if len(signs) > 1 or (before and after):
        return None
    is_minus = bool(signs) and signs[0] != "+"
    word = before or after
    if not word:
        return _Beside(is_minus=is_minus, power=power, has_minus_after=has_minus_after)
    if _is_currency(word):
        return _Beside(word.rstrip(".").lower(), True, is_minus, power, has_minus_after)
    if word.lower() in _PERCENTS and not power:  # in Turkish before the number
        return _Beside(PERCENT, is_minus=is_minus)
    if before or (power and word not in UNITS):
        return None
    if word.lower() in _BALANCES and not signs:
        return _Beside(is_minus=_BALANCES[word.lower()])
    if word in (DEBIT, CREDIT) and not (is_spaced or signs or power):
        return _Beside(word)
    is_unit = _UNIT.fullmatch(word) and (
        is_spaced or word.startswith("/") or word.rstrip(".") in UNITS
    )
    return _Beside(word, is_minus=is_minus, power=power) if is_unit else None


def _power(after: str, *, is_beside_currency: bool) -> tuple[int, str]:
    """The power of ten that a number's suffix names, and what is left of what stands after it."""
    if after[:1] in _EASTERN_POWERS:
        return _EASTERN_POWERS[after[0]], after[1:].strip(_SPACES)
    first, _, rest = after.partition(" ")
    word = first.rstrip(".")
    if is_beside_currency and word == "m":
        word = "M"
    power = _POWERS.get(word, 0) if len(word) == 1 else _POWERS.get(word.lower(), 0)
    if len(word) == 1 and word != "k" and not (is_beside_currency or rest):
        return 0, after  # a letter alone may be part of a code, such as 12B
    return (power, rest.strip(_SPACES)) if power else (0, after)


_NOTHING_FOLLOWS = ("/-", "/=", "/—")  # in India, behind whole rupees
_BLANK_SIGNS = str.maketrans(dict.fromkeys(_SIGNS, " "))


def _is_currency(word: str) -> bool:
    if len(word) == 1:
        return unicodedata.category(word) == "Sc" or word.lower() in _CURRENCIES
    bare = word.lower().rstrip(".")
    return bare in _CURRENCIES or (len(word) <= 3 and unicodedata.category(word[-1]) == "Sc")
