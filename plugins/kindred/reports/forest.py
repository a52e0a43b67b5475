"""Forest plots: estimates by name, each with its interval, and a line to compare them with."""

from collections.abc import Sequence
from typing import Any

from kindred.reports.chart import Frame, Key, Spec
from kindred.reports.lettering import lines_of
from kindred.reports.named_rows import named_rows
from kindred.reports.vega import number, round_axis

_THICKNESS = 14


def forest(
    frame: Frame,
    rows: Sequence[dict[str, Any]],
    title: str,
    *,
    reference: float | None,
    is_share: bool = False,
) -> Spec:
    """Estimates with intervals by name, and a line of reference.

    Rows have ``name``, ``value``, ``low``, ``high`` and ``colour``.
    """
    places = named_rows(frame, [row["name"] for row in rows], _THICKNESS)
    data = [{**row, **places.places(at)} for at, row in enumerate(rows)]
    shown = [row[field] for row in rows for field in ("value", "low", "high")]
    x = number(
        "value",
        lines_of(title, frame.pick(300, 280)),
        **round_axis([*shown, reference], frame.pick(4, 5), is_share=is_share),
    )
    colour = {"field": "colour", "type": "nominal", "scale": None}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule"},
            "encoding": {
                "y": places.y(),
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "size": 70},
            "encoding": {"y": places.y(), "x": x, "color": colour},
        },
    ]
    if reference is not None:
        layers.insert(0, places.limits([reference], x))
    return places.spec(frame, data, [places.guides, *layers])


def keys_of(rows: Sequence[dict[str, Any]], words: dict[str, str]) -> tuple[Key, ...]:
    """The legend of the colours that there are, in the order of the rows from top to bottom."""
    colours = dict.fromkeys(row["colour"] for row in rows)
    return tuple(Key(colour, words[colour]) for colour in colours)
