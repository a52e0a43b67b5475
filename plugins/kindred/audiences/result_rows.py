"""Rows of ``audience_results``: what the exports from before a snapshot had achieved by then."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2 import sql

from kindred.audiences.audience_checks import shown_labels
from kindred.audiences.conditions import condition_of
from kindred.audiences.results import LATE_DAYS, Group, Verdict, compare
from kindred.audiences.status import Status
from kindred.errors import AudienceError
from kindred.events.event_tables import table_of
from kindred.history.column_expressions import TypeClass, type_class_of
from kindred.history.versions import column_types
from kindred.run.context import Run
from kindred.spec.audiences import Outcome
from kindred.spec.model import Spec
from kindred.spec.names import listed
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

_NUMBERS = (TypeClass.INTEGER, TypeClass.FLOAT, TypeClass.DECIMAL)


@dataclass(frozen=True)
class Export:
    """A finished export; ``has_customers``: whether its customers are still kept."""

    number: int
    audience: str
    exported_at: datetime
    outcome: dict[str, Any] | None
    has_customers: bool


def measure_results(
    run: Run, warehouse: Database, outcomes: Mapping[str, Mapping[str, Any] | None]
) -> list[dict[str, Any]]:
    """Count what every export from before the run's snapshot had achieved by then.

    The rows are plain JSON, for the build's fact ``audience_results``. An export is judged by the
    outcome it was made with; if it had none, by that of ``outcomes``, the files as they are now.
    What happened at ``as_of`` or later does not count. Once its days have been over for
    `LATE_DAYS`, what was counted last is repeated.
    """
    rows = []
    for fields in warehouse.rows("audiences/measurable_exports", {"as_of": run.as_of}):
        export = Export(*fields)
        wanted = export.outcome or outcomes.get(export.audience)
        if wanted is not None:
            row = _row(run, warehouse, export, Outcome.model_validate(wanted))
            rows += [] if row is None else [row]
    return rows


def _row(run: Run, warehouse: Database, export: Export, outcome: Outcome) -> dict[str, Any] | None:
    """The row of an export; None if its customers are gone and it was never counted."""
    end = export.exported_at + timedelta(days=outcome.days)
    if not export.has_customers or run.as_of > end + timedelta(days=LATE_DAYS):
        parameters = {"number": export.number, "as_of": run.as_of}
        final: dict[str, Any] | None = warehouse.value("audiences/final_result", parameters)
        if final is not None or not export.has_customers:
            return final
    counted_until, is_over = min(end, run.as_of), end <= run.as_of
    row = {
        "number": export.number,
        "outcome": outcome_in_words(outcome),
        "outcome_columns": list(labels_of(outcome)),
        "days": outcome.days,
        "counted_until": counted_until.isoformat(),
        "is_over": is_over,
    }
    try:
        _require_known(run.spec, warehouse, outcome)
        counted = _count(run.spec, warehouse, export, outcome, counted_until)
    except AudienceError as error:
        log.warning("export %d of audience %s: %s", export.number, export.audience, error.reason)
        return row | {"verdict": Verdict.NOT_COUNTED, "reason": error.reason}
    figures: dict[str, Any] = {}
    groups: dict[str, Group] = {}
    for role, plural in (("member", "members"), ("control", "control")):
        customers, outcomes, before = counted.get(role, (0, 0, 0))
        groups[role] = Group(customers, outcomes)
        figures |= {plural: customers, f"{role}_outcomes": outcomes, f"{plural}_before": before}
    found = compare(groups["member"], groups["control"], is_over=is_over)
    figures |= {"difference": found.difference, "low": found.low, "high": found.high}
    return row | figures | {"verdict": found.verdict, "reason": found.reason}


def labels_of(outcome: Outcome) -> tuple[str, ...]:
    """The labels by which an outcome is seen; none for an event."""
    if outcome.label is None:
        return ()
    return (outcome.label,) if isinstance(outcome.label, str) else tuple(outcome.label)


def outcome_in_words(outcome: Outcome) -> str:
    """The outcome as readers see it: ``event purchases``, ``bought``, ``rating = ["gold"]``."""
    if outcome.event is not None:
        return f"event {outcome.event}"
    if isinstance(outcome.label, str):
        return outcome.label
    conditions = (outcome.label or {}).items()
    return ", ".join(f"{name} = {json.dumps(wanted)}" for name, wanted in conditions)


def _require_known(spec: Spec, warehouse: Database, outcome: Outcome) -> None:
    """Check that there are the labels or the events of an outcome.

    Raises
    ------
    AudienceError
        when there are not, or a label is private.
    """
    stored = column_types(warehouse)
    if outcome.event is not None:
        if outcome.event in spec.events and warehouse.has_table(table_of(outcome.event)):
            return
        wanted, kind, known = [outcome.event], "events", list(spec.events)
    else:
        known = [label for label in shown_labels(spec) if label in stored]
        wanted, kind = [name for name in labels_of(outcome) if name not in known], "labels"
    if wanted:
        raise AudienceError(
            Status.FAILED,
            f"{listed(wanted)} can be no outcome; the space has the {kind} {listed(known)}",
        )


def _count(
    spec: Spec, warehouse: Database, export: Export, outcome: Outcome, counted_until: datetime
) -> dict[str, tuple[int, int, int]]:
    """By role: customers without the outcome at export, those who got it, those who had it."""
    moments = {
        "number": export.number,
        "exported_at": export.exported_at,
        "since": export.exported_at - timedelta(days=outcome.days),
        "counted_until": counted_until,
    }
    if outcome.event is not None:
        events = table_of(outcome.event)
        rows = warehouse.rows("audiences/count_by_event", moments, events=events)
    else:
        condition = _condition(spec, warehouse, outcome)
        rows = warehouse.rows("audiences/count_by_label", moments, has_outcome=condition)
    return {role: (customers, outcomes, before) for role, customers, outcomes, before in rows}


def _condition(spec: Spec, warehouse: Database, outcome: Outcome) -> sql.Composable:
    """What holds for a ``version`` of a customer whom the outcome has happened to."""
    if isinstance(outcome.label, str):
        return _flag(outcome.label, column_types(warehouse)[outcome.label])
    return condition_of(warehouse, outcome.label or {}, shown_labels(spec), "outcome.label")


def _flag(label: str, type_name: str) -> sql.Composed:
    """Whether a label says true, yes or 1."""
    kind = type_class_of(type_name)
    fragment = "to_flag({}::text) = 1"
    if kind is TypeClass.BOOLEAN:
        fragment = "{}"
    elif kind in _NUMBERS:
        fragment = "{} = 1"
    return sql.SQL(fragment).format(sql.Identifier("version", label))
