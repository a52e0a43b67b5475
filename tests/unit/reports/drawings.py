"""What has been drawn: the marks and the texts of a chart's SVG."""

import re
from functools import cache
from xml.etree import ElementTree

from kindred.reports.vega import svg

SVG = "{http://www.w3.org/2000/svg}"
_MOVED = re.compile(r"translate\(([-\d.]+),([-\d.]+)\)")


@cache
def drawn(chart, frame):
    """The SVG of a chart, which takes 50 ms."""
    return ElementTree.fromstring(svg(chart.draw(frame), "label", "test"))


def layers(chart, frame):
    """The marks of each layer of a chart: its kind, and its elements."""
    root = drawn(chart, frame)
    found = []
    for group in root.iter(f"{SVG}g"):
        classes = group.get("class", "").split()
        if "role-mark" in classes and group.get("class") and "mark-group" not in classes:
            kind = next(one.removeprefix("mark-") for one in classes if one.startswith("mark-"))
            found.append((kind, [one for one in group if one.tag != f"{SVG}g"]))
    return found


def marks(chart, kind, frame):
    """The marks of a kind (rect, symbol, line, area, text) of the layers of a chart."""
    return [one for other, elements in layers(chart, frame) if other == kind for one in elements]


def lines(text):
    """The lines of a text that has been drawn."""
    spans = [one.text or "" for one in text.iter(f"{SVG}tspan")]
    return spans or [text.text or ""]


def place(element):
    """Where a text or a symbol is."""
    return tuple(map(float, _MOVED.match(element.get("transform")).groups()))


def squeezed(text):
    """A text without its spaces, as it is whichever way it is broken into lines."""
    return re.sub(r"\s", "", text)


def texts_of_axes(chart, frame):
    """The labels of the axes that are seen."""
    root = drawn(chart, frame)
    return [
        "".join(text.itertext())
        for group in root.iter(f"{SVG}g")
        if "role-axis-label" in group.get("class", "")
        for text in group
        if text.get("opacity") != "0"
    ]
