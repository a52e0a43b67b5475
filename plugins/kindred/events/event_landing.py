"""Landing of events: what a run has read moves into their table, or is rejected."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg2 import sql

from kindred.errors import DataError
from kindred.events import event_state, event_tables
from kindred.events.event_state import Known, Reading
from kindred.events.event_tables import CODE, NUMBER, columns_of, table_of
from kindred.events.stored_names import MAX_VALUE_BYTES
from kindred.history.column_expressions import reason_expression, value_expression
from kindred.history.rejection import BLANKS, reason, reasons_of_key, reasons_of_time
from kindred.history.versions import column_types
from kindred.spec.events import Events
from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.warehouse import partitions, statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

log = logging.getLogger(__name__)

_UNUSABLE = {
    KeyType.BIGINT: "not a whole number of at most 64 bits",
    KeyType.UUID: "not a uuid",
    KeyType.TEXT: "not a key",
}
_IS_OF_NO_YEAR = (
    "isfinite(landed.at) and not (landed.at > '0001-12-31 BC' and landed.at < '10000-01-02')"
)


@dataclass(frozen=True)
class EventLanding:
    """The events that a run has read, and the table in which they arrived.

    ``end``: the end of its window; ``key_type``: of the space.
    """

    spec: Spec
    name: str
    table: str
    key_type: KeyType
    end: datetime
    run_id: str
    wait_seconds: float

    @property
    def events(self) -> Events:
        """Their entry in the spec."""
        return self.spec.events[self.name]

    @property
    def parameters(self) -> dict[str, Any]:
        """What most statements need."""
        return {"event": self.name, "window_end": self.end}

    def land(self, warehouse: Database) -> None:
        """Land them in one transaction. What another run has landed since they were read, stays.

        The caller must hold ``Resource.EXTRACT``.

        Raises
        ------
        DataError
            when another run has landed them under another spec since.
        LockTimeoutError
            when other runs read events that are to be replaced for too long.
        """
        reading = event_state.kept_reading(warehouse, self.table)
        if reading is None or not reading.intervals:
            return
        known = event_state.known(warehouse, self.name)
        if known.landings != reading.landings:
            found = self._what_is_missing(known, reading)
            if found is None:
                return
            reading = found
        with warehouse.transaction():
            self._land(warehouse, known, reading)

    def _what_is_missing(self, known: Known, reading: Reading) -> Reading | None:
        """What is left of a reading if another run has landed a later one in the meantime."""
        if known.definition != reading.definition or known.landed_until is None:
            raise DataError(
                f"events {self.name!r} have been landed by a run with another spec since task"
                " 'extract' of this one; clear 'prepare' with its downstream tasks"
            )
        if known.landed_until >= self.end:
            return None
        return replace(
            reading,
            intervals=[(known.landed_until.isoformat(), self.end.isoformat())],
            days={d: n for d, n in reading.days.items() if d >= known.landed_until.date()},
            reconciled_month=known.reconciled_month,
        )

    def _land(self, warehouse: Database, known: Known, reading: Reading) -> None:
        is_new = known.definition != reading.definition
        if is_new:
            self._begin_anew(warehouse)
        bounds: dict[str, Any] = self.parameters | {
            "read": event_state.multirange_of(reading.intervals),
            "landed_until": None if is_new else known.landed_until,
        }
        warehouse.run("events/keep_intervals", bounds, landing=self.table)
        counts = {"events_read": int(warehouse.value("history/count_landed", table=self.table))}
        self._find_problems(warehouse, bounds)
        warehouse.run("events/delete_rejected", bounds)
        counts["events_rejected"] = self._reject(warehouse)
        event_tables.ensure_months(warehouse, self.name, self.table)
        # All events at once are not copied once more.
        self._gather_arrivals(
            warehouse, "view arrivals" if is_new else "table arrivals on commit drop"
        )
        counts |= self._change(warehouse, reading, bounds)
        table = sql.Literal(table_of(self.name))
        grown = warehouse.rows("events/partitions_to_analyze", events=table, landing=self.table)
        for (partition,) in grown:
            warehouse.run("warehouse/analyze_table", table=partition)
        warehouse.run("events/delete_days", bounds)
        days = {"days": list(reading.days), "rows_read": list(reading.days.values())}
        warehouse.run("events/record_days", bounds | days)
        of_landing: dict[str, Any] = {
            "run_id": self.run_id,
            "definition": reading.definition,
            "reconciled_month": reading.reconciled_month,
        }
        warehouse.run("events/record_landing", bounds | of_landing)
        warehouse.run("events/record_window", bounds | of_landing | counts)
        log.info("%s: %s", self.name, ", ".join(f"{n} {what}" for what, n in counts.items()))

    def _begin_anew(self, warehouse: Database) -> None:
        """Delete what was landed under another spec."""

        def empty() -> None:
            warehouse.run("warehouse/empty_table", table=table_of(self.name))

        partitions.with_short_locks(warehouse, empty, wait_seconds=self.wait_seconds)
        for table in ("event_windows", "event_days", "rejected_events"):
            warehouse.run("events/delete_all_of", self.parameters, table=table)

    def _change(
        self, warehouse: Database, reading: Reading, bounds: dict[str, Any]
    ) -> dict[str, int]:
        """Withdraw what is gone or changed, add what is new, and mark snapshots; returns counts."""
        stored = columns_of(self.spec, self.name)
        names: dict[str, statements.Name] = {"events": table_of(self.name)}
        columns = statements.further(map(sql.Identifier, stored))
        if bounds["landed_until"] is None:
            landed = warehouse.run("events/insert_all", bounds, further_columns=columns, **names)
            warehouse.run("events/drop_arrivals")
            return {"events_landed": landed, "events_withdrawn": 0, "events_late": 0}
        same = [
            sql.SQL("known.{c} is not distinct from arrivals.{c}").format(c=sql.Identifier(c))
            for c in ("customer_id", "at", *stored)
        ]
        warehouse.run("events/create_changes")
        names["nearby"] = event_state.nearby_of(reading.intervals)
        is_same = sql.SQL(" and ").join(same)
        withdrawn = warehouse.run("events/withdraw_events", bounds, same=is_same, **names)
        landed = warehouse.run("events/insert_events", bounds, further_columns=columns, **names)
        late = int(warehouse.value("events/count_late", bounds))
        is_anybody = sql.Literal(self.spec.source.events is not None)
        changed = statements.compose("events/changed_customers", is_anybody=is_anybody)
        warehouse.run("history/mark_late", bounds, changed=changed)
        return {"events_landed": landed, "events_withdrawn": withdrawn, "events_late": late}

    def _find_problems(self, warehouse: Database, bounds: dict[str, Any]) -> None:
        """Collect the rows to reject."""
        warehouse.run("history/create_problems")
        warehouse.run("events/create_repeated", landing=self.table)
        events = self.events
        reasons = reasons_of_key(events.customer, _UNUSABLE[self.key_type])
        reasons += reasons_of_time("at", events.at)
        reasons.append(reason(_IS_OF_NO_YEAR, f"{events.at}: not of the years 1 to 9999"))
        if events.key_columns:
            keys = ", ".join(events.key_columns)
            reasons.append(reason("landed.identity is null", f"{keys}: null"))
            text = bounds | {"reason": f"different rows with the same {keys}"}
            warehouse.run("events/find_conflicts", text, landing=self.table)
            warehouse.run("events/find_undated_conflicts", text, landing=self.table)
        types = column_types(warehouse, self.table)
        names = event_tables.names_in_spec(self.spec, self.name)
        for column in self._stored(NUMBER):
            found = reason_expression(column, Kind.NUMERIC, types[column], names[column])
            if found is not None:
                reasons.append(found)
        for column in self._stored(CODE):
            reasons.append(_reason_of_text(column, names[column]))
        expressions = statements.comma_separated(reasons)
        warehouse.run("history/find_bad_values", landing=self.table, reasons=expressions)

    def _stored(self, *kinds: str) -> list[str]:
        """The stored columns of some kinds, `CODE` and `NUMBER`."""
        stored = columns_of(self.spec, self.name)
        return [column for column, (_, kind) in stored.items() if kind in kinds]

    def _reject(self, warehouse: Database) -> int:
        """Store the rows with problems; returns how many there are."""
        shown = (sql.Identifier("landed", column) for column in self._stored(CODE, NUMBER))
        values = statements.further(shown)
        warehouse.run(
            "events/reject_events",
            self.parameters,
            landing=self.table,
            further_values=values,
            is_keyed=sql.Literal(bool(self.events.key_columns)),
        )
        return int(warehouse.value("events/count_problems"))

    def _gather_arrivals(self, warehouse: Database, relation: str) -> None:
        """Make ``arrivals``: the good rows, once each, with codes instead of texts."""
        types = column_types(warehouse, self.table)
        values: list[sql.Composable] = []
        selected: list[sql.Composable] = []
        joins = []
        for column in self._stored(NUMBER):
            name = sql.Identifier(column)
            value = value_expression(column, Kind.NUMERIC, types[column])
            values.append(sql.SQL("nullif({}, 'NaN') as {}").format(value, name))
            selected.append(sql.Identifier("landed", column))
        for number, column in enumerate(self._stored(CODE)):
            name, alias = sql.Identifier(column), sql.Identifier(f"value_{number}")
            value = _text_of(column)
            parameters = self.parameters | {"column": column}
            warehouse.run("events/add_values", parameters, landing=self.table, value=value)
            values.append(sql.SQL("{} as {}").format(value, name))
            selected.append(sql.SQL("{}.code as {}").format(alias, name))
            landed = sql.Identifier("landed", column)
            joins.append(event_tables.join_values(self.name, column, alias, value=landed))
        warehouse.run(
            "events/create_arrivals",
            arrivals=sql.SQL(relation),
            landing=self.table,
            further_values=statements.further(values),
            further_columns=statements.further(selected),
            joins=sql.SQL("").join(joins),
            is_keyed=sql.Literal(bool(self.events.key_columns)),
        )


def _text_of(column: str) -> sql.Composed:
    """The text of a landed column without the blanks around it; null if nothing is left."""
    text = sql.SQL("nullif(btrim({c}, {blanks}), '')")
    return text.format(c=sql.Identifier(column), blanks=sql.SQL(BLANKS))


def _reason_of_text(column: str, name: str) -> sql.Composed:
    """An expression for the reason to reject a text that is too long to be indexed."""
    return sql.SQL("case when octet_length({value}) > {most} then {reason} end").format(
        value=_text_of(column),
        most=sql.Literal(MAX_VALUE_BYTES),
        reason=sql.Literal(f"{name}: longer than {MAX_VALUE_BYTES} bytes"),
    )
