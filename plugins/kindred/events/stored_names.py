"""The names of the columns in which events are stored."""

import hashlib

from kindred.spec.event_columns import ITEM
from kindred.spec.features import SYSTEM_COLUMNS

OWN_COLUMNS = ("customer_id", "at", "identity", "landed_at", "withdrawn_at")
"""Columns of every event, besides those that features use."""
_OF_LANDING = ("unusable_key", "row_id")
LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps (its manual, "Identifiers and Key Words")."""
MAX_VALUE_BYTES = 2000
"""Bytes of an item, or another text of an event, that has a code: an index of PostgreSQL holds 2704
in a row (its manual, "B-Tree Indexes"), which the names beside it share."""


def stored_name(name: str, *, is_code: bool | None = None) -> str:
    """The column in which a column of events is stored, by the name that features use.

    ``is_code``: as a number that stands for its text (``event_values``), or else as a number. An
    item is usually a code, and every other column a number; only what is unusual is prefixed.
    """
    if is_code is None or is_code == (name == ITEM):
        stored = f"column {name}" if name in (*OWN_COLUMNS, *_OF_LANDING, *SYSTEM_COLUMNS) else name
    else:
        stored = f"code {name}" if is_code else f"number {name}"
    if len(stored.encode()) <= LONGEST_NAME:
        return stored
    return f"column {hashlib.sha256(stored.encode()).hexdigest()[:32]}"
