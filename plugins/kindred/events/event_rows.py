"""Read the events of a snapshot's customers: lines in memory, with the texts behind their codes."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.events.event_tables import CODE, columns_of, table_of
from kindred.events.lines import NO_ITEM, EventRows, Lines, Unknown
from kindred.history.rejection import BLANKS
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.run.context import Run
from kindred.run.memory import require_memory
from kindred.spec.event_columns import ITEM
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

ROLES = ("item", "amount", "quantity")
POSITIONS = "event_positions"
LINE_BYTES = 40
"""Memory per line in `Lines`."""
SORT_BYTES = 24
"""Memory per line while they are sorted: the order, and a column in both orders."""


def read_events(
    database: Database,
    run: Run,
    name: str,
    customers: Array,
    as_of: datetime,
    *,
    days: float | None = None,
    columns: Collection[str] = (),
    stage: str = "events",
    line_bytes: int = 0,
    megabytes: int = 0,
    counts_unknown: bool = False,
) -> EventRows:
    """Read the events in force as of a moment, whenever they arrived.

    Parameters
    ----------
    name : str
        The events' name in the run's spec.
    customers : ndarray, shape (n,)
        Keys, in the order of the rows (see ``KeyType``). Events of others are left out.
    days : float, optional
        Days of 24 hours before ``as_of``; without it, all events.
    columns : collection of str
        Stored columns besides amount and quantity (`event_tables.stored_name`), such as ``item``.
    stage : str
        The task whose forecast of memory it is.
    line_bytes, megabytes : int
        Memory that the caller needs beside the lines: per line, and in all.
    counts_unknown : bool
        Count the events of others, and who they are.

    Raises
    ------
    SettingsError
        when the lines do not fit into the memory of a task; nothing has been read.
    """
    stored = columns_of(run.spec, name)
    wanted = [c for c in stored if c in ("amount", "quantity") or c in columns]
    is_code = {column: stored[column][1] == CODE for column in wanted}
    bounds = {"as_of": as_of, "since": "-infinity" if days is None else _since(as_of, days)}
    events = table_of(name)
    count = int(database.value("events/count_lines", bounds, events=events))
    line_bytes += _line_bytes(is_code)
    megabytes += BASE_MEGABYTES + count * line_bytes // 2**20
    require_memory(run, stage, f"reading of {count} {name}", megabytes)
    blocks: list[list[Array]] = [[] for _ in range(2 + len(wanted))]
    positions = _Positions(database, run.key_type(database), customers, run.settings.block_rows)

    def collect(values: list[Array]) -> None:
        rows, is_known = positions.of(values[0])
        columns = [rows, *values[1:]]
        for column, block in zip(blocks, columns, strict=True):
            column.append(block if is_known.all() else block[is_known])

    fields = [positions.field, Field.TIMESTAMPTZ]
    fields += [Field.INT4 if is_code[column] else Field.FLOAT8 for column in wanted]
    reader = BlockReader(fields, collect, block_rows=run.settings.block_rows)
    expressions = [_expression("at", "{}")]
    expressions += [
        _expression(column, "coalesce({}, -1)" if is_code[column] else "coalesce({}, 'NaN')")
        for column in wanted
    ]
    query = statements.compose(
        positions.statement,
        events=events,
        positions=POSITIONS,
        expressions=statements.comma_separated(expressions),
    )
    database.copy_out(query, reader, bounds)
    reader.flush()
    dtypes: list[Any] = [np.int32, np.int64]
    dtypes += [np.int32 if is_code[column] else np.float64 for column in wanted]
    joined = _sorted_columns(blocks, dtypes)
    found = dict(zip(("position", "at", *wanted), joined, strict=True))
    rows = _rows(database, name, found, is_code)
    if not counts_unknown or len(rows.lines) >= count:
        return rows
    return replace(rows, unknown=positions.unknown(events, bounds, count - len(rows.lines)))


def _since(as_of: datetime, days: float) -> datetime:
    return as_of - timedelta(days=days)


def _expression(column: str, fragment: str) -> sql.Composed:
    return sql.SQL(fragment).format(sql.Identifier("event", column))


def _line_bytes(is_code: dict[str, bool]) -> int:
    """Memory per line, while the lines are sorted."""
    others = (4 if code else 8 for column, code in is_code.items() if column not in ROLES)
    return LINE_BYTES + SORT_BYTES + sum(others)


class _Positions:
    """Row numbers of customers, by what the server sends of a line.

    It sends a whole number as it is. Other keys it looks up in a temporary table, which takes it
    twice as long.
    """

    def __init__(
        self, database: Database, key_type: KeyType, customers: Array, block_rows: int
    ) -> None:
        self._database, self._customers = database, customers
        self._unknown: list[Array] = [customers[:0]]
        self.is_key = key_type is KeyType.BIGINT
        self.field = Field.INT8 if self.is_key else Field.INT4
        self.statement = "events/read_lines" if self.is_key else "events/read_lines_by_position"
        if not self.is_key:
            _send_positions(database, key_type, customers, block_rows)

    def of(self, sent: Array) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The rows of some lines' customers, and which of them there are."""
        if not self.is_key:
            return sent, np.ones(len(sent), dtype=np.bool_)
        last = len(self._customers) - 1
        if last < 0:
            return np.zeros(len(sent), dtype=np.int32), np.zeros(len(sent), dtype=np.bool_)
        rows = np.minimum(np.searchsorted(self._customers, sent), last)
        is_known = np.asarray(self._customers[rows] == sent)
        if not is_known.all():
            self._unknown.append(np.unique(sent[~is_known]))
        return rows.astype(np.int32), is_known

    def unknown(self, events: str, bounds: dict[str, Any], count: int) -> Unknown:
        """Who the customers of ``count`` events are that have no row; numbers have no spelling."""
        if self.is_key:
            return Unknown(count, len(np.unique(np.concatenate(self._unknown))))
        customers, alike = self._database.rows(
            "events/count_unknown",
            bounds,
            events=events,
            positions=POSITIONS,
            blanks=sql.SQL(BLANKS),
        )[0]
        return Unknown(count, customers, alike)


