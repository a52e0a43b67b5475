"""Charts of audiences: lift, calibration, overlap, and what exports have achieved."""

from collections.abc import Sequence
from typing import Any

from kindred.reports.chart import Chart, Frame, Key, Listing, Spec, Table
from kindred.reports.figures_of_lists import (
    Audience,
    AudienceQuality,
    AudienceResult,
    Audiences,
    Overlap,
)
from kindred.reports.forest import forest, keys_of
from kindred.reports.named_rows import named_rows
from kindred.reports.vega import (
    ACCENT,
    CONTRAST,
    EDGE,
    INK,
    MUTED,
    OTHERS,
    names,
    number,
    round_axis,
    spec,
)
from kindred.reports.wording import (
    count,
    figure,
    interval,
    moment,
    optional,
    share,
    short,
    shown,
)

PUBLISHED, CENTROID, RANDOM, PROBABILITY = "published", "centroid", "random", "probability"
MOST_CURVES = 6
_METHODS = {
    PUBLISHED: (ACCENT, "this audience"),
    CENTROID: (CONTRAST, "by the seeds' centroid"),
    RANDOM: (OTHERS, "by chance"),
}


def audience_list(found: Sequence[Audience]) -> list[Listing]:
    """What became of each audience."""
    if not found:
        return []
    return [
        Listing(
            "What became of each audience",
            "Seeds are the customers that an audience is made from; the pool is whom it may have.",
            Table(
                ("audience", "status", "seeds used", "pool", "customers", "method", "to know"),
                tuple(
                    (
                        shown(one.audience),
                        shown(one.status),
                        "" if one.seeds_used is None else count(one.seeds_used),
                        "" if one.pool is None else count(one.pool),
                        count(max(one.customers)) if one.customers else "",
                        optional(one.method),
                        "; ".join(map(shown, (*filter(None, [one.reason]), *one.warnings))),
                    )
                    for one in found
                ),
            ),
            is_wide=True,
        )
    ]


def lifts(found: Audiences) -> list[Chart]:
    """The lift of each audience by its size, beside the centroid and chance."""
    charts = []
    for one in found.audiences:
        rows = [
            quality
            for quality in found.quality
            if quality.audience == one.audience
            and quality.method in _METHODS
            and quality.lift is not None
        ]
        own = [quality for quality in rows if quality.method == PUBLISHED]
        if own:
            charts.append(_lift(one.audience, rows, own))
    return charts[:MOST_CURVES]


def _lift(name: str, rows: Sequence[AudienceQuality], own: Sequence[AudienceQuality]) -> Chart:
    first = min(own, key=lambda one: one.size)
    # At the left end, where the lines are farthest apart, from top to bottom.
    ends = {one.method: one.lift or 0.0 for one in sorted(rows, key=lambda one: -one.size)}
    return Chart(
        f"{short(name)}: its first {share(first.size, 0)} have {figure(first.lift)} times as many"
        " of the right customers as chance",
        "Lift by size of the audience: held-out seeds among the best customers, over what chance"
        " would find; with its 95 % interval.",
        Table(
            ("method", "size", "customers", "lift", "held-out seeds found"),
            tuple(
                (
                    _METHODS[one.method][1],
                    share(one.size, 0),
                    count(one.customers),
                    interval(one.lift, one.lift_low, one.lift_high),
                    interval(one.recall, one.recall_low, one.recall_high, is_share=True),
                )
                for one in rows
            ),
        ),
        lambda frame: _lift_spec(frame, rows),
        keys=tuple(
            Key(*_METHODS[method]) for method in sorted(ends, key=lambda method: -ends[method])
        ),
    )


def _lift_spec(frame: Frame, rows: Sequence[AudienceQuality]) -> Spec:
    data = [
        {
            "size": one.size,
            "lift": one.lift,
            "low": one.lift_low,
            "high": one.lift_high,
            "method": one.method,
            "colour": _METHODS[one.method][0],
        }
        for one in rows
    ]
    sizes = [one.size for one in rows]
    lifts = [value for one in rows for value in (one.lift, one.lift_low, one.lift_high)]
    x = number("size", "share of the pool", **round_axis(sizes, frame.pick(4, 6), is_share=True))
    y = number("lift", "lift", **round_axis(lifts, 5, zero=True))
    colour = {"field": "colour", "type": "nominal", "scale": None}
    is_own = [{"filter": f"datum.method === '{PUBLISHED}' && isValid(datum.low)"}]
    return spec(
        frame,
        220,
        data,
        [
            {
                "transform": is_own,
                "mark": {"type": "area", "color": ACCENT, "opacity": 0.16},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line"},
                "encoding": {"x": x, "y": y, "color": colour, "detail": {"field": "method"}},
            },
            {"mark": {"type": "point"}, "encoding": {"x": x, "y": y, "color": colour}},
        ],
    )


def calibrations(found: Audiences) -> list[Chart]:
    """How right the probabilities of each audience are."""
    charts = []
    for one in found.audiences:
        rows = [
            quality
            for quality in found.quality
            if quality.audience == one.audience
            and quality.method == PROBABILITY
            and quality.predicted is not None
            and quality.observed is not None
        ]
        if rows:
            charts.append(_calibration(one.audience, rows))
    return charts[:MOST_CURVES]


