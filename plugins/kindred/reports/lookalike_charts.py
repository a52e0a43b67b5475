"""Charts of lookalikes and of the index: distances by rank, examples, recall against latency."""

from collections.abc import Sequence
from typing import Any

from kindred.reports.bars_and_lines import bars, line
from kindred.reports.chart import Chart, Frame, Key, Listing, Spec, Table
from kindred.reports.figures import NOISE, IndexCheck, Snapshot
from kindred.reports.figures_of_lists import (
    Contribution,
    Distance,
    Example,
    IndexBuild,
    IndexFigures,
)
from kindred.reports.vega import ACCENT, CONTRAST, INK, MUTED, OTHERS, number, round_axis, spec
from kindred.reports.wording import (
    count,
    days,
    decimals_of,
    duration,
    figure,
    interval,
    megabytes,
    moment,
    optional,
    share,
    short,
    shown,
)

MEDIAN = 50
MOST_PARTS = 15
"""Columns of an example that have a bar each."""

SEARCH = {
    "probes": "probes are the lists of near customers that a query looks into",
    "ef_search": "ef_search is how many candidates a query keeps",
}
"""What a query can spend more of, in words."""

CHEAPEST = "the cheapest query of those measured"
"""A reason of ``bi.index_builds``; those that miss the recall asked for are not compared."""

_BANDS = ((5, 95, 0.18), (25, 75, 0.32))
_FEWEST_NIGHTS = 2
_BYTES_PER_MB = 2**20


def distances(found: Sequence[Distance]) -> list[Chart]:
    """How far lookalikes are, rank by rank; by similarity where distances are private."""
    field = "distance" if any(one.distance is not None for one in found) else "similarity"
    values = {
        (one.rank, one.percentile): getattr(one, field)
        for one in found
        if getattr(one, field) is not None
    }
    ranks = sorted({rank for rank, percentile in values if percentile == MEDIAN})
    if not ranks:
        return []
    percentiles = sorted({percentile for _, percentile in values})
    rows: list[dict[str, Any]] = [
        {"rank": rank, **{f"p{p}": values.get((rank, p)) for p in percentiles}} for rank in ranks
    ]
    first, last = values[ranks[0], MEDIAN], values[ranks[-1], MEDIAN]
    return [
        Chart(
            f"Median {field}: {figure(first)} to the first lookalike, {figure(last)} to number"
            f" {ranks[-1]}",
            f"{field.capitalize()} of the lookalikes by rank: median (line), and where the middle"
            " 50 and 90 % of the customers are (bands).",
            Table(
                ("rank", *(f"{p} %" if p != MEDIAN else "median" for p in percentiles)),
                tuple(
                    (str(rank), *(figure(values.get((rank, p))) for p in percentiles))
                    for rank in ranks
                ),
            ),
            lambda frame: _distances(frame, rows, field),
        )
    ]


def _distances(frame: Frame, rows: Sequence[dict[str, Any]], field: str) -> Spec:
    few = [row["rank"] for row in rows]
    axis: dict[str, Any] = {"format": "d", "tickMinStep": 1}
    if len(few) <= frame.pick(10, 30):
        # Without a count, some of the values would be left out.
        axis |= {"values": few, "tickCount": len(few)}
    x = number("rank", "rank of the lookalike", zero=False, axis=axis, scale={"nice": False})
    there = [value for row in rows for name, value in row.items() if name != "rank"]
    y = number("p50", field, **round_axis(there, 5, zero=field == "distance"))
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "color": ACCENT, "opacity": opacity},
            "encoding": {"x": x, "y": {**y, "field": f"p{low}"}, "y2": {"field": f"p{high}"}},
        }
        for low, high, opacity in _BANDS
        if all(row.get(f"p{low}") is not None for row in rows)
    ]
    for mark in ("line", "point"):
        layers.append({"mark": {"type": mark, "color": ACCENT}, "encoding": {"x": x, "y": y}})
    return spec(frame, 220, rows, layers)


def _segment(cluster: int, name: str | None) -> str:
    return "in no segment" if cluster == NOISE else f"segment {cluster} {optional(name)}".rstrip()


