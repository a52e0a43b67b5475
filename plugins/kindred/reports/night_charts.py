"""Charts of the night: trends, stages, drift, what is missing."""

import statistics
from collections.abc import Mapping, Sequence
from math import floor

from kindred.reports.bars_and_lines import bar_places, bars, line
from kindred.reports.chart import Chart, Frame, Key, Listing, Spec, Table
from kindred.reports.figures import Column, Night, Rejection, Snapshot
from kindred.reports.named_rows import named_rows
from kindred.reports.vega import ACCENT, CONTRAST, INK, number, round_axis
from kindred.reports.wording import (
    before,
    count,
    days,
    decimals_of,
    duration,
    interval,
    megabytes,
    several,
    share,
    short,
    shown,
    stability_index,
)

LITTLE_DRIFT, MUCH_DRIFT = 0.1, 0.25
"""The usual reading of the population stability index (Siddiqi 2006)."""

MOST_COLUMNS = 20
_FEWEST_NIGHTS = 2
_FEWEST_ALIKE, _ALIKE = 3, 1.25
"""Nights before that are spoken of together: how many, and the longest in terms of the shortest."""

_THICKNESS = 12


def trends(nights: Sequence[Snapshot]) -> list[Chart]:
    """How customers, recall and seconds went over the kept nights; nothing for one night."""
    shown_nights = list(reversed(nights))
    if len(shown_nights) < _FEWEST_NIGHTS:
        return []
    moments = days([night.as_of for night in shown_nights])
    found = []
    if len([night for night in shown_nights if night.customers is not None]) >= _FEWEST_NIGHTS:
        found.append(_customers(shown_nights, moments))
    if len([night for night in shown_nights if night.recall is not None]) >= _FEWEST_NIGHTS:
        found.append(_recall(shown_nights, moments))
    found.append(_seconds(shown_nights, moments))
    return found


def _customers(nights: Sequence[Snapshot], moments: Sequence[str]) -> Chart:
    first, last = nights[0].customers or 0, nights[-1].customers or 0
    verb = "grew" if last > first else "fell" if last < first else "stayed"
    ending = f"at {last:,}" if last == first else f"from {first:,} to {last:,}"
    rows = [
        {"night": at, "value": night.customers}
        for at, night in zip(moments, nights, strict=True)
        if night.customers is not None
    ]
    return Chart(
        f"Customers {verb} {ending} in {several(len(nights), 'night')}",
        "Customers in each published snapshot.",
        Table(
            ("snapshot", "customers", "rows landed", "rows rejected"),
            tuple(
                (at, count(one.customers), count(one.rows_landed), count(one.rows_rejected))
                for at, one in zip(moments, nights, strict=True)
            ),
        ),
        lambda frame: line(frame, rows, "customers", zero=False),
    )


def _recall(nights: Sequence[Snapshot], moments: Sequence[str]) -> Chart:
    known = [one for one in zip(moments, nights, strict=True) if one[1].recall is not None]
    rows = [
        {"night": at, "value": one.recall, "low": one.recall_low, "high": one.recall_high}
        for at, one in known
    ]
    worst = min(float(one.recall or 0) for _, one in known)
    decimals = decimals_of(
        [(one.recall, one.recall_low, one.recall_high) for _, one in known], is_share=True
    )
    return Chart(
        "All true neighbours of the sample were found in every night"
        if worst == 1
        # Rounded down: it has to be true.
        else f"Recall of the lookalikes never fell below {share(floor(1000 * worst) / 1000)}",
        "Share of the true nearest neighbours found, on a sample; with its 95 % interval.",
        Table(
            ("snapshot", "recall"),
            tuple(
                (
                    at,
                    interval(
                        one.recall,
                        one.recall_low,
                        one.recall_high,
                        is_share=True,
                        decimals=decimals,
                    ),
                )
                for at, one in known
            ),
        ),
        lambda frame: line(frame, rows, "recall", zero=False, is_share=True),
    )


def _seconds(nights: Sequence[Snapshot], moments: Sequence[str]) -> Chart:
    totals = [sum(map(float, night.stage_seconds.values())) for night in nights]
    rows = [{"night": at, "value": total} for at, total in zip(moments, totals, strict=True)]
    return Chart(
        f"The stages took {duration(totals[-1])}{_against(totals, _earlier(nights))}",
        "Seconds of all stages of the newest run of each date, added up. A stage is one task of the"
        " run.",
        Table(
            ("snapshot", "seconds", "peak memory of a stage"),
            tuple(
                (at, duration(total), megabytes(max(night.stage_peak_mb.values(), default=None)))
                for at, total, night in zip(moments, totals, nights, strict=True)
            ),
        ),
        lambda frame: line(frame, rows, "seconds"),
    )


