"""A table's columns to a proposed spec: every column decided, every decision with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kindred.errors import InferenceError
from kindred.infer.column_names import looks_like_label
from kindred.infer.columns import Column
from kindred.infer.kinds import Decision, Use, decide
from kindred.infer.leaks import find_leaks
from kindred.infer.widths import fit_width
from kindred.spec.model import OWN_COLUMNS

NIGHTLY = "0 2 * * *"
MAX_LABEL_VALUES = 20  # distinct values up to which a column with an outcome's name is one
MAX_CONFLICT_SHARE = 0.2  # of the rows, as gates.max_rejected_share has it by default
_MIN_ROWS_OF_DENSITY = 50  # rows below which density says nothing
_ROWS_A_CLUSTER = 50


@dataclass(frozen=True)
class Roles:
    """What a person has said about the columns of a table."""

    key: str
    updated_at: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A spec in the making; ``rows`` is how many the table has, as far as is known."""

    table: str
    roles: Roles
    decisions: tuple[Decision, ...]
    rows: int
    key_reason: str
    schedule: str = NIGHTLY
    keeps_versions: bool = False
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> list[Decision]:
        """Outcomes: those asked for in the order of asking, then those of the table."""
        found = [decision for decision in self.decisions if decision.use is Use.LABEL]
        asked = self.roles.labels
        return sorted(
            found,
            key=lambda label: asked.index(label.column) if label.column in asked else len(asked),
        )

    @property
    def k(self) -> int:
        """Lookalikes a customer: ten, but fewer than there are others."""
        return max(1, min(10, self.rows - 1))

    @property
    def clustering(self) -> dict[str, Any]:
        """Segments fit for the number of rows: neither one for all nor one for a handful."""
        kmeans = {"k": max(1, min(8, max(2, self.rows // _ROWS_A_CLUSTER), self.rows - 1))}
        if self.rows < _MIN_ROWS_OF_DENSITY:
            return {"algorithms": ["kmeans"], "kmeans": kmeans}
        size = max(5, min(100, self.rows // 100))
        hdbscan = {"min_cluster_size": size, "min_samples": min(10, size)}
        return {"algorithms": ["kmeans", "hdbscan"], "kmeans": kmeans, "hdbscan": hdbscan}


@dataclass(frozen=True)
class Evidence:
    """The columns of a table, all of its rows or a sample of them."""

    columns: Sequence[Column]
    is_sample: bool = False
    table_rows: int = 0
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def rows(self) -> int:
        """Rows of the table: those at hand, or more where these are a sample."""
        return max(self.table_rows, self.columns[0].rows if self.columns else 0)

    def column(self, role: str, name: str) -> Column:
        """A column that a person has named.

        Raises
        ------
        InferenceError
            when there is none; the text lists those there are.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise InferenceError(role, f"there is no column {name!r}; the columns are {names}")


def propose(table: str, roles: Roles, evidence: Evidence, schedule: str = NIGHTLY) -> Proposal:
    """The spec of a table.

    Raises
    ------
    InferenceError
        when a named column is not there or unfit for its role, or nothing can be encoded.
    """
    named = {"key": (roles.key,), "labels": roles.labels}
    if roles.updated_at is not None:
        named["updated_at"] = (roles.updated_at,)
    for role, names in named.items():
        for name in names:
            evidence.column(role, name)
    if evidence.rows < 2:
        raise InferenceError(
            "rows", f"{evidence.rows} found, and similarity takes at least two customers"
        )
    decisions = _decide_all(roles, evidence)
    if not any(decision.use is Use.FEATURE for decision in decisions):
        reasons = "; ".join(f"{decision.column}: {decision.reason}" for decision in decisions)
        raise InferenceError(
            "columns", f"none can be encoded ({reasons or 'there is no other column'})"
        )
    key_reason, keeps_versions = _judge_key(roles, evidence)
    return Proposal(
        table=table,
        roles=roles,
        decisions=tuple(decisions),
        rows=evidence.rows,
        key_reason=key_reason,
        schedule=schedule,
        keeps_versions=keeps_versions,
        notes=tuple(evidence.notes),
    )


def _decide_all(roles: Roles, evidence: Evidence) -> list[Decision]:
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
    leaks = find_leaks(candidates, [column for column in plain if column.name in labels])
    decisions = [_decision(c, labels, leaks, is_sample=evidence.is_sample) for c in others]
    return fit_width(decisions, {column.name: column for column in others})


def _decision(
    column: Column,
    labels: dict[str, str],
    leaks: dict[str, str],
    *,
    is_sample: bool,
) -> Decision:
    if column.name in OWN_COLUMNS:
        reason = "a name that Kindred needs itself: rename the column to use it"
        return Decision(column.name, Use.IGNORE, reason)
    if column.name in labels:
        return Decision(column.name, Use.LABEL, labels[column.name])
    decision = decide(column, is_sample=is_sample)
    if column.name in leaks and decision.use is Use.FEATURE:
        return Decision(column.name, Use.IGNORE, leaks[column.name])
    return decision


def _judge_key(roles: Roles, evidence: Evidence) -> tuple[str, bool]:
    """What the key comment says, and whether the table holds several versions of a customer.

    Raises
    ------
    InferenceError
        when the column does not tell the rows apart.
    """
    key = evidence.column("key", roles.key)
    unique = f"{key.distinct:,} distinct in {key.rows:,} rows"
    nulls = f"; {key.nulls:,} rows without a key will be rejected" if key.nulls else ""
    if key.distinct == key.known and key.known:
        return f"unique: {unique}{nulls}", False
    if roles.updated_at is not None:
        moments = evidence.column("updated_at", roles.updated_at)
        pairs = set(zip(key.codes.tolist(), moments.codes.tolist(), strict=True))
        if len(pairs) >= (1 - MAX_CONFLICT_SHARE) * key.rows and key.known:
            return f"{unique}: several versions of a customer{nulls}", True
    repeats = key.rows - _rows_of_own_key(key, evidence)
    if repeats > MAX_CONFLICT_SHARE * key.rows:
        raise InferenceError(
            "key",
            f"column {roles.key!r} does not tell the rows apart ({unique}); name another"
            " column, or 'row_number' to number the rows of a file",
        )
    return f"{unique}: {repeats:,} rows that share a key will be rejected{nulls}", False


def _rows_of_own_key(key: Column, evidence: Evidence) -> int:
    """Rows whose key no different row has; rows that are equal in all columns count as one."""
    rows = set(zip(*(column.codes.tolist() for column in evidence.columns), strict=True))
    position = [column.name for column in evidence.columns].index(key.name)
    holders: dict[int, int] = {}
    for row in rows:
        holders[row[position]] = holders.get(row[position], 0) + 1
    own = {code for code, count in holders.items() if count == 1 and code >= 0}
    return sum(code in own for code in key.codes.tolist())
