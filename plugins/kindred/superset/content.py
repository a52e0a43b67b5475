"""What the files of datasets, charts and dashboards may say, and that they fit together."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kindred.superset.layout import COLUMNS

Content = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Kind of file -> name -> what it says."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Metric(_Said):
    title: str
    expression: str
    format: str = ""


class Dataset(_Said):
    """A query on ``{bi}``, with PostgreSQL's type of each column, or ``key``."""

    description: str
    sql: str
    columns: dict[str, str]
    time: str = ""
    metrics: dict[str, _Metric] = {}


class Chart(_Said):
    """One chart of a dataset; ``params`` are Superset's own."""

    title: str
    dataset: str
    viz_type: str
    params: dict[str, Any]
    description: str = ""


class _Entry(_Said):
    chart: str
    width: int = Field(ge=1, le=COLUMNS)
    height: int = Field(ge=1)


class _Filter(_Said):
    title: str
    description: str
    dataset: str
    column: str
    charts: list[str]
    takes_other_values: bool = False
    sorts_ascending: bool = True


class Dashboard(_Said):
    """Rows of charts, and filters."""

    title: str
    description: str
    rows: list[list[_Entry]]
    filters: list[_Filter] = []


KINDS: Mapping[str, type[BaseModel]] = {
    "datasets": Dataset,
    "charts": Chart,
    "dashboards": Dashboard,
}


def unknown_names(content: Content) -> Iterator[str]:
    """What a file names and no other file is, in words."""
    datasets, charts = content["datasets"], content["charts"]
    for name, chart in charts.items():
        if chart["dataset"] not in datasets:
            yield f"charts/{name}.yaml: there is no dataset {chart['dataset']!r}"
    for name, dashboard in content["dashboards"].items():
        place = f"dashboards/{name}.yaml"
        shown = [entry["chart"] for row in dashboard["rows"] for entry in row]
        for chart_name in shown:
            if chart_name not in charts:
                yield f"{place}: there is no chart {chart_name!r}"
        for said in dashboard.get("filters", ()):
            columns = datasets.get(said["dataset"], {}).get("columns", {})
            if said["column"] not in columns:
                yield f"{place}: there is no column {said['column']!r} of {said['dataset']!r}"
            for chart_name in said["charts"]:
                if chart_name not in shown:
                    yield f"{place}: filter {said['title']!r}: {chart_name!r} is not in the rows"
