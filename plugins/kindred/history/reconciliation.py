"""Reconciliation: customers of the source that no window has brought are found, counted and landed.

A window trusts ``updated_at``. A row that was imported with an old one, committed after its window
had landed, or corrected after it was rejected, would never arrive; nor would a tombstone that was
set or reset without a new time. So the keys of the source are compared with the history.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2 import sql

from kindred.errors import GateError
from kindred.history import source, source_errors
from kindred.history.row_comparison import Comparison
from kindred.history.source import SourceColumns
from kindred.history.suppression import SuppressionFilter
from kindred.spec.features import OWN_COLUMNS, UNUSABLE_KEY
from kindred.spec.model import Spec
from kindred.spec.source import History
from kindred.warehouse import statements
from kindred.warehouse.copy_pipe import pipe
from kindred.warehouse.database import Database, Writable

log = logging.getLogger(__name__)

KEYS_EVERY = timedelta(days=7)
KEYS_PER_QUERY = 100_000
KEY_COLUMNS = (*OWN_COLUMNS, UNUSABLE_KEY)


@dataclass(frozen=True)
class SourceCounts:
    """Customers of the source as of the end of a window.

    ``customers``: keys that cannot be used count; ``dated_keys``: usable keys with a row before the
    end, tombstones included; ``dated_customers``: those whose newest row before it is none;
    ``newest``: the newest time before it.
    """

    customers: int
    dated_keys: int
    dated_customers: int
    future_customers: int
    newest: str | None


@dataclass(frozen=True)
class SourceKeys:
    """The keys of a source as of the end of a window, with the time and tombstone of every row."""

    origin: Database
    spec: Spec
    columns: SourceColumns
    end: datetime

    def count(self) -> SourceCounts:
        """Count them in the source.

        Raises
        ------
        PreflightError
            when the source's rows cannot be read.
        """
        keys = sql.SQL("({})").format(self._query())
        with source_errors.reading(self.origin, self.spec.source):
            return _counts(self.origin, self._parameters, keys)

    def copy(self, warehouse: Database, table: str) -> None:
        """Copy them into a table of ``KEY_COLUMNS``."""
        with source_errors.storing(self.spec.source):
            pipe(
                lambda sink: self._copy_out(self._query(), sink, self._parameters),
                lambda reader: warehouse.copy_in(table, KEY_COLUMNS, reader),
            )

    def copy_rows(
        self, warehouse: Database, table: str, keys: str, unusable_keys: str, has_null: bool
    ) -> None:
        """Copy the rows of some keys, given as texts of arrays, into a landing table.

        ``has_null``: those without a key too.
        """
        names = {
            "key": source.key_expression(self.spec.source, self.columns),
            "key_type": sql.SQL(self.columns.key_type.value),
            "unusable_key": source.own_columns(self.spec, self.columns)[-1],
            "source_key": sql.Identifier(self.spec.source.key),
        }
        has_key = "{key} = any(%(keys)s::{key_type}[])"
        if self.columns.ignores_case:
            has_key, keys = "lower({key}) = any(%(keys)s::{key_type}[])", keys.lower()
        if unusable_keys != "{}":
            has_key = f"({has_key} or {{unusable_key}} = any(%(unusable_keys)s::text[]))"
        if has_null:
            has_key = f"({has_key} or {{source_key}} is null)"
        query = statements.compose(
            "history/select_rows_of_keys",
            columns=source.selected(self.spec, self.columns),
            relation=source.relation(self.spec.source),
            condition=source.condition(self.spec.source),
            has_key=sql.SQL(has_key).format(**names),
            moment=source.moment(self.spec.source, self.columns),
        )
        parameters = {**self._parameters, "keys": keys, "unusable_keys": unusable_keys}
        with source_errors.storing(self.spec.source):
            pipe(
                lambda sink: self._copy_out(query, sink, parameters),
                lambda reader: warehouse.copy_in(
                    table, [*KEY_COLUMNS, *self.columns.types], reader
                ),
            )

    def _copy_out(self, query: sql.Composed, sink: Writable, parameters: dict[str, Any]) -> int:
        with source_errors.reading(self.origin, self.spec.source):
            return self.origin.copy_out(query, sink, parameters)

    @property
    def _parameters(self) -> dict[str, Any]:
        return {
            "window_end": self.end.isoformat(),
            "source_timezone": self.spec.source.zone,
        }

    def _query(self) -> sql.Composed:
        return statements.compose(
            "history/select_keys",
            columns=statements.comma_separated(source.own_columns(self.spec, self.columns)),
            relation=source.relation(self.spec.source),
            condition=source.condition(self.spec.source),
        )


def are_keys_due(warehouse: Database, counts: SourceCounts, rows_table: str, end: datetime) -> bool:
    """Whether to compare keys though deletes do not need it: weekly, or if the counts differ."""
    parameters = {"window_end": end, "interval": KEYS_EVERY}
    return bool(
        warehouse.value("history/are_keys_due", parameters)
        or warehouse.value(
            "history/is_key_missing", {**asdict(counts), "window_end": end}, landing=rows_table
        )
    )


def count_copied(warehouse: Database, keys_table: str, end: datetime) -> SourceCounts:
    """The counts of keys that were copied into the warehouse."""
    return _counts(warehouse, {"window_end": end}, keys_table)


def _counts(database: Database, parameters: dict[str, Any], keys: statements.Name) -> SourceCounts:
    (row,) = database.rows("history/count_keys", parameters, keys=keys)
    return SourceCounts(*row)


def copy_missing(
    keys: SourceKeys,
    warehouse: Database,
    tables: dict[str, str],
    found_table: str,
    suppression_filter: SuppressionFilter,
) -> None:
    """Copy the source rows of missing customers; ``tables`` has the landed ``keys`` and rows.

    This needs a transaction in the warehouse.
    """
    warehouse.run("history/create_in_force", {"window_end": keys.end})
    parameters = {
        "window_end": keys.end,
        "block_rows": KEYS_PER_QUERY,
        "is_current": keys.spec.source.history is History.CURRENT,
    }
    for block in warehouse.rows("history/find_missing_keys", parameters, **tables):
        keys.copy_rows(warehouse, found_table, *block)
    suppression_filter.clean(warehouse, found_table, keys.columns.key_type)
    warehouse.run("warehouse/analyze_table", table=found_table)


def keep_missing(warehouse: Database, found_table: str, comparison: Comparison) -> None:
    """Keep the rows of customers who are still missing, or were restored to other values."""
    landed, version = comparison.row("landed"), comparison.version(fills=True)
    for statement in ("history/record_earlier_times", "history/keep_missing"):
        warehouse.run(statement, found=found_table, landed_values=landed, version_values=version)


def count_missing(
    warehouse: Database, spec: Spec, found_table: str, source_customers: int
) -> tuple[int, int]:
    """How many customers are missing, and how many left by a tombstone that no window has brought.

    Who was deleted and is back is not missing.

    Raises
    ------
    GateError
        when more customers are missing than the gate allows.
    """
    [(missing, returned, gone)] = warehouse.rows("history/count_missing", found=found_table)
    if missing > source_customers * spec.gates.max_missing_share:
        raise GateError(
            f"{missing} of {source_customers} customers of the source, or their newest rows, were"
            f" in no window, more than gates.max_missing_share = {spec.gates.max_missing_share}"
            f" allows: their {spec.source.updated_at!r} lies before the windows that were read when"
            " they came;"
            " check that it is the time of the change, 'source.source_timezone' and"
            " 'source.overlap_hours', or raise the gate in the spec for one run to land them all"
        )
    if returned or gone:
        log.info("%d customers are back and %d are gone, as no window has shown", returned, gone)
    if missing:
        log.warning(
            "%d customers of the source, or their newest rows, were in no window: they land at the"
            " end of this one",
            missing,
        )
    return missing, gone
