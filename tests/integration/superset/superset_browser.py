"""Opens dashboards in Chromium and prints what their charts asked for; runs beside Superset.

``python superset_browser.py URL FOLDER SLUG...``, with the administrator's password on standard
input. Prints JSON: by dashboard the answers to all queries, the console, and errors that are shown.
A picture of each dashboard is written to the folder.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTH, SECONDS, QUIET_SECONDS = 1400, 180, 6
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
HEIGHT = """
return Math.max(document.body.scrollHeight,
  ...[...document.querySelectorAll('.grid-container, #app')].map(e => e.scrollHeight))
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
    for option in (*OPTIONS, f"--window-size={WIDTH},1200", "--hide-scrollbars"):
        options.add_argument(option)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    browser.set_page_load_timeout(SECONDS)
    return browser


def _log_in(browser: webdriver.Chrome, url: str, password: str) -> None:
    session = requests.Session()
    login = {"username": "admin", "password": password}
    session.post(f"{url}/login/", data=login, allow_redirects=False, timeout=SECONDS)
    browser.get(f"{url}/health")
    for cookie in session.cookies:
        browser.add_cookie({"name": cookie.name, "value": cookie.value or "", "path": "/"})


def _seen(browser: webdriver.Chrome, url: str, slug: str, folder: Path) -> dict[str, Any]:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(f"{url}/superset/dashboard/{slug}/")
    deadline, quiet_since = time.monotonic() + SECONDS, None
    state: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        time.sleep(1)
        # Charts below the window are drawn when they come into view: all of it is made the window.
        browser.set_window_size(WIDTH, max(1200, browser.execute_script(HEIGHT) + 160))
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
    console = [
        entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"
    ]
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
