"""The events of a proposal as YAML: their table, features and recommendations, with the reasons."""

from kindred.infer.event_features import EventFeatureLine
from kindred.infer.event_proposal import EventProposal
from kindred.infer.yaml_lines import commented, flow, plain_line
from kindred.spec.names import listed


def event_tables(events: EventProposal) -> list[str]:
    """The lines under ``events``."""
    roles = events.roles
    lines = ["events:", f"  {events.name}:"]
    for key, value in events.relation.items():
        lines.append(_line(f"    {key}: {flow(value)}", events.reasons.get(key, "")))
    for role, choice in roles.choices:
        column = choice.column
        if role == "key" and len(roles.key_columns) > 1:
            column = flow(list(roles.key_columns))
            lines.append(commented(f"    key: {column}", choice.comment))
            continue
        lines.append(commented(f"    {role}: {flow(column)}", choice.comment))
        if role == "at" and events.source_timezone is not None:
            zone = f"    source_timezone: {flow(events.source_timezone)}"
            lines.append(commented(zone, "times do not name theirs: correct it if it is another"))
    if roles.key is None:
        lines.append("    # no key: no column is unique, so an event is its whole row")
    if events.unused:
        lines.append(f"    # not used: {plain_line(listed(list(events.unused)))}")
    return lines


def event_features(events: EventProposal) -> list[str]:
    """The lines under ``features``."""
    return [_feature(line) for line in events.features]


def _feature(line: EventFeatureLine) -> str:
    mark = "# " if line.is_comment else ""
    return commented(f"  {mark}{flow(line.name)}: {flow(line.settings)}", line.reason)


def recommendations(events: EventProposal) -> list[str]:
    """The lines of ``recommendations``; a comment if there are none."""
    found = events.recommendations
    if found.settings is None:
        return [f"# No recommendations: {plain_line(found.reason)}."]
    lines = [commented("recommendations:", found.reason)]
    lines += [f"  {key}: {flow(value)}" for key, value in found.settings.items()]
    if found.catalogue:
        named = commented(
            f"  catalogue: {flow(found.catalogue)}", "items are named by the events themselves"
        )
        lines.append(named)
    return lines


def _line(line: str, reason: str) -> str:
    return commented(line, reason) if reason else line
