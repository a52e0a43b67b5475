"""The data of a local run: a source table, its spec, and the dates of the snapshots."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kindred.spec.model import Spec
from local.postgres import EmbeddedServer


@dataclass(frozen=True)
class DataSet:
    """A table that can be loaded, and what to do with it.

    ``as_of_by_logical_date`` names the intervals by their start. ``load`` loads the table into the
    source database and puts its spec where Airflow reads it; it returns lines for the user.
    ``file_rows``, ``event_file_rows``: the rows of its files, for the report.
    """

    spec: Spec
    as_of_by_logical_date: Mapping[datetime, datetime]
    load: Callable[[EmbeddedServer], Iterable[str]]
    closing_lines: tuple[str, ...] = ()
    file_rows: int | None = None
    event_file_rows: int | None = None