def examples(found: Sequence[Example]) -> list[Chart | Listing]:
    """Single customers with their lookalikes, and why the first is similar."""
    blocks: list[Chart | Listing] = []
    for one in found:
        known = [part for part in one.contributions if part.share is not None]
        who = f"customer {short(one.customer_id)}{f', {short(one.title)}' if one.title else ''}"
        if one.lookalikes:
            blocks.append(
                Listing(
                    f"Who is like {who}",
                    "; ".join(
                        f"{algorithm}: {_segment(cluster, name)}"
                        for algorithm, cluster, name in one.segments
                    ),
                    Table(
                        ("rank", "lookalike", "distance", "similarity"),
                        tuple(
                            (
                                str(like.rank),
                                shown(like.lookalike_id),
                                figure(like.distance),
                                figure(like.similarity),
                            )
                            for like in one.lookalikes
                        ),
                    ),
                    # Else beside the next customer's.
                    is_wide=not known,
                )
            )
        if known and one.lookalikes:
            blocks.append(_why(one, who))
    return blocks


def _largest(parts: Sequence[Contribution]) -> Sequence[Contribution]:
    """The parts that have a bar each; the others have one together, if they are several."""
    return parts if len(parts) <= MOST_PARTS + 1 else parts[:MOST_PARTS]


def _why(one: Example, who: str) -> Chart:
    """What each column adds to the distance to the first lookalike."""
    first = short(one.lookalikes[0].lookalike_id)
    parts = sorted(
        (part for part in one.contributions if part.share is not None),
        key=lambda part: (-(part.share or 0.0), part.column_name),
    )
    apart = short(parts[0].column_name)
    equal = sum(part.value_a == part.value_b for part in parts)
    rows: list[dict[str, Any]] = [
        {
            "name": part.column_name,
            "value": part.share,
            # In the place of a bar that would not be seen.
            "text": "" if part.share else "equal" if part.value_a == part.value_b else "alike",
        }
        for part in _largest(parts)
    ]
    rest = parts[len(rows) :]
    if rest:
        added = sum(part.share or 0.0 for part in rest)
        rows.append({"name": f"{len(rest)} others", "value": added, "text": ""})
    return Chart(
        f"Why {short(one.customer_id)} is similar to {first}: {equal} of {len(parts)} columns are"
        f" equal; {apart} sets them apart most",
        "What each column adds to their distance, as a share of it: the shorter, the more alike.",
        Table(
            ("column", "share of the distance", who, first),
            tuple(
                (
                    shown(part.column_name),
                    share(part.share),
                    optional(part.value_a),
                    optional(part.value_b),
                )
                for part in parts
            ),
        ),
        lambda frame: bars(frame, rows, "share of the distance", is_share=True),
    )


def index_charts(found: IndexFigures, nights: Sequence[Snapshot]) -> list[Chart | Listing]:
    """The index: recall against latency, recall night by night, planned and measured."""
    blocks: list[Chart | Listing] = []
    build = found.builds[0] if found.builds else None
    if build is not None and build.probe_sweep:
        blocks.append(_sweep(build))
    blocks += _checks(found.checks, nights)
    if found.builds:
        blocks.append(_planned(found.builds))
    return blocks


def _sweep(build: IndexBuild) -> Chart:
    parameter = build.search_parameter
    points = [
        {
            "value": int(point[parameter]),
            "recall": float(point["recall"]),
            "p50": float(point["p50_milliseconds"]),
            "p95": float(point["p95_milliseconds"]),
            "customers": int(point["customers"]),
            "is_chosen": int(point[parameter]) == build.search_value,
        }
        for point in build.probe_sweep or ()
    ]
    chosen = f"{build.search_value} {parameter}"
    recall, latency = build.recall_at_k, build.p50_milliseconds
    for point in points:
        if point["is_chosen"]:  # as drawn; what was measured in the end stands above
            recall, latency = point["recall"], point["p50"]
    decimals = decimals_of([(point["recall"], None, None) for point in points], is_share=True)
    return Chart(
        f"Tried: {chosen} found {share(recall)} of the true neighbours in"
        f" {figure(latency)} ms (median)",
        f"Recall and median latency of a query for each number of {parameter} that was tried when"
        f" the index was made ({SEARCH[parameter]}), on the customers by whom it was chosen. The"
        " recall and the latency as built were measured later, the recall on others. The dashed"
        " line is the recall that was asked for.",
        Table(
            (parameter, "recall", "median latency", "95th percentile", "customers"),
            tuple(
                (
                    f"{point['value']}{' (chosen)' if point['is_chosen'] else ''}",
                    share(point["recall"], decimals),
                    f"{point['p50']:.2f} ms",
                    f"{point['p95']:.2f} ms",
                    count(point["customers"]),
                )
                for point in points
            ),
        ),
        lambda frame: _sweep_spec(frame, points, build),
        keys=(Key(ACCENT, "tried"), Key(CONTRAST, "chosen")),
    )


