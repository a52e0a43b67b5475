"""The page in a real browser, framed as Airflow frames it: desk and telephone, light and dark."""

import socket
import threading
import time

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from integration.page.page_client import user_of
from integration.reports.browser import SCHEMES, SIZES, axe_source, blank, browser
from kindred.page.app import make_app

PREFIX = "/behind/a/proxy"
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads"
PARTS = (
    *(f"part={one}" for one in ("night", "lookalikes", "index", "audiences", "recommendations")),
    "part=segments&algorithm=kmeans",
    "part=segments&algorithm=hdbscan",
    "part=lookup",
)


@pytest.fixture(scope="module")
def running():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def axe(repository):
    return axe_source(repository / "build")


@pytest.fixture(scope="module")
def address(client):
    """A server with the page below a prefix, and a page that frames it."""

    async def user_by_cookie(request: Request) -> str:
        return await user_of(x_user=request.cookies.get("user", ""))

    outer = FastAPI()
    outer.mount(f"{PREFIX}/kindred", make_app(user_by_cookie, client.access))

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    @outer.get(f"{PREFIX}/plugin")
    def framed(base: str = f"{PREFIX}/") -> HTMLResponse:
        return HTMLResponse(
            f'<!doctype html><html lang="en"><base href="{base}"><title>Airflow</title>'
            f'<iframe title="Kindred" sandbox="{SANDBOX}" src="kindred/" width="900" height="700">'
        )

    server = uvicorn.Server(uvicorn.Config(outer, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}{PREFIX}"
    server.should_exit = True
    thread.join()


def opened(running, address, size, scheme):
    return blank(running, size, scheme, [{"name": "user", "value": "admin", "url": address}])


def check(visited, axe, address, picture):
    visited.page.screenshot(path=picture, full_page=True)
    assert visited.broken() == []
    assert visited.unreached() == 0
    visited.open_tables()
    assert visited.broken() == []
    assert all(one.startswith(f"{address}/kindred/") for one in visited.requests)
    assert visited.complaints == []
    # The policy keeps out whatever is not a part of the page, axe too, unless a driver brings it.
    assert visited.violations(axe) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_every_part_is_whole_quiet_and_reachable(running, axe, address, repository, size, scheme):
    folder = repository / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        name = part.replace("part=", "").replace("&algorithm=", "-")
        with opened(running, address, size, scheme) as visited:
            visited.page.goto(f"{address}/kindred/?{part}")
            check(visited, axe, address, folder / f"page-{name}-{size[0]}-{scheme}.png")
    for button, name in (("Look up", "customer"), ("Show its members", "audience")):
        with opened(running, address, size, scheme) as visited:
            visited.page.goto(f"{address}/kindred/?part=lookup")
            if name == "customer":
                visited.page.fill("input[name=customer_id]", "7")
            visited.page.get_by_role("button", name=button).click()
            assert visited.page.url == f"{address}/kindred/{name}"
            check(visited, axe, address, folder / f"page-{name}-{size[0]}-{scheme}.png")


def test_it_is_looked_at_in_a_frame_by_the_keyboard_alone(running, address):
    with opened(running, address, SIZES[0], "light") as visited:
        visited.page.goto(f"{address}/plugin")
        frame = visited.page.frame_locator("iframe")
        frame.locator("nav a", has_text="Look up").press("Enter")
        frame.locator("input[name=customer_id]").press_sequentially("7")
        frame.locator("input[name=customer_id]").press("Enter")
        frame.get_by_role("heading", name="Customer 7").wait_for()
        frame.get_by_role("button", name="Compare with").first.press("Enter")
        frame.locator("h3", has_text="is similar to").wait_for()
        frame.locator("select[name=as_of]").select_option(index=2)
        frame.locator("select[name=as_of]").press("Tab")
        frame.get_by_role("button", name="Show", exact=True).press("Enter")
        frame.locator("text=Earlier snapshot").wait_for()
        with visited.page.expect_download() as download:
            frame.locator("footer a").click()
        assert download.value.suggested_filename == "kindred_default_20260401t020000.html"
        assert not any("=7" in one for one in visited.requests)


def test_a_site_that_is_not_airflow_cannot_frame_it(running, address):
    with opened(running, address, SIZES[0], "light") as visited:
        elsewhere = address.replace("127.0.0.1", "localhost")
        visited.page.goto(f"{elsewhere}/plugin?base={address}/")
        visited.page.wait_for_timeout(1000)
        assert any("frame-ancestors" in one for one in visited.complaints)
        assert visited.page.frames[1].url.startswith("chrome-error:")
