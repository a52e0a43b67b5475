"""The columns that encoding reads per customer: the input of its memory forecast."""

from kindred.encoding.encoding_memory import Columns
from kindred.history.snapshot_customers import Customers, average_text_bytes
from kindred.run.context import Run
from kindred.spec.features import Kind
from kindred.warehouse.database import Database


def columns_read(run: Run, warehouse: Database, customers: Customers) -> Columns:
    """Count the features by how they are read, with the average size of texts."""
    features = run.spec.features
    texts = [column for column, feature in features.items() if feature.kind is Kind.TEXT]
    text_bytes = average_text_bytes(warehouse, customers, texts)
    return Columns.of((feature.kind for feature in features.values()), text_bytes)
