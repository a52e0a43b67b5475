"""Intervals of means that end where no mean can be: those of ``bi`` are Student's, without limits.

They are made anew for what is drawn alone: a published date that is run again has equal tables.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from math import exp

from kindred.reports.figures import NeverNegative, Segmentation, Trait

_WIDEST = 12.8
"""Student's quantile of two customers, and a little more."""

_DECIMALS = 6
"""Of means: a sum's rounding is no reason not to ask."""


class Scale(StrEnum):
    """On what an interval is symmetric, if not on the values; as it is said to readers."""

    LOGARITHM = "the logarithm, since no value is below 0"
    LOGIT = "the logit, since all values are from 0 to 1"


def within_limits(segmentation: Segmentation) -> tuple[Segmentation, dict[str, Scale]]:
    """Segments as they are drawn, and the scales of the columns whose intervals are made anew.

    These are all intervals of a column that has one which ends where no mean can be.
    """
    scales = _scales(segmentation.traits, segmentation.never_negative)
    traits = tuple(_made_anew(one, scales) for one in segmentation.traits)
    return replace(segmentation, traits=traits), scales


def labels_in_doubt(traits: Iterable[Trait]) -> list[str]:
    """Labels whose intervals would be made anew if no value were negative, as no mean is.

    ``bi`` has the range of each encoded column, and none of labels.
    """
    labels = [one for one in traits if one.role == "label"]
    means: dict[str, list[float]] = defaultdict(list)
    for one in labels:
        if one.kind == "numeric" and one.estimate is not None:
            means[one.column_name].append(one.estimate)
    known = [
        NeverNegative(name, is_share=round(max(own), _DECIMALS) <= 1)
        for name, own in means.items()
        if round(min(own), _DECIMALS) >= 0
    ]
    return sorted(_scales(labels, known))


def interval_on(scale: Scale, mean: float, half: float) -> tuple[float, float]:
    """An interval that is symmetric on a scale, from half of the one on the values.

    The standard error on the scale is that of the mean times the derivative, by the delta method:
    1 / m for the logarithm (as of the log response ratio, Hedges, Gurevitch & Curtis 1999),
    1 / (m (1 - m)) for the logit (Meeker & Escobar 1998, section 3.6).

    Parameters
    ----------
    mean : float
    half : float
        Student's quantile times the standard error. Where no value is negative, the error is at
        most the mean; what is more, or is around a mean of 0 (of 1 on the logit), is rounding.
    """
    nearest = mean if scale is Scale.LOGARITHM else min(mean, 1 - mean)
    if nearest <= 0:
        return mean, mean
    half = min(half, _WIDEST * nearest)
    if scale is Scale.LOGARITHM:
        factor = exp(half / mean)
        return mean / factor, mean * factor
    odds, factor = mean / (1 - mean), exp(half / (mean * (1 - mean)))
    return odds / (odds + factor), odds / (odds + 1 / factor)


def _scales(traits: Iterable[Trait], known: Iterable[NeverNegative]) -> dict[str, Scale]:
    is_share = {one.column_name: one.is_share for one in known}
    found = {}
    for one in traits:
        name, ends = one.column_name, _mean_and_ends(one)
        if name not in is_share or ends is None:
            continue
        if ends[1] < 0 or (is_share[name] and ends[2] > 1):
            found[name] = Scale.LOGIT if is_share[name] else Scale.LOGARITHM
    return found


def _made_anew(trait: Trait, scales: Mapping[str, Scale]) -> Trait:
    scale, ends = scales.get(trait.column_name), _mean_and_ends(trait)
    if scale is None or ends is None or ends[1] == ends[2]:
        return trait
    mean, low, high = ends
    low, high = interval_on(scale, mean, (high - low) / 2)
    is_different = None if trait.everyone is None else not low <= trait.everyone <= high
    return replace(trait, low=low, high=high, is_different=is_different)


def _mean_and_ends(trait: Trait) -> tuple[float, float, float] | None:
    """A mean and its interval; None for shares, whose intervals are Wilson's, within 0 and 1."""
    if trait.kind != "numeric" or trait.estimate is None or trait.low is None or trait.high is None:
        return None
    return trait.estimate, trait.low, trait.high
