"""Decide a column's place in a spec: which kind of feature it is, or why it is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import skew

from kindred.encoding.number_block import fit_number, limits_of
from kindred.infer.almost import Almost
from kindred.infer.column_names import looks_like_id, looks_like_postal_code
from kindred.infer.columns import COMMON_VALUES, Column, Numbers, whole
from kindred.infer.typed_values import AMBIGUOUS, FLAGS, MIN_NUMBER_SHARE, TEXT_TYPES
from kindred.spec.features import LARGEST_NUMBER, NumericFeature, Scale

MIN_AMOUNTS = 20  # distinct values above which a column is an amount, not an ordered code
HIGH_SKEWNESS = 1.0  # Bulmer, Principles of Statistics, 1979: "highly skewed"
NEAR_UNIQUE = 0.95  # distinct values per known row at which a column identifies its rows
SHORT_CHARACTERS = 40  # mean length up to which a text is not free text
SENTENCE_WORDS, SEVERAL_WORDS = 5.0, 2.5  # mean number of words
MIN_COMMON_SHARE = 0.5  # share of rows that a category's most frequent values must cover
TEXT_COMPONENTS = 32
FIRST_DATE = "1900"  # earlier dates are placeholders, and cannot be encoded
_USABLE = f"a finite number up to {LARGEST_NUMBER}"
_AFTER_9999 = re.compile(r"infinity|\d{5,}-")
_SMALL_TABLE = 1000  # rows below which ten rows are too many to require for a category


class Use(StrEnum):
    """What a spec does with a column."""

    FEATURE = "feature"
    IGNORE = "ignore"
    LABEL = "label"


@dataclass(frozen=True)
class Decision:
    """What to do with a column and why; ``settings`` are a feature's settings in the spec.

    ``almost``: what the column would be if some values were different. ``warning``: what a person
    should look at before the first run.
    """

    column: str
    use: Use
    reason: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    almost: Almost | None = None
    warning: str = ""


def decide(column: Column, *, is_sample: bool = False) -> Decision:
    """Decide a column's kind by its values and name; reasons contain counts, never values.

    ``is_sample``: the rows are only a sample of the table, so gaps in a sequence mean nothing.
    """
    for rule in (_without_information, _postal_code, _flag, _identifier):
        decision = rule(column)
        if decision is not None:
            return decision
    if column.is_temporal:
        return _date(column)
    if column.numbers is not None:
        return _number(column, column.numbers, is_sample=is_sample)
    if column.type in TEXT_TYPES:
        return _text(column)
    if column.distinct <= COMMON_VALUES:
        return _category(column, f"{column.distinct} values of type {column.type}")
    return _ignore(column, f"no kind of feature takes values of type {column.type}")


def _feature(column: Column, reason: str, **settings: Any) -> Decision:
    nulls = (f"{column.nulls:,} nulls",) if column.nulls else ()
    reasons = (reason, *nulls, *column.notes)
    return Decision(column.name, Use.FEATURE, "; ".join(reasons), settings)


def _ignore(column: Column, reason: str) -> Decision:
    return Decision(column.name, Use.IGNORE, "; ".join((reason, *column.notes)))


def _category(column: Column, reason: str) -> Decision:
    return _feature(column, reason, kind="categorical", **_min_frequency(column))


def _min_frequency(column: Column) -> dict[str, int]:
    """The minimum number of customers per category or term, if the default ten are too many."""
    small = {"min_frequency": max(1, column.rows // 100)}
    return small if column.rows < _SMALL_TABLE else {}


def _without_information(column: Column) -> Decision | None:
    """Columns without information."""
    if not column.known:
        return _ignore(column, f"all {column.rows:,} values are null")
    if column.numbers is not None and np.isnan(column.numbers).all():
        return _ignore(column, f"none of {column.known:,} values is {_USABLE}")
    if column.distinct > 1:
        return None
    if column.type not in TEXT_TYPES or not column.nulls:
        nulls = f" beside {column.nulls:,} nulls" if column.nulls else ""
        return _ignore(column, f"constant: one value{nulls}")
    return _category(column, "one value or none")


def _postal_code(column: Column) -> Decision | None:
    if not looks_like_postal_code(column.name) or column.is_temporal:
        return None
    return _category(column, f"postal codes by name, {column.distinct:,} distinct")


def _flag(column: Column) -> Decision | None:
    """Columns of two values that mean yes and no."""
    if column.type == "boolean":
        return _feature(column, "yes or no", kind="boolean")
    if column.distinct != 2:
        return None
    words = {text.strip().lower() for text in column.texts}
    is_flag = words in map(set, FLAGS) if column.type in TEXT_TYPES else words == {"0", "1"}
    return _feature(column, "two values that mean yes and no", kind="boolean") if is_flag else None


def _identifier(column: Column) -> Decision | None:
    """Columns that identify the row or something else."""
    if column.type == "uuid":
        return _ignore(column, f"id: {column.distinct:,} UUIDs")
    if column.is_temporal or column.type == "boolean":
        return None
    is_whole = column.numbers is not None and whole(column.numbers)
    by_name = looks_like_id(column.name) and (is_whole or column.numbers is None)
    if by_name and column.distinct > COMMON_VALUES:
        return _ignore(column, f"id by name, {column.distinct:,} distinct of {column.known:,}")
    if by_name and is_whole:
        return _category(column, f"id by name of {column.distinct} values: a code, not an amount")
    return None


def _date(column: Column) -> Decision:
    texts = pd.Series([None if value is None else str(value) for value in column.values], dtype=str)
    is_late = texts.str.match(_AFTER_9999).fillna(False)
    is_early = ((texts < FIRST_DATE) | texts.str.endswith("BC").fillna(False)) & ~is_late
    reason = f"{column.distinct:,} distinct dates"
    for count, where in ((int(is_early.sum()), "before 1900"), (int(is_late.sum()), "after 9999")):
        if count > (1 - MIN_NUMBER_SHARE) * column.known:
            return _ignore(column, f"{count:,} of {column.known:,} dates lie {where}")
        if count:
            reason += f", and {count:,} {where}: their rows will be rejected"
    days = (column.times - np.datetime64(0, "D")) / np.timedelta64(1, "D")
    return _scaled(column, reason, np.where(is_early | is_late, np.nan, days), kind="date")


def _number(column: Column, numbers: Numbers, *, is_sample: bool) -> Decision:
    known = numbers[~np.isnan(numbers)]
    if not is_sample and _is_sequence(column, known):
        return _ignore(column, f"a gapless sequence of {column.distinct:,} whole numbers: an id")
    reason = f"{column.distinct:,} distinct numbers"
    if column.odd > (1 - MIN_NUMBER_SHARE) * column.known:
        refused = f"{column.odd:,} of {column.known:,} values are not {_USABLE}"
        return _ignore(column, f"{refused}: their rows would be rejected; make them null to use it")
    if column.odd:
        what = "that are none" if column.type in TEXT_TYPES else f"that are not {_USABLE}"
        reason += f", and {column.odd:,} values {what}: their rows will be rejected"
    middle, limit = limits_of(known)
    ordinary = np.clip(known, middle - limit, middle + limit)
    skewness = _skewness(ordinary)
    if column.distinct > MIN_AMOUNTS and known.min() >= 0 and skewness > HIGH_SKEWNESS:
        after = _skewness(np.log1p(ordinary))
        if abs(after) < skewness:
            reason = f"{reason}; skewed ({skewness:.1f}, and {after:.1f} after log1p)"
            return _scaled(column, reason, known, kind="numeric", transform="log1p")
    return _scaled(column, reason, known, kind="numeric")


def _scaled(column: Column, reason: str, numbers: Numbers, kind: str, **settings: Any) -> Decision:
    """A feature that no outlier rules, and the number of values that are clipped for it."""
    wanted = NumericFeature(**settings, scale=Scale.WINSORISED)
    clipped = fit_number(column.name, wanted, pd.Series(numbers)).clipped(numbers)
    if clipped:
        reason += f"; {clipped:,} far outliers will be clipped"
    return _feature(column, reason, kind=kind, **settings, scale=Scale.WINSORISED.value)


def _is_sequence(column: Column, known: Numbers) -> bool:
    is_unique = column.distinct == column.known == len(known) > 2
    return is_unique and whole(known) and known.max() - known.min() == len(known) - 1


def _skewness(known: Numbers) -> float:
    spread = float(known.max() - known.min())
    if not np.isfinite(spread) or spread <= 0:
        return 0.0
    # Scaled first: the third power of a large number may overflow.
    found = float(skew((known - known.min()) / spread))
    return found if np.isfinite(found) else 0.0


def _text(column: Column) -> Decision:
    lengths = [len(text) for text in column.texts]
    words = float(np.mean([text.count(" ") + 1 for text in map(str.strip, column.texts)]))
    mean_length = float(np.mean(lengths))
    is_long = mean_length > SHORT_CHARACTERS or words >= SENTENCE_WORDS
    measured = (
        f"{column.distinct:,} distinct texts of {words:.1f} words and {mean_length:.0f} characters"
    )
    if column.distinct <= COMMON_VALUES and not (is_long and column.distinct > column.known / 2):
        return _category(column, f"{column.distinct} values")
    if AMBIGUOUS in column.notes:
        return _ignore(column, "no kind")
    if is_long and words > 1.5:
        return _free_text(column, f"free text: {measured}")
    if column.distinct >= NEAR_UNIQUE * column.known:
        return _ignore(
            column,
            f"near-unique: {column.distinct:,} distinct of {column.known:,}, an id or a name",
        )
    share = column.common_share
    if share >= MIN_COMMON_SHARE:
        common = (
            f"the {COMMON_VALUES} most frequent of {column.distinct:,} values cover {share:.0%}"
        )
        return _category(column, common)
    if words >= SEVERAL_WORDS:
        return _free_text(column, measured)
    return _ignore(
        column,
        f"{column.distinct:,} short values, of which the {COMMON_VALUES} most frequent cover"
        f" {share:.0%} only",
    )


def _free_text(column: Column, reason: str) -> Decision:
    components = min(TEXT_COMPONENTS, max(2, column.known // 10))
    settings = {"method": "tfidf", "components": components, **_min_frequency(column)}
    return _feature(column, reason, kind="text", **settings)
