"""What Airflow's OpenLineage provider is told of a snapshot, and when nothing of it is imported."""

import json
import sys

import pytest

from kindred.publication.data_sets import Column, DataSet, Place

pytestmark = pytest.mark.usefixtures("airflow_library")

CUSTOMERS = Place("crm", 5433, "shop", "sales", "customers")
SHOWN = Place("warehouse", 5432, "warehouse", "bi", "customers")


@pytest.fixture
def lineage():
    from kindred.airflow_adapter import lineage

    return lineage


def facets(data_sets):
    """The data sets as they are sent."""
    from openlineage.client.serde import Serde

    return [json.loads(Serde.to_json(data_set)) for data_set in data_sets]


def test_a_table_that_is_read_twice_is_one_with_all_columns(lineage):
    tables = [
        DataSet(CUSTOMERS, (Column("id", "bigint"),)),
        DataSet(CUSTOMERS, (Column("id", "bigint"), Column("age", "integer"))),
    ]
    [sent] = facets(lineage.inputs_of(tables))
    assert (sent["namespace"], sent["name"]) == ("postgres://crm:5433", "shop.sales.customers")
    fields = [(field["name"], field["type"]) for field in sent["facets"]["schema"]["fields"]]
    assert fields == [("id", "bigint"), ("age", "integer")]


def test_a_table_of_a_query_has_no_schema(lineage):
    [sent] = facets(lineage.inputs_of([DataSet(CUSTOMERS)]))
    assert sent["facets"] == {}


def test_a_view_says_what_its_columns_are_and_which_they_repeat(lineage):
    repeated = Column("customer_id", "bigint", "The customer.", ((CUSTOMERS, "id"),))
    [sent] = facets(lineage.outputs_of([DataSet(SHOWN, (repeated, Column("as_of", "date")))]))
    assert sent["name"] == "warehouse.bi.customers"
    [first, second] = sent["facets"]["schema"]["fields"]
    assert (first["description"], second["name"]) == ("The customer.", "as_of")
    columns = sent["facets"]["columnLineage"]["fields"]
    assert list(columns) == ["customer_id"]
    [origin] = columns["customer_id"]["inputFields"]
    assert (origin["namespace"], origin["name"]) == ("postgres://crm:5433", "shop.sales.customers")
    assert origin["field"] == "id"
    assert origin["transformations"][0]["subtype"] == "IDENTITY"


def test_without_the_provider_nothing_is_looked_up(lineage, monkeypatch):
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage", None)
    assert lineage.is_active() is False
    assert lineage.on_publication({}) is None


def test_without_a_place_to_send_to_nothing_more_of_the_provider_is_imported(lineage, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("airflow.providers.openlineage")]:
        monkeypatch.delitem(sys.modules, name)
    assert lineage.is_active() is False
    assert "airflow.providers.openlineage.api" not in sys.modules
