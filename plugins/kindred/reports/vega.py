"""Charts as Vega-Lite describes them, and as SVG: static, without scripts.

Colours are variables of the page's style, so that one picture serves light and dark, screen and
paper. Texts of the data are values of fields, never names of fields or parts of expressions.
"""

import re
from collections.abc import Iterable
from math import ceil, floor, log10
from typing import Any
from xml.etree import ElementTree

import vl_convert

from kindred.reports.chart import Frame, Rows, Spec
from kindred.reports.lettering import SIZE, WIDER
from kindred.spec.names import plain

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
INK, MUTED, FAINT, PAPER = (f"var(--{name})" for name in ("ink", "muted", "faint", "card"))
ACCENT, CONTRAST = "var(--c1)", "var(--c2)"
COLOURS = tuple(f"var(--c{number})" for number in range(1, 13))
"""For categories: as far apart as twelve colours can be for every kind of colour vision."""

OTHERS = "var(--c0)"
"""The colour of what is in no category, or only there to compare with."""

SMALLER = "var(--rest)"
"""The colour of categories that are drawn together."""

EDGE = "var(--edge)"
"""Lines around what is hardly darker than the paper."""

EFFECT_LIMITS = (0.2, 0.5, 0.8)
"""Where small, medium and large effects begin (Cohen 1988)."""

EFFECT_COLOURS = tuple(f"var(--d{number})" for number in range(1, 8))
ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "defs", "clipPath"}
"""What a chart is made of; all else is left out."""

ATTRIBUTES = {
    *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "width", "height"),
    *("viewBox", "transform", "points", "id", "class", "clip-path"),
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
    *("stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "opacity"),
    *("text-anchor", "font-size", "font-weight", "font-style", "dy", "dx"),
}
INHERITED = {
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
    *("text-anchor", "font-size", "font-weight", "font-style"),
}
"""What marks have from their group, unless they say otherwise."""

_FEWEST_ALIKE = 2
USUAL = {("opacity", "1"), ("stroke-width", "1"), ("stroke-miterlimit", "10")}
_ROUNDING = 1e-9
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
PADDING = {"left": 2, "right": 10, "top": 4, "bottom": 2}
"""Pixels around a chart."""

_AXIS = {
    "labelColor": MUTED,
    "titleColor": MUTED,
    "domainColor": FAINT,
    "tickColor": FAINT,
    "gridColor": FAINT,
    "labelFontSize": SIZE * WIDER,
    "titleFontSize": SIZE * WIDER,
    "labelSeparation": 6,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "labelPadding": 5,
    "labelLimit": 400,
    "titleLimit": 400,
    "tickSize": 4,
}
CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": FONT,
    "axis": _AXIS,
    "axisX": {"grid": False},
    "axisBand": {"domain": False, "ticks": False, "grid": False},
    "view": {"stroke": None},
    "text": {"fill": INK, "fontSize": SIZE * WIDER},
    "line": {"strokeWidth": 2},
    "point": {"size": 55, "filled": True, "opacity": 1},
    "rule": {"strokeWidth": 2},
}


def colours_of(ids: Iterable[int], taken: Iterable[str] = ()) -> dict[int, str]:
    """Id -> a colour that no other has, of those not ``taken``; fewer, if there are not enough.

    Each has the colour of its number, counted round, whoever else there is; only of two with one
    colour the second by number gets a free one.
    """
    free = dict.fromkeys(one for one in COLOURS if one not in {*taken})
    found: dict[int, str] = {}
    later = []
    for one in sorted(ids):
        own = COLOURS[one % len(COLOURS)]
        if own in free:
            found[one] = own
            del free[own]
        else:
            later.append(one)
    return found | dict(zip(later, free, strict=False))


def spec(
    frame: Frame, height: int | dict[str, int], data: Rows, layers: list[Spec], **more: Any
) -> Spec:
    """A layered chart that takes the width of its place."""
    return {
        "$schema": SCHEMA,
        "width": frame.width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": PADDING,
        "config": {**CONFIG, "axisQuantitative": {"tickCount": frame.pick(3, 5)}},
        "data": {"values": [dict(row) for row in data]},
        "layer": layers,
        **more,
    }


def inner_width(frame: Frame) -> int:
    """The pixels of a chart without axes from left to right."""
    return frame.width - PADDING["left"] - PADDING["right"]


