"""Outcomes of segments, with their intervals, beside everybody's."""

from collections.abc import Sequence

from kindred.reports.chart import Chart, Table
from kindred.reports.figures import Segmentation, Trait
from kindred.reports.forest import forest, keys_of
from kindred.reports.mean_intervals import CUT, within_limits
from kindred.reports.segment_charts import estimates, title_of
from kindred.reports.vega import (
    ACCENT,
    CONTRAST,
    OTHERS,
)
from kindred.reports.wording import count, decimal, decimals_beside, decimals_of, short, shown

MOST_OUTCOMES = 4


def outcomes(segmentation: Segmentation) -> list[Chart]:
    """Each outcome by segment, with its interval, beside everybody's; of a label one category."""
    segmentation, cut = within_limits(segmentation)
    found = list(strongest_outcomes(segmentation).items())[:MOST_OUTCOMES]
    return [
        _outcome(segmentation, title, traits, is_cut=traits[0].column_name in cut)
        for title, traits in found
    ]


def strongest_outcomes(segmentation: Segmentation) -> dict[str, list[Trait]]:
    """Of each label the category that separates the segments best, the best label first.

    Title -> the figures of the segments; without dates, whose means have no interval.
    """
    found: dict[str, list[Trait]] = {}
    for one in segmentation.traits:
        if one.role == "label" and one.kind != "date" and one.estimate is not None:
            found.setdefault(one.title, []).append(one)
    strength = {
        title: max(abs(one.effect or 0.0) for one in traits) for title, traits in found.items()
    }
    best: dict[str, str] = {}
    for title in sorted(found, key=lambda title: (-strength[title], title)):
        best.setdefault(found[title][0].column_name, title)
    return {title: found[title] for title in best.values()}


def _outcome(
    segmentation: Segmentation, title: str, traits: Sequence[Trait], *, is_cut: bool
) -> Chart:
    everyone = traits[0].everyone
    ranked = sorted(traits, key=lambda one: (-(one.estimate or 0.0), one.cluster_id))
    different = [one for one in ranked if one.is_different]
    rows = [
        {
            "name": title_of(segmentation, one.cluster_id),
            "value": one.estimate,
            "low": one.low,
            "high": one.high,
            "colour": _side(one),
        }
        for one in ranked
    ]
    top = max(different or ranked, key=lambda one: (_gap(one), -one.cluster_id))
    is_share = top.is_share
    decimals = decimals_of([(one.estimate, one.low, one.high) for one in ranked], is_share=is_share)
    decimals = decimals_beside(decimals, everyone, is_share=is_share)
    said = f"{short(title)}: no segment clearly differs from everybody"
    if different:
        found = decimal(top.estimate, decimals, is_share=is_share)
        usual = decimal(everyone, decimals, is_share=is_share)
        said = (
            f"{found} of segment {top.cluster_id} have {short(title)}; {usual} of everybody"
            if is_share
            else f"{short(title)} is {found} on average in segment {top.cluster_id}; {usual} in all"
        )
    what = "Share" if is_share else "Mean"
    ends = f", which {CUT}" if is_cut else ""
    return Chart(
        said,
        f"{what} in each segment, of the customers whose value is known, with its 95 % interval"
        f"{ends}; the dashed line is everybody's. Coloured where the interval excludes it: one in"
        " twenty does by chance. Segments with few known values are left out.",
        Table(
            ("segment", "with a value", "estimate", "everybody", "differs"),
            tuple(
                (
                    shown(title_of(segmentation, one.cluster_id)),
                    count(one.customers),
                    *estimates(one, decimals),
                    "yes" if one.is_different else "no",
                )
                for one in ranked
            ),
        ),
        lambda frame: forest(frame, rows, title, reference=everyone, is_share=is_share),
        keys=keys_of(rows, _SIDES),
    )


_SIDES = {ACCENT: "above everybody", OTHERS: "not clear", CONTRAST: "below everybody"}


def _gap(trait: Trait) -> float:
    """How far the interval of a segment is from everybody's figure; below 0 if it holds it."""
    if trait.everyone is None or trait.low is None or trait.high is None:
        return 0.0
    return max(trait.low - trait.everyone, trait.everyone - trait.high)


def _side(trait: Trait) -> str:
    if not trait.is_different:
        return OTHERS
    return ACCENT if (trait.estimate or 0) > (trait.everyone or 0) else CONTRAST
