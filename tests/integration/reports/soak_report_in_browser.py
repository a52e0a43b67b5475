"""The report in a real browser: at a desk and on a telephone, light and dark, and on paper."""

import pytest

from integration.bi_login import login_of
from integration.reports.browser import SCHEMES, SIZES, axe_source, browser, visit
from kindred.reports.report import read_figures, report_html
from kindred.warehouse.database import connect
from unit.reports import report_cases

KINDS = ("invented", "published")


@pytest.fixture(scope="module")
def running():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def axe(repository):
    return axe_source(repository / "build")


@pytest.fixture(scope="module")
def reports(server, reported, repository):
    """Addresses by kind: one with everything there is, one of a real warehouse."""
    folder = repository / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    options = {"connection_id": "kindred_bi", "application_name": "report", "schema": ""}
    with connect(login_of(server, reported), **options) as database:
        real = read_figures(database, "default", "bi", has_examples=True)
    found = {}
    for kind, figures in zip(KINDS, (report_cases.figures(), real), strict=True):
        path = folder / f"{kind}.html"
        path.write_text(report_html(figures), encoding="utf-8")
        found[kind] = path
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_the_report_is_whole_quiet_and_reachable(running, axe, reports, kind, scheme, size):
    address = reports[kind].as_uri()
    with visit(running, address, size, scheme) as opened:
        picture = reports[kind].with_name(f"{kind}-{size[0]}-{scheme}.png")
        opened.page.screenshot(path=picture, full_page=True)
        assert opened.broken() == []
        assert opened.unreached() == 0
        opened.open_tables()
        assert opened.broken() == []
        assert opened.violations(axe) == []
        assert opened.requests == [address]
        assert opened.complaints == []
        assert opened.page.title().startswith("Kindred report: default, 20")
        assert opened.page.locator("figure").count() > 12


def test_what_has_the_focus_is_outlined_and_enter_opens_a_table(running, reports):
    with visit(running, reports["published"].as_uri(), SIZES[0], "light") as opened:
        assert opened.unreached() == 0
        outlined = opened.page.locator("[data-reached]:not([data-outlined='1'])")
        assert outlined.count() == 0
        first = opened.page.locator("summary").first
        first.focus()
        opened.page.keyboard.press("Enter")
        assert opened.page.locator("details[open] table").first.is_visible()


def test_it_prints_on_pages_without_what_only_a_screen_needs(running, reports):
    path = reports["invented"]
    with visit(running, path.as_uri(), (1000, 800), "dark") as opened:
        opened.page.emulate_media(media="print")
        opened.page.pdf(path=path.with_suffix(".pdf"), format="A4")
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        for hidden in ("nav", "summary", ".picture.small"):
            assert not opened.page.locator(hidden).first.is_visible(), hidden
        ink = "getComputedStyle(document.body).color"
        assert opened.page.evaluate(ink) == "rgb(27, 34, 44)", "dark ink, whatever the screen is"
