"""The grocer's demo: its tables, its spec and its dates."""

import pandas as pd
import pyarrow.compute as pc
import pytest

from local import grocery
from local.demos import data_set_of
from local.failures import RunFailedError
from local.grocery import grocery_tables
from local.layout import Layout


@pytest.fixture(scope="module")
def tables():
    """The tables with the first purchases of the year."""
    read = grocery._read

    def some(name):
        return read(name).head(20_000) if name == "transactions" else read(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grocery, "_read", some)
        return {table.name: table for table in grocery_tables()}


@pytest.fixture
def data_set(repository, tmp_path):
    return data_set_of(Layout(repository, tmp_path / ".kindred"), "grocery")


def test_the_tables_have_the_columns_that_the_spec_reads(tables, data_set):
    spec = data_set.spec
    purchases, catalogue = spec.events["purchases"], spec.recommendations.catalogue

    def names(relation):
        return {column.name for column in tables[relation.table_parts[-1]].columns}

    assert {spec.source.key, spec.source.updated_at, *spec.payload_columns} <= names(spec.source)
    roles = {*purchases.key_columns, purchases.customer, purchases.at}
    assert roles | {*filter(None, purchases.roles.values()), "brand"} <= names(purchases)
    assert {catalogue.key, catalogue.name, catalogue.available} <= names(catalogue)


def test_three_months_end_with_the_year(data_set):
    as_ofs = [f"{as_of:%Y-%m-%d}" for as_of in data_set.as_of_by_logical_date.values()]
    assert as_ofs == ["2017-11-01", "2017-12-01", "2018-01-01"]


@pytest.mark.soak
def test_every_household_is_known_since_its_first_purchase():
    tables = {table.name: table for table in grocery_tables()}
    households = {c.name: c.values.to_pylist() for c in tables["grocery_households"].columns}
    lines = {c.name: c.values for c in tables["grocery_lines"].columns}
    assert len(set(households["household_id"])) == 2469
    assert sum(value is not None for value in households["income"]) == 801
    assert min(households["first_bought_at"]) == pc.min(lines["bought_at"]).as_py()
    keys = pd.DataFrame({name: lines[name].to_numpy() for name in ("basket_id", "product_id")})
    assert len(keys) == 1_469_307
    assert not keys.duplicated().any()


def test_a_product_is_offered_unless_it_is_a_coupon_or_the_like(tables):
    products = {c.name: c.values.to_pylist() for c in tables["grocery_products"].columns}
    offered = dict(zip(products["product_type"], products["is_sold"], strict=True))
    assert offered["APPLE SAUCE"]
    assert not offered["COUPONS/STORE & MFG"]
    assert not offered["GASOLINE-REG UNLEADED"]
    names = dict(zip(products["product_type"], products["name"], strict=True))
    assert names["PREMIUM"].startswith("Premium (")
    assert len(names) == len(products["name"])


def test_an_unknown_demo_is_refused(repository, tmp_path):
    with pytest.raises(RunFailedError, match="no demo 'grocer': there are loans and grocery"):
        data_set_of(Layout(repository, tmp_path), "grocer")
