"""Propose a spec for a table: a decision for every column, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kindred.errors import InferenceError
from kindred.infer.column_names import looks_like_label
from kindred.infer.columns import Column, SqlType
from kindred.infer.hindsight import closing_by_values, written_later
from kindred.infer.kinds import Decision, Use, decide
from kindred.infer.leaks import best_aucs, find_leaks
from kindred.infer.transactions import ADVICE, Transactions, find_transactions
from kindred.infer.widths import fit_width
from kindred.progress.steps import counted, step
from kindred.spec.features import OWN_COLUMNS
from kindred.spec.names import did_you_mean, listed
from kindred.spec.source import LARGEST_KEYS

if TYPE_CHECKING:
    from kindred.infer.event_proposal import EventProposal

NIGHTLY = "0 2 * * *"
MIN_TELLING_AUC = 0.6  # of an ignored column, to be warned of; 0.5 is chance
MAX_LABEL_VALUES = 20  # distinct values up to which a column with an outcome's name is a label
MAX_CONFLICT_SHARE = 0.2  # of the rows; the default of gates.max_rejected_share
_MIN_ROWS_OF_DENSITY = 50  # rows below which density means nothing
_ROWS_PER_CLUSTER = 50
_OF_EVENTS = 100  # dimensions of proposed features of events: 65 of the basket, and numbers


@dataclass(frozen=True)
class Roles:
    """The roles that a person has given to columns of a table."""

    key: str
    updated_at: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def of_rows(self) -> tuple[str, str | None]:
        """The columns that say whose a row is and when it was written: none is encoded."""
        return self.key, self.updated_at

    @property
    def named(self) -> list[tuple[str, str]]:
        """The role and the name of every column that was named."""
        given = [("key", self.key), *(("labels", label) for label in self.labels)]
        return given if self.updated_at is None else [*given, ("updated_at", self.updated_at)]


@dataclass(frozen=True)
class Proposal:
    """A proposed spec; ``rows`` is the number of rows in the table, as far as is known.

    ``query``: what the source reads instead of the table. ``events``: what customers do; without a
    table of customers there is nothing else. ``rows_refused``: the share of rows that are read
    whose key is missing or shared.
    """

    table: str
    roles: Roles
    decisions: tuple[Decision, ...]
    rows: int
    key_reason: str
    schedule: str = NIGHTLY
    keeps_versions: bool = False
    notes: tuple[str, ...] = ()
    source_timezone: str | None = None
    query: str | None = None
    connection: str = "kindred_source"
    events: "EventProposal | None" = None
    rows_refused: float = 0.0

    @property
    def labels(self) -> list[Decision]:
        """Labels: those asked for in the order given, then those found in the table."""
        found = [decision for decision in self.decisions if decision.use is Use.LABEL]
        asked = self.roles.labels
        return sorted(
            found,
            key=lambda label: asked.index(label.column) if label.column in asked else len(asked),
        )

    @property
    def k(self) -> int:
        """Lookalikes per customer: ten, or all other customers if there are fewer."""
        return max(1, min(10, self.rows - 1))

    @property
    def clustering(self) -> dict[str, Any]:
        """Clustering settings for the number of rows: more than one segment, but no tiny ones."""
        kmeans = {"k": max(1, min(8, max(2, self.rows // _ROWS_PER_CLUSTER), self.rows - 1))}
        if self.rows < _MIN_ROWS_OF_DENSITY:
            return {"algorithms": ["kmeans"], "kmeans": kmeans}
        size = max(5, min(100, self.rows // 100))
        hdbscan = {"min_cluster_size": size, "min_samples": min(10, size)}
        return {"algorithms": ["kmeans", "hdbscan"], "kmeans": kmeans, "hdbscan": hdbscan}


@dataclass(frozen=True)
class Evidence:
    """The columns of a table, with all of its rows or a sample of them.

    ``timezone`` is the likely one of times that do not name theirs.
    """

    columns: Sequence[Column]
    is_sample: bool = False
    table_rows: int = 0
    notes: Sequence[str] = field(default_factory=tuple)
    timezone: str = "UTC"

    @property
    def rows(self) -> int:
        """Rows of the table: those read, or more if they are a sample."""
        return max(self.table_rows, self.columns[0].rows if self.columns else 0)

    def column(self, role: str, name: str) -> Column:
        """The column with a given name.

        Raises
        ------
        InferenceError
            when there is no such column; the message lists the columns.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise no_such_column(role, name, [column.name for column in self.columns])


