"""Intervals of means end where no mean can be: those of ``bi`` are Student's, without limits.

What is cut off holds no mean that there can be, so an interval holds the true one as often as
before. It is cut for what is drawn alone: a published date that is run again has equal tables.
"""

from collections.abc import Iterable
from dataclasses import replace

from kindred.reports.figures import Segmentation, Trait

_DECIMALS = 6
"""Of means: a sum's rounding is no reason not to ask."""

CUT = "ends at 0 where no value is below, and at 1 where none is above"


def within_limits(segmentation: Segmentation) -> tuple[Segmentation, set[str]]:
    """Segments as they are drawn, and the columns of which an interval was cut."""
    is_share = {one.column_name: one.is_share for one in segmentation.never_negative}
    traits = tuple(
        _cut(one, is_share[one.column_name]) if one.column_name in is_share else one
        for one in segmentation.traits
    )
    changed = zip(segmentation.traits, traits, strict=True)
    cut = {after.column_name for before, after in changed if after != before}
    return replace(segmentation, traits=traits), cut


def labels_in_doubt(traits: Iterable[Trait]) -> list[str]:
    """Labels of which an interval begins below 0, or ends above 1, though no segment's mean does.

    ``bi`` has the range of each encoded column, and none of labels.
    """
    found: dict[str, list[tuple[float, float, float]]] = {}
    for one in traits:
        values = (one.estimate, one.low, one.high)
        if one.role == "label" and one.kind == "numeric" and None not in values:
            found.setdefault(one.column_name, []).append(values)  # type: ignore[arg-type]
    doubtful = []
    for name, intervals in found.items():
        means, lows, highs = zip(*intervals, strict=True)
        least, most = round(min(means), _DECIMALS), round(max(means), _DECIMALS)
        if least >= 0 and (min(lows) < 0 or most <= 1 < max(highs)):
            doubtful.append(name)
    return sorted(doubtful)


def _cut(trait: Trait, is_share: bool) -> Trait:
    """A mean's interval without what is beyond its limits; Wilson's, of shares, is within them."""
    mean, low, high = trait.estimate, trait.low, trait.high
    if trait.kind != "numeric" or mean is None or low is None or high is None:
        return trait
    # A mean of equal values may be beyond a limit by its rounding, and stays in its interval.
    low = max(low, min(0.0, mean))
    return replace(trait, low=low, high=min(high, max(1.0, mean)) if is_share else high)
