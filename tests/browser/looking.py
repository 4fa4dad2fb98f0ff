"""A browser's windows, and what the browser says about what it sees there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE = 15_000
"""Milliseconds that a browser may take for anything, on a busy machine too."""

_CONTRASTS = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const color = channels(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const pair = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) poor.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@dataclass(frozen=True)
class Viewport:
    """How large a window is, in CSS pixels."""

    width: int
    height: int


class Looking:
    """Opens pages, and collects what the console, a script or the network complain about."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected: list[str] = []
        self._said: list[str] = []

    @property
    def complaints(self) -> list[str]:
        """What nobody expected to hear."""
        return [each for each in self._said if not any(known in each for known in self._expected)]

    def expect(self, words: str) -> None:
        """Take a complaint with these words for granted."""
        self._expected.append(words)

    def at(self, address: str, viewport: Viewport, **options: Any) -> Page:
        """A page in a window of its own."""
        page = self.window(viewport, **options)
        page.goto(address)
        return page

    def window(self, viewport: Viewport, **options: Any) -> Page:
        """A window with nothing in it yet."""
        size = {"width": viewport.width, "height": viewport.height}
        context = self._browser.new_context(viewport=size, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._said.append(str(error)))
        page.on("requestfailed", lambda request: self._lost(request.url, str(request.failure)))
        page.on("dialog", lambda dialog: (self._said.append(dialog.message), dialog.dismiss()))
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _lost(self, address: str, failure: str) -> None:
        if "ERR_ABORTED" not in failure:  # whoever goes to another page ends what is under way
            self._said.append(f"{address}: {failure}")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self._said.append(text)


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def poor_contrasts(page: Page) -> list[str]:
    """The texts that stand out from their background by less than WCAG's 4.5 : 1."""
    return list(page.evaluate(_CONTRASTS))


def brightness(page: Page) -> float:
    """How light the page's background is, from 0 to 255."""
    return float(
        page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3"
        )
    )
