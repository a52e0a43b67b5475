"""Charts that many sections have: bars by name, and lines over the nights."""

from collections.abc import Sequence

from kindred.reports.chart import Frame, Rows, Spec
from kindred.reports.named_rows import NamedRows, named_rows
from kindred.reports.vega import ACCENT, INK, OTHERS, names, number, round_axis, spec

_THICKNESS = 16


def line(
    frame: Frame,
    rows: Rows,
    title: str,
    *,
    zero: bool = True,
    is_share: bool = False,
    colour: str = ACCENT,
    least: float | None = None,
) -> Spec:
    """A line over the nights, with an interval where the rows have ``low`` and ``high``.

    ``least``: a value that the axis reaches at least.
    """
    moments = [row["night"] for row in rows]
    # Every second, third or so, counted from the newest.
    every = -(-len(moments) // frame.pick(4, 8))
    axis = {"labelAngle": 0, "values": moments[::-1][::every]}
    x = names("night", axis=axis, scale={"padding": 0.1})
    there = [row.get(field) for row in rows for field in ("value", "low", "high")]
    y = number("value", title, **round_axis([*there, least], 5, zero=zero, is_share=is_share))
    layers: list[Spec] = []
    if any(row.get("low") is not None for row in rows):
        band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
        layers.append(
            {"mark": {"type": "rule", "color": OTHERS, "strokeWidth": 6}, "encoding": band}
        )
    both = {"x": x, "y": y}
    layers.append({"mark": {"type": "line", "color": colour}, "encoding": both})
    layers.append({"mark": {"type": "point", "color": colour}, "encoding": both})
    return spec(frame, 190, rows, layers)


def bar_places(frame: Frame, rows: Rows) -> NamedRows:
    """Where the bars of rows are."""
    return named_rows(frame, [row["name"] for row in rows], _THICKNESS)


def bars(
    frame: Frame,
    rows: Rows,
    title: str,
    *,
    is_share: bool = False,
    values: Sequence[float | None] = (),
) -> Spec:
    """Bars by name.

    Rows have ``name``, ``value`` and perhaps ``colour``, and ``text`` for where no bar is.
    ``values``: further ones that the axis has to reach.
    """
    places = bar_places(frame, rows)
    data = [{"colour": ACCENT, **row, **places.places(at)} for at, row in enumerate(rows)]
    there = [*(row["value"] for row in rows), *values]
    encoding = {
        "y": places.y("top"),
        "y2": {"field": "bottom"},
        "x": number(
            "value",
            title,
            **round_axis(there, frame.pick(4, 5), zero=True, is_share=is_share),
        ),
        "x2": {"datum": 0},
        "color": {"field": "colour", "type": "nominal", "scale": None},
    }
    layers: list[Spec] = [{"mark": "rect", "encoding": encoding}]
    written = [row for row in data if row.get("text")]
    if written:
        mark = {"type": "text", "align": "left", "baseline": "middle", "color": INK}
        text = {"field": "text", "type": "nominal"}
        at = {"y": places.y(), "x": {"value": 4}, "text": text}
        layers.append({"data": {"values": written}, "mark": mark, "encoding": at})
    return places.spec(frame, data, layers)