def _sweep_spec(frame: Frame, points: Sequence[dict[str, Any]], build: IndexBuild) -> Spec:
    latencies = [point["p50"] for point in points]
    recalls = [*(point["recall"] for point in points), build.target_recall]
    x = number(
        "p50",
        "median latency of a query (ms)",
        **round_axis(latencies, frame.pick(4, 6), zero=True),
    )
    y = number("recall", "recall, as tried", **round_axis(recalls, 5, is_share=True))
    ordered = sorted(points, key=lambda point: point["value"])
    colour = {"condition": {"test": "datum.is_chosen", "value": CONTRAST}, "value": ACCENT}
    both = {"x": x, "y": y}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "color": OTHERS, "strokeWidth": 1.5},
            "encoding": {**both, "order": {"field": "value"}},
        },
        {"mark": {"type": "point", "size": 70}, "encoding": {**both, "color": colour}},
        {
            "transform": [{"filter": "datum.is_chosen"}],
            "mark": {"type": "text", "dy": -12, "fontWeight": "bold", "color": INK},
            "encoding": {**both, "text": {"field": "value", "type": "quantitative"}},
        },
    ]
    if build.target_recall is not None:
        layers.insert(
            0,
            {
                "data": {"values": [{"target": build.target_recall}]},
                "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1, "strokeDash": [4, 3]},
                "encoding": {"y": {**y, "field": "target"}},
            },
        )
    return spec(frame, 220, ordered, layers)


def _checks(checks: Sequence[IndexCheck], nights: Sequence[Snapshot]) -> list[Chart]:
    known = [one for one in reversed(checks) if one.recall_at_k is not None]
    if len(known) < _FEWEST_NIGHTS:
        return []
    moments = dict(zip([n.as_of for n in nights], days([n.as_of for n in nights]), strict=True))
    rows = [
        {
            "night": moments[one.as_of],
            "value": one.recall_at_k,
            "low": one.recall_low,
            "high": one.recall_high,
        }
        for one in known
    ]
    rebuilt = sum(bool(one.is_rebuilt) for one in known)
    times = "once" if rebuilt == 1 else f"{rebuilt} times" if rebuilt else "never"
    return [
        Chart(
            f"The index was rebuilt {times} in {len(known)} checks; its recall is now"
            f" {share(known[-1].recall_at_k)}",
            "Recall of the index that serves readers, as it is set, measured each night on a"
            " sample; with its 95 % interval.",
            Table(
                ("snapshot", "recall", "asked for", "changed customers", "rebuilt", "why"),
                tuple(
                    (
                        moments[one.as_of],
                        interval(one.recall_at_k, one.recall_low, one.recall_high, is_share=True),
                        share(one.target_recall),
                        count(one.changed_rows),
                        "yes" if one.is_rebuilt else "no",
                        optional(one.reason),
                    )
                    for one in known
                ),
            ),
            lambda frame: line(frame, rows, "recall", zero=False, is_share=True),
        )
    ]


def _planned(builds: Sequence[IndexBuild]) -> Listing:
    reason = optional(builds[0].reason)
    if reason == CHEAPEST:
        reason = "the cheapest of those measured that reach the recall asked for"
    words = " and ".join(dict.fromkeys(SEARCH[one.search_parameter] for one in builds))
    return Listing(
        "Planned and measured",
        f"{words[:1].upper()}{words[1:]}."
        + (f" Why the newest is as it is: {reason}." if reason else ""),
        Table(
            (
                "built for",
                "index",
                "recall planned",
                "recall as built",
                "build planned",
                "build measured",
                "memory planned",
                "size",
            ),
            tuple(
                (
                    moment(one.as_of),
                    _index_of(one),
                    share(one.expected_recall),
                    interval(one.recall_at_k, one.recall_low, one.recall_high, is_share=True),
                    duration(one.forecast_build_seconds),
                    duration(one.build_seconds),
                    megabytes(one.forecast_memory_mb),
                    megabytes(None if one.index_bytes is None else one.index_bytes / _BYTES_PER_MB),
                )
                for one in builds
            ),
        ),
        is_wide=True,
    )


def _index_of(build: IndexBuild) -> str:
    parts = [build.method]
    if build.lists is not None:
        parts.append(f"{build.lists:,} lists, {count(build.probes)} probes")
    if build.m is not None:
        parts.append(f"m {build.m}, ef_search {count(build.ef_search)}")
    return ", ".join([*parts, f"{build.rows:,} customers"])
