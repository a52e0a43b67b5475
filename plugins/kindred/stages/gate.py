"""quality_gate: index what was filled aside, and let nothing through that is not as promised."""

import logging
from typing import Any

from kindred.errors import GateError
from kindred.stages.run import Run
from kindred.store import partitions
from kindred.store.database import Database

log = logging.getLogger(__name__)


def quality_gate(run: Run) -> dict[str, Any]:
    """Finish the tables aside and hold them against the promise.

    Raises
    ------
    GateError
        naming every figure that is outside what the spec allows; the last snapshot still serves.
    """
    facts = run.reopened().build.facts
    with run.warehouse("quality_gate") as warehouse:
        problems = [*_check_rows(run, warehouse, facts), *_check_figures(run, facts)]
        if problems:
            raise GateError("not published: " + "; ".join(problems))
        for parent in partitions.PARENTS:
            if not _has_passed(run, warehouse, parent):
                memory_mb = run.settings.maintenance_work_mem_mb
                partitions.finish_aside(warehouse, parent, run.as_of, memory_mb=memory_mb)
    return {"customers": facts["customers"], "recall": facts["recall"]}


def _has_passed(run: Run, warehouse: Database, parent: str) -> bool:
    """Whether a try before has been attached and left nothing aside: this task runs again."""
    return partitions.is_attached(warehouse, parent, run.as_of) and not partitions.has_aside(
        warehouse, parent, run.as_of
    )


def _check_rows(run: Run, warehouse: Database, facts: dict[str, Any]) -> list[str]:
    """Both tables hold exactly what they must."""
    checks = {"customer_lookalikes": _check_lookalikes, "customer_clusters": _check_clusters}
    problems = []
    for parent, check in checks.items():
        if _has_passed(run, warehouse, parent):
            continue
        table = partitions.aside_name(parent, run.as_of)
        if partitions.has_aside(warehouse, parent, run.as_of):
            problems += check(run, warehouse, facts, table)
        else:
            problems.append(f"{table} does not exist; clear the task that fills it")
    return problems


def _check_lookalikes(
    run: Run, warehouse: Database, facts: dict[str, Any], table: str
) -> list[str]:
    rows, customers = warehouse.row("partitions/count_rows", table=table) or (0, 0)
    expected_rows = facts["eligible"] * min(run.spec.k, max(0, facts["eligible"] - 1))
    expected_customers = facts["eligible"] if expected_rows else 0
    if (rows, customers) != (expected_rows, expected_customers):
        return [
            f"{table} has {rows} rows of {customers} customers, {expected_rows} rows of"
            f" {expected_customers} are due; clear task 'load_lookalikes'"
        ]
    return []


def _check_clusters(run: Run, warehouse: Database, facts: dict[str, Any], table: str) -> list[str]:
    problems = []
    counted = {row[0]: row[3] for row in warehouse.rows("clusters/summary", table=table)}
    for algorithm in run.spec.clustering.algorithms:
        if counted.get(str(algorithm), 0) != facts["customers"]:
            problems.append(
                f"{table} has {counted.get(str(algorithm), 0)} rows of {algorithm},"
                f" {facts['customers']} are due; clear task 'cluster'"
            )
    return problems


def _check_figures(run: Run, facts: dict[str, Any]) -> list[str]:
    """Figures against the gates of the spec."""
    gates = run.spec.gates
    problems = []
    lowest = run.spec.target_recall - gates.recall_tolerance
    if facts["recall"] < lowest:
        problems.append(
            f"recall {facts['recall']:.4f} is below {lowest:.4f} (target_recall -"
            " gates.recall_tolerance)"
        )
    if facts["customers"] < gates.min_customers:
        problems.append(
            f"{facts['customers']} customers, gates.min_customers is {gates.min_customers}"
        )
    undated = facts["rows_undated"]
    # Rows without a time are refused again every night, so a quiet window must not answer for them.
    shares = {
        "the window's rows": (facts["rows_rejected"] - undated, facts["rows_landed"]),
        "all rows, for want of a time,": (undated, facts["customers"]),
    }
    for what, (rejected, kept) in shares.items():
        if rejected > gates.max_rejected_share * (rejected + kept):
            problems.append(
                f"{rejected} of {rejected + kept} of {what} were refused, gates.max_rejected_share"
                f" is {gates.max_rejected_share:.1%}; see {run.spec.bi_schema}.rejected_rows"
            )
    problems += _check_drift(run, facts)
    for algorithm in run.spec.clustering.algorithms:
        if f"clusters_{algorithm}" not in facts:
            problems.append(f"no figures of {algorithm}; clear task 'cluster'")
    return problems


def _check_drift(run: Run, facts: dict[str, Any]) -> list[str]:
    """Columns that have moved too far since the snapshot before."""
    limit = run.spec.gates.max_drift
    return [
        f"column {entry['column_name']!r} has drifted by {entry['drift']:.2f} (population stability"
        f" index) since snapshot {entry['previous_as_of']}, gates.max_drift is {limit}; see"
        f" {run.spec.bi_schema}.column_quality"
        for entry in facts["quality"]
        if entry["drift"] is not None and entry["drift"] > limit
    ]
