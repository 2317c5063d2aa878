"""What a page looks like: screenshots in all sizes and schemes, and what axe finds wrong with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

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
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The tags of axe's rules that WCAG 2.2 AA is made of."""

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
    page: Page, name: str, screens: Iterable[Screen] = tuple(SCREENS), schemes: Iterable[Scheme] = SCHEMES
) -> list[Path]:
    """Pictures of the page as it is now, on each screen and in each scheme: `screenshots/NAME-SCREEN-SCHEME.png`.

    Afterwards the page has the size and the scheme that it had.
    """
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

    `but` are ids of rules that are left out; say why where it is used.
    """
    wrong: dict[str, list[str]] = {}
    async with _axe(page) as axe:
        async for scheme in _each(page, tuple(schemes)):
            found = told(await axe(but))
            if found:  # a busy browser is still at the colours of the other scheme: what is wrong stays wrong
                await page.evaluate(SETTLED)
                found = told(await axe(but))
            for line in found:
                wrong.setdefault(line, []).append(scheme)
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

    def __init__(self, session: CDPSession, world: int) -> None:
        self._session, self._world = session, world

    async def run(self, script: str) -> Any:
        """The value of an expression there."""
        said = await self._session.send(
            "Runtime.evaluate",
            {"expression": script, "contextId": self._world, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in said:
            raise RuntimeError(f"axe failed: {said['exceptionDetails']}")
        return said["result"].get("value")

    async def __call__(self, but: Collection[str]) -> list[dict[str, Any]]:
        """What it finds wrong."""
        options = {
            "runOnly": {"type": "tag", "values": RULES},
            "resultTypes": ["violations"],
            "rules": {rule: {"enabled": False} for rule in but},
        }
        found: list[dict[str, Any]] = await self.run(
            f"axe.run(document, {json.dumps(options)}).then((found) => found.violations)"
        )
        return found


@asynccontextmanager
async def _axe(page: Page) -> AsyncIterator[_Axe]:
    session = await page.context.new_cdp_session(page)
    try:
        tree = await session.send("Page.getFrameTree")
        made = await session.send(
            "Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "axe"}
        )
        axe = _Axe(session, made["executionContextId"])
        await axe.run(f"{AXE.read_text(encoding='utf-8')};null")
        yield axe
    finally:
        await session.detach()
