"""Rows of ``column_quality``: the quality of every encoded column of published snapshots."""

from collections.abc import Sequence
from datetime import datetime

from kindred.warehouse.database import Database


def counts(database: Database, as_of: datetime) -> dict[str, list[int]]:
    """Customers by bin of each column of a published snapshot."""
    return dict(database.rows("encoding/column_counts", {"as_of": as_of}))


def rejected_by_column(
    database: Database, columns: Sequence[str], window_start: datetime, window_end: datetime
) -> dict[str, int]:
    """Rejected rows of a window by column: those that name the column among their reasons."""
    parameters = {
        "columns": list(columns),
        "window_start": window_start,
        "window_end": window_end,
    }
    return dict(database.rows("encoding/rejected_by_column", parameters))
