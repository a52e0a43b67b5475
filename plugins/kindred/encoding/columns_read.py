"""What is read of a customer to be encoded: the first term of the memory that encoding takes."""

from kindred.encoding.encoding_memory import Columns
from kindred.history.snapshot_customers import Customers, average_text_bytes
from kindred.run.context import Run
from kindred.spec.features import Kind
from kindred.warehouse.database import Database


def columns_read(run: Run, warehouse: Database, customers: Customers) -> Columns:
    """The features of a customer, as they are read to be encoded."""
    features = run.spec.features
    texts = [column for column, feature in features.items() if feature.kind is Kind.TEXT]
    text_bytes = average_text_bytes(warehouse, customers, texts)
    return Columns.of((feature.kind for feature in features.values()), text_bytes)
