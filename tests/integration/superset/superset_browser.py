"""Opens dashboards in Chromium and prints what their charts asked for; runs beside Superset.

``python superset_browser.py URL FOLDER SLUG...``, with the administrator's password on standard
input. Prints JSON: by dashboard the answers to all queries, the console, and errors that are shown.
A picture of each dashboard is written to the folder.
"""

import json
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTH, HEIGHT, SECONDS, QUIET_SECONDS = 1400, 1200, 180, 6
MARGIN = 160  # the window has a frame, and the page an end
# Asked for by Superset itself, whatever a dashboard has.
SUPERSETS_OWN = ("/favicon.ico", "gateway.scarf.sh")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
BOTTOM = """
return Math.max(0, ...[...document.querySelectorAll('.dashboard-component-chart-holder')]
  .map(element => element.getBoundingClientRect().bottom))
"""
STATE = """
const count = selector => document.querySelectorAll(selector).length;
return {
  charts: count('.dashboard-component-chart-holder'),
  loading: count('.loading, [data-test=loading-indicator]'),
  errors: [...document.querySelectorAll('.ant-alert-error, [data-test=error-message]')]
    .map(element => element.innerText),
}
"""


def main() -> None:
    """Log in, open each dashboard, print what was seen."""
    url, folder, *slugs = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    browser = _browser()
    try:
        _log_in(browser, url, password)
        seen = {slug: _seen(browser, url, slug, Path(folder)) for slug in slugs}
    finally:
        browser.quit()
    print(json.dumps(seen))


def _browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for option in (*OPTIONS, f"--window-size={WIDTH},{HEIGHT}", "--hide-scrollbars"):
        options.add_argument(option)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    browser.set_page_load_timeout(SECONDS)
    return browser


def _log_in(browser: webdriver.Chrome, url: str, password: str) -> None:
    cookies = CookieJar()
    form = urlencode({"username": "admin", "password": password}).encode()
    opener = build_opener(HTTPCookieProcessor(cookies))
    opener.open(f"{url}/login/", data=form, timeout=SECONDS).close()
    browser.get(f"{url}/health")
    for cookie in cookies:
        browser.add_cookie({"name": cookie.name, "value": cookie.value or "", "path": "/"})


def _seen(browser: webdriver.Chrome, url: str, slug: str, folder: Path) -> dict[str, Any]:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.set_window_size(WIDTH, HEIGHT)
    browser.get(f"{url}/superset/dashboard/{slug}/")
    deadline, quiet_since = time.monotonic() + SECONDS, None
    state: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        time.sleep(1)
        # Charts below the window are drawn when they come into view: all of it is made the window.
        bottom = round(browser.execute_script(BOTTOM))
        browser.set_window_size(WIDTH, max(HEIGHT, bottom + MARGIN))
        state = browser.execute_script(STATE)
        new = _answers(browser)
        answers += new
        if new or state["loading"] or not state["charts"]:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > QUIET_SECONDS:
            break
    browser.save_screenshot(str(folder / f"{slug}.png"))
    severe = [
        entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"
    ]
    console = [text for text in severe if not any(own in text for own in SUPERSETS_OWN)]
    return {"answers": answers, "console": console, **state}


def _answers(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    """What was asked and answered at the API of charts since the last call."""
    found = []
    for entry in browser.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        if event["method"] != "Network.responseReceived":
            continue
        response, request = event["params"]["response"], event["params"]["requestId"]
        if "/api/v1/chart/data" not in response["url"]:
            continue
        asked = json.loads(
            browser.execute_cdp_cmd("Network.getRequestPostData", {"requestId": request})[
                "postData"
            ]
        )
        text = browser.execute_cdp_cmd("Network.getResponseBody", {"requestId": request})["body"]
        results = json.loads(text).get("result", [])
        found.append(
            {
                "chart": asked.get("form_data", {}).get("slice_id"),
                "status": response["status"],
                "rows": [result.get("rowcount") for result in results],
                "queries": [result.get("query") for result in results],
                "text": "" if results else text[:1000],
            }
        )
    return found


if __name__ == "__main__":
    main()
