"""Who moved where since the night before: a Sankey diagram."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kindred.reports.chart import Chart, Frame, Key, Spec, Table
from kindred.reports.figures import FEWEST_OF_A_TRAIT, TOO_FEW, Move, Moves
from kindred.reports.lettering import LINE, SIZE, WIDER, lines_of, width_of
from kindred.reports.vega import INK, OTHERS, PAPER, SMALLER, colours_of, spec
from kindred.reports.wording import count, moment, share, shown

_STEPS = 24
_FLOWS = 300
"""Pixels of all customers together."""

_GAP = 6
"""Pixels between two bars, or two of their labels."""

_BAR, _BESIDE = 9, 7
"""Pixels of a bar's width, and between it and its label."""

NOISE, SMALLER_ONES, NEW, GONE = "noise", "others", "new", "gone"
_WORDS = {
    NOISE: "in no segment",
    SMALLER_ONES: "smaller segments",
    NEW: "new customers",
    GONE: "gone",
}
_LAST = (*_WORDS,)


@dataclass(frozen=True)
class End:
    """An end of the flows: its customers, where its bar begins and ends, in pixels, its label."""

    name: str
    customers: int
    start: float
    stop: float
    label: tuple[str, ...]

    @property
    def middle(self) -> float:
        """The middle of the bar, and of the label."""
        return (self.start + self.stop) / 2


def moves_chart(moves: Moves | None, colours: Mapping[int, str]) -> list[Chart]:
    """The flows between the segments of two nights; ``colours`` by cluster id."""
    if moves is None:
        return []
    both = [one for one in moves.moves if one.source != NEW and one.target != GONE]
    stayed = sum(one.customers for one in both if one.source == one.target)
    total = sum(one.customers for one in both)
    moved = total - stayed
    there = sorted({end for one in moves.moves for end in (one.source, one.target)}, key=_order)
    # A segment that has ended has no colour today: it gets its own, or one that no other has.
    ended = [int(end) for end in there if end.isdigit() and int(end) not in colours]
    colours = {**colours, **colours_of(ended, taken=colours.values())}
    return [
        Chart(
            f"{share(moved / total if total else 0)} of those who were there before moved",
            f"Customers by their segment on {moment(moves.from_as_of)} (left) and in this snapshot"
            " (right): beside each bar the number of the segment, and its customers. To join a"
            " segment, or to leave all, is a move too; one between segments that are drawn together"
            " is none.",
            Table(
                ("from", "to", "customers"),
                tuple(
                    (_called(one.source, moves), _called(one.target, moves), count(one.customers))
                    for one in moves.moves
                ),
            ),
            lambda frame: _sankey(frame, moves, colours),
            keys=tuple(
                Key(_colour(end, colours), _called(end, moves), is_outlined=end in (NEW, GONE))
                for end in there
            ),
            is_wide=True,
        )
    ]


def _called(end: str, moves: Moves) -> str:
    if end in _WORDS:
        return _WORDS[end]
    name = moves.names.get(end, "segment")
    return shown(f"{end} · {TOO_FEW if _size(end, moves) < FEWEST_OF_A_TRAIT else name}")


def _size(end: str, moves: Moves) -> int:
    """The customers of a segment now, or of one that has ended, before."""
    now = sum(one.customers for one in moves.moves if one.target == end)
    return now or sum(one.customers for one in moves.moves if one.source == end)


def ends_of(moves: Sequence[Move], side: str, room: float) -> dict[str, End]:
    """The ends of one side (``source`` or ``target``) from top to bottom, by name.

    An end takes as much of the height as its bar or its label needs, so that each label stands at
    its bar. ``room``: the pixels that labels have.
    """
    totals: dict[str, int] = {}
    for one in moves:
        name = getattr(one, side)
        totals[name] = totals.get(name, 0) + one.customers
    scale = _FLOWS / max(1, sum(totals.values()))
    found, top = {}, 0.0
    for name in sorted(totals, key=_order):
        label = _label(name, totals[name], room)
        thick = scale * totals[name]
        high = max(thick, LINE * len(label))
        start = top + (high - thick) / 2
        found[name] = End(name, totals[name], start, start + thick, label)
        top += high + _GAP
    return found


def _order(name: str) -> tuple[bool, int]:
    """Segments by their number; then those who are in none of them."""
    return (True, _LAST.index(name)) if name in _LAST else (False, int(name))


def _label(name: str, customers: int, room: float) -> tuple[str, ...]:
    """The number of a segment, or a word, and the customers: in one line if there is room."""
    word = _WORDS.get(name, name)
    line = f"{word}: {count(customers)}"
    if width_of(line) <= room:
        return (line,)
    return (*lines_of(f"{word}:", room), count(customers))


