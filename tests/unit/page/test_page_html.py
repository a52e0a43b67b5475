"""The page's HTML: escaped, relative, whole."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from kindred.page import parts
from kindred.page.found_html import members_html, missing, person_html
from kindred.page.persons import InSegment, Member, Membership, Person, Recommended
from kindred.page.shell import HEADERS, STYLE, Place, address, message, page
from kindred.reports.chart import Listing, Section, Table
from kindred.reports.document import section_html
from kindred.reports.figures_of_lists import Audience, Audiences, Contribution, Lookalike

HOSTILE = "\"'><script>alert(1)</script>&\u2028"
NIGHT = datetime(2026, 5, 2, 2, tzinfo=UTC)
PLACE = Place(
    HOSTILE,
    [HOSTILE, "other"],
    NIGHT,
    is_current=True,
    nights=[NIGHT],
    parts=[(HOSTILE, {"part": HOSTILE}), ("Night", {"part": "night"})],
    lead=HOSTILE,
    foot=HOSTILE,
)
PERSON = Person(
    HOSTILE,
    (Lookalike(1, HOSTILE, 0.25, 0.8), Lookalike(2, "b", None, 0.5)),
    HOSTILE,
    (Contribution(HOSTILE, 0.1, 1.0, HOSTILE, None),),
    {HOSTILE: {HOSTILE: HOSTILE, "age": 40.5, "left": None}},
    (InSegment(NIGHT, HOSTILE, 3, HOSTILE), InSegment(NIGHT, "other", -1, None)),
    (Recommended(1, HOSTILE, HOSTILE, 0.5, 3, 40, 1.5, HOSTILE),),
    (Membership(HOSTILE, 3, 99.0, 0.5, 0.1, "member", [HOSTILE]),),
)
AUDIENCE = Audience(
    HOSTILE, "published", HOSTILE, 30, 30, 0, 30, None, 900, "l2", [0.1], [90], 0.1, None, None, []
)
ALONE = Audiences((AUDIENCE,), (), (), ())
MEMBER = Member(HOSTILE, 1, 0.9, 99.5, None, 0.1, "member", [HOSTILE])
OPEN = {"meta", "link", "input", "br"}


class Whole(HTMLParser):
    """Elements that end where they began, and what they are called."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.ids = [], [], []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in OPEN:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def pages():
    yield page(PLACE, {"part": HOSTILE}, missing(HOSTILE))
    yield message(HOSTILE, HOSTILE, [(HOSTILE, {"space": HOSTILE})])
    yield page(PLACE, {"part": "lookup"}, person_html(PLACE, PERSON))
    yield page(PLACE, {"part": "lookup"}, members_html(PLACE, ALONE, [MEMBER]))


def test_whatever_a_text_says_it_stays_a_text():
    for text in pages():
        found = Whole(text)
        assert "script" not in found.tags
        assert "<script" not in text
        assert len(found.ids) == len({*found.ids})
        for needed in ("html", "title", "h1", "main"):
            assert found.tags.count(needed) == 1


def test_the_present_part_is_marked_and_addresses_keep_the_snapshot():
    text = page(PLACE, {"part": "night"}, "")
    assert text.count('aria-current="page"') == 1
    earlier = Place(PLACE.space, [PLACE.space], NIGHT, False, [NIGHT], PLACE.parts, "", "")
    assert "as_of=2026-05-02T02%3A00%3A00%2B00%3A00" in page(earlier, {"part": "night"}, "")
    assert '<select name="space">' in text
    assert '<select name="space">' not in page(earlier, {"part": "night"}, "")
    assert address({"space": "a b&c"}) == "./?space=a+b%26c"


def test_somebody_without_lookalikes_has_a_page_too():
    alone = Person("7", (), None, (), {}, (InSegment(NIGHT, "kmeans", None, None),), (), ())
    text = person_html(PLACE, alone)
    assert "Nobody is listed as similar." in text
    assert "not shown" in text
    assert alone.is_known
    assert not Person("7", (), None, (), {}, (), (), ()).is_known
    assert "Nobody more" in members_html(PLACE, ALONE, [])


def rules_of(selector):
    """What the style says of a selector, whole or one of a list."""
    found = re.findall(r"([^{}]+)\{([^{}]*)\}", STYLE)
    return [rules for names, rules in found if selector in names.strip().split(",")]


def test_long_words_are_broken_in_titles_and_heads_of_columns():
    for selector in ("h1", "h2", "h3", "header p", "nav a", "footer", ".scroll thead th.long"):
        assert any("overflow-wrap:anywhere" in one for one in rules_of(selector)), selector
    assert any("white-space:normal" in one for one in rules_of(".scroll thead th.long"))
    name = "n" * 60
    text = person_html(PLACE, replace(PERSON, columns={HOSTILE: {name: 1, "age": 2}}))
    assert f'<th scope="col" class="long">{name}</th>' in text
    assert '<th scope="col">similarity</th>' in text
    table = Table(("column", name), (("age", "1"),))
    assert f'class="long">{name}</th>' in section_html(
        Section("a", "b", blocks=(Listing("c", "", table),))
    )


def test_columns_that_are_left_out_beside_lookalikes_are_counted():
    columns = {f"c{number}": number for number in range(10)}
    text = person_html(PLACE, replace(PERSON, columns={HOSTILE: columns, "b": columns}))
    assert "8 of 10 columns" in text
    assert " of 3 columns" not in person_html(PLACE, PERSON)


def test_a_table_of_names_and_values_wraps_on_a_telephone():
    narrow = STYLE[STYLE.index("@media (max-width:640px)", STYLE.index(".card.choice") - 60) :]
    wraps = r"nth-child\(2\):last-child\{[^}]*min-width:0;\s*overflow-wrap:anywhere"
    assert re.search(wraps, narrow)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (18.01, "18.01"),
        (-243.6, "-243.6"),
        (2208.19, "2208.19"),
        (Decimal("12345678901234567.890"), "12345678901234567.890"),
        (0.00001234, "0.00001234"),
        (1e300, "1e+300"),
        (2026, "2026"),
        (True, "true"),
    ],
)
def test_values_of_the_source_have_all_of_their_digits(value, written):
    columns = {HOSTILE: {"amount": value}, "b": {"amount": value}}
    text = person_html(PLACE, replace(PERSON, columns=columns))
    assert text.count(f"<td>{written}</td>") == 3, "the customer's, and beside each lookalike"


def test_the_policy_is_of_this_style_and_has_no_way_out():
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    for word in ("unsafe", "script-src", "http", "*"):
        assert word not in policy
    for word in ("@import", "url(", "</"):
        assert word not in STYLE


def test_what_was_drawn_is_drawn_again_only_when_a_figure_has_changed(monkeypatch):
    drawn = []
    monkeypatch.setattr(parts, "section_html", lambda section: drawn.append(section) or "html")
    table = Table(("a",), (("1",),))
    section = Section("index", "Index", blocks=(Listing("title", "", table),))
    for content in ("first", "second", "first"):
        assert parts.drawn(content, section) == "html"
    assert len(drawn) == 2
    for number in range(parts._DRAWN):
        parts.drawn(f"other {number}", section)
    parts.drawn("first", section)
    assert len(drawn) == parts._DRAWN + 3