def _earlier(nights: Sequence[Snapshot]) -> str:
    """What the last of them is compared with; the oldest first."""
    return before(nights[-2].as_of, nights[-1].as_of)


def _against(totals: Sequence[float], earlier_night: str) -> str:
    """The last night beside those before it, if these are alike; else beside the one before."""
    *earlier, last = totals
    if len(earlier) < _FEWEST_ALIKE or max(earlier) > _ALIKE * min(earlier):
        return f"; {_that(earlier_night)} took {duration(earlier[-1])}" if earlier[-1] else ""
    median = statistics.median(earlier)
    usual = 0.1  # of the median: less is what any two nights differ by
    if min(earlier) <= last <= max(earlier) or abs(last - median) <= usual * median:
        return ", as in the nights before"
    factor = last / median if median else 0.0
    often = 2  # from there on, times are easier to read than percent
    if factor >= often:
        return f", {factor:.1f} times the median of the nights before"
    more = "more" if factor > 1 else "less"
    return f", {share(abs(factor - 1), 0)} {more} than the median of the nights before"


def _that(earlier: str) -> str:
    return f"that of {earlier}" if earlier[0].isdigit() else earlier


def stages(night: Snapshot, order: Sequence[str] = ()) -> list[Chart]:
    """Seconds and memory of each stage, the longest first."""
    seconds = {name: float(value) for name, value in night.stage_seconds.items()}
    if not seconds:
        return []
    ranked = sorted(seconds, key=lambda name: (-seconds[name], name))
    total = sum(seconds.values())
    peaks = {name: float(value) for name, value in night.stage_peak_mb.items()}
    planned = {name: float(value) for name, value in night.stage_forecast_mb.items()}
    first = ranked[0]
    by_peak = max(peaks, key=lambda name: (peaks[name], name)) if peaks else None
    return [
        Chart(
            f"Stage {first} took {share(seconds[first] / total if total else 0, 0)} of"
            f" {duration(total)}",
            "Seconds of each stage of the newest run; a stage is one task of the run.",
            Table(
                ("stage", "seconds", "share"),
                tuple(
                    (name, duration(seconds[name]), share(seconds[name] / total if total else 0))
                    for name in ranked
                ),
            ),
            lambda frame: bars(
                frame,
                [{"name": name, "value": seconds[name]} for name in ranked],
                "seconds",
            ),
        ),
        *([_memory(ranked, peaks, planned, by_peak)] if by_peak else []),
    ]


def _memory(
    ranked: Sequence[str],
    peaks: Mapping[str, float],
    planned: Mapping[str, float],
    by_peak: str,
) -> Chart:
    rows = [
        {"name": name, "value": peaks[name], "plan": planned.get(name)}
        for name in ranked
        if name in peaks
    ]

    def draw(frame: Frame) -> Spec:
        most = [*peaks.values(), *(planned[name] for name in peaks if name in planned)]
        places = bar_places(frame, rows)
        drawn = bars(frame, rows, "MB", values=most)
        mark = {"type": "tick", "orient": "vertical", "color": INK, "thickness": 2, "size": 18}
        is_known = [{"filter": {"field": "plan", "valid": True}}]
        x = {"field": "plan", "type": "quantitative", "title": "MB"}
        drawn["layer"].append(
            {"transform": is_known, "mark": mark, "encoding": {"y": places.y(), "x": x}}
        )
        return drawn

    return Chart(
        f"Stage {by_peak} needed the most memory: {megabytes(peaks[by_peak])}",
        "Peak memory of a process of each stage, beside what the stage had forecast. A worker"
        " process that runs several stages keeps its highest.",
        Table(
            ("stage", "peak", "forecast"),
            tuple(
                (name, megabytes(peaks.get(name)), megabytes(planned.get(name))) for name in ranked
            ),
        ),
        draw,
        keys=(Key(ACCENT, "measured"), Key(INK, "forecast (line)")),
    )


def drift(columns: Sequence[Column], night: Snapshot) -> list[Chart]:
    """How far each column has drifted since the night before, and since the encoder was fitted."""
    now = [one for one in columns if one.as_of == night.as_of]
    known = [one for one in now if one.drift is not None or one.stability_index is not None]
    if not known:
        return []
    ranked = sorted(
        known, key=lambda one: (-max(one.drift or 0, one.stability_index or 0), one.column_name)
    )
    moved = [one for one in known if max(one.drift or 0, one.stability_index or 0) >= LITTLE_DRIFT]
    worst = short(ranked[0].column_name)
    title = (
        f"{several(len(moved), 'column')} of {len(known)} drifted, {worst} the most"
        if moved
        else "No column drifted"
        if len(known) > 1
        else f"{worst} did not drift"
    )
    since = before(
        next((one.previous_as_of for one in known if one.drift is not None), None), night.as_of
    )
    keys = [Key(ACCENT, f"since {since}"), Key(CONTRAST, "since the fit")]
    against = f"Against {since}, and against"
    if all(one.drift is None for one in known):
        title, keys, against = f"{title} since the fit", keys[1:], "Against"
    return [
        Chart(
            title,
            "Population stability index (PSI): how much the shares of a column's values have"
            " changed; below 0.1 little, above 0.25 a shift (dashed lines)."
            f" {against} the customers that the encoder was fitted on, which turns columns into"
            f" vectors.{_drawn_of(ranked)}",
            Table(
                ("column", "kind", f"since {since}", "since the fit"),
                tuple(
                    (
                        shown(one.column_name),
                        one.kind,
                        stability_index(one.drift),
                        stability_index(one.stability_index),
                    )
                    for one in ranked
                ),
            ),
            lambda frame: _drift(frame, ranked[:MOST_COLUMNS]),
            keys=tuple(keys),
        )
    ]


