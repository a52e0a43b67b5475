"""The zip that Superset imports: database, datasets, charts and dashboards of one space.

Ids are computed from the space and the name, so that a second import replaces the first, and the
dashboards of several spaces stand side by side. Equal input gives equal bytes.
"""

import io
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from kindred.spec.model import DEFAULT_SPACE, Spec
from kindred.superset.address import Address
from kindred.superset.content import Content
from kindred.superset.layout import placed

NAMESPACE = uuid.UUID("6f6b3f0c-2f63-5a5e-9d3b-6f1f0a9c5b1e")
VERSION = "1.0.0"  # of the format
FOLDER = "kindred"
BEGINNING = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
IN_UTC = "-c TimeZone=UTC"
KEY = "key"
"""The type of a customer's key, which is another in each space: Superset is told of none, so that
what a reader types is compared as PostgreSQL reads it."""


def superset_zip(content: Content, spec: Spec, address: Address) -> bytes:
    """The zip with all dashboards of a space, for the warehouse at an address.

    ``content`` is what ``read_dashboards`` returns.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, document in sorted(_documents(content, spec, address)):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", BEGINNING)
            entry.compress_type = zipfile.ZIP_STORED  # deflate differs between builds of zlib
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            text = yaml.safe_dump(document, sort_keys=True, allow_unicode=True, width=100)
            archive.writestr(entry, text)
    return written.getvalue()


def _documents(
    content: Content, spec: Spec, address: Address
) -> Iterator[tuple[str, dict[str, Any]]]:
    ids = _Ids(spec.space)
    database = _database_name(spec)
    yield (
        "metadata.yaml",
        {
            "version": VERSION,
            "type": "Dashboard",
            "timestamp": "1980-01-01T00:00:00+00:00",
        },
    )
    yield f"databases/{FOLDER}.yaml", _database(database, ids, address)
    for name, dataset in content["datasets"].items():
        yield f"datasets/{FOLDER}/{name}.yaml", _dataset(name, dataset, ids, spec)
    for name, chart in content["charts"].items():
        yield f"charts/{name}.yaml", _chart(name, chart, ids)
    for name, dashboard in content["dashboards"].items():
        yield f"dashboards/{name}.yaml", _dashboard(name, dashboard, content["charts"], ids, spec)


class _Ids:
    """The id of each thing of a space."""

    def __init__(self, space: str) -> None:
        self._space = space

    def of(self, kind: str, name: str) -> str:
        return str(uuid.uuid5(NAMESPACE, f"{self._space}/{kind}/{name}"))


def _suffix(spec: Spec) -> str:
    return "" if spec.space == DEFAULT_SPACE else f" ({spec.space})"


def _database_name(spec: Spec) -> str:
    return f"Kindred{_suffix(spec)}"


def _database(name: str, ids: _Ids, address: Address) -> dict[str, Any]:
    return {
        "database_name": name,
        "sqlalchemy_uri": address.uri,
        "uuid": ids.of("databases", FOLDER),
        "version": VERSION,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            # Days begin in UTC, as in as_of_date, whatever the server's time zone is.
            "engine_params": {
                "connect_args": {"options": " ".join((IN_UTC, *address.session_options))}
            },
        },
    }


def _dataset(name: str, dataset: Mapping[str, Any], ids: _Ids, spec: Spec) -> dict[str, Any]:
    schema = spec.bi_schema
    return {
        "table_name": f"{schema}_{name}",
        "sql": dataset_query(dataset, schema),
        "schema": schema,
        "uuid": ids.of("datasets", name),
        "database_uuid": ids.of("databases", FOLDER),
        "version": VERSION,
        "description": dataset["description"],
        "main_dttm_col": dataset.get("time"),
        "filter_select_enabled": True,
        "columns": [_column(column, kind) for column, kind in dataset["columns"].items()],
        "metrics": [
            {
                "metric_name": metric,
                "verbose_name": said["title"],
                "expression": said["expression"],
                "d3format": said.get("format"),
            }
            for metric, said in dataset.get("metrics", {}).items()
        ],
    }


def dataset_query(dataset: Mapping[str, Any], schema: str) -> str:
    """The query of a dataset, on the views of one schema."""
    doubled = schema.replace('"', '""')
    return str(dataset["sql"]).replace("{bi}", f'"{doubled}"')


def _column(name: str, kind: str) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": name.replace("_", " "),
        "type": None if kind == KEY else kind.upper(),
        "is_dttm": kind.startswith(("timestamp", "date")),
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _chart(name: str, chart: Mapping[str, Any], ids: _Ids) -> dict[str, Any]:
    return {
        "slice_name": chart["title"],
        "description": chart.get("description"),
        "viz_type": chart["viz_type"],
        "params": {"adhoc_filters": [], **chart["params"], "viz_type": chart["viz_type"]},
        "uuid": ids.of("charts", name),
        "dataset_uuid": ids.of("datasets", chart["dataset"]),
        "version": VERSION,
    }


def _dashboard(
    name: str,
    dashboard: Mapping[str, Any],
    charts: Mapping[str, Mapping[str, Any]],
    ids: _Ids,
    spec: Spec,
) -> dict[str, Any]:
    title = f"{dashboard['title']}{_suffix(spec)}"
    named = [entry["chart"] for row in dashboard["rows"] for entry in row]
    numbers = {chart: number for number, chart in enumerate(named, 1)}
    sources = {
        chart: (charts[chart]["title"], ids.of("charts", chart), number)
        for chart, number in numbers.items()
    }
    filters = [
        _filter(number, said, numbers, ids)
        for number, said in enumerate(dashboard.get("filters", ()), 1)
    ]
    return {
        "dashboard_title": title,
        "description": dashboard["description"],
        "slug": f"{FOLDER}-{name}"
        if spec.space == DEFAULT_SPACE
        else f"{FOLDER}-{spec.space}-{name}",
        "uuid": ids.of("dashboards", name),
        "version": VERSION,
        "published": True,
        "css": "",
        "position": placed(title, dashboard["rows"], sources),
        "metadata": {
            "native_filter_configuration": filters,
            "cross_filters_enabled": False,
            "color_scheme": "supersetColors",
            "label_colors": {},
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
            "expanded_slices": {},
            "default_filters": "{}",
        },
    }


def _filter(
    number: int, said: Mapping[str, Any], numbers: Mapping[str, int], ids: _Ids
) -> dict[str, Any]:
    """A filter with one value, which is the first there is until a reader chooses another."""
    applies_to = set(said["charts"])
    excluded = [number for chart, number in numbers.items() if chart not in applies_to]
    return {
        "id": f"NATIVE_FILTER-{FOLDER}-{number}",
        "name": said["title"],
        "description": said["description"],
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [
            {
                "column": {"name": said["column"]},
                "datasetUuid": ids.of("datasets", said["dataset"]),
            }
        ],
        "controlValues": {
            "enableEmptyFilter": True,
            "defaultToFirstItem": True,
            "multiSelect": False,
            "searchAllOptions": False,
            "inverseSelection": False,
            "creatable": said.get("takes_other_values", False),
            "sortAscending": said.get("sorts_ascending", True),
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "requiredFirst": True,  # applied without a click
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
    }
