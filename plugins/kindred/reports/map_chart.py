"""The map: how many customers are where, in the colour of the segment that most of them are in."""

from collections import defaultdict
from collections.abc import Mapping
from math import log

from kindred.reports.chart import Chart, Frame, Key, Spec, Table
from kindred.reports.figures import CustomerMap
from kindred.reports.vega import INK, OTHERS, PAPER, WIDER, spec
from kindred.reports.wording import count, figure, share, shown

Cells = dict[tuple[int, int], dict[int | None, int]]
_COARSE = 2
"""Cells of the map on a telephone, of those that are counted, on each side."""

_FAINTEST = 0.18


def map_chart(
    found: CustomerMap | None, titles: Mapping[int, str], colours: Mapping[int, str]
) -> list[Chart]:
    """The customers as density, coloured by segment; ``titles`` and ``colours`` by cluster id."""
    if found is None:
        return []
    totals: dict[int | None, int] = defaultdict(int)
    for cell in found.cells:
        totals[cell.cluster_id] += cell.customers
    order = sorted((one for one in totals if one is not None), key=lambda one: (-totals[one], one))
    faithful = ""
    if found.trustworthiness is not None:
        faithful = (
            f" Trustworthiness {figure(found.trustworthiness)}: 1 if all {found.neighbours} nearest"
            " on the map are near in the vectors too, 0.5 by chance."
        )
    keys = [Key(colours.get(one, OTHERS), shown(titles.get(one, str(one)))) for one in order]
    if totals.get(None):
        keys.append(Key(OTHERS, "all others"))
    return [
        Chart(
            f"Where {count(found.customers)} customers are, and in which segments",
            "Each cell has the colour of the segment with the most customers there, and is the"
            " stronger the more customers it has (by the logarithm). Near on the map is alike;"
            f" directions mean nothing.{faithful}",
            Table(
                ("segment", "customers on the map", "share", "cells"),
                tuple(
                    (
                        "all others" if one is None else shown(titles.get(one, str(one))),
                        count(totals[one]),
                        share(totals[one] / found.customers),
                        count(sum(cell.cluster_id == one for cell in found.cells)),
                    )
                    for one in (*order, *([None] if totals.get(None) else []))
                ),
            ),
            lambda frame: _map(frame, found, colours),
            keys=tuple(keys),
            is_wide=True,
        )
    ]


def cells_of(found: CustomerMap, size: int) -> Cells:
    """Customers by segment, in cells of so many counted ones on each side; from (0, 0)."""
    cells: Cells = defaultdict(lambda: defaultdict(int))
    for one in found.cells:
        place = (one.column - 1) // size, (one.row - 1) // size
        cells[place][one.cluster_id] += one.customers
    return cells


def _map(frame: Frame, found: CustomerMap, colours: Mapping[int, str]) -> Spec:
    size = frame.pick(_COARSE, 1)
    cells = cells_of(found, size)
    most = max(sum(inside.values()) for inside in cells.values())
    rows = []
    for (column, row), inside in sorted(cells.items()):
        # Of segments with as many customers, the first: the colour must not change by chance.
        main = min(inside, key=lambda one: (-inside[one], one is None, one or 0))
        strength = log(1 + sum(inside.values())) / log(1 + most)
        rows.append(
            {
                "x": column,
                "x2": column + 1,
                "y": row,
                "y2": row + 1,
                "colour": OTHERS if main is None else colours.get(main, OTHERS),
                "opacity": round(_FAINTEST + (1 - _FAINTEST) * strength, 2),
            }
        )
    columns, lines = -(-found.columns // size), -(-found.rows // size)
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
    return spec(frame, height, rows, [cell, _numbers(frame, cells, colours, x, y)])


def _numbers(frame: Frame, cells: Cells, colours: Mapping[int, str], x: Spec, y: Spec) -> Spec:
    """The number of each segment where most of its customers are, as far as there is room."""
    apart = frame.pick(18, 24) * max(1, max(column for column, _ in cells) + 1) / frame.width
    places: dict[int, list[tuple[int, tuple[int, int]]]] = defaultdict(list)
    for place, inside in cells.items():
        for cluster, customers in inside.items():
            if cluster is not None and cluster in colours:
                places[cluster].append((customers, place))
    taken: list[tuple[int, int]] = []
    rows = []
    for cluster in sorted(places, key=lambda one: (-sum(n for n, _ in places[one]), one)):
        for _, (column, row) in sorted(places[cluster], key=lambda one: (-one[0], one[1])):
            if all(abs(column - x) > apart or abs(row - y) > apart for x, y in taken):
                taken.append((column, row))
                rows.append({"x": column + 0.5, "y": row + 0.5, "text": str(cluster)})
                break
    return {
        "data": {"values": rows},
        "mark": {
            "type": "text",
            "fontSize": WIDER * frame.pick(12, 16),
            "fontWeight": "bold",
            "color": INK,
            "stroke": PAPER,
            "strokeWidth": 0,
        },
        "encoding": {
            "x": {**x, "field": "x"},
            "y": {**y, "field": "y"},
            "text": {"field": "text"},
        },
    }