def _drawn_of(ranked: Sequence[Column]) -> str:
    """How many columns are drawn, if not all; the most drifted first."""
    if len(ranked) <= MOST_COLUMNS:
        return ""
    most = max(ranked[0].drift or 0, ranked[0].stability_index or 0)
    which = "those with the most drift" if most else "none of which drifted"
    return f" {MOST_COLUMNS} of {len(ranked)} columns, {which}; the table has all."


def _drift(frame: Frame, columns: Sequence[Column]) -> Spec:
    places = named_rows(frame, [one.column_name for one in columns], _THICKNESS)
    # One a little above the other, since both are often nearly 0.
    apart = 3 if any(one.drift is not None for one in columns) else 0
    measures = (
        ("drift", ACCENT, "circle", -apart),
        ("stability_index", CONTRAST, "diamond", apart),
    )
    rows = [
        {
            "middle": places.rows[at].middle + down,
            "value": getattr(one, field),
            "colour": colour,
            "shape": shape,
        }
        for at, one in enumerate(columns)
        for field, colour, shape, down in measures
        if getattr(one, field) is not None
    ]
    reached = [MUCH_DRIFT * 1.2, *(float(row["value"]) for row in rows)]
    title = "population stability index"
    x = number("value", title, **round_axis(reached, frame.pick(4, 5), zero=True))
    return places.spec(
        frame,
        rows,
        [
            places.guides,
            places.limits([LITTLE_DRIFT, MUCH_DRIFT], x),
            {
                "mark": {"type": "point", "opacity": 0.9},
                "encoding": {
                    "y": places.y(),
                    "x": x,
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                    "shape": {"field": "shape", "type": "nominal", "scale": None},
                },
            },
        ],
    )


def missing(columns: Sequence[Column], night: Snapshot) -> list[Chart]:
    """The share of customers without a value, of the columns that have some."""
    now = [one for one in columns if one.as_of == night.as_of and one.missing and one.customers]
    if not now:
        return []
    ranked = sorted(now, key=lambda one: (-(one.missing or 0) / one.customers, one.column_name))
    first = ranked[0]
    rows = [
        {"name": one.column_name, "value": (one.missing or 0) / one.customers}
        for one in ranked[:MOST_COLUMNS]
    ]
    most = (
        f" {MOST_COLUMNS} of {len(ranked)} columns, those with the fewest values;"
        " the table has all."
        if len(ranked) > MOST_COLUMNS
        else ""
    )
    return [
        Chart(
            f"{several(first.missing or 0, 'customer')} have no {short(first.column_name)}",
            "Customers without a value, as a share of all; columns without any are left out."
            + most,
            Table(
                ("column", "without a value", "share", "rows rejected for it"),
                tuple(
                    (
                        shown(one.column_name),
                        count(one.missing),
                        share((one.missing or 0) / one.customers),
                        count(one.rejected),
                    )
                    for one in ranked
                ),
            ),
            lambda frame: bars(frame, rows, "share of the customers", is_share=True),
        )
    ]


def rejections(night: Night) -> list[Listing]:
    """Why rows and events were rejected."""
    kinds = (
        ("rows", night.rejected_rows, f"{night.scope.bi}.rejected_rows"),
        ("events", night.rejected_events, f"{night.scope.bi}.rejected_events"),
    )
    previous = night.scope.previous
    since = before(None if previous is None else previous.as_of, night.scope.as_of)
    return [
        Listing(
            _why(found, what, since),
            f"The most frequent reasons; {view} has every one of them.",
            Table(
                ("reason", f"since {since}", "in all"),
                tuple((shown(one.reason), count(one.rows_since), count(one.rows)) for one in found),
            ),
        )
        for what, found, view in kinds
        if found
    ]


def _why(found: Sequence[Rejection], what: str, since: str) -> str:
    rows, recent = sum(one.rows for one in found), sum(one.rows_since for one in found)
    return f"{rows:,} {what} are rejected, {recent:,} of them dated since {since}"
