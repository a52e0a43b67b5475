"""Landing: source rows arrive in a table of their own; the valid ones move into the history."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg2 import sql
from psycopg2.extras import Json

from kindred.history import (
    dating,
    key_padding,
    reconciliation,
    rejection,
    source,
    source_definition,
    source_errors,
)
from kindred.history.key_comparison import compare_keys
from kindred.history.reconciliation import KEY_COLUMNS, SourceCounts, SourceKeys
from kindred.history.row_comparison import Comparison
from kindred.history.source import SourceColumns
from kindred.history.suppression import SuppressionFilter
from kindred.history.versions import column_types, landing_table, payload_definitions
from kindred.spec.features import OWN_COLUMNS
from kindred.spec.model import Spec
from kindred.spec.source import Deletes
from kindred.warehouse import statements
from kindred.warehouse.copy_pipe import pipe
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

Interval = tuple[str, str]
_OWN = "updated_at timestamptz, is_deleted boolean, unusable_key text"
COUNTS = ("source_customers", "missing_customers", "future_customers")


def missing_windows(database: Database, end: datetime) -> list[Interval]:
    """Windows before ``end`` that have not landed, as strings (the first starts at -infinity)."""
    rows = database.rows("history/missing_windows", {"window_end": end})
    return [(str(window_start), str(window_end)) for window_start, window_end in rows]


def windows_to_read(
    windows: list[Interval], overlap_hours: float, days_of: str | None = None
) -> list[Interval]:
    """Extend each window backwards by the overlap, to catch late rows; windows never overlap.

    ``days_of`` is the time zone of rows that are dated by the day: then whole days are read. The
    first window already begins at -infinity.
    """
    read: list[Interval] = []
    for window_start, window_end in windows:
        begin = window_start
        if begin != "-infinity" and (overlap_hours or days_of):
            earlier = datetime.fromisoformat(begin) - timedelta(hours=overlap_hours)
            if days_of:
                midnight = earlier.astimezone(ZoneInfo(days_of)).replace(
                    hour=0, minute=0, second=0, microsecond=0, fold=0
                )
                # That day may begin earlier by UTC's clock: half a day, and an hour for a midnight
                # that a change of clocks has skipped.
                earlier = midnight.astimezone(UTC) - timedelta(hours=13)
            begin = earlier.isoformat()
            if read and earlier < datetime.fromisoformat(read[-1][1]):
                begin = read[-1][1]
        read.append((begin, window_end))
    return read


def is_newest(database: Database, end: datetime) -> bool:
    """Whether nothing at or after ``end`` has landed yet."""
    newest = database.value("history/newest_end")
    return newest is None or newest < end


@dataclass(frozen=True)
class Landing:
    """The landing tables of one run: raw rows, the source's current keys, rows of missing keys."""

    rows_table: str
    keys_table: str
    found_table: str

    @classmethod
    def of(cls, suffix: str) -> "Landing":
        """The landing tables of the run for a snapshot; ``suffix`` names the snapshot."""
        return cls(*(f"landing_{kind}_{suffix}" for kind in ("rows", "keys", "found")))

    def drop(self, database: Database) -> None:
        """Remove the tables."""
        for table in (self.rows_table, self.keys_table, self.found_table):
            database.run("warehouse/drop_table", table=table)


def extract(
    origin: Database,
    warehouse: Database,
    spec: Spec,
    columns: SourceColumns,
    landing: Landing,
    windows: list[Interval],
    *,
    newest_end: datetime | None,
    is_anew: bool,
    reconciles: bool,
    row_limit: int,
    suppression_filter: SuppressionFilter,
) -> tuple[int, SourceCounts | None]:
    """Copy the rows of the windows into new landing tables; returns the number of rows.

    ``is_anew``: all rows are read, since the spec defines the source otherwise than before.

    If the window that ends at ``newest_end`` is the newest, its keys are compared: for deletes, and
    (``reconciles``) for missing customers, with counts of the source. Rows and keys are as of one
    moment.

    This is one transaction in the warehouse: if the source fails half-way nothing is left behind,
    and rows of erased customers are deleted before any other session can see them.
    """
    names = [*KEY_COLUMNS, *columns.types]
    count, counts = 0, None
    with origin.repeatable_read(), warehouse.transaction():
        landing.drop(warehouse)
        payload = payload_definitions(columns)
        warehouse.execute(landing_table(landing.rows_table, columns.key_type, _OWN, payload))
        source_definition.keep_reading(warehouse, landing.rows_table, is_anew=is_anew)
        for window in windows:
            with source_errors.storing(spec.source):
                count += pipe(
                    lambda sink, window=window: source.copy_window(  # type: ignore[misc]
                        origin, spec, columns, window, sink, row_limit=row_limit
                    ),
                    lambda reader: warehouse.copy_in(landing.rows_table, names, reader),
                )
            log.info("extracted %d rows up to %s", count, window[1])
        if columns.ignores_case:
            _spell_keys(warehouse, landing, landing.rows_table)
        key_padding.require_plain(warehouse, spec, columns.key_type, landing.rows_table)
        count -= suppression_filter.clean(warehouse, landing.rows_table, columns.key_type)
        warehouse.run("warehouse/analyze_table", table=landing.rows_table)
        if newest_end is not None:
            keys = SourceKeys(origin, spec, columns, newest_end)
            counts = _extract_keys(
                keys, warehouse, landing, suppression_filter, reconciles=reconciles
            )
    return count, counts