def _send_positions(
    database: Database, key_type: KeyType, customers: Array, block_rows: int
) -> None:
    """Number the customers in a temporary table, which the next call replaces."""
    database.run("warehouse/drop_table", table=POSITIONS)
    database.run("events/create_positions", positions=POSITIONS)
    positions = np.arange(len(customers))

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(customers), block_rows):
            block = slice(start, start + block_rows)
            yield encode_rows(
                [key_type.column(customers[block]), Column(Field.INT4, positions[block])]
            )

    database.copy_in(POSITIONS, ("customer_id", "position"), RowStream(chunks()))
    database.run("warehouse/analyze_table", table=POSITIONS)


def _sorted_columns(blocks: list[list[Array]], dtypes: list[Any]) -> list[Array]:
    """Join the blocks of each column, sorted by the first one; takes the blocks away."""
    joined: list[Array] = []
    order: NDArray[np.intp] | None = None
    for column, dtype in zip(blocks, dtypes, strict=True):
        values = np.concatenate([np.empty(0, dtype=dtype), *column])
        column.clear()
        if order is None:
            order = np.argsort(values)
        joined.append(values[order])
    return joined


def _rows(
    database: Database, name: str, found: dict[str, Array], is_code: dict[str, bool]
) -> EventRows:
    """The lines, with codes that do not depend on arrival."""
    count = len(found["at"])
    codes: dict[str, NDArray[np.int32]] = {}
    values: dict[str, NDArray[np.str_]] = {}
    for column in [column for column, code in is_code.items() if code]:
        codes[column], values[column] = _by_text(database, name, column, found.pop(column))
    items = codes.pop(ITEM, None)
    numbers = {column: found[column] for column, code in is_code.items() if not code}
    missing = np.full(count, np.nan)
    lines = Lines(
        found["position"].astype(np.int64),
        found["at"],
        np.full(count, NO_ITEM) if items is None else items.astype(np.int64),
        numbers.get("amount", missing),
        numbers.get("quantity", missing),
    )
    texts = values.pop(ITEM, np.empty(0, dtype=np.str_))
    return EventRows(lines, texts, numbers, codes, values)


def _by_text(
    database: Database, name: str, column: str, codes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.str_]]:
    """Codes by the ascending order of the texts that occur, and these texts."""
    parameters = {"event": name, "column_name": column}
    known = dict(database.rows("events/read_values", parameters))
    size = max(int(codes.max(initial=-1)), max(known, default=-1)) + 2  # the last is for -1
    occurs = np.bincount(codes[codes >= 0], minlength=size) > 0
    used = sorted((value, code) for code, value in known.items() if occurs[code])
    places = np.full(size, -1, dtype=np.int32)
    places[[code for _, code in used]] = np.arange(len(used))
    return places[codes], np.array([value for value, _ in used], dtype=np.str_)
