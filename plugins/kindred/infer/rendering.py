"""Render a proposal as YAML for people to read and edit, with the reason beside each line."""

from kindred.infer.event_proposal import EventProposal
from kindred.infer.event_rendering import event_features, event_tables, recommendations
from kindred.infer.kinds import Decision, Use
from kindred.infer.proposal import Proposal
from kindred.infer.yaml_lines import commented, flow, plain_line
from kindred.spec.features import OWN_COLUMNS

_NO_TIME = "no column says when a row changed: every run reads all rows"


def render(proposal: Proposal, origin: str) -> str:
    """The text of a spec file; ``origin`` names what it was inferred from."""
    events = proposal.events
    lines = [
        f"# Proposed from {plain_line(origin)}: {proposal.rows:,} rows. Every line may be changed:",
        "# a weight (1 by default), a kind, ignore, or the labels, which are never encoded.",
        "# Put it in include/features: the file's name becomes that of the space and of its DAG.",
        *(f"# Note: {plain_line(note)}." for note in proposal.notes),
        *(_source(proposal) if events is None or not events.is_alone else _alone(events)),
        f'schedule: "{proposal.schedule}"',
        "metric: l2",
        f"k: {proposal.k}",
        *([] if events is None else event_tables(events)),
        "features:",
        *(_feature(decision) for decision in proposal.decisions if decision.use is not Use.LABEL),
        *([] if events is None else event_features(events)),
        *_labels(proposal),
        *([] if events is None else recommendations(events)),
        "clustering:",
        *(f"  {key}: {flow(value)}" for key, value in proposal.clustering.items()),
    ]
    return "\n".join(lines) + "\n"


def _source(proposal: Proposal) -> list[str]:
    roles = proposal.roles
    time = "the time of the row's last change" if roles.updated_at else _NO_TIME
    lines = [
        "source:",
        f"  connection: {flow(proposal.connection)}",
        f"  table: {flow(proposal.table)}" if proposal.query is None else _query(proposal.query),
        commented(f"  key: {flow(roles.key)}", proposal.key_reason),
        commented(f"  updated_at: {flow(roles.updated_at or 'none')}", time),
    ]
    if proposal.source_timezone is not None:
        zone = f"  source_timezone: {flow(proposal.source_timezone)}"
        lines.append(commented(zone, "the times do not name theirs: correct it if it is another"))
    if proposal.keeps_versions:
        lines.append(commented("  history: versions", "one row per change of a customer"))
    return lines


def _alone(events: EventProposal) -> list[str]:
    why = f"no table of customers: they are the {events.customers:,} with an event"
    return [commented(f"source: {{events: {events.name}}}", why)]


def _query(query: str) -> str:
    """A query as it was written, if YAML can hold it so."""
    lines = query.split("\n")
    if len(lines) < 2 or not query.replace("\t", " ").replace("\n", " ").isprintable():
        return f"  query: {flow(query)}"
    return "\n".join(["  query: |2-", *(f"    {line}" if line else "" for line in lines)])


def _feature(decision: Decision) -> str:
    entry = f"{flow(decision.column)}: {_setting(decision)}"
    # A spec cannot name Kindred's own columns, not even to ignore them.
    line = f"  # {entry}" if decision.column in OWN_COLUMNS else f"  {entry}"
    return commented(line, decision.remark)


def _setting(decision: Decision) -> str:
    if decision.use is Use.IGNORE:
        return "ignore"
    settings = dict(decision.settings)
    return str(settings["kind"]) if len(settings) == 1 else flow(settings)


def _labels(proposal: Proposal) -> list[str]:
    if not proposal.labels:
        return ["labels: []"]
    lines = (commented(f"  - {flow(label.column)}", label.reason) for label in proposal.labels)
    return ["labels:", *lines]
