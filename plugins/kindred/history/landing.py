"""Landing: source rows arrive in a table of their own; the valid ones move into the history."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg2 import sql

from kindred.history import reconciliation, source
from kindred.history.column_expressions import TypeClass, reason_expression, type_class_of
from kindred.history.key_comparison import compare_keys
from kindred.history.reconciliation import KEY_COLUMNS, SourceCounts, SourceKeys
from kindred.history.source import SourceColumns
from kindred.history.suppression import SuppressionFilter
from kindred.history.versions import column_types, payload_definitions
from kindred.spec.model import Deletes, Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database, pipe
from kindred.warehouse.keys import MAX_TEXT_KEY_BYTES, KeyType

log = logging.getLogger(__name__)

Interval = tuple[str, str]
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
    reconciles: bool,
    row_limit: int,
    suppression_filter: SuppressionFilter,
) -> tuple[int, SourceCounts | None]:
    """Copy the rows of the windows into new landing tables; returns the number of rows.

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
        warehouse.execute(_landing_table(landing.rows_table, columns.key_type, *payload))
        for window in windows:
            count += pipe(
                lambda sink, window=window: source.copy_window(  # type: ignore[misc]
                    origin, spec, columns, window, sink, row_limit=row_limit
                ),
                lambda reader: warehouse.copy_in(landing.rows_table, names, reader),
            )
            log.info("extracted %d rows up to %s", count, window[1])
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
    warehouse.execute(_landing_table(landing.keys_table, columns.key_type))
    keys.copy(warehouse, landing.keys_table)
    counts = counts or reconciliation.count_copied(warehouse, landing.keys_table, keys.end)
    warehouse.run("warehouse/analyze_table", table=landing.keys_table)
    suppression_filter.clean(
        warehouse, landing.keys_table, columns.key_type, read="history/read_unknown_keys"
    )
    if not reconciles:
        return None
    payload = payload_definitions(columns)
    warehouse.execute(_landing_table(landing.found_table, columns.key_type, *payload))
    tables = {"keys": landing.keys_table, "landing": landing.rows_table}
    reconciliation.copy_missing(keys, warehouse, tables, landing.found_table, suppression_filter)
    return counts


def _landing_table(name: str, key_type: KeyType, *payload: sql.Composable) -> sql.Composed:
    """The statement that creates a table of rows with their own columns and a payload."""
    collation = ' collate "C"' if key_type is KeyType.TEXT else ""
    own = f"customer_id {key_type.value}{collation}, updated_at timestamptz, is_deleted boolean"
    # Not unlogged: a server crash empties unlogged tables, and validate would see no new rows.
    return sql.SQL("create table {} ({})").format(
        sql.Identifier(name), statements.comma_separated([sql.SQL(own), *payload])
    )


@dataclass(frozen=True)
class Landed:
    """The result of validation: row counts of the windows this run landed.

    ``missing``: customers that no window had brought; None if keys were not compared.
    """

    read: int
    rejected: int
    deleted: int
    missing: int | None


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
    windows = [("-infinity", end.isoformat())] if full_extract else missing_windows(warehouse, end)
    types = {c: t for c, t in column_types(warehouse).items() if c in spec.payload_columns}
    with warehouse.transaction():
        read_windows = windows_to_read(windows, spec.source.overlap, spec.source.zone)
        warehouse.run(
            "history/keep_window",
            {"starts": [w[0] for w in read_windows], "ends": [w[1] for w in read_windows]},
            landing=landing.rows_table,
        )
        _find_problems(
            warehouse, spec, landing.rows_table, types, end=end, full_extract=full_extract
        )
        rejected = warehouse.run(
            "history/reject_rows", landing=landing.rows_table, values=_shown_values(types)
        )
        if spec.source.has_updated_at:
            warehouse.run("history/mark_late", {"window_end": end}, landing=landing.rows_table)
        _accept(warehouse, spec, landing.rows_table, types)
        if full_extract:
            _fill_columns(warehouse, landing.rows_table, types)
        # Without statistics on the rows just landed, PostgreSQL would plan the next joins as
        # nested loops.
        warehouse.run("warehouse/analyze_table", table="customer_versions")
        deleted, found = 0, dict.fromkeys(COUNTS)
        if is_newest(warehouse, end):
            deleted = compare_keys(warehouse, spec, landing.keys_table, types, end)
            found = {name: counts.get(name) for name in COUNTS}
            found["missing_customers"] = reconciliation.count_missing(
                warehouse, spec, landing.found_table, found["source_customers"]
            )
        for window_start, window_end in windows:
            is_last = window_end == windows[-1][1]
            parameters = {
                "window_start": window_start,
                "window_end": window_end,
                "run_id": run_id,
                "rows_deleted": deleted if is_last else 0,
                **(found if is_last else dict.fromkeys(COUNTS)),
            }
            warehouse.run("history/record_window", parameters, landing=landing.rows_table)
        read = int(warehouse.value("history/count_landed", table=landing.rows_table))
        missing = found["missing_customers"]
        if missing:
            rejected += _land_found(warehouse, spec, landing.found_table, types, end)
    return Landed(read, rejected, deleted, missing)


def _land_found(
    warehouse: Database, spec: Spec, table: str, types: dict[str, str], end: datetime
) -> int:
    """Land the rows of missing customers at the end of the window; returns the number rejected."""
    warehouse.run("history/clear_problems")
    _find_own_problems(warehouse, spec, table, types)
    rejected = warehouse.run("history/reject_rows", landing=table, values=_shown_values(types))
    columns = statements.columns(types)
    warehouse.run("history/accept_found", {"window_end": end}, landing=table, columns=columns)
    return rejected


