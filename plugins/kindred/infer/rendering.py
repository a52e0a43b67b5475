"""Render a proposal as YAML for people to read and edit, with the reason beside each line."""

from collections.abc import Mapping
from typing import Any

import yaml

from kindred.infer.kinds import Decision, Use
from kindred.infer.proposal import Proposal
from kindred.spec.features import OWN_COLUMNS

_COMMENT_COLUMN = 52
_NO_TIME = "no column says when a row changed: every run reads all rows"


def render(proposal: Proposal, origin: str) -> str:
    """The text of a spec file; ``origin`` names what it was inferred from."""
    lines = [
        f"# Proposed from {_plain(origin)}: {proposal.rows:,} rows. Every line may be changed:",
        "# a weight (1 by default), a kind, ignore, or the labels, which are never encoded.",
        "# Put it in include/features: the file's name becomes that of the space and of its DAG.",
        *(f"# Note: {_plain(note)}." for note in proposal.notes),
        *_source(proposal),
        f'schedule: "{proposal.schedule}"',
        "metric: l2",
        f"k: {proposal.k}",
        "features:",
        *(_feature(decision) for decision in proposal.decisions if decision.use is not Use.LABEL),
        *_labels(proposal),
        "clustering:",
        *(f"  {key}: {_flow(value)}" for key, value in proposal.clustering.items()),
    ]
    return "\n".join(lines) + "\n"


def _source(proposal: Proposal) -> list[str]:
    roles = proposal.roles
    time = "the time of the row's last change" if roles.updated_at else _NO_TIME
    lines = [
        "source:",
        f"  connection: {_flow(proposal.connection)}",
        f"  table: {_flow(proposal.table)}" if proposal.query is None else _query(proposal.query),
        _commented(f"  key: {_flow(roles.key)}", proposal.key_reason),
        _commented(f"  updated_at: {_flow(roles.updated_at or 'none')}", time),
    ]
    if proposal.source_timezone is not None:
        zone = f"  source_timezone: {_flow(proposal.source_timezone)}"
        lines.append(_commented(zone, "the times do not name theirs: correct it if it is another"))
    if proposal.keeps_versions:
        lines.append(_commented("  history: versions", "one row per change of a customer"))
    return lines


def _query(query: str) -> str:
    """A query as it was written, if YAML can hold it so."""
    lines = query.split("\n")
    if len(lines) < 2 or not query.replace("\t", " ").replace("\n", " ").isprintable():
        return f"  query: {_flow(query)}"
    return "\n".join(["  query: |2-", *(f"    {line}" if line else "" for line in lines)])


def _feature(decision: Decision) -> str:
    entry = f"{_flow(decision.column)}: {_setting(decision)}"
    # A spec cannot name Kindred's own columns, not even to ignore them.
    line = f"  # {entry}" if decision.column in OWN_COLUMNS else f"  {entry}"
    return _commented(line, decision.reason)


def _setting(decision: Decision) -> str:
    if decision.use is Use.IGNORE:
        return "ignore"
    settings = dict(decision.settings)
    return str(settings["kind"]) if len(settings) == 1 else _flow(settings)


def _labels(proposal: Proposal) -> list[str]:
    if not proposal.labels:
        return ["labels: []"]
    lines = (_commented(f"  - {_flow(label.column)}", label.reason) for label in proposal.labels)
    return ["labels:", *lines]


def _commented(line: str, reason: str) -> str:
    return f"{line:<{_COMMENT_COLUMN}}  # {_plain(reason)}"


def _plain(text: str) -> str:
    """Text on a single line, as a comment needs it, whatever characters a name contains."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _flow(value: str | int | list[str] | Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(value) if isinstance(value, Mapping) else value,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()