def _calibration(name: str, rows: Sequence[AudienceQuality]) -> Chart:
    right = sum(
        (one.observed_low or 0.0) <= (one.predicted or 0.0) <= (one.observed_high or 1.0)
        for one in rows
    )
    return Chart(
        f"{short(name)}: {right} of {len(rows)} probabilities are right within the interval",
        "Each tenth of the customers whose answer is known: the probability that was predicted, and"
        " the share that was observed, with its 95 % interval. On the line both are equal.",
        Table(
            ("predicted", "observed", "customers"),
            tuple(
                (
                    share(one.predicted),
                    interval(one.observed, one.observed_low, one.observed_high, is_share=True),
                    count(one.customers),
                )
                for one in rows
            ),
        ),
        lambda frame: _calibration_spec(frame, rows),
    )


def _calibration_spec(frame: Frame, rows: Sequence[AudienceQuality]) -> Spec:
    data = [
        {
            "predicted": one.predicted,
            "observed": one.observed,
            "low": one.observed_low,
            "high": one.observed_high,
        }
        for one in rows
    ]
    end = max(max(float(value) for value in row.values() if value is not None) for row in data)
    axis = round_axis([end], frame.pick(4, 5), zero=True, is_share=True)
    end = axis["scale"]["domain"][1]
    x = number("predicted", "predicted probability", **axis)
    y = number("observed", "observed share", **axis)
    diagonal = [{"predicted": 0, "observed": 0}, {"predicted": end, "observed": end}]
    return spec(
        frame,
        220,
        data,
        [
            {
                "data": {"values": diagonal},
                "mark": {"type": "line", "color": MUTED, "strokeWidth": 1, "strokeDash": [4, 3]},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "rule", "color": ACCENT},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {"mark": {"type": "point", "color": ACCENT}, "encoding": {"x": x, "y": y}},
        ],
    )


def overlaps(found: Sequence[Overlap]) -> list[Chart]:
    """Whom audiences share, as a heat map."""
    if not found:
        return []
    most = max(found, key=lambda one: (one.share, one.audience, one.other))
    return [
        Chart(
            f"{share(most.share, 0)} of {short(most.audience)} are also in {short(most.other)}",
            "Members of both audiences, up to their largest sizes, in percent of the members of the"
            " one whose row it is; the columns are the same audiences by number.",
            Table(
                ("audience", "other", "members of both", "share"),
                tuple(
                    (shown(one.audience), shown(one.other), count(one.customers), share(one.share))
                    for one in found
                ),
            ),
            lambda frame: _overlap(frame, found),
        )
    ]


def _overlap(frame: Frame, found: Sequence[Overlap]) -> Spec:
    audiences = sorted({one.audience for one in found} | {one.other for one in found})
    number_of = {name: str(at) for at, name in enumerate(audiences, 1)}
    places = named_rows(frame, [f"{number_of[one]} · {one}" for one in audiences], 26)
    rows = [
        {
            **places.places(audiences.index(one.audience)),
            "other": number_of[one.other],
            "share": one.share,
            "text": f"{100 * one.share:.0f}",
        }
        for one in found
    ]
    axis = {"orient": "top", "labelAngle": 0, "labelOverlap": False}
    bands = {"domain": list(number_of.values()), "paddingInner": 0.06, "paddingOuter": 0}
    x = {**names("other", axis=axis), "scale": bands}
    opacity = {
        "field": "share",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "range": [0.06, 0.75]},
    }
    cell = {"type": "rect", "fill": ACCENT, "stroke": EDGE, "strokeWidth": 1}
    between = {"y": places.y("top"), "y2": {"field": "bottom"}, "x": x}
    text = {"type": "text", "color": INK, "baseline": "middle"}
    at = {"y": places.y(), "x": x, "text": {"field": "text", "type": "nominal"}}
    return places.spec(
        frame,
        rows,
        [
            {"mark": cell, "encoding": {**between, "fillOpacity": opacity}},
            {"mark": text, "encoding": at},
        ],
    )


def results(found: Sequence[AudienceResult]) -> list[Chart | Listing]:
    """What exports have achieved: the difference between members and control group."""
    if not found:
        return []
    table = Table(
        ("export", "outcome", "members", "control group", "difference", "verdict"),
        tuple(
            (
                f"{one.export} · {shown(one.audience)}, {moment(one.exported_at)}",
                f"{shown(one.outcome)} in {one.days} days",
                f"{share(one.member_rate)} of {count(one.members)}",
                f"{share(one.control_rate)} of {count(one.control)}",
                interval(one.difference, one.low, one.high, is_share=True),
                "; ".join(map(shown, filter(None, (one.verdict, one.reason)))),
            )
            for one in found
        ),
    )
    note = (
        "Outcome of all members of an export less that of its whole control group, with its 95 %"
        " interval."
    )
    known = [one for one in found if one.low is not None]
    if not known:
        return [Listing("What exports have achieved", note, table, is_wide=True)]
    rows: list[dict[str, Any]] = [
        {
            "name": f"{one.export} · {one.audience}",
            "value": one.difference,
            "low": one.low,
            "high": one.high,
            "colour": _side(one),
        }
        for one in known
    ]
    clear = sum(row["colour"] != OTHERS for row in rows)
    return [
        Chart(
            f"{clear} of {len(known)} exports made a clear difference",
            note,
            table,
            lambda frame: forest(frame, rows, "difference", reference=0.0, is_share=True),
            keys=keys_of(rows, {ACCENT: "more", CONTRAST: "less", OTHERS: "not clear"}),
        )
    ]


def _side(result: AudienceResult) -> str:
    if result.low is None or result.high is None or result.low <= 0 <= result.high:
        return OTHERS
    return ACCENT if result.low > 0 else CONTRAST
