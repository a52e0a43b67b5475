"""Rows of ``audience_results``: what the exports from before a snapshot had achieved by then."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2 import sql

from kindred.audiences.audience_checks import shown_labels, without_private
from kindred.audiences.conditions import condition_of
from kindred.audiences.results import LATE_DAYS, Group, Verdict, compare
from kindred.audiences.status import Status
from kindred.errors import AudienceError
from kindred.events.event_tables import table_of
from kindred.events.stored_names import stored_name
from kindred.history.column_expressions import TypeClass, type_class_of
from kindred.history.versions import column_types
from kindred.run.context import Run
from kindred.settings import variable_name
from kindred.spec.audiences import Outcome
from kindred.spec.model import Spec
from kindred.spec.names import listed
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

_NUMBERS = (TypeClass.INTEGER, TypeClass.FLOAT, TypeClass.DECIMAL)

NO_OUTCOME = "unknown"
GONE = (
    "its customers are not kept any more, and no night had counted them before: the file named no"
    f" outcome within the days of {variable_name('keep_export_days')}"
)
"""Why an export cannot be counted whose customers are gone."""


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
    `LATE_DAYS`, what was counted last is repeated. All others are counted together, so that a
    night reads the customers once, however many exports there are.
    """
    judged = []
    for fields in warehouse.rows("audiences/measurable_exports", {"as_of": run.as_of}):
        export = Export(*fields)
        wanted = export.outcome or outcomes.get(export.audience)
        if wanted is not None:
            judged.append(_Judged(export, Outcome.model_validate(wanted), run.as_of))
    numbers = [one.export.number for one in judged if one.is_final]
    final: dict[int, dict[str, Any]] = dict(
        warehouse.rows("audiences/final_results", {"numbers": numbers, "as_of": run.as_of})
    )
    rows = {**final}
    counting: dict[_Judged, sql.Composable] = {}
    types = column_types(warehouse)
    for one in judged:
        if one.export.number in final:
            continue
        try:
            counting[one] = _counted_by(run.spec, warehouse, types, one)
        except AudienceError as error:
            reason = without_private(error.reason, run.spec.private)
            log.warning("export %d of %s: %s", one.export.number, one.export.audience, reason)
            not_counted = {"verdict": Verdict.NOT_COUNTED, "reason": error.reason}
            if one.export.outcome is None:  # what the file says is of no use, and may be no name
                not_counted["outcome"] = NO_OUTCOME
            rows[one.export.number] = one.row() | not_counted
    for one, counts in _count(warehouse, counting).items():
        rows[one.export.number] = one.row() | _figures(counts, is_over=one.is_over)
    return [rows[one.export.number] for one in judged]


@dataclass(frozen=True, eq=False)
class _Judged:
    """An export and the outcome it is judged by, at a moment."""

    export: Export
    outcome: Outcome
    as_of: datetime

    @property
    def end(self) -> datetime:
        """The end of the outcome's days."""
        return self.export.exported_at + timedelta(days=self.outcome.days)

    @property
    def is_over(self) -> bool:
        """Whether the days have passed."""
        return self.end <= self.as_of

    @property
    def is_final(self) -> bool:
        """Whether a count from before is repeated, if there is one."""
        return not self.export.has_customers or self.as_of > self.end + timedelta(days=LATE_DAYS)

    @property
    def counted_until(self) -> datetime:
        """Outcomes before it count."""
        return min(self.end, self.as_of)

    def row(self) -> dict[str, Any]:
        """What readers see of it beside the counts."""
        return {
            "number": self.export.number,
            "outcome": outcome_in_words(self.outcome),
            "outcome_columns": list(labels_of(self.outcome)),
            "days": self.outcome.days,
            "counted_until": self.counted_until.isoformat(),
            "is_over": self.is_over,
        }


def _figures(counted: Mapping[str, tuple[int, int, int]], *, is_over: bool) -> dict[str, Any]:
    """Counts by role, and their comparison."""
    figures: dict[str, Any] = {}
    groups: dict[str, Group] = {}
    for role, plural in (("member", "members"), ("control", "control")):
        customers, outcomes, before = counted.get(role, (0, 0, 0))
        groups[role] = Group(customers, outcomes)
        figures |= {plural: customers, f"{role}_outcomes": outcomes, f"{plural}_before": before}
    found = compare(groups["member"], groups["control"], is_over=is_over)
    figures |= {"difference": found.difference, "low": found.low, "high": found.high}
    return figures | {"verdict": found.verdict, "reason": found.reason}


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