def _extract_keys(
    keys: SourceKeys,
    warehouse: Database,
    landing: Landing,
    suppression_filter: SuppressionFilter,
    *,
    reconciles: bool,
) -> SourceCounts | None:
    """Copy the keys if they are compared, and the rows of missing ones; returns the counts."""
    counts = None
    if keys.spec.source.delete_detection is not Deletes.COMPARE_KEYS:
        if not reconciles:
            return None
        counts = keys.count()
        if not reconciliation.are_keys_due(warehouse, counts, landing.rows_table, keys.end):
            return counts
    columns = keys.columns
    warehouse.execute(landing_table(landing.keys_table, columns.key_type, _OWN))
    keys.copy(warehouse, landing.keys_table)
    if columns.ignores_case:
        _spell_keys(warehouse, landing, landing.keys_table)
    key_padding.require_plain(warehouse, keys.spec, columns.key_type, landing.keys_table)
    counts = counts or reconciliation.count_copied(warehouse, landing.keys_table, keys.end)
    warehouse.run("warehouse/analyze_table", table=landing.keys_table)
    suppression_filter.clean(
        warehouse, landing.keys_table, columns.key_type, read="history/read_unknown_keys"
    )
    if not reconciles:
        return None
    payload = payload_definitions(columns)
    warehouse.execute(landing_table(landing.found_table, columns.key_type, _OWN, payload))
    tables = {"keys": landing.keys_table, "landing": landing.rows_table}
    reconciliation.copy_missing(keys, warehouse, tables, landing.found_table, suppression_filter)
    if columns.ignores_case:
        _spell_keys(warehouse, landing, landing.found_table)
    return counts


def _spell_keys(warehouse: Database, landing: Landing, table: str) -> None:
    warehouse.run("history/spell_keys", landing=table, rows=landing.rows_table)


@dataclass(frozen=True)
class Landed:
    """The result of validation: row counts of the windows this run landed.

    ``missing``: customers that no window had brought; None if keys were not compared.
    """

    read: int
    rejected: int
    deleted: int = 0
    missing: int | None = None


def validate(
    warehouse: Database,
    spec: Spec,
    landing: Landing,
    *,
    end: datetime,
    run_id: str,
    full_extract: bool,
    counts: Mapping[str, Any],
) -> Landed:
    """Move valid rows into the history and the others to ``rejected_rows``, in one transaction.

    The caller must hold ``Resource.EXTRACT``. Windows that another run has landed since the
    extraction are skipped. ``counts`` has ``source_customers`` and ``future_customers`` if they
    were counted.

    Raises
    ------
    DataError
        when more customers have vanished from the source than the gate allows.
    GateError
        when more customers are missing from the history than the gate allows.
    """
    full_extract = full_extract and spec.source.has_updated_at
    compares = is_newest(warehouse, end)
    definition, is_anew = source_definition.landed_as(warehouse, spec, landing.rows_table)
    is_anew = is_anew and compares
    windows = missing_windows(warehouse, end)
    if full_extract or is_anew:
        windows = [("-infinity", end.isoformat())]
    types = {c: t for c, t in column_types(warehouse).items() if c in spec.payload_columns}
    with warehouse.transaction():
        read_windows = windows_to_read(windows, spec.source.overlap, spec.source.zone)
        warehouse.run(
            "history/keep_window",
            {"starts": [w[0] for w in read_windows], "ends": [w[1] for w in read_windows]},
            landing=landing.rows_table,
        )
        comparison = _comparison(warehouse, landing.rows_table, types, is_full=full_extract)
        _find_problems(warehouse, spec, landing.rows_table, comparison, end=end, is_anew=is_anew)
        rejected = rejection.reject(warehouse, landing.rows_table, types)
        if spec.source.has_updated_at:
            late = statements.compose("history/late_customers", landing=landing.rows_table)
            warehouse.run("history/mark_late", {"window_end": end}, changed=late)
        _accept(warehouse, spec, landing.rows_table, comparison)
        if spec.source.has_updated_at and comparison.gained:
            _fill_columns(warehouse, landing.rows_table, comparison)
        # Without statistics on the rows just landed, PostgreSQL would plan the next joins as
        # nested loops.
        warehouse.run("warehouse/analyze_table", table="customer_versions")
        for window in windows:
            parameters = {
                **dict(zip(("window_start", "window_end"), window, strict=True)),
                "run_id": run_id,
                "landed_columns": list(types),
                "source_definition": Json(definition),
            }
            warehouse.run("history/record_window", parameters, landing=landing.rows_table)
        read = int(warehouse.value("history/count_landed", table=landing.rows_table))
        landed = Landed(read, rejected)
        if compares:
            landed = _compare(warehouse, spec, landing, types, end, counts, landed)
    return landed


