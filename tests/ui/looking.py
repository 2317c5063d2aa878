"""What a page looks like: screenshots in all sizes and schemes, and what axe finds wrong with it."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Collection, Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import pytest
from playwright.async_api import CDPSession, Page, ViewportSize

Scheme = Literal["light", "dark"]
Screen = Literal["phone", "tablet", "laptop", "wide"]

SCREENS: Final[dict[Screen, ViewportSize]] = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 820, "height": 1180},
    "laptop": {"width": 1280, "height": 800},
    "wide": {"width": 1920, "height": 1080},
}
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")

SCREENSHOTS: Final = Path(__file__).parent / "screenshots"

AXE: Final = resources.files("axe_playwright_python").joinpath("axe.min.js")
ALL: Final = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
"""The tags of axe's rules that WCAG 2.2 AA is made of."""

OF_COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules of those that depend on the scheme: what else is wrong is so in all of them."""

WANTED: Final = bool(os.environ.get("TASKSYS_SHOTS"))
"""Pictures are for people: `make ui` takes them, other runs of the tests do not."""

DRAWN: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"

SETTLED: Final = """
() => new Promise((done) => {
  let frames = 30;
  const next = () => (frames-- ? requestAnimationFrame(next) : done(null));
  next();
})
"""
"""Half a second of a browser that draws."""

IN_SCHEME: Final = """
(scheme) => {
  const [red] = getComputedStyle(document.body).color.match(/[0-9.]+/g).map(Number);
  return (red > 128) === (scheme === "dark");
}
"""
"""The page's text has the colours of the scheme: a busy browser takes its time."""


async def shot(
    page: Page,
    name: str,
    screens: Iterable[Screen] = tuple(SCREENS),
    schemes: Iterable[Scheme] = SCHEMES,
    wanted: bool = WANTED,
) -> list[Path]:
    """Pictures of the page as it is now, on each screen and in each scheme: `screenshots/NAME-SCREEN-SCHEME.png`.

    Afterwards the page has the size and the scheme that it had. Where no pictures are wanted, none are taken.
    """
    if not wanted:
        return []
    schemes, size, made = tuple(schemes), page.viewport_size, []
    try:
        for screen in screens:
            await page.set_viewport_size(SCREENS[screen])
            async for scheme in _each(page, schemes):
                made.append(SCREENSHOTS / f"{name}-{screen}-{scheme}.png")
                await page.screenshot(path=made[-1], animations="disabled", caret="hide")
    finally:
        if size is not None:
            await page.set_viewport_size(size)
            await page.evaluate(DRAWN)
    return made


async def accessible(page: Page, schemes: Iterable[Scheme] = SCHEMES, but: Collection[str] = ()) -> None:
    """Fails with what axe's rules for WCAG 2.2 AA find wrong with the page as it is now, in each scheme.

    In the first scheme all rules are tried, in others those of colours. `but` are ids of rules that are left out; say
    why where it is used.
    """
    wrong: dict[str, list[str]] = {}
    rules: Collection[str] = ()
    axe = await _axe(page)
    async for scheme in _each(page, tuple(schemes)):
        found = told(await axe(but, rules))
        if found:  # a busy browser is still at the colours of the other scheme: what is wrong stays wrong
            await page.evaluate(SETTLED)
            found = told(await axe(but, rules))
        for line in found:
            wrong.setdefault(line, []).append(scheme)
        rules = OF_COLOURS
    if wrong:
        lines = "\n".join(f"{line}\n    in {' and '.join(where)}" for line, where in wrong.items())
        pytest.fail(f"{page.url} is not accessible:\n{lines}", pytrace=False)


def told(violations: Iterable[dict[str, Any]]) -> list[str]:
    """A paragraph for each element that a rule was broken by."""
    return [
        f"- {rule['id']} ({rule['impact']}): {rule['help']}\n"
        f"    {' '.join(map(str, node['target']))}\n"
        f"    {node['html']}\n"
        + "\n".join(f"    {line.strip()}" for line in str(node["failureSummary"]).splitlines() if line.strip())
        for rule in violations
        for node in rule["nodes"]
    ]


async def _each(page: Page, schemes: tuple[Scheme, ...]) -> AsyncIterator[Scheme]:
    """The page in each of the schemes, drawn; in the end in the one that it had."""
    before: Scheme = (
        "dark" if await page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    )
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        await page.wait_for_function(IN_SCHEME, arg=scheme)
        await page.evaluate(DRAWN)
        yield scheme
    await page.emulate_media(color_scheme=before)


class _Axe:
    """axe in a world of its own: it sees the page's document and none of its scripts, nor has its policy."""

    def __init__(self, session: CDPSession, document: str, world: int) -> None:
        self.session, self.document, self._world = session, document, world

    async def run(self, script: str) -> Any:
        """The value of an expression there."""
        said = await self.session.send(
            "Runtime.evaluate",
            {"expression": script, "contextId": self._world, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in said:
            raise RuntimeError(f"axe failed: {said['exceptionDetails']}")
        return said["result"].get("value")

    async def __call__(self, but: Collection[str], rules: Collection[str] = ()) -> list[dict[str, Any]]:
        """What it finds wrong, by these rules, or else by all that WCAG 2.2 AA is made of."""
        only = {"type": "rule", "values": [rule for rule in rules if rule not in but]} if rules else ALL
        options = {
            "runOnly": only,
            "resultTypes": ["violations"],
            "rules": {} if rules else {rule: {"enabled": False} for rule in but},
        }
        found: list[dict[str, Any]] = await self.run(
            f"axe.run(document, {json.dumps(options)}).then((found) => found.violations)"
        )
        return found


_KNOWN: Final[WeakKeyDictionary[Page, _Axe]] = WeakKeyDictionary()


async def _axe(page: Page) -> _Axe:
    """axe in the document that the page shows; it is put there once."""
    known = _KNOWN.get(page)
    session = known.session if known else await page.context.new_cdp_session(page)
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]
    if known and known.document == frame["loaderId"]:
        return known
    made = await session.send("Page.createIsolatedWorld", {"frameId": frame["id"], "worldName": "axe"})
    axe = _KNOWN[page] = _Axe(session, frame["loaderId"], made["executionContextId"])
    await axe.run(f"{AXE.read_text(encoding='utf-8')};null")
    return axe
