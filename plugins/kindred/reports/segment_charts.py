"""Charts of segments: their sizes, what is telling of them, outcomes, and how they change."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from kindred.reports.bars_and_lines import bars, line
from kindred.reports.chart import Chart, Frame, Key, Listing, Spec, Table
from kindred.reports.figures import Segmentation, Snapshot, Trait
from kindred.reports.forest import forest, keys_of
from kindred.reports.lettering import WIDER
from kindred.reports.mean_intervals import CUT, within_limits
from kindred.reports.named_rows import named_rows
from kindred.reports.vega import (
    ACCENT,
    COLOURS,
    CONTRAST,
    EDGE,
    EFFECT_COLOURS,
    EFFECT_LIMITS,
    INK,
    OTHERS,
    SMALLER,
    names,
)
from kindred.reports.wording import (
    count,
    days,
    decimal,
    decimals_of,
    interval,
    several,
    share,
    short,
    shown,
)

MOST_TRAITS = 14
MOST_OUTCOMES = 4
_FEWEST_NIGHTS = 2
_FAR = len(EFFECT_LIMITS)


def colour_of(segmentation: Segmentation) -> dict[int, str]:
    """Cluster id -> the colour of the segment, in all charts; the smaller ones share one.

    None of them has that of customers in no segment.
    """
    ids = [one.cluster_id for one in segmentation.segments]
    return dict(zip(ids, (*COLOURS, *[SMALLER] * len(ids)), strict=False))


def title_of(segmentation: Segmentation, cluster_id: int) -> str:
    """How a segment is called: number and name."""
    return f"{cluster_id} · {segmentation.names.get(cluster_id, 'segment')}"


def sizes(segmentation: Segmentation) -> list[Chart]:
    """How large the segments are."""
    segments = segmentation.segments
    if not segments:
        return []
    colours = colour_of(segmentation)
    rest = segmentation.count - len(segments)
    rows = [
        {
            "name": title_of(segmentation, one.cluster_id),
            "value": one.share,
            "colour": colours[one.cluster_id],
        }
        for one in segments
    ]
    largest = segments[0]
    more = f"; the {rest:,} smaller ones are not shown" if rest else ""
    return [
        Chart(
            f"{several(segmentation.count, 'segment')}; the largest has"
            f" {share(largest.share, 0)} of the customers",
            f"Customers of each segment, as a share of all{more}. The number stays with a segment"
            " from night to night, and so does the name.",
            Table(
                ("segment", "customers", "share"),
                tuple(
                    (
                        shown(title_of(segmentation, one.cluster_id)),
                        count(one.customers),
                        share(one.share),
                    )
                    for one in segments
                ),
            ),
            lambda frame: bars(frame, rows, "share of the customers", is_share=True),
        )
    ]


def effects(segmentation: Segmentation) -> list[Chart]:
    """What sets the segments apart: effect sizes by column and segment, as a heat map."""
    segmentation, cut = within_limits(segmentation)
    telling = [one for one in segmentation.traits if one.role == "feature" and one.effect]
    if not telling:
        return []
    strength: dict[str, float] = {}
    for one in telling:
        strength[one.title] = max(strength.get(one.title, 0.0), abs(one.effect or 0.0))
    columns = sorted(strength, key=lambda title: (-strength[title], title))[:MOST_TRAITS]
    cells = [one for one in telling if one.title in columns]
    best = max(cells, key=lambda one: (abs(one.effect or 0.0), -one.cluster_id))
    above, below = ("later than", "earlier than") if best.kind == "date" else ("above", "below")
    direction = above if (best.effect or 0) > 0 else below
    if abs(reading_of(best.effect)) == _FAR:
        direction = f"far {direction}"
    ends = f" An interval of a mean {CUT}." if cut & {one.column_name for one in cells} else ""
    return [
        Chart(
            f"{short(best.title)} tells most: segment {best.cluster_id} is {direction} everybody",
            "Effect size of each column by segment: how far the segment's mean or share is from"
            " everybody's (Cohen's d or h: 0.2 small, 0.5 medium, 0.8 large). Numbers are compared"
            " on the encoder's scale, where a few large ones count less. Only what is most telling"
            f" of a segment is known; other cells are empty.{ends}",
            Table(
                ("column", "segment", "effect", "in the segment", "everybody"),
                tuple(
                    (
                        shown(one.title),
                        shown(title_of(segmentation, one.cluster_id)),
                        f"{one.effect:+.2f}",
                        *_estimates(one),
                    )
                    for one in sorted(
                        cells, key=lambda one: (columns.index(one.title), one.cluster_id)
                    )
                ),
            ),
            lambda frame: _effects(frame, segmentation, columns, cells),
            keys=tuple(
                Key(EFFECT_COLOURS[at], words, is_outlined=True)
                for at, words in (
                    (0, "far below"),
                    (1, "below"),
                    (2, "a little below"),
                    (3, "alike"),
                    (4, "a little above"),
                    (5, "above"),
                    (6, "far above everybody"),
                )
            ),
            is_wide=True,
        )
    ]


def reading_of(effect: float | None) -> int:
    """How an effect reads, from -3 (far below) to 3 (far above), by the number that is shown."""
    number = float(f"{effect or 0:.1f}")
    size = bisect_right(EFFECT_LIMITS, abs(number))
    return size if number > 0 else -size


def _effects(
    frame: Frame, segmentation: Segmentation, columns: Sequence[str], cells: Sequence[Trait]
) -> Spec:
    places = named_rows(frame, columns, frame.pick(22, 24))
    # By number, as they are looked up.
    order = [str(one) for one in sorted(one.cluster_id for one in segmentation.segments)]
    rows = [
        {
            **places.places(columns.index(one.title)),
            "segment": str(one.cluster_id),
            "colour": EFFECT_COLOURS[_FAR + reading_of(one.effect)],
            "text": f"{one.effect:+z.1f}",
            "is_strong": abs(reading_of(one.effect)) == _FAR,
        }
        for one in sorted(cells, key=lambda one: columns.index(one.title))
    ]
    axis = {"orient": "top", "labelAngle": 0, "labelOverlap": False, "labelPadding": 3}
    bands = {"domain": order, "paddingInner": 0.06, "paddingOuter": 0}
    x = {**names("segment", "segment", axis=axis), "scale": bands}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    on_strong = {
        "condition": {"test": "datum.is_strong", "value": "var(--on-strong)"},
        "value": INK,
    }
    layers: list[Spec] = [
        {
            # The middle of the scale is nearly the paper: lines make its cells seen.
            "mark": {"type": "rect", "stroke": EDGE, "strokeWidth": 1},
            "encoding": {"y": places.y("top"), "y2": {"field": "bottom"}, "x": x, "fill": colour},
        },
        {
            "mark": {"type": "text", "fontSize": WIDER * frame.pick(10, 11), "baseline": "middle"},
            "encoding": {"y": places.y(), "x": x, "text": {"field": "text"}, "color": on_strong},
        },
    ]
    return places.spec(frame, rows, layers)


def _estimates(trait: Trait, decimals: int | None = None) -> tuple[str, str]:
    """The mean or share of a segment with its interval, and everybody's in the same decimals."""
    if trait.kind == "date":
        return _date(trait.estimate), _date(trait.everyone)
    if decimals is None:
        decimals = decimals_of([(trait.estimate, trait.low, trait.high)], is_share=trait.is_share)
    is_share = trait.is_share
    return (
        interval(trait.estimate, trait.low, trait.high, is_share=is_share, decimals=decimals),
        decimal(trait.everyone, decimals, is_share=is_share),
    )