def _comparison(
    warehouse: Database, table: str, types: dict[str, str], *, is_full: bool
) -> Comparison:
    """How rows of a landing table are compared with versions.

    A full extract may supply any value that a version lacks; another one those of the columns that
    the spec has gained since.
    """
    known = () if is_full else warehouse.value("history/landed_columns") or ()
    gained = types.keys() - set(known)
    return Comparison(types, column_types(warehouse, table), gained, is_full)


def _compare(
    warehouse: Database,
    spec: Spec,
    landing: Landing,
    types: dict[str, str],
    end: datetime,
    counts: Mapping[str, Any],
    landed: Landed,
) -> Landed:
    """Compare the source's keys, if they were read, with the history; records what was found.

    The newest rows of missing customers land at the end of the window, and so do tombstones.
    """
    found: dict[str, Any] = {name: counts.get(name) for name in COUNTS}
    table = landing.found_table
    if warehouse.has_table(landing.keys_table):
        warehouse.run("history/create_in_force", {"window_end": end})
        deleted = compare_keys(warehouse, spec, landing.keys_table, end)
        landed = replace(landed, deleted=deleted)
    if found["source_customers"] is not None and warehouse.has_table(table):
        comparison = _comparison(warehouse, table, types, is_full=False)
        reconciliation.keep_missing(warehouse, table, comparison)
        warehouse.run("history/clear_problems")
        rejection.find_bad_values(warehouse, spec, table, types)
        rejection.find_conflicts(warehouse, spec, table)
        rejection.drop_rejected(warehouse, table, types)
        missing, gone = reconciliation.count_missing(
            warehouse, spec, table, found["source_customers"]
        )
        rejected = landed.rejected + rejection.reject(warehouse, table, types)
        payload = statements.further(map(sql.Identifier, types))
        warehouse.run("history/accept_found", {"window_end": end}, landing=table, payload=payload)
        deleted = landed.deleted + gone
        landed = replace(landed, rejected=rejected, deleted=deleted, missing=missing)
    found |= {"missing_customers": landed.missing, "rows_deleted": landed.deleted}
    warehouse.run("history/record_comparison", {**found, "window_end": end})
    return landed


def _find_problems(
    warehouse: Database,
    spec: Spec,
    table: str,
    comparison: Comparison,
    *,
    end: datetime,
    is_anew: bool,
) -> None:
    """Collect the rows to reject, and give the others their place in the history."""
    warehouse.run("history/create_problems")
    rejection.find_bad_values(warehouse, spec, table, comparison.types)
    if spec.source.has_updated_at:
        dating.date_rows(warehouse, spec, table, comparison, end=end, is_anew=is_anew)
    rejection.find_conflicts(warehouse, spec, table)
    warehouse.run(
        "history/find_landed_conflicts",
        rejection.names_of(spec),
        landing=table,
        landed_values=comparison.row("landed"),
        version_values=comparison.version(fills=True),
    )


def _accept(warehouse: Database, spec: Spec, table: str, comparison: Comparison) -> None:
    columns = statements.columns([*OWN_COLUMNS, *comparison.types])
    if spec.source.has_updated_at:
        warehouse.run("history/accept_rows", landing=table, columns=columns)
        return
    warehouse.run(
        "history/accept_changes",
        landing=table,
        columns=columns,
        version_columns=columns,
        landed_values=comparison.row("landed"),
        version_values=comparison.version(fills=False),
    )


def _fill_columns(warehouse: Database, table: str, comparison: Comparison) -> None:
    columns = sorted(comparison.gained)
    first_known = sql.SQL("coalesce({}, {})")
    filled = (
        first_known.format(sql.Identifier("version", c), sql.Identifier("landed", c))
        for c in columns
    )
    filled_rows = warehouse.run(
        "history/fill_columns",
        landing=table,
        columns=statements.columns(columns),
        filled=statements.comma_separated(filled),
        version_values=comparison.version(fills=False),
        filled_values=comparison.version(fills=True),
    )
    if filled_rows:
        warehouse.run("history/count_fill")


def window_counts(
    database: Database, window_start: datetime, window_end: datetime
) -> tuple[int, int, int]:
    """Rows landed in a window, rows rejected in it, and rejected rows without a time."""
    parameters = {"window_start": window_start, "window_end": window_end}
    landed, rejected, undated = database.row("history/count_window", parameters) or (0, 0, 0)
    return int(landed), int(rejected), int(undated)
