"""Rows of a chart with their whole names: beside the marks at a desk, above them on a telephone.

Places are pixels, so that each row is as high as its name needs, and no two names meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kindred.reports.chart import Frame, Rows, Spec
from kindred.reports.lettering import LINE, SIZE, WIDER, lines_of
from kindred.reports.vega import FAINT, MUTED, inner_width, spec

_WIDEST = 0.45
"""The names take at most this share of a desk's chart."""

_BESIDE, _ABOVE = 8, 3
"""Pixels between a name and its marks."""

_BETWEEN = 9
"""Pixels between rows."""

_RISE = 4
"""From the middle of a letter to the line that it stands on."""


@dataclass(frozen=True)
class Row:
    """Where a row is: its name's first base line, and its marks; pixels from the top."""

    lines: tuple[str, ...]
    base: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Where marks without a height are."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class NamedRows:
    """Places for rows, ``height`` pixels high together; names are beside or above the marks."""

    rows: tuple[Row, ...]
    height: float
    is_beside: bool

    def places(self, at: int) -> dict[str, float]:
        """The fields that marks of a row are placed by."""
        row = self.rows[at]
        return {"top": row.top, "middle": row.middle, "bottom": row.bottom}

    def y(self, field: str = "middle") -> Spec:
        """The encoding of a place."""
        scale = {"domain": [0, self.height], "reverse": True, "nice": False, "zero": False}
        return {"field": field, "type": "quantitative", "axis": None, "title": None, "scale": scale}

    @property
    def guides(self) -> Spec:
        """The layer of faint lines from the names to the marks."""
        return {
            "data": {"values": [{"middle": row.middle} for row in self.rows]},
            "mark": {"type": "rule", "color": FAINT, "strokeWidth": 1},
            "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": self.y()},
        }

    @property
    def names(self) -> Spec:
        """The layer of the names."""
        x, align = (-_BESIDE, "right") if self.is_beside else (0, "left")
        return {
            "data": {"values": [{"name": list(row.lines), "base": row.base} for row in self.rows]},
            "mark": {
                "type": "text",
                "align": align,
                "baseline": "alphabetic",
                "lineHeight": LINE,
                "fontSize": SIZE * WIDER,
                "color": MUTED,
            },
            "encoding": {
                "x": {"value": x},
                "y": self.y("base"),
                "text": {"field": "name", "type": "nominal"},
            },
        }

    def limits(self, values: Sequence[float], x: Spec, dash: Sequence[int] = (4, 3)) -> Spec:
        """The layer of lines down a chart: from end to end, or only where no names are."""
        places = [(0.0, self.height)]
        if not self.is_beside:
            places = [(row.top - 1, row.bottom + _ABOVE) for row in self.rows]
        rows = [{"limit": one, "from": top, "to": to} for one in values for top, to in places]
        return {
            "data": {"values": rows},
            "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1, "strokeDash": list(dash)},
            "encoding": {"x": {**x, "field": "limit"}, "y": self.y("from"), "y2": {"field": "to"}},
        }

    def spec(self, frame: Frame, data: Rows, layers: list[Spec], **more: Any) -> Spec:
        """A chart of these rows."""
        return spec(frame, round(self.height), data, [self.names, *layers], **more)


def named_rows(frame: Frame, names: Sequence[object], thickness: float) -> NamedRows:
    """Places for marks of so many pixels in height, with their names."""
    if frame.is_narrow:
        return _above(frame, names, thickness)
    lines = [tuple(lines_of(name, _WIDEST * frame.width - _BESIDE)) for name in names]
    rows, start = [], 0.0
    for name in lines:
        high = max(thickness, LINE * len(name)) + _BETWEEN
        middle = start + high / 2
        base = middle - LINE * (len(name) - 1) / 2 + _RISE
        rows.append(Row(name, base, middle - thickness / 2, middle + thickness / 2))
        start += high
    return NamedRows(tuple(rows), start, is_beside=True)


def _above(frame: Frame, names: Sequence[object], thickness: float) -> NamedRows:
    rows, start = [], 0.0
    for name in names:
        lines = tuple(lines_of(name, inner_width(frame)))
        top = start + LINE * len(lines) + _ABOVE
        rows.append(Row(lines, start + LINE / 2 + _RISE, top, top + thickness))
        start = top + thickness + _BETWEEN
    return NamedRows(tuple(rows), start, is_beside=False)
