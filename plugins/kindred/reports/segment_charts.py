"""Charts of segments: their sizes, what is telling of them, outcomes, and how they change."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kindred.reports.chart import Chart, Frame, Key, Listing, Spec, Table
from kindred.reports.figures import Segmentation, Snapshot, Trait
from kindred.reports.forest import forest
from kindred.reports.night_charts import bars, line
from kindred.reports.vega import (
    ACCENT,
    COLOURS,
    CONTRAST,
    EFFECT_COLOURS,
    EFFECT_LIMITS,
    INK,
    OTHERS,
    PAPER,
    WIDER,
    names,
    spec,
)
from kindred.reports.wording import (
    count,
    days,
    figure,
    interval,
    labels,
    several,
    share,
    short,
    shown,
)

MOST_TRAITS = 14
MOST_OUTCOMES = 4
_FEWEST_NIGHTS = 2


def colour_of(segmentation: Segmentation) -> dict[int, str]:
    """Cluster id -> the colour of the segment, in all charts; the smaller ones share one."""
    ids = [one.cluster_id for one in segmentation.segments]
    return dict(zip(ids, (*COLOURS, *[OTHERS] * len(ids)), strict=False))


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
            lambda frame: bars(
                frame, rows, "share of the customers", lines=2, axis={"format": "~%"}
            ),
        )
    ]


def effects(segmentation: Segmentation) -> list[Chart]:
    """What sets the segments apart: effect sizes by column and segment, as a heat map."""
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
    if abs(best.effect or 0) >= EFFECT_LIMITS[-1]:
        direction = f"far {direction}"
    return [
        Chart(
            f"{short(best.title)} tells most: segment {best.cluster_id} is {direction} everybody",
            "Effect size of each column by segment: how far the segment's mean or share is from"
            " everybody's (Cohen's d or h: 0.2 small, 0.5 medium, 0.8 large). Numbers are compared"
            " on the encoder's scale, where a few large ones count less. Only what is most telling"
            " of a segment is known; other cells are empty.",
            Table(
                ("column", "segment", "effect", "in the segment", "everybody"),
                tuple(
                    (
                        shown(one.title),
                        shown(title_of(segmentation, one.cluster_id)),
                        f"{one.effect:+.2f}",
                        estimate_of(one),
                        _plain_of(one, one.everyone),
                    )
                    for one in sorted(
                        cells, key=lambda one: (columns.index(one.title), one.cluster_id)
                    )
                ),
            ),
            lambda frame: _effects(frame, segmentation, columns, cells),
            keys=tuple(
                Key(EFFECT_COLOURS[at], words)
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


def _effects(
    frame: Frame, segmentation: Segmentation, columns: Sequence[str], cells: Sequence[Trait]
) -> Spec:
    written = dict(zip(columns, labels(columns, frame.pick(16, 40), frame.pick(2, 1)), strict=True))
    order = [str(one.cluster_id) for one in segmentation.segments]
    rows = [
        {
            "column": written[one.title],
            "segment": str(one.cluster_id),
            "effect": one.effect,
            "text": f"{one.effect:+.1f}",
            "is_strong": abs(one.effect or 0) >= EFFECT_LIMITS[-1],
        }
        for one in sorted(cells, key=lambda one: columns.index(one.title))
    ]
    y = {**names("column"), "scale": {"domain": [written[name] for name in columns]}}
    axis = {"orient": "top", "labelAngle": 0}
    x = {**names("segment", "segment", axis=axis), "scale": {"domain": order}}
    colour = {
        "field": "effect",
        "type": "quantitative",
        "legend": None,
        "scale": {
            "type": "threshold",
            "domain": list(EFFECT_LIMITS),
            "range": list(EFFECT_COLOURS),
        },
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 2},
            "encoding": {"y": y, "x": x, "color": colour},
        }
    ]
    if len(order) <= frame.pick(6, 14):
        on_strong = {
            "condition": {"test": "datum.is_strong", "value": "var(--on-strong)"},
            "value": INK,
        }
        layers.append(
            {
                "mark": {"type": "text", "fontSize": WIDER * frame.pick(10, 11)},
                "encoding": {"y": y, "x": x, "text": {"field": "text"}, "color": on_strong},
            }
        )
    return spec(frame, {"step": frame.pick(32, 26)}, rows, layers)


def estimate_of(trait: Trait) -> str:
    """A mean or share of a segment, with its interval."""
    if trait.kind == "date":
        return _plain_of(trait, trait.estimate)
    return interval(trait.estimate, trait.low, trait.high, is_share=trait.is_share)


def _plain_of(trait: Trait, value: float | None) -> str:
    if value is None:
        return "unknown"
    if trait.kind == "date":
        return date_of(value)
    return share(value) if trait.is_share else figure(value)


def date_of(day: float) -> str:
    """Days since 1970-01-01 as a date."""
    return str(np.datetime64(0, "D") + int(day))


def outcomes(segmentation: Segmentation) -> list[Chart]:
    """Each outcome by segment, with its interval, beside everybody's; of a label one category."""
    found = strongest_outcomes(segmentation)
    return [_outcome(segmentation, title, found[title]) for title in list(found)[:MOST_OUTCOMES]]


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


def _outcome(segmentation: Segmentation, title: str, traits: Sequence[Trait]) -> Chart:
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
    said = f"{short(title)}: no segment clearly differs from everybody"
    if different:
        found, usual = _plain_of(top, top.estimate), _plain_of(top, everyone)
        said = (
            f"{found} of segment {top.cluster_id} have {short(title)}; {usual} of everybody"
            if top.is_share
            else f"{short(title)} is {found} on average in segment {top.cluster_id}; {usual} in all"
        )
    what = "Share" if top.is_share else "Mean"
    return Chart(
        said,
        f"{what} in each segment, of the customers whose value is known, with its 95 % interval;"
        " the dashed line is everybody's. Coloured where the interval excludes it: one in twenty"
        " does by chance. Segments with few known values are left out.",
        Table(
            ("segment", "with a value", "estimate", "everybody", "differs"),
            tuple(
                (
                    shown(title_of(segmentation, one.cluster_id)),
                    count(one.customers),
                    estimate_of(one),
                    _plain_of(one, one.everyone),
                    "yes" if one.is_different else "no",
                )
                for one in ranked
            ),
        ),
        lambda frame: forest(frame, rows, title, reference=everyone, is_share=top.is_share),
        keys=(Key(ACCENT, "above everybody"), Key(CONTRAST, "below"), Key(OTHERS, "not clear")),
    )


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
    well, little = 0.9, 0.6  # readings of the adjusted Rand index; chance gives 0, equality 1
    word = "nearly those" if last >= well else "like those" if last >= little else "unlike those"
    if figure(last) == figure(1.0):
        word = "those"
    return [
        Chart(
            f"The segments are {word} of the night before: stability {figure(last)}",
            "Adjusted Rand index with the snapshot before: 1 means the same segments, 0 what chance"
            " gives.",
            Table(
                ("snapshot", "stability", "customers in both", "silhouette", "segments", "noise"),
                tuple(
                    (
                        moments[one.as_of],
                        figure(one.stability),
                        count(one.stability_customers),
                        figure(one.silhouette),
                        count(one.clusters),
                        share(one.noise_share),
                    )
                    for one in known
                ),
            ),
            lambda frame: line(
                frame, rows, "adjusted Rand index", scale={"domain": [min(0.0, *_values(rows)), 1]}
            ),
        )
    ]


def _values(rows: Sequence[dict[str, Any]]) -> list[float]:
    return [float(row["value"]) for row in rows]


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