def _find_problems(
    warehouse: Database,
    spec: Spec,
    table: str,
    types: dict[str, str],
    *,
    end: datetime,
    full_extract: bool,
) -> None:
    # A full extract may supply values that a version lacks, if the spec has gained columns.
    version_values = _row("version", types, *(["landed"] if full_extract else []))
    values = {"landed_values": _row("landed", types), "version_values": version_values}
    if spec.source.has_updated_at:
        _date_days(warehouse, spec, table, end, values)
    warehouse.run("history/create_problems")
    _find_own_problems(warehouse, spec, table, types)
    warehouse.run("history/find_landed_conflicts", _names(spec), landing=table, **values)


def _date_days(
    warehouse: Database, spec: Spec, table: str, end: datetime, values: Mapping[str, sql.Composed]
) -> None:
    """Place rows that are dated by the day; in a window that is not the newest nothing is new."""
    read_until = warehouse.value("history/newest_end")
    if read_until is None:
        return
    known = sql.Literal(read_until.isoformat() if read_until < end else None)
    edge = {"read_until": sql.SQL("{}::timestamptz").format(known)}
    zone = sql.Literal(spec.source.zone)
    warehouse.run("history/date_days", None, landing=table, zone=zone, **edge, **values)


def _find_own_problems(warehouse: Database, spec: Spec, table: str, types: dict[str, str]) -> None:
    """Find what is wrong with the rows themselves, whatever has landed."""
    warehouse.run("history/find_bad_values", landing=table, reasons=_reasons(spec, types))
    warehouse.run("history/find_conflicts", _names(spec), landing=table)


def _names(spec: Spec) -> dict[str, str]:
    return {"key": spec.source.key, "updated_at": spec.source.updated_at}


def _reasons(spec: Spec, types: dict[str, str]) -> sql.Composed:
    """One expression per reason to reject a row; each is null if the reason does not apply."""
    key, updated_at = spec.source.key, spec.source.updated_at
    general = [
        ("landed.customer_id is null", f"{key}: null"),
        (
            f"octet_length(landed.customer_id::text) > {MAX_TEXT_KEY_BYTES}",
            f"{key}: longer than {MAX_TEXT_KEY_BYTES} bytes",
        ),
        ("landed.updated_at is null", f"{updated_at}: null"),
        ("not isfinite(landed.updated_at)", f"{updated_at}: infinite"),
    ]
    parts: list[sql.Composable] = [
        sql.SQL("case when {} then {} end").format(sql.SQL(condition), sql.Literal(reason))
        for condition, reason in general
    ]
    found = (reason_expression(c, f.kind, types[c]) for c, f in spec.features.items())
    parts += (expression for expression in found if expression is not None)
    return statements.comma_separated(parts)


def _row(alias: str, types: dict[str, str], *fallbacks: str) -> sql.Composed:
    """Payload and tombstone as one row; types that may lack an equality operator are cast to text.

    A payload value missing in ``alias`` is taken from the first of ``fallbacks`` that has it.
    """
    parts: list[sql.Composable] = [sql.Identifier(alias, "is_deleted")]
    for column, type_name in types.items():
        cast = "{}::text" if type_class_of(type_name) is TypeClass.OTHER else "{}"
        parts.append(sql.SQL(cast).format(_first_known(column, alias, *fallbacks)))
    return statements.comma_separated(parts)


def _shown_values(types: dict[str, str]) -> sql.Composed:
    """Payload for people to read; json stays text, since it may hold escapes that jsonb rejects."""
    return statements.comma_separated(
        [
            sql.SQL("{}::text" if type_name in ("json", "json[]") else "{}").format(
                sql.Identifier("landed", column)
            )
            + sql.SQL(" as {}").format(sql.Identifier(column))
            for column, type_name in types.items()
        ]
    )


def _first_known(column: str, *aliases: str) -> sql.Composed:
    return sql.SQL("coalesce({})").format(
        statements.comma_separated([sql.Identifier(alias, column) for alias in aliases])
    )


def _accept(warehouse: Database, spec: Spec, table: str, types: dict[str, str]) -> None:
    names = ["customer_id", "updated_at", "is_deleted", *types]
    columns = statements.columns(names)
    if spec.source.has_updated_at:
        warehouse.run("history/accept_rows", landing=table, columns=columns)
        return
    warehouse.run(
        "history/accept_changes",
        landing=table,
        columns=columns,
        version_columns=columns,
        landed_values=_row("landed", types),
        version_values=_row("version", types),
    )


def _fill_columns(warehouse: Database, table: str, types: dict[str, str]) -> None:
    warehouse.run(
        "history/fill_columns",
        landing=table,
        columns=statements.columns(types),
        filled=statements.comma_separated([_first_known(c, "version", "landed") for c in types]),
        version_values=_row("version", types),
        filled_values=_row("version", types, "landed"),
    )


def window_counts(
    database: Database, window_start: datetime, window_end: datetime
) -> tuple[int, int, int]:
    """Rows landed in a window, rows rejected in it, and rejected rows without a time."""
    parameters = {"window_start": window_start, "window_end": window_end}
    landed, rejected, undated = database.row("history/count_window", parameters) or (0, 0, 0)
    return int(landed), int(rejected), int(undated)
