"""Check a snapshot's figures against the gates of the spec before it is published."""

from typing import Any

from kindred.spec.model import Spec

MIN_REJECTED = 4  # fewer say nothing of a quiet night, unless most customers are bad


def problems_of_figures(spec: Spec, facts: dict[str, Any]) -> list[str]:
    """Describe every figure that misses a gate of the spec."""
    gates = spec.gates
    problems = []
    lowest = spec.target_recall - gates.recall_tolerance
    found = {"recall": facts["recall"]}
    if facts.get("public"):
        found["recall of the public columns"] = facts["public"]["recall"]
    problems += [
        f"{name} {recall:.4f} is below {lowest:.4f} (target_recall - gates.recall_tolerance)"
        for name, recall in found.items()
        if recall < lowest
    ]
    if facts["customers"] < gates.min_customers:
        problems.append(
            f"{facts['customers']} customers, gates.min_customers is {gates.min_customers}"
        )
    undated = facts["rows_undated"]
    # Rows without a time are rejected again every night: counting them in the window's share would
    # fail a window with few rows of its own.
    shares = {
        "rows of the window were rejected": (
            facts["rows_rejected"] - undated,
            facts["rows_landed"],
        ),
        "rows were rejected for want of a time": (undated, facts["customers"]),
        # Whatever window or comparison of keys brought them.
        "customers were rejected with all their rows": (
            facts["customers_rejected"],
            facts["customers"],
        ),
    }
    if "events_read" in facts:  # those without a time count in no window either
        refused = facts["events_rejected"] - facts["events_undated"]
        shares["events were rejected"] = (refused, facts["events_read"] - facts["events_rejected"])
    for what, (rejected, kept) in shares.items():
        is_many = rejected >= MIN_REJECTED or rejected > facts["customers"] / 2
        if is_many and rejected > gates.max_rejected_share * (rejected + kept):
            problems.append(
                f"{rejected} of {rejected + kept} {what}, gates.max_rejected_share"
                f" is {gates.max_rejected_share:.1%}; see {spec.bi_schema}.rejected_rows"
                f"{' and rejected_events' if spec.events else ''}; who is"
                " corrected or deleted in the source counts no more from the next comparison of"
                " keys on"
            )
    problems += _check_drift(spec, facts)
    problems += _check_segments(spec, facts)
    for algorithm in spec.clustering.algorithms:
        if f"clusters_{algorithm}" not in facts:
            problems.append(f"no figures of {algorithm}; clear task 'cluster'")
    return problems


def _check_drift(spec: Spec, facts: dict[str, Any]) -> list[str]:
    """Columns that have drifted too far since the previous snapshot."""
    limit = spec.gates.max_drift
    return [
        f"column {entry['column_name']!r} has drifted by {entry['drift']:.2f} (population stability"
        f" index) since snapshot {entry['previous_as_of']}, gates.max_drift is {limit}; see"
        f" {spec.bi_schema}.column_quality"
        for entry in facts["quality"]
        if entry["drift"] is not None and entry["drift"] > limit
    ]


def _check_segments(spec: Spec, facts: dict[str, Any]) -> list[str]:
    """Algorithms that call too many customers noise, or find too few segments."""
    gates, problems = spec.gates, []
    found = {entry["algorithm"]: entry for entry in facts.get("cluster_quality", ())}
    see = f"; see {spec.bi_schema}.cluster_quality"
    for algorithm in map(str, spec.clustering.algorithms):
        if algorithm not in found:
            problems.append(f"no profiles of {algorithm}; clear task 'profile_clusters'")
            continue
        noise_share, clusters = found[algorithm]["noise_share"], found[algorithm]["clusters"]
        if noise_share > gates.max_noise_share:
            problems.append(
                f"{noise_share:.1%} of the customers are noise for {algorithm},"
                f" gates.max_noise_share is {gates.max_noise_share:.1%}{see}"
            )
        if clusters < gates.min_clusters:
            problems.append(
                f"{algorithm} has found {clusters} clusters, gates.min_clusters is"
                f" {gates.min_clusters}{see}"
            )
    return problems
