"""What a look-up shows: a customer with lookalikes and reasons, or members of an audience."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from kindred.page.persons import (
    MOST_MEMBERS,
    InSegment,
    Member,
    Membership,
    Person,
    Recommended,
)
from kindred.page.shell import Place, hidden, options
from kindred.reports.audience_charts import calibrations, lifts
from kindred.reports.chart import Chart, Fact, Listing, Section, Table
from kindred.reports.document import heading, section_html
from kindred.reports.figures_of_lists import Audiences, Example
from kindred.reports.lookalike_charts import examples
from kindred.reports.wording import count, figure, moment, share, short, shown

MOST_COLUMNS = 8
"""Public columns that lookalikes are shown with; the customer has all of them."""

_MOST_DIGITS = 40
"""Numbers that would have more are written with an exponent."""


def forms(place: Place, audiences: Sequence[str], *, customer_id: str = "") -> str:
    """The two things that can be looked up."""
    chosen = options(((one, shown(one)) for one in audiences), "")
    of_audience = (
        f'<form class="card choice" method="post" action="audience">{place.hidden()}'
        f'<label>Audience<select name="audience">{chosen}</select></label>'
        "<button>Show its members</button></form>"
    )
    return (
        '<section aria-labelledby="lookup-title"><h2 id="lookup-title">Look up</h2>'
        '<p class="lead">Each look-up is logged with your name, and counted.</p>'
        f'<form class="card choice" method="post" action="customer">{place.hidden()}'
        '<label>Customer id<input name="customer_id" required maxlength="255" autocomplete="off"'
        f' autocapitalize="off" spellcheck="false" value="{escape(customer_id)}"></label>'
        f"<button>Look up</button></form>{of_audience if audiences else ''}</section>"
    )


def person_html(place: Place, person: Person) -> str:
    """A customer: who is similar and why, the segments night by night, items, audiences."""
    title = f"Customer {short(person.customer_id)}"
    blocks: list[Chart | Listing] = [
        *_why(person),
        *_columns(person),
        *_history(person.history),
        *_recommendations(person.recommendations),
        *_memberships(person.memberships),
    ]
    head = (
        f'<section aria-labelledby="customer-title"><h2 id="customer-title">{escape(title)}</h2>'
        f"{_lookalikes(place, person)}</section>"
    )
    section = Section("reasons", "Reasons and history", blocks=tuple(blocks))
    return head + (section_html(section) if blocks else "")


def members_html(place: Place, found: Audiences, members: Sequence[Member]) -> str:
    """An audience: what became of it, how good it is, and some of its members."""
    [audience] = found.audiences
    facts = (
        Fact("Status", audience.status),
        Fact("Seeds used", count(audience.seeds_used), f"of {count(audience.seeds_given)} given"),
        Fact("Pool", count(audience.pool), "customers whom it may have"),
        Fact("Listed", count(max(audience.customers or (0,))), "members and control group"),
    )
    method = f"method: {audience.method}" if audience.method else None
    to_know = [audience.reason, *audience.warnings, method]
    section = Section(
        "audience",
        f"Audience {shown(audience.audience)}",
        tuple(shown(text[:1].upper() + text[1:]) for text in to_know if text),
        facts,
        (*lifts(found), *calibrations(found)),
    )
    return section_html(section) + _members(place, audience.audience, members)


def missing(text: str) -> str:
    """That nothing was found."""
    return f'<section><p class="lead" role="status">{escape(text)}</p></section>'


def _lookalikes(place: Place, person: Person) -> str:
    """The lookalikes, each with a button that looks it up, and one that compares with it."""
    names = _few_columns(person)
    compares = bool(person.contributions)
    titles = ["rank", "lookalike", *(["why"] if compares else []), "similarity", "distance"]
    titles += map(shown, names)
    rows = []
    for one in person.lookalikes:
        values = person.columns.get(one.lookalike_id, {})
        cells = [_button("found", "customer_id", one.lookalike_id, shown(one.lookalike_id))]
        if compares:
            is_it = one.lookalike_id == person.beside
            why = _button("compared", "beside", one.lookalike_id, "Compare", one.lookalike_id)
            cells.append("see below" if is_it else why)
        cells += [
            escape(figure(one.similarity)),
            escape("" if one.distance is None else figure(one.distance)),
            *(escape(_value(values.get(name))) for name in names),
        ]
        rows.append((str(one.rank), cells))
    if not rows:
        return '<p class="lead">Nobody is listed as similar.</p>'
    customer = {"customer_id": person.customer_id}
    known = len(person.columns.get(person.customer_id, {}))
    note = (
        f'<p class="note">{len(names)} of {known} columns; the card "Columns" below has all of the'
        " customer's.</p>"
        if len(names) < known
        else ""
    )
    return (
        f"{_form('found', 'customer', place)}{_form('compared', 'customer', place, customer)}"
        f'<div class="block wide"><h3 id="similar">Who is similar</h3>{note}'
        f"{_table('similar', titles, rows)}</div>"
    )


def _why(person: Person) -> list[Chart]:
    """What each column adds to the distance to the lookalike that is compared with."""
    compared = tuple(one for one in person.lookalikes if one.lookalike_id == person.beside)
    example = Example(person.customer_id, "", compared, person.contributions)
    return [one for one in examples([example]) if isinstance(one, Chart)]


def _columns(person: Person) -> list[Listing]:
    own = person.columns.get(person.customer_id)
    if not own:
        return []
    rows = tuple((shown(name), _value(value)) for name, value in own.items())
    return [Listing("Columns", "As the source had them then.", Table(("column", "value"), rows))]


def _history(found: Sequence[InSegment]) -> list[Listing]:
    """One row per night, one column per algorithm."""
    if not found:
        return []
    algorithms = sorted({one.algorithm for one in found})
    nights: dict[Any, dict[str, str]] = {}
    for one in found:
        nights.setdefault(one.as_of, {})[one.algorithm] = _segment(one)
    rows = tuple(
        (moment(as_of), *(segments.get(name, "") for name in algorithms))
        for as_of, segments in nights.items()
    )
    note = "Of the kept nights. The same number is the same segment from night to night."
    return [Listing("Segments", note, Table(("snapshot", *algorithms), rows))]


def _segment(found: InSegment) -> str:
    if found.cluster_id is None:
        return "not shown"
    if found.cluster_id < 0:
        return "in no segment"
    name = f": {shown(found.name)}" if found.name else ""
    return f"{found.cluster_id}{name}"


def _recommendations(found: Sequence[Recommended]) -> list[Listing]:
    if not found:
        return []
    rows = tuple(
        (
            f"{one.rank}. {_item(one)}",
            shown(one.method or ""),
            f"{one.bought_by} of {one.neighbours}" if one.neighbours else "",
            "" if one.lift is None else figure(one.lift),
        )
        for one in found
    )
    titles = ("item", "why", "owned by", "lift")
    note = "How many similar customers own it, and how much more often they do than everybody."
    return [Listing("Recommendations", note, Table(titles, rows), is_wide=True)]


def _item(found: Recommended) -> str:
    if found.name is None or found.name == found.item:
        return shown(found.item)
    return f"{shown(found.name)} ({shown(found.item)})"


def _memberships(found: Sequence[Membership]) -> list[Listing]:
    if not found:
        return []
    rows = tuple(
        (
            shown(one.audience),
            count(one.rank),
            "" if one.percentile is None else f"{one.percentile:.2f}",
            "" if one.probability is None else share(one.probability),
            one.role or "",
            ", ".join(map(shown, one.reasons)),
        )
        for one in found
    )
    titles = ("audience", "rank", "percentile", "probability", "role", "what lifts the customer")
    return [Listing("Audiences", "", Table(titles, rows), is_wide=True)]


def _members(place: Place, audience: str, members: Sequence[Member]) -> str:
    if not members:
        return '<section><p class="lead">Nobody more is listed.</p></section>'
    rows = [
        (
            count(one.rank),
            [
                _button("found", "customer_id", one.customer_id, shown(one.customer_id)),
                escape("" if one.score is None else figure(one.score)),
                escape("" if one.percentile is None else f"{one.percentile:.2f}"),
                escape("" if one.probability is None else share(one.probability)),
                escape("" if one.tier is None else share(one.tier)),
                escape(one.role or ""),
                escape(", ".join(map(shown, one.reasons))),
            ],
        )
        for one in members
    ]
    titles = ("rank", "customer", "score", "percentile", "probability", "tier", "role", "reasons")
    after = {"audience": audience, "after": str(members[-1].rank)}
    more = (
        f'<form class="choice" method="post" action="audience">{place.hidden()}{hidden(after)}'
        "<button>Next</button></form>"
    )
    return (
        f'<section aria-labelledby="members">{_form("found", "customer", place)}'
        f'<div class="block wide"><h3 id="members">Members {count(members[0].rank)} to'
        f" {count(members[-1].rank)}</h3>{_table('members', titles, rows)}</div>"
        f"{more if len(members) == MOST_MEMBERS else ''}</section>"
    )


def _few_columns(person: Person) -> list[str]:
    """The public columns that lookalikes are shown with."""
    return list(person.columns.get(person.customer_id, {}))[:MOST_COLUMNS]


def _value(value: Any) -> str:
    """A value as the source had it, with all of its digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"  # as the warehouse writes them
    if isinstance(value, float | Decimal):
        exact = f"{Decimal(str(value)):f}"
        return exact if len(exact) <= _MOST_DIGITS else str(value)
    return shown(value)


def _form(
    name: str, action: str, place: Place, fields: Mapping[str, str] | None = None
) -> str:  # fmt: skip
    """A form that buttons elsewhere on the page send, each with a value of its own."""
    return (
        f'<form id="{name}" method="post" action="{action}">{place.hidden()}'
        f"{hidden(fields or {})}</form>"
    )


def _button(form: str, name: str, value: str, text: str, spoken: str = "") -> str:
    label = f' aria-label="{escape(f"{text} with {shown(spoken)}")}"' if spoken else ""
    return (
        f'<button form="{form}" name="{name}" value="{escape(value)}"{label}>'
        f"{escape(text)}</button>"
    )


def _table(
    name: str, titles: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]
) -> str:  # fmt: skip
    """A table whose cells, but for the first of each row, are HTML."""
    head = "".join(map(heading, titles))
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for first, cells in rows
    )
    return (
        f'<div class="scroll list" role="region" tabindex="0" aria-labelledby="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