def no_such_column(role: str, name: str, names: Sequence[str], hint: str = "") -> InferenceError:
    """The error for a name that no column has, with the columns and the one probably meant."""
    return InferenceError(
        role,
        f"there is no column {name!r}; the columns are {listed(names)}{hint}"
        f"{did_you_mean(name, names)}",
    )


def propose(
    table: str,
    roles: Roles,
    evidence: Evidence,
    schedule: str = NIGHTLY,
    *,
    has_events: bool = False,
) -> Proposal:
    """Propose the spec of a table; if it ``has_events``, no column of it needs to be encoded.

    Raises
    ------
    InferenceError
        when a named column is missing or unfit for its role, or no column can be encoded.
    """
    for role, name in roles.named:
        evidence.column(role, name)
    if evidence.rows < 2:
        raise InferenceError(
            "rows", f"{evidence.rows} found, but similarity needs at least two customers"
        )
    key, has_versions = evidence.column("key", roles.key), roles.updated_at is not None
    traded = find_transactions(evidence.columns, key, has_versions=has_versions)
    _refuse_transactions(traded, roles, evidence)
    decisions = _decide_all(roles, evidence, _OF_EVENTS if has_events else 0)
    if not has_events and not any(decision.use is Use.FEATURE for decision in decisions):
        reasons = listed([f"{decision.column}: {decision.remark}" for decision in decisions], ";")
        raise InferenceError(
            "columns",
            f"none can be encoded ({reasons if decisions else 'there is no other column'})",
        )
    key_reason, keeps_versions, refused = _judge_key(roles, evidence)
    return Proposal(
        table=table,
        roles=roles,
        decisions=tuple(decisions),
        rows=evidence.rows,
        key_reason=key_reason,
        rows_refused=refused / max(key.rows, 1),
        schedule=schedule,
        keeps_versions=keeps_versions,
        notes=(*evidence.notes, *([f"{traded.reason}; {ADVICE}"] if traded else [])),
        source_timezone=_timezone(roles, evidence),
    )


def _refuse_transactions(traded: Transactions | None, roles: Roles, evidence: Evidence) -> None:
    """Refuse to make customers of the lines of a table whose key repeats."""
    key = evidence.column("key", roles.key)
    if traded and key.known - key.distinct > MAX_CONFLICT_SHARE * key.rows:
        raise InferenceError("key", f"the table {traded.reason}; {ADVICE}")


def _timezone(roles: Roles, evidence: Evidence) -> str | None:
    """The time zone that the spec must name, since ``updated_at`` does not."""
    if roles.updated_at is None:
        return None
    moments = evidence.column("updated_at", roles.updated_at)
    return evidence.timezone if moments.type == SqlType.TIMESTAMP else None


def _decide_all(roles: Roles, evidence: Evidence, reserved: int) -> list[Decision]:
    others = [c for c in evidence.columns if c.name not in (roles.key, roles.updated_at)]
    plain = [column for column in others if column.name not in OWN_COLUMNS]
    labels = {c.name: "label, as asked for" for c in plain if c.name in roles.labels}
    labels |= {
        column.name: "suspected label by its name: never encoded; else move it to the features"
        for column in plain
        if column.name not in labels
        and looks_like_label(column.name)
        and 1 < column.distinct <= MAX_LABEL_VALUES
    }
    candidates = [column for column in plain if column.name not in labels]
    outcomes = [column for column in plain if column.name in labels]
    with step("comparing columns with labels"):
        aucs = best_aucs(candidates, outcomes)
    leaks = find_leaks(candidates, outcomes, aucs)
    hindsight = written_later(candidates, has_updated_at=roles.updated_at is not None)
    if roles.updated_at is not None:
        key = evidence.column("key", roles.key)
        moments = evidence.column("updated_at", roles.updated_at)
        hindsight |= closing_by_values(candidates, key, moments)
    decisions = [
        _decision(c, labels, leaks, hindsight, is_sample=evidence.is_sample)
        for c in counted("deciding on columns", others, "columns")
    ]
    told = {name: found for name, found in aucs.items() if name not in leaks | hindsight}
    columns = {column.name: column for column in others}
    return fit_width(_warned(decisions, told), columns, reserved)


