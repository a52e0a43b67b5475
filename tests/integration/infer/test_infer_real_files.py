"""Real files that nobody has described: proposed, loaded and run until they are published."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg2 import sql

from integration.local_server import LaboratoryServer
from kindred.spec.clustering import Algorithm
from kindred.spec.features import Kind
from local.csv_file import csv_data_set
from local.file_request import CsvRequest
from local.layout import Layout

DATA = Path(
    os.environ.get("KINDRED_TEST_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CAMPAIGNS = [f"AcceptedCmp{number}" for number in range(1, 6)]
REQUESTS = {
    "telco_churn": CsvRequest(DATA / "telco_churn.csv", "customerID", labels="Churn"),
    "marketing_campaign": CsvRequest(
        DATA / "marketing_campaign.csv",
        "ID",
        separator=";",
        updated_at="Dt_Customer",
        labels=",".join(["Response", *CAMPAIGNS]),
    ),
    "womens_clothing_reviews": CsvRequest(DATA / "womens_clothing_reviews.csv.gz", "row_number"),
}
ALGORITHMS = [Algorithm.KMEANS, Algorithm.HDBSCAN]
CUSTOMERS = {"telco_churn": 7043, "marketing_campaign": 2240, "womens_clothing_reviews": 23_486}


def request_of(name):
    request = REQUESTS[name]
    if not request.csv.exists():
        pytest.skip(f"{request.csv} is not there; KINDRED_TEST_DATA names the folder of test data")
    return request


@pytest.fixture
def layout(repository, tmp_path):
    layout = Layout(repository, tmp_path / ".kindred")
    layout.create()
    return layout


def kinds(spec):
    return {name: str(feature.kind) for name, feature in spec.features.items()}


def test_telco_churn_is_understood(layout):
    spec = csv_data_set(layout, request_of("telco_churn"), NOW).spec
    found = kinds(spec)
    assert found["TotalCharges"] == "numeric"  # eleven are blank
    assert found["SeniorCitizen"] == found["Partner"] == "boolean"
    assert found["MultipleLines"] == "categorical"  # yes, no, no phone service
    assert len(found) == 19
    assert spec.labels == ("Churn",)


def test_marketing_campaign_is_understood(layout):
    data_set = csv_data_set(layout, request_of("marketing_campaign"), NOW)
    found = kinds(data_set.spec)
    assert "ID" not in found  # behind a byte order mark
    assert "Z_CostContact" not in found
    assert "Z_Revenue" not in found
    assert found["Income"] == found["Year_Birth"] == "numeric"
    assert data_set.spec.features["MntWines"].transform == "log1p"
    assert data_set.spec.labels == ("Response", *CAMPAIGNS)
    (as_of,) = data_set.as_of_by_logical_date.values()
    assert as_of == datetime(2014, 6, 29, 2, tzinfo=UTC)


def test_reviews_are_understood(layout):
    spec = csv_data_set(layout, request_of("womens_clothing_reviews"), NOW).spec
    found = kinds(spec)
    assert found["Review Text"] == found["Title"] == Kind.TEXT
    assert found["Division Name"] == "categorical"
    assert spec.labels == ("Recommended IND",)  # suspected by its name
    assert "Rating" not in found  # gives the label away
    assert {"column_1", "Clothing ID"}.isdisjoint(found)


@pytest.mark.parametrize(
    "name", ["telco_churn", pytest.param("marketing_campaign", marks=pytest.mark.soak)]
)
def test_the_whole_way_without_a_spec_by_hand(laboratory, layout, name):
    """The reviews, whose texts take half a minute: ``soak_real_files.py``."""
    # Density takes seconds for thousands of customers: ``soak_real_files.py``.
    algorithms = ALGORITHMS if name == "marketing_campaign" else ALGORITHMS[:1]
    walk_the_whole_way(laboratory, layout, name, algorithms)
    if name == "telco_churn":
        assert_segments_of_telco_customers_churn_more_and_less_than_all(laboratory)


def walk_the_whole_way(laboratory, layout, name, algorithms):
    """From a file to published tables, by the proposed spec."""
    data_set = csv_data_set(layout, request_of(name), NOW)
    lines = list(data_set.load(LaboratoryServer(laboratory)))
    assert any(f"{CUSTOMERS[name]:,} rows loaded in shop.public.{name}" in line for line in lines)
    (as_of,) = data_set.as_of_by_logical_date.values()
    clustering = data_set.spec.clustering.model_copy(update={"algorithms": tuple(algorithms)})
    spec = data_set.spec.model_copy(update={"clustering": clustering})
    laboratory.run(spec, f"{as_of:%Y-%m-%dT%H:%M}")
    names = {"bi": sql.Identifier(f"bi_{name}")}
    text = "select status, customers, lookalikes, rows_rejected from {bi}.snapshots"
    expected = ("published", CUSTOMERS[name], 10 * CUSTOMERS[name], 0)
    assert laboratory.query(sql.SQL(text).format(**names)) == [expected]
    text = "select distinct algorithm from {bi}.clusters_current where cluster_id <> -1"
    found = {algorithm for (algorithm,) in laboratory.query(sql.SQL(text).format(**names))}
    assert found == set(algorithms)
    again = list(data_set.load(LaboratoryServer(laboratory)))
    assert any("rows are in place in" in line for line in again)


def assert_segments_of_telco_customers_churn_more_and_less_than_all(laboratory):
    found = laboratory.query("""
        select share, low, high, everyone_share, is_different
        from bi_telco_churn.cluster_profiles_current
        where role = 'label' and algorithm = 'kmeans'
        order by cluster_id
    """)
    assert len(found) == 8
    assert {everyone for *_, everyone, _ in found} == {1869 / 7043}
    assert all(low < share < high for share, low, high, *_ in found)
    outside = [(low > everyone, high < everyone) for _, low, high, everyone, _ in found]
    assert [any(sides) for sides in outside] == [is_different for *_, is_different in found]
    assert sum(above for above, _ in outside) >= 2
    assert sum(below for _, below in outside) >= 2
