"""Who moved where since the night before: a Sankey diagram."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kindred.reports.chart import Chart, Frame, Spec, Table
from kindred.reports.figures import Move, Moves
from kindred.reports.vega import INK, OTHERS, PAPER, WIDER, spec
from kindred.reports.wording import count, moment, share, shown, wrapped

_STEPS = 24
_TEXT_PIXELS = 30
"""What a name and the number below it take."""

_GAP = 0.02
"""Between two ends, of the height."""

_WORDS = {
    "noise": "in no segment",
    "others": "smaller segments",
    "new": "new customers",
    "gone": "gone",
}
_LAST = (*_WORDS,)


@dataclass(frozen=True)
class End:
    """An end of the flows: where its bar begins and ends (0 to 1), and its customers."""

    name: str
    start: float
    stop: float
    customers: int


def moves_chart(moves: Moves | None, colours: Mapping[int, str]) -> list[Chart]:
    """The flows between the segments of two nights; ``colours`` by cluster id."""
    if moves is None:
        return []
    both = [one for one in moves.moves if one.source != "new" and one.target != "gone"]
    stayed = sum(one.customers for one in both if one.source == one.target)
    total = sum(one.customers for one in both)
    moved = total - stayed
    return [
        Chart(
            f"{share(moved / total if total else 0)} of those who were there before moved",
            f"Customers by their segment on {moment(moves.from_as_of)} (left) and in this snapshot"
            " (right). To join a segment, or to leave all, is a move too; one between segments that"
            " are drawn together is none.",
            Table(
                ("from", "to", "customers"),
                tuple(
                    (_called(one.source, moves), _called(one.target, moves), count(one.customers))
                    for one in moves.moves
                ),
            ),
            lambda frame: _sankey(frame, moves, colours),
            is_wide=True,
        )
    ]


def _called(end: str, moves: Moves) -> str:
    if end in _WORDS:
        return _WORDS[end]
    return shown(f"{end} · {moves.names.get(end, 'segment')}")


def ends_of(moves: Sequence[Move], side: str) -> dict[str, End]:
    """The ends of one side (``source`` or ``target``) from top to bottom, by name."""
    totals: dict[str, int] = {}
    for one in moves:
        name = getattr(one, side)
        totals[name] = totals.get(name, 0) + one.customers
    order = sorted(totals, key=lambda name: (name in _LAST, *_place(name)))
    scale = (1 - _GAP * (len(order) - 1)) / max(1, sum(totals.values()))
    found, start = {}, 0.0
    for name in order:
        stop = start + scale * totals[name]
        found[name] = End(name, start, stop, totals[name])
        start = stop + _GAP
    return found


def _place(name: str) -> tuple[int, str]:
    return (_LAST.index(name), "") if name in _LAST else (int(name), "")


def _sankey(frame: Frame, moves: Moves, colours: Mapping[int, str]) -> Spec:
    sources, targets = ends_of(moves.moves, "source"), ends_of(moves.moves, "target")
    room = frame.pick(96, 290)  # on each side, for the names
    height = max(280, 44 * max(len(sources), len(targets)))
    ribbons = _ribbons(moves.moves, sources, targets, colours)
    bars, texts = [], []
    for ends, left, right, at, align in (
        (sources, -0.012, 0.0, -0.03, "right"),
        (targets, 1.0, 1.012, 1.03, "left"),
    ):
        for end in ends.values():
            place = {"y": end.start, "y2": end.stop, "colour": _colour(end.name, colours)}
            bars.append({"x": left, "x2": right, **place})
        texts += _texts(frame, ends, moves, at, align, _TEXT_PIXELS / height)
    x = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": None}
    y = {**x, "scale": {"domain": [0, 1], "reverse": True, "nice": False}}
    plain = {"field": "colour", "type": "nominal", "scale": None}
    layers: list[Spec] = [
        {
            "data": {"values": ribbons},
            "mark": {"type": "area", "opacity": 0.42, "line": False},
            "encoding": {
                "x": {**x, "field": "x"},
                "y": {**y, "field": "y"},
                "y2": {"field": "y2"},
                "detail": {"field": "flow"},
                "fill": plain,
            },
        },
        {
            "data": {"values": bars},
            "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 0.5},
            "encoding": {
                "x": {**x, "field": "x"},
                "x2": {"field": "x2"},
                "y": {**y, "field": "y"},
                "y2": {"field": "y2"},
                "fill": plain,
            },
        },
        *_named(frame, texts, x, y),
    ]
    drawn = spec(frame, height, [], layers)
    drawn["width"] = frame.width - 2 * room
    return drawn | {"autosize": {"type": "pad"}, "padding": 4}


def _named(frame: Frame, texts: list[dict[str, Any]], x: Spec, y: Spec) -> list[Spec]:
    """The layers of the names, left and right."""
    mark = {
        "type": "text",
        "fontSize": WIDER * frame.pick(10, 11),
        "lineHeight": 13,
        "baseline": "middle",
        "color": INK,
    }
    return [
        {
            "data": {"values": [one for one in texts if one["align"] == align]},
            "mark": {**mark, "align": align},
            "encoding": {
                "x": {**x, "field": "x"},
                "y": {**y, "field": "y"},
                "text": {"field": "text"},
            },
        }
        for align in ("right", "left")
    ]


def _texts(
    frame: Frame, ends: Mapping[str, End], moves: Moves, at: float, align: str, least: float
) -> list[dict[str, Any]]:
    """Names beside the bars, ``least`` of the height apart."""
    width = frame.pick(14, 50)
    found: list[dict[str, Any]] = []
    middle = -1.0
    for end in ends.values():
        middle = max((end.start + end.stop) / 2, middle + least)
        written = wrapped(_called(end.name, moves), width, 1)
        found.append(
            {"x": at, "y": middle, "align": align, "text": [written, count(end.customers)]}
        )
    # What was pushed out at the bottom goes back up.
    limit = 1.0
    for one in reversed(found):
        one["y"] = min(one["y"], limit)
        limit = one["y"] - least
    return found


def _ribbons(
    moves: Sequence[Move],
    sources: Mapping[str, End],
    targets: Mapping[str, End],
    colours: Mapping[int, str],
) -> list[dict[str, Any]]:
    """The points of each flow, from left to right; flows leave and arrive in the order of ends."""
    total = sum(end.customers for end in sources.values())
    scales = [(1 - _GAP * (len(ends) - 1)) / max(1, total) for ends in (sources, targets)]
    left = {name: end.start for name, end in sources.items()}
    right = {name: end.start for name, end in targets.items()}
    order = sorted(moves, key=lambda one: (sources[one.source].start, targets[one.target].start))
    found = []
    for number, one in enumerate(order):
        begin, end = left[one.source], right[one.target]
        thick = [scale * one.customers for scale in scales]
        left[one.source] += thick[0]
        right[one.target] += thick[1]
        for step in range(_STEPS + 1):
            x = step / _STEPS
            bent = x * x * (3 - 2 * x)  # smooth at both ends
            y = begin + (end - begin) * bent
            thickness = thick[0] + (thick[1] - thick[0]) * bent
            found.append(
                {
                    "flow": number,
                    "x": x,
                    "y": y,
                    "y2": y + thickness,
                    "colour": _colour(one.source, colours),
                }
            )
    return found


def _colour(end: str, colours: Mapping[int, str]) -> str:
    return colours.get(int(end), OTHERS) if end.isdigit() else OTHERS
