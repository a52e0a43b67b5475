"""What a build records of a night in which nothing has changed: whose partitions it shares."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

FACT = "unchanged_since"


def stored_as_of(facts: Mapping[str, Any]) -> datetime | None:
    """The snapshot whose partitions a build shares; None if it is computed."""
    found = facts.get(FACT)
    return None if found is None else datetime.fromisoformat(found["as_of"])
