"""Decide a column's place in a spec: which kind of feature it is, or why it is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import skew

from kindred.encoding.number_block import fit_number, limits_of
from kindred.infer.column_evidence import FLAGS, MIN_SHARE
from kindred.infer.column_names import (
    looks_like_amount,
    looks_like_category,
    looks_like_code,
    looks_like_id,
    looks_like_postal_code,
)
from kindred.infer.column_reader import (
    AMBIGUOUS,
    AMBIGUOUS_NUMBERS,
    AMBIGUOUS_ZONE,
    DISPUTED_NUMBERS,
    DURATIONS,
    SEVERAL_UNITS,
)
from kindred.infer.columns import COMMON_VALUES, Almost, Column, Flags, Numbers, whole
from kindred.infer.identifiers import NEAR_UNIQUE, are_codes, identifies, markup
from kindred.infer.sentinels import sentinels
from kindred.infer.shapes import strip
from kindred.infer.typed_values import MISSING_CODES, TEXT_TYPES
from kindred.infer.unread_moments import remedy
from kindred.spec.features import LARGEST_NUMBER, NumericFeature, Scale

MIN_AMOUNTS = 20  # distinct values above which a column is an amount, not an ordered code
MIN_ALMOST_NUMBER = 0.9  # share of numbers from which a column is a number with mistakes
HIGH_SKEWNESS = 1.0  # Bulmer, Principles of Statistics, 1979: "highly skewed"
SHORT_CHARACTERS = 40  # mean length up to which a text is not free text
SENTENCE_WORDS, SEVERAL_WORDS = 5.0, 2.5  # mean number of words
MIN_COMMON_SHARE = 0.5  # share of rows that a category's most frequent values must cover
_MAX_CODES_PER_ROW = 0.2
TEXT_COMPONENTS = 32
FIRST_DATE = np.datetime64("1900-01-01")  # earlier dates are placeholders, and cannot be encoded
_USABLE = f"a finite number up to {LARGEST_NUMBER}"
_AFTER_9999, _BEFORE_CHRIST = r"^(infinity|\d{5,}-)", r"BC$|^-infinity"
_MAX_ROWS_FITTED, _SEED = 200_000, 20_180_401
_SMALL_TABLE = 1000  # rows below which ten rows are too many to require for a category


_OF_NUMBERS = (
    "write them without thousands, or read them in the spec's source query:"
    " replace(column, '.', '')::numeric if the dot is for thousands, column::numeric if for"
    " decimals"
)
_AMBIGUITIES = {
    AMBIGUOUS: "write them as 2026-03-31, or name their format in the spec's source query, such as"
    " to_date(column, 'DD/MM/YYYY')",
    AMBIGUOUS_NUMBERS: _OF_NUMBERS,
    DISPUTED_NUMBERS: _OF_NUMBERS,
    AMBIGUOUS_ZONE: "write them with an offset, as in 2026-03-31T23:59:00+02:00",
    SEVERAL_UNITS: "convert them to one",
    DURATIONS: "write them as a number of minutes or hours",
}
_UNCLEAR = {AMBIGUOUS, AMBIGUOUS_NUMBERS, DISPUTED_NUMBERS}


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

    @property
    def remark(self) -> str:
        """The reason, behind what the column almost is."""
        return self.reason if self.almost is None else f"{self.almost.words}; {self.reason}"


def decide(column: Column, *, is_sample: bool = False) -> Decision:
    """Decide a column's kind by its values and name; reasons contain counts, never values.

    ``is_sample``: the rows are only a sample of the table, so gaps in a sequence mean nothing.
    """
    for rule in (_without_information, _postal_code, _flag, _identifier):
        decision = rule(column)
        if decision is not None:
            return _with_remarks(column, decision)
    why = identifies(column, is_sample=is_sample)
    if why is not None:
        decision = _ignore(column, why)
    elif column.is_temporal:
        decision = _date(column)
    elif column.numbers is not None:
        decision = _code(column, column.numbers) or _number(column, column.numbers)
    elif column.type in TEXT_TYPES:
        decision = _text(column)
    elif column.distinct <= COMMON_VALUES:
        decision = _category(column, f"{column.distinct} values of type {column.type}")
    else:
        decision = _ignore(column, f"no kind of feature takes values of type {column.type}")
    return _with_remarks(column, decision)


def _with_remarks(column: Column, decision: Decision) -> Decision:
    """The decision with what the column almost is, and with codes that a source must make null."""
    is_unclear = _UNCLEAR.intersection(column.notes)  # of numbers or dates by more than one reading
    decision = replace(decision, almost=None if is_unclear else column.almost)
    is_code = sentinels(column)
    if decision.use is not Use.FEATURE or not is_code.any():
        return decision
    if decision.settings.get("kind") not in ("numeric", "date"):
        return decision
    rows = int(column.counts[is_code].sum())
    what = f"{rows:,} {MISSING_CODES}, count as they are"
    warning = f"{what}: make them null in the spec's source query (nullif) if they mean 'missing'"
    return replace(decision, reason=f"{decision.reason}; {what}", warning=warning)


def _feature(column: Column, reason: str, **settings: Any) -> Decision:
    nulls = (f"{column.nulls:,} nulls",) if column.nulls else ()
    reasons = (reason, *nulls, *column.notes)
    return Decision(column.name, Use.FEATURE, "; ".join(reasons), settings)


def _ignore(column: Column, reason: str) -> Decision:
    return Decision(column.name, Use.IGNORE, "; ".join((reason, *column.notes)))


def _category(column: Column, reason: str) -> Decision:
    decision = _feature(column, reason, kind="categorical", **_min_frequency(column))
    warning = _spellings(column)
    if not warning:
        return decision
    return replace(decision, reason=f"{decision.reason}; {warning}", warning=warning)


def _spellings(column: Column) -> str:
    """How many groups of categories differ in case or blanks only, and in how many rows."""
    if not pa.types.is_string(column.values.type):
        return ""
    plain = pc.replace_substring_regex(
        strip(pc.utf8_lower(column.values)), r"[\s\x{A0}\x{200B}]+", " "
    )
    codes = plain.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    members = np.bincount(codes)
    is_common = np.bincount(codes, weights=column.counts)
    groups, rows = int((members > 1).sum()), int(is_common[members > 1].sum())
    if not groups:
        return ""
    return (
        f"{groups:,} group{'s of values differ' if groups > 1 else ' of values differs'} in case or"
        f" blanks only, in {rows:,} rows: they are separate categories unless the source spells"
        " them alike"
    )


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
    words = set(pc.utf8_lower(strip(column.texts)).to_pylist())
    is_flag = words in map(set, FLAGS) if column.type in TEXT_TYPES else words == {"0", "1"}
    return _feature(column, "two values that mean yes and no", kind="boolean") if is_flag else None


def _identifier(column: Column) -> Decision | None:
    """Columns that identify the row or something else by their type or name."""
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


def _code(column: Column, numbers: Numbers) -> Decision | None:
    """Numbers that are categories: by name, or because no amounts are written so."""
    is_code = looks_like_code(column.name)
    if not whole(numbers) and not is_code:  # 62.01 is a code of an industry
        return None
    is_few = column.distinct <= max(COMMON_VALUES, _MAX_CODES_PER_ROW * column.known)
    if looks_like_amount(column.name):
        return None
    by_name = is_code or (is_few and looks_like_category(column.name))
    if not by_name and not are_codes(column, numbers):
        return None
    why = "codes by name" if by_name else "codes: repeated numbers of one width, far apart"
    if column.common_share < MIN_COMMON_SHARE:
        share = f"the {COMMON_VALUES} most frequent cover {column.common_share:.0%} only"
        return _ignore(column, f"{why}, {column.distinct:,} distinct of {column.known:,}: {share}")
    return _category(column, f"{why}, {column.distinct:,} distinct")


def _date(column: Column) -> Decision:
    times = column.times
    is_late, is_early = np.zeros((2, column.distinct), dtype=bool)
    if pa.types.is_string(column.values.type):  # Arrow's types hold no date after 9999
        is_late = _matching(column, _AFTER_9999)
        is_early = _matching(column, _BEFORE_CHRIST)
    is_early |= times < FIRST_DATE
    reason = f"{column.distinct:,} distinct dates"
    for found, where in ((is_early, "before 1900"), (is_late, "after 9999")):
        count = int(column.counts[found].sum())
        if count > (1 - MIN_SHARE) * column.known:
            return _ignore(column, f"{count:,} of {column.known:,} dates lie {where}")
        if count:
            reason += f", and {count:,} {where}: their rows will be rejected"
    if column.odd:
        reason += f", and {column.odd:,} values that are none: their rows will be rejected"
    days = (times - np.datetime64(0, "D")) / np.timedelta64(1, "D")
    numbers = column.of_rows(np.where(is_early | is_late, np.nan, days), np.nan)
    return _scaled(column, reason, numbers, kind="date")


def _matching(column: Column, pattern: str) -> Flags:
    return np.asarray(pc.match_substring_regex(column.values, pattern))


def _number(column: Column, numbers: Numbers) -> Decision:
    of_rows = column.of_rows(numbers, np.nan)
    known = of_rows[~np.isnan(of_rows)]
    reason = f"{column.distinct:,} distinct numbers"
    if column.odd > (1 - MIN_SHARE) * column.known:
        refused = f"{column.odd:,} of {column.known:,} values are not {_USABLE}"
        return _ignore(column, f"{refused}: their rows would be rejected; make them null to use it")
    if column.odd:
        what = "that are none" if column.type in TEXT_TYPES else f"that are not {_USABLE}"
        reason += f", and {column.odd:,} values {what}: their rows will be rejected"
    middle, limit = limits_of(_some(known))
    ordinary = np.clip(_some(known), middle - limit, middle + limit)
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
    clipped = fit_number(column.name, wanted, pd.Series(_some(numbers))).clipped(numbers)
    if clipped:
        reason += f"; {clipped:,} far outliers will be clipped"
    return _feature(column, reason, kind=kind, **settings, scale=Scale.WINSORISED.value)


def _some(of_rows: Numbers) -> Numbers:
    """The rows, or enough of many: a kind is decided by quantiles and a skewness."""
    if len(of_rows) <= _MAX_ROWS_FITTED:
        return of_rows
    drawn = np.random.default_rng(_SEED).integers(0, len(of_rows), _MAX_ROWS_FITTED)
    return of_rows[drawn]


def _skewness(known: Numbers) -> float:
    spread = float(known.max() - known.min())
    if not np.isfinite(spread) or spread <= 0:
        return 0.0
    # Scaled first: the third power of a large number may overflow.
    found = float(skew((known - known.min()) / spread))
    return found if np.isfinite(found) else 0.0


def _text(column: Column) -> Decision:
    if column.almost is not None and column.almost.form:
        what = remedy(column.almost.form)
        return replace(_ignore(column, f"no kind: {what}"), warning=f"almost a date: {what}")
    lengths = pc.utf8_length(column.values).to_numpy(zero_copy_only=False)
    blanks = pc.count_substring(strip(column.values), " ").to_numpy(zero_copy_only=False)
    words = float(np.average(blanks + 1, weights=column.counts))
    mean_length = float(np.average(lengths, weights=column.counts))
    is_long = mean_length > SHORT_CHARACTERS or words >= SENTENCE_WORDS
    measured = (
        f"{column.distinct:,} distinct texts of {words:.1f} words and {mean_length:.0f} characters"
    )
    is_few = column.distinct <= COMMON_VALUES
    unclear = _ambiguity(column) if not is_few or column.distinct > MIN_AMOUNTS else None
    if unclear is not None:
        return unclear
    almost = column.almost if column.almost and column.almost.kind == "number" else None
    is_count = almost is not None and almost.share >= MIN_ALMOST_NUMBER
    if is_count and MIN_AMOUNTS < column.distinct <= COMMON_VALUES:
        return _ignore(column, f"{column.distinct:,} texts, but no category: make the others null")
    if is_few and not (is_long and column.distinct > column.known / 2):
        return _category(column, f"{column.distinct} values")
    language = markup(column)
    if language == "JSON" or (language and not is_long):
        counted = f"{column.distinct:,} distinct of {column.known:,}"
        how = "turn what matters in it into columns, such as by the spec's source query"
        return _ignore(column, f"{language}, {counted}: {how}")
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
    has_letters = pc.match_substring_regex(column.values, r"\p{L}{2}").to_numpy(
        zero_copy_only=False
    )
    if words >= SEVERAL_WORDS and column.counts[has_letters].sum() > column.known / 2:
        return _free_text(column, measured)
    return _ignore(
        column,
        f"{column.distinct:,} short values, of which the {COMMON_VALUES} most frequent cover"
        f" {share:.0%} only",
    )


def _ambiguity(column: Column) -> Decision | None:
    """Values that are of a kind which nothing in the file decides, with what to do."""
    for start, what in _AMBIGUITIES.items():
        note = next((note for note in column.notes if note.startswith(start)), None)
        if note is not None:
            others = (other for other in column.notes if other != note)
            why = "; ".join(("no kind", *others, f"{note}: {what}"))
            return Decision(column.name, Use.IGNORE, why, warning=f"{note}: {what}")
    return None


def _free_text(column: Column, reason: str) -> Decision:
    components = min(TEXT_COMPONENTS, max(2, column.known // 10))
    settings = {"method": "tfidf", "components": components, **_min_frequency(column)}
    return _feature(column, reason, kind="text", **settings)