def _date(day: float | None) -> str:
    return "unknown" if day is None else date_of(day)


def date_of(day: float) -> str:
    """Days since 1970-01-01 as a date."""
    return str(np.datetime64(0, "D") + int(day))


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
                    *_estimates(one, decimals),
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


def stability(segmentation: Segmentation, nights: Sequence[Snapshot]) -> list[Chart]:
    """How much the segments stay the same from night to night."""
    moments = dict(zip([n.as_of for n in nights], days([n.as_of for n in nights]), strict=True))
    known = [one for one in reversed(segmentation.quality) if one.stability is not None]
    if len(known) < _FEWEST_NIGHTS - 1:
        return []
    rows = [{"night": moments[one.as_of], "value": one.stability} for one in known]
    last = known[-1].stability or 0.0
    exactly, well, little = (
        0.9995,
        0.9,
        0.6,
    )  # readings of the adjusted Rand index; chance gives 0, equality 1
    word = "nearly those" if last >= well else "like those" if last >= little else "unlike those"
    if last >= exactly:
        word = "those"
    return [
        Chart(
            f"The segments are {word} of the night before: stability {last:.2f}",
            "Adjusted Rand index with the snapshot before: 1 means the same segments, 0 what chance"
            " gives.",
            Table(
                (
                    "snapshot",
                    "stability",
                    "customers in both",
                    "silhouette",
                    "segments",
                    "in no segment",
                ),
                tuple(
                    (
                        moments[one.as_of],
                        decimal(one.stability, 2),
                        count(one.stability_customers),
                        decimal(one.silhouette, 2),
                        count(one.clusters),
                        share(one.noise_share),
                    )
                    for one in known
                ),
            ),
            lambda frame: line(frame, rows, "adjusted Rand index", least=1.0),
        )
    ]


def items(segmentation: Segmentation) -> list[Listing]:
    """The items that are most telling of each segment."""
    if not segmentation.items:
        return []
    return [
        Listing(
            "What segments buy more often than everybody",
            "The items with the highest lower end of their lift; lift is the share of owners in the"
            " segment over everybody's.",
            Table(
                ("segment", "item", "in the segment", "everybody", "lift"),
                tuple(
                    (
                        shown(title_of(segmentation, one.cluster_id)),
                        shown(one.item),
                        share(one.share),
                        share(one.everyone_share),
                        interval(one.lift, one.low, one.high),
                    )
                    for one in segmentation.items
                ),
            ),
            is_wide=True,
        )
    ]
