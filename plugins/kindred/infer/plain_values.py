"""Arrow arrays of plain values: numbers and times of texts, each at the place of its text."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kindred.infer.columns import Numbers, SqlType, Times
from kindred.infer.numerals import BARE, DOT, Numeral

_WIDEST_WHOLE = 15  # digits of a number with decimals that is whole all the same


def since_1970(known: Numbers, unit: str) -> Times:
    """Numbers of s, ms or us since 1970 as times in UTC (n,)."""
    per_second = {"s": 1, "ms": 1000, "us": 10**6}[unit]
    return np.round(known * (10**6 / per_second)).astype(np.int64).astype("datetime64[us]")


def is_whole(numerals: Sequence[Numeral], numbers: Numbers) -> bool:
    """Whether numbers are whole: they have no decimals, or only zeros as pandas writes them."""
    if all(numeral.is_whole for numeral in numerals):
        return True
    is_plain = all(
        n.decimal in ("", DOT) and n.affix == BARE and not n.has_exponent and not n.is_grouped
        for n in numerals
    )
    is_small = (np.abs(numbers) < 10.0**_WIDEST_WHOLE).all()
    return bool(is_plain and is_small and (numbers == np.floor(numbers)).all())


def fit_bigint(spelled: pa.StringArray) -> bool:
    """Whether plain numbers are within the range of a bigint, as far as they are whole."""
    if pc.max(pc.binary_length(spelled)).as_py() <= 18:
        return True
    try:
        pc.cast(spelled, pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def floats_of(spelled: pa.StringArray) -> Numbers:
    """Plain numbers as float64 (n,)."""
    try:
        return np.asarray(pc.cast(spelled, pa.float64()))
    except pa.ArrowInvalid:  # an exponent beyond the range: infinite, or zero
        return np.array(spelled.to_pylist()).astype(np.float64)


def scattered(values: pa.Array, places: NDArray[np.intp], others: pa.Array) -> pa.Array:
    """An array that has some values at some places, and elsewhere what it had."""
    sources = np.arange(len(others))
    sources[places] = len(others) + np.arange(len(places))
    return pa.concat_arrays([others, values]).take(pa.array(sources))


def as_arrow(times: Times, sql_type: SqlType) -> pa.Array:
    """Times as values of a SQL type (n,), null for NaT."""
    is_missing = np.isnat(times)
    if sql_type == SqlType.DATE:
        return pa.array(times.astype("datetime64[D]"), mask=is_missing)
    zone = "UTC" if sql_type == SqlType.TIMESTAMPTZ else None
    return pa.array(times, pa.timestamp("us"), mask=is_missing).cast(pa.timestamp("us", zone))


def iso(times: Times, sql_type: SqlType) -> pa.StringArray:
    """Times as PostgreSQL casts them (n,), such as 2026-03-31 12:00:00.000000Z."""
    if sql_type == SqlType.DATE:
        return pc.cast(pa.array(times.astype("datetime64[D]")), pa.string())
    texts = pc.cast(pa.array(times, pa.timestamp("us")), pa.string())
    if sql_type == SqlType.TIMESTAMP:
        return texts
    return pc.binary_join_element_wise(texts, pa.scalar("Z"), "")
