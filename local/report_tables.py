"""What the tables of the report are made of."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from kindred.spec.names import plain

Row = dict[str, Any]


def new_table(title: str) -> Table:
    """An empty table without lines."""
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def shown(value: object) -> str:
    """A value of the data as it is: neither markup nor what a terminal would obey."""
    return escape(plain(str(value)))


def as_share(value: float | None) -> str:
    """A share with four digits; nothing where there is none."""
    return "" if value is None else f"{value:.4f}"
