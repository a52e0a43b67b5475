"""What is telling of segments: effect sizes by column and segment, as a heat map."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kindred.reports.chart import Chart, Frame, Key, Spec, Table
from kindred.reports.figures import FEWEST_OF_A_TRAIT, Segmentation, Trait
from kindred.reports.lettering import WIDER
from kindred.reports.mean_intervals import CUT, within_limits
from kindred.reports.named_rows import named_rows
from kindred.reports.segment_charts import estimates, title_of
from kindred.reports.vega import (
    EDGE,
    EFFECT_COLOURS,
    EFFECT_LIMITS,
    INK,
    names,
)
from kindred.reports.wording import short, shown

MOST_TRAITS = 24
"""Rows that are drawn: the three terms that a name has, of eight segments."""

MOST_NAMED = 6
"""Of the rows that are left out."""

FEWEST_REPEATED = 2
"""Cells of a row that is left out because another row has the same ones: one may be chance."""
_FAR = len(EFFECT_LIMITS)


def effects(segmentation: Segmentation) -> list[Chart]:
    """What sets the segments apart: effect sizes by column and segment, as a heat map."""
    segmentation, cut = within_limits(segmentation)
    telling = [one for one in segmentation.traits if one.role == "feature" and one.effect]
    if not telling:
        return []
    rows = _rows(segmentation, telling)
    listed = [*rows.drawn, *rows.repeated, *rows.rest]
    drawn = [one for one in telling if one.title in rows.drawn]
    ends = f" An interval of a mean {CUT}." if cut & {one.column_name for one in telling} else ""
    return [
        Chart(
            _title(drawn),
            "Effect size of each column by segment: how far the segment's mean or share is from"
            " everybody's (Cohen's d or h: 0.2 small, 0.5 medium, 0.8 large). Numbers are compared"
            " on the encoder's scale, where a few large ones count less. Only what is most telling"
            f" of a segment is known; other cells are empty.{ends}"
            + _left_out(segmentation, rows, telling),
            Table(
                ("column", "segment", "effect", "in the segment", "everybody"),
                tuple(
                    (
                        shown(one.title),
                        shown(title_of(segmentation, one.cluster_id)),
                        f"{one.effect:+.2f}",
                        *_figures(one),
                    )
                    for one in sorted(
                        telling, key=lambda one: (listed.index(one.title), one.cluster_id)
                    )
                ),
            ),
            lambda frame: _effects(frame, segmentation, rows.drawn, drawn),
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


@dataclass(frozen=True)
class _Rows:
    """Titles of rows: to draw, not to draw since they repeat one of these, and the others."""

    drawn: tuple[str, ...]
    repeated: tuple[str, ...]
    rest: tuple[str, ...]


def _rows(segmentation: Segmentation, telling: Sequence[Trait]) -> _Rows:
    """The rows to draw, the most telling first, and those that are in the table only.

    What is most telling of each segment is drawn before what is second of one, and so on: a
    segment with small effects has its rows beside one with large ones. "No internet service" in
    each of six columns is one fact about a segment, not six.
    """
    shown_of: dict[str, set[tuple[int, str]]] = {}
    strength: dict[str, float] = {}
    for one in telling:
        shown_of.setdefault(one.title, set()).add((one.cluster_id, _number(one)))
        strength[one.title] = max(strength.get(one.title, 0.0), abs(one.effect or 0.0))
    drawn: list[str] = []
    repeated: list[str] = []
    rest: list[str] = []
    for title in _in_turn(segmentation, telling):
        here = shown_of[title]
        if len(here) >= FEWEST_REPEATED and any(here <= shown_of[other] for other in drawn):
            repeated.append(title)
        else:
            (drawn if len(drawn) < MOST_TRAITS else rest).append(title)

    def ranked(titles: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted(titles, key=lambda title: (-strength[title], title)))

    return _Rows(ranked(drawn), ranked(repeated), ranked(rest))


def _in_turn(segmentation: Segmentation, telling: Sequence[Trait]) -> list[str]:
    """The rows' titles, once each: the first of every segment, the second of every one, and so on.

    Of a segment, columns come first that its name has: it may be of an earlier snapshot.
    """
    own: dict[int, list[Trait]] = {one.cluster_id: [] for one in segmentation.segments}
    for one in telling:
        own.setdefault(one.cluster_id, []).append(one)
    for cluster, traits in own.items():
        name = segmentation.names.get(cluster, "")
        traits.sort(
            key=lambda one: (not _is_in(one.column_name, name), -abs(one.effect or 0), one.title)
        )
    turns = zip_longest(*own.values())
    return [*dict.fromkeys(one.title for turn in turns for one in turn if one is not None)]


def _is_in(column: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", name) is not None


def _left_out(segmentation: Segmentation, rows: _Rows, telling: Sequence[Trait]) -> str:
    """Which rows are not drawn, and which segments have no cells."""
    said = ""
    if rows.rest:
        are = "row is" if len(rows.rest) == 1 else "rows are"
        said = f" {len(rows.rest)} more {are} in the table only."
    if rows.repeated:
        named = [*map(short, rows.repeated[:MOST_NAMED])]
        if len(rows.repeated) > MOST_NAMED:
            named.append(f"{len(rows.repeated) - MOST_NAMED} more")
        said += f" Rows that would repeat another are in the table only: {', '.join(named)}."
    known = {one.cluster_id for one in telling}
    few = [
        str(one.cluster_id)
        for one in sorted(segmentation.segments, key=lambda one: one.cluster_id)
        if one.cluster_id not in known and one.customers < FEWEST_OF_A_TRAIT
    ]
    if few:
        said += f" Without figures, of fewer than {FEWEST_OF_A_TRAIT} customers: segment"
        said += f"{'s' if len(few) > 1 else ''} {', '.join(few)}."
    return said


def _number(trait: Trait) -> str:
    return f"{trait.effect or 0:+z.1f}"


def _title(cells: Sequence[Trait]) -> str:
    """The strongest effect, but for those whose means say the opposite."""

    def strength(cell: Trait) -> tuple[float, int]:
        return abs(cell.effect or 0.0), -cell.cluster_id

    strongest = max(cells, key=strength)
    best = max((one for one in cells if not _opposite(one)), key=strength, default=strongest)
    above, below = ("later than", "earlier than") if best.kind == "date" else ("above", "below")
    direction = above if (best.effect or 0) > 0 else below
    if abs(reading_of(best.effect)) == _FAR:
        direction = f"far {direction}"
    telling = "most" if best is strongest else "much"
    but = f", though its mean is {_opposite(best)}" if _opposite(best) else ""
    segment = f"segment {best.cluster_id} is {direction} everybody{but}"
    return f"{short(best.title)} tells {telling}: {segment}"


def _figures(trait: Trait) -> tuple[str, str]:
    """A segment's mean or share and everybody's, and why the effect says the opposite if it does.

    Effects of numbers are on the encoder's scale, by which a few large ones count less.
    """
    found, everybody = estimates(trait)
    side = _opposite(trait)
    if side:
        found += f"; its mean is {side} everybody's: in a mean, a few large values count for more"
    return found, everybody


def _opposite(trait: Trait) -> str:
    """Where a segment's mean is of which the effect says the opposite; else nothing."""
    if trait.kind != "numeric" or trait.estimate is None or trait.everyone is None:
        return ""
    above, effect = trait.estimate - trait.everyone, trait.effect or 0.0
    if above * effect >= 0:
        return ""
    return "above" if above > 0 else "below"


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
            "text": _number(one),
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