def _sankey(frame: Frame, moves: Moves, colours: Mapping[int, str]) -> Spec:
    room = frame.pick(88, 150)  # on each side, for the labels
    sources, targets = (ends_of(moves.moves, side, room) for side in ("source", "target"))
    # Half a line of space, for labels that are higher than their bars.
    height = max(end.stop for ends in (sources, targets) for end in ends.values()) + LINE
    width = frame.width - 2 * (room + _BAR + _BESIDE)
    x = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": None}
    down = {"domain": [-LINE / 2, height - LINE / 2], "reverse": True, "nice": False, "zero": False}
    y = {"type": "quantitative", "scale": down, "axis": None}
    plain = {"field": "colour", "type": "nominal", "scale": None}
    between = {"y": {**y, "field": "y"}, "y2": {"field": "y2"}}
    layers: list[Spec] = [
        {
            "data": {"values": _ribbons(moves.moves, sources, targets, colours)},
            "mark": {"type": "area", "opacity": 0.42, "line": False},
            "encoding": {
                "x": {**x, "field": "x"},
                **between,
                "detail": {"field": "flow"},
                "fill": plain,
            },
        },
        {
            "data": {"values": _bars(sources, targets, colours, _BAR / width)},
            "mark": {"type": "rect", "strokeWidth": 1},
            "encoding": {
                "x": {**x, "field": "x"},
                "x2": {"field": "x2"},
                **between,
                "fill": plain,
                "stroke": {"field": "line", "type": "nominal", "scale": None},
            },
        },
        _named(sources, x, y, 0, "right"),
        _named(targets, x, y, 1, "left"),
    ]
    drawn = spec(frame, round(height), [], layers)
    return drawn | {"width": width, "autosize": {"type": "pad"}, "padding": 4}


def _bars(
    sources: Mapping[str, End], targets: Mapping[str, End], colours: Mapping[int, str], wide: float
) -> list[dict[str, Any]]:
    """The bars of both sides, outside of the flows; who is there only once has an empty one."""
    return [
        {
            "x": left,
            "x2": left + wide,
            "y": end.start,
            "y2": end.stop,
            "colour": _colour(end.name, colours),
            "line": INK if end.name in (NEW, GONE) else _colour(end.name, colours),
        }
        for ends, left in ((sources, -wide), (targets, 1.0))
        for end in ends.values()
    ]


def _named(ends: Mapping[str, End], x: Spec, y: Spec, at: int, align: str) -> Spec:
    """The layer of the labels of one side."""
    rows = [
        # The base line of the first line.
        {"x": at, "y": end.middle - LINE * (len(end.label) - 1) / 2 + 4, "text": list(end.label)}
        for end in ends.values()
    ]
    away = _BAR + _BESIDE
    return {
        "data": {"values": rows},
        "mark": {
            "type": "text",
            "fontSize": WIDER * SIZE,
            "lineHeight": LINE,
            "baseline": "alphabetic",
            "color": INK,
            "align": align,
            "dx": away if at else -away,
        },
        "encoding": {
            "x": {**x, "field": "x"},
            "y": {**y, "field": "y"},
            "text": {"field": "text", "type": "nominal"},
        },
    }


def _ribbons(
    moves: Sequence[Move],
    sources: Mapping[str, End],
    targets: Mapping[str, End],
    colours: Mapping[int, str],
) -> list[dict[str, Any]]:
    """The points of each flow, from left to right; flows leave and arrive in the order of ends."""
    scale = _FLOWS / max(1, sum(end.customers for end in sources.values()))
    left = {name: end.start for name, end in sources.items()}
    right = {name: end.start for name, end in targets.items()}
    order = sorted(moves, key=lambda one: (sources[one.source].start, targets[one.target].start))
    found = []
    for number, one in enumerate(order):
        begin, end = left[one.source], right[one.target]
        thick = scale * one.customers
        left[one.source] += thick
        right[one.target] += thick
        # New customers have no segment that they come from.
        of = one.target if one.source == NEW else one.source
        for step in range(_STEPS + 1):
            x = step / _STEPS
            bent = x * x * (3 - 2 * x)  # smooth at both ends
            y = begin + (end - begin) * bent
            found.append(
                {"flow": number, "x": x, "y": y, "y2": y + thick, "colour": _colour(of, colours)}
            )
    return found


def _colour(end: str, colours: Mapping[int, str]) -> str:
    if end in (NEW, GONE):
        return PAPER
    if end == NOISE:
        return OTHERS
    return SMALLER if end == SMALLER_ONES else colours.get(int(end), SMALLER)
