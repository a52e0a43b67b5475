"""The page around the figures: head, choice of space and snapshot, parts; every text is escaped.

All addresses are relative, so that the page need not know under which prefix a proxy shows it.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlencode

from kindred.reports.style import CSS
from kindred.reports.wording import moment

STYLE = f"""{CSS}
footer a{{display:inline-block;padding:4px 0}}
nav a[aria-current]{{border-color:currentColor;color:var(--ink);font-weight:600}}
form{{margin:0}}
.choice{{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin:18px 0 0}}
label{{display:block;color:var(--muted);font-size:13px;min-width:0;max-width:100%}}
select,input,button{{font:inherit;color:var(--ink);background:var(--card);
border:1px solid var(--muted);border-radius:6px;padding:7px 10px;min-height:40px;max-width:100%}}
select,input{{display:block;margin-top:3px}}
input{{width:22rem}}
button{{cursor:pointer;background:var(--link);border-color:var(--link);color:var(--on-strong)}}
.scroll{{background:
linear-gradient(to right,var(--card) 40%,transparent) 0 0/32px 100% no-repeat local,
linear-gradient(to left,var(--card) 40%,transparent) 100% 0/32px 100% no-repeat local,
linear-gradient(to right,var(--edge),transparent) 0 0/10px 100% no-repeat scroll,
linear-gradient(to left,var(--edge),transparent) 100% 0/10px 100% no-repeat scroll}}
.list table{{width:auto;min-width:100%}}
.list th,.list td{{overflow-wrap:break-word;padding:5px 18px 5px 0;vertical-align:middle}}
.list thead th{{vertical-align:bottom;white-space:nowrap}}
.list tr>:first-child{{width:1%;min-width:0}}
[aria-labelledby=members] td:last-child{{min-width:26ch}}
td button,th button{{min-height:30px;padding:2px 10px;font-size:13px;background:var(--card);
color:var(--link)}}
select:focus-visible,input:focus-visible,button:focus-visible{{outline:3px solid var(--c1);
outline-offset:2px}}
.card{{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:18px 20px;
margin:0 0 20px}}
@media (max-width:640px){{
.card.choice>*,.card select,.card input{{width:100%}}
header .choice{{flex-wrap:nowrap;gap:10px}}
header label{{flex:0 1 auto}}
header select{{width:100%}}
.card{{padding:14px}}
.scroll th,.scroll td{{overflow-wrap:break-word}}
.scroll tr>:first-child:nth-last-child(2),.scroll tr>:nth-child(2):last-child{{min-width:0;
overflow-wrap:anywhere}}
.scroll tr>:nth-child(2):last-child{{min-width:9ch;padding-right:0}}
}}
@media print{{.choice,button{{display:none}}}}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Not no-referrer: with that, browsers send forms without saying where they come from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""For every answer: no script at all, nothing from elsewhere, framed by this Airflow alone."""

_CURRENT = ' aria-current="page"'

Link = tuple[str, Mapping[str, str]]
"""The title of a part, and what its address asks for."""


@dataclass(frozen=True)
class Place:
    """Where a reader is, and where else there is to go.

    ``as_of``: the snapshot; ``is_current``: it was not asked for by its date, and whoever comes
    back sees the next one. ``nights``: the snapshots to choose from, the newest first. ``parts``:
    the parts of the page; ``lead`` and ``foot``: sentences above and below them.
    """

    space: str
    spaces: Sequence[str]
    as_of: datetime
    is_current: bool
    nights: Sequence[datetime]
    parts: Sequence[Link]
    lead: str
    foot: str

    @property
    def asked(self) -> dict[str, str]:
        """What every address within this snapshot has."""
        moment_asked = {} if self.is_current else {"as_of": self.as_of.isoformat()}
        return {"space": self.space, **moment_asked}

    def hidden(self) -> str:
        """The same for forms."""
        return hidden(self.asked)


def hidden(fields: Mapping[str, str]) -> str:
    """Fields of a form that nobody sees."""
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def page(place: Place, part: Mapping[str, str], body: str) -> str:
    """A whole page; ``part`` is what the address of the present one asks for."""
    title = f"{place.space}: {moment(place.as_of)}"
    links = "".join(
        f'<li><a href="{address({**place.asked, **asked})}"{_CURRENT if asked == part else ""}>'
        f"{escape(name)}</a></li>"
        for name, asked in place.parts
    )
    return _document(
        title,
        f"<header><h1>{escape(title)}</h1><p>{escape(place.lead)}</p>{_choice(place, part)}"
        f'<nav aria-label="Parts"><ul>{links}</ul></nav></header>\n'
        f'<main id="content">{body}</main>\n<footer><p>{escape(place.foot)} {_report(place)}</p>'
        "</footer>",
    )


def message(title: str, text: str, links: Iterable[tuple[str, Mapping[str, str]]] = ()) -> str:
    """A page that has nothing to show, and says why."""
    found = "".join(
        f'<li><a href="{address(asked)}">{escape(name)}</a></li>' for name, asked in links
    )
    nav = f'<nav aria-label="Spaces"><ul>{found}</ul></nav>' if found else ""
    return _document(
        title,
        f"<header><h1>{escape(title)}</h1>{nav}</header>"
        f'<main id="content"><section><p class="lead">{escape(text)}</p></section></main>',
    )


def address(asked: Mapping[str, str]) -> str:
    """A part of the page, seen from any other."""
    return escape(f"./?{urlencode(asked)}")


def options(values: Iterable[tuple[str, str]], chosen: str) -> str:
    """The options of a choice: values and how they are called."""
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(name)}</option>"
        for value, name in values
    )


def _choice(place: Place, part: Mapping[str, str]) -> str:
    """Which space and snapshot; the first of the snapshots is whichever is current."""
    nights = [("", f"current ({moment(place.nights[0])})" if place.is_current else "current")]
    nights += [(one.isoformat(), moment(one)) for one in place.nights]
    now = "" if place.is_current else place.as_of.isoformat()
    spaces = options(((one, one) for one in place.spaces), place.space)
    return (
        f'<form class="choice" method="get" action="./">{hidden(part)}'
        + (
            f'<label>Space<select name="space">{spaces}</select></label>'
            if len(place.spaces) > 1
            else hidden({"space": place.space})
        )
        + f'<label>Snapshot<select name="as_of">{options(nights, now)}</select></label>'
        "<button>Show</button></form>"
    )


def _report(place: Place) -> str:
    """Where the whole report is, to keep or to pass on."""
    return (
        f'<a href="{escape(f"./report?{urlencode(place.asked)}")}" download>'
        "Download the whole report as one file</a>"
    )


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>Kindred: {escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>"
        f'<a class="skip" href="#content">Skip to the content</a>{body}</body></html>\n'
    )
