"""Lines of YAML for people to read: values on a single line, with a comment beside them."""

from collections.abc import Mapping
from typing import Any

import yaml

COMMENT_COLUMN = 52


def commented(line: str, reason: str) -> str:
    """A line of YAML with a comment beside it."""
    return f"{line:<{COMMENT_COLUMN}}  # {plain_line(reason)}"


def plain_line(text: str) -> str:
    """Text on a single line, as a comment needs it, whatever characters a name contains."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def flow(value: str | int | list[str] | Mapping[str, Any]) -> str:
    """A value on a single line."""
    text: str = yaml.safe_dump(
        dict(value) if isinstance(value, Mapping) else value,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()
