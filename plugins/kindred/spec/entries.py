"""Entries of ``features``: short forms, labels and columns that are left out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kindred.spec.features import (
    MODELS,
    OWN_COLUMNS,
    SYSTEM_COLUMNS,
    UNUSABLE_KEY,
    EventFeature,
)


class Role(StrEnum):
    """What an entry of ``features`` may give instead of a kind: the column is not encoded."""

    IGNORE = "ignore"
    LABEL = "label"


def split_roles(entries: Mapping[object, object]) -> tuple[dict[str, object], list[str]]:
    """Split the entries of ``features`` into those encoded, sorted by name, and the labels.

    ``income: numeric`` is short for ``income: {kind: numeric}``. Columns are sorted because their
    order in the file (and in ``jsonb``) must not change a vector.
    """
    encoded: dict[str, object] = {}
    labels: list[str] = []
    for column, entry in sorted(entries.items(), key=lambda item: str(item[0])):
        kind = entry.get("kind") if isinstance(entry, dict) else entry
        if kind == Role.LABEL:
            labels.append(str(column))
        elif kind != Role.IGNORE:
            encoded[column] = {"kind": entry} if isinstance(entry, str) else entry  # type: ignore[index]
    return encoded, labels


def with_short_forms(schema: dict[str, Any]) -> None:
    """Let the JSON schema of ``features`` allow ``income: numeric``, labels and ignored columns."""
    mapping = {"type": "object", "properties": {"kind": {"enum": [*Role]}}, "required": ["kind"]}
    roles = [{"enum": [*Role]}, mapping]
    short = [kind for kind, model in MODELS.items() if not issubclass(model, EventFeature)]
    schema["additionalProperties"] = {
        "anyOf": [{"enum": short}, *roles, schema["additionalProperties"]]
    }
    schema["patternProperties"] = {
        f"%|^({'|'.join((*OWN_COLUMNS, UNUSABLE_KEY, *SYSTEM_COLUMNS))})$": {"enum": [Role.IGNORE]}
    }
    schema["not"] = {"additionalProperties": {"anyOf": roles}}  # at least one is encoded


def with_source_of_events(schema: dict[str, Any]) -> None:
    """Let the JSON schema of ``source`` allow ``{events: purchases}``."""
    named = {"properties": {"events": {"type": "string"}}, "required": ["events"]}
    alone = {"type": "object", **named, "additionalProperties": False}
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, alone]
