"""A proposal in a few lines for a person: what is encoded, what is left out, what to look at.

Names and reasons come from data: characters that cannot be seen are spelt out, values never shown.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from kindred.infer.columns import Almost
from kindred.infer.event_proposal import EventProposal
from kindred.infer.kinds import Decision, Use
from kindred.infer.proposal import Proposal
from kindred.spec.names import plain

MAX_COLUMNS = 12  # shown per group; the others are counted
MAX_LINE = 160
MAX_WARNING = 400  # its end says what to do
MAX_NAME = 40
_FEW_ENCODED = 1 / 3  # share of the columns below which the proposal asks for a look


def summary(proposal: Proposal) -> list[str]:
    """The lines, about 50 at most however wide the table is."""
    by_use = {use: [d for d in proposal.decisions if d.use is use] for use in Use}
    encoded, ignored = by_use[Use.FEATURE], by_use[Use.IGNORE]
    by_use[Use.LABEL] = proposal.labels
    doubtful = [decision for decision in proposal.decisions if decision.almost is not None]
    doubtful.sort(key=lambda decision: -decision.almost.share if decision.almost else 0.0)
    certain = [decision for decision in encoded if decision.almost is None]
    events = proposal.events
    counted = [
        f"{len(encoded)} columns encoded, {len(ignored)} ignored,"
        f" {len(by_use[Use.LABEL])} held out as labels"
    ]
    if events is not None:
        made = sum(not line.is_comment for line in events.features)
        counted = [*([] if events.is_alone else counted), f"{made} features of events"]
    return [
        f"a spec is proposed: {', '.join(counted)}",
        *_warnings(proposal, len(encoded), len(doubtful)),
        *_group("almost a number or a date", doubtful, _doubt),
        *_group("encoded", certain, _treatment),
        *_group("labels", by_use[Use.LABEL], lambda decision: decision.reason),
        *_group("ignored", [d for d in ignored if d.almost is None], lambda d: d.reason),
        *([] if events is None else _of_events(events)),
    ]


def _of_events(events: EventProposal) -> Iterator[str]:
    """Which column is what, what is made of the events, and whether they recommend."""
    what = f"{events.rows:,} events of {events.customers:,} customers"
    yield from _group(
        f"events {events.name!r}, {what}",
        [Decision(role, Use.FEATURE, c.comment) for role, c in events.roles.choices],
        lambda d: f"{_column_of(events, d.column)}: {d.reason}",
    )
    yield from _group(
        "features of events",
        [
            Decision(line.name, Use.FEATURE, line.reason, line.settings)
            for line in events.features
            if not line.is_comment
        ],
        _treatment,
    )
    found = events.recommendations
    how = "recommendations" if found.settings is not None else "no recommendations"
    yield _cut(f"  {how}: {plain(found.reason)}")


def _column_of(events: EventProposal, role: str) -> str:
    if role == "key":
        return plain(", ".join(events.roles.key_columns))
    return plain(dict(events.roles.choices)[role].column)


def _warnings(proposal: Proposal, encoded: int, doubtful: int) -> Iterator[str]:
    if proposal.rows_refused:
        share = f"{proposal.rows_refused:.1%} of the rows will be rejected"
        yield _cut(
            f"WARNING: key {plain(proposal.roles.key)}: {share}: {plain(proposal.key_reason)}",
            MAX_WARNING,
        )
    warned = [decision for decision in proposal.decisions if decision.warning]
    for decision in warned[:MAX_COLUMNS]:
        yield _cut(f"WARNING: {_name(decision)}: {plain(decision.warning)}", MAX_WARNING)
    if len(warned) > MAX_COLUMNS:
        yield f"WARNING: and {len(warned) - MAX_COLUMNS} columns more: see the spec's comments"
    columns = len(proposal.decisions) - len(proposal.labels)
    if encoded < _FEW_ENCODED * columns:
        yield (
            f"WARNING: {encoded} of {columns} columns decide who is similar: read why the others"
            " are ignored"
        )
    if doubtful:
        yield (
            f"WARNING: {doubtful} columns are almost numbers or dates: correct the other values in"
            " the source, or make them null, and propose again"
        )


def _group(
    title: str, decisions: Sequence[Decision], words: Callable[[Decision], str]
) -> list[str]:
    """The first columns of a group, each with some words, and the number of the others."""
    shown = decisions[:MAX_COLUMNS]
    width = max((len(_name(decision)) for decision in shown), default=0)
    lines = [
        _cut(f"    {_name(decision):<{width}}  {plain(words(decision))}") for decision in shown
    ]
    if rest := decisions[MAX_COLUMNS:]:
        kinds = Counter(str(d.settings["kind"]) for d in rest if "kind" in d.settings)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        lines.append(f"    and {len(rest)} more{f': {counted}' if counted else ''}")
    return [f"  {title}:", *lines] if lines else []


def _doubt(decision: Decision) -> str:
    almost = decision.almost or Almost("number", 0.0)
    return f"{almost.words}; {_treatment(decision)}"


def _treatment(decision: Decision) -> str:
    return f"{decision.settings.get('kind', decision.use)}: {decision.reason}"


def _name(decision: Decision) -> str:
    """A name, without its middle if it is long: such names often differ at their ends."""
    name = plain(decision.column)
    half = MAX_NAME // 2
    return name if len(name) <= MAX_NAME else f"{name[:half]}…{name[1 - half :]}"


def _cut(line: str, most: int = MAX_LINE) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"
