"""What keeps people from using a page, at both widths."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1440, "height": 900}
HAND: ViewportSize = {"width": 390, "height": 844}
SMALL_HAND: ViewportSize = {"width": 320, "height": 568}  # and a page that is enlarged to four times its size
SMALLEST = 44  # CSS pixels, each way, of what is tapped
JUDGED = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], exclude: [".maplibregl-canvas"]});
  return found.violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, nodes}) => [id, nodes.slice(0, 3).map((node) => node.html + node.failureSummary)]);
}"""
# Not a word in a sentence or a cell, which may be a link; what has a label is tapped by it.
TOO_SMALL = """(least) => Array.from(document.querySelectorAll("a, button, input, select, summary, textarea"))
  .map((one) => one.closest("label") || one)
  .filter((one) => one.getClientRects().length && !one.closest(".unseen"))
  .filter((one) => getComputedStyle(one).display !== "inline")
  .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([_, box]) => Math.min(box.width, box.height) < least - 0.5)
  .map(([html, box]) => ["smaller than a finger", html, Math.round(box.width), Math.round(box.height)])"""
TOO_WIDE = """() => {
  const {scrollWidth, clientWidth} = document.documentElement;
  return scrollWidth > clientWidth ? [["wider than the screen", scrollWidth, clientWidth]] : [];
}"""


def found(tab: Page, axe: str, *sizes: ViewportSize) -> list[Any]:
    """What is serious, as [rule, examples]; on a hand's and a desk's screen where no `sizes` are given."""
    tab.evaluate(axe)
    serious = []
    for size in sizes or (HAND, DESK):
        tab.set_viewport_size(size)
        serious += tab.evaluate(JUDGED) + tab.evaluate(TOO_SMALL, SMALLEST) + tab.evaluate(TOO_WIDE)
    return serious
