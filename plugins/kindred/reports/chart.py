"""What a report is made of: charts with their tables, and sections of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Spec = dict[str, Any]
"""A chart as Vega-Lite describes it."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Frame:
    """The place of a chart: its width in CSS pixels, and whether that is a telephone's."""

    width: int
    is_narrow: bool

    def pick(self, narrow: int, wide: int) -> int:
        """What fits the place."""
        return narrow if self.is_narrow else wide


@dataclass(frozen=True)
class Table:
    """Cells as texts; the first of a row is its header."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.columns


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a colour, as a variable of the style, and what it stands for.

    ``is_outlined``: with the line that the marks have around them.
    """

    colour: str
    label: str
    is_outlined: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture with its table.

    ``title`` says what is to be seen, ``note`` what is drawn, in which units. ``draw`` gives the
    chart for a place. ``is_wide``: it takes the width of two.
    """

    title: str
    note: str
    table: Table
    draw: Callable[[Frame], Spec]
    keys: tuple[Key, ...] = ()
    is_wide: bool = False


@dataclass(frozen=True)
class Listing:
    """A table without a picture, shown at once."""

    title: str
    note: str
    table: Table
    is_wide: bool = False


@dataclass(frozen=True)
class Fact:
    """A figure of the head of a section: what it is, the figure, and what there is to know."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report: its anchor, a title, sentences, figures, charts and tables."""

    anchor: str
    title: str
    lead: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    blocks: tuple[Chart | Listing, ...] = field(default=())
