"""Where a snapshot comes from, told to Airflow's OpenLineage provider where that is set up.

The provider tells of every task by itself, but not what a function of Python reads and writes.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kindred.airflow_adapter.connections import deployment
from kindred.publication.data_sets import Column, DataSet, Place, read_sources, read_views
from kindred.run.context import opened_run

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset

log = logging.getLogger(__name__)


def on_publication(context: Mapping[str, Any]) -> None:
    """Success callback of task ``publish``: an error here fails neither task nor run."""
    if not is_active():
        return
    from airflow.providers.openlineage.api import emit_dataset_lineage

    task_instance = context["ti"]
    reference = task_instance.xcom_pull(task_ids="prepare")
    as_of = datetime.fromisoformat(reference["as_of"])
    with opened_run(deployment(), reference["space"], as_of, None, "lineage") as run:
        sources = read_sources(run)
        with run.warehouse("lineage") as warehouse:
            views = read_views(run, warehouse, sources)
    tables = [data_set for found in sources.values() for data_set in found]
    emit_dataset_lineage(
        inputs=inputs_of(tables),  # type: ignore[arg-type]
        outputs=outputs_of(views),  # type: ignore[arg-type]
        task_instance=task_instance,
    )
    log.info("OpenLineage was told of %d tables and %d views", len(tables), len(views))


def is_active() -> bool:
    """Whether the provider is installed, and has somewhere to send its events to."""
    try:
        from airflow.providers.openlineage import conf
    except ImportError:
        return False
    # Asked first: the rest of the provider takes half a second to import.
    if conf.is_disabled():
        return False
    from airflow.providers.openlineage.api import is_openlineage_active

    return bool(is_openlineage_active())


def inputs_of(tables: Sequence[DataSet]) -> "list[InputDataset]":
    """The tables as OpenLineage has them; one that several parts of a spec read is one."""
    from openlineage.client.event_v2 import InputDataset

    columns: dict[Place, dict[str, Column]] = {}
    for table in tables:
        columns.setdefault(table.place, {}).update((one.name, one) for one in table.columns)
    return [
        InputDataset(*_name_of(place), facets=_schema_facet(list(found.values())))
        for place, found in columns.items()
    ]


def outputs_of(views: Sequence[DataSet]) -> "list[OutputDataset]":
    """The views as OpenLineage has them, with the columns of tables that theirs repeat."""
    from openlineage.client.event_v2 import OutputDataset

    return [
        OutputDataset(
            *_name_of(view.place),
            facets={**_schema_facet(view.columns), **_lineage_facet(view.columns)},
        )
        for view in views
    ]


def _name_of(place: Place) -> tuple[str, str]:
    """Namespace and name, by the naming rules of OpenLineage for PostgreSQL."""
    named = f"{place.database}.{place.schema}.{place.name}"
    return f"postgres://{place.host}:{place.port}", named


def _schema_facet(columns: Sequence[Column]) -> dict[str, Any]:
    from openlineage.client.facet_v2 import schema_dataset

    fields = [
        schema_dataset.SchemaDatasetFacetFields(
            name=column.name, type=column.type_name, description=column.comment
        )
        for column in columns
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}


def _lineage_facet(columns: Sequence[Column]) -> dict[str, Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset as facets

    repeated = facets.Transformation(type="DIRECT", subtype="IDENTITY", masking=False)
    fields = {
        column.name: facets.Fields(
            inputFields=[
                facets.InputField(*_name_of(place), field=name, transformations=[repeated])
                for place, name in column.origins
            ]
        )
        for column in columns
        if column.origins
    }
    return {"columnLineage": facets.ColumnLineageDatasetFacet(fields=fields)} if fields else {}
