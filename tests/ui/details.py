"""A task that is open beside its list, for the tests of what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.steps import live

MOD: Final = "Control"


async def opened(browse: Browse, space: Space, task: str, page: str = "inbox", **how: Any) -> Page:
    """A page of the workspace with the task open beside the list, live, its comments read."""
    shown = await browse(f"/w/{space.id}/{page}?task={task}", **how)
    await live(shown)
    await expect(detail(shown).get_by_role("region", name="Comments")).to_be_visible()
    return shown


def detail(page: Page) -> Locator:
    """The task that is open."""
    return page.locator(".detail")


def title(page: Page) -> Locator:
    """Its title's field."""
    return detail(page).get_by_role("textbox", name="Title")


def description(page: Page) -> Locator:
    """Its description's field, while it is one."""
    return detail(page).get_by_role("textbox", name="Description")


def part(page: Page, name: str) -> Locator:
    """A part such as Subtasks, Checklist, Comments."""
    return detail(page).get_by_role("region", name=name)


async def saved(space: Space, task: str, met: Callable[[dict[str, Any]], bool], page: Page) -> dict[str, Any]:
    """Waits, with the page, until the server's task is as wanted; the page sends what it has to send."""
    found: dict[str, Any] = {}
    for _ in range(200):
        found = (await space.get(f"/tasks/{task}")).ok
        if met(found):
            return found
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    raise AssertionError(f"the task never became as wanted: {found}")
