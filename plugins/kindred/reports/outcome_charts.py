"""Outcomes of segments, with their intervals, beside everybody's."""

from collections.abc import Mapping, Sequence

from kindred.reports.chart import Chart, Listing, Table
from kindred.reports.figures import Segmentation, Trait
from kindred.reports.forest import forest, keys_of
from kindred.reports.mean_intervals import CUT, within_limits
from kindred.reports.segment_charts import estimates, title_of
from kindred.reports.vega import (
    ACCENT,
    CONTRAST,
    OTHERS,
)
from kindred.reports.wording import (
    count,
    decimal,
    decimals_beside,
    decimals_of,
    several,
    short,
    shown,
)

MOST_OUTCOMES = 4
_MANY_KNOWN, _LARGE_PART = 30, 1 / 3
"""Customers with a value, or their part of a segment, from which on a title may be about them."""

_NEARLY_ALL = 0.95
"""From this part on, those with a value are called by their segment."""


def outcomes(segmentation: Segmentation) -> list[Chart | Listing]:
    """Each outcome by segment, with its interval, beside everybody's; of a label one category.

    The strongest ones are drawn, the others listed.
    """
    segmentation, cut = within_limits(segmentation)
    found = list(strongest_outcomes(segmentation).items())
    drawn: list[Chart | Listing] = [
        _outcome(segmentation, title, traits, is_cut=traits[0].column_name in cut)
        for title, traits in found[:MOST_OUTCOMES]
    ]
    rest = found[MOST_OUTCOMES:]
    return [*drawn, _listed(segmentation, rest, len(found))] if rest else drawn


def _listed(
    segmentation: Segmentation, rest: Sequence[tuple[str, Sequence[Trait]]], number: int
) -> Listing:
    return Listing(
        f"{several(len(rest), 'further outcome')}, of {number}",
        f"The {MOST_OUTCOMES} outcomes that set the segments apart most are drawn; these are the"
        " others, with their 95 % intervals.",
        Table(
            ("outcome", "segment", "with a value", "estimate", "everybody", "differs"),
            tuple(
                (
                    shown(title),
                    shown(title_of(segmentation, one.cluster_id)),
                    count(one.customers),
                    *estimates(one),
                    "yes" if one.is_different else "no",
                )
                for title, traits in rest
                for one in traits
            ),
        ),
        is_wide=True,
    )


def strongest_outcomes(segmentation: Segmentation) -> dict[str, list[Trait]]:
    """Of each label the category that separates the segments best, the best label first.

    Title -> the figures of the segments; without dates, whose means have no interval. Categories
    by the segments of which many customers have a value come before those by the others.
    """
    found: dict[str, list[Trait]] = {}
    for one in segmentation.traits:
        if one.role == "label" and one.kind != "date" and one.estimate is not None:
            found.setdefault(one.title, []).append(one)
    sizes = sizes_of(segmentation)
    strength = {
        title: max((_is_well_known(one, sizes), abs(one.effect or 0.0)) for one in traits)
        for title, traits in found.items()
    }
    best: dict[str, str] = {}
    for title in sorted(sorted(found), key=strength.__getitem__, reverse=True):
        best.setdefault(found[title][0].column_name, title)
    return {title: found[title] for title in best.values()}


def sizes_of(segmentation: Segmentation) -> dict[int, int]:
    """The customers of each segment."""
    return {one.cluster_id: one.customers for one in segmentation.segments}


def _is_well_known(trait: Trait, sizes: Mapping[int, int]) -> bool:
    """Whether enough of a segment's customers have a value to put it in a title."""
    size = sizes.get(trait.cluster_id, trait.customers)
    return trait.customers >= _MANY_KNOWN or trait.customers >= _LARGE_PART * size


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
    customers = sizes_of(segmentation)
    top = max(
        different or ranked,
        key=lambda one: (_is_well_known(one, customers), _gap(one), -one.cluster_id),
    )
    is_share = top.is_share
    decimals = decimals_of([(one.estimate, one.low, one.high) for one in ranked], is_share=is_share)
    decimals = decimals_beside(decimals, everyone, is_share=is_share)
    said = f"{short(title)}: no segment clearly differs from everybody"
    if different:
        found = decimal(top.estimate, decimals, is_share=is_share)
        usual = decimal(everyone, decimals, is_share=is_share)
        who = _called(top, customers)
        said = (
            f"{found} of {who} have {short(title)}; {usual} of everybody"
            if is_share
            else f"{short(title)} is {found} on average in {who}; {usual} in all"
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


def _called(trait: Trait, sizes: Mapping[int, int]) -> str:
    """A segment, or those of its customers whom a figure is of, where these are not nearly all."""
    segment = f"segment {trait.cluster_id}"
    if trait.customers >= _NEARLY_ALL * sizes.get(trait.cluster_id, trait.customers):
        return segment
    return f"the {several(trait.customers, 'customer')} of {segment} whose value is known"


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