def _counted_by(
    spec: Spec, warehouse: Database, types: Mapping[str, str], judged: _Judged
) -> sql.Composable:
    """The condition on an event that is none, or on a customer's version, which has the outcome.

    Raises
    ------
    AudienceError
        when there is no such label or event, the label is private, a value does not suit it, or
        the customers are gone.
    """
    outcome = judged.outcome
    if not judged.export.has_customers:
        raise AudienceError(Status.FAILED, GONE)
    if outcome.event is not None:
        if outcome.event in spec.events and warehouse.has_table(table_of(outcome.event)):
            return _is_return(spec, outcome.event)
        wanted, kind, known = [outcome.event], "events", list(spec.events)
    else:
        known = [label for label in shown_labels(spec) if label in types]
        wanted, kind = [name for name in labels_of(outcome) if name not in known], "labels"
    if wanted:
        raise AudienceError(
            Status.FAILED,
            f"the outcome is none of the {kind} of the space; it has {listed(known)}",
        )
    if isinstance(outcome.label, str):
        return _flag(outcome.label, types[outcome.label])
    return condition_of(warehouse, outcome.label or {}, shown_labels(spec), "outcome.label")


def _is_return(spec: Spec, name: str) -> sql.Composable:
    """Whether an event gives something back, as ``Lines.is_negative`` and ``without_signs_of``."""
    roles = [role for role in ("amount", "quantity") if spec.events[name].roles[role] is not None]
    columns = [stored_name(role) for role in roles if role not in spec.private]
    negative = [
        sql.SQL("coalesce({} < 0, false)").format(sql.Identifier("event", column))
        for column in columns
    ]
    return sql.SQL(" or ").join(negative) if negative else sql.SQL("false")


Counts = dict[str, tuple[int, int, int]]
"""By role: customers without the outcome at export, those who got it, those who had it."""


def _count(
    warehouse: Database, counting: Mapping[_Judged, sql.Composable]
) -> dict[_Judged, Counts]:
    """Count some exports: those of all labels by one statement, and those of an event by one."""
    counts: dict[int, Counts] = {one.export.number: {} for one in counting}
    events = {one: by for one, by in counting.items() if one.outcome.event is not None}
    for name in dict.fromkeys(str(one.outcome.event) for one in events):
        exports = [one for one in events if one.outcome.event == name]
        table = table_of(name)
        rows = warehouse.rows(
            "audiences/count_by_event",
            _moments(exports),
            events=table,
            is_return=events[exports[0]],
        )
        _add(counts, rows)
    labels = [one for one in counting if one.outcome.event is None]
    if labels:
        texts = [counting[one].as_string(warehouse.connection) for one in labels]
        conditions = list(dict.fromkeys(texts))
        places = {"outcomes": [conditions.index(text) for text in texts]}
        holding = sql.SQL("array_remove(array[{}]::integer[], null)").format(
            sql.SQL(", ").join(
                sql.SQL("case when ({}) then {} end").format(sql.SQL(text), sql.Literal(place))
                for place, text in enumerate(conditions)
            )
        )
        moments = _moments(labels) | places
        _add(counts, warehouse.rows("audiences/count_by_label", moments, holding=holding))
    return {one: counts[one.export.number] for one in counting}


def _moments(exports: Sequence[_Judged]) -> dict[str, Any]:
    """The parameters of a count, a list each."""
    return {
        "numbers": [one.export.number for one in exports],
        "exported_at": [one.export.exported_at for one in exports],
        "since": [one.export.exported_at - timedelta(days=one.outcome.days) for one in exports],
        "counted_until": [one.counted_until for one in exports],
    }


def _add(counts: dict[int, Counts], rows: Sequence[tuple[Any, ...]]) -> None:
    for number, role, *found in rows:
        counts[number][role] = (found[0], found[1], found[2])


def _flag(label: str, type_name: str) -> sql.Composed:
    """Whether a label says true, yes or 1."""
    kind = type_class_of(type_name)
    fragment = "to_flag({}::text) = 1"
    if kind is TypeClass.BOOLEAN:
        fragment = "{}"
    elif kind in _NUMBERS:
        fragment = "{} = 1"
    return sql.SQL(fragment).format(sql.Identifier("version", label))
