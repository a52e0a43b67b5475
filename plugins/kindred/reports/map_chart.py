"""The map: how many customers are where, in the colour of the segment that most of them are in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from math import log

from kindred.reports.chart import Chart, Frame, Key, Spec, Table
from kindred.reports.figures import CustomerMap
from kindred.reports.lettering import WIDER
from kindred.reports.map_labels import RADIUS, Cells, Label, main_segment, map_labels
from kindred.reports.vega import INK, OTHERS, PAPER, spec
from kindred.reports.wording import count, figure, share, shown

IN_NO_SEGMENT = Key(OTHERS, "in no segment")
_COARSE = 2
"""Cells of the map on a telephone, of those that are counted, on each side."""

_FAINTEST = 0.18
TALLEST = 760
"""Pixels: with its title and legend, a map fits a screen."""

_SLIMMEST = 6
"""Times that a map is at most as high as wide; a slimmer one has room at its sides."""


def map_chart(
    found: CustomerMap | None,
    titles: Mapping[int, str],
    colours: Mapping[int, str],
    rest: Key = IN_NO_SEGMENT,
) -> list[Chart]:
    """The customers as density, coloured by segment; ``titles`` and ``colours`` by cluster id.

    ``rest``: who is in none of these segments.
    """
    if found is None or not found.is_layout:
        return []
    totals: dict[int | None, int] = defaultdict(int)
    for cell in found.cells:
        totals[cell.cluster_id] += cell.customers
    # By number, as they are looked up.
    order = sorted(one for one in totals if one is not None)
    faithful = ""
    if found.trustworthiness is not None:
        faithful = (
            f" Trustworthiness {figure(found.trustworthiness)}: 1 if all {found.neighbours} nearest"
            " on the map are near in the vectors too, 0.5 by chance."
        )
    keys = [Key(colours.get(one, OTHERS), shown(titles.get(one, str(one)))) for one in order]
    has_rest = bool(totals.get(None)) and bool(order)
    if has_rest:
        keys.append(rest)
    numbers = (
        " Numbers are those of the segments, each in the middle of where most of its customers are."
        if order
        else ""
    )
    return [
        Chart(
            f"Where {count(found.customers)} customers are, and in which segments",
            "Each cell has the colour of the segment with the most customers there, and is the"
            " stronger the more customers it has (by the logarithm). Near on the map is alike;"
            f" directions mean nothing.{numbers}{faithful}",
            Table(
                ("segment", "customers on the map", "share", "cells"),
                tuple(
                    (
                        _called(one, titles, rest if order else None),
                        count(totals[one]),
                        share(totals[one] / found.customers),
                        count(sum(cell.cluster_id == one for cell in found.cells)),
                    )
                    for one in (*order, *([None] if totals.get(None) else []))
                ),
            ),
            lambda frame: _map(frame, found, colours, rest.colour),
            keys=tuple(keys),
            is_wide=True,
        )
    ]


def _called(cluster: int | None, titles: Mapping[int, str], rest: Key | None) -> str:
    if cluster is None:
        return "everybody" if rest is None else rest.label
    return shown(titles.get(cluster, str(cluster)))


def cells_of(found: CustomerMap, size: int) -> Cells:
    """Customers by segment, in cells of so many counted ones on each side; from (0, 0)."""
    cells: Cells = defaultdict(lambda: defaultdict(int))
    for one in found.cells:
        place = (one.column - 1) // size, (one.row - 1) // size
        cells[place][one.cluster_id] += one.customers
    return cells


def _map(frame: Frame, found: CustomerMap, colours: Mapping[int, str], rest: str) -> Spec:
    size = frame.pick(_COARSE, 1)
    cells = cells_of(found, size)
    columns, lines = -(-found.columns // size), -(-found.rows // size)
    aside = max(0, -(-lines // _SLIMMEST) - columns)
    if aside:
        columns += aside
        cells = {(column + aside // 2, row): inside for (column, row), inside in cells.items()}
    # A tall map is narrower, as a cell is as wide as high.
    frame = replace(frame, width=min(frame.width, TALLEST * columns // lines))
    most = max(sum(inside.values()) for inside in cells.values())
    rows = []
    for (column, row), inside in sorted(cells.items()):
        main = main_segment(inside)
        strength = log(1 + sum(inside.values())) / log(1 + most)
        rows.append(
            {
                "x": column,
                "x2": column + 1,
                "y": row,
                "y2": row + 1,
                "colour": rest if main is None else colours.get(main, rest),
                "opacity": round(_FAINTEST + (1 - _FAINTEST) * strength, 2),
            }
        )
    scale = {"nice": False, "zero": False}
    x = {"type": "quantitative", "axis": None, "scale": {**scale, "domain": [0, columns]}}
    y = {"type": "quantitative", "axis": None, "scale": {**scale, "domain": [0, lines]}}
    cell = {
        "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 0.4},
        "encoding": {
            "x": {**x, "field": "x"},
            "x2": {"field": "x2"},
            "y": {**y, "field": "y"},
            "y2": {"field": "y2"},
            "fill": {"field": "colour", "type": "nominal", "scale": None},
            "fillOpacity": {"field": "opacity", "type": "quantitative", "scale": None},
        },
    }
    height = round(frame.width * lines / columns)
    labels = _labels(frame, map_labels(cells, frame, columns, lines, colours), colours, x, y)
    return spec(frame, height, rows, [cell, *labels])


def _labels(
    frame: Frame,
    labels: Mapping[int, Label],
    colours: Mapping[int, str],
    x: Spec,
    y: Spec,
) -> list[Spec]:
    """The number of each segment on a disc, which sets it off from the cells."""
    rows = [
        {
            "x": label.place[0],
            "y": label.place[1],
            "from_x": label.middle[0],
            "from_y": label.middle[1],
            "is_beside": label.is_beside,
            "text": str(cluster),
            "colour": colours[cluster],
        }
        for cluster, label in labels.items()
    ]
    at = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}}
    disc = {
        "type": "point",
        "shape": "circle",
        "size": (2 * frame.pick(*RADIUS)) ** 2,
        "fill": PAPER,
        "fillOpacity": 0.92,
        "strokeWidth": 2,
    }
    number = {
        "type": "text",
        "fontSize": WIDER * frame.pick(10, 12),
        "fontWeight": "bold",
        "baseline": "middle",
        "color": INK,
    }
    stroke = {"field": "colour", "type": "nominal", "scale": None}
    text = {"field": "text", "type": "nominal"}
    data = {"values": rows}
    lead = {
        "x": {**x, "field": "from_x"},
        "x2": {"field": "x"},
        "y": {**y, "field": "from_y"},
        "y2": {"field": "y"},
    }
    return [
        {
            "data": data,
            "transform": [{"filter": "datum.is_beside"}],
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1},
            "encoding": lead,
        },
        {"data": data, "mark": disc, "encoding": {**at, "stroke": stroke}},
        {"data": data, "mark": number, "encoding": {**at, "text": text}},
    ]
