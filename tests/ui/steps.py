"""What tests of several pages do in the same way."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse


async def opened(browse: Browse, space: Space, path: str, **options: object) -> Page:
    """A page of the workspace, once it is live."""
    page = await browse(f"/w/{space.id}/{path}", **options)  # type: ignore[arg-type]
    await live(page)
    return page


async def live(page: Page) -> None:
    """Waits until the page is live."""
    await expect(page.locator(".connection-state.live")).to_have_count(1)


async def settled(page: Page) -> None:
    """Waits until the page is live, and all that it shows is decided."""
    await expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()


async def offline(page: Page) -> None:
    """Waits until the page says that it is offline."""
    await expect(page.locator(".connection-state.offline")).to_be_visible()


async def narrow_enough(page: Page) -> None:
    """Fails if the page is wider than its window."""
    width = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, width


async def add(page: Page, text: str) -> None:
    """Writes a line into the field above the list, and sends it."""
    field = page.get_by_role("textbox", name="Add a task").first
    await field.fill(text)
    await field.press("Enter")


def rows(page: Page) -> Locator:
    """The tasks of the list in view."""
    return page.locator(".task-row")


async def titles(page: Page) -> list[str]:
    """What the list in view shows, from top to bottom."""
    found = await rows(page).evaluate_all(
        "rows => rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map(row => row.querySelector('.title').textContent)"
    )
    return [str(title) for title in found]


async def shows(page: Page, *wanted: str) -> None:
    """Waits until the list shows these, in this order, and nothing else."""
    for _ in range(100):
        if await titles(page) == list(wanted):
            return
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    assert await titles(page) == list(wanted)
