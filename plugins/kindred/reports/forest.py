"""Forest plots: estimates by name, each with its interval, and a line to compare them with."""

from collections.abc import Sequence
from typing import Any

from kindred.reports.chart import Frame, Spec
from kindred.reports.vega import MUTED, names, number, spec
from kindred.reports.wording import labels, wrapped


def forest(
    frame: Frame,
    rows: Sequence[dict[str, Any]],
    title: str,
    *,
    reference: float | None,
    is_share: bool = False,
    lines: int = 2,
) -> Spec:
    """Estimates with intervals by name, and a line of reference.

    Rows have ``name``, ``value``, ``low``, ``high`` and ``colour``.
    """
    written = labels([str(row["name"]) for row in rows], frame.pick(17, 30), lines)
    data = [{**row, "name": name} for row, name in zip(rows, written, strict=True)]
    x = number(
        "value",
        wrapped(title, frame.pick(34, 60)).split("\n"),
        zero=False,
        axis={"format": "~%" if is_share else "~s"},
        scale={"padding": 12},
    )
    colour = {"field": "colour", "type": "nominal", "scale": None}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule"},
            "encoding": {
                "y": names("name", axis={"grid": True}),
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "size": 70},
            "encoding": {"y": names("name"), "x": x, "color": colour},
        },
    ]
    if reference is not None:
        layers.insert(
            0,
            {
                "data": {"values": [{"reference": reference}]},
                "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1, "strokeDash": [4, 3]},
                "encoding": {"x": {**x, "field": "reference"}},
            },
        )
    return spec(frame, {"step": 36 if lines > 1 else 26}, data, layers)