def _warned(decisions: list[Decision], aucs: dict[str, tuple[float, str]]) -> list[Decision]:
    """Warn of columns that say more of an outcome than all that are encoded, and are ignored."""
    encoded = [d.column for d in decisions if d.use is Use.FEATURE]
    best = max((aucs[name][0] for name in encoded if name in aucs), default=0.5)
    warnings = {
        name: f"ignored, and predicts label {label!r} better than every column that is encoded"
        f" (AUC {auc:.2f}, and {best:.2f})"
        for name, (auc, label) in aucs.items()
        if auc > max(best, MIN_TELLING_AUC)
    }
    return [
        replace(d, warning=warnings[d.column]) if d.column in warnings and not d.warning else d
        for d in decisions
    ]


def _decision(
    column: Column,
    labels: dict[str, str],
    leaks: dict[str, str],
    hindsight: dict[str, str],
    *,
    is_sample: bool,
) -> Decision:
    if column.name in OWN_COLUMNS:
        reason = "Kindred uses this name itself: rename the column to use it"
        return Decision(column.name, Use.IGNORE, reason)
    if column.name in labels:
        warning = "" if column.distinct > 1 else "a label of one value: no segment differs in it"
        return Decision(column.name, Use.LABEL, labels[column.name], warning=warning)
    if column.name in hindsight:
        reason = "; ".join((hindsight[column.name], *column.notes))
        return Decision(column.name, Use.IGNORE, reason)
    decision = decide(column, is_sample=is_sample)
    if column.name in leaks and decision.use is Use.FEATURE:
        return Decision(column.name, Use.IGNORE, leaks[column.name])
    if looks_like_label(column.name) and not decision.warning:
        done = "encoded" if decision.use is Use.FEATURE else "ignored"
        warning = f"by its name an outcome, and {done}: name it as a label if it is one"
        return replace(decision, warning=warning)
    return decision


def _judge_key(roles: Roles, evidence: Evidence) -> tuple[str, bool, int]:
    """The comment on the key, whether a customer may have several versions, and rows refused.

    Raises
    ------
    InferenceError
        when the column does not identify the rows.
    """
    key = evidence.column("key", roles.key)
    unique = f"{key.distinct:,} distinct in {key.rows:,} rows"
    missing = key.nulls + fractional_keys(key)
    nulls = f"; {missing:,} rows without a key will be rejected" if missing else ""
    if missing > key.nulls:
        nulls = f"; {missing:,} rows whose key is null or no whole number will be rejected"
    if missing - key.nulls > MAX_CONFLICT_SHARE * key.rows:
        raise InferenceError(
            "key",
            f"column {roles.key!r} is of type {key.type}, and {missing - key.nulls:,} of its"
            f" {key.rows:,} values are no whole numbers, which numbers must be as keys; name"
            " another column, or cast it to text in the spec's source query",
        )
    if key.distinct == key.known and key.known:
        return f"unique: {unique}{nulls}", False, missing
    if roles.updated_at is not None:
        moments = evidence.column("updated_at", roles.updated_at)
        pairs = np.unique(key.codes.astype(np.int64) * (moments.distinct + 1) + moments.codes)
        if len(pairs) >= (1 - MAX_CONFLICT_SHARE) * key.rows and key.known:
            return f"{unique}: several versions per customer{nulls}", True, missing
    repeats = key.rows - _rows_of_own_key(key, evidence)
    if repeats > MAX_CONFLICT_SHARE * key.rows:
        raise InferenceError(
            "key",
            f"column {roles.key!r} does not identify the rows ({unique}); name another"
            " column, or 'row_number' to number the rows of a file",
        )
    shared = repeats - key.nulls
    why = f"{unique}: {shared:,} rows that share a key will be rejected{nulls}"
    return why, False, repeats + missing - key.nulls


def fractional_keys(key: Column) -> int:
    """Rows whose key is a number, but not a whole one that a bigint holds exactly."""
    if key.type not in LARGEST_KEYS or key.numbers is None:
        return 0
    is_whole = (key.numbers == np.floor(key.numbers)) & (
        np.abs(key.numbers) <= LARGEST_KEYS[key.type]
    )
    return int(key.counts[~is_whole].sum())


def _rows_of_own_key(key: Column, evidence: Evidence) -> int:
    """Rows whose key no other row has; rows that are equal in all columns count as one."""
    codes = pd.DataFrame({column.name: column.codes for column in evidence.columns})
    holders = codes.drop_duplicates()[key.name].value_counts()
    own = holders.index[(holders == 1) & (holders.index >= 0)]
    return int(np.isin(key.codes, own).sum())
