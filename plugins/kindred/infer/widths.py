"""The width of the vectors and rows that a spec makes: an index and a table bound them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow.compute as pc

from kindred.infer.columns import Column, SqlType
from kindred.infer.kinds import Decision, Use
from kindred.spec.features import MAX_DIMENSIONS, Kind, feature

# A row of PostgreSQL lies in a page of 8,192 bytes; key, times and marks of nulls take the rest.
MAX_ROW_BYTES = 7_600
_BYTES: dict[str, int] = {SqlType.BOOLEAN: 1, SqlType.DATE: 4}
_MAX_TEXT_BYTES = 22  # of a text, from which on it may be stored elsewhere, with its pointer
_NARROWER = (20, 10, 5, 2, 1)  # categories per column that keep a dimension of their own


def fit_width(
    decisions: Sequence[Decision], columns: Mapping[str, Column], reserved: int = 0
) -> list[Decision]:
    """The decisions, with fewer dimensions per categorical column if the vector would be too wide.

    If that is not enough, or a row would be too long, columns are left out: those with the most
    nulls first, and of these the widest and last. ``reserved``: dimensions that other features
    take.
    """
    for limit in (None, *_NARROWER):
        narrower = [_narrowed(decision, columns, limit) for decision in decisions]
        if _dimensions(narrower, columns) + reserved <= MAX_DIMENSIONS:
            break
    return _cut(narrower, columns, reserved)


def _cut(decisions: list[Decision], columns: Mapping[str, Column], reserved: int) -> list[Decision]:
    """The decisions without the features that do not fit."""
    dimensions = _dimensions(decisions, columns) + reserved
    is_used = [decision.use is not Use.IGNORE for decision in decisions]
    size = sum(
        row_bytes(columns[decision.column])
        for decision, used in zip(decisions, is_used, strict=True)
        if used
    )
    features = sum(decision.use is Use.FEATURE for decision in decisions)
    found = f"{features:,} columns would make {dimensions:,} dimensions and rows of {size:,} bytes"
    reason = (
        f"left out to fit: {found}, and an index takes {MAX_DIMENSIONS:,}, a row {MAX_ROW_BYTES:,};"
        " leave out others to keep it"
    )
    cut = list(decisions)
    for place in _in_order_of_use(decisions, columns):
        if dimensions <= MAX_DIMENSIONS and size <= MAX_ROW_BYTES:
            break
        decision = decisions[place]
        dimensions -= width_of(decision, columns)
        size -= row_bytes(columns[decision.column])
        cut[place] = Decision(decision.column, Use.IGNORE, f"{reason}; {decision.reason}")
    return cut


def _in_order_of_use(decisions: Sequence[Decision], columns: Mapping[str, Column]) -> list[int]:
    """The places of features, those of the least use first."""

    def use(place: int) -> tuple[float, int, int]:
        column = columns[decisions[place].column]
        return -column.nulls / max(column.rows, 1), -width_of(decisions[place], columns), -place

    return sorted((p for p, d in enumerate(decisions) if d.use is Use.FEATURE), key=use)


def _dimensions(decisions: Sequence[Decision], columns: Mapping[str, Column]) -> int:
    return sum(width_of(decision, columns) for decision in decisions)


def row_bytes(column: Column) -> int:
    """The most bytes that a value of a column takes of a row in PostgreSQL, about."""
    if column.values.type != "string":
        return _BYTES.get(column.type, 8)
    longest = pc.max(pc.binary_length(column.values)).as_py() or 0
    return min(longest + 4, _MAX_TEXT_BYTES)


def width_of(decision: Decision, columns: Mapping[str, Column]) -> int:
    """The maximum number of dimensions of a column, given its values."""
    if decision.use is not Use.FEATURE:
        return 0
    made = feature(**decision.settings)
    if made.kind is Kind.CATEGORICAL:
        return min(made.max_width, columns[decision.column].distinct + 2)
    return made.max_width


def _narrowed(decision: Decision, columns: Mapping[str, Column], limit: int | None) -> Decision:
    is_wide = decision.settings.get("kind") == Kind.CATEGORICAL
    if limit is None or not is_wide or columns[decision.column].distinct <= limit:
        return decision
    settings = {**decision.settings, "max_categories": limit}
    reason = f"{decision.reason}; {limit} of them, or the vector would be too wide"
    return replace(decision, settings=settings, reason=reason)
