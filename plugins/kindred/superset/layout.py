"""Where the charts of a dashboard stand: rows of twelve columns, as Superset writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = 12
Source = tuple[str, str, int]
"""Title, id and number of a chart."""


def placed(
    title: str, rows: Sequence[Sequence[Mapping[str, Any]]], sources: Mapping[str, Source]
) -> dict[str, Any]:
    """The layout of a dashboard.

    Each entry of a row has a ``chart``, its ``width`` in columns and ``height`` in 8 pixels each.
    """
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
    }
    for row_number, row in enumerate(rows, 1):
        row_id = f"ROW-{row_number}"
        entries = [
            _entry(f"{row_number}-{number}", entry, sources) for number, entry in enumerate(row, 1)
        ]
        position["GRID_ID"]["children"].append(row_id)
        position[row_id] = {
            "id": row_id,
            "type": "ROW",
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
            "children": [entry["id"] for entry in entries],
            "parents": ["ROOT_ID", "GRID_ID"],
        }
        parents = ["ROOT_ID", "GRID_ID", row_id]
        position |= {entry["id"]: {**entry, "parents": parents} for entry in entries}
    return position


def _entry(number: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> dict[str, Any]:
    title, chart_id, chart_number = sources[entry["chart"]]
    meta = {
        "width": entry["width"],
        "height": entry["height"],
        "sliceName": title,
        "uuid": chart_id,
        "chartId": chart_number,
    }
    return {"id": f"CHART-{number}", "type": "CHART", "meta": meta, "children": []}
