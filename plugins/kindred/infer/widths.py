"""The width of the vectors a spec makes: an IVFFlat index allows at most 2,000 dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kindred.errors import InferenceError
from kindred.infer.columns import Column
from kindred.infer.kinds import Decision, Use
from kindred.spec.features import MAX_DIMENSIONS, Kind, feature

_NARROWER = (20, 10, 5, 2, 1)  # categories per column that keep a dimension of their own


def fit_width(decisions: Sequence[Decision], columns: Mapping[str, Column]) -> list[Decision]:
    """The decisions, with fewer dimensions per categorical column if the vector would be too wide.

    Raises
    ------
    InferenceError
        when the vector would be too wide even with one category per column.
    """
    found = [width_of(decision, columns) for decision in decisions]
    if sum(found) <= MAX_DIMENSIONS:
        return list(decisions)
    for limit in _NARROWER:
        narrower = [_narrowed(decision, columns, limit) for decision in decisions]
        if sum(width_of(decision, columns) for decision in narrower) <= MAX_DIMENSIONS:
            return narrower
    raise InferenceError(
        "columns",
        f"the vector would have {sum(found):,} dimensions, and an index takes {MAX_DIMENSIONS:,};"
        " leave columns out",
    )


def width_of(decision: Decision, columns: Mapping[str, Column]) -> int:
    """The maximum number of dimensions of a column, given its values."""
    if decision.use is not Use.FEATURE:
        return 0
    made = feature(**decision.settings)
    if made.kind is Kind.CATEGORICAL:
        return min(made.max_width, columns[decision.column].distinct + 2)
    return made.max_width


def _narrowed(decision: Decision, columns: Mapping[str, Column], limit: int) -> Decision:
    is_wide = decision.settings.get("kind") == Kind.CATEGORICAL
    if not is_wide or columns[decision.column].distinct <= limit:
        return decision
    settings = {**decision.settings, "max_categories": limit}
    reason = f"{decision.reason}; {limit} of them, or the vector would be too wide"
    return replace(decision, settings=settings, reason=reason)
