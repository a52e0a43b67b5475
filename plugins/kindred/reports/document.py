"""The report as one file of HTML: no script, no request, and a policy that allows neither."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from kindred.progress.steps import counted
from kindred.reports.chart import Chart, Fact, Frame, Key, Listing, Section, Table
from kindred.reports.style import CSS
from kindred.reports.vega import EDGE, svg

NARROW = Frame(330, is_narrow=True)
HALF = Frame(508, is_narrow=False)
WIDE = Frame(760, is_narrow=False)
FULL = Frame(1060, is_narrow=False)
"""Widths that fit telephones of 390 pixels, half of a desk's window, most of it, and all of it."""


_BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|(?:ms|s|min|h|MB|GB)\b)")
_IS_LONG = ' class="long"'
_SHORT, _LONG = 8, 20
"""Characters of row headers that need no width of their own, and of words that may be broken."""


def policy() -> str:
    """The content security policy: this one style, and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )


def document(title: str, lead: str, sections: Sequence[Section], footer: str) -> str:
    """The whole file; all texts are escaped here."""
    drawing = counted("drawing the report", sections, "sections")
    body = "".join(section_html(one) for one in drawing)
    links = "".join(
        f'<li><a href="#{_anchor(one.anchor)}">{escape(one.title)}</a></li>' for one in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head>\n<body>"
        '<a class="skip" href="#content">Skip to the report</a>'
        f"<header><h1>{escape(title)}</h1><p>{escape(lead)}</p>"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n'
        f'<main id="content">{body}</main>\n<footer><p>{escape(footer)}</p></footer>'
        "</body></html>\n"
    )


def section_html(section: Section) -> str:
    """A section; also for a page that has its own head and the style `CSS`."""
    anchor = _anchor(section.anchor)
    lead = "".join(f'<p class="lead">{_prose(text)}</p>' for text in section.lead)
    blocks = "".join(_block(block, f"{anchor}-{at}") for at, block in enumerate(section.blocks, 1))
    return (
        f'\n<section id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{escape(section.title)}</h2>{lead}{_facts(section.facts)}'
        f'<div class="blocks">{blocks}</div></section>'
    )


def _prose(text: str) -> str:
    """Escaped; no line breaks between a figure and its unit."""
    return _BEFORE_UNIT.sub("&nbsp;", escape(text))


def _anchor(text: str) -> str:
    """An id without anything that would need escaping."""
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in text)


def _facts(facts: Iterable[Fact]) -> str:
    found = "".join(
        f'<div><dt>{escape(one.name)}</dt><dd class="value">{_prose(one.value)}</dd>'
        f"{_noted(one.note)}</div>"
        for one in facts
    )
    return f"<dl>{found}</dl>" if found else ""


def _noted(note: str) -> str:
    return f'<dd class="note">{_prose(note)}</dd>' if note else ""


def _block(block: Chart | Listing, name: str) -> str:
    wide = " wide" if block.is_wide else ""
    note = f'<p class="note">{_prose(block.note)}</p>' if block.note else ""
    head = f'<h3 id="{name}-title">{_prose(block.title)}</h3>{note}'
    if isinstance(block, Listing):
        return f'<div class="block{wide}">{head}{_table(block.table, name)}</div>'
    pictures = "".join(_pictures(block, name))
    body = "body keyed" if block.keys else "body"
    return (
        f'<figure class="block{wide}" aria-labelledby="{name}-title"><figcaption>{head}'
        f'</figcaption><div class="{body}">{_keys(block.keys)}{pictures}</div>'
        f'<details><summary id="{name}-figures" aria-labelledby="{name}-figures {name}-title">The'
        f" figures as a table</summary>{_table(block.table, name)}</details>"
        "</figure>"
    )


def _pictures(chart: Chart, name: str) -> Iterator[str]:
    """A picture for a desk and one for a telephone; only one of them is there at a time."""
    wide = WIDE if chart.keys else FULL
    frames = (("large", wide if chart.is_wide else HALF), ("small", NARROW))
    label = f"{chart.title}. {chart.note} The figures follow as a table."
    for size, frame in frames:
        drawn = svg(chart.draw(frame), label, f"{name}-{size}")
        yield f'<div class="picture {size}">{drawn}</div>'


def _keys(keys: Iterable[Key]) -> str:
    found = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true">{_swatch(key)}</svg>'
        f"{escape(key.label).replace(' ·', '&nbsp;·')}</li>"
        for key in keys
    )
    return f'<ul class="keys">{found}</ul>' if found else ""


def _swatch(key: Key) -> str:
    if key.is_outlined:
        place = f'x="0.5" y="0.5" width="9" height="9" stroke="{EDGE}"'
    else:
        place = 'width="10" height="10"'
    return f'<rect {place} rx="2" fill="{escape(key.colour)}"/>'


def heading(title: str) -> str:
    """The head of a column; one with a long word is broken where the word has to be."""
    is_long = max(map(len, title.split()), default=0) > _LONG
    return f'<th scope="col"{_IS_LONG if is_long else ""}>{escape(title)}</th>'


def _table(table: Table, name: str) -> str:
    head = "".join(map(heading, table.columns))
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in table.rows
    )
    is_short = max((len(row[0]) for row in table.rows), default=0) <= _SHORT
    kind = ' class="short"' if is_short else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{name}-title">'
        f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
