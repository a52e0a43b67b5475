"""A real browser for pages: Debian's Chromium, and axe, which knows the rules of accessibility."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = "axe-core@4.14.1"
SIZES = ((1400, 900), (390, 844))
SCHEMES = ("light", "dark")
SERIOUS = ("serious", "critical")

# What a person would see as broken: text outside its card, text over text, a label of which more is
# nowhere to be read, a page wider than the window, a picture without marks.
BROKEN = """
() => {
  const found = [];
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0;
  };
  if (document.documentElement.scrollWidth > window.innerWidth)
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const element of document.querySelectorAll('h1, h2, h3, p, dd, dt, li, summary, td, th')) {
    if (element.closest('.scroll') || !isSeen(element)) continue;
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
      found.push(`cut off: ${element.tagName} ${element.textContent.slice(0, 40)}`);
  }
  for (const svg of document.querySelectorAll('.picture > svg')) {
    if (!isSeen(svg)) continue;
    const card = svg.closest('.block').getBoundingClientRect();
    const name = svg.getAttribute('aria-label').slice(0, 40);
    if (!svg.querySelector('.role-mark > :not(g)')) found.push(`nothing is drawn: ${name}`);
    const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim());
    const whole = svg.closest('.block').querySelector('details')?.textContent.replace(/\\s/g, '');
    for (const text of texts) {
      const words = text.textContent.replace(/\\s/g, '');
      if (words.includes('\u2026') && !whole?.includes(words.replace(/^\\d+·/, '')))
        found.push(`shortened: ${text.textContent} in ${name}`);
    }
    const boxes = texts.map((text) => text.getBoundingClientRect());
    boxes.forEach((box, at) => {
      const words = texts[at].textContent;
      if (box.left < card.left || box.right > card.right || box.bottom > card.bottom)
        found.push(`outside its card: ${words} in ${name}`);
      for (let other = at + 1; other < boxes.length; other += 1) {
        const two = boxes[other];
        const wide = Math.min(box.right, two.right) - Math.max(box.left, two.left);
        const high = Math.min(box.bottom, two.bottom) - Math.max(box.top, two.top);
        if (wide > 2 && high > 3)
          found.push(`over each other: ${words} and ${texts[other].textContent} in ${name}`);
      }
    });
  }
  return found;
}
"""
FOCUSABLE = "a[href], summary, [tabindex='0'], button, input, select, textarea"
SEEN = f"""
() => [...document.querySelectorAll("{FOCUSABLE}")].filter((one) => one.checkVisibility()).length
"""
MARK_FOCUS = """
() => {
  const active = document.activeElement;
  if (!active || active === document.body || active.dataset.reached) return false;
  active.dataset.reached = '1';
  const style = getComputedStyle(active);
  active.dataset.outlined = style.outlineStyle !== 'none' ? '1' : '';
  return true;
}
"""
VIOLATIONS = """
async () => (await axe.run()).violations.map((one) => ({
  impact: one.impact, id: one.id, help: one.help,
  nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
}))
"""


@dataclass
class Visit:
    """A page in the browser, and what it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def broken(self) -> list[str]:
        """What a person would see as broken."""
        found: list[str] = self.page.evaluate(BROKEN)
        return found

    def open_tables(self) -> None:
        """Open every table."""
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")

    def unreached(self) -> int:
        """What can be focused and is seen, and is not reached by the tabulator."""
        seen: int = self.page.evaluate(SEEN)
        reached = 0
        for _ in range(seen + 5):
            self.page.keyboard.press("Tab")
            reached += bool(self.page.evaluate(MARK_FOCUS))
        return seen - reached

    def violations(self, axe: str) -> list[Any]:
        """What axe finds serious."""
        self.page.evaluate(axe)
        return [one for one in self.page.evaluate(VIOLATIONS) if one["impact"] in SERIOUS]


def chromium() -> str:
    """The program; root installs it if it is missing."""
    found = shutil.which("chromium")
    if found is None and os.geteuid() == 0:
        for command in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run(["apt-get", *command], check=True, capture_output=True)
        found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium, and only root can install it: apt-get install chromium")
    return found


def axe_source(build: Path) -> str:
    """The text of axe, from npm."""
    folder = build / "axe"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            pytest.skip("there is no npm to get axe-core with: apt-get install npm")
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            AXE,
        ]
        subprocess.run(command, check=True, capture_output=True)
    return script.read_text(encoding="utf-8")


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as driver:
        # Root has no sandbox in a container.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = driver.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def blank(
    running: Browser, size: tuple[int, int], scheme: Any, cookies: Sequence[Any] = ()
) -> Iterator[Visit]:
    """An empty page at a size and in a colour scheme, which notes requests and complaints."""
    context = running.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, device_scale_factor=1
    )
    try:
        context.add_cookies(cookies)
        made = Visit(context.new_page())
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on(
            "console",
            lambda said: (
                made.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        yield made
    finally:
        context.close()


@contextmanager
def visit(running: Browser, address: str, size: tuple[int, int], scheme: Any) -> Iterator[Visit]:
    """A page that is open at an address."""
    with blank(running, size, scheme) as made:
        made.page.goto(address)
        yield made
