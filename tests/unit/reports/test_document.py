"""The file of a report: what it may hold, whatever the names and values of the data are."""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kindred.reports.chart import Chart
from kindred.reports.document import document, section_html
from kindred.reports.figures import MapCell, Move
from kindred.reports.report import report_html
from kindred.reports.sections import sections_of
from kindred.reports.segment_charts import items
from kindred.reports.style import CSS
from unit.reports import report_cases
from unit.reports.report_cases import CUSTOMERS, HOSTILE

MOST_BYTES = 2_000_000
LINKS = {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}


class Reading(HTMLParser):
    """Tags, attributes and texts of a file, as a browser's tokenizer has them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = Counter()
        self.attributes = []
        self.texts = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def figures():
    return report_cases.figures()


@pytest.fixture(scope="module")
def html(figures):
    return report_html(figures)


@pytest.fixture(scope="module")
def reading(html):
    return Reading(html)


def test_there_is_no_script_no_handler_and_no_address_outside(reading):
    assert not {"script", "iframe", "object", "embed", "form", "base", "img"} & reading.tags.keys()
    assert reading.tags["style"] == reading.tags["title"] == 1
    for tag, name, value in reading.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style", (tag, value)
        if name in LINKS:
            assert value.startswith("#") or (tag, value) == ("link", "data:,"), (tag, value)
    addresses = {value for _, name, value in reading.attributes if "//" in (value or "")}
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_policy_allows_this_style_and_nothing_else(reading):
    [policy] = [
        value for tag, name, value in reading.attributes if tag == "meta" and "default-src" in value
    ]
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "<" not in CSS
    assert not re.search(r"url\(|@import", CSS)


def test_hostile_texts_are_shown_as_they_are_or_spelt_out(html, reading):
    shown = "".join(reading.texts)
    for text in HOSTILE[:3]:
        assert text in shown
        assert text not in html
    assert "\\u2028\\u2029\\u202ereversed\\x00\\x1b[31m" in shown
    assert not re.search("[\u2028\u2029\u202e\x00\x1b]", html)
    assert HOSTILE[5] in shown, "no template is filled in"


def test_every_chart_is_drawn_for_both_places_and_has_its_table(figures, reading):
    charts = [
        block
        for section in sections_of(figures)
        for block in section.blocks
        if isinstance(block, Chart)
    ]
    assert len(charts) > 20
    assert reading.tags["figure"] == reading.tags["details"] == len(charts)
    labels = [
        value for tag, name, value in reading.attributes if (tag, name) == ("svg", "aria-label")
    ]
    written = [f"{chart.title}. {chart.note} The figures follow as a table." for chart in charts]
    assert Counter(labels) == Counter(2 * written)
    for chart in charts:
        assert chart.table.rows, chart.title


def test_ids_are_unique_and_what_is_referred_to_is_there(reading):
    ids = [value for _, name, value in reading.attributes if name == "id"]
    assert len(ids) == len({*ids})
    referred = {
        one.removeprefix("#").removeprefix("url(#").removesuffix(")")
        for _, name, value in reading.attributes
        if name in ("aria-labelledby", "href", "clip-path") and value != "data:,"
        for one in value.split()
    }
    assert referred <= {*ids}


def test_a_usual_report_is_far_below_two_megabytes(html):
    assert len(html.encode()) < MOST_BYTES / 2


@pytest.mark.soak
def test_the_largest_report_is_below_two_megabytes(figures):
    """Every cell of the map is full of every segment, and there are four algorithms."""
    full = tuple(
        MapCell(column, row, at, 1 + column * row % 9)
        for column in range(1, 73)
        for row in range(1, 97)
        for at in (0, 1, None)
    )
    assert figures.customer_map is not None
    customer_map = replace(figures.customer_map, rows=96, cells=full)
    scope = figures.night.scope
    many = tuple(
        report_cases.segmentation(name, scope)
        for name in ("kmeans", "hdbscan", "dbscan", "ivfflat")
    )
    largest = replace(
        figures,
        customer_map=customer_map,
        segmentations=many,
        moves={one.algorithm: report_cases.moves(scope) for one in many},
        examples=(report_cases.example(),) * 3,
        night=report_cases.night(30),
    )
    assert len(report_html(largest).encode()) < MOST_BYTES


def test_equal_figures_give_equal_bytes(html):
    again = section_html(sections_of(report_cases.figures())[0])
    assert "<svg" in again
    assert again in html


def test_a_first_night_with_nothing_but_customers_is_a_report_too(figures):
    bare = report_cases.night(1)
    snapshot = replace(
        bare.scope.snapshot, recall=None, recall_low=None, recall_high=None, stage_seconds={},
        stage_peak_mb={}, stage_forecast_mb={}, events_read=None, missing_customers=None,
    )  # fmt: skip
    night = replace(
        bare,
        scope=replace(bare.scope, nights=(snapshot,)),
        attempts=(), rejected_rows=(), rejected_events=(), columns=(), checks=(),
    )  # fmt: skip
    little = replace(
        figures,
        night=night,
        segmentations=(),
        moves={},
        customer_map=None,
        mapped=None,
        distances=(),
        index=replace(figures.index, builds=(), checks=()),
        audiences=replace(figures.audiences, audiences=(), quality=(), overlap=(), results=()),
        recommendations=replace(figures.recommendations, quality=(), reasons=()),
        examples=(),
    )
    reading = Reading(report_html(little))
    assert reading.tags["section"] == 1
    assert f"{CUSTOMERS:,}" in "".join(reading.texts)


def test_texts_of_the_frame_are_escaped():
    reading = Reading(document(HOSTILE[0], HOSTILE[1], [], HOSTILE[2]))
    assert reading.tags["script"] == reading.tags["img"] == 0
    assert HOSTILE[0] in "".join(reading.texts)


def test_a_segment_of_a_few_customers_is_not_named_after_their_values():
    found = report_cases.figures()
    kmeans = found.segmentations[1]
    few = replace(kmeans.segments[0], customers=1, name="high churn risk")
    many = replace(kmeans.segments[1], customers=10, name="ten are enough")
    segmentation = replace(
        kmeans,
        segments=(few, many, *kmeans.segments[2:]),
        traits=tuple(one for one in kmeans.traits if one.cluster_id != 0),
    )
    moves = found.moves["kmeans"]
    assert moves is not None
    left = [one for one in moves.moves if "0" not in (one.source, one.target)]
    one_stays = Move(moves.from_as_of, "0", "0", 1)
    whole = replace(
        found,
        segmentations=(segmentation,),
        moves={
            "kmeans": replace(
                moves, moves=(*left, one_stays), names={**moves.names, "0": "high churn risk"}
            )
        },
        examples=(replace(found.examples[0], segments=(("kmeans", 0, "high churn risk"),)),),
    )
    html = report_html(whole)
    assert "high churn risk" not in html
    assert "0 · fewer than 10 customers" in html
    assert "ten are enough" in html
    [listing] = items(segmentation)
    assert not any(row[0].startswith("0 ") for row in listing.table.rows), "no shares of it"