def number(
    field: str, title: str | list[str] | None = None, *, zero: bool = True, **more: Any
) -> Spec:
    """An encoding by a number. ``axis`` and ``scale`` are merged with the usual ones."""
    scale = {"zero": zero, "nice": True, **more.pop("scale", {})}
    axis = {"labelOverlap": True, "labelFlush": False, **more.pop("axis", {})}
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": axis,
        **more,
    }


def round_axis(
    values: Iterable[float | None], most: int, *, zero: bool = False, is_share: bool = False
) -> Spec:
    """The scale and axis of an encoding by a number: ``most`` round ticks, from end to end.

    Ticks have as many decimals as tell them apart, and shares do not go beyond 0 and 1.
    """
    known = [float(value) for value in values if value is not None] or [0.0]
    low, high = min(known), max(known)
    low = min(0.0, low) if zero else low
    if low == high:
        # Something to see on both sides, or on the one that there is.
        margin = 0.05 if is_share else abs(high) / 2 or 1.0
        has_limits = is_share and 0 <= low <= 1
        low, high = low - margin, high + margin
        if has_limits:
            low, high = max(0.0, low), min(1.0, high)
    step, power = _round_step((high - low) / max(1, most - 1))
    first, last = floor(low / step + _ROUNDING), ceil(high / step - _ROUNDING)
    ticks = [round(at * step, 12) for at in range(first, last + 1)]
    decimals = max(0, -power - (2 if is_share else 0))
    return {
        "scale": {"domain": [ticks[0], ticks[-1]], "nice": False, "zero": False},
        # Without a count, some of the values would be left out.
        "axis": {
            "values": ticks,
            "tickCount": len(ticks),
            "format": f".{decimals}%" if is_share else f",.{decimals}f",
        },
    }


def _round_step(least: float) -> tuple[float, int]:
    """The smallest of 1, 2 and 5 times a power of ten that is not less; and the power."""
    power = floor(log10(least))
    for factor in (1, 2, 5):
        if factor * 10.0**power >= least * (1 - _ROUNDING):
            return factor * 10.0**power, power
    return 10.0 ** (power + 1), power + 1


def names(field: str, title: str | None = None, **more: Any) -> Spec:
    """An encoding by short names, in the order of the data."""
    return {"field": field, "type": "ordinal", "sort": None, "title": title, **more}


def svg(described: Spec, label: str, name: str) -> str:
    """A chart as an SVG element for HTML, with a label for screen readers.

    ``name``: a word that no other chart of the page has; ids begin with it.
    """
    drawn: str = vl_convert.vegalite_to_svg(described, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)
    for element in root.iter():
        element.attrib = {
            attribute: _placed(attribute, value, name)
            for attribute, value in element.attrib.items()
            if attribute in ATTRIBUTES and (attribute, value) not in USUAL
        }
    shown = {
        "role": "img",
        "aria-label": "".join(map(plain, label)),
        "width": root.attrib["viewBox"].split()[2],
    }
    root.attrib |= shown
    text = ElementTree.tostring(_once(_without_invisible(root)), encoding="unicode")
    return text.replace("ns0:", "").replace(":ns0=", "=")


def _placed(attribute: str, value: str, name: str) -> str:
    """An attribute whose ids are those of one chart, and whose numbers have two decimals."""
    if attribute == "id":
        return f"{name}-{value}"
    if attribute == "font-size":
        return f"{float(value.removesuffix('px')) / WIDER:g}px"
    if attribute in ("d", "transform", "points"):
        return _LONG_NUMBER.sub(
            lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value
        )
    return value.replace("url(#", f"url(#{name}-")


def _without_invisible(root: ElementTree.Element) -> ElementTree.Element:
    """Without paths that are neither filled nor stroked, and elements that HTML need not know."""
    for parent in [one for one in root.iter() if not one.tag.endswith("clipPath")]:
        for child in list(parent):
            tag = child.tag.rpartition("}")[2]
            is_blank = tag == "path" and not {"fill", "stroke"} & child.attrib.keys()
            if tag not in ELEMENTS or is_blank:
                parent.remove(child)
    return root


def _once(root: ElementTree.Element) -> ElementTree.Element:
    """What all marks of a group have, on the group alone: a map has thousands of cells."""
    for group in root.iter():
        marks = list(group)
        if len(marks) < _FEWEST_ALIKE or any(mark.tag.endswith("}g") for mark in marks):
            continue
        for attribute in sorted(INHERITED & marks[0].attrib.keys()):
            if len({mark.get(attribute) for mark in marks}) == 1:
                group.set(attribute, marks[0].attrib[attribute])
                for mark in marks:
                    del mark.attrib[attribute]
    return root
